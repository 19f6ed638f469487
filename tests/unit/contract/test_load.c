#include "support.h"

#include "ciclo/base/buf.h"

enum { WHY_SIZE = 512 };

#define SCHEMES "components: {securitySchemes: {key: {type: http, scheme: bearer}}}\n"
#define DONE    "responses: {'204': {description: done}}"
#define OK_GET  "{operationId: a, " DONE "}"

/* The rest of a document and what the fault must say. */
static const struct fault {
	const char *rest;
	const char *why;
} faults[] = {
	{SCHEMES, "#/paths"},
	{"paths: {things: {get: " OK_GET "}}\n" SCHEMES, "#/paths/things: a path must start"},
	{"paths: {/things: {gett: " OK_GET "}}\n" SCHEMES, "#/paths/~1things: unsupported member \"gett\""},
	{"paths: {/things: {head: " OK_GET "}}\n" SCHEMES, "unsupported member \"head\""},
	{"paths: {/things: {get: {" DONE "}}}\n" SCHEMES, "#/paths/~1things/get: \"operationId\" is missing"},
	{"paths: {/a: {get: " OK_GET "}, /b: {get: " OK_GET "}}\n" SCHEMES,
	 "#/paths/~1b/get: operationId \"a\" is used twice"},
	{"paths: {'/a/{x}': {}, '/a/{y}': {}}\n" SCHEMES,
	 "#/paths/~1a~1{y}: cannot be told apart from path \"/a/{x}\""},
	{"paths: {'/a/{x}.json': {}}\n" SCHEMES, "an argument must be a whole segment"},
	{"paths: {'/{x}/{x}': {}}\n" SCHEMES, "names \"x\" twice"},
	{"paths: {'/{a}/{b}/{c}/{d}/{e}': {}}\n" SCHEMES, "more than 4 arguments"},
	{"paths: {'/a/{x}': {get: " OK_GET "}}\n" SCHEMES, "\"x\" of the path has no parameter"},
	{"paths: {/a: {get: {operationId: a, oops: 1, " DONE "}}}\n" SCHEMES, "unsupported member \"oops\""},
	{"paths: {/a: {get: {operationId: a, security: [{nokey: [s]}], " DONE "}}}\n" SCHEMES,
	 "#/paths/~1a/get/security/0: unknown security scheme \"nokey\""},
	{"paths: {/a: {get: {operationId: a, security: [{key: []}], " DONE "}}}\n" SCHEMES,
	 "exactly one scope"},
	{"paths: {/a: {get: {operationId: a, security: [{key: [s, t]}], " DONE "}}}\n" SCHEMES,
	 "exactly one scope"},
	{"paths: {/a: {get: {operationId: a, security: [{key: [s]}, {}], " DONE "}}}\n" SCHEMES,
	 "alternatives"},
	{"paths: {/a: {get: {operationId: a, security: [{}], " DONE "}}}\n" SCHEMES,
	 "exactly one security scheme"},
	{"paths: {/a: {get: {operationId: a}}}\n" SCHEMES, "\"responses\" is missing"},
	{"paths: {/a: {get: {operationId: a, responses: {}}}}\n" SCHEMES, "no response of 2xx"},
	{"paths: {/a: {get: {operationId: a, responses: {default: {description: d}}}}}\n" SCHEMES,
	 "\"default\" is not an HTTP status"},
	{"paths: {/a: {get: {operationId: a, responses: {'200': {description: d}}}}}\n" SCHEMES,
	 "#/paths/~1a/get/responses/200: a response 200 needs content"},
	{"paths: {/a: {get: {operationId: a, responses: {'204': {description: d}, '404': {description: "
	 "d}}}}}\n" SCHEMES,
	 "a response 404 needs content"},
	{"paths: {/a: {get: {operationId: a, responses: {'200': {$ref: "
	 "'#/components/responses/No'}}}}}\n" SCHEMES,
	 "#/paths/~1a/get/responses/200/$ref: dangling reference \"#/components/responses/No\""},
	{"paths: {/a: {get: {operationId: a, responses: {'200': {$ref: other.yaml}}}}}\n" SCHEMES,
	 "local reference"},
	{"paths: {/a: {get: {operationId: a, responses: {'200': {$ref: "
	 "'#/paths/~1a/get/responses/200'}}}}}\n" SCHEMES,
	 "circle"},
	{"paths: {/a: {get: {operationId: a, responses: {'200': {content: {a/b: {schema: {if: "
	 "{}}}}}}}}}\n" SCHEMES,
	 "#/paths/~1a/get/responses/200/content/a~1b/schema: unsupported keyword \"if\""},
	{"paths: {/a: {get: {operationId: a, responses: {'204': {headers: {X: {schema: {type: "
	 "text}}}}}}}}\n" SCHEMES,
	 "/headers/X/schema/type: unknown type \"text\""},
	{"paths: {/a: {post: {operationId: a, requestBody: {}, " DONE "}}}\n" SCHEMES,
	 "#/paths/~1a/post/requestBody: \"content\" is missing"},
	{"paths: {/a: {post: {operationId: a, requestBody: {content: {}}, " DONE "}}}\n" SCHEMES,
	 "media types"},
	{"paths: {/a: {post: {operationId: a, requestBody: {content: {a/b: {}, c/d: {}, e/f: {}, g/h: "
	 "{}}}, " DONE "}}}\n" SCHEMES,
	 "more than 3 media types"},
	{"paths: {/a: {post: {operationId: a, requestBody: {required: 1, content: {a/b: {}}}, " DONE
	 "}}}\n" SCHEMES,
	 "\"required\" must be true or false"},
	{"paths: {/a: {post: {operationId: a, x-body-max: 10, " DONE "}}}\n" SCHEMES, "need a requestBody"},
	{"paths: {/a: {post: {operationId: a, x-body-max: 0, requestBody: {content: {a/b: {}}}, " DONE
	 "}}}\n" SCHEMES,
	 "#/paths/~1a/post/x-body-max: must be 1 to"},
	{"paths: {/a: {get: {operationId: a, parameters: [{name: p, in: cookie, schema: {}}], " DONE
	 "}}}\n" SCHEMES,
	 "parameters in \"cookie\""},
	{"paths: {/a: {get: {operationId: a, parameters: [{name: p, in: query}], " DONE "}}}\n" SCHEMES,
	 "#/paths/~1a/get/parameters/0: parameter \"p\" has no schema"},
	{"paths: {/a: {get: {operationId: a, parameters: [{name: p, in: path, required: true, schema: "
	 "{}}], " DONE "}}}\n" SCHEMES,
	 "path parameter \"p\" is not in \"/a\""},
	{"paths: {'/a/{p}': {get: {operationId: a, parameters: [{name: p, in: path, schema: {}}], " DONE
	 "}}}\n" SCHEMES,
	 "must be required: true"},
	{"paths: {/a: {get: {operationId: a, parameters: [{name: Accept, in: header, schema: {}}], " DONE
	 "}}}\n" SCHEMES,
	 "header \"Accept\" cannot be a parameter"},
	{"paths: {/a: {get: {operationId: a, parameters: [{name: p, in: query, schema: {type: integer}}, "
	 "{name: P, in: header, schema: {type: string}}], " DONE "}}}\n" SCHEMES,
	 "two parameters are named \"P\""},
	{"paths: {/a: {get: {operationId: a, parameters: [{name: p, in: query, schema: {type: array}}], " DONE
	 "}}}\n" SCHEMES,
	 "must be of a simple type"},
	{"paths: {/a: {get: {operationId: a, parameters: [{name: p, in: query, style: form, schema: "
	 "{}}], " DONE "}}}\n" SCHEMES,
	 "unsupported member \"style\""},
	{"paths: {}\nwebhooks: {}\n" SCHEMES, "#: unsupported member \"webhooks\""},
};

