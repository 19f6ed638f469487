/* The parts of src/api that need no database. */
#include <check.h>
#include <sodium.h>
#include <stdlib.h>

#include "suites.h"

int main(void)
{
	if (sodium_init() < 0)
		return EXIT_FAILURE;
	SRunner *runner = srunner_create(amounts_suite());
	srunner_add_suite(runner, document_suite());
	srunner_add_suite(runner, later_suite());
	srunner_add_suite(runner, reference_suite());
	srunner_add_suite(runner, routes_suite());
	srunner_add_suite(runner, shop_suite());
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
