/* Intervals against published values. */
#include "suites.h"

/* z = 1.959964; 10 of 100 is the textbook case of Wilson's interval. */
static const struct {
	int64_t hits, trials;
	const char *low, *high;
} wilson[] = {
	{10, 100, "0.055229", "0.174366"}, {100, 2000, "0.041281", "0.060444"},
	{0, 10, "0", "0.277533"},          {10, 10, "0.722467", "1"},
	{1, 1, "0.206549", "1"},
};

static const char *text_low(struct confidence c)
{
	return text_of(figure_exact(c.low), 6);
}

static const char *text_high(struct confidence c)
{
	return text_of(figure_exact(c.high), 6);
}

START_TEST(wilson_published)
{
	struct confidence c = confidence_wilson(wilson[_i].hits, wilson[_i].trials);

	ck_assert(c.known);
	ck_assert_str_eq(c.method, "wilson");
	ck_assert_str_eq(text_low(c), wilson[_i].low);
	ck_assert_str_eq(text_high(c), wilson[_i].high);
}
END_TEST

START_TEST(wilson_needs_hits_among_trials)
{
	ck_assert(!confidence_wilson(0, 0).known);
	ck_assert(!confidence_wilson(3, 2).known);
	ck_assert(!confidence_wilson(-1, 2).known);
}
END_TEST

/* 8 promoters, 9 passives, 22 detractors. */
START_TEST(nps_margin_of_error)
{
	struct measures facts = {.of = {[MEASURE_nps_9] = 3,
					[MEASURE_nps_10] = 5,
					[MEASURE_nps_7] = 4,
					[MEASURE_nps_8] = 5,
					[MEASURE_nps_0] = 2,
					[MEASURE_nps_6] = 20}};
	struct nps nps = nps_of(&facts);

	ck_assert_int_eq(nps.promoters, 8);
	ck_assert_int_eq(nps.passives, 9);
	ck_assert_int_eq(nps.detractors, 22);
	ck_assert_int_eq(nps.responses, 39);
	ck_assert_int_eq(nps.distribution[6], 20);
	ck_assert_str_eq(text_of(nps.score, 4), "-35.8974");
	ck_assert_str_eq(text_of(nps.margin_of_error, 4), "25.1149");
	ck_assert_str_eq(text_of(figure_exact(nps.confidence.low), 4), "-61.0123");
	ck_assert_str_eq(text_of(figure_exact(nps.confidence.high), 4), "-10.7826");
}
END_TEST

/* Every score alone: 9 and 10 promote, 7 and 8 are passive, 0 to 6 detract. */
START_TEST(nps_classes)
{
	static const int wanted[NPS_SCORES] = {-100, -100, -100, -100, -100, -100, -100, 0, 0, 100, 100};
	struct measures facts = {0};
	struct nps nps;

	facts.of[MEASURE_nps_0 + _i] = 4;
	nps = nps_of(&facts);
	ck_assert_int_eq((int64_t)nps.score.value.num, wanted[_i]);
	ck_assert_str_eq(text_of(nps.margin_of_error, 4), "0");
	ck_assert_int_eq(nps.distribution[_i], 4);
}
END_TEST

START_TEST(nps_of_nobody)
{
	struct measures facts = {0};
	struct nps nps = nps_of(&facts);

	ck_assert(!nps.score.known);
	ck_assert(!nps.margin_of_error.known);
	ck_assert(!nps.confidence.known);
}
END_TEST

START_TEST(interval_stays_on_the_scale)
{
	struct measures facts = {.of = {[MEASURE_nps_10] = 2, [MEASURE_nps_0] = 1}};
	struct nps nps = nps_of(&facts);

	ck_assert_str_eq(text_of(figure_exact(nps.confidence.high), 4), "100");
	ck_assert_str_eq(text_of(nps.margin_of_error, 4), "106.6869");
}
END_TEST

Suite *confidence_suite(void)
{
	Suite *suite = suite_create("confidence");
	TCase *tests = tcase_create("confidence");

	tcase_add_loop_test(tests, wilson_published, 0, COUNTOF(wilson));
	tcase_add_test(tests, wilson_needs_hits_among_trials);
	tcase_add_test(tests, nps_margin_of_error);
	tcase_add_loop_test(tests, nps_classes, 0, NPS_SCORES);
	tcase_add_test(tests, nps_of_nobody);
	tcase_add_test(tests, interval_stays_on_the_scale);
	suite_add_tcase(suite, tests);
	return suite;
}
