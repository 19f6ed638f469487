/* Writes: merged, atomic, and only the member at fault fails. */
#include "ciclo/base/time.h"
#include "support.h"

enum { MANY = 64, GROUP = 32 };

START_TEST(members_share_transactions)
{
	struct probe p[MANY];
	struct loop loop;
	PGconn *conn;

	loop_start(&loop);
	for (int i = 0; i < MANY; i++) {
		probe_init(&p[i], LANE_WRITE);
		probe_claim(&p[i], "merge", i);
		db_submit(loop.db, &p[i].segment);
	}
	ck_assert_uint_eq(db_pending(loop.db), MANY);
	loop_settle(&loop);
	for (int i = 0; i < MANY; i++)
		ck_assert(p[i].calls == 1 && p[i].status == DB_OK);
	conn = admin_connect(fixture_url());
	ck_assert_int_eq(admin_number(conn, "SELECT count(*) FROM external_ids"), MANY);
	ck_assert_int_eq(admin_number(conn, "SELECT count(DISTINCT xmin::text) FROM external_ids"),
			 MANY / GROUP);
	PQfinish(conn);
	loop_close(&loop);
}
END_TEST

START_TEST(only_the_member_at_fault_fails)
{
	struct probe first, p[GROUP];
	struct loop loop;

	loop_start(&loop);
	probe_init(&first, LANE_WRITE);
	probe_claim(&first, "bisect", 13);
	probe_run(&first, &loop);
	ck_assert_int_eq(first.status, DB_OK);
	for (int i = 0; i < GROUP; i++) {
		probe_init(&p[i], LANE_WRITE);
		probe_claim(&p[i], "bisect", i);
		db_submit(loop.db, &p[i].segment);
	}
	loop_settle(&loop);
	for (int i = 0; i < GROUP; i++) {
		ck_assert_int_eq(p[i].calls, 1);
		ck_assert_int_eq(p[i].status, i == 13 ? DB_REJECTED : DB_OK);
		ck_assert_str_eq(p[i].sqlstate, i == 13 ? "23505" : "");
	}
	loop_close(&loop);
}
END_TEST

START_TEST(a_segment_reads_what_it_wrote)
{
	struct probe p, after;
	struct loop loop;

	loop_start(&loop);
	probe_init(&p, LANE_WRITE);
	probe_remember(&p, "k1", "hello");
	probe_recall(&p, "k1");
	probe_recall(&p, "nobody");
	probe_run(&p, &loop);
	ck_assert_int_eq(p.status, DB_OK);
	ck_assert_uint_eq(p.read_rows[0], 1);
	ck_assert_str_eq(p.cell[0], "hello");
	ck_assert_uint_eq(p.read_rows[1], 0);
	/* And so does the next one, on another connection. */
	probe_init(&after, LANE_READ);
	probe_recall(&after, "k1");
	probe_run(&after, &loop);
	ck_assert_str_eq(after.cell[0], "hello");
	loop_close(&loop);
}
END_TEST

START_TEST(all_of_a_segment_or_nothing)
{
	struct probe p;
	struct loop loop;
	PGconn *conn;

	loop_start(&loop);
	probe_init(&p, LANE_WRITE);
	probe_remember(&p, "k2", "first");
	probe_run(&p, &loop);
	/* The claim runs before the key that is taken. */
	probe_init(&p, LANE_WRITE);
	probe_claim(&p, "atomic", 1);
	probe_remember(&p, "k2", "second");
	probe_run(&p, &loop);
	ck_assert_int_eq(p.status, DB_REJECTED);
	ck_assert_str_eq(p.sqlstate, "23505");
	conn = admin_connect(fixture_url());
	ck_assert_int_eq(admin_number(conn, "SELECT count(*) FROM external_ids"), 0);
	ck_assert_int_eq(admin_number(conn, "SELECT count(*) FROM idempotency_keys WHERE answer = 'first'"),
			 1);
	/* No connection was left inside a transaction; those that are still set up are in one for a moment. */
	int left = 100;
	while (admin_number(conn, "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
				  " AND state LIKE 'idle in transaction%'") > 0 &&
	       --left > 0)
		loop_turn(&loop, 100);
	ck_assert_int_gt(left, 0);
	PQfinish(conn);
	loop_close(&loop);
}
END_TEST

