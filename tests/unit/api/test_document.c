#include <stdlib.h>
#include <string.h>

#include "../../../src/api/document.h"
#include "suites.h"

START_TEST(hash_knows_content_only)
{
	char a[HASH_TEXT];
	char b[HASH_TEXT];
	char c[HASH_TEXT];
	json_t *one = json_pack("{s:i, s:{s:b, s:n}}", "amount", 5, "x", "p", 1, "q");
	json_t *two = json_pack("{s:{s:n, s:b}, s:i}", "x", "q", "p", 1, "amount", 5);
	json_t *three = json_pack("{s:i}", "amount", 5);

	ck_assert(document_hash(one, NULL, a) && document_hash(two, NULL, b) &&
		  document_hash(three, NULL, c));
	ck_assert_str_eq(a, b);
	ck_assert_str_ne(a, c);
	json_decref(one);
	json_decref(two);
	json_decref(three);
}
END_TEST

START_TEST(hash_leaves_out_what_it_is_told)
{
	static const char *const without[] = {"id", "at", NULL};
	char a[HASH_TEXT], b[HASH_TEXT], c[HASH_TEXT];
	json_t *one = json_pack("{s:i, s:{s:i}, s:i}", "id", 1, "x", "id", 2, "at", 3);
	json_t *two = json_pack("{s:{s:i}}", "x", "id", 2);
	json_t *three = json_pack("{s:{}}", "x");
	ck_assert(document_hash(one, without, a) && document_hash(two, NULL, b) &&
		  document_hash(three, NULL, c));
	ck_assert_str_eq(a, b);
	ck_assert_str_ne(b, c);
	json_decref(one);
	json_decref(two);
	json_decref(three);
}
END_TEST

/* "ab" + "c" is not "a" + "bc". */
START_TEST(hash_keeps_texts_apart)
{
	char a[HASH_TEXT];
	char b[HASH_TEXT];
	text_hash(a, "ab", "c", (char *)NULL);
	text_hash(b, "a", "bc", (char *)NULL);
	ck_assert_str_ne(a, b);
	ck_assert_uint_eq(strlen(a), HASH_TEXT - 1);
}
END_TEST

START_TEST(instants_become_utc)
{
	json_t *from = json_pack("{s:s}", "at", "2026-01-01T01:30:00+02:00");
	json_t *doc = json_object();
	ck_assert(document_instant_from(doc, "at", from, 0));
	ck_assert_str_eq(json_string_value(json_object_get(doc, "at")), "2025-12-31T23:30:00Z");
	ck_assert(!document_instant_from(doc, "absent", from, 1500000));
	ck_assert_str_eq(json_string_value(json_object_get(doc, "absent")), "1970-01-01T00:00:01.500000Z");
	json_decref(from);
	json_decref(doc);
}
END_TEST

/* orders has columns: a row is the text of each of its cells, as it is. */
START_TEST(rows_with_columns_are_cells)
{
	struct arena *arena = arena_new(100000);
	json_t *row = json_pack("{s:s, s:s, s:n, s:i, s:[{s:s}], s:b, s:s}", "customer_id", "NULL",
				"external_id", "a\"b\\c,{}\n", "ordered_at", "total", -7, "items", "sku",
				"T\"", "test", 1, "no_column", "x");
	json_t *rows = json_pack("[OO]", row, row);
	const char *text = document_rows(Q_ORDER_INSERT, row, arena);
	ck_assert_ptr_nonnull(text);
	const char *start = "NULL" CELL_END CELL_NULL CELL_END "a\"b\\c,{}\n" CELL_END CELL_NULL CELL_END;
	ck_assert_int_eq(strncmp(text, start, strlen(start)), 0);
	ck_assert_ptr_nonnull(strstr(text, CELL_END "-7" CELL_END));
	ck_assert_ptr_nonnull(strstr(text, CELL_END "[{\"sku\":\"T\\\"\"}]" CELL_END));
	ck_assert_ptr_nonnull(strstr(text, CELL_END "true" CELL_END));
	ck_assert_ptr_null(strstr(text, "x"));
	const char *both = document_rows(Q_ORDER_INSERT, rows, arena);
	ck_assert_ptr_nonnull(both);
	ck_assert_uint_eq(strlen(both), 2 * strlen(text));
	ck_assert_int_eq(strncmp(both, text, strlen(text)), 0);
	ck_assert_str_eq(both + strlen(text), text);
	json_decref(rows);
	json_decref(row);
	arena_free(arena);
}
END_TEST