START_TEST(names_the_fault)
{
	char why[WHY_SIZE];
	struct contract *c = load_rest(faults[_i].rest, why);

	ck_assert_msg(!c, "accepted: %s", faults[_i].rest);
	ck_assert_msg(strstr(why, faults[_i].why), "expected \"%s\", got \"%s\"", faults[_i].why, why);
}
END_TEST

START_TEST(needs_security_said)
{
	static const char text[] = "openapi: 3.1.0\npaths: {/a: {get: " OK_GET "}}\n";
	static const char old[] = "openapi: 3.0.3\npaths: {}\n";
	char why[WHY_SIZE];

	ck_assert_ptr_null(contract_load(text, sizeof text - 1, why, sizeof why));
	ck_assert_msg(strstr(why, "#/paths/~1a/get: no list \"security\""), "%s", why);
	ck_assert_ptr_null(contract_load(old, sizeof old - 1, why, sizeof why));
	ck_assert_msg(strstr(why, "#/openapi: must be"), "%s", why);
}
END_TEST

START_TEST(cuts_long_messages)
{
	char why[16];

	ck_assert_ptr_null(contract_load("openapi: 3.0.0", 14, why, sizeof why));
	ck_assert_uint_eq(strlen(why), sizeof why - 1);
}
END_TEST

