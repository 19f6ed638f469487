#include "support.h"

#include "ciclo/contract/json.h"

enum { WHY_SIZE = 512 };

static const char rest[] =
	"paths:\n"
	"  /v1/things/{ref}/{day}:\n"
	"    parameters:\n"
	"      - {name: day, in: path, required: true, schema: {type: string, format: date}}\n"
	"      - {name: ref, in: path, required: true, schema: {type: string, maxLength: 5}}\n"
	"      - {name: limit, in: query, schema: {type: string}}\n"
	"    get:\n"
	"      operationId: getThing\n"
	"      parameters:\n"
	"        - {name: limit, in: query, schema: {$ref: '#/components/schemas/Limit'}}\n"
	"        - {name: q, in: query, schema: {type: string, minLength: 1}}\n"
	"        - {name: deep, in: query, schema: {type: boolean}}\n"
	"        - {name: rate, in: query, schema: {type: [number, string]}}\n"
	"        - {name: created_from, in: query, schema: {type: string, format: date}}\n"
	"        - {name: must, in: query, required: true, schema: {type: string}}\n"
	"        - {name: If-Match, in: header, schema: {type: string, pattern: '^\"[^\"]*\"$'}}\n"
	"        - {name: Idempotency-Key, in: header, schema: {type: string, maxLength: 4}}\n"
	"      responses: {'204': {description: done}}\n"
	"components:\n"
	"  securitySchemes: {key: {type: http, scheme: bearer}}\n"
	"  schemas: {Limit: {type: integer, minimum: 1, maximum: 1000, default: 100}}\n";

struct header {
	const char *name;
	const char *value;
};

