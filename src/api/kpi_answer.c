/*
 * A report is of one KPI, with the terms that were chosen, or of all, with their own.
 */
#include "kpi_answer.h"

#include "discovery.h"
#include "kpi_render.h"

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
		.until = kpi->takes & TAKES_UNTIL ? r->cut[CUT_WHOLE].until : NULL,
		.window = r->window,
	};
}

bool kpi_plan(struct report *r)
{
	struct measure_set wanted = {0};

	/* Groups are counted in days of persons and in facts, where windows differ by orders of magnitude. */
	if (!r->cut[CUT_GROUPS].asked)
		*report_slot(r) = (struct segment_read){.query = Q_REPORT_PLANS};
	for (size_t i = 0; i < kpis_of(r); i++) {
		struct kpi_frame frame = frame_of(r, i);

		kpi_measures(frame.kpi, frame.terms, &wanted);
		if (frame.kpi->unit == UNIT_LIST && !discovery_read(r))
			return false;
	}
	return report_measures(r, CUT_ALL, &wanted);
}

/* ---- one KPI ---- */

/* What is being answered, and out of what. */
struct source {
	const struct report *r;
	const struct db_answer *answer;
};

/* The KPI at one point of a cut; false when a measure makes no sense. */
static bool compute(const struct source *from, enum report_cut cut, size_t n, const struct kpi_frame *frame,
		    struct kpi_result *ret)
{
	struct measures facts;
	struct kpi_context context = {
		.window = frame->window,
		.declared_margin = from->r->shop.declared_margin,
		.lifetime_months = from->r->lifetime_months,
	};

	if (!report_facts(from->r, from->answer, cut, n, &facts))
		return false;
	*ret = kpi_compute(&(struct kpi_input){
		.kpi = frame->kpi, .terms = frame->terms, .facts = &facts, .context = &context});
	return true;
}

static bool add_series(const struct source *from, struct kpi_frame frame, json_t *doc)
{
	json_t *series = json_array();
	struct kpi_result result;

	json_object_set_new(doc, "series", series);
	for (size_t b = 0; b < from->r->bucket_count; b++) {
		frame.window = from->r->bucket[b];
		if (!compute(from, CUT_SERIES, b, &frame, &result))
			return false;
		json_array_append_new(series, kpi_point(&frame, &result));
	}
	return true;
}

static bool can_group(const struct report *r, const struct kpi_frame *frame)
{
	return kpi_dimensions(frame->kpi, frame->terms) & 1U << r->dimension;
}

/* Groups that the KPI has: those of the families that it reads. */
static bool has_group(const struct report *r, const struct kpi_frame *frame, size_t g)
{
	return report_has_group(r, g, kpi_families(frame->kpi, frame->terms));
}

static bool add_groups(const struct source *from, const struct kpi_frame *frame, json_t *doc)
{
	const struct report *r = from->r;
	json_t *groups = can_group(r, frame) ? json_array() : json_null();
	struct kpi_result result;

	json_object_set_new(doc, "groups", groups);
	for (size_t g = 0; json_is_array(groups) && g < r->groups.count; g++) {
		if (!has_group(r, frame, g))
			continue;
		if (!compute(from, CUT_GROUPS, g, frame, &result))
			return false;
		json_array_append_new(groups, kpi_group(frame->kpi, r->groups.key[g], &result));
	}
	return true;
}

/* The frame of the window that is compared with. */
static struct kpi_frame earlier_frame(const struct report *r, struct kpi_frame frame)
{
	frame.window = r->previous;
	frame.until = frame.until ? r->cut[CUT_PREVIOUS].until : NULL;
	return frame;
}

static bool add_previous(const struct source *from, const struct kpi_frame *frame,
			 const struct kpi_result *now, json_t *doc)
{
	struct kpi_frame earlier = earlier_frame(from->r, *frame);
	struct kpi_result before;

	if (!compute(from, CUT_PREVIOUS, 0, &earlier, &before))
		return false;
	json_object_set_new(doc, "previous", kpi_previous(&earlier, now, &before));
	return true;
}

