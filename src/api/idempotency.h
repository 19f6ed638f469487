/*
 * Idempotency-Key: the first answer of a request is stored in the transaction that it answers, and replayed.
 * Kept 24 hours. Only successes are stored: a request that failed changed nothing, so it may run again.
 */
#ifndef CICLO_SRC_API_IDEMPOTENCY_H
#define CICLO_SRC_API_IDEMPOTENCY_H

#include <stdbool.h>
#include <stddef.h>

#include "ciclo/base/attr.h"
#include "ciclo/db/db.h"
#include "ciclo/http/call.h"
#include "document.h"

struct idempotency {
	bool used;                   /* the request carries a key */
	char key_hash[HASH_TEXT];    /* of API key, method, target and key */
	char fingerprint[HASH_TEXT]; /* of media type and body */
	size_t read;                 /* place of the look-up in its segment */
};

/* Reads the header field of a call. */
void idempotency_init(struct idempotency *i, const struct call *call);
/* Adds the look-up to a segment, if a key is used. */
void idempotency_read(struct idempotency *i, struct segment *s);
/* The id in the stored answer, for its Location; NULL: the key is new, or was used with another request. */
const char *idempotency_stored_id(const struct idempotency *i, struct call *call,
				  const struct db_answer *answer) NODISCARD;
/* true: the key was used before and the call is answered (replay, or 422 for another request). */
bool idempotency_replay(const struct idempotency *i, struct call *call,
			const struct db_answer *answer) NODISCARD;
/* The row that stores an answer, as JSON text in the call's arena; NULL when memory is out. customer_id: whom the answer tells of, so
 * that it goes when the customer is erased; NULL: nobody. */
const char *idempotency_row(const struct idempotency *i, struct call *call, int status, const char *answer,
			    const char *customer_id) NODISCARD;

#endif
