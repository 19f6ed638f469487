/* Ratios, half-even rounding, decimal text. */
#include "suites.h"

#include <inttypes.h>
#include <signal.h>

#include "ciclo/base/decimal.h"

/* 2^127 - 1, the largest part of a ratio. */
static const int128 largest = (((int128)1 << 126) - 1) * 2 + 1;

static void expect(struct ratio r, int128 num, int128 den)
{
	ck_assert(r.num == num);
	ck_assert(r.den == den);
}

START_TEST(lowest_terms_and_signs)
{
	expect(ratio_make(6, 4), 3, 2);
	expect(ratio_make(-6, 4), -3, 2);
	expect(ratio_make(6, -4), -3, 2);
	expect(ratio_make(-6, -4), 3, 2);
	expect(ratio_make(0, -7), 0, 1);
	expect(ratio_make(largest, -largest), -1, 1);
	expect(ratio_make(-largest, 1), -largest, 1);
}
END_TEST

START_TEST(arithmetic)
{
	struct ratio r;

	ck_assert(ratio_add(ratio_make(1, 6), ratio_make(1, 10), &r));
	expect(r, 4, 15);
	ck_assert(ratio_sub(ratio_make(1, 6), ratio_make(1, 6), &r));
	expect(r, 0, 1);
	ck_assert(ratio_sub(ratio_make(1, 4), ratio_make(3, 4), &r));
	expect(r, -1, 2);
	ck_assert(ratio_mul(ratio_make(-2, 3), ratio_make(9, 4), &r));
	expect(r, -3, 2);
	ck_assert(ratio_div(ratio_make(1, 2), ratio_make(-3, 4), &r));
	expect(r, -2, 3);
	ck_assert(ratio_div(ratio_make(0, 1), ratio_make(5, 1), &r));
	expect(r, 0, 1);
}
END_TEST

START_TEST(cancels_before_it_multiplies)
{
	struct ratio r;

	ck_assert(ratio_mul(ratio_make(largest, 2), ratio_make(2, largest), &r));
	expect(r, 1, 1);
	ck_assert(ratio_div(ratio_make(largest, 3), ratio_make(largest, 6), &r));
	expect(r, 2, 1);
	ck_assert(ratio_add(ratio_make(1, largest), ratio_make(1, largest), &r));
	expect(r, 2, largest);
}
END_TEST

START_TEST(overflow_is_refused)
{
	struct ratio r = {.num = 7, .den = 1};
	struct ratio big = ratio_make(largest, 1), small = ratio_make(1, largest);

	ck_assert(!ratio_add(big, ratio_make(1, 1), &r));
	ck_assert(!ratio_sub(ratio_make(-largest, 1), ratio_make(1, 1), &r));
	ck_assert(!ratio_sub(ratio_make(-largest, 1), ratio_make(2, 1), &r));
	ck_assert(!ratio_mul(big, ratio_make(2, 1), &r));
	ck_assert(!ratio_mul(ratio_make((int128)1 << 64, 1), ratio_make(-((int128)1 << 63), 1), &r));
	ck_assert(!ratio_mul(small, ratio_make(1, 2), &r));
	ck_assert(!ratio_div(big, small, &r));
	ck_assert(!ratio_add(small, ratio_make(1, 2), &r));
	ck_assert(!ratio_div(big, ratio_make(0, 1), &r));
	expect(r, 7, 1);
}
END_TEST

START_TEST(no_denominator_is_a_bug)
{
	ratio_make(1, 0);
}
END_TEST

static const struct {
	int num, den, rounded;
} rounding[] = {
	{0, 1, 0},   {1, 2, 0},   {3, 2, 2},    {5, 2, 2},    {7, 2, 4},      {-1, 2, 0},    {-3, 2, -2},
	{-5, 2, -2}, {-7, 2, -4}, {49, 100, 0}, {51, 100, 1}, {-51, 100, -1}, {249, 100, 2}, {251, 100, 3},
	{1, 3, 0},   {2, 3, 1},   {-2, 3, -1},  {4, 3, 1},    {-4, 3, -1},
};

