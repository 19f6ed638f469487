/* Earlier windows, what changed since, and whether that is more than chance. All numbers are worked by hand. */
#include "ciclo/base/time.h"
#include "suites.h"

/* ---- windows ---- */

static int32_t day(const char *text)
{
	int32_t ret = 0;

	ck_assert(day_parse(text, 10, &ret));
	return ret;
}

static const struct {
	enum earlier how;
	const char *from, *to, *earlier_from, *earlier_to;
} windows[] = {
	{EARLIER_PERIOD, "2026-01-01", "2026-04-01", "2025-10-03", "2026-01-01"}, /* 90 days */
	{EARLIER_PERIOD, "2026-03-01", "2026-03-02", "2026-02-28", "2026-03-01"},
	{EARLIER_YEAR, "2026-01-01", "2026-04-01", "2025-01-01", "2025-04-01"},
	{EARLIER_YEAR, "2024-02-29", "2024-03-31", "2023-02-28", "2023-03-31"},
	{EARLIER_YEAR, "2024-02-01", "2024-02-29", "2023-02-01", "2023-02-28"},
	/* Both ends become 28 February: the day stays. */
	{EARLIER_YEAR, "2024-02-28", "2024-02-29", "2023-02-28", "2023-03-01"},
	/* Longer than a year: the two overlap. */
	{EARLIER_YEAR, "2023-01-01", "2025-01-01", "2022-01-01", "2024-01-01"},
};

START_TEST(earlier_windows)
{
	struct window w = {.from = day(windows[_i].from), .to = day(windows[_i].to)};
	struct window before = window_earlier(w, windows[_i].how);

	ck_assert_int_eq(before.from, day(windows[_i].earlier_from));
	ck_assert_int_eq(before.to, day(windows[_i].earlier_to));
}
END_TEST

START_TEST(days_move_with_the_window)
{
	struct window w = {.from = day("2026-01-01"), .to = day("2026-01-11")};

	ck_assert_int_eq(day_earlier(day("2026-02-01"), w, EARLIER_PERIOD), day("2026-01-22"));
	ck_assert_int_eq(day_earlier(day("2026-02-01"), w, EARLIER_YEAR), day("2025-02-01"));
	ck_assert_int_eq(day_earlier(day("2024-02-29"), w, EARLIER_YEAR), day("2023-02-28"));
}
END_TEST

START_TEST(names_of_windows)
{
	ck_assert_int_eq(earlier_parse("previous_period"), EARLIER_PERIOD);
	ck_assert_int_eq(earlier_parse("previous_year"), EARLIER_YEAR);
	ck_assert_int_eq(earlier_parse(NULL), EARLIER_NONE);
	ck_assert_int_eq(earlier_parse("last_week"), EARLIER_NONE);
}
END_TEST

/* ---- tests ---- */

enum verdict { CHANGED, CHANCE, TOO_FEW, NO_TEST };

static void check(struct comparison c, enum verdict wanted)
{
	ck_assert_int_eq(c.tested, wanted == CHANGED || wanted == CHANCE);
	if (c.tested) {
		ck_assert_int_eq(c.significant, wanted == CHANGED);
		ck_assert_ptr_null(c.reason);
	} else {
		ck_assert_str_eq(c.reason, wanted == NO_TEST ? "no_test" : "too_few_data");
	}
}

static struct comparison compare_samples(struct sample a, struct sample b)
{
	return compare(figure_of(0), a, figure_of(0), b);
}

