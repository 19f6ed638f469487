/*
 * /v1/nps: the net promoter score with the whole distribution behind it.
 */
#include <string.h>

#include "ciclo/contract/json.h"
#include "handlers.h"
#include "kpi_render.h"
#include "resource.h"

/* Reads of the report: 0 settings, then the survey (none without the parameter), then the scores. */
enum { READ_SURVEY = 1, SURVEY_COLUMN_ID = 0, SURVEY_COLUMN_DOCUMENT = 2 };

static const char csv_header[] = "survey,from,to,time_zone,score,responses,promoters,passives,detractors,"
				 "margin_of_error,low,high";

static bool has_survey(const struct report *r)
{
	return call_param(r->call, "survey") != NULL;
}

static bool plan(struct report *r)
{
	const char *args[2] = {NULL, NULL};

	if (has_survey(r)) {
		struct segment_read *read = &r->segment.reads[r->segment.read_count++];

		resource_args(r->call, "survey", args);
		*read = (struct segment_read){
			.query = Q_SURVEY_GET, .arg_count = 2, .args = {args[0], args[1]}};
	}
	report_read(r, Q_NPS_GET, 2, args);
	return true;
}

/* The survey of the request is there, and asks what NPS asks. */
static bool check_survey(const struct db_answer *answer)
{
	const char *text =
		db_rows(answer, READ_SURVEY) ? db_cell(answer, READ_SURVEY, 0, SURVEY_COLUMN_DOCUMENT) : NULL;
	char why[128];
	json_t *survey;
	bool ok;

	survey = text ? json_read(text, strlen(text), why, sizeof(why)) : NULL;
	ok = survey && strcmp(json_string_value(json_object_get(survey, "kind")), "nps") == 0;
	json_decref(survey);
	return ok;
}

static void refuse_survey(struct call *call)
{
	struct violations v = {0};

	violation_add(&v, IN_QUERY, "survey", "reference", "no survey of kind nps has this reference");
	call_problem(call, PROBLEM_unknown_reference, &v, "no survey of kind nps has this reference");
	violations_release(&v);
}

static const char *reason_of(const struct nps *nps)
{
	return nps->score.known ? NULL : kpi_find("nps")->empty;
}

/* What the whole window and every point of the series have. */
static void set_score(json_t *doc, const struct nps *nps)
{
	json_t *distribution = json_array();
	const char *reason = reason_of(nps);

	for (size_t score = 0; score < NPS_SCORES; score++)
		json_array_append_new(distribution, count_json(nps->distribution[score]));
	json_object_set_new(doc, "score", figure_json(nps->score, unit_places(UNIT_SCORE)));
	json_object_set_new(doc, "responses", count_json(nps->responses));
	json_object_set_new(doc, "promoters", count_json(nps->promoters));
	json_object_set_new(doc, "passives", count_json(nps->passives));
	json_object_set_new(doc, "detractors", count_json(nps->detractors));
	json_object_set_new(doc, "distribution", distribution);
	json_object_set_new(doc, "margin_of_error",
			    figure_json(nps->margin_of_error, unit_places(UNIT_SCORE)));
	json_object_set_new(doc, "confidence_interval", confidence_json(nps->confidence));
	json_object_set_new(doc, "reason", reason ? json_string(reason) : json_null());
}

static json_t *point(struct window window)
{
	json_t *doc = json_object();

	json_object_set_new(doc, "from", day_json(window.from));
	json_object_set_new(doc, "to", day_json(window.to));
	return doc;
}

static bool score_of(const struct db_answer *answer, const struct report_tables *tables, size_t bucket,
		     struct nps *ret)
{
	struct measures facts;

	if (!report_facts(answer, tables, bucket, &facts))
		return false;
	*ret = nps_of(&facts);
	return true;
}

static const char *survey_id(const struct report *r, const struct db_answer *answer)
{
	return has_survey(r) ? db_cell(answer, READ_SURVEY, 0, SURVEY_COLUMN_ID) : NULL;
}

/* false: a measure makes no sense; doc may then have a part of the answer. */
static bool fill_json(const struct report *r, const struct db_answer *answer, json_t *doc)
{
	const char *id = survey_id(r, answer);
	json_t *series = r->interval == INTERVAL_NONE ? NULL : json_array();
	struct nps nps;

	json_object_set_new(doc, "survey", id ? json_string(id) : json_null());
	json_object_set_new(doc, "from", day_json(r->window.from));
	json_object_set_new(doc, "to", day_json(r->window.to));
	json_object_set_new(doc, "time_zone", json_string(r->shop.time_zone));
	if (!score_of(answer, &r->whole, 0, &nps))
		return false;
	set_score(doc, &nps);
	json_object_set_new(doc, "as_of", json_string(r->shop.as_of));
	if (series)
		json_object_set_new(doc, "series", series);
	for (size_t b = 0; b < r->bucket_count; b++) {
		json_t *part = point(r->bucket[b]);

		json_array_append_new(series, part);
		if (!score_of(answer, &r->series, b, &nps))
			return false;
		set_score(part, &nps);
	}
	return true;
}

static bool fill_csv(const struct report *r, const struct db_answer *answer, struct csv *csv)
{
	bool cut = r->interval != INTERVAL_NONE;
	struct nps nps;

	for (size_t b = 0; b < (cut ? r->bucket_count : 1); b++) {
		struct window window = cut ? r->bucket[b] : r->window;

		if (!score_of(answer, cut ? &r->series : &r->whole, b, &nps))
			return false;
		csv_text(csv, survey_id(r, answer));
		csv_day(csv, window.from);
		csv_day(csv, window.to);
		csv_text(csv, r->shop.time_zone);
		csv_figure(csv, nps.score, unit_places(UNIT_SCORE));
		csv_count(csv, nps.responses);
		csv_count(csv, nps.promoters);
		csv_count(csv, nps.passives);
		csv_count(csv, nps.detractors);
		csv_figure(csv, nps.margin_of_error, unit_places(UNIT_SCORE));
		csv_confidence(csv, nps.confidence);
		csv_end(csv);
	}
	return true;
}

static void answer_json(const struct report *r, const struct db_answer *answer)
{
	json_t *doc = json_object();

	if (fill_json(r, answer, doc)) {
		reply_report(r->call, doc, r->shop.as_of);
		return;
	}
	json_decref(doc);
	refuse_measures(r->call);
}

static void answer_csv(const struct report *r, const struct db_answer *answer)
{
	struct csv csv;

	csv_init(&csv, csv_header);
	if (fill_csv(r, answer, &csv))
		csv_reply(&csv, r->call);
	else
		refuse_measures(r->call);
	csv_release(&csv);
}

static void answer(struct report *r, const struct db_answer *got)
{
	if (has_survey(r) && !check_survey(got))
		refuse_survey(r->call);
	else if (wants_csv(r->call))
		answer_csv(r, got);
	else
		answer_json(r, got);
}

void nps_get(struct api *api, struct call *call)
{
	struct report *r = report_new(api, call);

	if (!r)
		return;
	r->plan = plan;
	r->answer = answer;
	report_start(r);
}
