/*
 * Customers as other facts see them: found by a reference or by identities, created when nobody has these yet.
 */
#ifndef CICLO_SRC_API_CUSTOMER_H
#define CICLO_SRC_API_CUSTOMER_H

#include "change.h"
#include "fact.h"
#include "link.h"

enum { IDENTITY_KINDS = 3 };

/* The kinds of identity, and the members that carry them; f->customer[] is in this order. */
struct identity_kind {
	const char *kind;
	const char *member;
};
extern const struct identity_kind identity_kinds[IDENTITY_KINDS];

/* The value of an identity of `profile` as identities store it; NULL when absent. */
const char *identity_value(const json_t *profile, size_t kind, struct arena *arena) NODISCARD;

/* Refers to the identities of a profile and to who referred it. */
void customer_refer_profile(struct fact *f, const json_t *profile);
/* Refers to the `customer` member: a reference, or a profile. `visitor` is short for the profile of a visitor. */
void customer_refer(struct fact *f);
/*
 * Settles who the `customer` member means and sets f->customer_id; adds the writes that create a new customer, or
 * that give a known one the identities it did not have, or link to it whom the identities had been before. An external id
 * outranks the others: an e-mail address that belongs to somebody with another external id is not taken from there.
 */
enum problem customer_resolve(struct fact *f);
/* A customer that stands for an answer without a name. */
void customer_anonymous(struct fact *f);

/*
 * Whom the identities in refs (one per kind, in the order of identity_kinds; NULL or without a value: not given) belong to, beside
 * `known`: everybody without an account of their own who is not linked elsewhere. Returns how many links make
 * them one person.
 */
size_t customer_links(const struct reference *const refs[IDENTITY_KINDS], const char *person_id,
		      struct link links[LINKS_MAX]);
/* Whether an identity belongs to another account than the external id in refs: then it is not this customer's. */
bool customer_is_other(const struct reference *const refs[IDENTITY_KINDS], const struct reference *r);
/* Writes links for f. */
void customer_write_links(struct fact *f, const char *person_id);
/* Answers with the customer as it is now, derived if it has to be; 404 when there is none. args: id, or kind and
 * value of an identity; they live as long as the call. */
void customer_answer(struct api *api, struct call *call, const char *const args[3], int status);
/* The same for an id; for the engines. */
void customer_answer_id(struct api *api, struct call *call, const char *id, int status);

/* Statement parameters (id, or kind and value of an identity) for the customer that the path names. false: memory is out. */
bool customer_args(struct call *call, const char *args[static 3]) NODISCARD;
/* For changes: reads the customer that the path names. */
void customer_read(struct change *c);

/*
 * Whose fact it is when it is about something of theirs: sets f->customer_id from what the look-up of that (an order) says. When
 * the customer was erased the fact is taken, for the books, but without its free text: the members called
 * words (NULL ends) are dropped.
 */
void customer_behind(struct fact *f, const struct reference *about, const char *const *words);
/* Whether the look-up of something says that its customer was erased. */
bool customer_erased(const struct reference *about);
/* What is written of f->customer_id beside the fact itself is written only if nobody erases it meanwhile. */
void customer_guard(struct fact *f);
/* Records what a new or completed profile says of consents, if it says anything. */
void customer_write_consents(struct fact *f, const json_t *doc);

/* Identities that nobody has yet become f->customer_id's. Returns whether there were any. */
bool customer_write_identities(struct fact *f);
/* The whole document of a new customer, from a valid profile. */
json_t *customer_document(const json_t *profile, const char *id, const char *referred_by,
			  int64_t now_us) NODISCARD;
/* The stage of a customer who is new and has no facts yet; what person_stages() in SQL says of such a one. */
void customer_set_stage(json_t *doc, int64_t now_us);
/* The `identities` of a document: [{kind, value, linked}], by kind. */
json_t *customer_identities(const json_t *profile, struct arena *arena) NODISCARD;

#endif