START_TEST(an_old_key_is_free_again)
{
	struct probe p;
	struct loop loop;
	PGconn *conn;

	loop_start(&loop);
	conn = admin_connect(fixture_url());
	admin_run(
		conn,
		"INSERT INTO idempotency_keys VALUES ('old', 'f', 201, 'then', now() - interval '25 hours')");
	probe_init(&p, LANE_READ);
	probe_recall(&p, "old");
	probe_run(&p, &loop);
	ck_assert_uint_eq(p.read_rows[0], 0);
	probe_init(&p, LANE_WRITE);
	probe_remember(&p, "old", "now");
	probe_recall(&p, "old");
	probe_run(&p, &loop);
	ck_assert_int_eq(p.status, DB_OK);
	ck_assert_str_eq(p.cell[0], "now");
	PQfinish(conn);
	loop_close(&loop);
}
END_TEST

START_TEST(bulk_keeps_the_good_ones)
{
	enum { ITEMS = 2000, BAD_EVERY = 97 };
	struct probe *p = calloc(ITEMS, sizeof *p);
	struct loop loop;
	PGconn *conn;
	int bad = 0;

	ck_assert_ptr_nonnull(p);
	loop_start(&loop);
	for (int i = 0; i < ITEMS; i++) {
		bool is_bad = i % BAD_EVERY == BAD_EVERY - 1;

		bad += is_bad;
		probe_init(&p[i], LANE_BULK);
		probe_claim(&p[i], "bulk", is_bad ? 0 : i);
		db_submit(loop.db, &p[i].segment);
	}
	loop_settle(&loop);
	for (int i = 0; i < ITEMS; i++)
		ck_assert_int_eq(p[i].status, i % BAD_EVERY == BAD_EVERY - 1 ? DB_REJECTED : DB_OK);
	conn = admin_connect(fixture_url());
	ck_assert_int_eq(admin_number(conn, "SELECT count(*) FROM external_ids"), ITEMS - bad);
	PQfinish(conn);
	loop_close(&loop);
	free(p);
}
END_TEST

/* Two transactions that wait for each other: the server ends ours, and it is sent again. */
START_TEST(a_deadlock_is_tried_again)
{
	struct probe p;
	struct loop loop;
	PGconn *conn;

	loop_start(&loop);
	conn = admin_connect(fixture_url());
	admin_run(conn, "BEGIN");
	admin_run(conn, "INSERT INTO idempotency_keys VALUES ('d', 'f', 201, 'theirs', now())");
	admin_run(conn, "SET LOCAL deadlock_timeout = '20s'");
	probe_init(&p, LANE_WRITE);
	probe_claim(&p, "deadlock", 1);
	probe_remember(&p, "d", "ours");
	db_submit(loop.db, &p.segment);
	for (int i = 0; i < 10; i++)
		loop_turn(&loop, 20);
	ck_assert(PQsendQuery(
		conn, "INSERT INTO external_ids VALUES ('deadlock', 'e1', gen_random_uuid(), NULL, 'h')"));
	while (PQconsumeInput(conn) && PQisBusy(conn))
		loop_turn(&loop, 20);
	PQclear(PQgetResult(conn));
	ck_assert_ptr_null(PQgetResult(conn));
	ck_assert_int_eq(p.calls, 0);
	admin_run(conn, "ROLLBACK");
	loop_settle(&loop);
	ck_assert_int_eq(p.status, DB_OK);
	ck_assert_int_eq(admin_number(conn, "SELECT count(*) FROM idempotency_keys WHERE answer = 'ours'"),
			 1);
	PQfinish(conn);
	loop_close(&loop);
}
END_TEST

static void add_key_read(struct probe *p)
{
	p->segment.reads[p->segment.read_count++] =
		(struct segment_read){.query = Q_API_KEY_GET, .arg_count = 1, .args = {"k"}};
}

/* Reads a key, waits for a lock, reads the key again; it is written meanwhile. Returns what the second read saw. */
static size_t rows_seen(struct loop *loop, bool snapshot)
{
	PGconn *locker = admin_connect(fixture_url()), *writer = admin_connect(fixture_url());
	struct probe p;

	admin_run(writer, "DELETE FROM api_keys");
	admin_run(locker, "BEGIN; LOCK TABLE idempotency_keys");
	probe_init(&p, LANE_REPORT);
	add_key_read(&p);
	probe_recall(&p, "k");
	add_key_read(&p);
	p.segment.snapshot = snapshot;
	db_submit(loop->db, &p.segment);
	for (int i = 0; i < 20; i++)
		loop_turn(loop, 10);
	admin_run(writer, "INSERT INTO api_keys VALUES ('k', 'name', 'hash', '{}')");
	admin_run(locker, "ROLLBACK");
	loop_settle(loop);
	ck_assert_int_eq(p.status, DB_OK);
	ck_assert_uint_eq(p.read_rows[0], 0);
	PQfinish(locker);
	PQfinish(writer);
	return p.read_rows[2];
}

