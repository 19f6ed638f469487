/*
 * References: how requests name customers, orders, surveys, campaigns and facts, and the one
 * round of statements that resolves all references of a request at once.
 *
 * Text forms: a UUID, external:ID, and for customers email:ADDRESS and visitor:ID. The contract has
 * checked the form before any function here sees it.
 */
#ifndef CICLO_SRC_API_REFERENCE_H
#define CICLO_SRC_API_REFERENCE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "ciclo/base/arena.h"
#include "ciclo/base/buf.h"
#include "ciclo/base/attr.h"
#include "ciclo/base/uuid7.h"
#include "ciclo/db/db.h"
#include "ciclo/http/call.h"

/* Where a reference is looked up; each has a statement that is asked with rows (n, kind, value). */
enum reference_table {
	REF_FACT,     /* kind: the resource */
	REF_IDENTITY, /* kind: external, email, visitor */
	REF_CUSTOMER, /* value: UUID */
	REF_ORDER,    /* kind: id or external; so are the next three */
	REF_SURVEY,
	REF_CAMPAIGN,
	REF_CART, /* value: external id */
	REF_SUBSCRIPTION,
	REF_DUE, /* kind: interval, value: when a subscription starts; detail says when it is due for the first time */
	REF_TABLES
};

struct reference {
	enum reference_table table;
	const char *kind;
	const char *value;
	bool lone; /* REF_IDENTITY: nobody will ask for its detail */
	/* What the look-up found. */
	bool found;
	bool placeholder; /* REF_IDENTITY: an address that stands for nobody; never found, never written. REF_CUSTOMER: was erased */
	char id[UUID_TEXT];
	char person_id[UUID_TEXT]; /* REF_IDENTITY, REF_CUSTOMER: who that is, links followed */
	const char *customer_id;   /* NULL: belongs to no customer */
	const char *content_hash;  /* REF_FACT */
	const char *detail;        /* JSON text, or NULL. REF_IDENTITY: an external id of the person */
};

/* Customer reference: a UUID or an identity; e-mail addresses in lower case. NULL when memory is out. */
struct reference *reference_customer(struct reference *r, const char *text, struct arena *arena) NODISCARD;
/* Reference to an order, survey or campaign: a UUID or external:ID. */
struct reference *reference_resource(struct reference *r, enum reference_table table, const char *text);
/* What the path of a call names above its own: {ref}, for carts {external_id}. */
struct reference *reference_parent(struct reference *r, enum reference_table table, const struct call *call);
/* An e-mail address as identities store it. */
const char *email_normal(const char *email, struct arena *arena) NODISCARD;

/* The references of one round: collected, put into a segment's reads, and answered. */
struct lookup {
	struct buf rows[REF_TABLES];  /* cells */
	struct reference **reference; /* by n */
	size_t count;
	size_t max;
	size_t first_read; /* of the segment */
	struct arena *arena;
};

/* max: the most references that will be added. false when memory is out. */
bool lookup_init(struct lookup *l, size_t max, struct arena *arena) NODISCARD;
/* A reference without a value is never found. */
void lookup_add(struct lookup *l, struct reference *r);
/* Appends one read per table that has references. false when memory is out. */
bool lookup_reads(struct lookup *l, struct segment *s) NODISCARD;
/* Fills the references from the answer to that segment. false when memory is out. */
bool lookup_answer(struct lookup *l, const struct db_answer *answer) NODISCARD;
void lookup_release(struct lookup *l);

#endif