START_TEST(rounds_half_to_even)
{
	int64_t rounded;

	ck_assert(ratio_round(ratio_make(rounding[_i].num, rounding[_i].den), &rounded));
	ck_assert_int_eq(rounded, rounding[_i].rounded);
}
END_TEST

START_TEST(rounds_within_int64)
{
	int64_t r = 7;

	ck_assert(ratio_round(ratio_make(INT64_MAX, 1), &r));
	ck_assert_int_eq(r, INT64_MAX);
	ck_assert(ratio_round(ratio_make(INT64_MIN, 1), &r));
	ck_assert_int_eq(r, INT64_MIN);
	/* -2^63 - 1/2 goes to the even neighbour, 2^63 - 1/2 as well, which does not fit. */
	ck_assert(ratio_round(ratio_make((int128)INT64_MIN * 2 - 1, 2), &r));
	ck_assert_int_eq(r, INT64_MIN);
	r = 7;
	ck_assert(!ratio_round(ratio_make((int128)INT64_MAX * 2 + 1, 2), &r));
	ck_assert(!ratio_round(ratio_make((int128)INT64_MAX + 1, 1), &r));
	ck_assert(!ratio_round(ratio_make((int128)INT64_MIN - 1, 1), &r));
	ck_assert(!ratio_round(ratio_make(largest, 1), &r));
	ck_assert_int_eq(r, 7);
	ck_assert(ratio_round(ratio_make(largest - 1, largest), &r));
	ck_assert_int_eq(r, 1);
}
END_TEST

START_TEST(random_ratios_round_to_the_nearest)
{
	uint64_t random = 88172645463325252u; /* xorshift64 */

	for (int i = 0; i < 100000; i++) {
		int64_t num, den, q = 0, off;
		bool ok;

		random ^= random << 13;
		random ^= random >> 7;
		random ^= random << 17;
		num = (int64_t)(random >> 32) - INT64_C(2147483648);
		/* Small denominators, so that halves are frequent. */
		den = (int64_t)(random % 40) + 1;
		ok = ratio_round(ratio_make(num, den), &q);
		/* Twice the distance, in units of 1/den. */
		off = 2 * (q * den - num);
		off = off < 0 ? -off : off;
		if (!ok || off > den || (off == den && q % 2 != 0))
			ck_abort_msg("%" PRId64 "/%" PRId64 " became %" PRId64, num, den, q);
	}
}
END_TEST

static const struct {
	int64_t num, den;
	unsigned places;
	const char *text;
} formats[] = {
	{60, 1, 4, "60"},
	{-1400, 39, 4, "-35.8974"},
	{30000000, 5000, 4, "6000"},
	{1, 3, 0, "0"},
	{1, 3, 9, "0.333333333"},
	{2, 3, 9, "0.666666667"},
	{1, 20, 6, "0.05"},
	{-1, 20, 6, "-0.05"},
	{5, 1000, 2, "0"},
	{15, 1000, 2, "0.02"},
	{25, 1000, 2, "0.02"},
	{-25, 1000, 2, "-0.02"},
	{-35, 1000, 2, "-0.04"},
	{-1, 1000, 2, "0"},
	{-5, 1000, 2, "0"},
	{-6, 1000, 2, "-0.01"},
	{999999, 1000000, 4, "1"},
	{-999999, 1000000, 4, "-1"},
	{19999999, 1000000, 6, "19.999999"},
	{5, 2, 0, "2"},
	{7, 2, 0, "4"},
	{100, 1, 0, "100"},
	{0, 1, 9, "0"},
	{INT64_MIN, 1, 9, "-9223372036854775808"},
	{1000001, 1000000000, 9, "0.001000001"},
};

START_TEST(formats_decimals)
{
	char text[DECIMAL_TEXT];

	ck_assert(decimal_format(ratio_make(formats[_i].num, formats[_i].den), formats[_i].places, text));
	ck_assert_str_eq(text, formats[_i].text);
}
END_TEST

