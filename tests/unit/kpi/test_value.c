/* Gross margin and lifetime values, with the numbers worked out by hand. */
#include "suites.h"

#include "ciclo/base/time.h"

/* One customer, 12 orders of 50.00 in a calendar year. */
static struct measures twelve_orders(void)
{
	return (struct measures){.of = {[MEASURE_orders] = 12,
					[MEASURE_converted_orders] = 12,
					[MEASURE_sales] = 60000,
					[MEASURE_net_sales] = 60000,
					[MEASURE_active_customers] = 1}};
}

START_TEST(kept_for_eight_years)
{
	struct measures facts = twelve_orders();
	struct kpi_context context = year_2026();
	struct kpi_result result;

	context.lifetime_months = figure_of(96);
	result = compute("clv_predictive", &facts, &context);
	ck_assert_str_eq(text_of(result.value, 4), "480000");
	ck_assert_str_eq(text_of(result.numerator, 4), "480000");
	ck_assert_str_eq(text_of(result.denominator, 4), "1");
	ck_assert_str_eq(detail_of(&result, "orders_per_customer_and_month"), "1");
	ck_assert_str_eq(detail_of(&result, "average_order_value"), "5000");
	ck_assert_str_eq(detail_of(&result, "lifetime_months"), "96");
}
END_TEST

/* 4 of 10 customers lost in 12 months: churn 0.4 / 12 a month, a life of 30 months. */
START_TEST(lifetime_from_churn)
{
	struct measures facts = twelve_orders();
	struct kpi_result result;

	facts.of[MEASURE_previous_customers] = 10;
	facts.of[MEASURE_lost_customers] = 4;
	result = compute("clv_predictive", &facts, NULL);
	ck_assert_str_eq(detail_of(&result, "lifetime_months"), "30");
	ck_assert_str_eq(text_of(result.value, 4), "150000");
}
END_TEST

START_TEST(half_the_margin_halves_the_value)
{
	struct measures facts = twelve_orders();
	struct kpi_context context = year_2026();

	context.lifetime_months = figure_of(96);
	context.declared_margin = ratio_make(1, 2);
	ck_assert_str_eq(text_of(compute("clv_predictive", &facts, &context).value, 4), "240000");
}
END_TEST

/* Why there may be no prediction, in the order in which it is asked. */
START_TEST(no_prediction)
{
	struct measures facts = twelve_orders();
	struct kpi_result result = compute("clv_predictive", &facts, NULL);

	ck_assert(!result.value.known);
	ck_assert_str_eq(result.reason, "no_previous_customers");
	facts.of[MEASURE_previous_customers] = 3;
	ck_assert_str_eq(compute("clv_predictive", &facts, NULL).reason, "churn_is_zero");
	facts.of[MEASURE_net_sales] = 0;
	ck_assert_str_eq(compute("clv_predictive", &facts, NULL).reason, "no_net_sales");
	facts.of[MEASURE_converted_orders] = 0;
	ck_assert_str_eq(compute("clv_predictive", &facts, NULL).reason, "no_orders");
}
END_TEST

/* Sales 1,000 of which 600 have a known cost of 200; the rest at 35 %: 400 + 140. */
START_TEST(margin_known_and_declared)
{
	struct measures facts = {
		.of = {[MEASURE_net_sales] = 1000, [MEASURE_net_with_cost] = 600, [MEASURE_cost] = 200}};
	struct kpi_context context = year_2026();
	struct kpi_result result;

	context.declared_margin = ratio_make(35, 100);
	result = compute("gross_margin", &facts, &context);
	ck_assert_str_eq(text_of(result.value, 4), "540");
	ck_assert_str_eq(text_of(result.numerator, 4), "540");
	ck_assert(!result.denominator.known);
	ck_assert_str_eq(detail_of(&result, "known_cost_share"), "0.6");
	ck_assert_str_eq(detail_of(&result, "declared_share"), "0.4");
	ck_assert_str_eq(detail_of(&result, "declared_margin"), "0.35");
}
END_TEST

