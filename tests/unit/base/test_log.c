/* Log lines: one write, always valid JSON (read back with jansson), never longer than their room. */
#include "suites.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ciclo/base/log.h"
#include "ciclo/base/time.h"

/* Standard error during a test: a pipe, so that what one read(2) returns was one write(2). */
static int pipe_ends[2];
static int saved_stderr;

static void setup(void)
{
	ck_assert_int_eq(pipe(pipe_ends), 0);
	saved_stderr = dup(STDERR_FILENO);
	ck_assert_int_ge(dup2(pipe_ends[1], STDERR_FILENO), 0);
}

static void teardown(void)
{
	dup2(saved_stderr, STDERR_FILENO);
	close(saved_stderr);
	close(pipe_ends[0]);
	close(pipe_ends[1]);
	log_set_level(LOG_INFO);
}

/* What was written, read back; NULL for nothing. The caller frees it. */
static json_t *written(void)
{
	char text[8192];
	ssize_t len;
	json_t *line;

	/* So that read does not wait when there is nothing. */
	ck_assert_int_eq(write(pipe_ends[1], "#", 1), 1);
	len = read(pipe_ends[0], text, sizeof(text));
	ck_assert_int_ge(len, 1);
	if (len == 1)
		return NULL;
	ck_assert_int_eq(text[len - 2], '\n');
	ck_assert_ptr_null(memchr(text, '\n', (size_t)len - 2));
	ck_assert_int_le(len - 1, (ssize_t)sizeof(((struct log_line *)0)->text));
	line = json_loadb(text, (size_t)len - 2, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
	ck_assert_msg(line != NULL, "not JSON: %.*s", (int)len, text);
	return line;
}

static const char *string_of(const json_t *line, const char *name)
{
	return json_string_value(json_object_get(line, name));
}

START_TEST(an_event_has_time_level_event_and_detail)
{
	int64_t us;
	json_t *line;

	log_event(LOG_WARN, "db_lost", "%s after %d ms", "connection", 12);
	line = written();
	ck_assert_uint_eq(json_object_size(line), 4);
	ck_assert(instant_parse(string_of(line, "time"), strlen(string_of(line, "time")), &us));
	ck_assert_int_lt(clock_now_us() - us, INT64_C(60000000));
	ck_assert_str_eq(string_of(line, "level"), "warn");
	ck_assert_str_eq(string_of(line, "event"), "db_lost");
	ck_assert_str_eq(string_of(line, "detail"), "connection after 12 ms");
	json_decref(line);
}
END_TEST

START_TEST(members_keep_their_types)
{
	struct log_line l;
	json_t *line;

	log_begin(&l, LOG_INFO, "request");
	log_str(&l, "method", "GET");
	log_str(&l, "key", NULL);
	log_int(&l, "status", 200);
	log_int(&l, "least", INT64_MIN);
	log_end(&l);
	line = written();
	ck_assert_str_eq(string_of(line, "method"), "GET");
	ck_assert(json_is_null(json_object_get(line, "key")));
	ck_assert_int_eq(json_integer_value(json_object_get(line, "status")), 200);
	ck_assert_int_eq(json_integer_value(json_object_get(line, "least")), INT64_MIN);
	json_decref(line);
}
END_TEST

START_TEST(lines_below_the_level_are_not_written)
{
	struct log_line l;
	json_t *line;

	log_event(LOG_DEBUG, "no", "x");
	ck_assert_ptr_null(written());
	log_set_level(LOG_ERROR);
	log_event(LOG_WARN, "no", "x");
	log_begin(&l, LOG_INFO, "no");
	log_str(&l, "a", "b");
	log_int(&l, "c", 1);
	log_end(&l);
	ck_assert_ptr_null(written());
	log_event(LOG_ERROR, "yes", "x");
	line = written();
	ck_assert_str_eq(string_of(line, "level"), "error");
	json_decref(line);
	log_set_level(LOG_DEBUG);
	log_event(LOG_DEBUG, "yes", "x");
	line = written();
	ck_assert_str_eq(string_of(line, "level"), "debug");
	json_decref(line);
}
END_TEST

static const struct {
	const char *text, *read_back;
} texts[] = {
	{"quote \" and \\ and /", "quote \" and \\ and /"},
	{"a\nb\tc\x1b[31m\x7f", "a\nb\tc\x1b[31m\x7f"},
	{"\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80 \xf4\x8f\xbf\xbf",
	 "\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80 \xf4\x8f\xbf\xbf"},
	{"\xc2\x9b"
	 "31m",
	 "\xc2\x9b"
	 "31m"},
	/* A lone continuation byte, a cut sequence, overlong forms, a surrogate, past U+10FFFF, 0xff. */
	{"\x80", "\xef\xbf\xbd"},
	{"\xe2\x82", "\xef\xbf\xbd\xef\xbf\xbd"},
	{"\xe2\x82x", "\xef\xbf\xbd\xef\xbf\xbdx"},
	{"\xc0\xaf", "\xef\xbf\xbd\xef\xbf\xbd"},
	{"\xe0\x80\xaf", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
	{"\xf0\x80\x80\xaf", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
	{"\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
	{"\xf4\x90\x80\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
	{"\xff\xfe", "\xef\xbf\xbd\xef\xbf\xbd"},
	{"", ""},
};

START_TEST(texts_are_escaped)
{
	struct log_line l;
	json_t *line;

	log_begin(&l, LOG_INFO, "text");
	log_str(&l, "value", texts[_i].text);
	log_end(&l);
	line = written();
	ck_assert_str_eq(string_of(line, "value"), texts[_i].read_back);
	json_decref(line);
}
END_TEST

START_TEST(no_control_byte_reaches_the_terminal)
{
	struct log_line l;
	char all[257];

	for (int i = 0; i < 256; i++)
		all[i] = (char)(i + 1);
	all[255] = '\0';
	log_begin(&l, LOG_INFO, "text");
	log_str(&l, "value", all);
	/* C1 controls in proper UTF-8. */
	log_str(&l, "csi", "\xc2\x9b\x33\x31m");
	for (unsigned i = 0; i < l.len; i++)
		ck_assert_uint_ge((unsigned char)l.text[i], ' ');
	ck_assert_ptr_null(memchr(l.text, 0x7f, l.len));
	ck_assert_ptr_null(memmem(l.text, l.len, "\xc2\x9b", 2));
	log_end(&l);
	json_decref(written());
}
END_TEST

/* _i bytes before a long value of characters of one, two or three bytes and of six when escaped. */
START_TEST(long_lines_are_cut_and_stay_json)
{
	static const char *const units[] = {"x", "\xc3\xa9", "\xe2\x82\xac", "\"", "\x01", "\xff"};
	char value[4096];
	struct log_line l;
	json_t *line;

	for (size_t u = 0; u < COUNTOF(units); u++) {
		size_t size = strlen(units[u]), len = (size_t)_i;

		memset(value, 'x', len);
		while (len + size < sizeof(value)) {
			memcpy(value + len, units[u], size);
			len += size;
		}
		value[len] = '\0';
		log_begin(&l, LOG_INFO, "long");
		log_str(&l, "value", value);
		log_int(&l, "no_room", 1);
		log_str(&l, "no_room_either", "x");
		log_end(&l);
		line = written();
		ck_assert_uint_eq(json_object_size(line), 4);
		ck_assert_str_eq(string_of(line, "value") + strlen(string_of(line, "value")) - 3, "...");
		json_decref(line);
	}
}
END_TEST

START_TEST(many_members_stay_json)
{
	char name[16];
	struct log_line l;
	json_t *line;

	log_begin(&l, LOG_INFO, "many");
	for (int i = 0; i < 300; i++) {
		snprintf(name, sizeof(name), "m%d", i);
		if (i % 3 == 0)
			log_int(&l, name, INT64_MIN);
		else
			log_str(&l, name, i % 3 == 1 ? NULL : "text of a length");
	}
	log_end(&l);
	line = written();
	ck_assert_uint_gt(json_object_size(line), 50);
	json_decref(line);
	log_event(LOG_INFO, "long", "%05000d", 1);
	json_decref(written());
}
END_TEST

Suite *log_suite(void)
{
	Suite *suite = suite_create("log");
	TCase *tc = tcase_create("log");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, an_event_has_time_level_event_and_detail);
	tcase_add_test(tc, members_keep_their_types);
	tcase_add_test(tc, lines_below_the_level_are_not_written);
	tcase_add_loop_test(tc, texts_are_escaped, 0, COUNTOF(texts));
	tcase_add_test(tc, no_control_byte_reaches_the_terminal);
	tcase_add_loop_test(tc, long_lines_are_cut_and_stay_json, 0, 8);
	tcase_add_test(tc, many_members_stay_json);
	suite_add_tcase(suite, tc);
	return suite;
}
