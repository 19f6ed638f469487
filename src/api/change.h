/*
 * How things change: read what is there, work out what it becomes, write that against the version that was read, and
 * start over when somebody else was faster. One engine for PATCH and PUT of every resource and for the verbs of
 * orders.
 */
#ifndef CICLO_SRC_API_CHANGE_H
#define CICLO_SRC_API_CHANGE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "ciclo/api/api.h"
#include "idempotency.h"
#include "reference.h"

enum {
	/* Each try loses only when another change of the same thing has won, so five mean real contention. */
	CHANGE_TRIES_MAX = 5,
	CHANGE_REFS_MAX = 4
};

struct change;

struct change_kind {
	/* Adds the first read of the segment: what is there now, as columns id, version, document. A row without a document:
	 * it was erased. */
	void (*read)(struct change *c);
	/* Adds what else must be looked up to c->refs. May be NULL. */
	void (*refer)(struct change *c);
	/*
	 * c->current is what is there (NULL: nothing). Sets c->document and c->status and adds the writes, or adds
	 * violations and returns a problem. No writes: nothing changes, c->current is the answer. A read beside the writes: its
	 * document is the answer, as column 2.
	 */
	enum problem (*apply)(struct change *c);
	const char *location; /* path of what apply() created is this and its id */
	bool creates;         /* apply() can make what is not there; else that is 404 */
	/* Answers, where the document alone cannot; id lives as long as the call. NULL: the document. */
	void (*answer)(struct api *api, struct call *call, const char *id, int status);
};

struct change {
	struct api *api;
	struct call *call;
	const struct change_kind *kind;
	int64_t now_us;
	int tries;
	const char *
		if_match; /* NULL: the client takes any version. Kept here: the header goes with the connection */
	struct reference refs[CHANGE_REFS_MAX];
	size_t ref_count;
	struct lookup lookup;
	struct idempotency idempotency;
	json_t *current;
	json_t *document;
	int status;  /* 200 or 201 */
	bool failed; /* a write found no room: none may be sent */
	struct violations violations;
	struct segment segment; /* lock_key: the customer that it is about, if any */
};

/* The whole handler. kind must be static. */
void change_run(struct api *api, struct call *call, const struct change_kind *kind);

/* --- for the kinds ----------------------------------------------------------------------------- */

/* Adds a reference to look up; NULL when there is no room. */
struct reference *change_refer(struct change *c, struct reference r);
/* Adds a write of one row or of an array of rows. */
void change_write(struct change *c, enum query query, const json_t *rows);
/* c->document: what is there with its version counted up, to be changed further. */
json_t *change_next_version(struct change *c);
/*
 * For verbs that end a thing once, with a date: sets the member `end` of the next version from the body, else to now. The
 * same date again, or none, is no fault; another one is a conflict, and one before the member `start` is refused.
 */
enum problem change_end(struct change *c, const char *start, const char *end);
/* One violation, and the problem to return. */
enum problem change_problem(struct change *c, enum problem problem, const char *where, const char *code,
			    const char *detail);

#endif
