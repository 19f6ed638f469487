/*
 * Unit tests of src/http.
 */
#include <signal.h>

#include "ciclo/base/log.h"

#include "suites.h"

int main(void)
{
	SRunner *runner = srunner_create(guard_suite());
	int failed;

	signal(SIGPIPE, SIG_IGN);
	log_set_level(LOG_ERROR); /* a line a request would bury the results */
	srunner_add_suite(runner, parts_suite());
	srunner_add_suite(runner, rate_suite());
	srunner_add_suite(runner, wall_suite());
	srunner_add_suite(runner, protocol_suite());
	srunner_add_suite(runner, checks_suite());
	srunner_add_suite(runner, life_suite());
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
