/* The catalogue: every row is complete, and plain rows divide what they say. */
#include "suites.h"

START_TEST(rows_are_complete)
{
	const struct kpi *kpi = kpi_at((size_t)_i);

	ck_assert_ptr_eq(kpi_find(kpi->name), kpi);
	ck_assert_ptr_nonnull(kpi->title);
	ck_assert_ptr_nonnull(kpi->terms.formula);
	ck_assert(kpi->model != NULL);
	ck_assert_int_ge(kpi->version, 1);
	ck_assert_uint_ne(kpi_families(kpi, &kpi->terms), 0);
	ck_assert(kpi->terms.den == MEASURE_NONE || kpi->empty);
	if (_i > 0)
		ck_assert_int_le(kpi_at((size_t)_i - 1)->stage, kpi->stage);
}
END_TEST

/* Nothing happened: sums and counts are 0, everything that divides is null and says why. */
START_TEST(empty_shop)
{
	const struct kpi *kpi = kpi_at((size_t)_i);
	struct measures nothing = {0};
	struct kpi_result result = compute(kpi->name, &nothing, NULL);

	if (kpi->empty) {
		ck_assert(!result.value.known);
		ck_assert_str_eq(result.reason, kpi->empty);
		ck_assert(!result.confidence.known);
	} else {
		ck_assert_str_eq(text_of(result.value, 0), "0");
		ck_assert_ptr_null(result.reason);
	}
}
END_TEST

/* Worked examples that are one division. */
static const struct {
	const char *kpi;
	enum measure num, den;
	int64_t num_value, den_value;
	const char *value;
} plain[] = {
	{"customer_acquisition_cost", MEASURE_marketing_spend, MEASURE_new_customers, 10000000, 5000, "2000"},
	{"cost_per_impression", MEASURE_campaign_spend, MEASURE_impressions, 100000, 10000, "10"},
	{"conversion_rate", MEASURE_conversions, MEASURE_interactions, 100, 2000, "0.05"},
	{"average_order_value", MEASURE_sales, MEASURE_converted_orders, 30000000, 5000, "6000"},
	{"retention_rate", MEASURE_retained_customers, MEASURE_previous_customers, 1, 3, "0.333333"},
	{"churn_rate", MEASURE_lost_customers, MEASURE_previous_customers, 2, 3, "0.666667"},
	{"transaction_frequency", MEASURE_orders, MEASURE_active_customers, 7, 3, "2.333333"},
	{"ces", MEASURE_ces_sum, MEASURE_ces_answers, 17, 3, "5.6667"},
	{"order_value_first", MEASURE_first_sales, MEASURE_first_orders, 1, 80000, "0"},
	{"order_value_repeat", MEASURE_repeat_sales, MEASURE_repeat_orders, 100001, 2, "50000.5"},
	{"average_session_duration", MEASURE_visit_seconds, MEASURE_timed_visits, 100, 3, "33.3333"},
	{"pages_per_session", MEASURE_visit_pages, MEASURE_visits, 14, 4, "3.5"},
	{"bounce_rate", MEASURE_bounces, MEASURE_visits, 1, 3, "0.333333"},
	{"engagement_rate", MEASURE_engagement, MEASURE_followers, 135, 1600, "0.084375"},
	{"cart_abandonment_rate", MEASURE_abandoned_carts, MEASURE_decided_carts, 2, 3, "0.666667"},
	{"cart_recovery_rate", MEASURE_recovered_carts, MEASURE_abandoned_carts, 1, 4, "0.25"},
	{"loyalty_participation_rate", MEASURE_member_customers, MEASURE_active_customers, 2, 5, "0.4"},
	{"subscription_renewal_rate", MEASURE_renewals, MEASURE_due_renewals, 3, 5, "0.6"},
	{"referral_participation_rate", MEASURE_referring_customers, MEASURE_active_customers, 3, 2, "1.5"},
	{"average_rating", MEASURE_rating_sum, MEASURE_reviews, 10, 3, "3.3333"},
};

START_TEST(one_division)
{
	struct measures facts = {0};
	struct kpi_result result;

	facts.of[plain[_i].num] = plain[_i].num_value;
	facts.of[plain[_i].den] = plain[_i].den_value;
	result = compute(plain[_i].kpi, &facts, NULL);
	ck_assert_str_eq(text_of(result.value, unit_places(kpi_find(plain[_i].kpi)->unit)), plain[_i].value);
	ck_assert_int_eq((int64_t)result.numerator.value.num, plain[_i].num_value);
	ck_assert_int_eq((int64_t)result.denominator.value.num, plain[_i].den_value);
	ck_assert_ptr_null(result.reason);
}
END_TEST