static const char shop[] =
	"paths:\n"
	"  /things:\n"
	"    parameters: [{name: trace, in: query, schema: {type: boolean}}]\n"
	"    post:\n"
	"      operationId: createThing\n"
	"      security: [{key: ['things:make']}]\n"
	"      x-body-max: 2048\n"
	"      x-batch-item: {$ref: '#/components/schemas/Thing'}\n"
	"      x-anything: [1]\n"
	"      requestBody: {$ref: '#/components/requestBodies/Thing'}\n"
	"      responses:\n"
	"        '201': {$ref: '#/components/responses/Thing'}\n"
	"        '200': {description: d, content: {text/plain: {}}}\n"
	"    get:\n"
	"      operationId: listThings\n"
	"      security: []\n"
	"      parameters: [{name: trace, in: query, schema: {type: integer}}, {$ref: "
	"'#/components/parameters/P'}]\n"
	"      responses: {'204': {description: none}}\n"
	"  /plain:\n"
	"    put:\n"
	"      operationId: putPlain\n"
	"      requestBody: {content: {application/json: {}}}\n"
	"      responses: {'205': {description: none}}\n"
	"components:\n"
	"  securitySchemes: {key: {type: http, scheme: bearer}}\n"
	"  schemas: {Thing: {type: object, properties: {next: {$ref: '#/components/schemas/Thing'}}}}\n"
	"  parameters: {P: {name: p, in: query, schema: {type: string}}}\n"
	"  requestBodies: {Thing: {required: true, content: {application/json: {schema: {$ref: "
	"'#/components/schemas/Thing'}}}}}\n"
	"  responses: {Thing: {description: d, content: {application/json: {}, text/csv: {}}}}\n";

START_TEST(compiles_operations)
{
	char why[WHY_SIZE];
	struct contract *c = load_rest(shop, why);
	const struct operation *op;

	ck_assert_msg(c, "%s", why);
	ck_assert_uint_eq(contract_operations(c), 3);
	for (size_t i = 0; i < 3; i++)
		ck_assert_uint_eq(contract_operation(c, i)->index, i);
	ck_assert_ptr_null(contract_operation(c, 3));
	ck_assert_ptr_null(contract_find(c, "nothing"));
	op = contract_find(c, "createThing");
	ck_assert_str_eq(op->method, "POST");
	ck_assert_str_eq(op->path, "/things");
	ck_assert_str_eq(op->scope, "things:make");
	ck_assert_uint_eq(op->body_max, 2048);
	ck_assert(op->body_required);
	ck_assert_str_eq(op->body[0].name, "application/json");
	ck_assert_ptr_nonnull(op->body[0].schema);
	ck_assert_ptr_null(op->body[1].name);
	ck_assert_str_eq(op->answer[0].name, "application/json");
	ck_assert_str_eq(op->answer[1].name, "text/csv");
	ck_assert_ptr_null(op->answer[2].name);
	ck_assert_ptr_eq(op->item, op->body[0].schema);
	contract_free(c);
}
END_TEST

START_TEST(knows_defaults)
{
	char why[WHY_SIZE];
	struct contract *c = load_rest(shop, why);
	const struct operation *op;

	ck_assert_msg(c, "%s", why);
	op = contract_find(c, "listThings");
	ck_assert_ptr_null(op->scope);
	ck_assert_uint_eq(op->body_max, 0);
	ck_assert_ptr_null(op->item);
	ck_assert_ptr_null(op->answer[0].name);
	op = contract_find(c, "putPlain");
	ck_assert_str_eq(op->scope, "things:write");
	ck_assert_uint_eq(op->body_max, 1 << 20);
	ck_assert(!op->body_required);
	ck_assert_ptr_null(op->body[0].schema);
	contract_free(c);
}
END_TEST

START_TEST(frees_nothing)
{
	contract_free(NULL);
}
END_TEST

Suite *load_suite(void)
{
	Suite *suite = suite_create("load");
	TCase *tcase = tcase_create("load");

	tcase_add_loop_test(tcase, names_the_fault, 0, COUNTOF(faults));
	tcase_add_test(tcase, needs_security_said);
	tcase_add_test(tcase, cuts_long_messages);
	tcase_add_test(tcase, compiles_operations);
	tcase_add_test(tcase, knows_defaults);
	tcase_add_test(tcase, frees_nothing);
	suite_add_tcase(suite, tcase);
	return suite;
}
