/*
 * Gross margin and the customer lifetime values. All money is in minor units of the base currency.
 *
 *   margin      = net sales whose cost is known - that cost + the rest x the declared margin
 *   simple      = (net sales - costs) / acquired customers
 *   historic    = (margin - costs) / acquired customers
 *   predictive  = orders / (active customers x months) x sales / orders x margin / net sales x lifetime
 *   lifetime    = what the shop says, else 1 / monthly churn, monthly churn being churn of the window / its months
 *   to_cac      = historic / customer acquisition cost
 *   payback     = mean months since the first order x customer acquisition cost / historic
 *
 * Predictive and churn count months of the calendar (a calendar year is 12). A customer's own time since the first
 * order is taken in mean months of the Gregorian calendar (400 years are 146,097 days and 4,800 months).
 */
#include "model.h"

struct figure sales_margin(struct sales s, struct ratio declared)
{
	return figure_add(figure_of(s.with_cost - s.cost),
			  figure_mul(figure_of(s.net - s.with_cost), figure_exact(declared)));
}

static struct sales window_sales(const struct kpi_input *in)
{
	return (struct sales){.net = fact(in, MEASURE_net_sales),
			      .with_cost = fact(in, MEASURE_net_with_cost),
			      .cost = fact(in, MEASURE_cost)};
}

struct sales sales_acquired(const struct measures *facts)
{
	return (struct sales){.net = facts->of[MEASURE_acquired_net],
			      .with_cost = facts->of[MEASURE_acquired_net_with_cost],
			      .cost = facts->of[MEASURE_acquired_cost]};
}

/* What the acquired customers are worth so far, all together: margin - costs. */
static struct figure acquired_value(const struct kpi_input *in)
{
	return figure_sub(sales_margin(sales_acquired(in->facts), in->context->declared_margin),
			  figure_of(fact(in, MEASURE_acquired_costs)));
}

/* How much of a margin is known, and what stands in for the rest. */
static void detail_margin(const struct kpi_input *in, struct sales s, struct kpi_result *out)
{
	model_detail(out, "known_cost_share", figure_share(s.with_cost, s.net), SHARE_PLACES);
	model_detail(out, "declared_share", figure_share(s.net - s.with_cost, s.net), SHARE_PLACES);
	model_detail(out, "declared_margin", figure_exact(in->context->declared_margin), SHARE_PLACES);
}

static void margin_of_sales(const struct kpi_input *in, struct sales sales, struct kpi_result *out)
{
	out->numerator = sales_margin(sales, in->context->declared_margin);
	out->value = out->numerator;
	out->reason = out->value.known ? NULL : "out_of_range";
	detail_margin(in, sales, out);
}

void model_gross_margin(const struct kpi_input *in, struct kpi_result *out)
{
	margin_of_sales(in, window_sales(in), out);
}

void model_referral_value(const struct kpi_input *in, struct kpi_result *out)
{
	struct sales sales = {.net = fact(in, MEASURE_referred_net),
			      .with_cost = fact(in, MEASURE_referred_net_with_cost),
			      .cost = fact(in, MEASURE_referred_cost)};

	margin_of_sales(in, sales, out);
}

static void detail_costs(const struct kpi_input *in, struct kpi_result *out)
{
	model_detail(out, "costs", figure_of(fact(in, MEASURE_acquired_costs)), PART_PLACES);
}

void model_clv_simple(const struct kpi_input *in, struct kpi_result *out)
{
	model_divide(in, figure_of(fact(in, MEASURE_acquired_net) - fact(in, MEASURE_acquired_costs)),
		     figure_of(fact(in, MEASURE_acquired_customers)), out);
	detail_costs(in, out);
}

static struct figure historic(const struct kpi_input *in)
{
	return figure_div(acquired_value(in), figure_of(fact(in, MEASURE_acquired_customers)));
}

void model_clv_historic(const struct kpi_input *in, struct kpi_result *out)
{
	model_divide(in, acquired_value(in), figure_of(fact(in, MEASURE_acquired_customers)), out);
	detail_costs(in, out);
	detail_margin(in, sales_acquired(in->facts), out);
}

/* months x previous / lost = 1 / (lost / previous / months). */
struct figure value_lifetime(const struct measures *facts, const struct kpi_context *context)
{
	if (context->lifetime_months.known)
		return context->lifetime_months;
	return figure_mul(
		figure_exact(window_months(context->window)),
		figure_share(facts->of[MEASURE_previous_customers], facts->of[MEASURE_lost_customers]));
}