START_TEST(proportion_has_an_interval)
{
	struct measures facts = {.of = {[MEASURE_csat_satisfied] = 10, [MEASURE_csat_answers] = 100}};
	struct kpi_result result = compute("csat", &facts, NULL);

	ck_assert(result.confidence.known);
	ck_assert_str_eq(text_of(figure_exact(result.confidence.low), 6), "0.055229");
}
END_TEST

/* Who refers need not be active: then it is no proportion. Engagement never is one: one follower may do much. */
START_TEST(no_proportion_no_interval)
{
	struct measures facts = {.of = {[MEASURE_referring_customers] = 3,
					[MEASURE_active_customers] = 2,
					[MEASURE_engagement] = 1,
					[MEASURE_followers] = 10}};

	ck_assert(!compute("referral_participation_rate", &facts, NULL).confidence.known);
	ck_assert(!compute("engagement_rate", &facts, NULL).confidence.known);
	facts.of[MEASURE_referring_customers] = 1;
	ck_assert(compute("referral_participation_rate", &facts, NULL).confidence.known);
}
END_TEST

START_TEST(count_is_its_own_numerator)
{
	struct measures facts = {.of = {[MEASURE_orders] = 42, [MEASURE_test_orders] = 3}};
	struct kpi_result result = compute("orders", &facts, NULL);

	ck_assert_str_eq(text_of(result.value, 0), "42");
	ck_assert_str_eq(text_of(result.numerator, 0), "42");
	ck_assert(!result.denominator.known);
	ck_assert(!result.confidence.known);
	ck_assert_int_eq((int64_t)result.test, 3);
}
END_TEST

START_TEST(other_currencies_are_counted_as_left_out)
{
	struct measures facts = {.of = {[MEASURE_unconverted_orders] = 2, [MEASURE_unconverted_refunds] = 1}};

	ck_assert_int_eq((int64_t)compute("net_sales", &facts, NULL).unconverted, 3);
	ck_assert_int_eq((int64_t)compute("average_order_value", &facts, NULL).unconverted, 2);
	ck_assert_int_eq((int64_t)compute("orders", &facts, NULL).unconverted, 0);
}
END_TEST

/* Gaps of 1, 2 and 6 days: mean 3, median 2. */
START_TEST(mean_and_median_gap)
{
	const int64_t day = INT64_C(86400000000);
	struct measures facts = {.of = {[MEASURE_gaps] = 3,
					[MEASURE_gap_us] = 9 * day,
					[MEASURE_gap_median_half_us] = 4 * day}};
	struct kpi_result result = compute("days_between_orders", &facts, NULL);

	ck_assert_str_eq(text_of(result.value, 4), "3");
	ck_assert_str_eq(text_of(result.numerator, 4), "9");
	ck_assert_str_eq(detail_of(&result, "median"), "2");
}
END_TEST

START_TEST(no_gap_no_median)
{
	struct measures facts = {0};
	struct kpi_result result = compute("days_between_orders", &facts, NULL);

	ck_assert_str_eq(detail_of(&result, "median"), "null");
}
END_TEST

START_TEST(nps_shows_its_parts)
{
	struct measures facts = {.of = {[MEASURE_nps_9] = 6, [MEASURE_nps_8] = 3, [MEASURE_nps_0] = 1}};
	struct kpi_result result = compute("nps", &facts, NULL);

	ck_assert_str_eq(text_of(result.value, 4), "50");
	ck_assert_str_eq(detail_of(&result, "responses"), "10");
	ck_assert_str_eq(detail_of(&result, "passives"), "3");
	ck_assert(result.has_distribution);
	ck_assert_int_eq(result.distribution[8], 3);
}
END_TEST

