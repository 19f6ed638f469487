#include "support.h"

#include "ciclo/base/buf.h"
#include "ciclo/contract/json.h"

enum { WHY_SIZE = 128 };

/* text "" with a length lets a row hold NUL bytes. */
struct sample {
	const char *text;
	size_t len;
};

#define SAMPLE(literal)                                                                                      \
	{                                                                                                    \
		literal, sizeof(literal) - 1                                                                 \
	}

static const struct sample accepted[] = {
	SAMPLE("null"),
	SAMPLE(" true "),
	SAMPLE("\"text\""),
	SAMPLE("-0"),
	SAMPLE("1e3"),
	SAMPLE("[]"),
	SAMPLE("{\"a\":[1,2,{\"b\":null}]}"),
	SAMPLE("\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\""),
	SAMPLE("\"\\\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\""),
	SAMPLE("\"\\ud83d\\ude00\""),
	SAMPLE("\"\xf0\x9f\x98\x80\""),
	SAMPLE("9007199254740993"),
};

/* What the sentence must contain. */
static const struct refused {
	struct sample text;
	const char *why;
} refused[] = {
	{SAMPLE(""), "ends too early"},
	{SAMPLE("{"), "ends too early"},
	{SAMPLE("{\"a\":1"), "line 1"},
	{SAMPLE("[1,\n2,]"), "line 2"},
	{SAMPLE("[1] 2"), "behind the value"},
	{SAMPLE("{\"a\":1,\"a\":2}"), "twice"},
	{SAMPLE("\"\\u0000\""), "NUL"},
	{SAMPLE("{\"\\u0000\":1}"), "NUL"},
	{SAMPLE("1\0"), "NUL"},
	{SAMPLE("\"a\0b\""), "NUL"},
	{SAMPLE("\"\xff\""), "UTF-8"},
	{SAMPLE("\"\xc0\xaf\""), "UTF-8"},
	{SAMPLE("\xef\xbb\xbf{}"), "invalid syntax"},
	{SAMPLE("\"\\ud800\""), "invalid syntax"},
	{SAMPLE("NaN"), "invalid syntax"},
	{SAMPLE("01"), "invalid syntax"},
	{SAMPLE("9223372036854775808"), "out of range"},
	{SAMPLE("1e400"), "out of range"},
	{SAMPLE("'a'"), "invalid syntax"},
	{SAMPLE("[1] // no"), "behind the value"},
	{SAMPLE("[\"\\n\", \"a\nb\"]"), "line 1"},
	{SAMPLE("{\"\\u0061\":1,\"a\":2}"), "twice"},
};

START_TEST(reads_every_json_text)
{
	const struct sample *s = &accepted[_i];
	char why[WHY_SIZE] = "";
	json_t *value = json_read(s->text, s->len, why, sizeof why);

	ck_assert_msg(value, "%s: %s", s->text, why);
	json_decref(value);
}
END_TEST

START_TEST(refuses_what_is_none)
{
	const struct refused *r = &refused[_i];
	char why[WHY_SIZE] = "";
	json_t *value = json_read(r->text.text, r->text.len, why, sizeof why);

	ck_assert_msg(!value, "accepted: %s", r->text.text);
	ck_assert_msg(strstr(why, r->why), "%s: %s", r->text.text, why);
	ck_assert_str_eq(why + strlen(why) - 1, ".");
}
END_TEST

/* Each of these, cut off anywhere, with any one byte replaced by any other. */
static const struct sample disturbed[] = {
	SAMPLE("{\"a\": [1, -20, 0.5e-3, 1E+2], \"\": {}, \"b\":\t[ ]\r\n}"),
	SAMPLE("[true,false,null,\"\\ud83d\\uDe00\\u00e9\\u0041\\u07ff\"]"),
	SAMPLE("{\"\\u0061\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\",\"a\":1}"),
	SAMPLE("[\"\xc3\xa9\xe2\x82\xac\xed\x9f\xbf\xf0\x9f\x98\x80\xf4\x8f\xbf\xbf\x7f\"]"),
	SAMPLE("{\"\xc3\xa9\":{\"a\":1,\"b\":2,\"c\":{\"a\":3}},\"\xc3\xaa\":0}"),
	SAMPLE("[999999999999999999,9223372036854775807,-9223372036854775808]"),
	SAMPLE("[0.1234567890123456789,1e308,4.9e-324,-0.0,-0,1e-400]"),
	SAMPLE("-9223372036854775809"),
	SAMPLE(" 12 "),
	SAMPLE("\"\\uD800\\uDBFF\""),
};

/* In a block of its own length, so that the sanitizer sees whoever reads on. */
static void assert_read_as_jansson(const char *text, size_t len)
{
	char why[WHY_SIZE] = "", *copy = malloc(len + 1);
	json_t *expected, *value;

	ck_assert_ptr_nonnull(copy);
	memcpy(copy + 1, text, len);
	expected = json_loadb(copy + 1, len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, NULL);
	value = json_read(copy + 1, len, why, sizeof why);
	if (expected || value) {
		char *left = json_dumps(expected, JSON_ENCODE_ANY),
		     *right = json_dumps(value, JSON_ENCODE_ANY);

		ck_assert_msg(left && right, "%.*s: %s", (int)len, text, why);
		ck_assert_str_eq(left, right);
		ck_assert(json_equal(expected, value));
		free(left);
		free(right);
	}
	json_decref(expected);
	json_decref(value);
	free(copy);
}

