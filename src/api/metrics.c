/*
 * GET /metrics: what the process counts, and how far deriving lags behind, if the database says so in time. While that is
 * away there is no answer, as nobody can tell who may ask; Prometheus shows it as `up` being 0.
 */
#include "handlers.h"

#include "ciclo/http/metrics.h"

/* Every series of every route that was ever asked takes less than 400 KiB. */
enum { METRICS_TEXT_MAX = 1 << 20 };

struct reading {
	struct api *api;
	struct call *call;
	struct segment segment;
};

static void metrics_done(void *cls, const struct db_answer *answer)
{
	static const char *const of[] = {"days", "stages"};
	struct reading *r = cls;
	struct buf out;

	buf_init(&out, METRICS_TEXT_MAX);
	metrics_render(r->api->metrics, &out);
	if (db_status(answer) == DB_OK && db_rows(answer, 0) == 1) {
		buf_adds(&out,
			 "# HELP ciclo_derive_backlog Customers that wait to be derived, of 10,000 changes; "
			 "not there when the database does not say.\n"
			 "# TYPE ciclo_derive_backlog gauge\n");
		for (size_t i = 0; i < COUNTOF(of); i++)
			buf_printf(&out, "ciclo_derive_backlog{of=\"%s\"} %s\n", of[i],
				   db_cell(answer, 0, 0, i));
	}
	if (out.failed)
		call_problem(r->call, PROBLEM_internal_error, NULL, "out of memory");
	else
		call_reply_text(r->call, 200, call_answer_type(r->call), out.data, out.len);
	buf_release(&out);
}

void metrics_get(struct api *api, struct call *call)
{
	struct reading *r = arena_alloc(call_arena(call), sizeof *r);
	if (r == NULL || api->metrics == NULL) {
		call_problem(call, PROBLEM_internal_error, NULL, "out of memory");
		return;
	}
	*r = (struct reading){
		.api = api,
		.call = call,
		.segment = {.lane = LANE_READ,
			    .read_count = 1,
			    .reads = {{.query = Q_DERIVE_BACKLOG}},
			    .deadline_ms = call_deadline_ms(call),
			    .done = metrics_done,
			    .cls = r},
	};
	db_submit(api->db, &r->segment);
}
