#include "ciclo/api/housekeeping.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "ciclo/base/time.h"

enum {
	/* Often enough that each purge is small, rarely enough to be no load. */
	PURGE_EVERY_MS = 10 * 60 * 1000,
	/* For what others have written. */
	DERIVE_EVERY_MS = 1000,
	/* After a write of our own: what a report that comes in between has to derive by itself. */
	DERIVE_SOON_MS = 20,
	PATIENCE_MS = 30 * 1000
};

/* 24 hours are promised; an hour more, for clocks that step or differ. */
static const int64_t keep_us = INT64_C(25) * 3600 * 1000000;
/* At once, in one transaction: the least takes some 20 ms, so that a report that waits for its turn hardly notices. While there is
 * more than that, twice as much each time, which costs a quarter less for each, up to the most: a report would have to wait for
 * all of it anyway.
 * How many times as long as it has worked it rests, beside requests. behind: the most was not enough. A shop of which ever more
 * waits ends with sums that are made anew, so days do not rest then, and the requests that make them are slowed down instead;
 * but a batch is soon over, and what it has left is derived after it. Fewer reports wait for stages, and nothing is made anew for
 * them: they take a tenth of a core. */
static const struct derivation {
	enum query query;
	int64_t least, most;
	int64_t rest, rest_behind;
} days = {Q_DERIVE_CHANGED, 100, 800, 3, 0}, stages = {Q_DERIVE_STAGES, 50, 50, 9, 9};

/* How long to rest for each unit of work, after `count` were derived. */
static int64_t pace(struct chore *c, int64_t count)
{
	const struct derivation *what = c->what;
	bool batch = db_pending_in(c->db, LANE_BULK) > 0;
	bool behind = count >= c->at_once && c->at_once == what->most && !batch;

	if (count < c->at_once || batch)
		c->at_once = what->least;
	else if (!behind)
		c->at_once = 2 * c->at_once < what->most ? 2 * c->at_once : what->most;
	if (db_pending(c->db) <= 1) /* the other of the two, at most */
		return 0;
	return behind ? what->rest_behind : what->rest;
}

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
	int64_t count = db_status(answer) == DB_OK ? strtoll(db_cell(answer, 0, 0, 0), NULL, 10) : 0;
	c->under_way = false;
	c->idle = count == 0;
	if (count > 0)
		c->due_ms = now_ms + pace(c, count) * (now_ms - c->began_ms);
}

static void derive(struct chore *c, struct db *db, int64_t now_ms, const struct derivation *what)
{
	struct segment *s = &c->segment;
	c->db = db;
	c->what = what;
	if (c->at_once == 0)
		c->at_once = what->least;
	snprintf(c->at_once_text, sizeof c->at_once_text, "%" PRId64, c->at_once);
	c->began_ms = now_ms;
	*s = (struct segment){.lane = LANE_DERIVE,
			      .deadline_ms = now_ms + PATIENCE_MS,
			      .done = derived,
			      .cls = c,
			      .read_count = 1};
	s->reads[0] =
		(struct segment_read){.query = what->query, .arg_count = 2, .args = {c->at_once_text, NULL}};
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
		derive(&h->days, db, now_ms, &days);
	if (begin(&h->stages, now_ms, DERIVE_EVERY_MS))
		derive(&h->stages, db, now_ms, &stages);
	int64_t next = h->purge.due_ms < h->days.due_ms ? h->purge.due_ms : h->days.due_ms;
	next = next < h->stages.due_ms ? next : h->stages.due_ms;
	/* What is under way and due again waits for its answer, which wakes the loop. */
	return next > now_ms ? next - now_ms : DERIVE_EVERY_MS;
}
