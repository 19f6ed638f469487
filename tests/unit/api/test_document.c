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

	ck_assert(document_hash(one, a) && document_hash(two, b) && document_hash(three, c));
	ck_assert_str_eq(a, b);
	ck_assert_str_ne(a, c);
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

Suite *document_suite(void)
{
	Suite *suite = suite_create("document");
	TCase *tcase = tcase_create("document");
	tcase_add_test(tcase, hash_knows_content_only);
	tcase_add_test(tcase, hash_keeps_texts_apart);
	tcase_add_test(tcase, instants_become_utc);
	suite_add_tcase(suite, tcase);
	return suite;
}
