#include "support.h"

#include "ciclo/base/buf.h"
#include "ciclo/contract/json.h"

/* A schema, a body, what is found in it, and the body afterwards (NULL: unchanged). */
static const struct row {
	const char *schema;
	const char *body;
	const char *found;
	const char *after;
} rows[] = {
	{"{}", "{\"a\":[1,null]}", "", NULL},
	/* type */
	{"{type: string}", "1", " type", NULL},
	{"{type: [string, 'null']}", "null", "", NULL},
	{"{type: [string, 'null']}", "true", " type", NULL},
	{"{type: boolean}", "false", "", NULL},
	{"{type: integer}", "1.5", " type", NULL},
	{"{type: integer}", "1.0", "", NULL},
	{"{type: number}", "1", "", NULL},
	{"{type: number}", "1.5", "", NULL},
	{"{type: array}", "{}", " type", NULL},
	{"{type: object}", "[]", " type", NULL},
	/* a whole real is an integer, and becomes one */
	{"{items: {type: integer}}", "[1.0,2e2,-0.0]", "", "[1,200,0]"},
	{"{properties: {a: {type: integer}}}", "{\"a\":3.0}", "", "{\"a\":3}"},
	{"{properties: {a: {const: 3}}}", "{\"a\":3.0}", "", "{\"a\":3}"},
	{"{properties: {a: {type: integer}}}", "{\"a\":1e300}", "/a type", NULL},
	{"{properties: {a: {type: number}}}", "{\"a\":0.85}", "", NULL},
	/* enum, const */
	{"{enum: [a, 1, null]}", "\"a\"", "", NULL},
	{"{enum: [a, 1, null]}", "null", "", NULL},
	{"{enum: [a, 1, null]}", "\"b\"", " enum", NULL},
	{"{const: {a: [1]}}", "{\"a\":[1]}", "", NULL},
	{"{const: {a: [1]}}", "{\"a\":[2]}", " const", NULL},
	/* numbers */
	{"{minimum: 1}", "1", "", NULL},
	{"{minimum: 1}", "0", " minimum", NULL},
	{"{minimum: 1}", "0.5", " minimum", NULL},
	{"{maximum: 1.5}", "1.5", "", NULL},
	{"{maximum: 1.5}", "2", " maximum", NULL},
	{"{exclusiveMinimum: 0}", "0", " exclusive_minimum", NULL},
	{"{exclusiveMinimum: 0}", "0.001", "", NULL},
	{"{exclusiveMaximum: 10}", "10", " exclusive_maximum", NULL},
	{"{exclusiveMaximum: 10}", "9", "", NULL},
	{"{maximum: 9007199254740992}", "9007199254740993", " maximum", NULL},
	{"{multipleOf: 5}", "15", "", NULL},
	{"{multipleOf: 5}", "16", " multiple_of", NULL},
	{"{multipleOf: 5}", "7.5", " multiple_of", NULL},
	{"{minimum: 10, multipleOf: 5}", "7",
	 " minimum, "
	 " multiple_of",
	 NULL},
	{"{minimum: 10}", "\"x\"", "", NULL},
	/* strings: length in code points */
	{"{minLength: 2}", "\"\xc3\xa9\"", " min_length", NULL},
	{"{minLength: 2}", "\"\xc3\xa9\xc3\xa9\"", "", NULL},
	{"{maxLength: 1}", "\"\xf0\x9f\x98\x80\"", "", NULL},
	{"{maxLength: 1}", "\"ab\"", " max_length", NULL},
	{"{pattern: '^a+$'}", "\"aaa\"", "", NULL},
	{"{pattern: '^a+$'}", "\"aab\"", " pattern", NULL},
	{"{pattern: '^a+$'}", "\"a\\n\"", " pattern", NULL},
	{"{pattern: '^\\d$'}", "\"\xd9\xa1\"", " pattern", NULL},
	{"{pattern: '^.$'}", "\"\xc3\xa9\"", "", NULL},
	{"{pattern: '^[\\u0061]$'}", "\"a\"", "", NULL},
	{"{pattern: b}", "\"abc\"", "", NULL},
	{"{pattern: '^[^\\u0000]*$'}", "\"a\\n\\u0001\"", "", NULL},
	{"{type: integer, format: int64}", "1", "", NULL},
	{"{minLength: 3, pattern: '^a', format: uuid}", "\"b\"", " min_length,  pattern,  format", NULL},
	/* arrays */
	{"{minItems: 1}", "[]", " min_items", NULL},
	{"{maxItems: 1}", "[1,2]", " max_items", NULL},
	{"{uniqueItems: true}", "[1,\"1\",[1],{\"a\":1}]", "", NULL},
	{"{uniqueItems: true}", "[{\"a\":1,\"b\":2},{\"b\":2,\"a\":1}]", " unique_items", NULL},
	{"{uniqueItems: true, items: {type: integer}}", "[1,1.0]", " unique_items", "[1,1]"},
	{"{uniqueItems: false}", "[1,1]", "", NULL},
	{"{items: {type: integer}}", "[1,\"a\",2,null]", "/1 type, /3 type", NULL},
	/* objects */
	{"{required: [a, b]}", "{\"b\":1}", "/a required", NULL},
	{"{required: [a, b]}", "{}", "/a required, /b required", NULL},
	{"{properties: {a: {}}, additionalProperties: false}", "{\"a\":1,\"x\":1,\"y\":1}",
	 "/x unknown_property, /y unknown_property", NULL},
	{"{properties: {m: {}, z: {}, a: {}, k: {}, b: {}}, additionalProperties: false}",
	 "{\"a\":1,\"b\":1,\"k\":1,\"m\":1,\"z\":1}", "", NULL},
	{"{additionalProperties: true}", "{\"x\":1}", "", NULL},
	{"{additionalProperties: {type: boolean}}", "{\"x\":true,\"y\":1}", "/y type", NULL},
	{"{minProperties: 1}", "{}", " min_properties", NULL},
	{"{maxProperties: 1}", "{\"a\":1,\"b\":2}", " max_properties", NULL},
	{"{propertyNames: {pattern: '^[a-z]+$'}}", "{\"ab\":1,\"A\":1}", "/A property_name", NULL},
	{"{properties: {a/b: {type: string}, c~d: {type: string}}}", "{\"a/b\":1,\"c~d\":1}",
	 "/a~1b type, /c~0d type", NULL},
	{"{properties: {a: {items: {properties: {b: {type: string}}}}}}", "{\"a\":[{},{\"b\":1}]}",
	 "/a/1/b type", NULL},
	/* combined */
	{"{not: {type: string}}", "\"x\"", " not", NULL},
	{"{not: {type: string}}", "1", "", NULL},
	{"{allOf: [{minimum: 5}, {multipleOf: 2}]}", "3", " minimum,  multiple_of", NULL},
	{"{anyOf: [{required: [a]}, {required: [b]}]}", "{\"b\":1}", "", NULL},
	{"{anyOf: [{required: [a]}, {required: [b]}]}", "{\"c\":1}", " any_of", NULL},
	{"{oneOf: [{required: [a]}, {required: [b]}]}", "{\"a\":1,\"b\":1}", " one_of", NULL},
	{"{oneOf: [{required: [a]}, {required: [b]}]}", "{\"a\":1}", "", NULL},
	{"{oneOf: [{type: string, minLength: 3}, {type: object, required: [a]}]}", "\"x\"", " min_length",
	 NULL},
	{"{oneOf: [{type: string, minLength: 3}, {type: object, required: [a]}]}", "{}", "/a required", NULL},
	{"{oneOf: [{type: string, minLength: 3}, {type: object, required: [a]}]}", "1", " one_of", NULL},
	{"{oneOf: [{type: number, minimum: 3}, {type: string}]}", "1", " minimum", NULL},
	{"{anyOf: [{anyOf: [{type: string, minLength: 3}, {type: 'null'}]}, {type: array}]}", "\"x\"",
	 " min_length", NULL},
	/* $ref */
	{"{$ref: '#/components/schemas/Tree'}", "{\"next\":{\"next\":{\"next\":1}}}", "/next/next/next type",
	 NULL},
	{"{$ref: '#/components/schemas/Tree', required: [a]}", "{}", "/a required", NULL},
	{"{items: {$ref: '#/components/schemas/Small'}}", "[1,11]", "/1 maximum", NULL},
	/* defaults */
	{"{properties: {a: {default: 1}, b: {default: {c: []}}, d: {}}}", "{\"a\":2}", "",
	 "{\"a\":2,\"b\":{\"c\":[]}}"},
	{"{properties: {a: {type: [integer, 'null'], default: null}}}", "{}", "", "{\"a\":null}"},
	{"{properties: {a: {default: 1}}, required: [a]}", "{}", "/a required", "{\"a\":1}"},
	{"{properties: {a: {default: 1}}, maxProperties: 0}", "{}", "", "{\"a\":1}"},
	{"{properties: {a: {$ref: '#/components/schemas/Small'}}}", "{}", "", "{\"a\":7}"},
	{"{properties: {a: {$ref: '#/components/schemas/Small', minimum: 1}}}", "{}", "", "{\"a\":7}"},
	{"{$ref: '#/components/schemas/Filled'}", "{}", "", "{\"f\":true}"},
	{"{allOf: [{$ref: '#/components/schemas/Filled'}], properties: {g: {default: 2}}, "
	 "additionalProperties: false}",
	 "{}", "", "{\"f\":true,\"g\":2}"},
	{"{items: {$ref: '#/components/schemas/Filled'}}", "[{},{\"f\":false}]", "",
	 "[{\"f\":true},{\"f\":false}]"},
	{"{oneOf: [{type: string}, {$ref: '#/components/schemas/Filled'}]}", "{}", "", "{\"f\":true}"},
	{"{anyOf: [{required: [x], properties: {p: {default: 1}}}, {properties: {q: {default: 2}}}]}", "{}",
	 "", "{\"q\":2}"},
	{"{anyOf: [{properties: {p: {default: 1}}}, {properties: {p: {default: 2}}}]}", "{}", "",
	 "{\"p\":1}"},
	{"{not: {required: [x], properties: {p: {default: 1}}}}", "{}", "", "{}"},
};

