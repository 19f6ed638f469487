#include "support.h"

enum { WHY_SIZE = 512 };

#define REF "parameters: [{name: ref, in: path, required: true, schema: {type: string}}]"
#define REF_DAY                                                                                              \
	"parameters: [{name: ref, in: path, required: true, schema: {type: string}},"                        \
	" {name: day, in: path, required: true, schema: {type: string}}]"
#define DONE "responses: {'204': {description: done}}"

static const char rest[] = "paths:\n"
			   "  /: {get: {operationId: home, " DONE "}}\n"
			   "  /v1/orders:\n"
			   "    get: {operationId: listOrders, " DONE "}\n"
			   "    post: {operationId: createOrder, " DONE "}\n"
			   "  /v1/orders/batch: {post: {operationId: batchOrders, " DONE "}}\n"
			   "  /v1/orders/{ref}:\n"
			   "    " REF "\n"
			   "    get: {operationId: getOrder, " DONE "}\n"
			   "    put: {operationId: putOrder, " DONE "}\n"
			   "    patch: {operationId: patchOrder, " DONE "}\n"
			   "    delete: {operationId: deleteOrder, " DONE "}\n"
			   "    post: {operationId: postOrder, " DONE "}\n"
			   "  /v1/orders/{ref}/refunds: {" REF ", post: {operationId: refund, " DONE "}}\n"
			   "  /v1/orders/{ref}/days/{day}: {" REF_DAY ", put: {operationId: day, " DONE "}}\n"
			   "components: {securitySchemes: {key: {type: http, scheme: bearer}}}\n";

#define ALL "DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT"

static const struct row {
	const char *method;
	const char *path;
	enum route expected;
	const char *id;
	const char *args[3];
	const char *allow;
} rows[] = {
	{"GET", "/", ROUTE_FOUND, "home", {NULL}, "GET, HEAD, OPTIONS"},
	{"GET", "/v1/orders", ROUTE_FOUND, "listOrders", {NULL}, "GET, HEAD, OPTIONS, POST"},
	{"HEAD", "/v1/orders", ROUTE_FOUND, "listOrders", {NULL}, "GET, HEAD, OPTIONS, POST"},
	{"POST", "/v1/orders", ROUTE_FOUND, "createOrder", {NULL}, "GET, HEAD, OPTIONS, POST"},
	{"POST", "/v1/orders/batch", ROUTE_FOUND, "batchOrders", {NULL}, "OPTIONS, POST"},
	{"GET", "/v1/orders/batch", ROUTE_NO_METHOD, NULL, {NULL}, "OPTIONS, POST"},
	{"POST", "/v1/orders/batch/refunds", ROUTE_FOUND, "refund", {"batch"}, "OPTIONS, POST"},
	{"GET", "/v1/orders/42", ROUTE_FOUND, "getOrder", {"42"}, ALL},
	{"DELETE", "/v1/orders/42", ROUTE_FOUND, "deleteOrder", {"42"}, ALL},
	{"OPTIONS", "/v1/orders/42", ROUTE_NO_METHOD, NULL, {NULL}, ALL},
	{"TRACE", "/v1/orders/42", ROUTE_NO_METHOD, NULL, {NULL}, ALL},
	{"get", "/v1/orders/42", ROUTE_NO_METHOD, NULL, {NULL}, ALL},
	{"PUT", "/v1/orders/a/days/2026-01-01", ROUTE_FOUND, "day", {"a", "2026-01-01"}, "OPTIONS, PUT"},
	{"HEAD", "/v1/orders/a/days/b", ROUTE_NO_METHOD, NULL, {NULL}, "OPTIONS, PUT"},
	{"GET", "/v1/orders/external:A%20b%C3%A9", ROUTE_FOUND, "getOrder", {"external:A b\xc3\xa9"}, ALL},
	{"GET", "/v1/orders/a+b", ROUTE_FOUND, "getOrder", {"a+b"}, ALL},
	{"GET", "/v1/orders/a;b=c@d", ROUTE_FOUND, "getOrder", {"a;b=c@d"}, ALL},
	{"GET", "/v1/orders/...", ROUTE_FOUND, "getOrder", {"..."}, ALL},
	{"GET", "/v1/%6Frders", ROUTE_FOUND, "listOrders", {NULL}, "GET, HEAD, OPTIONS, POST"},
	{"GET", "/v1/orders/", ROUTE_NO_PATH, NULL, {NULL}, ""},
	{"GET", "/v1//orders", ROUTE_NO_PATH, NULL, {NULL}, ""},
	{"GET", "//", ROUTE_NO_PATH, NULL, {NULL}, ""},
	{"GET", "/v1/order", ROUTE_NO_PATH, NULL, {NULL}, ""},
	{"GET", "/v1/orderss", ROUTE_NO_PATH, NULL, {NULL}, ""},
	{"GET", "/v1", ROUTE_NO_PATH, NULL, {NULL}, ""},
	{"GET", "/v1/orders/a/b", ROUTE_NO_PATH, NULL, {NULL}, ""},
	{"GET", "/V1/orders", ROUTE_NO_PATH, NULL, {NULL}, ""},
	{"GET", "", ROUTE_BAD_PATH, NULL, {NULL}, ""},
	{"OPTIONS", "*", ROUTE_BAD_PATH, NULL, {NULL}, ""},
	{"GET", "v1/orders", ROUTE_BAD_PATH, NULL, {NULL}, ""},
	{"GET", "/v1/orders/%", ROUTE_BAD_PATH, NULL, {NULL}, ""},
	{"GET", "/v1/orders/%4", ROUTE_BAD_PATH, NULL, {NULL}, ""},
	{"GET", "/v1/orders/%zz", ROUTE_BAD_PATH, NULL, {NULL}, ""},
	{"GET", "/v1/orders/a%00b", ROUTE_BAD_PATH, NULL, {NULL}, ""},
	{"GET", "/v1/orders/a%0Ab", ROUTE_BAD_PATH, NULL, {NULL}, ""},
	{"GET", "/v1/orders/a%7F", ROUTE_BAD_PATH, NULL, {NULL}, ""},
	{"GET", "/v1/orders/a%2Fb", ROUTE_BAD_PATH, NULL, {NULL}, ""},
	{"GET", "/v1/orders/%C3", ROUTE_BAD_PATH, NULL, {NULL}, ""},
	{"GET", "/v1/orders/%C0%AF", ROUTE_BAD_PATH, NULL, {NULL}, ""},
	{"GET", "/v1/orders/%ED%A0%80", ROUTE_BAD_PATH, NULL, {NULL}, ""},
	{"GET", "/v1/orders/%F4%90%80%80", ROUTE_BAD_PATH, NULL, {NULL}, ""},
	{"GET", "/v1/orders/\xff", ROUTE_BAD_PATH, NULL, {NULL}, ""},
	{"GET", "/v1/orders/.", ROUTE_BAD_PATH, NULL, {NULL}, ""},
	{"GET", "/v1/./orders", ROUTE_BAD_PATH, NULL, {NULL}, ""},
	{"GET", "/v1/orders/..", ROUTE_BAD_PATH, NULL, {NULL}, ""},
	{"GET", "/v1/orders/%2e%2E", ROUTE_BAD_PATH, NULL, {NULL}, ""},
	{"GET", "/nowhere/%zz", ROUTE_BAD_PATH, NULL, {NULL}, ""},
};

