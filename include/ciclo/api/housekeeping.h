/*
 * What has to be done now and then without anybody asking: facts are derived from, so that little is left to do when
 * somebody asks; answers kept for an Idempotency-Key are forgotten after 24 hours. Every worker does it; twice does
 * no harm.
 */
#ifndef CICLO_API_HOUSEKEEPING_H
#define CICLO_API_HOUSEKEEPING_H

#include <stdbool.h>
#include <stdint.h>

#include "ciclo/db/db.h"

/* One thing to do; at most once at a time. */
struct chore {
	struct segment segment;
	struct db *db;
	const struct derivation *what; /* of what derives: how much at once, and how it rests */
	int64_t at_once;
	char at_once_text[24];
	bool under_way;
	bool idle; /* nothing was left to do, last time */
	int64_t due_ms, began_ms;
};

/* Zero-initialise; must outlive the engine. */
struct housekeeping {
	struct chore purge, days, stages;
	uint64_t written; /* db_written(), last time */
	char row[64];
};

/* Does what is due. Milliseconds until it wants to be called again. */
int64_t housekeeping_tick(struct housekeeping *h, struct db *db, int64_t now_ms);

#endif
