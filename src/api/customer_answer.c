/*
 * Answering with a customer: the person that is meant, with its stage as of now. When facts wait that the stage depends on,
 * they are derived first, for this person alone.
 */
#include <string.h>

#include "customer.h"
#include "handlers.h"

enum { COLUMN_ID, COLUMN_TAG, COLUMN_DOCUMENT, COLUMN_STALE };

struct customer_answer {
	struct api *api;
	struct call *call;
	int status;
	bool derived;
	const char *args[3];
	struct segment segment;
};

static void read_customer(struct customer_answer *a);

/* What was written before this reads is there to stay. */
static void cannot_read(struct customer_answer *a, const struct db_answer *answer)
{
	if (strcmp(call_operation(a->call)->method, "GET") == 0)
		call_db_problem(a->call, answer);
	else
		call_problem(a->call, fact_problem_of(db_status(answer)), NULL,
			     "it is stored, but cannot be read now");
}

static void derived(void *cls, const struct db_answer *answer)
{
	struct customer_answer *a = cls;
	if (db_status(answer) == DB_OK)
		read_customer(a);
	else
		cannot_read(a, answer);
}

static void submit(struct customer_answer *a, enum lane lane, enum query query, size_t arg_count,
		   const char *const *args, db_done_fn *done)
{
	struct segment *s = &a->segment;
	*s = (struct segment){.lane = lane,
			      .deadline_ms = call_deadline_ms(a->call),
			      .done = done,
			      .cls = a,
			      .read_count = 1};
	s->reads[0] = (struct segment_read){.query = query, .arg_count = arg_count};
	memcpy(s->reads[0].args, args, arg_count * sizeof *args);
	db_submit(a->api->db, s);
}

static void answered(void *cls, const struct db_answer *answer)
{
	struct customer_answer *a = cls;
	if (db_status(answer) != DB_OK) {
		cannot_read(a, answer);
	} else if (db_rows(answer, 0) == 0) {
		call_problem(a->call, PROBLEM_not_found, NULL, "nothing here has this reference");
	} else if (db_cell(answer, 0, 0, COLUMN_DOCUMENT) == NULL) {
		call_problem(a->call, PROBLEM_erased, NULL, "whom this id stood for was erased");
	} else if (!a->derived && strcmp(db_cell(answer, 0, 0, COLUMN_STALE), "t") == 0) {
		const char *id = db_cell(answer, 0, 0, COLUMN_ID);
		a->derived = true;
		id = arena_strndup(call_arena(a->call), id, strlen(id));
		submit(a, LANE_DERIVE, Q_DERIVE_PERSON, 1, &id, derived);
	} else {
		call_add_header(a->call, "ETag", "\"%s\"", db_cell(answer, 0, 0, COLUMN_TAG));
		call_reply_text(a->call, a->status, "application/json",
				db_cell(answer, 0, 0, COLUMN_DOCUMENT),
				db_cell_length(answer, 0, 0, COLUMN_DOCUMENT));
	}
}

static void read_customer(struct customer_answer *a)
{
	submit(a, LANE_READ, Q_CUSTOMER_GET, COUNTOF(a->args), a->args, answered);
}

void customer_answer(struct api *api, struct call *call, const char *const args[3], int status)
{
	struct customer_answer *a = arena_alloc(call_arena(call), sizeof *a);
	if (a == NULL) {
		call_out_of_memory(call);
		return;
	}
	*a = (struct customer_answer){.api = api, .call = call, .status = status};
	memcpy(a->args, args, sizeof a->args);
	read_customer(a);
}

bool customer_args(struct call *call, const char *args[static 3])
{
	struct reference r = {0};
	if (reference_customer(&r, call_param(call, "ref"), call_arena(call)) == NULL)
		return false;
	bool by_id = r.table == REF_CUSTOMER;
	args[0] = by_id ? r.value : NULL;
	args[1] = by_id ? NULL : r.kind;
	args[2] = by_id ? NULL : r.value;
	return true;
}

void customer_read(struct change *c)
{
	struct segment_read *read = &c->segment.reads[c->segment.read_count++];
	*read = (struct segment_read){.query = Q_CUSTOMER_GET, .arg_count = 3};
	/* Without memory for the reference nobody is found. */
	if (!customer_args(c->call, read->args))
		memset(read->args, 0, sizeof read->args);
}

void customer_answer_id(struct api *api, struct call *call, const char *id, int status)
{
	customer_answer(api, call, (const char *[]){id, NULL, NULL}, status);
}
