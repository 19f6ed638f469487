/*
 * /v1/surveys: what the shop asks. The answers are responses.c.
 */
#include <string.h>

#include "fact.h"
#include "handlers.h"
#include "list.h"
#include "resource.h"

static void refer(struct fact *f)
{
	fact_refer_own(f, NULL);
}

static enum problem complete(struct fact *f)
{
	static const char *const fields[] = {"id",      "external_id", "kind",       "name", "question",
					     "choices", "purpose",     "created_at", NULL};
	const char *kind = json_string_value(json_object_get(f->input, "kind"));
	bool is_choice = strcmp(kind, "choice") == 0;
	bool has_choices = json_array_size(json_object_get(f->input, "choices")) > 0;
	if (is_choice != has_choices)
		return fact_problem(f, PROBLEM_validation_failed, "/choices", is_choice ? "required" : "not",
				    is_choice ? "a survey of kind choice needs them"
					      : "only a survey of kind choice has them");
	if (json_object_get(f->input, "purpose") != NULL && !is_choice && strcmp(kind, "text") != 0)
		return fact_problem(f, PROBLEM_validation_failed, "/purpose", "not",
				    "only a survey of kind choice or text has one");
	fact_write(f, Q_SURVEY_INSERT, fact_document(f, fields));
	return PROBLEM_NONE;
}

static const struct fact_kind surveys = {
	.resource = "surveys",
	.location = "/v1/surveys/",
	.get = Q_SURVEY_GET,
	.get_args = 2,
	.parent = REF_TABLES,
	.refer = refer,
	.complete = complete,
};

void survey_create(struct api *api, struct call *call)
{
	fact_create(api, call, &surveys);
}

void survey_batch(struct api *api, struct call *call)
{
	fact_batch(api, call, &surveys);
}

void survey_get(struct api *api, struct call *call)
{
	resource_get_by(api, call, Q_SURVEY_GET, "ref");
}

void survey_list(struct api *api, struct call *call)
{
	static const struct list_kind list = {
		.query = Q_SURVEY_LIST,
		.order = LIST_BY_INSTANT,
		.parent = REF_TABLES,
		.filters = {{"kind", FILTER_TEXT}},
	};
	list_get(api, call, &list);
}
