/*
 * What is settled and not yet told. Callbacks run from here only, at the end of db_ready, db_tick
 * and db_free, when the engine is consistent: a callback may submit again.
 */
#ifndef CICLO_SRC_DB_OUTBOX_H
#define CICLO_SRC_DB_OUTBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "group.h"
#include "segments.h"

struct outbox {
	struct segments refused[DB_TIMEOUT + 1]; /* by enum db_status: answers without anything else to say */
	struct group *finished;                  /* answers with results or an SQLSTATE, in order */
	struct group *last_finished;
	size_t pending[LANE_COUNT]; /* submitted, not yet told */
	uint64_t written;           /* segments that have written */
};

void outbox_refuse(struct outbox *o, struct segment *s, enum db_status status);
/* Takes g. Results are kept only with DB_OK. sqlstate: "" for none. */
void outbox_finish(struct outbox *o, struct group *g, enum db_status status, const char *sqlstate);
bool outbox_is_empty(const struct outbox *o);
/* Tells what was settled when it was called; what callbacks add stays for the next time. */
void outbox_deliver(struct outbox *o);

#endif
