/*
 * /v1/customers/{ref}/value: the three lifetime values of one customer.
 *
 * A report of one read, and, when the request does not say how long a customer stays, of the customers that the shop
 * kept and lost in the year until that day.
 */
#include <string.h>

#include "ciclo/kpi/customer.h"
#include "handlers.h"
#include "kpi_params.h"
#include "kpi_render.h"
#include "reference.h"

enum { CHURN_DAYS = 365, READ_CUSTOMER = 1 };

enum column { COLUMN_ID, COLUMN_ERASED, COLUMN_FIRST_MEASURE };

/* The customers of the window whose churn says how long a customer stays; none where the calendar has no such year. */
static bool plan_lifetime(struct report *r)
{
	static const struct measure_set churn = {
		.has = {[MEASURE_previous_customers] = true, [MEASURE_lost_customers] = true}};
	struct window year = {.from = r->until + 1 - CHURN_DAYS, .to = r->until + 1};

	if (year.from < day_from_civil(1, 1, 1) || year.to > day_from_civil(9999, 12, 31))
		return true;
	if (!report_set_window(r, year))
		return false;
	return report_measures(r, CUT_ALL, &churn);
}

static bool plan(struct report *r)
{
	const struct reference *ref = r->cls;
	bool by_id = ref->table == REF_CUSTOMER;
	struct segment_read *read = report_slot(r);

	if (!read)
		return false;
	*read = (struct segment_read){.query = Q_CUSTOMER_VALUE_GET,
				      .arg_count = 4,
				      .args = {by_id ? ref->value : NULL, by_id ? NULL : ref->kind,
					       by_id ? NULL : ref->value, r->cut[CUT_WHOLE].until}};
	return r->lifetime_months.known || plan_lifetime(r);
}

/* The measures of the person, beside those of the shop; the other columns are all. */
static bool read_measures(const struct report *r, const struct db_answer *answer, struct measures *ret)
{
	if (!report_facts(r, answer, CUT_WHOLE, 0, ret))
		return false;
	for (size_t column = COLUMN_FIRST_MEASURE; column < db_columns(answer, READ_CUSTOMER); column++) {
		enum measure m = measure_find(db_column_name(answer, READ_CUSTOMER, column));
		const char *cell = db_cell(answer, READ_CUSTOMER, 0, column);

		if (m == MEASURE_NONE || !cell || !measure_parse(cell, &ret->of[m]))
			return false;
	}
	return true;
}

static json_t *reasons_json(const struct customer_value *value)
{
	const struct {
		const char *name, *reason;
		bool known;
	} all[] = {{"clv_simple", "out_of_range", value->simple.known},
		   {"clv_historic", "out_of_range", value->historic.known},
		   {"clv_predictive", value->reason, value->predictive.known}};
	json_t *doc = json_object();

	for (size_t i = 0; i < COUNTOF(all); i++) {
		if (!all[i].known)
			json_object_set_new(doc, all[i].name, json_string(all[i].reason));
	}
	return doc;
}

static json_t *value_json(const struct report *r, const char *id, const struct customer_value *value)
{
	const struct {
		const char *name;
		struct figure figure;
		enum unit unit;
	} parts[] = {
		{"clv_simple", value->simple, UNIT_MONEY},
		{"clv_historic", value->historic, UNIT_MONEY},
		{"clv_predictive", value->predictive, UNIT_MONEY},
		{"orders", figure_of(value->orders), UNIT_COUNT},
		{"net_sales", value->net_sales, UNIT_MONEY},
		{"gross_margin", value->gross_margin, UNIT_MONEY},
		{"costs", value->costs, UNIT_MONEY},
		{"known_cost_share", value->known_cost_share, UNIT_RATIO},
		{"declared_margin", figure_exact(r->shop.declared_margin), UNIT_RATIO},
		{"average_order_value", value->average_order_value, UNIT_MONEY},
		{"months_observed", value->months_observed, UNIT_MONTHS},
		{"orders_per_month", value->orders_per_month, UNIT_NUMBER},
		{"lifetime_months", value->lifetime_months, UNIT_MONTHS},
	};
	json_t *doc = json_object(), *excluded = json_object();

	json_object_set_new(doc, "customer_id", json_string(id));
	json_object_set_new(doc, "until", json_string(r->cut[CUT_WHOLE].until));
	json_object_set_new(doc, "time_zone", json_string(r->shop.time_zone));
	json_object_set_new(doc, "currency", json_string(r->shop.base_currency));
	for (size_t i = 0; i < COUNTOF(parts); i++)
		json_object_set_new(doc, parts[i].name,
				    figure_json(parts[i].figure, unit_places(parts[i].unit)));
	json_object_set_new(doc, "reasons", reasons_json(value));
	json_object_set_new(excluded, "test", figure_json(figure_of(value->test), 0));
	json_object_set_new(excluded, "unconverted_currency", figure_json(figure_of(value->unconverted), 0));
	json_object_set_new(doc, "excluded", excluded);
	json_object_set_new(doc, "as_of", json_string(r->shop.as_of));
	return doc;
}

static void answer_value(struct report *r, const struct db_answer *answer)
{
	struct kpi_context context = {
		.window = r->window,
		.declared_margin = r->shop.declared_margin,
		.lifetime_months = r->lifetime_months,
	};
	struct measures facts;
	struct customer_value value;

	if (db_rows(answer, READ_CUSTOMER) == 0) {
		call_problem(r->call, PROBLEM_not_found, NULL, "nothing here has this reference");
		return;
	}
	if (strcmp(db_cell(answer, READ_CUSTOMER, 0, COLUMN_ERASED), "t") == 0) {
		call_problem(r->call, PROBLEM_erased, NULL, "whom this id stood for was erased");
		return;
	}
	if (!read_measures(r, answer, &facts)) {
		refuse_measures(r->call);
		return;
	}
	value = customer_value_of(&facts, &context);
	reply_compared(r->call, value_json(r, db_cell(answer, READ_CUSTOMER, 0, COLUMN_ID), &value),
		       r->shop.as_of);
}

void customer_value_get(struct api *api, struct call *call)
{
	struct reference *ref = arena_alloc(call_arena(call), sizeof(*ref));
	struct report *r;

	if (!ref || !reference_customer(ref, call_param(call, "ref"), call_arena(call))) {
		call_out_of_memory(call);
		return;
	}
	r = report_new(api, call);
	if (!r)
		return;
	r->plan = plan;
	r->answer = answer_value;
	r->cls = ref;
	if (kpi_lifetime_read(r))
		report_start(r);
	else
		report_free(r);
}
