/* What is done without anybody asking, at times that a test would not wait for. */
#include "ciclo/api/housekeeping.h"

#include "ciclo/base/time.h"
#include "support.h"

/* A day is promised; clocks that step or differ have an hour. */
START_TEST(keys_are_kept_for_a_day_and_an_hour)
{
	PGconn *conn = admin_connect(fixture_url());
	int64_t now_ms = clock_monotonic_ms();
	struct housekeeping h = {0};
	struct loop loop;

	loop_start(&loop);
	admin_run(conn, "INSERT INTO idempotency_keys VALUES"
			" ('kept', 'f', 201, '', now() - interval '24 hours 50 minutes'),"
			" ('past', 'f', 201, '', now() - interval '25 hours 10 minutes')");
	ck_assert_int_gt(housekeeping_tick(&h, loop.db, now_ms), 0);
	housekeeping_tick(&h, loop.db, now_ms + INT64_C(11) * 60 * 1000);
	loop_settle(&loop);
	ck_assert_int_eq(admin_number(conn, "SELECT count(*) FROM idempotency_keys WHERE key_hash = 'past'"),
			 0);
	ck_assert_int_eq(admin_number(conn, "WITH kept AS (DELETE FROM idempotency_keys WHERE key_hash = "
					    "'kept' RETURNING 1) SELECT count(*) FROM kept"),
			 1);
	PQfinish(conn);
	loop_close(&loop);
}
END_TEST

Suite *suite_housekeeping(void)
{
	Suite *s = suite_create("housekeeping");
	TCase *t = tcase_create("housekeeping");

	tcase_set_timeout(t, 30);
	tcase_add_test(t, keys_are_kept_for_a_day_and_an_hour);
	suite_add_tcase(s, t);
	return s;
}
