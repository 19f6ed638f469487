/*
 * The value of one customer.
 *
 *   simple     = net sales - costs
 *   historic   = margin - costs
 *   predictive = orders / months observed x average order value x margin / net sales x lifetime
 *
 * The parts are those of value.c, of one person instead of all that were acquired.
 */
#include "ciclo/kpi/customer.h"

#include "model.h"

/* A first order of yesterday says little about a month: less than one counts as one. */
static struct figure months_observed(const struct measures *facts)
{
	struct figure months = value_months_observed(facts);

	if (facts->of[MEASURE_orders] == 0)
		months.known = false;
	return months.known && months.value.num < months.value.den ? figure_of(1) : months;
}

static const char *unpredictable(const struct measures *facts, const struct kpi_context *context)
{
	if (facts->of[MEASURE_converted_orders] == 0)
		return "no_orders";
	if (facts->of[MEASURE_acquired_net] <= 0)
		return "no_net_sales";
	if (context->lifetime_months.known)
		return NULL;
	if (facts->of[MEASURE_previous_customers] == 0)
		return "no_previous_customers";
	return facts->of[MEASURE_lost_customers] == 0 ? "churn_is_zero" : NULL;
}

static void predict(const struct measures *facts, const struct kpi_context *context,
		    struct customer_value *value)
{
	struct figure share = figure_div(value->gross_margin, value->net_sales);

	value->reason = unpredictable(facts, context);
	if (value->reason)
		return;
	value->predictive = figure_mul(figure_mul(value->orders_per_month, value->average_order_value),
				       figure_mul(share, value->lifetime_months));
	value->reason = value->predictive.known ? NULL : "out_of_range";
}

struct customer_value customer_value_of(const struct measures *facts, const struct kpi_context *context)
{
	struct sales sales = sales_acquired(facts);
	struct customer_value value = {
		.orders = facts->of[MEASURE_orders],
		.net_sales = figure_of(sales.net),
		.gross_margin = sales_margin(sales, context->declared_margin),
		.costs = figure_of(facts->of[MEASURE_acquired_costs]),
		.known_cost_share = figure_share(sales.with_cost, sales.net),
		.average_order_value =
			figure_share(facts->of[MEASURE_sales], facts->of[MEASURE_converted_orders]),
		.months_observed = months_observed(facts),
		.lifetime_months = value_lifetime(facts, context),
		.test = facts->of[MEASURE_test_orders],
		.unconverted = facts->of[MEASURE_unconverted_acquired] + facts->of[MEASURE_unconverted_costs],
	};

	value.orders_per_month = figure_div(figure_of(value.orders), value.months_observed);
	value.simple = figure_sub(value.net_sales, value.costs);
	value.historic = figure_sub(value.gross_margin, value.costs);
	predict(facts, context, &value);
	return value;
}
