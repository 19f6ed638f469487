#include "replica.h"

#include <stdio.h>
#include <string.h>

#include "ciclo/base/log.h"

enum {
	/* A replica that streams is milliseconds behind. One that is further away has a fault, or replays much: the primary
	 * is done sooner. */
	PATIENCE_MS = 250
};

static void to_primary(struct replica_read *r, const char *why)
{
	log_event(LOG_INFO, "report_on_primary", "%s", why);
	r->report->lane = LANE_REPORT;
	r->report->done = r->done;
	r->report->cls = r->cls;
	db_submit(r->db, r->report);
}

/* What a replica refuses (it replays what the snapshot still needs), or cannot do now, the primary can. What took too
 * long would do so there as well. */
static void on_report(void *cls, const struct db_answer *answer)
{
	struct replica_read *r = cls;
	enum db_status status = db_status(answer);

	if (status == DB_OK || status == DB_TIMEOUT)
		r->done(r->cls, answer);
	else
		to_primary(r, "the replica did not answer");
}

static void on_caught_up(void *cls, const struct db_answer *answer)
{
	struct replica_read *r = cls;

	if (db_status(answer) != DB_OK || strcmp(db_cell(answer, 0, 0, 0), "t") != 0) {
		to_primary(r, db_status(answer) == DB_OK ? "the replica is behind" : "the replica is away");
		return;
	}
	r->report->lane = LANE_REPLICA;
	r->report->done = on_report;
	r->report->cls = r;
	db_submit(r->db, r->report);
}

void replica_submit(struct replica_read *r, struct db *db, struct segment *report, const char *place)
{
	if (!db_has_replica(db) || !place) {
		report->lane = LANE_REPORT;
		db_submit(db, report);
		return;
	}
	*r = (struct replica_read){.db = db, .report = report, .done = report->done, .cls = report->cls};
	snprintf(r->place, sizeof(r->place), "%s", place);
	snprintf(r->patience_ms, sizeof(r->patience_ms), "%d", PATIENCE_MS);
	r->question = (struct segment){
		.lane = LANE_REPLICA,
		.read_count = 1,
		.reads = {{.query = Q_REPLICA_CAUGHT_UP, .arg_count = 2, .args = {r->place, r->patience_ms}}},
		.deadline_ms = report->deadline_ms,
		.done = on_caught_up,
		.cls = r};
	db_submit(db, &r->question);
}
