/* Operations and handlers belong together: neither may stand alone. */
#include "ciclo/api/api.h"
#include "openapi.h"
#include "suites.h"

static const char head[] = "openapi: 3.1.0\n"
			   "info: {title: T, version: '1'}\n"
			   "paths:\n"
			   "  /v1/nothing:\n"
			   "    get:\n"
			   "      operationId: getNothing\n"
			   "      security: []\n"
			   "      responses: {'204': {description: Nothing}}\n";

START_TEST(every_operation_has_its_handler)
{
	char why[400] = "";
	struct contract *contract = contract_load(openapi_yaml, openapi_yaml_length, why, sizeof why);
	ck_assert_msg(contract != NULL, "%s", why);
	ck_assert_msg(api_check(contract, why, sizeof why), "%s", why);
	contract_free(contract);
}
END_TEST

START_TEST(an_operation_alone_is_refused)
{
	char why[400] = "";
	struct contract *contract = contract_load(head, sizeof head - 1, why, sizeof why);
	ck_assert_msg(contract != NULL, "%s", why);
	ck_assert(!api_check(contract, why, sizeof why));
	ck_assert_ptr_nonnull(strstr(why, "getNothing"));
	contract_free(contract);
}
END_TEST

START_TEST(a_handler_alone_is_refused)
{
	static const char empty[] = "openapi: 3.1.0\ninfo: {title: T, version: '1'}\npaths: {}\n";
	char why[400] = "";
	struct contract *contract = contract_load(empty, sizeof empty - 1, why, sizeof why);
	ck_assert_msg(contract != NULL, "%s", why);
	ck_assert(!api_check(contract, why, sizeof why));
	ck_assert_ptr_nonnull(strstr(why, "getService"));
	contract_free(contract);
}
END_TEST

Suite *routes_suite(void)
{
	Suite *suite = suite_create("routes");
	TCase *tcase = tcase_create("routes");
	tcase_add_test(tcase, every_operation_has_its_handler);
	tcase_add_test(tcase, an_operation_alone_is_refused);
	tcase_add_test(tcase, a_handler_alone_is_refused);
	suite_add_tcase(suite, tcase);
	return suite;
}
