#include "discovery.h"

#include <string.h>

#include "ciclo/contract/json.h"
#include "kpi_render.h"
#include "resource.h"

/* Columns of kpi_discovery.sql, and the document of survey_get.sql. */
enum column { COLUMN_LIST, COLUMN_KEY, COLUMN_COUNT, COLUMN_TOTAL, SURVEY_COLUMN_DOCUMENT = 2 };

/* The lists, and what the lines of each call themselves. */
static const struct {
	const char *list, *name, *key, *count;
} lists[] = {
	{"touchpoint", "by_touchpoint", "channel", "customers"},
	{"survey", "by_survey", "choice", "answers"},
};

static bool add_read(struct report *r, const struct segment_read *wanted, size_t *ret)
{
	struct segment_read *read = report_slot(r);

	if (!read)
		return false;
	*read = *wanted;
	*ret = (size_t)(read - r->read);
	return true;
}

bool discovery_read(struct report *r)
{
	const char *survey[2] = {NULL, NULL};

	if (call_param(r->call, "survey")) {
		resource_args(r->call, "survey", survey);
		if (!add_read(r,
			      &(struct segment_read){
				      .query = Q_SURVEY_GET, .arg_count = 2, .args = {survey[0], survey[1]}},
			      &r->survey_read))
			return false;
	}
	return add_read(r,
			&(struct segment_read){.query = Q_KPI_DISCOVERY,
					       .arg_count = 4,
					       .args = {r->cut[CUT_WHOLE].dates[0],
							r->cut[CUT_WHOLE].dates[1], survey[0], survey[1]}},
			&r->discovery_read);
}

/* One can choose between answers there. */
static bool has_choices(const struct db_answer *answer, size_t read)
{
	const char *text = db_rows(answer, read) ? db_cell(answer, read, 0, SURVEY_COLUMN_DOCUMENT) : NULL;
	char why[128];
	json_t *survey = text ? json_read(text, strlen(text), why, sizeof(why)) : NULL;
	const char *kind = json_string_value(json_object_get(survey, "kind"));
	bool ok = kind && strcmp(kind, "choice") == 0;

	json_decref(survey);
	return ok;
}

bool discovery_survey(const struct report *r, const struct db_answer *answer)
{
	struct violations v = {0};

	if (!r->survey_read || has_choices(answer, r->survey_read))
		return true;
	violation_add(&v, IN_QUERY, "survey", "reference", "no survey of kind choice has this reference");
	call_problem(r->call, PROBLEM_unknown_reference, &v, "no survey of kind choice has this reference");
	violations_release(&v);
	return false;
}

static json_t *line_json(const struct db_answer *answer, size_t read, size_t row, size_t list)
{
	const char *key = db_cell(answer, read, row, COLUMN_KEY);
	json_t *line = json_object();
	int128 count, total;

	if (!measure_parse(db_cell(answer, read, row, COLUMN_COUNT), &count) ||
	    !measure_parse(db_cell(answer, read, row, COLUMN_TOTAL), &total))
		return line;
	json_object_set_new(line, lists[list].key, key ? json_string(key) : json_null());
	json_object_set_new(line, lists[list].count, figure_json(figure_of(count), 0));
	json_object_set_new(line, "share", figure_json(figure_share(count, total), SHARE_PLACES));
	return line;
}

void discovery_details(const struct report *r, const struct db_answer *answer, json_t *doc)
{
	size_t read = r->discovery_read;
	json_t *details = json_object();

	for (size_t list = 0; list < COUNTOF(lists); list++) {
		json_t *lines = json_array();

		for (size_t row = 0; row < db_rows(answer, read); row++) {
			if (strcmp(db_cell(answer, read, row, COLUMN_LIST), lists[list].list) == 0)
				json_array_append_new(lines, line_json(answer, read, row, list));
		}
		json_object_set_new(details, lists[list].name, lines);
	}
	json_object_set_new(doc, "details", details);
}
