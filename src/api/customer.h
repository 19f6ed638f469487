/*
 * Customers as other facts see them: found by a reference or by identities, created when nobody has these yet.
 */
#ifndef CICLO_SRC_API_CUSTOMER_H
#define CICLO_SRC_API_CUSTOMER_H

#include "fact.h"

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
/* Refers to the `customer` member: a reference, or a profile. */
void customer_refer(struct fact *f);
/*
 * Settles who the `customer` member means and sets f->customer_id; adds the writes that create a new customer, or
 * that give a known one the identities it did not have. An external id outranks the others: an e-mail address that
 * belongs to somebody with another external id is not taken from there.
 */
enum problem customer_resolve(struct fact *f);
/* A customer that stands for an answer without a name. */
void customer_anonymous(struct fact *f);

/* Identities that nobody has yet become f->customer_id's. Returns whether there were any. */
bool customer_write_identities(struct fact *f);
/* The whole document of a new customer, from a valid profile. */
json_t *customer_document(const json_t *profile, const char *id, const char *referred_by,
			  int64_t now_us) NODISCARD;
/* The `identities` of a document: [{kind, value}], by kind. */
json_t *customer_identities(const json_t *profile, struct arena *arena) NODISCARD;

#endif
