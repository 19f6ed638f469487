/*
 * /v1/kpis and /v1/dashboard.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ciclo/contract/json.h"
#include "handlers.h"
#include "kpi_render.h"

/* Parameters that choose other terms of a KPI. */
static const char *const choice_params[] = {"basis", "refunds"};

/* Parameters that only some KPIs take. */
static const struct {
	const char *name;
	enum kpi_takes takes;
} own_params[] = {
	{"until", TAKES_UNTIL},
	{"lifetime_months", TAKES_LIFETIME},
};

void kpi_list(struct api *api, struct call *call)
{
	json_t *items = json_array(), *doc = json_object();
	char *text;

	(void)api;
	for (size_t i = 0; i < kpi_count(); i++)
		json_array_append_new(items, kpi_entry(kpi_at(i)));
	json_object_set_new(doc, "items", items);
	json_object_set_new(doc, "next", json_null());
	text = json_write(doc);
	if (text)
		call_reply_text(call, 200, "application/json", text, strlen(text));
	else
		call_problem(call, PROBLEM_internal_error, NULL, "out of memory");
	free(text);
	json_decref(doc);
}

/* ---- parameters ---- */

static bool read_lifetime(struct report *r)
{
	const json_t *given = json_object_get(call_params(r->call), "lifetime_months");
	struct ratio months;
	char text[DECIMAL_TEXT];

	if (!given)
		return true;
	/* A decimal of up to 15 digits survives the way through a double. */
	snprintf(text, sizeof(text), "%.15g", json_number_value(given));
	if (!decimal_parse(text, &months) || months.num <= 0) {
		refuse_parameter(r->call, "lifetime_months", "decimal",
				 "must be positive and have at most 12 decimals");
		return false;
	}
	r->lifetime_months = figure_exact(months);
	return true;
}

static bool choose_terms(struct report *r)
{
	r->terms = &r->kpi->terms;
	for (size_t i = 0; i < COUNTOF(choice_params); i++) {
		const char *value = call_param(r->call, choice_params[i]);

		if (!value)
			continue;
		r->terms = kpi_choose(r->kpi, choice_params[i], value);
		if (!r->terms) {
			refuse_parameter(r->call, choice_params[i], "enum", "this KPI has no such choice");
			return false;
		}
	}
	return true;
}

static bool takes_what_is_given(struct report *r)
{
	for (size_t i = 0; i < COUNTOF(own_params); i++) {
		if (json_object_get(call_params(r->call), own_params[i].name) &&
		    !(r->kpi->takes & (unsigned)own_params[i].takes)) {
			refuse_parameter(r->call, own_params[i].name, "unknown", "this KPI does not take it");
			return false;
		}
	}
	return true;
}

/* ---- one KPI of a report ---- */

/* A report is of one KPI, with the terms that were chosen, or of all, with their own. */
static size_t kpis_of(const struct report *r)
{
	return r->kpi ? 1 : kpi_count();
}

static struct kpi_frame frame_of(const struct report *r, size_t i)
{
	const struct kpi *kpi = r->kpi ? r->kpi : kpi_at(i);

	return (struct kpi_frame){
		.kpi = kpi,
		.terms = r->kpi ? r->terms : &kpi->terms,
		.shop = &r->shop,
		.until = kpi->takes & TAKES_UNTIL ? r->until_text : NULL,
		.window = r->window,
	};
}

static bool compute(const struct report *r, const struct db_answer *answer,
		    const struct report_tables *tables, size_t bucket, const struct kpi_frame *frame,
		    struct kpi_result *ret)
{
	struct measures facts;
	struct kpi_context context = {
		.window = frame->window,
		.declared_margin = r->shop.declared_margin,
		.lifetime_months = r->lifetime_months,
	};

	if (!report_facts(answer, tables, bucket, &facts))
		return false;
	*ret = kpi_compute(&(struct kpi_input){
		.kpi = frame->kpi, .terms = frame->terms, .facts = &facts, .context = &context});
	return true;
}

/* The document of one KPI with its series; NULL when a measure makes no sense. */
static json_t *kpi_json(const struct report *r, const struct db_answer *answer, size_t i)
{
	struct kpi_frame frame = frame_of(r, i);
	struct kpi_result result;
	json_t *doc, *series;

	if (!compute(r, answer, &r->whole, 0, &frame, &result))
		return NULL;
	doc = kpi_document(&frame, &result);
	if (r->interval == INTERVAL_NONE)
		return doc;
	series = json_array();
	json_object_set_new(doc, "series", series);
	for (size_t b = 0; b < r->bucket_count; b++) {
		frame.window = r->bucket[b];
		if (!compute(r, answer, &r->series, b, &frame, &result)) {
			json_decref(doc);
			return NULL;
		}
		json_array_append_new(series, kpi_point(&frame, &result));
	}
	return doc;
}

