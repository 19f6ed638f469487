#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "../../../src/import/input.h"
#include "ciclo/base/buf.h"
#include "suites.h"

enum { TEXT_MAX = 8 << 20 };

/* What is written into a pipe, in pieces. */
struct pieces {
	int fd;
	const char *text;
	size_t len;
	size_t piece;
};

static void *write_pieces(void *cls)
{
	const struct pieces *p = cls;
	for (size_t at = 0; at < p->len; at += p->piece) {
		size_t len = p->len - at < p->piece ? p->len - at : p->piece;
		ck_assert_int_eq(write(p->fd, p->text + at, len), (ssize_t)len);
	}
	close(p->fd);
	return NULL;
}

/* All records as "LINE@OFFSET:content|": "!" for a broken one, "~" for the rest of a long one. */
static char *read_all(enum format format, const char *text, size_t len, size_t piece)
{
	int fds[2];
	struct stop stop;
	struct input in;
	struct record r;
	struct buf b;
	pthread_t writer;

	ck_assert(pipe(fds) == 0 && stop_open(&stop) && input_open(&in, fds[0], format, 0, 1, &stop));
	struct pieces p = {fds[1], text, len, piece};
	ck_assert_int_eq(pthread_create(&writer, NULL, write_pieces, &p), 0);
	buf_init(&b, TEXT_MAX);
	buf_adds(&b, "");
	while (input_peek(&in, &r) == INPUT_RECORD) {
		if (!r.blank && !r.rest)
			buf_printf(&b, "%llu@%llu:%.*s|", (unsigned long long)in.line,
				   (unsigned long long)in.offset, r.fault ? 1 : (int)r.content,
				   r.fault ? "!" : r.text);
		input_take(&in, &r);
	}
	buf_printf(&b, "%llu@%llu", (unsigned long long)in.line, (unsigned long long)in.offset);
	pthread_join(writer, NULL);
	input_close(&in);
	stop_close(&stop);
	close(fds[0]);
	return buf_take(&b, NULL);
}

static const struct file_case {
	enum format format;
	const char *text;
	const char *records;
} files[] = {
	{FORMAT_NDJSON, "", "1@0"},
	{FORMAT_NDJSON, "{}", "1@0:{}|1@2"},
	{FORMAT_NDJSON, "{}\n\n \t\r\n[]\r\n", "1@0:{}|4@8:[]|5@12"},
	{FORMAT_NDJSON, "\xef\xbb\xbf{}\n", "1@3:{}|2@6"},
	{FORMAT_NDJSON, "\xef\xbb", "1@0:\xef\xbb|1@2"},
	{FORMAT_NDJSON, "x\n\xef\xbb\xbfy\n", "1@0:x|2@2:\xef\xbb\xbfy|3@7"},
	{FORMAT_CSV, "a,b\nc,d\n", "1@0:a,b|2@4:c,d|3@8"},
	{FORMAT_CSV,
	 "\xef\xbb\xbf"
	 "a\r\n\r\n\"b\nc\"\r\nd",
	 "1@3:a|3@8:\"b\nc\"|5@15:d|5@16"},
	/* A broken record costs its first line; the next line is a record again. */
	{FORMAT_CSV, "a,b\"\nc,d\n", "1@0:!|2@5:c,d|3@9"},
	{FORMAT_CSV, "a,\"b\nc,\"d\ne,f\n", "1@0:!|2@5:!|3@10:e,f|4@14"},
	{FORMAT_CSV, "a,\"b\nc,d\ne,f", "1@0:!|2@5:c,d|3@9:e,f|3@12"},
};

START_TEST(records_are_found_however_they_arrive)
{
	const struct file_case *f = &files[_i];
	static const size_t pieces[] = {1, 2, 3, 1000};

	for (size_t i = 0; i < COUNTOF(pieces); i++) {
		char *found = read_all(f->format, f->text, strlen(f->text), pieces[i]);
		ck_assert_str_eq(found, f->records);
		free(found);
	}
}
END_TEST

/* A line of that length, and one behind it. */
static void check_long(enum format format, size_t len, bool fits)
{
	static const size_t pieces[] = {1000, 1 << 16, 10 << 20};
	char *text = malloc(len + 3);
	char last[100];

	memset(text, 'x', len);
	memcpy(text + len, "\ny\n", 3);
	snprintf(last, sizeof last, "|2@%zu:y|3@%zu", len + 1, len + 3);
	for (size_t i = 0; i < COUNTOF(pieces); i++) {
		char *found = read_all(format, text, len + 3, pieces[i]);
		ck_assert_uint_gt(strlen(found), strlen(last));
		ck_assert_str_eq(found + strlen(found) - strlen(last), last);
		ck_assert_int_eq(strncmp(found, "1@0:!|", 6) != 0, fits);
		free(found);
	}
	free(text);
}

START_TEST(a_line_of_1_mib_is_the_longest)
{
	static const enum format formats[] = {FORMAT_NDJSON, FORMAT_CSV};

	for (size_t i = 0; i < COUNTOF(formats); i++) {
		check_long(formats[i], RECORD_MAX, true);
		check_long(formats[i], RECORD_MAX + 1, false);
		check_long(formats[i], RECORD_MAX + 2, false);
		check_long(formats[i], 2 * RECORD_MAX + 4, false);
		check_long(formats[i], 5 * RECORD_MAX, false);
	}
}
END_TEST

START_TEST(a_quote_that_is_never_closed_costs_one_line)
{
	size_t len = 3 * RECORD_MAX;
	char *text = malloc(len + 1);

	memset(text, 'x', len);
	memcpy(text, "a,\"b\n", 5);
	for (size_t at = 104; at < len; at += 100)
		text[at] = '\n';
	text[len] = '\0';
	char *found = read_all(FORMAT_CSV, text, len, 1 << 16);
	ck_assert_int_eq(strncmp(found, "1@0:!|2@5:xxx", 13), 0);
	ck_assert_ptr_null(strchr(found + 6, '!'));
	free(found);
	free(text);
}
END_TEST

Suite *input_suite(void)
{
	Suite *suite = suite_create("input");
	TCase *tc = tcase_create("input");

	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, records_are_found_however_they_arrive, 0, COUNTOF(files));
	tcase_add_test(tc, a_line_of_1_mib_is_the_longest);
	tcase_add_test(tc, a_quote_that_is_never_closed_costs_one_line);
	suite_add_tcase(suite, tc);
	return suite;
}
