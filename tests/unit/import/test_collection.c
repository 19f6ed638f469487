#include <string.h>

#include "../../../src/import/collection.h"
#include "suites.h"

/* A contract with some collections, and one below a thing. */
static struct contract *load(void)
{
	char why[400];
	char text[4000];
	static const char *const paths[] = {"/v1/orders/batch", "/v1/loyalty/members/batch",
					    "/v1/loyalty/batch", "/v1/surveys/{ref}/responses/batch"};
	size_t len = 0;

	len += (size_t)snprintf(
		text + len, sizeof text - len,
		"openapi: 3.1.0\ninfo: {title: t, version: '1'}\nsecurity: [{key: ['x:write']}]\n"
		"components: {securitySchemes: {key: {type: http, scheme: bearer}}}\npaths:\n");
	for (size_t i = 0; i < COUNTOF(paths); i++)
		len += (size_t)snprintf(
			text + len, sizeof text - len,
			"  %s:\n    %s\n    post: {operationId: o%zu, x-batch-item: {type: object}, "
			"requestBody: {content: {application/json: {schema: {}}}}, responses: {'204': "
			"{description: d}}}\n",
			paths[i],
			strchr(paths[i], '{') ? "parameters: [{name: ref, in: path, required: true, schema: "
						"{type: string}}]"
					      : "x-plain: true",
			i);
	struct contract *c = contract_load(text, len, why, sizeof why);
	ck_assert_msg(c != NULL, "%s", why);
	return c;
}

static const struct guess_case {
	const char *file;
	const char *name; /* NULL: none */
} guesses[] = {
	{"orders.csv", "orders"},
	{"a.b/orders-2024.ndjson", "orders"},
	{"/x/Orders_2024.CSV", "orders"},
	{"orders", "orders"},
	{"orders2024.csv", NULL},
	{"ordersx.csv", NULL},
	{"order.csv", NULL},
	{"loyalty.csv", "loyalty"},
	{"loyalty-2024.csv", "loyalty"},
	{"loyalty-members.csv", "loyalty/members"},
	{"loyalty_members-2024.csv", "loyalty/members"},
	{"surveys-1-responses.csv", NULL},
	{"orders/x.csv", NULL},
	{"", NULL},
};

START_TEST(a_file_goes_where_its_name_says)
{
	struct contract *c = load();
	struct collection found;
	bool is_found = collection_guess(&found, c, guesses[_i].file);

	ck_assert_int_eq(is_found, guesses[_i].name != NULL);
	if (is_found)
		ck_assert_str_eq(found.name, guesses[_i].name);
	contract_free(c);
}
END_TEST

static const struct find_case {
	const char *name;
	const char *path; /* NULL: none */
} finds[] = {
	{"orders", "/v1/orders/batch"},
	{"loyalty/members", "/v1/loyalty/members/batch"},
	{"surveys/external:n/responses", "/v1/surveys/external:n/responses/batch"},
	{"surveys/external:a b?c#d%e/responses", "/v1/surveys/external:a%20b%3Fc%23d%25e/responses/batch"},
	{"surveys/external:\xc3\xa4/responses", "/v1/surveys/external:%C3%A4/responses/batch"},
	{"order", NULL},
	{"", NULL},
	{"orders/..", NULL},
	{"../v1/orders", NULL},
	{"surveys//responses", NULL},
};

START_TEST(a_collection_is_found_by_its_name)
{
	struct contract *c = load();
	struct collection found;
	bool is_found = collection_find(&found, c, finds[_i].name);

	ck_assert_int_eq(is_found, finds[_i].path != NULL);
	if (is_found)
		ck_assert_str_eq(found.path, finds[_i].path);
	contract_free(c);
}
END_TEST

Suite *collection_suite(void)
{
	Suite *suite = suite_create("collection");
	TCase *tc = tcase_create("collection");

	tcase_add_loop_test(tc, a_file_goes_where_its_name_says, 0, COUNTOF(guesses));
	tcase_add_loop_test(tc, a_collection_is_found_by_its_name, 0, COUNTOF(finds));
	suite_add_tcase(suite, tc);
	return suite;
}