/* One row, or one for each interval. */
static bool kpi_rows(const struct report *r, const struct db_answer *answer, size_t i, struct csv *csv)
{
	bool cut = r->interval != INTERVAL_NONE;
	struct kpi_frame frame = frame_of(r, i);
	struct kpi_result result;

	for (size_t b = 0; b < (cut ? r->bucket_count : 1); b++) {
		frame.window = cut ? r->bucket[b] : r->window;
		if (!compute(r, answer, cut ? &r->series : &r->whole, b, &frame, &result))
			return false;
		kpi_csv_row(csv, &frame, &result);
	}
	return true;
}

/* ---- answers ---- */

static void answer_csv(struct report *r, const struct db_answer *answer)
{
	struct csv csv;
	bool ok = true;

	csv_init(&csv, kpi_csv_header);
	for (size_t i = 0; i < kpis_of(r) && ok; i++)
		ok = kpi_rows(r, answer, i, &csv);
	if (ok)
		csv_reply(&csv, r->call);
	else
		refuse_measures(r->call);
	csv_release(&csv);
}

static void answer_kpi(struct report *r, const struct db_answer *answer)
{
	json_t *doc;

	if (wants_csv(r->call)) {
		answer_csv(r, answer);
		return;
	}
	doc = kpi_json(r, answer, 0);
	if (doc)
		reply_report(r->call, doc, r->shop.as_of);
	else
		refuse_measures(r->call);
}

/* KPIs of one stage stand together in the catalogue. */
static bool add_stages(struct report *r, const struct db_answer *answer, json_t *stages)
{
	json_t *kpis = NULL;

	for (size_t i = 0; i < kpi_count(); i++) {
		json_t *doc = kpi_json(r, answer, i);

		if (!doc)
			return false;
		if (i == 0 || kpi_at(i)->stage != kpi_at(i - 1)->stage) {
			json_t *stage = json_object();

			kpis = json_array();
			json_object_set_new(stage, "stage", json_string(stage_name(kpi_at(i)->stage)));
			json_object_set_new(stage, "kpis", kpis);
			json_array_append_new(stages, stage);
		}
		json_array_append_new(kpis, doc);
	}
	return true;
}

static void answer_dashboard(struct report *r, const struct db_answer *answer)
{
	json_t *doc, *stages;

	if (wants_csv(r->call)) {
		answer_csv(r, answer);
		return;
	}
	doc = json_object();
	stages = json_array();
	json_object_set_new(doc, "from", day_json(r->window.from));
	json_object_set_new(doc, "to", day_json(r->window.to));
	json_object_set_new(doc, "time_zone", json_string(r->shop.time_zone));
	json_object_set_new(doc, "currency", json_string(r->shop.base_currency));
	json_object_set_new(doc, "as_of", json_string(r->shop.as_of));
	json_object_set_new(doc, "stages", stages);
	if (add_stages(r, answer, stages)) {
		reply_report(r->call, doc, r->shop.as_of);
		return;
	}
	json_decref(doc);
	refuse_measures(r->call);
}

/* ---- handlers ---- */

static bool plan(struct report *r)
{
	unsigned families = 0;

	for (size_t i = 0; i < kpis_of(r); i++) {
		struct kpi_frame frame = frame_of(r, i);

		families |= kpi_families(frame.kpi, frame.terms);
	}
	report_families(r, families);
	return true;
}

void kpi_get(struct api *api, struct call *call)
{
	const struct kpi *kpi = kpi_find(call_param(call, "name"));
	struct report *r;

	if (!kpi) {
		call_problem(call, PROBLEM_not_found, NULL, "no KPI has this name");
		return;
	}
	r = report_new(api, call);
	if (!r)
		return;
	r->plan = plan;
	r->answer = answer_kpi;
	r->kpi = kpi;
	if (choose_terms(r) && takes_what_is_given(r) && read_lifetime(r))
		report_start(r);
	else
		report_free(r);
}

void dashboard_get(struct api *api, struct call *call)
{
	struct report *r = report_new(api, call);

	if (!r)
		return;
	r->plan = plan;
	r->answer = answer_dashboard;
	r->buckets_max = DASHBOARD_BUCKETS_MAX;
	if (read_lifetime(r))
		report_start(r);
	else
		report_free(r);
}
