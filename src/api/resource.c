#include "resource.h"

#include <string.h>

#include "handlers.h"
#include "row.h"

enum { COLUMN_VERSION = 1, COLUMN_DOCUMENT = 2 };

struct resource {
	struct call *call;
	struct segment segment;
};

static void reply(struct call *call, const struct db_answer *answer)
{
	struct buf text;

	buf_init(&text, DOCUMENT_TEXT_MAX);
	row_document(&text, answer, 0, 0, COLUMN_DOCUMENT);
	if (text.failed)
		call_out_of_memory(call);
	else
		call_reply_text(call, 200, "application/json", text.data, text.len);
	buf_release(&text);
}

void resource_answer(struct call *call, const struct db_answer *answer)
{
	if (db_status(answer) != DB_OK) {
		call_db_problem(call, answer);
	} else if (db_rows(answer, 0) == 0) {
		call_problem(call, PROBLEM_not_found, NULL, "nothing here has this reference");
	} else {
		const char *version = db_cell(answer, 0, 0, COLUMN_VERSION);
		if (version != NULL)
			call_add_header(call, "ETag", "\"%s\"", version);
		reply(call, answer);
	}
}

static void answered(void *cls, const struct db_answer *answer)
{
	resource_answer(((struct resource *)cls)->call, answer);
}

void resource_get(struct api *api, struct call *call, enum query query, size_t arg_count,
		  const char *const *args)
{
	struct resource *r = arena_alloc(call_arena(call), sizeof *r);
	if (r == NULL) {
		call_out_of_memory(call);
		return;
	}
	r->call = call;
	r->segment = (struct segment){.lane = LANE_READ,
				      .read_count = 1,
				      .deadline_ms = call_deadline_ms(call),
				      .done = answered,
				      .cls = r};
	r->segment.reads[0] = (struct segment_read){.query = query, .arg_count = arg_count};
	memcpy(r->segment.reads[0].args, args, arg_count * sizeof *args);
	db_submit(api->db, &r->segment);
}

void resource_args(struct call *call, const char *name, const char *args[static 2])
{
	struct reference r;
	reference_resource(&r, REF_FACT, call_param(call, name));
	bool by_id = strcmp(r.kind, "id") == 0;
	args[0] = by_id ? r.value : NULL;
	args[1] = by_id ? NULL : r.value;
}

void resource_get_by(struct api *api, struct call *call, enum query query, const char *name)
{
	const char *args[2];
	resource_args(call, name, args);
	resource_get(api, call, query, 2, args);
}