static const struct row {
	const char *path;
	const char *query;
	struct header header;
	const char *found;
	const char *values;
} rows[] = {
	{"a/2026-01-01",
	 "must=1",
	 {NULL, NULL},
	 "",
	 "{\"day\":\"2026-01-01\",\"limit\":100,\"must\":\"1\",\"ref\":\"a\"}"},
	{"a/2026-01-01",
	 NULL,
	 {NULL, NULL},
	 "must required",
	 "{\"day\":\"2026-01-01\",\"limit\":100,\"ref\":\"a\"}"},
	{"a/2026-01-01", "", {NULL, NULL}, "must required", NULL},
	{"abcdef/x", "must=", {NULL, NULL}, "day format, ref max_length", NULL},
	{"a/2026-01-01",
	 "must=&limit=7",
	 {NULL, NULL},
	 "",
	 "{\"day\":\"2026-01-01\",\"limit\":7,\"must\":\"\",\"ref\":\"a\"}"},
	{"a/2026-01-01",
	 "must&limit=7.0",
	 {NULL, NULL},
	 "",
	 "{\"day\":\"2026-01-01\",\"limit\":7,\"must\":\"\",\"ref\":\"a\"}"},
	{"a/2026-01-01", "must=&limit=0", {NULL, NULL}, "limit minimum", NULL},
	{"a/2026-01-01", "must=&limit=1001", {NULL, NULL}, "limit maximum", NULL},
	{"a/2026-01-01", "must=&limit=x", {NULL, NULL}, "limit type", NULL},
	{"a/2026-01-01", "must=&limit=", {NULL, NULL}, "limit type", NULL},
	{"a/2026-01-01", "must=&limit=1.5", {NULL, NULL}, "limit type", NULL},
	{"a/2026-01-01", "must=&limit=%2B1", {NULL, NULL}, "limit type", NULL},
	{"a/2026-01-01", "must=&limit=01", {NULL, NULL}, "limit type", NULL},
	{"a/2026-01-01", "must=&limit=1+", {NULL, NULL}, "limit type", NULL},
	{"a/2026-01-01", "must=&limit=0x10", {NULL, NULL}, "limit type", NULL},
	{"a/2026-01-01", "must=&limit=99999999999999999999", {NULL, NULL}, "limit type", NULL},
	{"a/2026-01-01", "must=&limit=1&limit=1", {NULL, NULL}, "limit repeated_parameter", NULL},
	{"a/2026-01-01", "must=&nope=1&limit=0", {NULL, NULL}, "nope unknown_parameter, limit minimum", NULL},
	{"a/2026-01-01", "must=&a+b%2B=1", {NULL, NULL}, "a b+ unknown_parameter", NULL},
	{"a/2026-01-01", "must=&ref=1", {NULL, NULL}, "ref unknown_parameter", NULL},
	{"a/2026-01-01", "must=&Limit=1", {NULL, NULL}, "Limit unknown_parameter", NULL},
	{"a/2026-01-01",
	 "must=a+b%2Bc%20d=e",
	 {NULL, NULL},
	 "",
	 "{\"day\":\"2026-01-01\",\"limit\":100,\"must\":\"a b+c d=e\",\"ref\":\"a\"}"},
	{"a/2026-01-01",
	 "m%75st=1&&",
	 {NULL, NULL},
	 "",
	 "{\"day\":\"2026-01-01\",\"limit\":100,\"must\":\"1\",\"ref\":\"a\"}"},
	{"a/2026-01-01",
	 "must=%C3%A9",
	 {NULL, NULL},
	 "",
	 "{\"day\":\"2026-01-01\",\"limit\":100,\"must\":\"\xc3\xa9\",\"ref\":\"a\"}"},
	{"a/2026-01-01", "must=%zz", {NULL, NULL}, "must encoding", NULL},
	{"a/2026-01-01", "must=%", {NULL, NULL}, "must encoding", NULL},
	{"a/2026-01-01", "must=%00", {NULL, NULL}, "must encoding", NULL},
	{"a/2026-01-01", "must=%C3", {NULL, NULL}, "must encoding", NULL},
	{"a/2026-01-01", "must=\xff", {NULL, NULL}, "must encoding", NULL},
	{"a/2026-01-01", "must=1&%zz=1", {NULL, NULL}, " encoding", NULL},
	{"a/2026-01-01",
	 "must=&deep=true",
	 {NULL, NULL},
	 "",
	 "{\"day\":\"2026-01-01\",\"deep\":true,\"limit\":100,\"must\":\"\",\"ref\":\"a\"}"},
	{"a/2026-01-01",
	 "must=&deep=false",
	 {NULL, NULL},
	 "",
	 "{\"day\":\"2026-01-01\",\"deep\":false,\"limit\":100,\"must\":\"\",\"ref\":\"a\"}"},
	{"a/2026-01-01", "must=&deep=1", {NULL, NULL}, "deep type", NULL},
	{"a/2026-01-01", "must=&deep=TRUE", {NULL, NULL}, "deep type", NULL},
	{"a/2026-01-01",
	 "must=&rate=0.85",
	 {NULL, NULL},
	 "",
	 "{\"day\":\"2026-01-01\",\"limit\":100,\"must\":\"\",\"rate\":0.85,\"ref\":\"a\"}"},
	{"a/2026-01-01",
	 "must=&rate=x",
	 {NULL, NULL},
	 "",
	 "{\"day\":\"2026-01-01\",\"limit\":100,\"must\":\"\",\"rate\":\"x\",\"ref\":\"a\"}"},
	{"a/2026-01-01", "must=&q=", {NULL, NULL}, "q min_length", NULL},
	{"a/2026-01-01", "must=&created_from=2026-02-30", {NULL, NULL}, "created_from format", NULL},
	{"a/2026-01-01",
	 "must=true",
	 {NULL, NULL},
	 "",
	 "{\"day\":\"2026-01-01\",\"limit\":100,\"must\":\"true\",\"ref\":\"a\"}"},
	{"a/2026-01-01",
	 "must=",
	 {"If-Match", "\"1\""},
	 "",
	 "{\"day\":\"2026-01-01\",\"if-match\":\"\\\"1\\\"\",\"limit\":100,\"must\":\"\",\"ref\":\"a\"}"},
	{"a/2026-01-01", "must=", {"If-Match", "1"}, "If-Match pattern", NULL},
	{"a/2026-01-01", "must=", {"Idempotency-Key", "12345"}, "Idempotency-Key max_length", NULL},
	{"a/2026-01-01", "must=", {"Idempotency-Key", "\xff"}, "Idempotency-Key encoding", NULL},
};

