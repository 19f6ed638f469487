#include "support.h"

#include "ciclo/base/buf.h"

enum { WHY_SIZE = 512 };

/* YAML below `x-data:` and the JSON that it means. */
static const struct row {
	const char *yaml;
	const char *json;
} rows[] = {
	{"", "null"},
	{" ~", "null"},
	{" Null", "null"},
	{" true", "true"},
	{" FALSE", "false"},
	{" yes", "\"yes\""},
	{" 'true'", "\"true\""},
	{" \"12\"", "\"12\""},
	{" 12", "12"},
	{" -7", "-7"},
	{" +7", "7"},
	{" 010", "10"},
	{" 0o17", "15"},
	{" 0x1F", "31"},
	{" 0x", "\"0x\""},
	{" 1.5", "1.5"},
	{" .5", "0.5"},
	{" 1e2", "100.0"},
	{" 1e", "\"1e\""},
	{" .", "\".\""},
	{"\n  -\n", "[null]"},
	{" 1.2.3", "\"1.2.3\""},
	{" 12:30", "\"12:30\""},
	{" 2026-01-01", "\"2026-01-01\""},
	{" [a, 1, {b: ~}]", "[\"a\",1,{\"b\":null}]"},
	{" {200: x, null: y}", "{\"200\":\"x\",\"null\":\"y\"}"},
	{" |\n  two\n  lines\n", "\"two\\nlines\\n\""},
	{" >-\n  one\n  line\n", "\"one line\""},
	{"\n  - a\n  - b: 1\n    c: 2\n", "[\"a\",{\"b\":1,\"c\":2}]"},
	{" '<<'", "\"<<\""},
};

static const struct row faults[] = {
	{" &a 1", "anchors and aliases"},
	{" &a [1]", "anchors and aliases"},
	{" &a {b: 1}", "anchors and aliases"},
	{" *a", "anchors and aliases"},
	{" {*a : 1}", "anchors and aliases"},
	{" !!str 1", "tags"},
	{" !x {a: 1}", "tags"},
	{" {a: 1, a: 2}", "duplicate key \"a\""},
	{"\n  a: 1\n  b: 2\n  a: 3\n", "line 9: duplicate key"},
	{" {[a]: 1}", "key"},
	{" \"a\\0b\"", "NUL"},
	{" {\"a\\0b\": 1}", "NUL"},
	{" .inf", "number"},
	{" -.INF", "number"},
	{" .NaN", "number"},
	{" 9223372036854775808", "number"},
	{" 1e999", "number"},
	{" [1", "line"},
	{" \"\xff\"", "line"},
	{" 1\n---\nb: 2", "more than one document"},
};

static struct contract *load_data(const char *data, char *why)
{
	struct contract *c;
	struct buf b;

	buf_init(&b, 1 << 16);
	buf_printf(&b, "paths: {}\ncomponents: {}\nx-data:%s", data);
	c = load_rest(b.data, why);
	buf_release(&b);
	return c;
}

START_TEST(means)
{
	char why[WHY_SIZE];
	struct contract *c = load_data(rows[_i].yaml, why);
	size_t len;
	const char *json;
	const char *data;

	ck_assert_msg(c, "%s: %s", rows[_i].yaml, why);
	json = contract_json(c, &len);
	ck_assert_uint_eq(strlen(json), len);
	data = strstr(json, "\"x-data\":");
	ck_assert_ptr_nonnull(data);
	data += strlen("\"x-data\":");
	ck_assert_msg(strncmp(data, rows[_i].json, strlen(rows[_i].json)) == 0 &&
			      strcmp(data + strlen(rows[_i].json), "}") == 0,
		      "%s: %s", rows[_i].yaml, data);
	contract_free(c);
}
END_TEST

START_TEST(refuses)
{
	char why[WHY_SIZE];
	struct contract *c = load_data(faults[_i].yaml, why);

	ck_assert_msg(!c, "accepted: %s", faults[_i].yaml);
	ck_assert_msg(strstr(why, faults[_i].json), "%s: %s", faults[_i].yaml, why);
}
END_TEST

START_TEST(caps_depth)
{
	char deep[2 + 100 + 1] = " ";
	char why[WHY_SIZE];

	memset(deep + 1, '[', 100);
	ck_assert_ptr_null(load_data(deep, why));
	ck_assert_msg(strstr(why, "levels"), "%s", why);
}
END_TEST

START_TEST(refuses_nothing_at_all)
{
	char why[WHY_SIZE] = "";

	ck_assert_ptr_null(contract_load("", 0, why, sizeof why));
	ck_assert_msg(strstr(why, "empty"), "%s", why);
	ck_assert_ptr_null(contract_load("[]", 2, why, sizeof why));
	ck_assert_msg(strstr(why, "#/openapi"), "%s", why);
}
END_TEST

START_TEST(keeps_the_text)
{
	char why[WHY_SIZE];
	struct contract *c = load_data(" 1 # comment", why);
	size_t len;

	ck_assert_ptr_nonnull(strstr(contract_yaml(c, &len), "# comment"));
	ck_assert_uint_eq(strlen(contract_yaml(c, &len)), len);
	contract_free(c);
}
END_TEST

Suite *yaml_suite(void)
{
	Suite *suite = suite_create("yaml");
	TCase *tcase = tcase_create("yaml");

	tcase_add_loop_test(tcase, means, 0, COUNTOF(rows));
	tcase_add_loop_test(tcase, refuses, 0, COUNTOF(faults));
	tcase_add_test(tcase, caps_depth);
	tcase_add_test(tcase, refuses_nothing_at_all);
	tcase_add_test(tcase, keeps_the_text);
	suite_add_tcase(suite, tcase);
	return suite;
}