static const char components[] =
	"{Tree: {type: object, properties: {next: {$ref: '#/components/schemas/Tree'}}},"
	" Small: {type: integer, maximum: 10, default: 7},"
	" Filled: {type: object, properties: {f: {type: boolean, default: true}}}}";

static json_t *read_text(const char *text)
{
	char why[128];
	json_t *value = json_read(text, strlen(text), why, sizeof why);

	ck_assert_msg(value, "%s: %s", text, why);
	return value;
}

START_TEST(finds)
{
	const struct row *row = &rows[_i];
	struct contract *c = contract_of(row->schema, components);
	struct violations found = {.total = 0};
	json_t *value = read_text(row->body);
	json_t *after = read_text(row->after ? row->after : row->body);
	char *text;

	schema_validate(body_schema(c), value, "", &found);
	text = found_text(&found);
	ck_assert_msg(strcmp(text, row->found) == 0, "%s with %s: expected \"%s\", found \"%s\"", row->schema,
		      row->body, row->found, text);
	ck_assert_msg(json_equal(value, after), "%s with %s: changed otherwise", row->schema, row->body);
	free(text);
	json_decref(after);
	json_decref(value);
	contract_free(c);
}
END_TEST

/* What the detail says, word by word. */
static const struct wording {
	const char *schema;
	const char *body;
	const char *detail;
} wordings[] = {
	{"{type: [integer, 'null']}", "\"secret\"", "must be an integer or null"},
	{"{type: [number, boolean]}", "\"secret\"", "must be a number or true or false"},
	{"{enum: [monday, sunday]}", "\"secret\"", "must be one of: monday, sunday"},
	{"{enum: [1, null]}", "\"secret\"", "must be one of: 1, null"},
	{"{minimum: -5}", "-6", "must be at least -5"},
	{"{maximum: 0.5}", "1", "must be at most 0.5"},
	{"{exclusiveMinimum: 0}", "0", "must be above 0"},
	{"{maxLength: 2}", "\"secret\"", "must have at most 2 characters"},
	{"{minItems: 1}", "[]", "must have at least 1 items"},
	{"{format: date}", "\"secret\"", "must be a date (YYYY-MM-DD)"},
	{"{pattern: x}", "\"secret\"", "does not have the required form"},
	{"{multipleOf: 5}", "1", "must be a multiple of 5"},
};