START_TEST(margin_of_nothing_is_zero_with_unknown_shares)
{
	struct measures facts = {0};
	struct kpi_result result = compute("gross_margin", &facts, NULL);

	ck_assert_str_eq(text_of(result.value, 4), "0");
	ck_assert_str_eq(detail_of(&result, "known_cost_share"), "null");
}
END_TEST

/* 80.00 a year for 5 years, at no cost. */
START_TEST(flowers_every_year)
{
	struct measures facts = {.of = {[MEASURE_acquired_customers] = 1, [MEASURE_acquired_net] = 40000}};

	ck_assert_str_eq(text_of(compute("clv_simple", &facts, NULL).value, 4), "40000");
	ck_assert_str_eq(text_of(compute("clv_historic", &facts, NULL).value, 4), "40000");
}
END_TEST

/* Two customers: sales 1,001, all with cost 300: margin 701, mean 350.5. */
START_TEST(historic_takes_the_cost_off)
{
	struct measures facts = {.of = {[MEASURE_acquired_customers] = 2,
					[MEASURE_acquired_net] = 1001,
					[MEASURE_acquired_net_with_cost] = 1001,
					[MEASURE_acquired_cost] = 300}};
	struct kpi_result result = compute("clv_historic", &facts, NULL);

	ck_assert_str_eq(text_of(result.value, 4), "350.5");
	ck_assert_str_eq(text_of(result.numerator, 4), "701");
	ck_assert_str_eq(text_of(result.denominator, 4), "2");
	ck_assert_str_eq(text_of(compute("clv_simple", &facts, NULL).value, 4), "500.5");
}
END_TEST

/* The same two customers cost 101 beside the goods; 3 costs and 2 orders are in another currency. */
START_TEST(costs_are_taken_off)
{
	struct measures facts = {.of = {[MEASURE_acquired_customers] = 2,
					[MEASURE_new_customers] = 2,
					[MEASURE_acquired_net] = 1001,
					[MEASURE_acquired_net_with_cost] = 1001,
					[MEASURE_acquired_cost] = 300,
					[MEASURE_acquired_costs] = 101,
					[MEASURE_unconverted_costs] = 3,
					[MEASURE_unconverted_acquired] = 2,
					[MEASURE_unconverted_spend] = 1,
					[MEASURE_marketing_spend] = 400}};
	struct kpi_result result = compute("clv_simple", &facts, NULL);

	ck_assert_str_eq(text_of(result.value, 4), "450");
	ck_assert_str_eq(text_of(result.numerator, 4), "900");
	ck_assert_str_eq(detail_of(&result, "costs"), "101");
	ck_assert_int_eq((int64_t)result.unconverted, 5);
	result = compute("clv_historic", &facts, NULL);
	ck_assert_str_eq(text_of(result.value, 4), "300");
	ck_assert_str_eq(detail_of(&result, "costs"), "101");
	result = compute("clv_to_cac", &facts, NULL);
	ck_assert_str_eq(text_of(result.value, 6), "1.5");
	ck_assert_str_eq(detail_of(&result, "clv_historic"), "300");
	ck_assert_int_eq((int64_t)result.unconverted, 6);
	facts.of[MEASURE_acquired_costs] = 701;
	ck_assert_str_eq(compute("cac_payback_months", &facts, NULL).reason, "no_margin");
}
END_TEST

/* Referred persons: sales 1,000 of which 600 have a known cost of 200; the rest at 35 %: 400 + 140. */
START_TEST(referral_value_is_a_margin)
{
	struct measures facts = {.of = {[MEASURE_referred_net] = 1000,
					[MEASURE_referred_net_with_cost] = 600,
					[MEASURE_referred_cost] = 200,
					[MEASURE_net_sales] = 77777,
					[MEASURE_unconverted_referred] = 4}};
	struct kpi_context context = year_2026();
	struct kpi_result result;

	context.declared_margin = ratio_make(35, 100);
	result = compute("referral_value", &facts, &context);
	ck_assert_str_eq(text_of(result.value, 4), "540");
	ck_assert_str_eq(detail_of(&result, "known_cost_share"), "0.6");
	ck_assert_int_eq((int64_t)result.unconverted, 4);
}
END_TEST