START_TEST(routes)
{
	const struct row *row = &rows[_i];
	char why[WHY_SIZE];
	struct contract *c = load_rest(rest, why);
	struct route_match m;
	enum route got;
	size_t count = 0;

	ck_assert_msg(c, "%s", why);
	got = contract_route(c, row->method, row->path, strlen(row->path), &m);
	ck_assert_msg(got == row->expected, "%s %s: %d", row->method, row->path, (int)got);
	ck_assert_str_eq(m.allow, row->allow);
	ck_assert_msg(row->id ? m.operation && strcmp(m.operation->id, row->id) == 0 : !m.operation, "%s %s",
		      row->method, row->path);
	for (; row->args[count]; count++)
		ck_assert_str_eq(m.args[count], row->args[count]);
	ck_assert_uint_eq(m.arg_count, count);
	route_release(&m);
	contract_free(c);
}
END_TEST

/* Only len bytes belong to the path. */
START_TEST(stops_at_the_length)
{
	char why[WHY_SIZE];
	struct contract *c = load_rest(rest, why);
	struct route_match m;

	ck_assert_int_eq(contract_route(c, "GET", "/v1/orders?x=/%zz", strlen("/v1/orders"), &m),
			 ROUTE_FOUND);
	route_release(&m);
	ck_assert_int_eq(contract_route(c, "GET", "/v1/orders/42?", strlen("/v1/orders/4"), &m), ROUTE_FOUND);
	ck_assert_str_eq(m.args[0], "4");
	route_release(&m);
	route_release(&m);
	contract_free(c);
}
END_TEST

Suite *route_suite(void)
{
	Suite *suite = suite_create("route");
	TCase *tcase = tcase_create("route");

	tcase_add_loop_test(tcase, routes, 0, COUNTOF(rows));
	tcase_add_test(tcase, stops_at_the_length);
	suite_add_tcase(suite, tcase);
	return suite;
}
