/* The growing buffer: what it holds, its cap, and what it does after a refusal. */
#include "suites.h"

#include <stdlib.h>
#include <string.h>

#include "ciclo/base/buf.h"

START_TEST(adds_and_prints)
{
	struct buf b;
	size_t len;
	char *text;

	buf_init(&b, 1000);
	buf_adds(&b, "orders: ");
	buf_printf(&b, "%d of %s", 12, "20");
	buf_add(&b, "\0x", 2);
	ck_assert(!b.failed);
	text = buf_take(&b, &len);
	ck_assert_uint_eq(len, 18);
	ck_assert_mem_eq(text, "orders: 12 of 20\0x", 19);
	ck_assert_ptr_null(b.data);
	free(text);
}
END_TEST

START_TEST(takes_an_empty_text)
{
	struct buf b;
	size_t len = 7;
	char *text;

	buf_init(&b, 0);
	text = buf_take(&b, &len);
	ck_assert_str_eq(text, "");
	ck_assert_uint_eq(len, 0);
	free(text);
}
END_TEST

START_TEST(holds_max_and_not_more)
{
	struct buf b;

	buf_init(&b, 4);
	buf_adds(&b, "abcd");
	ck_assert(!b.failed);
	ck_assert_uint_le(b.cap, 5);
	buf_adds(&b, "e");
	ck_assert(b.failed);
	ck_assert_str_eq(b.data, "abcd");
	buf_release(&b);
}
END_TEST

START_TEST(refuses_everything_after_a_refusal)
{
	struct buf b;
	size_t len = 7;

	buf_init(&b, 4);
	buf_adds(&b, "ab");
	buf_printf(&b, "%s", "cde");
	buf_adds(&b, "c");
	buf_printf(&b, "%d", 1);
	ck_assert(b.failed);
	ck_assert_uint_eq(b.len, 2);
	ck_assert_str_eq(b.data, "ab");
	ck_assert_ptr_null(buf_take(&b, &len));
	ck_assert_uint_eq(len, 7);
	/* Empty again, with the same cap. */
	ck_assert(!b.failed);
	buf_adds(&b, "cdef");
	ck_assert(!b.failed);
	buf_adds(&b, "g");
	ck_assert(b.failed);
	buf_release(&b);
}
END_TEST

START_TEST(stays_failed_when_it_could_grow_again)
{
	static const char zeroes[1000];
	struct buf b;

	buf_init(&b, 1000);
	buf_adds(&b, "a");
	buf_add(&b, zeroes, 1000);
	ck_assert(b.failed);
	buf_add(&b, zeroes, 900);
	ck_assert(b.failed);
	ck_assert_uint_eq(b.len, 1);
	buf_release(&b);
}
END_TEST

START_TEST(grows_geometrically)
{
	struct buf b;
	size_t growths = 0, cap = 0;

	buf_init(&b, (size_t)1 << 20);
	for (int i = 0; i < 1 << 20; i++) {
		buf_add(&b, "x", 1);
		growths += b.cap != cap;
		cap = b.cap;
	}
	ck_assert(!b.failed);
	ck_assert_uint_eq(strlen(b.data), (size_t)1 << 20);
	ck_assert_uint_eq(b.cap, ((size_t)1 << 20) + 1);
	ck_assert_uint_le(growths, 16);
	ck_assert_uint_gt(growths, 1);
	buf_release(&b);
}
END_TEST

START_TEST(refuses_lengths_that_wrap)
{
	struct buf b;

	buf_init(&b, SIZE_MAX);
	buf_adds(&b, "a");
	buf_add(&b, "b", SIZE_MAX - 1);
	ck_assert(b.failed);
	ck_assert_str_eq(b.data, "a");
	buf_release(&b);
	buf_add(&b, "b", SIZE_MAX);
	ck_assert(b.failed);
	buf_release(&b);
	buf_release(NULL);
}
END_TEST

static void assert_escaped(const char *text, size_t len, size_t at, const char *escape)
{
	char expected[64];
	struct buf b;

	snprintf(expected, sizeof expected, "\"%.*s%s%.*s\"", (int)at, text, escape, (int)(len - at - 1),
		 text + at + 1);
	buf_init(&b, 100);
	buf_json_string(&b, text, len);
	ck_assert_str_eq(b.data, expected);
	buf_release(&b);
}

/* At every place of texts of many lengths, among neighbours of what needs an escape: eight bytes are looked at together. */
START_TEST(escapes_wherever_it_must)
{
	static const struct {
		char c;
		const char *escape;
	} special[] = {{'"', "\\\""},  {'\\', "\\\\"},    {'\n', "\\n"},
		       {1, "\\u0001"}, {0x1f, "\\u001F"}, {'x', "x"}};
	static const char neighbours[] = " !#[]\x7f\x80\xff";
	char text[24];

	for (size_t len = 1; len < sizeof text; len++) {
		for (size_t at = 0; at < len * (COUNTOF(neighbours) - 1); at++) {
			for (size_t i = 0; i < COUNTOF(special); i++) {
				memset(text, neighbours[at / len], sizeof text);
				text[at % len] = special[i].c;
				assert_escaped(text, len, at % len, special[i].escape);
			}
		}
	}
}
END_TEST

START_TEST(writes_integers)
{
	static const struct {
		int64_t number;
		const char *text;
	} samples[] = {{0, "0"},         {7, "7"},
		       {-1, "-1"},       {10, "10"},
		       {-1000, "-1000"}, {INT64_MAX, "9223372036854775807"},
		       {99, "99"},       {INT64_MIN, "-9223372036854775808"}};
	struct buf b;

	for (size_t i = 0; i < COUNTOF(samples); i++) {
		buf_init(&b, strlen(samples[i].text));
		buf_int(&b, samples[i].number);
		ck_assert_str_eq(b.data, samples[i].text);
		buf_int(&b, samples[i].number);
		ck_assert(b.failed);
		ck_assert_str_eq(b.data, samples[i].text);
		buf_release(&b);
	}
}
END_TEST

Suite *buf_suite(void)
{
	Suite *suite = suite_create("buf");
	TCase *tc = tcase_create("buf");

	tcase_add_test(tc, escapes_wherever_it_must);
	tcase_add_test(tc, writes_integers);
	tcase_add_test(tc, adds_and_prints);
	tcase_add_test(tc, takes_an_empty_text);
	tcase_add_test(tc, holds_max_and_not_more);
	tcase_add_test(tc, refuses_everything_after_a_refusal);
	tcase_add_test(tc, stays_failed_when_it_could_grow_again);
	tcase_add_test(tc, grows_geometrically);
	tcase_add_test(tc, refuses_lengths_that_wrap);
	suite_add_tcase(suite, tc);
	return suite;
}
