/*
 * /v1/lifecycle: how many customers are in each stage, how they move, and the models that name the stages. The
 * answers are made in SQL from customer_stages, which is brought up to the facts first.
 */
#include <stdlib.h>
#include <string.h>

#include "change.h"
#include "ciclo/contract/json.h"
#include "fresh.h"
#include "handlers.h"
#include "list.h"
#include "resource.h"

enum { QUERY_ARGS = 3 };

/* One document that is read once everything is derived. */
struct derived_get {
	struct api *api;
	struct call *call;
	enum query query;
	size_t arg_count;
	const char *args[QUERY_ARGS];
	struct fresh fresh;
	struct segment segment;
};

/* What PostgreSQL builds of objects has blanks in it; all other answers have none. */
static void reply_compact(struct call *call, const char *text, size_t len)
{
	char why[128];
	json_t *doc = json_read(text, len, why, sizeof why);
	char *compact = doc != NULL ? json_write(doc) : NULL;
	if (compact != NULL)
		call_reply_text(call, 200, "application/json", compact, strlen(compact));
	else
		call_out_of_memory(call);
	free(compact);
	json_decref(doc);
}

static void answered(void *cls, const struct db_answer *answer)
{
	struct derived_get *g = cls;
	if (db_status(answer) != DB_OK)
		call_db_problem(g->call, answer);
	else if (db_rows(answer, 0) == 0)
		call_problem(g->call, PROBLEM_not_found, NULL, "no lifecycle model has this name");
	else
		reply_compact(g->call, db_cell(answer, 0, 0, 0), db_cell_length(answer, 0, 0, 0));
}

static void derived(void *cls, const struct db_answer *failure)
{
	struct derived_get *g = cls;
	if (failure != NULL) {
		call_db_problem(g->call, failure);
		return;
	}
	g->segment = (struct segment){.lane = LANE_REPORT,
				      .deadline_ms = call_deadline_ms(g->call),
				      .done = answered,
				      .cls = g,
				      .read_count = 1};
	g->segment.reads[0] = (struct segment_read){.query = g->query, .arg_count = g->arg_count};
	memcpy(g->segment.reads[0].args, g->args, g->arg_count * sizeof *g->args);
	db_submit(g->api->db, &g->segment);
}

static void derived_get(struct api *api, struct call *call, enum query query, size_t arg_count,
			const char *const *args)
{
	struct derived_get *g = arena_alloc(call_arena(call), sizeof *g);
	if (g == NULL) {
		call_out_of_memory(call);
		return;
	}
	*g = (struct derived_get){.api = api, .call = call, .query = query, .arg_count = arg_count};
	memcpy(g->args, args, arg_count * sizeof *args);
	fresh_start(&g->fresh, api->db, call_deadline_ms(call), true, derived, g);
}

void lifecycle_stages_get(struct api *api, struct call *call)
{
	const char *const args[] = {call_param(call, "at"), call_param(call, "model")};
	derived_get(api, call, Q_LIFECYCLE_STAGES_GET, COUNTOF(args), args);
}

void lifecycle_transitions_get(struct api *api, struct call *call)
{
	const char *const args[] = {call_param(call, "from"), call_param(call, "to"),
				    call_param(call, "model")};
	if (strcmp(args[0], args[1]) > 0) {
		struct violations v = {0};
		violation_add(&v, IN_QUERY, "to", "window", "is before from");
		call_problem(call, PROBLEM_invalid_parameter, &v, "to: is before from");
		violations_release(&v);
		return;
	}
	derived_get(api, call, Q_LIFECYCLE_TRANSITIONS_GET, COUNTOF(args), args);
}

void timeline_list(struct api *api, struct call *call)
{
	static const struct list_kind list = {
		.query = Q_TIMELINE_LIST,
		.order = LIST_BY_INSTANT,
		.parent = REF_CUSTOMER,
		.filters = {{"kind", FILTER_TEXT}},
		.fresh = true,
	};
	list_get(api, call, &list);
}

/* ---- models ------------------------------------------------------------------------------------ */

static void read_model(struct change *c)
{
	struct segment_read *read = &c->segment.reads[c->segment.read_count++];
	*read = (struct segment_read){
		.query = Q_LIFECYCLE_MODEL_GET, .arg_count = 1, .args = {call_param(c->call, "name")}};
}

/* {"awareness": "Discover", ...} -> [{stage, label}], in the order of the road. */
static json_t *stages_document(const json_t *labels)
{
	static const char *const road[] = {"awareness", "consideration", "conversion", "retention",
					   "loyalty",   "advocacy",      "lost"};
	json_t *stages = json_array();
	for (size_t i = 0; i < COUNTOF(road); i++) {
		json_t *stage = json_object();
		json_object_set_new(stage, "stage", json_string(road[i]));
		json_object_set(stage, "label", json_object_get(labels, road[i]));
		json_array_append_new(stages, stage);
	}
	return stages;
}

static enum problem apply_model(struct change *c)
{
	const json_t *body = call_body(c->call);
	const char *name = call_param(c->call, "name");
	json_t *title = json_object_get(body, "title");
	json_t *doc = c->document = json_object();

	if (json_is_true(json_object_get(c->current, "built_in")))
		return change_problem(c, PROBLEM_invalid_state, "", "built_in",
				      "is one of the built-in models; give yours another name");
	json_object_set_new(doc, "name", json_string(name));
	json_object_set_new(doc, "title", title != NULL ? json_incref(title) : json_string(name));
	json_object_set_new(doc, "built_in", json_false());
	json_object_set_new(doc, "stages", stages_document(json_object_get(body, "labels")));
	document_instant(doc, "updated_at", c->now_us);
	c->status = c->current != NULL ? 200 : 201;
	json_t *row = json_copy(doc);
	json_object_set(row, "labels", json_object_get(body, "labels"));
	change_write(c, Q_LIFECYCLE_MODEL_PUT, row);
	json_decref(row);
	return PROBLEM_NONE;
}

void lifecycle_model_put(struct api *api, struct call *call)
{
	static const struct change_kind kind = {.read = read_model,
						.apply = apply_model,
						.location = "/v1/lifecycle/models/",
						.creates = true};
	change_run(api, call, &kind);
}

void lifecycle_model_get(struct api *api, struct call *call)
{
	resource_get(api, call, Q_LIFECYCLE_MODEL_GET, 1, (const char *[]){call_param(call, "name")});
}

void lifecycle_model_list(struct api *api, struct call *call)
{
	derived_get(api, call, Q_LIFECYCLE_MODEL_LIST, 0, (const char *[]){NULL});
}