START_TEST(says)
{
	struct contract *c = contract_of(wordings[_i].schema, "{}");
	struct violations found = {.total = 0};
	json_t *value = read_text(wordings[_i].body);

	schema_validate(body_schema(c), value, "", &found);
	ck_assert_uint_eq(found.total, 1);
	ck_assert_str_eq(found.item[0].detail, wordings[_i].detail);
	ck_assert_int_eq(found.item[0].in, IN_BODY);
	violations_release(&found);
	json_decref(value);
	contract_free(c);
}
END_TEST

START_TEST(cuts_a_long_enum)
{
	struct buf b;
	struct contract *c;
	struct violations found = {.total = 0};
	json_t *value = json_true();

	buf_init(&b, 4096);
	for (int i = 0; i < 100; i++)
		buf_printf(&b, "%schoice_%d", i ? ", " : "{enum: [", i);
	buf_adds(&b, "]}");
	c = contract_of(b.data, "{}");
	schema_validate(body_schema(c), value, "", &found);
	ck_assert_uint_eq(found.total, 1);
	ck_assert_msg(strlen(found.item[0].detail) < 256, "%s", found.item[0].detail);
	ck_assert_str_eq(found.item[0].detail + strlen(found.item[0].detail) - 5, ", ...");
	violations_release(&found);
	contract_free(c);
	buf_release(&b);
}
END_TEST