/* Known keys, unknown ones, the same twice, and such as an array literal must quote. */
START_TEST(merged_reads_get_their_own_rows)
{
	static const struct {
		const char *json, *key, *answer;
	} known[] = {
		{"plain", "plain", "one"},
		{"a\\\"b\\\\c", "a\"b\\c", "two"},
		{"{x, y}", "{x, y}", "three"},
		{"null", "null", "four"},
	};
	static const char *const asked[] = {"null",  "nobody",  "plain", "{x, y}",
					    "plain", "a\"b\\c", "",      "nobody"};
	struct probe w, p[COUNTOF(asked)];
	struct loop loop;

	loop_start(&loop);
	for (size_t i = 0; i < COUNTOF(known); i++) {
		probe_init(&w, LANE_WRITE);
		probe_remember(&w, known[i].json, known[i].answer);
		probe_run(&w, &loop);
		ck_assert_int_eq(w.status, DB_OK);
	}
	for (size_t i = 0; i < COUNTOF(asked); i++) {
		probe_init(&p[i], LANE_READ);
		p[i].segment.reads[p[i].segment.read_count++] = (struct segment_read){.query = Q_API_KEY_ANY};
		probe_recall(&p[i], asked[i]);
		/* The answer to the next one of the same segment must not be taken for this one's. */
		probe_recall(&p[i], asked[COUNTOF(asked) - 1 - i]);
		db_submit(loop.db, &p[i].segment);
	}
	loop_settle(&loop);
	for (size_t i = 0; i < COUNTOF(asked); i++) {
		const char *pair[] = {asked[i], asked[COUNTOF(asked) - 1 - i]};

		ck_assert_int_eq(p[i].status, DB_OK);
		ck_assert_uint_eq(p[i].read_rows[0], 1);
		for (size_t r = 0; r < COUNTOF(pair); r++) {
			size_t k = 0;

			while (k < COUNTOF(known) && strcmp(known[k].key, pair[r]) != 0)
				k++;
			ck_assert_uint_eq(p[i].read_rows[r + 1], k < COUNTOF(known));
			ck_assert_str_eq(p[i].cell[r + 1], k < COUNTOF(known) ? known[k].answer : "");
		}
	}
	loop_close(&loop);
}
END_TEST

START_TEST(a_snapshot_is_one_state)
{
	struct loop loop;

	loop_start(&loop);
	ck_assert_uint_eq(rows_seen(&loop, false), 1);
	ck_assert_uint_eq(rows_seen(&loop, true), 0);
	loop_close(&loop);
}
END_TEST

START_TEST(reports_write_nothing)
{
	struct probe p;
	struct loop loop;

	loop_start(&loop);
	probe_init(&p, LANE_REPORT);
	probe_claim(&p, "report", 1);
	probe_run(&p, &loop);
	ck_assert_int_eq(p.status, DB_UNAVAILABLE);
	ck_assert_str_eq(p.sqlstate, "25006");
	loop_close(&loop);
}
END_TEST

Suite *suite_write(void)
{
	Suite *s = suite_create("write");
	TCase *t = tcase_create("write");

	tcase_set_timeout(t, 30);
	tcase_add_test(t, members_share_transactions);
	tcase_add_test(t, only_the_member_at_fault_fails);
	tcase_add_test(t, a_segment_reads_what_it_wrote);
	tcase_add_test(t, all_of_a_segment_or_nothing);
	tcase_add_test(t, an_old_key_is_free_again);
	tcase_add_test(t, bulk_keeps_the_good_ones);
	tcase_add_test(t, a_deadlock_is_tried_again);
	tcase_add_test(t, merged_reads_get_their_own_rows);
	tcase_add_test(t, a_snapshot_is_one_state);
	tcase_add_test(t, reports_write_nothing);
	suite_add_tcase(s, t);
	return s;
}
