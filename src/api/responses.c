/*
 * /v1/surveys/{ref}/responses: answers. The survey's kind fixes what an answer may carry (table below); an answer
 * with none of it was skipped: it is kept, and no KPI counts it.
 */
#include <inttypes.h>
#include <string.h>

#include "ciclo/contract/json.h"
#include "customer.h"
#include "handlers.h"
#include "list.h"
#include "resource.h"

/* What answers of a kind carry; each kind has one scale, published with it. */
struct scale {
	const char *kind;
	const char *member;
	int64_t lowest;
	int64_t highest;
};

static const struct scale scales[] = {
	{"nps", "score", 0, 10},    {"csat", "score", 1, 5}, {"ces", "score", 1, 7},
	{"choice", "choice", 0, 0}, {"text", "text", 0, 0},
};

static void refer(struct fact *f)
{
	struct reference r;
	const char *order = json_string_value(json_object_get(f->input, "order"));
	fact_refer_own(f, f->parent->id);
	customer_refer(f);
	if (order != NULL)
		f->order = fact_refer(f, *reference_resource(&r, REF_ORDER, order));
}

static const struct scale *scale_of(const json_t *survey)
{
	const char *kind = json_string_value(json_object_get(survey, "kind"));
	for (size_t i = 0; kind != NULL && i < COUNTOF(scales); i++)
		if (strcmp(scales[i].kind, kind) == 0)
			return &scales[i];
	return NULL;
}

static bool in_choices(const json_t *survey, const json_t *choice)
{
	const json_t *choices = json_object_get(survey, "choices");
	for (size_t i = 0; i < json_array_size(choices); i++)
		if (json_equal(json_array_get(choices, i), choice))
			return true;
	return false;
}

static bool is_given(const json_t *value)
{
	return value != NULL && !json_is_null(value);
}

static enum problem check_answer(struct fact *f, const json_t *survey)
{
	static const char *const members[] = {"score", "choice", "text"};
	const struct scale *scale = scale_of(survey);
	struct violations v = {0};

	for (size_t i = 0; i < COUNTOF(members); i++) {
		const json_t *value = json_object_get(f->input, members[i]);
		char pointer[16];
		snprintf(pointer, sizeof pointer, "/%s", members[i]);
		if (!is_given(value))
			continue;
		if (strcmp(members[i], scale->member) != 0)
			violation_add(&v, IN_BODY, pointer, "not",
				      "an answer to a survey of kind %s carries a %s", scale->kind,
				      scale->member);
		else if (json_is_integer(value) && (json_integer_value(value) < scale->lowest ||
						    json_integer_value(value) > scale->highest))
			violation_add(&v, IN_BODY, pointer, "range",
				      "%s scores go from %" PRId64 " to %" PRId64, scale->kind, scale->lowest,
				      scale->highest);
		else if (strcmp(members[i], "choice") == 0 && !in_choices(survey, value))
			violation_add(&v, IN_BODY, pointer, "enum", "is not one of the survey's choices");
	}
	return v.total > 0 ? fact_refuse(f, PROBLEM_validation_failed, &v) : PROBLEM_NONE;
}

static enum problem resolve_respondent(struct fact *f, bool *ret_anonymous)
{
	*ret_anonymous = !is_given(json_object_get(f->input, "customer"));
	if (f->order != NULL && !f->order->found)
		return fact_problem(f, PROBLEM_unknown_reference, "/order", "unknown",
				    "there is no such order");
	if (!*ret_anonymous)
		return customer_resolve(f);
	if (f->order != NULL) {
		/* Whoever ordered has answered. */
		customer_behind(f, f->order, (const char *const[]){"text", "comment", NULL});
		*ret_anonymous = false;
	} else {
		customer_anonymous(f);
	}
	return PROBLEM_NONE;
}

static enum problem build(struct fact *f)
{
	static const char *const fields[] = {
		"id",   "external_id", "survey_id", "customer_id", "order_id",   "score", "choice",
		"text", "comment",     "channel",   "answered_at", "created_at", NULL};
	bool anonymous;
	enum problem problem = resolve_respondent(f, &anonymous);
	if (problem != PROBLEM_NONE)
		return problem;
	json_t *doc = fact_document(f, fields);
	json_object_set_new(doc, "survey_id", json_string(f->parent->id));
	document_text(doc, "customer_id", anonymous ? NULL : f->customer_id);
	document_text(doc, "order_id", f->order != NULL ? f->order->id : NULL);
	json_t *row = json_copy(doc);
	json_object_set_new(row, "respondent_id", json_string(f->customer_id));
	fact_write(f, Q_RESPONSE_INSERT, row);
	json_decref(row);
	return PROBLEM_NONE;
}

static enum problem complete(struct fact *f)
{
	char why[128];
	json_t *survey = json_read(f->parent->detail, strlen(f->parent->detail), why, sizeof why);
	enum problem problem = survey != NULL ? check_answer(f, survey) : PROBLEM_internal_error;
	json_decref(survey);
	return problem == PROBLEM_NONE ? build(f) : problem;
}

static const struct fact_kind responses = {
	.resource = "responses",
	.location = "/v1/surveys/",
	.child = "responses",
	.instant = "answered_at",
	.get = Q_RESPONSE_GET,
	.get_args = 4,
	.parent = REF_SURVEY,
	/* External ids of answers are the survey's own: two surveys may both number theirs from 1. */
	.parent_first = true,
	.refer = refer,
	.complete = complete,
};

void response_create(struct api *api, struct call *call)
{
	fact_create(api, call, &responses);
}

void response_batch(struct api *api, struct call *call)
{
	fact_batch(api, call, &responses);
}

void response_get(struct api *api, struct call *call)
{
	const char *args[4];
	resource_args(call, "response", args);
	resource_args(call, "ref", args + 2);
	resource_get(api, call, Q_RESPONSE_GET, COUNTOF(args), args);
}

void response_list(struct api *api, struct call *call)
{
	static const struct list_kind list = {
		.query = Q_RESPONSE_LIST,
		.order = LIST_BY_INSTANT,
		.parent = REF_SURVEY,
		.filters = {{"customer", FILTER_CUSTOMER},
			    {"answered_from", FILTER_INSTANT},
			    {"answered_to", FILTER_INSTANT}},
	};
	list_get(api, call, &list);
}