START_TEST(formats_the_largest)
{
	char text[DECIMAL_TEXT] = "kept";

	ck_assert(!decimal_format(ratio_make(1, 1), 10, text));
	ck_assert_str_eq(text, "kept");
	ck_assert(decimal_format(ratio_make(-largest, 1), 9, text));
	ck_assert_str_eq(text, "-170141183460469231731687303715884105727");
	ck_assert(decimal_format(ratio_make(largest, 2), 9, text));
	ck_assert_str_eq(text, "85070591730234615865843651857942052863.5");
	ck_assert(decimal_format(ratio_make(largest, largest - 2), 9, text));
	ck_assert_str_eq(text, "1");
	ck_assert(decimal_format(ratio_make(largest / 3, largest), 9, text));
	ck_assert_str_eq(text, "0.333333333");
}
END_TEST

static const struct {
	const char *text;
	int64_t num, den;
} decimals[] = {
	{"12", 12, 1},
	{"0.85", 17, 20},
	{"-1.5", -3, 2},
	{"+1.5", 3, 2},
	{"1e-3", 1, 1000},
	{"1E3", 1000, 1},
	{"1.25e+2", 125, 1},
	{"12.5e-1", 5, 4},
	{"0", 0, 1},
	{"-0.000", 0, 1},
	{"0e99", 0, 1},
	{"0e-99", 0, 1},
	{"007", 7, 1},
	{"0.000000000001", 1, INT64_C(1000000000000)},
	{"0.1000000000000", 1, 10},
	{"1.0e-12", 1, INT64_C(1000000000000)},
	{"999999999999999999", INT64_C(999999999999999999), 1},
	{"-999999.999999999999", INT64_C(-999999999999999999), INT64_C(1000000000000)},
	{"1e17", INT64_C(100000000000000000), 1},
};

START_TEST(parses_decimals)
{
	struct ratio r;

	ck_assert(decimal_parse(decimals[_i].text, &r));
	expect(r, decimals[_i].num, decimals[_i].den);
}
END_TEST

static const char *const bad_decimals[] = {
	"",
	"-",
	"+",
	".",
	"1.",
	".5",
	"1.e3",
	"e3",
	"1e",
	"1e+",
	"1e-",
	"1e100",
	"0x1f",
	"1,5",
	" 1",
	"1 ",
	"1e1.",
	"--1",
	"+-1",
	"1.5.2",
	"NaN",
	"inf",
	"1e3e3",
	"1_0",
	/* 19 digits; 13 decimals; 10^18. */
	"1234567890123456789",
	"0.0000000000001",
	"1e-13",
	"1e18",
	"123456789012345678e1",
	"1e99",
	"1e-99",
	"0e100",
	"1e4294967296",
	"1e-4294967296",
	/* More than 64 digits, were they all zeros. */
	"00000000000000000000000000000000000000000000000000000000000000001",
};

START_TEST(refuses_bad_decimals)
{
	struct ratio r = {.num = 7, .den = 1};

	ck_assert_msg(!decimal_parse(bad_decimals[_i], &r), "%s", bad_decimals[_i]);
	expect(r, 7, 1);
}
END_TEST

Suite *decimal_suite(void)
{
	Suite *suite = suite_create("decimal");
	TCase *ratios = tcase_create("ratios"), *text = tcase_create("text");

	tcase_add_test(ratios, lowest_terms_and_signs);
	tcase_add_test(ratios, arithmetic);
	tcase_add_test(ratios, cancels_before_it_multiplies);
	tcase_add_test(ratios, overflow_is_refused);
	tcase_add_test_raise_signal(ratios, no_denominator_is_a_bug, SIGABRT);
	tcase_add_loop_test(ratios, rounds_half_to_even, 0, COUNTOF(rounding));
	tcase_add_test(ratios, rounds_within_int64);
	tcase_add_test(ratios, random_ratios_round_to_the_nearest);
	suite_add_tcase(suite, ratios);
	tcase_add_loop_test(text, formats_decimals, 0, COUNTOF(formats));
	tcase_add_test(text, formats_the_largest);
	tcase_add_loop_test(text, parses_decimals, 0, COUNTOF(decimals));
	tcase_add_loop_test(text, refuses_bad_decimals, 0, COUNTOF(bad_decimals));
	suite_add_tcase(suite, text);
	return suite;
}