static const struct {
	int64_t hits, trials, earlier_hits, earlier_trials;
	enum verdict verdict;
} proportions[] = {
	/* p = 160/4000 = 0.04, error = sqrt(0.04 x 0.96 x 2/2000) = 0.006197, z = 0.02 / 0.006197 = 3.23 */
	{100, 2000, 60, 2000, CHANGED},
	{60, 2000, 100, 2000, CHANGED},
	/* p = 0.045, error = sqrt(0.045 x 0.955 x 2/1000) = 0.009271, z = 0.01 / 0.009271 = 1.08 */
	{50, 1000, 40, 1000, CHANCE},
	/* p = 0.43, error = sqrt(0.43 x 0.57 / 50) = 0.070014, z = 0.14 / 0.070014 = 1.9996 */
	{50, 100, 36, 100, CHANGED},
	/* p = 0.25, error = sqrt(0.25 x 0.75 / 50) = 0.061237, z = 0.12 / 0.061237 = 1.95959 < 1.95996; each window's own
	 * variance would say 1.98. */
	{31, 100, 19, 100, CHANCE},
	{100, 2000, 100, 2000, CHANCE},
	/* The pooled rate is 10/20: 5 hits and 5 misses are expected in each, just enough. z = 0.8 / 0.2236 = 3.58 */
	{9, 10, 1, 10, CHANGED},
	/* 9/20 of 10 are 4.5 hits */
	{9, 10, 0, 10, TOO_FEW},
	/* 11/20: 4.5 misses */
	{10, 10, 1, 10, TOO_FEW},
	/* 30/1010 of 10 are 0.3 hits */
	{0, 10, 30, 1000, TOO_FEW},
	/* Everybody, twice */
	{1000, 1000, 1000, 1000, TOO_FEW},
	{0, 0, 500, 1000, TOO_FEW},
	{0, 0, 0, 0, TOO_FEW},
	/* More conversions than interactions: no proportion */
	{120, 100, 50, 100, NO_TEST},
	{50, 100, 120, 100, NO_TEST},
};

START_TEST(two_proportions)
{
	struct sample now = {
		.kind = SAMPLE_PROPORTION, .hits = proportions[_i].hits, .trials = proportions[_i].trials};
	struct sample before = {.kind = SAMPLE_PROPORTION,
				.hits = proportions[_i].earlier_hits,
				.trials = proportions[_i].earlier_trials};

	check(compare_samples(now, before), proportions[_i].verdict);
}
END_TEST

/* Promoters, passives, detractors of two periods. */
static const struct {
	int64_t now[3], before[3];
	enum verdict verdict;
} scores[] = {
	/* s = 0.48 and 0.08; v = 0.72 - 0.2304 = 0.4896 and 0.72 - 0.0064 = 0.7136;
	 * z = 0.4 / sqrt(0.004896 + 0.007136) = 0.4 / 0.10969 = 3.65 */
	{{60, 28, 12}, {40, 28, 32}, CHANGED},
	/* s = 0.48 and 0.27; v = 0.4896 and 0.63 - 0.0729 = 0.5571; z = 0.21 / sqrt(0.010467) = 0.21 / 0.10231 = 2.05 */
	{{60, 28, 12}, {45, 37, 18}, CHANGED},
	/* s = 0.48 and 0.3; v = 0.4896 and 0.7 - 0.09 = 0.61; z = 0.18 / sqrt(0.010996) = 0.18 / 0.10486 = 1.72 */
	{{60, 28, 12}, {50, 30, 20}, CHANCE},
	/* Ten answers are enough: s = 0.5 and -0.5, v = 0.7 - 0.25 = 0.45 both; z = 1 / sqrt(0.09) = 3.33 */
	{{6, 3, 1}, {1, 3, 6}, CHANGED},
	{{6, 2, 1}, {1, 3, 6}, TOO_FEW},
	{{6, 3, 1}, {1, 2, 6}, TOO_FEW},
	/* All alike: no spread is seen. */
	{{100, 0, 0}, {50, 30, 20}, TOO_FEW},
	{{50, 30, 20}, {0, 100, 0}, TOO_FEW},
	{{0, 0, 100}, {50, 30, 20}, TOO_FEW},
	{{0, 0, 0}, {50, 30, 20}, TOO_FEW},
};

static struct sample answers(const int64_t kinds[3])
{
	return (struct sample){.kind = SAMPLE_NPS,
			       .trials = kinds[0] + kinds[1] + kinds[2],
			       .hits = kinds[0],
			       .detractors = kinds[2]};
}

START_TEST(two_scores)
{
	check(compare_samples(answers(scores[_i].now), answers(scores[_i].before)), scores[_i].verdict);
}
END_TEST

START_TEST(other_values_have_no_test)
{
	check(compare_samples((struct sample){.kind = SAMPLE_NONE}, (struct sample){.kind = SAMPLE_NONE}),
	      NO_TEST);
}
END_TEST

/* ---- change ---- */

static const struct {
	int64_t now, before; /* INT64_MIN: unknown */
	const char *change, *ratio;
} changes[] = {
	{150, 100, "50", "0.5"},
	{100, 150, "-50", "-0.333333"},
	{-50, -100, "50", "0.5"},
	{50, -100, "150", "1.5"},
	{5, 0, "5", "null"},
	{0, 5, "-5", "-1"},
	{INT64_MIN, 5, "null", "null"},
	{5, INT64_MIN, "null", "null"},
};

