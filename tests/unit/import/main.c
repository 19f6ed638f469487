/* The parts of src/import that need no service. */
#include <check.h>
#include <sodium.h>
#include <stdlib.h>

#include "suites.h"

int main(void)
{
	if (sodium_init() < 0)
		return EXIT_FAILURE;
	SRunner *runner = srunner_create(csv_suite());
	srunner_add_suite(runner, input_suite());
	srunner_add_suite(runner, columns_suite());
	srunner_add_suite(runner, collection_suite());
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
