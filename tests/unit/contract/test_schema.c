#include "support.h"

enum { WHY_SIZE = 512 };

/* A schema of a body, components/schemas, and what the fault must say. */
static const struct fault {
	const char *schema;
	const char *components;
	const char *why;
} faults[] = {
	{"{if: {}}", "{}", "/application~1json/schema: unsupported keyword \"if\""},
	{"{discriminator: {}}", "{}", "unsupported keyword \"discriminator\""},
	{"{x-note: 1}", "{}", "unsupported keyword \"x-note\""},
	{"{nullable: true}", "{}", "unsupported keyword \"nullable\""},
	{"{}", "{A: {properties: {b/c: {items: {contains: {}}}}}}",
	 "#/components/schemas/A/properties/b~1c/items: unsupported keyword \"contains\""},
	{"true", "{}", "must be an object"},
	{"{type: text}", "{}", "/schema/type: unknown type \"text\""},
	{"{type: [string, 1]}", "{}", "unknown type"},
	{"{type: []}", "{}", "must not be empty"},
	{"{format: iban}", "{}", "/schema/format: unknown format \"iban\""},
	{"{format: 1}", "{}", "unknown format"},
	{"{pattern: '['}", "{}", "/schema/pattern: bad pattern at character 1"},
	{"{pattern: 1}", "{}", "a pattern must be text"},
	{"{minLength: -1}", "{}", "/schema/minLength: must be an integer of 0 or more"},
	{"{maxItems: 1.5}", "{}", "must be an integer of 0 or more"},
	{"{minimum: '1'}", "{}", "/schema/minimum: must be a number"},
	{"{exclusiveMinimum: true}", "{}", "must be a number"},
	{"{multipleOf: 0}", "{}", "multipleOf must be"},
	{"{multipleOf: 0.1}", "{}", "multipleOf must be"},
	{"{uniqueItems: 1}", "{}", "must be true or false"},
	{"{enum: []}", "{}", "enum must be a list"},
	{"{enum: a}", "{}", "enum must be a list"},
	{"{required: true}", "{}", "/schema/required: must be a list of names"},
	{"{required: [1]}", "{}", "must be a list of names"},
	{"{properties: []}", "{}", "/schema/properties: must be an object"},
	{"{properties: {a: 1}}", "{}", "/schema/properties/a: must be an object"},
	{"{items: [{}]}", "{}", "/schema/items: must be an object"},
	{"{additionalProperties: 1}", "{}", "must be an object"},
	{"{oneOf: []}", "{}", "must be a list of schemas"},
	{"{allOf: [{}, 1]}", "{}", "/schema/allOf/1: must be an object"},
	{"{$ref: '#/components/schemas/B'}", "{A: {}}",
	 "/schema/$ref: dangling reference \"#/components/schemas/B\""},
	{"{$ref: 'b.yaml#/B'}", "{}", "local reference"},
	{"{$ref: 1}", "{}", "local reference"},
	{"{}", "{A: {$ref: '#/components/schemas/A'}}", "#/components/schemas/A: $ref goes in a circle"},
	{"{}",
	 "{A: {allOf: [{anyOf: [{$ref: '#/components/schemas/B'}]}]}, B: {not: {$ref: "
	 "'#/components/schemas/A'}}}",
	 "refers to itself in a circle"},
	{"{type: integer, default: x}", "{}", "/schema: the default does not satisfy its own schema"},
	{"{properties: {a: {$ref: '#/components/schemas/A', default: 0}}}", "{A: {minimum: 1}}", "default"},
	{"{type: string, allOf: [{type: integer}]}", "{}", "no value can satisfy"},
	{"{type: string, anyOf: [{type: integer}, {type: 'null'}]}", "{}", "no value can satisfy"},
	{"{type: string, oneOf: [{type: integer}, {type: 'null'}]}", "{}", "no value can satisfy"},
};

START_TEST(names_the_fault)
{
	char why[WHY_SIZE];
	struct contract *c = try_contract_of(faults[_i].schema, faults[_i].components, why);

	ck_assert_msg(!c, "accepted: %s", faults[_i].schema);
	ck_assert_msg(strstr(why, faults[_i].why), "expected \"%s\", got \"%s\"", faults[_i].why, why);
}
END_TEST

START_TEST(skips_annotations)
{
	contract_free(contract_of("{title: t, description: d, examples: [1], example: 1, deprecated: true,"
				  " readOnly: true, writeOnly: false}",
				  "{}"));
}
END_TEST

/* Two schemas that name each other are linked, not unrolled. */
START_TEST(links_recursion)
{
	struct contract *c =
		contract_of("{$ref: '#/components/schemas/A'}",
			    "{A: {type: object, properties: {b: {$ref: '#/components/schemas/B'}}},"
			    " B: {type: array, items: {$ref: '#/components/schemas/A'}}}");
	struct violations found = {.total = 0};
	json_t *value = json_loads("{\"b\": [{}, {\"b\": [{\"b\": []}, 1]}]}", 0, NULL);
	char *text;

	schema_validate(body_schema(c), value, "", &found);
	text = found_text(&found);
	ck_assert_str_eq(text, "/b/1/b/1 type");
	free(text);
	json_decref(value);
	contract_free(c);
}
END_TEST

Suite *schema_suite(void)
{
	Suite *suite = suite_create("schema");
	TCase *tcase = tcase_create("schema");

	tcase_add_loop_test(tcase, names_the_fault, 0, COUNTOF(faults));
	tcase_add_test(tcase, skips_annotations);
	tcase_add_test(tcase, links_recursion);
	suite_add_tcase(suite, tcase);
	return suite;
}