static const char *read_header(void *cls, const char *name)
{
	const struct header *h = cls;

	return h->name && strcmp(h->name, name) == 0 ? h->value : NULL;
}

static json_t *parameters_of(const struct contract *c, const char *path, const char *query,
			     struct header header, struct violations *found)
{
	struct route_match m;
	char target[128];
	json_t *values;

	snprintf(target, sizeof target, "/v1/things/%s", path);
	ck_assert_int_eq(contract_route(c, "GET", target, strlen(target), &m), ROUTE_FOUND);
	values = contract_parameters(m.operation, &m, query, read_header, &header, found);
	ck_assert_ptr_nonnull(values);
	route_release(&m);
	return values;
}

START_TEST(reads)
{
	const struct row *row = &rows[_i];
	char why[WHY_SIZE];
	struct contract *c = load_rest(rest, why);
	struct violations found = {.total = 0};
	json_t *values;
	char *text;

	ck_assert_msg(c, "%s", why);
	values = parameters_of(c, row->path, row->query, row->header, &found);
	text = found_text(&found);
	ck_assert_msg(strcmp(text, row->found) == 0, "?%s: expected \"%s\", found \"%s\"", row->query,
		      row->found, text);
	free(text);
	text = json_write_canonical(values, NULL);
	if (row->values)
		ck_assert_str_eq(text, row->values);
	free(text);
	json_decref(values);
	contract_free(c);
}
END_TEST

START_TEST(says_where)
{
	char why[WHY_SIZE];
	struct contract *c = load_rest(rest, why);
	struct violations found = {.total = 0};
	const struct header header = {"If-Match", "1"};

	json_decref(parameters_of(c, "abcdef/2026-01-01", "must=1&limit=0", header, &found));
	ck_assert_uint_eq(found.total, 3);
	for (size_t i = 0; i < found.count; i++) {
		enum violation_in expected = strcmp(found.item[i].where, "limit") == 0 ? IN_QUERY
					     : strcmp(found.item[i].where, "ref") == 0 ? IN_PATH
										       : IN_HEADER;

		ck_assert_int_eq(found.item[i].in, expected);
	}
	violations_release(&found);
	contract_free(c);
}
END_TEST

/* 63 letters and a two-byte character that the cut would split. */
START_TEST(cuts_long_names)
{
	char why[WHY_SIZE];
	struct contract *c = load_rest(rest, why);
	struct violations found = {.total = 0};
	const struct header none = {NULL, NULL};
	char query[100];

	memset(query, 'x', 63);
	memcpy(query + 63, "\xc3\xa9=1&must=", sizeof("\xc3\xa9=1&must="));
	json_decref(parameters_of(c, "a/2026-01-01", query, none, &found));
	ck_assert_uint_eq(found.total, 1);
	ck_assert_uint_eq(strlen(found.item[0].where), 63);
	violations_release(&found);
	contract_free(c);
}
END_TEST

START_TEST(needs_no_headers)
{
	char why[WHY_SIZE];
	struct contract *c = load_rest(rest, why);
	struct violations found = {.total = 0};
	struct route_match m;
	json_t *values;

	ck_assert_int_eq(contract_route(c, "GET", "/v1/things/a/2026-01-01", 23, &m), ROUTE_FOUND);
	values = contract_parameters(m.operation, &m, "must=1", NULL, NULL, &found);
	ck_assert_ptr_nonnull(values);
	ck_assert_uint_eq(found.total, 0);
	json_decref(values);
	route_release(&m);
	contract_free(c);
}
END_TEST

Suite *params_suite(void)
{
	Suite *suite = suite_create("params");
	TCase *tcase = tcase_create("params");

	tcase_add_loop_test(tcase, reads, 0, COUNTOF(rows));
	tcase_add_test(tcase, says_where);
	tcase_add_test(tcase, cuts_long_names);
	tcase_add_test(tcase, needs_no_headers);
	suite_add_tcase(suite, tcase);
	return suite;
}
