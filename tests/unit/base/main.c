/* Runs the suites of base. Check's variables choose among them: CK_RUN_SUITE=time. */
#include "suites.h"

#include <stdlib.h>

#include "ciclo/base/attr.h"

int main(void)
{
	static Suite *(*const suites[])(void) = {
		arena_suite, buf_suite,     config_suite, decimal_suite, log_suite,
		money_suite, problem_suite, time_suite,   uuid7_suite,
	};
	SRunner *runner = srunner_create(NULL);
	int failed;

	for (size_t i = 0; i < COUNTOF(suites); i++)
		srunner_add_suite(runner, suites[i]());
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