START_TEST(starts_at_the_pointer)
{
	struct contract *c = contract_of("{required: [a]}", "{}");
	struct violations found = {.total = 0};
	json_t *value = json_object();
	char *text;

	schema_validate(body_schema(c), value, "/items/3", &found);
	text = found_text(&found);
	ck_assert_str_eq(text, "/items/3/a required");
	free(text);
	json_decref(value);
	contract_free(c);
}
END_TEST

/* The document is shared: what a client does with a default must not change it. */
START_TEST(copies_defaults)
{
	struct contract *c = contract_of("{properties: {a: {default: [1]}}}", "{}");
	struct violations found = {.total = 0};
	json_t *first = json_object();
	json_t *second = json_object();

	schema_validate(body_schema(c), first, "", &found);
	json_array_clear(json_object_get(first, "a"));
	schema_validate(body_schema(c), second, "", &found);
	ck_assert_uint_eq(json_array_size(json_object_get(second, "a")), 1);
	json_decref(first);
	json_decref(second);
	contract_free(c);
}
END_TEST

/* A name of a megabyte must not become a pointer of a megabyte. */
START_TEST(shortens_long_places)
{
	struct contract *c =
		contract_of("{properties: {a: {additionalProperties: {additionalProperties: false}}}}", "{}");
	struct violations found = {.total = 0};
	json_t *value = json_object();
	json_t *inner = json_object();
	char name[2000];
	char *text;

	memset(name, 'x', sizeof name - 1);
	name[sizeof name - 1] = '\0';
	json_object_set_new(inner, name, json_pack("{s:i}", "deep", 1));
	json_object_set_new(value, "a", inner);
	schema_validate(body_schema(c), value, "", &found);
	text = found_text(&found);
	ck_assert_str_eq(text, "/a unknown_property");
	free(text);
	json_decref(value);
	contract_free(c);
}
END_TEST

START_TEST(counts_past_the_cap)
{
	struct contract *c = contract_of("{items: {type: string}}", "{}");
	struct violations found = {.total = 0};
	json_t *value = json_array();

	for (int i = 0; i < 2 * VIOLATIONS_MAX; i++)
		json_array_append_new(value, json_null());
	schema_validate(body_schema(c), value, "", &found);
	ck_assert_uint_eq(found.count, VIOLATIONS_MAX);
	ck_assert_uint_eq(found.total, 2 * VIOLATIONS_MAX);
	violations_release(&found);
	json_decref(value);
	contract_free(c);
}
END_TEST

/* Backtracks 2^197 times: the match limit ends it, and no match is found. */
START_TEST(bounds_a_pattern)
{
	struct contract *c = contract_of("{pattern: '^(a+)+$'}", "{}");
	struct violations found = {.total = 0};
	char text[200];
	json_t *value;
	char *result;

	memset(text, 'a', sizeof text);
	text[sizeof text - 2] = 'b';
	text[sizeof text - 1] = '\0';
	value = json_string(text);
	schema_validate(body_schema(c), value, "", &found);
	result = found_text(&found);
	ck_assert_str_eq(result, " pattern");
	free(result);
	json_decref(value);
	contract_free(c);
}
END_TEST

Suite *validate_suite(void)
{
	Suite *suite = suite_create("validate");
	TCase *tcase = tcase_create("validate");

	tcase_add_loop_test(tcase, finds, 0, COUNTOF(rows));
	tcase_add_loop_test(tcase, says, 0, COUNTOF(wordings));
	tcase_add_test(tcase, cuts_a_long_enum);
	tcase_add_test(tcase, starts_at_the_pointer);
	tcase_add_test(tcase, copies_defaults);
	tcase_add_test(tcase, shortens_long_places);
	tcase_add_test(tcase, counts_past_the_cap);
	tcase_add_test(tcase, bounds_a_pattern);
	suite_add_tcase(suite, tcase);
	return suite;
}
