/* Migrations: once, in order, never edited, never backwards, also when two start at once. */
#include "ciclo/db/migrate.h"

#include <sys/wait.h>
#include <unistd.h>

#include "support.h"

/* Runs migrate_run; *ret_said (free it) is what it said. */
static bool migrate(const char *url, char **ret_said)
{
	size_t size;
	FILE *out = open_memstream(ret_said, &size);
	bool ok;

	ck_assert_ptr_nonnull(out);
	ok = migrate_run(url, out);
	fclose(out);
	return ok;
}

START_TEST(again_is_nothing)
{
	char *said;

	/* The fixture was the first time. */
	ck_assert(migrate(fixture_url(), &said));
	ck_assert_str_eq(said, "");
	free(said);
}
END_TEST

static void check_refused(const char *breaks, const char *says, const char *mends)
{
	PGconn *conn = admin_connect(fixture_url());
	char *said;
	bool ok;

	admin_run(conn, breaks);
	ok = migrate(fixture_url(), &said);
	admin_run(conn, mends);
	ck_assert(!ok);
	ck_assert_msg(strstr(said, says) != NULL, "says \"%s\"", said);
	free(said);
	PQfinish(conn);
}

START_TEST(an_edited_file_is_refused)
{
	check_refused("UPDATE schema_migrations SET sha256 = 'x' || sha256 WHERE version = 2",
		      "0002_customers was edited",
		      "UPDATE schema_migrations SET sha256 = substr(sha256, 2) WHERE version = 2");
}
END_TEST

/* What the ledger of a database says that went the other way of 0018, 0020 and 0021. */
#define OTHER_WAY                                                                                            \
	"UPDATE schema_migrations SET sha256 = CASE version"                                                 \
	" WHEN 18 THEN '99dcfd1897594bc945945e039fc50336d44d0abfc337eaaf5da6fbb12416c8ed'"                   \
	" WHEN 20 THEN '521cd8fc3b96d2590b4fdf9952176d509b653afb8ae6c72bdc9366cf12863e6f'"                   \
	" ELSE 'ab82b8bb73491c206f82db9a74f8a2abcc99e9748ec61f754b17cd14ac7e219d' END"                       \
	" WHERE version IN (18, 20, 21)"
#define KEEP_LEDGER "CREATE TABLE IF NOT EXISTS kept AS SELECT * FROM schema_migrations; "
#define RESTORE_LEDGER                                                                                       \
	"TRUNCATE schema_migrations; INSERT INTO schema_migrations SELECT * FROM kept; DROP TABLE kept"

START_TEST(both_ways_of_three_files_are_known)
{
	PGconn *conn = admin_connect(fixture_url());
	char *said;
	bool ok;

	admin_run(conn, KEEP_LEDGER OTHER_WAY);
	ok = migrate(fixture_url(), &said);
	admin_run(conn, RESTORE_LEDGER);
	ck_assert_msg(ok, "says \"%s\"", said);
	ck_assert_str_eq(said, "");
	free(said);
	PQfinish(conn);
}
END_TEST

START_TEST(half_of_the_other_way_is_refused)
{
	check_refused(KEEP_LEDGER OTHER_WAY "; DELETE FROM schema_migrations WHERE version > 23",
		      "0018_cheaper_deriving was edited", RESTORE_LEDGER);
}
END_TEST

START_TEST(a_newer_database_is_refused)
{
	check_refused("INSERT INTO schema_migrations VALUES (9999, 'n', 's')", "9999",
		      "DELETE FROM schema_migrations WHERE version = 9999");
}
END_TEST

START_TEST(two_at_once)
{
	PGconn *conn = admin_connect(fixture_url());
	char url[2001], text[100], name[64];
	pid_t child[2];
	int status, failed = 0;
	PGconn *other;

	snprintf(name, sizeof name, "ciclo_unit_db_two_%d", (int)getpid());
	snprintf(text, sizeof text, "CREATE DATABASE %s", name);
	admin_run(conn, text);
	fixture_url_of(name, url, sizeof url);
	for (int i = 0; i < 2; i++) {
		child[i] = fork();
		if (child[i] == 0) {
			char *said;

			_exit(migrate(url, &said) ? 0 : 1);
		}
	}
	for (int i = 0; i < 2; i++)
		failed += waitpid(child[i], &status, 0) != child[i] || status != 0;
	other = admin_connect(url);
	failed += admin_number(other, "SELECT max(version) FROM schema_migrations") != migrate_version();
	PQfinish(other);
	snprintf(text, sizeof text, "DROP DATABASE %s", name);
	admin_run(conn, text);
	PQfinish(conn);
	ck_assert_int_eq(failed, 0);
}
END_TEST

Suite *suite_migrate(void)
{
	Suite *s = suite_create("migrate");
	TCase *t = tcase_create("migrate");

	tcase_set_timeout(t, 30);
	tcase_add_test(t, again_is_nothing);
	tcase_add_test(t, an_edited_file_is_refused);
	tcase_add_test(t, both_ways_of_three_files_are_known);
	tcase_add_test(t, half_of_the_other_way_is_refused);
	tcase_add_test(t, a_newer_database_is_refused);
	tcase_add_test(t, two_at_once);
	suite_add_tcase(s, t);
	return s;
}