START_TEST(cells_are_as_many_as_columns)
{
	struct arena *arena = arena_new(100000);
	const char *const cells[] = {"orders", "a", NULL, NULL, "hash"};
	const char *text =
		"orders" CELL_END "a" CELL_END CELL_NULL CELL_END CELL_NULL CELL_END "hash" CELL_END;
	ck_assert_str_eq(document_cells(Q_EXTERNAL_ID_INSERT, 5, cells, arena), text);
	ck_assert_ptr_null(document_cells(Q_EXTERNAL_ID_INSERT, 4, cells, arena));
	arena_free(arena);
}
END_TEST

START_TEST(other_rows_are_json)
{
	struct arena *arena = arena_new(100000);
	json_t *rows = json_pack("[{s:i},{s:i}]", "n", 1, "n", 2);
	json_t *none = json_array();
	ck_assert_str_eq(document_rows(Q_SPEND_INSERT, rows, arena), "{\"n\":1},{\"n\":2}");
	ck_assert_str_eq(document_rows(Q_SPEND_INSERT, json_array_get(rows, 0), arena), "{\"n\":1}");
	ck_assert_ptr_null(document_rows(Q_SPEND_INSERT, none, arena));
	json_decref(none);
	json_decref(rows);
	arena_free(arena);
}
END_TEST

START_TEST(members_are_found_in_any_order)
{
	static const char *const names[] = {"a", "b", "c", "d", "x", "d", "a", "c", "d", "b", "a", "x", NULL};
	json_t *object = json_pack("{s:i,s:i,s:i,s:i}", "a", 1, "b", 2, "c", 3, "d", 4),
	       *none = json_object();
	struct walk walk = walk_of(object), nowhere = walk_of(none), of_nothing = walk_of(NULL);

	for (size_t i = 0; names[i] != NULL; i++) {
		ck_assert_ptr_eq(walk_get(&walk, names[i]), json_object_get(object, names[i]));
		ck_assert_ptr_null(walk_get(&nowhere, names[i]));
		ck_assert_ptr_null(walk_get(&of_nothing, names[i]));
	}
	ck_assert_int_eq(walk_int(&walk, "c", 9), 3);
	ck_assert_int_eq(walk_int(&walk, "x", 9), 9);
	json_decref(object);
	json_decref(none);
}
END_TEST

START_TEST(new_documents_have_their_order)
{
	json_t *from = json_pack("{s:i,s:s,s:i}", "c", 3, "a", "one", "other", 5);
	const struct member members[] = {
		{"a", NULL}, {"b", json_true()}, {"c", NULL}, {"d", NULL}, {NULL, NULL}};
	json_t *doc = document_new(members, from);
	char *text = json_dumps(doc, JSON_COMPACT);

	ck_assert_str_eq(text, "{\"a\":\"one\",\"b\":true,\"c\":3,\"d\":null}");
	free(text);
	json_decref(doc);
	json_decref(from);
}
END_TEST

Suite *document_suite(void)
{
	Suite *suite = suite_create("document");
	TCase *tcase = tcase_create("document");
	tcase_add_test(tcase, hash_knows_content_only);
	tcase_add_test(tcase, hash_leaves_out_what_it_is_told);
	tcase_add_test(tcase, hash_keeps_texts_apart);
	tcase_add_test(tcase, instants_become_utc);
	tcase_add_test(tcase, rows_with_columns_are_cells);
	tcase_add_test(tcase, cells_are_as_many_as_columns);
	tcase_add_test(tcase, other_rows_are_json);
	tcase_add_test(tcase, members_are_found_in_any_order);
	tcase_add_test(tcase, new_documents_have_their_order);
	suite_add_tcase(suite, tcase);
	return suite;
}
