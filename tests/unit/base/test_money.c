/* Currencies, amounts within MONEY_MAX, conversions. */
#include "suites.h"

#include <string.h>

#include "ciclo/base/money.h"

START_TEST(exponents_of_iso_4217)
{
	static const struct {
		const char code[4];
		int exponent;
	} known[] = {{"EUR", 2},
		     {"GBP", 2},
		     {"USD", 2},
		     {"HUF", 2},
		     {"MGA", 2},
		     {"JPY", 0},
		     {"KRW", 0},
		     {"CLP", 0},
		     {"ISK", 0},
		     {"UGX", 0},
		     {"VND", 0},
		     {"XPF", 0},
		     {"BHD", 3},
		     {"IQD", 3},
		     {"JOD", 3},
		     {"KWD", 3},
		     {"LYD", 3},
		     {"OMR", 3},
		     {"TND", 3},
		     {"CLF", 4},
		     {"UYW", 4},
		     /* First and last of the table, and one that was withdrawn. */
		     {"AED", 2},
		     {"ZWL", 2},
		     {"HRK", 2}};

	for (size_t i = 0; i < COUNTOF(known); i++)
		ck_assert_msg(currency_exponent(known[i].code) == known[i].exponent, "%s", known[i].code);
}
END_TEST

START_TEST(unknown_currencies)
{
	static const char unknown[][5] = {"eur", "XXX", "XAU", "AAA", "ZZZ", "EU", "EURO", "", "E\xff\xff"};

	for (size_t i = 0; i < COUNTOF(unknown); i++)
		ck_assert_msg(currency_exponent(unknown[i]) == -1, "%s", unknown[i]);
}
END_TEST

/* Every code is found, which fails as soon as one row is out of order. */
START_TEST(table_is_sorted)
{
	char code[4] = "AAA";
	int found[5] = {0};
	int exponent;

	for (code[0] = 'A'; code[0] <= 'Z'; code[0]++) {
		for (code[1] = 'A'; code[1] <= 'Z'; code[1]++) {
			for (code[2] = 'A'; code[2] <= 'Z'; code[2]++) {
				exponent = currency_exponent(code);
				if (exponent >= 0)
					found[exponent]++;
			}
		}
	}
	ck_assert_int_eq(found[0], 17);
	ck_assert_int_eq(found[2], 145);
	ck_assert_int_eq(found[3], 7);
	ck_assert_int_eq(found[4], 2);
}
END_TEST

START_TEST(sums_and_products_stay_in_range)
{
	int64_t r = 7;

	ck_assert(!money_add(MONEY_MAX, 1, &r));
	ck_assert(!money_add(-MONEY_MAX, -1, &r));
	ck_assert(!money_add(INT64_MAX, 1, &r));
	ck_assert(!money_mul(MONEY_MAX, 2, &r));
	ck_assert(!money_mul(INT64_MAX, 2, &r));
	ck_assert(!money_mul(INT64_MIN, -1, &r));
	ck_assert_int_eq(r, 7);
	ck_assert(money_add(MONEY_MAX - 1, 1, &r));
	ck_assert_int_eq(r, MONEY_MAX);
	ck_assert(money_add(5, -12, &r));
	ck_assert_int_eq(r, -7);
	ck_assert(money_mul(-MONEY_MAX, 1, &r));
	ck_assert_int_eq(r, -MONEY_MAX);
	ck_assert(money_mul(1999, 3, &r));
	ck_assert_int_eq(r, 5997);
}
END_TEST

static const struct {
	int64_t amount;
	const char *from, *to, *rate;
	int64_t converted;
} conversions[] = {
	{1000, "JPY", "GBP", "0.0052", 520},
	{520, "GBP", "JPY", "192.3", 1000},
	{1, "JPY", "KWD", "0.002", 2},
	{12345, "KWD", "JPY", "487.5", 6018},
	{10000, "GBP", "KWD", "0.39", 39000},
	{39000, "KWD", "GBP", "2.5641", 10000},
	{100, "EUR", "EUR", "1", 100},
	{0, "EUR", "JPY", "160", 0},
	/* Halves go to the even neighbour, on both sides of 0. */
	{1, "EUR", "USD", "0.5", 0},
	{3, "EUR", "USD", "0.5", 2},
	{5, "EUR", "USD", "0.5", 2},
	{-1, "EUR", "USD", "0.5", 0},
	{-3, "EUR", "USD", "0.5", -2},
	{250, "EUR", "JPY", "1", 2},
	{350, "EUR", "JPY", "1", 4},
	{-350, "EUR", "JPY", "1", -4},
	{MONEY_MAX, "EUR", "USD", "1", MONEY_MAX},
	{-MONEY_MAX, "EUR", "USD", "1", -MONEY_MAX},
	{MONEY_MAX, "UYW", "JPY", "0.000000000001", 1},
};

START_TEST(converts)
{
	struct ratio rate;
	int64_t converted;

	ck_assert(decimal_parse(conversions[_i].rate, &rate));
	ck_assert(money_convert(conversions[_i].amount, conversions[_i].from, conversions[_i].to, rate,
				&converted));
	ck_assert_int_eq(converted, conversions[_i].converted);
}
END_TEST

static const struct {
	int64_t amount;
	const char *from, *to, *rate;
} refused[] = {
	{1, "EUR", "XXX", "1"},
	{1, "eur", "EUR", "1"},
	{MONEY_MAX, "EUR", "USD", "1.0000000001"},
	{-MONEY_MAX, "EUR", "USD", "2"},
	{MONEY_MAX, "JPY", "UYW", "999999999999999999"},
	{MONEY_MAX / 10, "JPY", "GBP", "1"},
};

START_TEST(refuses_what_it_cannot_convert)
{
	struct ratio rate;
	int64_t converted = 7;

	ck_assert(decimal_parse(refused[_i].rate, &rate));
	ck_assert(!money_convert(refused[_i].amount, refused[_i].from, refused[_i].to, rate, &converted));
	ck_assert_int_eq(converted, 7);
}
END_TEST

Suite *money_suite(void)
{
	Suite *suite = suite_create("money");
	TCase *tc = tcase_create("money");

	tcase_add_test(tc, exponents_of_iso_4217);
	tcase_add_test(tc, unknown_currencies);
	tcase_add_test(tc, table_is_sorted);
	tcase_add_test(tc, sums_and_products_stay_in_range);
	tcase_add_loop_test(tc, converts, 0, COUNTOF(conversions));
	tcase_add_loop_test(tc, refuses_what_it_cannot_convert, 0, COUNTOF(refused));
	suite_add_tcase(suite, tc);
	return suite;
}
