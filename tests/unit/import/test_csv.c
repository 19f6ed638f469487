#include <string.h>

#include "../../../src/import/csv.h"
#include "ciclo/base/buf.h"
#include "suites.h"

enum { TEXT_MAX = 1 << 16 };

/* A record as "[a][b]", "more" or "bad"; *ret_len: what it took. */
static char *read_record(const char *text, size_t len, bool last, size_t *ret_len)
{
	struct csv_row row;
	struct buf b;

	buf_init(&b, TEXT_MAX);
	ck_assert(csv_open(&row, len + 1));
	*ret_len = 0;
	switch (csv_read(&row, text, len, last, ret_len)) {
	case CSV_ROW:
		for (size_t i = 0; i < row.count; i++)
			buf_printf(&b, "[%.*s]", (int)row.cell[i].len, row.cell[i].text);
		break;
	case CSV_MORE:
		buf_adds(&b, "more");
		break;
	case CSV_BAD:
		ck_assert_ptr_nonnull(row.fault);
		buf_adds(&b, "bad");
	}
	csv_close(&row);
	return buf_take(&b, NULL);
}

/* last and more: what is found in text when nothing, or something, may follow. len: of the record, as last. */
static const struct record_case {
	const char *text;
	const char *last;
	const char *more;
	size_t len;
} records[] = {
	{"a,b\nc", "[a][b]", "[a][b]", 4},
	{"a,b\r\nc", "[a][b]", "[a][b]", 5},
	{"a,b", "[a][b]", "more", 3},
	{"a,b\r", "[a][b]", "more", 4},
	{"a,", "[a][]", "more", 2},
	{",\n", "[][]", "[][]", 2},
	{"\n", "[]", "[]", 1},
	{"\"a\",\"b\"\n", "[a][b]", "[a][b]", 8},
	{"\"a,b\",c\n", "[a,b][c]", "[a,b][c]", 8},
	{"\"a\r\nb\",c\n", "[a\r\nb][c]", "[a\r\nb][c]", 9},
	{"\"a\"\"b\",c\n", "[a\"b][c]", "[a\"b][c]", 9},
	{"\"\"\"\"\n", "[\"]", "[\"]", 5},
	{"\"\",\"\"\n", "[][]", "[][]", 6},
	{"\"\"\"a\"\",\"\"b\"\"\",\"c\"\"\"\n", "[\"a\",\"b\"][c\"]", "[\"a\",\"b\"][c\"]", 20},
	{" a , b \n", "[ a ][ b ]", "[ a ][ b ]", 8},
	{"\xc3\xa4,\xff\n", "[\xc3\xa4][\xff]", "[\xc3\xa4][\xff]", 5},
	{"\"a\"", "[a]", "more", 3},
	{"\"a\"\"", "bad", "more", 0},
	{"\"a\nb\nc", "bad", "more", 0},
	{"\"a\"b\n", "bad", "bad", 0},
	{"\"a\" ,b\n", "bad", "bad", 0},
	{"a\"b\n", "bad", "bad", 0},
	{"a,b\"\n", "bad", "bad", 0},
	{"a\rb\n", "bad", "bad", 0},
};

START_TEST(a_record_is_what_rfc_4180_says)
{
	const struct record_case *r = &records[_i];
	size_t len;
	char *last = read_record(r->text, strlen(r->text), true, &len);
	char *more;

	ck_assert_str_eq(last, r->last);
	if (r->len > 0)
		ck_assert_uint_eq(len, r->len);
	more = read_record(r->text, strlen(r->text), false, &len);
	ck_assert_str_eq(more, r->more);
	free(last);
	free(more);
}
END_TEST

/* Whatever arrives first, the record comes out the same once it is whole. */
START_TEST(a_part_of_a_record_is_never_taken_for_it)
{
	static const char text[] = "\"a\"\"\"\"b\",,\"c\r\nd\",e\r\nf";
	size_t whole = strlen(text) - 1;

	for (size_t have = 0; have < whole; have++) {
		size_t len;
		char *found = read_record(text, have, false, &len);
		ck_assert_str_eq(found, "more");
		free(found);
	}
	size_t len;
	char *found = read_record(text, whole, false, &len);
	ck_assert_str_eq(found, "[a\"\"b][][c\r\nd][e]");
	ck_assert_uint_eq(len, whole);
	free(found);
}
END_TEST

START_TEST(cells_have_a_limit)
{
	static char text[CSV_CELLS_MAX + 1];
	size_t len;

	memset(text, ',', CSV_CELLS_MAX);
	char *most = read_record(text, CSV_CELLS_MAX - 1, true, &len);
	char *over = read_record(text, CSV_CELLS_MAX, true, &len);
	ck_assert_str_ne(most, "bad");
	ck_assert_str_eq(over, "bad");
	free(most);
	free(over);
}
END_TEST

Suite *csv_suite(void)
{
	Suite *suite = suite_create("csv");
	TCase *tc = tcase_create("csv");

	tcase_add_loop_test(tc, a_record_is_what_rfc_4180_says, 0, COUNTOF(records));
	tcase_add_test(tc, a_part_of_a_record_is_never_taken_for_it);
	tcase_add_test(tc, cells_have_a_limit);
	suite_add_tcase(suite, tc);
	return suite;
}
