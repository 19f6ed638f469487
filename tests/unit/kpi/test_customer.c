/* The value of one customer, with the numbers worked out by hand. */
#include "suites.h"

#include "ciclo/kpi/customer.h"

static const int64_t month = INT64_C(146097) * 86400 * 1000000 / 4800;

/* Two orders of 3,000 (cost 1,000) and 1,000 (cost unknown, half of it refunded), seen for ten months; costs 200. */
static struct measures two_orders(void)
{
	return (struct measures){.of = {[MEASURE_orders] = 2,
					[MEASURE_converted_orders] = 2,
					[MEASURE_sales] = 4000,
					[MEASURE_test_orders] = 1,
					[MEASURE_acquired_customers] = 1,
					[MEASURE_acquired_observed_us] = 10 * month,
					[MEASURE_acquired_net] = 3500,
					[MEASURE_acquired_net_with_cost] = 3000,
					[MEASURE_acquired_cost] = 1000,
					[MEASURE_acquired_costs] = 200,
					[MEASURE_unconverted_acquired] = 3,
					[MEASURE_unconverted_costs] = 4}};
}

static struct kpi_context half_margin(void)
{
	struct kpi_context context = year_2026();

	context.declared_margin = ratio_make(1, 2);
	return context;
}

/* Margin 2,000 + 250; 2 orders in 10 months x 2,000 x 2,250 / 3,500 x 14 months. */
START_TEST(three_values_and_their_parts)
{
	struct measures facts = two_orders();
	struct kpi_context context = half_margin();
	struct customer_value value;

	context.lifetime_months = figure_of(14);
	value = customer_value_of(&facts, &context);
	ck_assert_str_eq(text_of(value.simple, 4), "3300");
	ck_assert_str_eq(text_of(value.historic, 4), "2050");
	ck_assert_str_eq(text_of(value.predictive, 4), "3600");
	ck_assert_ptr_null(value.reason);
	ck_assert_str_eq(text_of(value.gross_margin, 4), "2250");
	ck_assert_str_eq(text_of(value.known_cost_share, 6), "0.857143");
	ck_assert_str_eq(text_of(value.average_order_value, 4), "2000");
	ck_assert_str_eq(text_of(value.orders_per_month, 6), "0.2");
	ck_assert_int_eq((int64_t)value.test, 1);
	ck_assert_int_eq((int64_t)value.unconverted, 7);
}
END_TEST

/* 1 of 4 lost in the 12 months of the window: 48 months. */
START_TEST(lifetime_from_churn_of_the_shop)
{
	struct measures facts = two_orders();
	struct kpi_context context = half_margin();
	struct customer_value value;

	facts.of[MEASURE_previous_customers] = 4;
	facts.of[MEASURE_lost_customers] = 1;
	value = customer_value_of(&facts, &context);
	ck_assert_str_eq(text_of(value.lifetime_months, 4), "48");
	ck_assert_str_eq(text_of(value.predictive, 4), "12342.8571");
}
END_TEST

START_TEST(less_than_a_month_counts_as_one)
{
	struct measures facts = two_orders();
	struct kpi_context context = half_margin();
	struct customer_value value;

	facts.of[MEASURE_acquired_observed_us] = month - 1;
	value = customer_value_of(&facts, &context);
	ck_assert_str_eq(text_of(value.months_observed, 4), "1");
	ck_assert_str_eq(text_of(value.orders_per_month, 4), "2");
}
END_TEST

/* Why there may be no prediction, in the order in which it is asked; the other two are always there. */
START_TEST(no_prediction)
{
	struct measures facts = two_orders();
	struct kpi_context context = half_margin();
	struct customer_value value = customer_value_of(&facts, &context);

	ck_assert(!value.predictive.known);
	ck_assert_str_eq(value.reason, "no_previous_customers");
	facts.of[MEASURE_previous_customers] = 3;
	ck_assert_str_eq(customer_value_of(&facts, &context).reason, "churn_is_zero");
	facts.of[MEASURE_acquired_net] = 0;
	facts.of[MEASURE_acquired_net_with_cost] = 0;
	ck_assert_str_eq(customer_value_of(&facts, &context).reason, "no_net_sales");
	facts = (struct measures){.of = {[MEASURE_acquired_customers] = 1, [MEASURE_acquired_costs] = 30}};
	value = customer_value_of(&facts, &context);
	ck_assert_str_eq(value.reason, "no_orders");
	ck_assert(!value.months_observed.known);
	ck_assert(!value.orders_per_month.known);
	ck_assert(!value.average_order_value.known);
	ck_assert_str_eq(text_of(value.simple, 4), "-30");
	ck_assert_str_eq(text_of(value.historic, 4), "-30");
}
END_TEST

Suite *customer_suite(void)
{
	Suite *suite = suite_create("customer");
	TCase *tests = tcase_create("customer");

	tcase_add_test(tests, three_values_and_their_parts);
	tcase_add_test(tests, lifetime_from_churn_of_the_shop);
	tcase_add_test(tests, less_than_a_month_counts_as_one);
	tcase_add_test(tests, no_prediction);
	suite_add_tcase(suite, tests);
	return suite;
}
