/*
 * Which facts a measure is made of, and the pages of them. To list those of a new measure, add it to the table below, and
 * to its statement what selects them.
 */
#include "kpi_members.h"

#include <string.h>

#include "handlers.h"
#include "kpi_params.h"

static const struct member_list orders = {.query = Q_KPI_MEMBERS_ORDERS},
				customers = {.query = Q_KPI_MEMBERS_CUSTOMERS},
				sequence = {.query = Q_KPI_MEMBERS_SEQUENCE},
				marketing = {.query = Q_KPI_MEMBERS_MARKETING, .order = LIST_BY_DAY},
				surveys = {.query = Q_KPI_MEMBERS_SURVEYS},
				value = {.query = Q_KPI_MEMBERS_VALUE, .has_until = true},
				visits = {.query = Q_KPI_MEMBERS_VISITS},
				carts = {.query = Q_KPI_MEMBERS_CARTS},
				programs = {.query = Q_KPI_MEMBERS_PROGRAMS},
				loyalty = {.query = Q_KPI_MEMBERS_LOYALTY},
				dues = {.query = Q_KPI_MEMBERS_DUES},
				social = {.query = Q_KPI_MEMBERS_SOCIAL, .order = LIST_BY_DAY},
				referred = {.query = Q_KPI_MEMBERS_REFERRED};

static const struct {
	enum measure measure;
	const struct member_list *list;
} by_measure[] = {
	{MEASURE_orders, &orders},
	{MEASURE_converted_orders, &orders},
	{MEASURE_sales, &orders},
	{MEASURE_net_sales, &orders},
	{MEASURE_active_customers, &customers},
	{MEASURE_new_customers, &customers},
	{MEASURE_repeat_customers, &customers},
	{MEASURE_returning_customers, &customers},
	{MEASURE_previous_customers, &customers},
	{MEASURE_retained_customers, &customers},
	{MEASURE_lost_customers, &customers},
	{MEASURE_reactivated_customers, &customers},
	{MEASURE_first_orders, &sequence},
	{MEASURE_first_sales, &sequence},
	{MEASURE_repeat_orders, &sequence},
	{MEASURE_repeat_sales, &sequence},
	{MEASURE_gaps, &sequence},
	{MEASURE_gap_us, &sequence},
	{MEASURE_impressions, &marketing},
	{MEASURE_clicks, &marketing},
	{MEASURE_interactions, &marketing},
	{MEASURE_conversions, &marketing},
	{MEASURE_campaign_spend, &marketing},
	{MEASURE_marketing_spend, &marketing},
	{MEASURE_paid_media_spend, &marketing},
	{MEASURE_opened_emails, &marketing},
	{MEASURE_tracked_emails, &marketing},
	{MEASURE_email_clicks, &marketing},
	{MEASURE_delivered_emails, &marketing},
	{MEASURE_csat_answers, &surveys},
	{MEASURE_csat_satisfied, &surveys},
	{MEASURE_ces_answers, &surveys},
	{MEASURE_ces_sum, &surveys},
	{MEASURE_acquired_customers, &value},
	{MEASURE_acquired_net, &value},
	{MEASURE_visits, &visits},
	{MEASURE_visit_pages, &visits},
	{MEASURE_bounces, &visits},
	{MEASURE_timed_visits, &visits},
	{MEASURE_visit_seconds, &visits},
	{MEASURE_unique_visitors, &visits},
	{MEASURE_ordering_visitors, &visits},
	{MEASURE_decided_carts, &carts},
	{MEASURE_abandoned_carts, &carts},
	{MEASURE_recovered_carts, &carts},
	{MEASURE_abandoned_value, &carts},
	{MEASURE_reviews, &programs},
	{MEASURE_rating_sum, &programs},
	{MEASURE_member_customers, &loyalty},
	{MEASURE_referred_customers, &loyalty},
	{MEASURE_due_renewals, &dues},
	{MEASURE_renewals, &dues},
	{MEASURE_referring_customers, &dues},
	{MEASURE_followers, &social},
	{MEASURE_engagement, &social},
};

