/*
 * What has to be done now and then without anybody asking: answers kept for an Idempotency-Key are forgotten after
 * 24 hours. Every worker does it; twice does no harm.
 */
#ifndef CICLO_API_HOUSEKEEPING_H
#define CICLO_API_HOUSEKEEPING_H

#include <stdbool.h>
#include <stdint.h>

#include "ciclo/db/db.h"

/* Zero-initialise; must outlive the engine. */
struct housekeeping {
	struct segment segment;
	bool under_way;
	int64_t due_ms;
	char row[64];
};

/* Does what is due. Milliseconds until it wants to be called again. */
int64_t housekeeping_tick(struct housekeeping *h, struct db *db, int64_t now_ms);

#endif
