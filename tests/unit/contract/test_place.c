#include "support.h"

#include "ciclo/contract/json.h"

static unsigned kinds(const char *schema, const char *components, const char *a, const char *b, const char *d)
{
	const char *names[] = {a, b, d};
	size_t count = 0;
	struct contract *c = contract_of(schema, components);
	unsigned found;

	while (count < COUNTOF(names) && names[count])
		count++;
	found = schema_kinds(body_schema(c), names, count);
	contract_free(c);
	return found;
}

START_TEST(properties_and_items_have_the_kinds_of_their_schemas)
{
	static const char schema[] =
		"{type: object, additionalProperties: false, properties: {n: {type: integer}, "
		"list: {type: array, items: {type: object, properties: {s: {type: [string, 'null']}}}}, "
		"any: {type: array}}}";

	ck_assert_uint_eq(kinds(schema, "{}", NULL, NULL, NULL), KIND_OBJECT);
	ck_assert_uint_eq(kinds(schema, "{}", "n", NULL, NULL), KIND_INTEGER);
	ck_assert_uint_eq(kinds(schema, "{}", "list", NULL, NULL), KIND_ARRAY);
	ck_assert_uint_eq(kinds(schema, "{}", "list", "12", NULL), KIND_OBJECT);
	ck_assert_uint_eq(kinds(schema, "{}", "list", "0", "s"), KIND_STRING | KIND_NULL);
	ck_assert_uint_eq(kinds(schema, "{}", "any", "0", NULL), KIND_ANY);
}
END_TEST

START_TEST(where_nothing_may_be_there_is_no_kind)
{
	static const char schema[] = "{type: object, additionalProperties: false, properties: {n: {type: "
				     "integer}, list: {type: array}}}";

	ck_assert_uint_eq(kinds(schema, "{}", "m", NULL, NULL), 0);
	ck_assert_uint_eq(kinds(schema, "{}", "n", "x", NULL), 0);
	ck_assert_uint_eq(kinds(schema, "{}", "list", "x", NULL), 0);
	ck_assert_uint_eq(kinds(schema, "{}", "list", "-1", NULL), 0);
	ck_assert_uint_eq(kinds(schema, "{}", "list", "", NULL), 0);
	ck_assert_uint_eq(kinds("{type: string}", "{}", "x", NULL, NULL), 0);
}
END_TEST

START_TEST(additional_properties_say_it_for_all_names)
{
	ck_assert_uint_eq(kinds("{type: object}", "{}", "x", "y", NULL), KIND_ANY);
	ck_assert_uint_eq(
		kinds("{type: object, additionalProperties: {type: boolean}}", "{}", "x", NULL, NULL),
		KIND_BOOLEAN);
	ck_assert_uint_eq(kinds("{}", "{}", "x", NULL, NULL), KIND_ANY);
}
END_TEST

START_TEST(of_several_ways_all_count)
{
	static const char components[] =
		"{Ref: {type: string}, Fields: {type: object, additionalProperties: false, "
		"properties: {email: {type: string}, age: {type: integer}}}, "
		"Input: {allOf: [{$ref: '#/components/schemas/Fields'}, {anyOf: [{required: [email]}, "
		"{required: [age]}]}]}}";
	static const char one[] = "{properties: {who: {oneOf: [{$ref: '#/components/schemas/Ref'}, {$ref: "
				  "'#/components/schemas/Input'}]}}}";

	ck_assert_uint_eq(kinds(one, components, "who", NULL, NULL) & (KIND_STRING | KIND_OBJECT),
			  KIND_STRING | KIND_OBJECT);
	ck_assert_uint_eq(kinds(one, components, "who", "email", NULL), KIND_STRING);
	ck_assert_uint_eq(kinds(one, components, "who", "age", NULL), KIND_INTEGER);
	ck_assert_uint_eq(kinds(one, components, "who", "name", NULL), 0);
	ck_assert_uint_eq(
		kinds("{description: x, $ref: '#/components/schemas/Input'}", components, "age", NULL, NULL),
		KIND_INTEGER);
	ck_assert_uint_eq(
		kinds("{anyOf: [{properties: {a: {type: string}}}, {properties: {a: {type: integer}}}]}",
		      "{}", "a", NULL, NULL),
		KIND_STRING | KIND_INTEGER);
}
END_TEST

static const struct text_case {
	unsigned kinds;
	const char *text;
	const char *json;
} texts[] = {
	{KIND_STRING, "12", "\"12\""},
	{KIND_STRING | KIND_OBJECT, "{}", "\"{}\""},
	{KIND_ANY, "true", "\"true\""},
	{KIND_INTEGER, "12", "12"},
	{KIND_INTEGER | KIND_NULL, "-7", "-7"},
	{KIND_INTEGER, "9007199254740993", "9007199254740993"},
	{KIND_INTEGER, "007", "\"007\""},
	{KIND_INTEGER, "1.5", "\"1.5\""},
	{KIND_INTEGER, "1,000", "\"1,000\""},
	{KIND_INTEGER, "99999999999999999999", "\"99999999999999999999\""},
	{KIND_INTEGER | KIND_NULL, "null", "\"null\""},
	{KIND_INTEGER, "true", "\"true\""},
	{KIND_NUMBER, "0.85", "0.85"},
	{KIND_BOOLEAN, "true", "true"},
	{KIND_BOOLEAN, "FALSE", "false"},
	{KIND_BOOLEAN | KIND_NULL, "True", "true"},
	{KIND_BOOLEAN, "1", "\"1\""},
	{KIND_BOOLEAN, "yes", "\"yes\""},
	{KIND_ARRAY, "[\"a\", \"b\"]", "[\"a\",\"b\"]"},
	{KIND_ARRAY, "a", "\"a\""},
	{KIND_OBJECT, "{\"a\": 1}", "{\"a\":1}"},
	{KIND_OBJECT, "[1]", "\"[1]\""},
};

START_TEST(text_becomes_what_fits_or_stays_text)
{
	const struct text_case *t = &texts[_i];
	json_t *value = schema_text(t->kinds, t->text, strlen(t->text));
	char *json = json_write(value);

	ck_assert_str_eq(json, t->json);
	free(json);
	json_decref(value);
}
END_TEST

START_TEST(text_that_is_not_utf8_is_no_value)
{
	ck_assert_ptr_null(schema_text(KIND_STRING, "caf\xe9", 4));
	ck_assert_ptr_null(schema_text(KIND_INTEGER, "\xff", 1));
}
END_TEST

Suite *place_suite(void)
{
	Suite *suite = suite_create("place");
	TCase *tc = tcase_create("place");

	tcase_add_test(tc, properties_and_items_have_the_kinds_of_their_schemas);
	tcase_add_test(tc, where_nothing_may_be_there_is_no_kind);
	tcase_add_test(tc, additional_properties_say_it_for_all_names);
	tcase_add_test(tc, of_several_ways_all_count);
	tcase_add_loop_test(tc, text_becomes_what_fits_or_stays_text, 0, COUNTOF(texts));
	tcase_add_test(tc, text_that_is_not_utf8_is_no_value);
	suite_add_tcase(suite, tc);
	return suite;
}
