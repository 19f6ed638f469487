#include "ciclo/api/housekeeping.h"

#include <stdio.h>
#include <string.h>

#include "ciclo/base/time.h"

enum {
	/* Often enough that each purge is small, rarely enough to be no load. */
	PURGE_EVERY_MS = 10 * 60 * 1000,
	/* For what others have written. */
	DERIVE_EVERY_MS = 1000,
	/* After a write of our own: what a report that comes in between has to derive by itself. */
	DERIVE_SOON_MS = 20,
	/* Beside requests, deriving rests three times as long as it works, so that days take a quarter of a core at most, and
	 * stages another: what is left is derived when the shop is quiet, or by the report that needs it. */
	DERIVE_REST = 3,
	PATIENCE_MS = 30 * 1000
};

static const int64_t keep_us = INT64_C(24) * 3600 * 1000000;
/* Of one transaction: some 20 ms, so that a report that waits for its turn hardly notices. */
static const char days_at_once[] = "100", stages_at_once[] = "50";

static bool begin(struct chore *c, int64_t now_ms, int64_t every_ms)
{
	if (c->due_ms == 0)
		c->due_ms = now_ms + every_ms;
	if (now_ms < c->due_ms || c->under_way)
		return false;
	c->due_ms = now_ms + every_ms;
	c->under_way = true;
	return true;
}

static void purged(void *cls, const struct db_answer *answer)
{
	struct chore *c = cls;
	(void)answer; /* what was not forgotten now is forgotten next time */
	c->under_way = false;
}

static void purge(struct housekeeping *h, struct db *db, int64_t now_ms)
{
	char before[INSTANT_TEXT];
	instant_format(clock_now_us() - keep_us, before);
	snprintf(h->row, sizeof h->row, "{\"before\":\"%s\"}", before);
	h->purge.segment = (struct segment){.lane = LANE_BULK,
					    .write_count = 1,
					    .writes = {{Q_IDEMPOTENCY_PURGE, h->row}},
					    .deadline_ms = now_ms + PATIENCE_MS,
					    .done = purged,
					    .cls = &h->purge};
	db_submit(db, &h->purge.segment);
}

/* There was something to do, so there may be more. */
static void derived(void *cls, const struct db_answer *answer)
{
	struct chore *c = cls;
	int64_t now_ms = clock_monotonic_ms();
	bool nothing = db_status(answer) != DB_OK || strcmp(db_cell(answer, 0, 0, 0), "0") == 0;
	c->under_way = false;
	c->idle = nothing;
	if (!nothing)
		c->due_ms = now_ms + (db_pending(c->db) > 1 ? DERIVE_REST * (now_ms - c->began_ms) : 0);
}

static void derive(struct chore *c, struct db *db, int64_t now_ms, enum query query, const char *at_once)
{
	struct segment *s = &c->segment;
	c->db = db;
	c->began_ms = now_ms;
	*s = (struct segment){.lane = LANE_DERIVE,
			      .deadline_ms = now_ms + PATIENCE_MS,
			      .done = derived,
			      .cls = c,
			      .read_count = 1};
	s->reads[0] = (struct segment_read){.query = query, .arg_count = 2, .args = {at_once, NULL}};
	db_submit(db, s);
}

/* Who rests is not hurried. */
static void notice_writes(struct housekeeping *h, const struct db *db, int64_t now_ms)
{
	uint64_t written = db_written(db);

	if (written != h->written && h->days.idle && h->days.due_ms > now_ms + DERIVE_SOON_MS)
		h->days.due_ms = now_ms + DERIVE_SOON_MS;
	h->written = written;
}

int64_t housekeeping_tick(struct housekeeping *h, struct db *db, int64_t now_ms)
{
	if (begin(&h->purge, now_ms, PURGE_EVERY_MS))
		purge(h, db, now_ms);
	notice_writes(h, db, now_ms);
	if (begin(&h->days, now_ms, DERIVE_EVERY_MS))
		derive(&h->days, db, now_ms, Q_DERIVE_CHANGED, days_at_once);
	if (begin(&h->stages, now_ms, DERIVE_EVERY_MS))
		derive(&h->stages, db, now_ms, Q_DERIVE_STAGES, stages_at_once);
	int64_t next = h->purge.due_ms < h->days.due_ms ? h->purge.due_ms : h->days.due_ms;
	next = next < h->stages.due_ms ? next : h->stages.due_ms;
	/* What is under way and due again waits for its answer, which wakes the loop. */
	return next > now_ms ? next - now_ms : DERIVE_EVERY_MS;
}
