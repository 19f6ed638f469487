#include "fresh.h"

#include <string.h>

/* Customers of one transaction: some 100 ms, so that others who derive are not held up for long. flight.c knows it too. */
static const char at_once[] = "500";

/* "Everybody" becomes customers in one, some of whom are derived in the next, and summed in the one after it. */
enum { BRIEF_STEPS = 3 };

static void derive(struct fresh *f);

/* Columns: how many customers, and the change to wait for from now on. */
static void derived(void *cls, const struct db_answer *answer)
{
	struct fresh *f = cls;
	if (db_status(answer) != DB_OK || db_rows(answer, 0) != 1) {
		f->done(f->cls, answer);
	} else if ((f->briefly && ++f->steps == BRIEF_STEPS) || strcmp(db_cell(answer, 0, 0, 0), "0") == 0) {
		f->done(f->cls, NULL);
	} else {
		if (db_cell(answer, 0, 0, 1) != NULL)
			snprintf(f->until, sizeof f->until, "%s", db_cell(answer, 0, 0, 1));
		derive(f);
	}
}

static void derive(struct fresh *f)
{
	struct segment *s = &f->segment;
	*s = (struct segment){.lane = LANE_DERIVE,
			      .deadline_ms = s->deadline_ms,
			      .done = derived,
			      .cls = f,
			      .read_count = 1};
	s->reads[0] =
		(struct segment_read){.query = Q_DERIVE_CHANGED, .arg_count = 2, .args = {at_once, f->until}};
	db_submit(f->db, s);
}

void fresh_until(struct fresh *f, struct db *db, int64_t deadline_ms, const char *newest, bool briefly,
		 fresh_done_fn *done, void *cls)
{
	f->db = db;
	f->done = done;
	f->cls = cls;
	f->briefly = briefly;
	f->steps = 0;
	f->segment.deadline_ms = deadline_ms;
	snprintf(f->until, sizeof f->until, "%s", newest);
	derive(f);
}

static void looked(void *cls, const struct db_answer *answer)
{
	struct fresh *f = cls;
	const char *newest = db_status(answer) == DB_OK ? db_cell(answer, 0, 0, 0) : NULL;
	if (db_status(answer) != DB_OK) {
		f->done(f->cls, answer);
	} else if (newest == NULL) {
		f->done(f->cls, NULL);
	} else {
		fresh_until(f, f->db, f->segment.deadline_ms, newest, false, f->done, f->cls);
	}
}

void fresh_start(struct fresh *f, struct db *db, int64_t deadline_ms, fresh_done_fn *done, void *cls)
{
	struct segment *s = &f->segment;
	f->db = db;
	f->done = done;
	f->cls = cls;
	*s = (struct segment){
		.lane = LANE_READ, .deadline_ms = deadline_ms, .done = looked, .cls = f, .read_count = 1};
	s->reads[0] = (struct segment_read){.query = Q_CHANGED_GET};
	db_submit(db, s);
}