/* The document of one KPI with all that was asked for; NULL when a measure makes no sense. */
static json_t *kpi_json(const struct source *from, size_t i)
{
	const struct report_tables *cut = from->r->cut;
	struct kpi_frame frame = frame_of(from->r, i);
	struct kpi_result result;
	json_t *doc;

	if (!compute(from, CUT_WHOLE, 0, &frame, &result))
		return NULL;
	doc = kpi_document(&frame, &result);
	if (frame.kpi->unit == UNIT_LIST)
		discovery_details(from->r, from->answer, doc);
	if ((cut[CUT_SERIES].asked && !add_series(from, frame, doc)) ||
	    (cut[CUT_GROUPS].asked && !add_groups(from, &frame, doc)) ||
	    (cut[CUT_PREVIOUS].asked && !add_previous(from, &frame, &result, doc))) {
		json_decref(doc);
		return NULL;
	}
	return doc;
}

/* ---- rows of CSV ---- */

static bool series_rows(const struct source *from, struct kpi_frame frame, struct csv *csv)
{
	struct kpi_result result;

	for (size_t b = 0; b < from->r->bucket_count; b++) {
		frame.window = from->r->bucket[b];
		if (!compute(from, CUT_SERIES, b, &frame, &result))
			return false;
		kpi_csv_row(csv, &frame, &result, &(struct csv_extra){0});
	}
	return true;
}

static bool group_rows(const struct source *from, const struct kpi_frame *frame, struct csv *csv)
{
	const struct report *r = from->r;
	struct kpi_result result;

	for (size_t g = 0; can_group(r, frame) && g < r->groups.count; g++) {
		if (!has_group(r, frame, g))
			continue;
		if (!compute(from, CUT_GROUPS, g, frame, &result))
			return false;
		kpi_csv_row(csv, frame, &result, &(struct csv_extra){.group = r->groups.key[g]});
	}
	return true;
}

static bool whole_row(const struct source *from, const struct kpi_frame *frame, struct csv *csv)
{
	struct kpi_frame earlier = earlier_frame(from->r, *frame);
	struct csv_extra extra = {0};
	struct kpi_result now, before;

	if (!compute(from, CUT_WHOLE, 0, frame, &now))
		return false;
	if (from->r->cut[CUT_PREVIOUS].asked) {
		if (!compute(from, CUT_PREVIOUS, 0, &earlier, &before))
			return false;
		extra = (struct csv_extra){.window = &earlier.window,
					   .previous = before.value,
					   .comparison = kpi_compare(&now, &before)};
	}
	kpi_csv_row(csv, frame, &now, &extra);
	return true;
}

/* A row, or one for each interval, or one for each group. */
static bool kpi_rows(const struct source *from, size_t i, struct csv *csv)
{
	struct kpi_frame frame = frame_of(from->r, i);

	if (from->r->cut[CUT_SERIES].asked)
		return series_rows(from, frame, csv);
	if (from->r->cut[CUT_GROUPS].asked)
		return group_rows(from, &frame, csv);
	return whole_row(from, &frame, csv);
}

static void answer_csv(const struct source *from)
{
	struct csv csv;
	bool ok = true;

	csv_init(&csv, kpi_csv_header);
	for (size_t i = 0; i < kpis_of(from->r) && ok; i++)
		ok = kpi_rows(from, i, &csv);
	if (ok)
		csv_reply(&csv, from->r->call, from->r->flight.etag);
	else
		refuse_measures(from->r->call);
	csv_release(&csv);
}

/* ---- answers ---- */

void kpi_answer_one(struct report *r, const struct db_answer *answer)
{
	struct source from = {.r = r, .answer = answer};
	json_t *doc;

	if (!discovery_survey(r, answer))
		return;
	if (wants_csv(r->call)) {
		answer_csv(&from);
		return;
	}
	doc = kpi_json(&from, 0);
	if (doc)
		reply_report(r->call, doc, r->flight.etag);
	else
		refuse_measures(r->call);
}

/* KPIs of one stage stand together in the catalogue. */
static bool add_stages(const struct source *from, json_t *stages)
{
	json_t *kpis = NULL;

	for (size_t i = 0; i < kpi_count(); i++) {
		json_t *doc = kpi_json(from, i);

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

void kpi_answer_all(struct report *r, const struct db_answer *answer)
{
	struct source from = {.r = r, .answer = answer};
	json_t *doc, *stages;

	if (wants_csv(r->call)) {
		answer_csv(&from);
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
	if (add_stages(&from, stages)) {
		reply_report(r->call, doc, r->flight.etag);
		return;
	}
	json_decref(doc);
	refuse_measures(r->call);
}
