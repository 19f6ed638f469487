#include "ciclo/api/housekeeping.h"

#include <stdio.h>

#include "ciclo/base/time.h"

enum {
	/* Often enough that each purge is small, rarely enough to be no load. */
	PURGE_EVERY_MS = 10 * 60 * 1000,
	PURGE_PATIENCE_MS = 30 * 1000
};

static const int64_t keep_us = INT64_C(24) * 3600 * 1000000;

static void purged(void *cls, const struct db_answer *answer)
{
	struct housekeeping *h = cls;
	(void)answer; /* what was not forgotten now is forgotten next time */
	h->under_way = false;
}

static void purge(struct housekeeping *h, struct db *db, int64_t now_ms)
{
	char before[INSTANT_TEXT];
	instant_format(clock_now_us() - keep_us, before);
	snprintf(h->row, sizeof h->row, "{\"before\":\"%s\"}", before);
	h->under_way = true;
	h->segment = (struct segment){.lane = LANE_BULK,
				      .write_count = 1,
				      .writes = {{Q_IDEMPOTENCY_PURGE, h->row}},
				      .deadline_ms = now_ms + PURGE_PATIENCE_MS,
				      .done = purged,
				      .cls = h};
	db_submit(db, &h->segment);
}

int64_t housekeeping_tick(struct housekeeping *h, struct db *db, int64_t now_ms)
{
	if (h->due_ms == 0)
		h->due_ms = now_ms + PURGE_EVERY_MS;
	if (now_ms >= h->due_ms) {
		h->due_ms = now_ms + PURGE_EVERY_MS;
		if (!h->under_way)
			purge(h, db, now_ms);
	}
	return h->due_ms - now_ms;
}
