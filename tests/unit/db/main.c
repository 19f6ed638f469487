/* All suites of the room db. Those that need PostgreSQL say so and are left out when there is none. */
#include "support.h"

int main(void)
{
	SRunner *runner = srunner_create(suite_group());
	bool have_server = getenv("CICLO_TEST_DATABASE_URL") != NULL;
	int failed;

	if (!have_server)
		fputs("CICLO_TEST_DATABASE_URL is not set: tests that need PostgreSQL are left out\n",
		      stderr);
	else if (!fixture_create())
		return 1;
	if (have_server) {
		srunner_add_suite(runner, suite_write());
		srunner_add_suite(runner, suite_queue());
		srunner_add_suite(runner, suite_loss());
		srunner_add_suite(runner, suite_setup());
		srunner_add_suite(runner, suite_migrate());
		srunner_add_suite(runner, suite_keys());
		srunner_add_suite(runner, suite_housekeeping());
	}
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	fixture_drop();
	return failed == 0 ? 0 : 1;
}