/* Acquiring costs 150.00 and the customer spends 100.00. */
START_TEST(customer_that_costs_more_than_it_brings)
{
	struct measures facts = {.of = {[MEASURE_acquired_customers] = 1,
					[MEASURE_new_customers] = 1,
					[MEASURE_acquired_net] = 10000,
					[MEASURE_marketing_spend] = 15000}};
	struct kpi_result result = compute("clv_to_cac", &facts, NULL);

	ck_assert_str_eq(text_of(result.value, 6), "0.666667");
	ck_assert_str_eq(text_of(result.numerator, 4), "10000");
	ck_assert_str_eq(text_of(result.denominator, 4), "15000");
}
END_TEST

START_TEST(nothing_to_compare_with)
{
	struct measures facts = {.of = {[MEASURE_acquired_customers] = 1, [MEASURE_acquired_net] = 10000}};

	ck_assert_str_eq(compute("clv_to_cac", &facts, NULL).reason, "no_new_customers");
	facts.of[MEASURE_new_customers] = 1;
	ck_assert_str_eq(compute("clv_to_cac", &facts, NULL).reason, "no_marketing_spend");
}
END_TEST

/* Two customers observed for 10 and 14 mean months, 12 on average, brought 1,200 each: 100 a month.
 * Each cost 250 to acquire. */
START_TEST(payback)
{
	const int64_t month = INT64_C(146097) * 86400 * 1000000 / 4800;
	struct measures facts = {.of = {[MEASURE_acquired_customers] = 2,
					[MEASURE_new_customers] = 2,
					[MEASURE_acquired_observed_us] = 24 * month,
					[MEASURE_acquired_net] = 2400,
					[MEASURE_marketing_spend] = 500}};
	struct kpi_result result = compute("cac_payback_months", &facts, NULL);

	ck_assert_str_eq(text_of(result.value, 6), "2.5");
	ck_assert_str_eq(text_of(result.numerator, 4), "6000");
	ck_assert_str_eq(text_of(result.denominator, 4), "2400");
	ck_assert_str_eq(detail_of(&result, "customer_acquisition_cost"), "250");
	ck_assert_str_eq(detail_of(&result, "months_observed"), "12");
}
END_TEST

START_TEST(no_margin_no_payback)
{
	struct measures facts = {.of = {[MEASURE_acquired_customers] = 1,
					[MEASURE_new_customers] = 1,
					[MEASURE_acquired_observed_us] = 1000,
					[MEASURE_acquired_net] = 0,
					[MEASURE_marketing_spend] = 500}};

	ck_assert_str_eq(compute("cac_payback_months", &facts, NULL).reason, "no_margin");
	facts.of[MEASURE_acquired_net] = -5;
	ck_assert_str_eq(compute("cac_payback_months", &facts, NULL).reason, "no_margin");
	ck_assert(!compute("cac_payback_months", &facts, NULL).value.known);
}
END_TEST

/* What passes 127 bits is null with a reason, not a wrong number. */
START_TEST(out_of_range)
{
	struct measures facts = twelve_orders();
	struct kpi_context context = year_2026();

	facts.of[MEASURE_sales] = ((int128)1 << 126) - 1;
	context.lifetime_months = figure_of(96);
	ck_assert_str_eq(compute("clv_predictive", &facts, &context).reason, "out_of_range");
}
END_TEST

Suite *value_suite(void)
{
	const TTest *const all[] = {
		kept_for_eight_years,
		lifetime_from_churn,
		half_the_margin_halves_the_value,
		no_prediction,
		margin_known_and_declared,
		margin_of_nothing_is_zero_with_unknown_shares,
		flowers_every_year,
		historic_takes_the_cost_off,
		costs_are_taken_off,
		referral_value_is_a_margin,
		customer_that_costs_more_than_it_brings,
		nothing_to_compare_with,
		payback,
		no_margin_no_payback,
		out_of_range,
	};
	Suite *suite = suite_create("value");
	TCase *tests = tcase_create("value");

	for (size_t i = 0; i < COUNTOF(all); i++)
		tcase_add_test(tests, all[i]);
	suite_add_tcase(suite, tests);
	return suite;
}
