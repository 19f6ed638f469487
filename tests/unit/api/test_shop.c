#include "../../../src/api/shop.h"
#include "ciclo/base/attr.h"
#include "suites.h"

static const struct shop euro = {.base_currency = "EUR"};

/* amount in the currency's minor units x rate = minor units of EUR, half-even */
static const struct {
	const char *input;
	int64_t amount;
	int64_t want;
} conversions[] = {
	{"{\"currency\":\"EUR\"}", 1234, 1234},
	{"{\"currency\":\"EUR\",\"exchange_rate\":1}", 1234, 1234},
	{"{\"currency\":\"USD\",\"exchange_rate\":0.9}", 500, 450},
	{"{\"currency\":\"USD\",\"exchange_rate\":\"0.9\"}", 500, 450},
	{"{\"currency\":\"USD\",\"exchange_rate\":0.5}", 5, 2},
	{"{\"currency\":\"USD\",\"exchange_rate\":0.5}", 7, 4},
	{"{\"currency\":\"JPY\",\"exchange_rate\":0.006}", 1000, 600},
	{"{\"currency\":\"KWD\",\"exchange_rate\":3}", 1000, 300},
};

static const struct {
	const char *input;
	enum problem problem;
} refusals[] = {
	{"{\"currency\":\"USD\"}", PROBLEM_exchange_rate_required},
	{"{\"currency\":\"USD\",\"exchange_rate\":null}", PROBLEM_exchange_rate_required},
	{"{\"currency\":\"EUR\",\"exchange_rate\":1.1}", PROBLEM_validation_failed},
	{"{\"currency\":\"USD\",\"exchange_rate\":\"0\"}", PROBLEM_validation_failed},
	{"{\"currency\":\"USD\",\"exchange_rate\":\"-2\"}", PROBLEM_validation_failed},
};

START_TEST(converts)
{
	struct exchange e;
	struct violations v = {0};
	int64_t got;
	json_t *input = json_loads(conversions[_i].input, 0, NULL);
	ck_assert_int_eq(exchange_read(&euro, input, &e, &v), PROBLEM_NONE);
	ck_assert(exchange_apply(&e, conversions[_i].amount, &got));
	ck_assert_int_eq(got, conversions[_i].want);
	json_decref(input);
}
END_TEST

START_TEST(refuses)
{
	struct exchange e;
	struct violations v = {0};
	json_t *input = json_loads(refusals[_i].input, 0, NULL);
	ck_assert_int_eq(exchange_read(&euro, input, &e, &v), refusals[_i].problem);
	ck_assert_uint_eq(v.count, 1);
	ck_assert_str_eq(v.item[0].where, "/exchange_rate");
	violations_release(&v);
	json_decref(input);
}
END_TEST

Suite *shop_suite(void)
{
	Suite *suite = suite_create("shop");
	TCase *tcase = tcase_create("exchange");
	tcase_add_loop_test(tcase, converts, 0, COUNTOF(conversions));
	tcase_add_loop_test(tcase, refuses, 0, COUNTOF(refusals));
	suite_add_tcase(suite, tcase);
	return suite;
}
