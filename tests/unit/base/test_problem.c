/* The table of problems, and the cap on violations. */
#include "suites.h"

#include <stdlib.h>
#include <string.h>

#include "ciclo/base/problem.h"

START_TEST(every_problem_has_a_slug_status_and_title)
{
	for (unsigned i = PROBLEM_NONE + 1; i < PROBLEM_COUNT; i++) {
		enum problem code = (enum problem)i;

		ck_assert_int_ge(problem_status(code), 400);
		ck_assert_int_le(problem_status(code), 599);
		ck_assert_uint_gt(strlen(problem_title(code)), 5);
		ck_assert_uint_eq(strspn(problem_slug(code), "abcdefghijklmnopqrstuvwxyz_"),
				  strlen(problem_slug(code)));
		/* The same slug twice would find the first one. */
		ck_assert_int_eq(problem_from_slug(problem_slug(code)), code);
	}
}
END_TEST

START_TEST(known_problems)
{
	ck_assert_int_eq(problem_status(PROBLEM_validation_failed), 422);
	ck_assert_str_eq(problem_slug(PROBLEM_validation_failed), "validation_failed");
	ck_assert_str_eq(problem_title(PROBLEM_not_found), "Not found");
	ck_assert_int_eq(problem_from_slug("fact_conflict"), PROBLEM_fact_conflict);
	ck_assert_int_eq(problem_from_slug("none"), PROBLEM_NONE);
	ck_assert_int_eq(problem_from_slug(""), PROBLEM_NONE);
	ck_assert_int_eq(problem_from_slug(NULL), PROBLEM_NONE);
	ck_assert_int_eq(problem_status(PROBLEM_COUNT), 500);
	ck_assert_str_eq(problem_slug((enum problem)12345), "internal_error");
}
END_TEST

START_TEST(violations_are_copied)
{
	struct violations *v = calloc(1, sizeof(*v));
	char where[] = "/items/0/quantity";

	violation_add(v, IN_BODY, where, "minimum", "must be at least %d", 1);
	violation_add(v, IN_QUERY, "limit", "type", "must be an integer");
	where[1] = 'X';
	ck_assert_uint_eq(v->count, 2);
	ck_assert_uint_eq(v->total, 2);
	ck_assert_int_eq(v->item[0].in, IN_BODY);
	ck_assert_str_eq(v->item[0].where, "/items/0/quantity");
	ck_assert_str_eq(v->item[0].code, "minimum");
	ck_assert_str_eq(v->item[0].detail, "must be at least 1");
	ck_assert_int_eq(v->item[1].in, IN_QUERY);
	ck_assert_str_eq(v->item[1].where, "limit");
	violations_release(v);
	ck_assert_uint_eq(v->count, 0);
	ck_assert_uint_eq(v->total, 0);
	violations_release(NULL);
	free(v);
}
END_TEST

START_TEST(violations_are_capped_and_counted)
{
	struct violations *v = calloc(1, sizeof(*v));

	for (int i = 0; i < VIOLATIONS_MAX + 50; i++)
		violation_add(v, IN_BODY, "", "type", "%d", i);
	ck_assert_uint_eq(v->count, VIOLATIONS_MAX);
	ck_assert_uint_eq(v->total, VIOLATIONS_MAX + 50);
	ck_assert_str_eq(v->item[VIOLATIONS_MAX - 1].detail, "99");
	violations_release(v);
	free(v);
}
END_TEST

/* A text of one-byte `lead` and then euro signs, three bytes each. */
static char *euros(size_t lead, size_t count)
{
	char *text = malloc(lead + 3 * count + 1);

	memset(text, 'x', lead);
	for (size_t i = 0; i < count; i++)
		memcpy(text + lead + 3 * i, "\xe2\x82\xac", 3);
	text[lead + 3 * count] = '\0';
	return text;
}

START_TEST(long_texts_are_cut_between_characters)
{
	struct violations *v = calloc(1, sizeof(*v));
	size_t lead = (size_t)_i;
	char *text = euros(lead, 1000);
	size_t where, detail;

	violation_add(v, IN_BODY, text, "type", "%s", text);
	where = strlen(v->item[0].where);
	detail = strlen(v->item[0].detail);
	ck_assert_uint_le(where, 1000);
	ck_assert_uint_gt(where, 1000 - 3);
	ck_assert_uint_eq((where - lead) % 3, 0);
	ck_assert_uint_le(detail, 500);
	ck_assert_uint_gt(detail, 500 - 3);
	ck_assert_uint_eq((detail - lead) % 3, 0);
	violations_release(v);
	free(text);
	free(v);
}
END_TEST

START_TEST(texts_that_just_fit_are_whole)
{
	struct violations *v = calloc(1, sizeof(*v));
	char *where = euros(1, 333), *detail = euros(2, 166);

	violation_add(v, IN_BODY, where, "type", "%s", detail);
	ck_assert_str_eq(v->item[0].where, where);
	ck_assert_str_eq(v->item[0].detail, detail);
	violations_release(v);
	free(where);
	free(detail);
	free(v);
}
END_TEST

Suite *problem_suite(void)
{
	Suite *suite = suite_create("problem");
	TCase *tc = tcase_create("problem");

	tcase_add_test(tc, every_problem_has_a_slug_status_and_title);
	tcase_add_test(tc, known_problems);
	tcase_add_test(tc, violations_are_copied);
	tcase_add_test(tc, violations_are_capped_and_counted);
	tcase_add_loop_test(tc, long_texts_are_cut_between_characters, 0, 3);
	tcase_add_test(tc, texts_that_just_fit_are_whole);
	suite_add_tcase(suite, tc);
	return suite;
}
