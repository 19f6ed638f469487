/*
 * /v1/nps: the net promoter score with the whole distribution behind it.
 */
#include <string.h>

#include "ciclo/contract/json.h"
#include "handlers.h"
#include "kpi_render.h"
#include "resource.h"

/* Reads of the report: 0 settings, then the survey (none without the parameter), then what belongs to the scores. */
enum { READ_SURVEY = 1, SURVEY_COLUMN_ID = 0, SURVEY_COLUMN_DOCUMENT = 2 };

static const char csv_header[] = "survey,from,to,time_zone,score,responses,promoters,passives,detractors,"
				 "margin_of_error,low,high," CSV_EXTRA_HEADER;

static bool has_survey(const struct report *r)
{
	return call_param(r->call, "survey") != NULL;
}

/* Scores of all surveys are summed by day; by group they are counted. */
static bool plan_all(struct report *r)
{
	const char *const no_survey[2] = {NULL, NULL};
	struct measure_set scores = {0};

	for (int score = 0; score < NPS_SCORES; score++)
		scores.has[MEASURE_nps_0 + score] = true;
	if (!r->cut[CUT_GROUPS].asked)
		*report_slot(r) = (struct segment_read){.query = Q_REPORT_PLANS};
	return report_measures(r, CUT_UNGROUPED, &scores) &&
	       report_read(r, CUT_GROUPED, FAMILY_SURVEYS, Q_NPS_GET, 2, no_survey);
}

static bool plan(struct report *r)
{
	const char *args[2] = {NULL, NULL};
	struct segment_read *read;

	if (!has_survey(r))
		return plan_all(r);
	read = report_slot(r);
	if (!read)
		return false;
	resource_args(r->call, "survey", args);
	*read = (struct segment_read){.query = Q_SURVEY_GET, .arg_count = 2, .args = {args[0], args[1]}};
	return report_read(r, CUT_ALL, FAMILY_SURVEYS, Q_NPS_GET, 2, args);
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

static json_t *group(const char *key)
{
	json_t *doc = json_object();

	json_object_set_new(doc, "key", key ? json_string(key) : json_null());
	return doc;
}

static bool score_of(const struct report *r, const struct db_answer *answer, enum report_cut cut, size_t n,
		     struct nps *ret)
{
	struct measures facts;

	if (!report_facts(r, answer, cut, n, &facts))
		return false;
	*ret = nps_of(&facts);
	return true;
}

static struct comparison compare_scores(const struct nps *now, const struct nps *before)
{
	return compare(now->score, nps_sample(now), before->score, nps_sample(before));
}

static const char *survey_id(const struct report *r, const struct db_answer *answer)
{
	return has_survey(r) ? db_cell(answer, READ_SURVEY, 0, SURVEY_COLUMN_ID) : NULL;
}

static bool fill_series(const struct report *r, const struct db_answer *answer, json_t *doc)
{
	json_t *series = json_array();
	struct nps nps;

	json_object_set_new(doc, "series", series);
	for (size_t b = 0; b < r->bucket_count; b++) {
		json_t *part = point(r->bucket[b]);

		json_array_append_new(series, part);
		if (!score_of(r, answer, CUT_SERIES, b, &nps))
			return false;
		set_score(part, &nps);
	}
	return true;
}

static bool fill_groups(const struct report *r, const struct db_answer *answer, json_t *doc)
{
	json_t *groups = json_array();
	struct nps nps;

	json_object_set_new(doc, "groups", groups);
	for (size_t g = 0; g < r->groups.count; g++) {
		json_t *part = group(r->groups.key[g]);

		json_array_append_new(groups, part);
		if (!score_of(r, answer, CUT_GROUPS, g, &nps))
			return false;
		set_score(part, &nps);
	}
	return true;
}

static bool fill_previous(const struct report *r, const struct db_answer *answer, const struct nps *now,
			  json_t *doc)
{
	json_t *part = point(r->previous);
	struct comparison comparison;
	struct nps before;

	json_object_set_new(doc, "previous", part);
	if (!score_of(r, answer, CUT_PREVIOUS, 0, &before))
		return false;
	comparison = compare_scores(now, &before);
	set_score(part, &before);
	set_comparison(part, &comparison, reason_of(&before), unit_places(UNIT_SCORE));
	return true;
}

/* false: a measure makes no sense; doc may then have a part of the answer. */
static bool fill_json(const struct report *r, const struct db_answer *answer, json_t *doc)
{
	const char *id = survey_id(r, answer);
	struct nps nps;

	json_object_set_new(doc, "survey", id ? json_string(id) : json_null());
	json_object_set_new(doc, "from", day_json(r->window.from));
	json_object_set_new(doc, "to", day_json(r->window.to));
	json_object_set_new(doc, "time_zone", json_string(r->shop.time_zone));
	if (!score_of(r, answer, CUT_WHOLE, 0, &nps))
		return false;
	set_score(doc, &nps);
	json_object_set_new(doc, "as_of", json_string(r->shop.as_of));
	return (!r->cut[CUT_SERIES].asked || fill_series(r, answer, doc)) &&
	       (!r->cut[CUT_GROUPS].asked || fill_groups(r, answer, doc)) &&
	       (!r->cut[CUT_PREVIOUS].asked || fill_previous(r, answer, &nps, doc));
}

/* ---- CSV: a row, or one for each interval, or one for each group ---- */

static enum report_cut csv_cut(const struct report *r)
{
	if (r->cut[CUT_SERIES].asked)
		return CUT_SERIES;
	return r->cut[CUT_GROUPS].asked ? CUT_GROUPS : CUT_WHOLE;
}

static size_t csv_count_rows(const struct report *r)
{
	const size_t rows[CUTS] = {
		[CUT_WHOLE] = 1, [CUT_SERIES] = r->bucket_count, [CUT_GROUPS] = r->groups.count};

	return rows[csv_cut(r)];
}

static bool csv_row(const struct report *r, const struct db_answer *answer, size_t n, struct csv *csv)
{
	enum report_cut cut = csv_cut(r);
	struct window window = cut == CUT_SERIES ? r->bucket[n] : r->window;
	struct csv_extra extra = {.group = cut == CUT_GROUPS ? r->groups.key[n] : NULL};
	struct nps nps, before;

	if (!score_of(r, answer, cut, n, &nps))
		return false;
	if (r->cut[CUT_PREVIOUS].asked) {
		if (!score_of(r, answer, CUT_PREVIOUS, 0, &before))
			return false;
		extra = (struct csv_extra){.window = &r->previous,
					   .previous = before.score,
					   .comparison = compare_scores(&nps, &before)};
	}
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
	csv_extra(csv, &extra, unit_places(UNIT_SCORE));
	csv_end(csv);
	return true;
}

static bool fill_csv(const struct report *r, const struct db_answer *answer, struct csv *csv)
{
	for (size_t n = 0; n < csv_count_rows(r); n++) {
		if (!csv_row(r, answer, n, csv))
			return false;
	}
	return true;
}

static void answer_json(const struct report *r, const struct db_answer *answer)
{
	json_t *doc = json_object();

	if (fill_json(r, answer, doc)) {
		reply_report(r->call, doc, r->flight.etag);
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
		csv_reply(&csv, r->call, r->flight.etag);
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
	struct report *r;

	if (flight_wait(api, call))
		return;
	r = report_new(api, call);
	if (!r)
		return;
	r->plan = plan;
	r->answer = answer;
	r->families = has_survey(r) ? 0 : 1U << FAMILY_SURVEYS;
	report_share(r);
}
