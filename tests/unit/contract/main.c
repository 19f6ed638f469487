/*
 * Unit tests of the room contract. Everything goes through its public headers.
 */
#include "support.h"

int main(void)
{
	Suite *(*const suites[])(void) = {json_suite,     yaml_suite,   load_suite,  schema_suite,
					  validate_suite, format_suite, route_suite, params_suite,
					  media_suite,    place_suite};
	SRunner *runner = srunner_create(NULL);
	int failed;

	for (size_t i = 0; i < COUNTOF(suites); i++)
		srunner_add_suite(runner, suites[i]());
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