START_TEST(choices)
{
	const struct kpi *cac = kpi_find("customer_acquisition_cost");
	const struct kpi_terms *terms = kpi_choose(cac, "basis", "paid_media");

	ck_assert_ptr_nonnull(terms);
	ck_assert_int_eq(terms->num, MEASURE_paid_media_spend);
	ck_assert_ptr_null(kpi_choose(cac, "basis", "visitor"));
	ck_assert_ptr_null(kpi_choose(kpi_find("conversion_rate"), "basis", "paid_media"));
	ck_assert_ptr_null(kpi_choose(cac, "refunds", "on_refund_date"));
	ck_assert_ptr_null(kpi_choose(kpi_find("orders"), "basis", "paid_media"));
}
END_TEST

/* A choice may have a reason of its own. */
START_TEST(nobody_visited)
{
	const struct kpi *kpi = kpi_find("conversion_rate");
	struct measures facts = {.of = {[MEASURE_interactions] = 5}};
	struct kpi_context context = year_2026();
	struct kpi_input in = {.kpi = kpi,
			       .terms = kpi_choose(kpi, "basis", "visitor"),
			       .facts = &facts,
			       .context = &context};

	ck_assert_ptr_nonnull(in.terms);
	ck_assert_uint_eq(kpi_families(kpi, in.terms), 1U << FAMILY_JOURNEY);
	ck_assert_str_eq(kpi_compute(&in).reason, "no_visitors");
	facts.of[MEASURE_unique_visitors] = 4;
	facts.of[MEASURE_ordering_visitors] = 1;
	ck_assert_str_eq(text_of(kpi_compute(&in).value, 6), "0.25");
}
END_TEST

START_TEST(families_of_a_row)
{
	const struct kpi *kpi = kpi_find("customer_acquisition_cost");

	ck_assert_uint_eq(kpi_families(kpi, &kpi->terms),
			  1U << FAMILY_MARKETING | 1U << FAMILY_SEQUENCE | 1U << FAMILY_ORDERS);
	kpi = kpi_find("impressions");
	ck_assert_uint_eq(kpi_families(kpi, &kpi->terms), 1U << FAMILY_MARKETING);
	ck_assert_ptr_null(kpi_find("no_such_kpi"));
}
END_TEST

static const struct {
	const char *text;
	bool ok;
	int64_t value;
} numbers[] = {
	{"0", true, 0},
	{"-12", true, -12},
	{"9007199254740993", true, 9007199254740993},
	{"", false, 0},
	{"-", false, 0},
	{"1.5", false, 0},
	{"12x", false, 0},
	{"123456789012345678901234567890123456789", false, 0},
};

START_TEST(measures_are_whole_numbers)
{
	int128 value = 77;

	ck_assert_int_eq(measure_parse(numbers[_i].text, &value), numbers[_i].ok);
	ck_assert_int_eq((int64_t)value, numbers[_i].ok ? numbers[_i].value : 77);
}
END_TEST

START_TEST(measure_names)
{
	ck_assert_int_eq(measure_find("orders"), MEASURE_orders);
	ck_assert_int_eq(measure_find("nps_10"), MEASURE_nps_10);
	ck_assert_int_eq(measure_find("bucket"), MEASURE_NONE);
	ck_assert_int_eq(measure_family(MEASURE_ces_sum), FAMILY_SURVEYS);
	ck_assert_int_eq(MEASURE_nps_10 - MEASURE_nps_0, NPS_SCORES - 1);
}
END_TEST

Suite *catalogue_suite(void)
{
	Suite *suite = suite_create("catalogue");
	TCase *tests = tcase_create("catalogue");

	tcase_add_loop_test(tests, rows_are_complete, 0, (int)kpi_count());
	tcase_add_loop_test(tests, empty_shop, 0, (int)kpi_count());
	tcase_add_loop_test(tests, one_division, 0, COUNTOF(plain));
	tcase_add_test(tests, proportion_has_an_interval);
	tcase_add_test(tests, no_proportion_no_interval);
	tcase_add_test(tests, nobody_visited);
	tcase_add_test(tests, count_is_its_own_numerator);
	tcase_add_test(tests, other_currencies_are_counted_as_left_out);
	tcase_add_test(tests, mean_and_median_gap);
	tcase_add_test(tests, no_gap_no_median);
	tcase_add_test(tests, nps_shows_its_parts);
	tcase_add_test(tests, choices);
	tcase_add_test(tests, families_of_a_row);
	tcase_add_loop_test(tests, measures_are_whole_numbers, 0, COUNTOF(numbers));
	tcase_add_test(tests, measure_names);
	suite_add_tcase(suite, tests);
	return suite;
}
