#include "fresh.h"

#include <string.h>

/* Customers of one transaction: some 50 ms, so that others who derive are not held up for long. flight.c knows it too. */
static const char at_once[] = "500";

/* "Everybody" becomes customers in one, some of whom are derived in the next, and summed in the one after it. */
enum { BRIEF_STEPS = 3 };

static void derive(struct fresh *f, enum query query, const char *until);

static bool is_zero(const char *text)
{
	return text && strcmp(text, "0") == 0;
}

/* Columns: how many customers, and the change to wait for from now on. */
static void derived(void *cls, const struct db_answer *answer)
{
	struct fresh *f = cls;
	const char *until = db_status(answer) == DB_OK ? db_cell(answer, 0, 0, 1) : NULL;
	if (db_status(answer) != DB_OK || db_rows(answer, 0) != 1)
		f->done(f->cls, answer);
	else if (!is_zero(db_cell(answer, 0, 0, 0)) && !(f->briefly && ++f->steps == BRIEF_STEPS))
		derive(f, f->query, until ? until : f->until);
	else if (f->stages && f->query == Q_DERIVE_CHANGED)
		derive(f, Q_DERIVE_STAGES, "");
	else
		f->done(f->cls, NULL);
}

static void derive(struct fresh *f, enum query query, const char *until)
{
	struct segment *s = &f->segment;
	f->query = query;
	if (until != f->until)
		snprintf(f->until, sizeof f->until, "%s", until);
	*s = (struct segment){.lane = LANE_DERIVE,
			      .deadline_ms = s->deadline_ms,
			      .done = derived,
			      .cls = f,
			      .read_count = 1};
	s->reads[0] = (struct segment_read){
		.query = query, .arg_count = 2, .args = {at_once, f->until[0] ? f->until : NULL}};
	db_submit(f->db, s);
}

void fresh_until(struct fresh *f, struct db *db, int64_t deadline_ms, const char *newest, bool briefly,
		 fresh_done_fn *done, void *cls)
{
	f->db = db;
	f->done = done;
	f->cls = cls;
	f->briefly = briefly;
	f->stages = false;
	f->steps = 0;
	f->segment.deadline_ms = deadline_ms;
	derive(f, Q_DERIVE_CHANGED, newest);
}

/* Columns: the newest change, NULL for none; do stages wait? */
static void looked(void *cls, const struct db_answer *answer)
{
	struct fresh *f = cls;
	bool ok = db_status(answer) == DB_OK && db_rows(answer, 0) == 1;
	const char *newest = ok ? db_cell(answer, 0, 0, 0) : NULL;
	if (!ok)
		f->done(f->cls, answer);
	else if (newest)
		derive(f, Q_DERIVE_CHANGED, newest);
	else if (f->stages && *db_cell(answer, 0, 0, 1) == 't')
		derive(f, Q_DERIVE_STAGES, "");
	else
		f->done(f->cls, NULL);
}

void fresh_start(struct fresh *f, struct db *db, int64_t deadline_ms, bool stages, fresh_done_fn *done,
		 void *cls)
{
	struct segment *s = &f->segment;
	f->db = db;
	f->done = done;
	f->cls = cls;
	f->briefly = false;
	f->stages = stages;
	*s = (struct segment){
		.lane = LANE_READ, .deadline_ms = deadline_ms, .done = looked, .cls = f, .read_count = 1};
	s->reads[0] = (struct segment_read){.query = Q_CHANGED_GET};
	db_submit(db, s);
}