static const char *unpredictable(const struct kpi_input *in)
{
	if (fact(in, MEASURE_converted_orders) == 0)
		return in->kpi->empty;
	if (fact(in, MEASURE_net_sales) <= 0)
		return "no_net_sales";
	if (in->context->lifetime_months.known)
		return NULL;
	if (fact(in, MEASURE_previous_customers) == 0)
		return "no_previous_customers";
	return fact(in, MEASURE_lost_customers) == 0 ? "churn_is_zero" : NULL;
}

void model_clv_predictive(const struct kpi_input *in, struct kpi_result *out)
{
	struct sales sales = window_sales(in);
	struct figure customers = figure_of(fact(in, MEASURE_active_customers));
	struct figure orders = figure_div(figure_div(figure_of(fact(in, MEASURE_orders)), customers),
					  figure_exact(window_months(in->context->window)));
	struct figure order = figure_share(fact(in, MEASURE_sales), fact(in, MEASURE_converted_orders));
	struct figure share =
		figure_div(sales_margin(sales, in->context->declared_margin), figure_of(sales.net));
	struct figure months = value_lifetime(in->facts, in->context);

	out->reason = unpredictable(in);
	if (!out->reason) {
		out->value = figure_mul(figure_mul(orders, order), figure_mul(share, months));
		out->numerator = figure_mul(out->value, customers);
		out->reason = out->value.known ? NULL : "out_of_range";
	}
	out->denominator = customers;
	model_detail(out, "orders_per_customer_and_month", orders, unit_places(UNIT_NUMBER));
	model_detail(out, "average_order_value", order, unit_places(UNIT_MONEY));
	model_detail(out, "gross_margin_share", share, SHARE_PLACES);
	model_detail(out, "lifetime_months", months, unit_places(UNIT_MONTHS));
	detail_margin(in, sales, out);
}

static struct figure acquisition_cost(const struct kpi_input *in)
{
	return figure_share(fact(in, MEASURE_marketing_spend), fact(in, MEASURE_new_customers));
}

/* Both sides of a comparison of CLV with CAC need customers; says so when there are none. */
static bool has_customers(const struct kpi_input *in, struct kpi_result *out)
{
	bool ok = fact(in, MEASURE_acquired_customers) > 0 && fact(in, MEASURE_new_customers) > 0;

	out->reason = ok ? NULL : in->kpi->empty;
	return ok;
}

/* What acquiring the acquired customers cost, all together. */
static struct figure acquisition_total(const struct kpi_input *in)
{
	return figure_mul(acquisition_cost(in), figure_of(fact(in, MEASURE_acquired_customers)));
}

/* Both sides are shown for all acquired customers, so that they are whole amounts wherever they can be. */
void model_clv_to_cac(const struct kpi_input *in, struct kpi_result *out)
{
	if (has_customers(in, out)) {
		model_divide(in, acquired_value(in), acquisition_total(in), out);
		if (fact(in, MEASURE_marketing_spend) == 0)
			out->reason = "no_marketing_spend";
	}
	model_detail(out, "clv_historic", historic(in), unit_places(UNIT_MONEY));
	model_detail(out, "customer_acquisition_cost", acquisition_cost(in), unit_places(UNIT_MONEY));
	detail_costs(in, out);
	detail_margin(in, sales_acquired(in->facts), out);
}

struct figure value_months_observed(const struct measures *facts)
{
	const int128 us_per_4800_months = (int128)146097 * 86400 * 1000000;
	struct figure each =
		figure_share(facts->of[MEASURE_acquired_observed_us], facts->of[MEASURE_acquired_customers]);

	return figure_mul(each, figure_share(4800, us_per_4800_months));
}

/* Months x cost / value, and not cost / (value / months): both sides are large, so rounding them hides nothing. */
void model_payback(const struct kpi_input *in, struct kpi_result *out)
{
	struct figure value = acquired_value(in);
	struct figure months = value_months_observed(in->facts);

	if (has_customers(in, out)) {
		model_divide(in, figure_mul(months, acquisition_total(in)), value, out);
		if (value.known && value.value.num <= 0) {
			out->value.known = false;
			out->reason = "no_margin";
		}
	}
	model_detail(out, "clv_historic", historic(in), unit_places(UNIT_MONEY));
	model_detail(out, "customer_acquisition_cost", acquisition_cost(in), unit_places(UNIT_MONEY));
	model_detail(out, "months_observed", months, unit_places(UNIT_MONTHS));
	detail_costs(in, out);
	detail_margin(in, sales_acquired(in->facts), out);
}
