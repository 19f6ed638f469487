#include "support.h"

enum { WHY_SIZE = 512 };

static const char rest[] =
	"paths:\n"
	"  /kpis:\n"
	"    get:\n"
	"      operationId: kpis\n"
	"      responses: {'200': {description: d, content: {application/json: {}, text/csv: {}}}}\n"
	"    put:\n"
	"      operationId: putKpis\n"
	"      requestBody: {content: {application/json: {schema: {type: object}}, application/x-ndjson: "
	"{}}}\n"
	"      responses: {'204': {description: d}}\n"
	"components: {securitySchemes: {key: {type: http, scheme: bearer}}}\n";

static const char json[] = "application/json";
static const char csv[] = "text/csv";

static const struct row {
	const char *accept;
	const char *chosen;
} rows[] = {
	{NULL, json},
	{"", json},
	{" , ", json},
	{"*/*", json},
	{"application/json", json},
	{"APPLICATION/Json", json},
	{"application/*", json},
	{"text/csv", csv},
	{"text/*", csv},
	{" text/csv ; charset=utf-8 ", csv},
	{"text/csv,application/json", json},
	{"text/csv,application/json;q=0.9", csv},
	{"text/csv;q=0.8, application/json;q=0.9", json},
	{"text/csv;q=0.5, */*;q=0.4", csv},
	{"*/*, application/json;q=0", csv},
	{"*/*;q=0.1, text/csv;q=0", json},
	{"text/*;q=0.9, text/csv;q=0.1, application/json;q=0.2", json},
	{"application/json;q=0", NULL},
	{"*/*;q=0", NULL},
	{"image/png", NULL},
	{"text/html, image/png;q=0.9", NULL},
	{"application/jso", NULL},
	{"application/jsonx", NULL},
	{"garbage", NULL},
	{"/", NULL},
	{"application/", NULL},
	{"*/json", NULL},
	{"text/csv;q=2", NULL},
	{"text/csv;q=x", NULL},
	{"text/csv;q=0.0001", NULL},
	{"text/csv;q=1.000", csv},
	{"text/csv;q=1.001", NULL},
	{"text/csv; Q=0", NULL},
	{"x/y;a=\",application/json\", text/csv", csv},
	{"x/y;a=\"\\\",application/json\", text/csv", csv},
	{"x/y;a=\"unclosed, application/json", NULL},
};

START_TEST(chooses)
{
	char why[WHY_SIZE];
	struct contract *c = load_rest(rest, why);
	const char *chosen;

	ck_assert_msg(c, "%s", why);
	chosen = operation_answers(contract_find(c, "kpis"), rows[_i].accept);
	ck_assert_msg(rows[_i].chosen ? chosen && strcmp(chosen, rows[_i].chosen) == 0 : !chosen,
		      "Accept: %s gives %s", rows[_i].accept, chosen);
	contract_free(c);
}
END_TEST

START_TEST(has_nothing_to_choose)
{
	char why[WHY_SIZE];
	struct contract *c = load_rest(rest, why);

	ck_assert_str_eq(operation_answers(contract_find(c, "putKpis"), "image/png"), "");
	contract_free(c);
}
END_TEST

START_TEST(takes)
{
	char why[WHY_SIZE];
	struct contract *c = load_rest(rest, why);
	const struct operation *op = contract_find(c, "putKpis");
	const struct schema *schema = NULL;

	ck_assert(operation_takes(op, "Application/JSON", &schema));
	ck_assert_ptr_nonnull(schema);
	ck_assert(operation_takes(op, "application/x-ndjson", &schema));
	ck_assert_ptr_null(schema);
	ck_assert(!operation_takes(op, "application/xml", &schema));
	ck_assert(!operation_takes(op, "application/", &schema));
	ck_assert(!operation_takes(op, "", &schema));
	ck_assert(!operation_takes(contract_find(c, "kpis"), "application/json", &schema));
	contract_free(c);
}
END_TEST

Suite *media_suite(void)
{
	Suite *suite = suite_create("media");
	TCase *tcase = tcase_create("media");

	tcase_add_loop_test(tcase, chooses, 0, COUNTOF(rows));
	tcase_add_test(tcase, has_nothing_to_choose);
	tcase_add_test(tcase, takes);
	suite_add_tcase(suite, tcase);
	return suite;
}
