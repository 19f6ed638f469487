/*
 * /v1/touchpoints: each time that the shop and a visitor or customer met.
 * What is stored names nobody: who it was is a customer's id, as with orders.
 */
#include <string.h>

#include "customer.h"
#include "handlers.h"
#include "list.h"
#include "resource.h"

static void refer(struct fact *f)
{
	fact_refer_own(f, NULL);
	customer_refer(f);
}

/* What only a visit has. */
static enum problem check_members(struct fact *f, bool is_visit)
{
	static const char *const of_visit[] = {"pages", "duration_seconds"};
	struct violations v = {0};
	for (size_t i = 0; i < COUNTOF(of_visit) && !is_visit; i++) {
		char pointer[24];
		snprintf(pointer, sizeof pointer, "/%s", of_visit[i]);
		if (json_object_get(f->input, of_visit[i]) != NULL)
			violation_add(&v, IN_BODY, pointer, "not", "only a visit has it");
	}
	return v.total > 0 ? fact_refuse(f, PROBLEM_validation_failed, &v) : PROBLEM_NONE;
}

static enum problem complete(struct fact *f)
{
	static const char *const fields[] = {
		"id",       "external_id", "customer_id",      "kind",       "at", "channel",
		"campaign", "pages",       "duration_seconds", "created_at", NULL};
	bool is_visit = strcmp(json_string_value(json_object_get(f->input, "kind")), "visit") == 0;
	enum problem problem = check_members(f, is_visit);
	if (problem == PROBLEM_NONE)
		problem = customer_resolve(f);
	if (problem != PROBLEM_NONE)
		return problem;
	json_t *doc = fact_document(f, fields);
	json_object_set_new(doc, "customer_id", json_string(f->customer_id));
	if (is_visit)
		json_object_set_new(doc, "pages", json_integer(document_int(f->input, "pages", 1)));
	fact_write(f, Q_TOUCHPOINT_INSERT, doc);
	return PROBLEM_NONE;
}

static const struct fact_kind touchpoints = {
	.resource = "touchpoints",
	.location = "/v1/touchpoints/",
	.instant = "at",
	.get = Q_TOUCHPOINT_GET,
	.get_args = 2,
	.parent = REF_TABLES,
	.refer = refer,
	.complete = complete,
};

void touchpoint_create(struct api *api, struct call *call)
{
	fact_create(api, call, &touchpoints);
}

void touchpoint_batch(struct api *api, struct call *call)
{
	fact_batch(api, call, &touchpoints);
}

void touchpoint_get(struct api *api, struct call *call)
{
	resource_get_by(api, call, Q_TOUCHPOINT_GET, "ref");
}

void touchpoint_list(struct api *api, struct call *call)
{
	static const struct list_kind list = {
		.query = Q_TOUCHPOINT_LIST,
		.order = LIST_BY_INSTANT,
		.parent = REF_TABLES,
		.filters = {{"customer", FILTER_CUSTOMER},
			    {"kind", FILTER_TEXT},
			    {"at_from", FILTER_INSTANT},
			    {"at_to", FILTER_INSTANT}},
	};
	list_get(api, call, &list);
}