static struct figure value_of(int64_t value)
{
	return value == INT64_MIN ? (struct figure){.known = false} : figure_of(value);
}

START_TEST(change_and_its_ratio)
{
	struct sample none = {.kind = SAMPLE_NONE};
	struct comparison c = compare(value_of(changes[_i].now), none, value_of(changes[_i].before), none);

	ck_assert_str_eq(text_of(c.change, 4), changes[_i].change);
	ck_assert_str_eq(text_of(c.change_ratio, 6), changes[_i].ratio);
}
END_TEST

/* The models say which test applies. */
START_TEST(results_carry_their_sample)
{
	struct measures facts = {.of = {[MEASURE_csat_satisfied] = 10,
					[MEASURE_csat_answers] = 100,
					[MEASURE_nps_9] = 6,
					[MEASURE_nps_0] = 2}};
	struct kpi_result csat = compute("csat", &facts, NULL), nps = compute("nps", &facts, NULL);

	ck_assert_int_eq(csat.sample.kind, SAMPLE_PROPORTION);
	ck_assert_int_eq((int64_t)csat.sample.hits, 10);
	ck_assert_int_eq((int64_t)csat.sample.trials, 100);
	ck_assert_int_eq(nps.sample.kind, SAMPLE_NPS);
	ck_assert_int_eq((int64_t)nps.sample.hits, 6);
	ck_assert_int_eq((int64_t)nps.sample.detractors, 2);
	ck_assert_int_eq((int64_t)nps.sample.trials, 8);
	ck_assert_int_eq(compute("ces", &facts, NULL).sample.kind, SAMPLE_NONE);
	ck_assert_int_eq(compute("orders", &facts, NULL).sample.kind, SAMPLE_NONE);
}
END_TEST

/* ---- dimensions ---- */

static unsigned dimensions_of(const char *name)
{
	const struct kpi *kpi = kpi_find(name);

	return kpi_dimensions(kpi, &kpi->terms);
}

START_TEST(a_kpi_has_the_dimensions_of_all_its_families)
{
	unsigned channel = 1U << DIMENSION_CHANNEL, campaign = 1U << DIMENSION_CAMPAIGN;
	unsigned country = 1U << DIMENSION_COUNTRY, storefront = 1U << DIMENSION_STOREFRONT;

	ck_assert_uint_eq(dimensions_of("orders"), channel | campaign | country | storefront);
	ck_assert_uint_eq(dimensions_of("retention_rate"), channel | campaign | country | storefront);
	ck_assert_uint_eq(dimensions_of("cost_per_acquisition"), channel | campaign);
	ck_assert_uint_eq(dimensions_of("customer_acquisition_cost"), channel | campaign);
	ck_assert_uint_eq(dimensions_of("clv_to_cac"), channel | campaign);
	ck_assert_uint_eq(dimensions_of("nps"), channel | country);
}
END_TEST

START_TEST(names_of_dimensions)
{
	ck_assert_int_eq(dimension_parse("storefront"), DIMENSION_STOREFRONT);
	ck_assert_str_eq(dimension_name(DIMENSION_CAMPAIGN), "campaign");
	ck_assert_int_eq(dimension_parse(NULL), DIMENSION_NONE);
	ck_assert_int_eq(dimension_parse("colour"), DIMENSION_NONE);
}
END_TEST

Suite *compare_suite(void)
{
	Suite *suite = suite_create("compare");
	TCase *tests = tcase_create("compare");

	tcase_add_loop_test(tests, earlier_windows, 0, COUNTOF(windows));
	tcase_add_test(tests, days_move_with_the_window);
	tcase_add_test(tests, names_of_windows);
	tcase_add_loop_test(tests, two_proportions, 0, COUNTOF(proportions));
	tcase_add_loop_test(tests, two_scores, 0, COUNTOF(scores));
	tcase_add_test(tests, other_values_have_no_test);
	tcase_add_loop_test(tests, change_and_its_ratio, 0, COUNTOF(changes));
	tcase_add_test(tests, results_carry_their_sample);
	tcase_add_test(tests, a_kpi_has_the_dimensions_of_all_its_families);
	tcase_add_test(tests, names_of_dimensions);
	suite_add_tcase(suite, tests);
	return suite;
}