START_TEST(reads_as_jansson)
{
	const struct sample *s = &disturbed[_i];
	char text[128];

	for (size_t len = 0; len <= s->len; len++)
		assert_read_as_jansson(s->text, len);
	for (size_t at = 0; at < s->len; at++) {
		memcpy(text, s->text, s->len);
		/* NUL is refused before jansson is asked. */
		for (int byte = 1; byte < 256; byte++) {
			text[at] = (char)byte;
			assert_read_as_jansson(text, s->len);
		}
	}
}
END_TEST

START_TEST(counts_depth)
{
	char text[2 * JSON_DEPTH_MAX + 2];
	char why[WHY_SIZE] = "";
	json_t *value;

	memset(text, '[', JSON_DEPTH_MAX + 1);
	memset(text + JSON_DEPTH_MAX + 1, ']', JSON_DEPTH_MAX + 1);
	value = json_read(text, sizeof text, why, sizeof why);
	ck_assert_ptr_null(value);
	ck_assert_ptr_nonnull(strstr(why, "32 levels"));
	value = json_read(text + 1, sizeof text - 2, why, sizeof why);
	ck_assert_msg(value, "%s", why);
	json_decref(value);
}
END_TEST

START_TEST(says_nothing_of_the_body)
{
	static const char text[] = "{\"secret\": \"hunter2\", \"secret\" \"hunter3\"}";
	char why[WHY_SIZE] = "";

	ck_assert_ptr_null(json_read(text, sizeof text - 1, why, sizeof why));
	ck_assert_ptr_null(strstr(why, "hunter"));
	ck_assert_ptr_null(strstr(why, "secret"));
}
END_TEST

static void assert_written(const char *text, const char *plain, const char *canonical)
{
	char why[WHY_SIZE] = "";
	json_t *value = json_read(text, strlen(text), why, sizeof why);
	char *written = json_write(value);
	char *sorted = json_write_canonical(value, NULL);

	ck_assert_str_eq(written, plain);
	ck_assert_str_eq(sorted, canonical);
	free(written);
	free(sorted);
	json_decref(value);
}

START_TEST(writes_as_typed)
{
	assert_written("{\"b\": 19.99, \"a\": [0.1, 1, \"x/y\"]}", "{\"b\":19.99,\"a\":[0.1,1,\"x/y\"]}",
		       "{\"a\":[0.1,1,\"x/y\"],\"b\":19.99}");
	assert_written("\"\xc3\xa9\"", "\"\xc3\xa9\"", "\"\xc3\xa9\"");
	assert_written("null", "null", "null");
	assert_written("0.30000000000000004", "0.30000000000000004", "0.30000000000000004");
}
END_TEST

/* Hashes of facts that are stored were made of jansson's text. */
static void assert_as_jansson(json_t *value, size_t digits)
{
	const size_t flags = JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(digits);
	char *plain = json_dumps(value, flags), *canonical = json_dumps(value, flags | JSON_SORT_KEYS);
	char *written = json_write(value), *sorted = json_write_canonical(value, NULL);

	ck_assert_str_eq(written, plain);
	ck_assert_str_eq(sorted, canonical);
	free(plain);
	free(canonical);
	free(written);
	free(sorted);
	json_decref(value);
}

START_TEST(writes_as_jansson)
{
	char why[WHY_SIZE] = "";

	assert_as_jansson(json_read(accepted[_i].text, accepted[_i].len, why, sizeof why), 15);
}
END_TEST

START_TEST(writes_every_character_and_number_as_jansson)
{
	static const json_int_t numbers[] = {0, -1, 9, 10, -10, INT64_MAX, INT64_MIN};
	json_t *value = json_object();
	char text[] = "a?b";

	for (int c = 1; c < 128; c++) {
		text[1] = (char)c;
		json_object_set_new(value, text, json_string(text));
	}
	json_object_set_new(value, "", json_string(""));
	json_object_set_new(value, "z\xc3\xa9", json_string("\xf0\x9f\x8d\xb5"));
	for (size_t i = 0; i < COUNTOF(numbers); i++) {
		snprintf(text, sizeof text, "%zu", i);
		json_object_set_new(value, text, json_integer(numbers[i]));
	}
	assert_as_jansson(value, 15);
	assert_as_jansson(json_pack("{s:f,s:[f]}", "y", 0.1 + 0.2, "x", 1e300 / 3), 17);
}
END_TEST

/* Few members and many, in no order, with names that begin alike. */
START_TEST(sorts_as_jansson)
{
	for (int count = 0; count < 100; count++) {
		json_t *value = json_object();
		char name[16];

		for (int i = 0; i < count; i++) {
			snprintf(name, sizeof name, "%s%x", i % 3 ? "unit_" : "", (unsigned)i * 2654435761u);
			json_object_set_new(value, name, json_integer(i));
		}
		assert_as_jansson(value, 15);
	}
}
END_TEST

Suite *json_suite(void)
{
	Suite *suite = suite_create("json");
	TCase *tcase = tcase_create("json");

	tcase_add_loop_test(tcase, reads_every_json_text, 0, COUNTOF(accepted));
	tcase_add_loop_test(tcase, refuses_what_is_none, 0, COUNTOF(refused));
	tcase_add_loop_test(tcase, reads_as_jansson, 0, COUNTOF(disturbed));
	tcase_add_test(tcase, counts_depth);
	tcase_add_test(tcase, says_nothing_of_the_body);
	tcase_add_test(tcase, writes_as_typed);
	tcase_add_loop_test(tcase, writes_as_jansson, 0, COUNTOF(accepted));
	tcase_add_test(tcase, writes_every_character_and_number_as_jansson);
	tcase_add_test(tcase, sorts_as_jansson);
	suite_add_tcase(suite, tcase);
	return suite;
}
