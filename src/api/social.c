/*
 * /v1/social: what a social platform reports for one day. PUT replaces the day as a whole.
 */
#include "fact.h"
#include "handlers.h"
#include "list.h"
#include "resource.h"

/* The platform or the date of a day: in an item of a batch, or in the path. */
static const char *name_of(const struct fact *f, const char *member)
{
	const char *name = json_string_value(json_object_get(f->input, member));
	return name != NULL ? name : call_param(f->facts->call, member);
}

static void refer(struct fact *f)
{
	f->own = fact_refer(
		f, (struct reference){.table = REF_FACT,
				      .kind = f->facts->kind->resource,
				      .value = arena_printf(call_arena(f->facts->call), "%s/%s",
							    name_of(f, "platform"), name_of(f, "date"))});
}

static enum problem complete(struct fact *f)
{
	static const char *const fields[] = {"id",       "platform", "date",  "followers",  "reactions",
					     "comments", "shares",   "likes", "updated_at", NULL};
	char put_id[UUID_TEXT];
	json_t *doc = f->document = json_object();
	document_copy(doc, f->input, fields);
	document_text(doc, "id", f->id);
	document_text(doc, "platform", name_of(f, "platform"));
	document_text(doc, "date", name_of(f, "date"));
	document_instant(doc, "updated_at", f->facts->now_us);

	uuid7_next(f->facts->api->ids, f->facts->now_us, put_id);
	json_t *row = json_copy(doc);
	document_text(row, "put_id", put_id);
	fact_write(f, Q_SOCIAL_DAY_PUT, row);
	json_decref(row);
	return PROBLEM_NONE;
}

static const struct fact_kind days = {
	.resource = "social_days",
	.get = Q_SOCIAL_DAY_GET,
	.get_args = 3,
	.parent = REF_TABLES,
	.replaces = true,
	.refer = refer,
	.complete = complete,
};

void social_day_put(struct api *api, struct call *call)
{
	fact_create(api, call, &days);
}

void social_day_batch(struct api *api, struct call *call)
{
	fact_batch(api, call, &days);
}

void social_day_get(struct api *api, struct call *call)
{
	resource_get(api, call, Q_SOCIAL_DAY_GET, 3,
		     (const char *[]){NULL, call_param(call, "platform"), call_param(call, "date")});
}

void social_day_list(struct api *api, struct call *call)
{
	static const struct list_kind list = {
		.query = Q_SOCIAL_DAY_LIST,
		.order = LIST_BY_DAY,
		.parent = REF_TABLES,
		.filters = {{"platform", FILTER_TEXT}, {"from", FILTER_TEXT}, {"to", FILTER_TEXT}},
	};
	list_get(api, call, &list);
}