/* KPIs whose parts are made of several measures. */
static const struct {
	const char *kpi;
	struct members part[PARTS];
} by_kpi[] = {
	{"nps", {{&surveys, "nps_balance"}, {&surveys, "nps_answers"}}},
	{"gross_margin", {{&orders, "gross_margin"}}},
	{"clv_simple", {{&value, "acquired_simple"}, {&value, "acquired_customers"}}},
	{"clv_historic", {{&value, "acquired_historic"}, {&value, "acquired_customers"}}},
	{"referral_value", {{&referred, "referred_margin"}}},
};

static const char *const part_names[PARTS] = {
	[PART_NUMERATOR] = "numerator",
	[PART_DENOMINATOR] = "denominator",
};

const char *part_name(enum kpi_part part)
{
	return part_names[part];
}

struct members members_of(const struct kpi *kpi, const struct kpi_terms *terms, enum kpi_part part)
{
	enum measure measure = part == PART_NUMERATOR ? terms->num : terms->den;

	for (size_t i = 0; i < COUNTOF(by_kpi); i++) {
		if (strcmp(by_kpi[i].kpi, kpi->name) == 0)
			return by_kpi[i].part[part];
	}
	for (size_t i = 0; i < COUNTOF(by_measure); i++) {
		if (by_measure[i].measure == measure)
			return (struct members){.list = by_measure[i].list, .measure = measure_name(measure)};
	}
	return (struct members){.list = NULL};
}

/* ---- /v1/kpis/{name}/members ---- */

struct request {
	struct page page;
	struct members members;
	char first[DAY_TEXT], past[DAY_TEXT];
};

static bool plan(struct report *r)
{
	struct request *request = r->cls;
	struct segment_read *read = report_slot(r);

	if (!read)
		return false;
	day_format(r->window.from, request->first);
	day_format(r->window.to, request->past);
	*read = (struct segment_read){.query = request->members.list->query, .arg_count = PAGE_ARGS};
	page_args(&request->page, read->args);
	read->args[read->arg_count++] = request->members.measure;
	read->args[read->arg_count++] = request->first;
	read->args[read->arg_count++] = request->past;
	if (request->members.list->has_until)
		read->args[read->arg_count++] = r->cut[CUT_WHOLE].until;
	return true;
}

static void answer(struct report *r, const struct db_answer *got)
{
	const struct request *request = r->cls;

	page_reply(&request->page, got, 1); /* behind the settings */
}

/* false: answered */
static bool find_members(struct report *r, struct request *request)
{
	const char *part = call_param(r->call, "part");
	enum kpi_part asked =
		part && strcmp(part, part_name(PART_DENOMINATOR)) == 0 ? PART_DENOMINATOR : PART_NUMERATOR;
	enum kpi_part other = asked == PART_NUMERATOR ? PART_DENOMINATOR : PART_NUMERATOR;

	request->members = members_of(r->kpi, r->terms, asked);
	if (request->members.list)
		return true;
	if (members_of(r->kpi, r->terms, other).list)
		refuse_parameter(r->call, "part", "enum", "this KPI can list the facts of its %s alone",
				 part_name(other));
	else
		call_problem(r->call, PROBLEM_not_found, NULL,
			     "this KPI is not a sum over single facts, so it has no members");
	return false;
}

void kpi_member_list(struct api *api, struct call *call)
{
	const struct kpi *kpi = kpi_param(call);
	struct report *r = kpi ? report_new(api, call) : NULL;
	struct request *request = r ? arena_alloc(call_arena(call), sizeof(*request)) : NULL;

	if (!r)
		return;
	r->plan = plan;
	r->answer = answer;
	r->kpi = kpi;
	r->cls = request;
	if (!request)
		call_out_of_memory(call);
	else if (kpi_params_read(r) && find_members(r, request) &&
		 page_open(&request->page, call, request->members.list->order)) {
		report_start(r);
		return;
	}
	report_free(r);
}
