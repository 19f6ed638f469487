/* What keeps a connection from counting as up. */
#include "ciclo/base/time.h"
#include "ciclo/db/migrate.h"
#include "support.h"

/* Opens an engine, waits until it says why it is not ready, mends the database, and waits until it is. */
static void check_not_ready(const char *breaks, const char *why_part, const char *mends)
{
	PGconn *conn = admin_connect(fixture_url());
	int64_t end = clock_monotonic_ms() + 5000;
	const char *why = "";
	struct config config;
	struct loop loop;

	config_default(&config);
	admin_run(conn, breaks);
	loop_open(&loop, &config);
	while (!db_is_ready(loop.db, &why) && !strstr(why, why_part) && clock_monotonic_ms() < end)
		loop_turn(&loop, 10);
	admin_run(conn, mends);
	ck_assert_msg(strstr(why, why_part) != NULL, "says \"%s\"", why);
	loop_wait_ready(&loop);
	loop_close(&loop);
	PQfinish(conn);
}

START_TEST(a_statement_that_does_not_prepare)
{
	check_not_ready("ALTER TABLE api_keys RENAME secret_hash TO other",
			"statement api_key_get does not prepare",
			"ALTER TABLE api_keys RENAME other TO secret_hash");
}
END_TEST

START_TEST(no_schema)
{
	check_not_ready("ALTER TABLE schema_migrations RENAME TO other", "the database has no schema",
			"ALTER TABLE other RENAME TO schema_migrations");
}
END_TEST

START_TEST(an_older_schema)
{
	check_not_ready("UPDATE schema_migrations SET version = -version", "the schema is older",
			"UPDATE schema_migrations SET version = -version");
}
END_TEST

START_TEST(a_newer_schema)
{
	check_not_ready("INSERT INTO schema_migrations VALUES (9999, 'n', 's')", "the schema is newer",
			"DELETE FROM schema_migrations WHERE version = 9999");
}
END_TEST

/* DDL makes a prepared statement useless: it is prepared again, and the caller sees nothing. */
START_TEST(a_result_that_changes_its_type)
{
	PGconn *conn = admin_connect(fixture_url());
	struct loop loop;
	struct probe p;

	loop_start(&loop);
	probe_init(&p, LANE_READ);
	probe_recall(&p, "k");
	probe_run(&p, &loop);
	admin_run(conn, "ALTER TABLE idempotency_keys ALTER fingerprint TYPE varchar(100)");
	probe_init(&p, LANE_READ);
	probe_recall(&p, "k");
	probe_run(&p, &loop);
	admin_run(conn, "ALTER TABLE idempotency_keys ALTER fingerprint TYPE text");
	ck_assert_int_eq(p.status, DB_OK);
	PQfinish(conn);
	loop_close(&loop);
}
END_TEST

START_TEST(all_connections_come_up)
{
	PGconn *conn = admin_connect(fixture_url());
	struct loop loop;

	loop_start(&loop);
	/* 2 write, 1 read, 2 report, 1 bulk, 2 derive: all of them come up. */
	for (int i = 0; i < 50; i++)
		loop_turn(&loop, 10);
	ck_assert_int_eq(admin_count_engine(conn), 8);
	PQfinish(conn);
	loop_close(&loop);
}
END_TEST

/* What a request may take is no limit for what a connection prepares before it serves any. */
START_TEST(a_short_timeout_is_none_of_setting_up)
{
	struct config config;
	struct loop loop;

	config_default(&config);
	config.request_timeout_ms = config.report_timeout_ms = 5;
	loop_open(&loop, &config);
	loop_wait_ready(&loop);
	loop_close(&loop);
}
END_TEST

Suite *suite_setup(void)
{
	Suite *s = suite_create("setup");
	TCase *t = tcase_create("setup");

	tcase_set_timeout(t, 30);
	tcase_add_test(t, a_statement_that_does_not_prepare);
	tcase_add_test(t, no_schema);
	tcase_add_test(t, an_older_schema);
	tcase_add_test(t, a_newer_schema);
	tcase_add_test(t, a_result_that_changes_its_type);
	tcase_add_test(t, all_connections_come_up);
	tcase_add_test(t, a_short_timeout_is_none_of_setting_up);
	suite_add_tcase(s, t);
	return s;
}
