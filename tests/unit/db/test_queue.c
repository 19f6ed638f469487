/* Queues, deadlines, callbacks that submit. */
#include "ciclo/base/time.h"
#include "support.h"

/* An engine whose database does not exist: nothing is ever sent. */
static void open_away(struct loop *loop)
{
	struct config config;

	config_default(&config);
	fixture_url_of("ciclo_unit_nowhere", config.database_url, sizeof config.database_url);
	loop_open(loop, &config);
}

START_TEST(a_full_lane_refuses_at_once)
{
	enum { QUEUE = 256, MORE = 44 };
	struct probe *p = calloc(QUEUE + MORE, sizeof *p);
	struct loop loop;

	ck_assert_ptr_nonnull(p);
	open_away(&loop);
	for (int i = 0; i < QUEUE + MORE; i++) {
		probe_init(&p[i], LANE_REPORT);
		probe_recall(&p[i], "k");
		db_submit(loop.db, &p[i].segment);
		ck_assert_int_eq(p[i].calls, 0);
	}
	loop_turn(&loop, 0);
	for (int i = 0; i < QUEUE + MORE; i++) {
		ck_assert_int_eq(p[i].calls, i < QUEUE ? 0 : 1);
		ck_assert(i < QUEUE || p[i].status == DB_OVERLOADED);
	}
	ck_assert_uint_eq(db_pending(loop.db), QUEUE);
	loop_close(&loop);
	/* Whoever still waits is told. */
	for (int i = 0; i < QUEUE; i++)
		ck_assert(p[i].calls == 1 && p[i].status == DB_UNAVAILABLE);
	free(p);
}
END_TEST

START_TEST(a_waiting_segment_meets_its_deadline)
{
	int64_t start = clock_monotonic_ms();
	struct probe soon, later;
	struct loop loop;

	open_away(&loop);
	probe_init(&later, LANE_WRITE);
	probe_claim(&later, "deadline", 1);
	later.segment.deadline_ms = start + 400;
	probe_init(&soon, LANE_WRITE);
	probe_claim(&soon, "deadline", 2);
	soon.segment.deadline_ms = start + 100;
	db_submit(loop.db, &later.segment);
	db_submit(loop.db, &soon.segment);
	loop_settle(&loop);
	ck_assert(soon.status == DB_TIMEOUT && later.status == DB_TIMEOUT);
	ck_assert(soon.answered_ms >= start + 100 && soon.answered_ms < start + 300);
	ck_assert(later.answered_ms >= start + 400 && later.answered_ms < start + 600);
	loop_close(&loop);
}
END_TEST

START_TEST(statement_timeout_ends_a_group)
{
	struct config config;
	struct loop loop;
	struct probe p;
	PGconn *conn = admin_connect(fixture_url());

	config_default(&config);
	config.request_timeout_ms = 200;
	loop_open(&loop, &config);
	loop_wait_ready(&loop);
	admin_run(conn, "BEGIN; LOCK TABLE external_ids");
	probe_init(&p, LANE_WRITE);
	probe_claim(&p, "slow", 1);
	probe_run(&p, &loop);
	ck_assert_int_eq(p.status, DB_TIMEOUT);
	ck_assert_str_eq(p.sqlstate, "57014");
	admin_run(conn, "ROLLBACK");
	probe_init(&p, LANE_WRITE);
	probe_claim(&p, "slow", 1);
	probe_run(&p, &loop);
	ck_assert_int_eq(p.status, DB_OK);
	PQfinish(conn);
	loop_close(&loop);
}
END_TEST

/* A server that does not answer at all: the connection is given up a second after the deadline. */
START_TEST(an_overdue_group_costs_its_connection)
{
	int64_t start = clock_monotonic_ms();
	struct loop loop;
	struct probe write, read, after;
	PGconn *conn = admin_connect(fixture_url());

	loop_start(&loop);
	admin_run(conn, "BEGIN; LOCK TABLE idempotency_keys");
	probe_init(&write, LANE_WRITE);
	probe_remember(&write, "overdue", "a");
	probe_init(&read, LANE_READ);
	probe_recall(&read, "overdue");
	write.segment.deadline_ms = read.segment.deadline_ms = start + 300;
	db_submit(loop.db, &write.segment);
	db_submit(loop.db, &read.segment);
	loop_settle(&loop);
	ck_assert(write.status == DB_TIMEOUT && read.status == DB_TIMEOUT);
	ck_assert_int_lt(read.answered_ms, start + 3000);
	admin_run(conn, "ROLLBACK");
	probe_init(&after, LANE_READ);
	probe_recall(&after, "overdue");
	probe_run(&after, &loop);
	ck_assert_int_eq(after.status, DB_OK);
	PQfinish(conn);
	loop_close(&loop);
}
END_TEST

/* It waits for a lock with others who came later, or have more time: they are answered as if it had not been there. */
START_TEST(a_late_member_costs_the_others_nothing)
{
	PGconn *conn = admin_connect(fixture_url());
	struct probe late, write, stored;
	struct loop loop;

	loop_start(&loop);
	loop_wait_ready(&loop); /* of its time nothing may go by before it is sent */
	admin_run(conn, "BEGIN; LOCK TABLE idempotency_keys");
	probe_init(&late, LANE_WRITE);
	probe_remember(&late, "late", "a");
	probe_recall(&late, "late");
	late.segment.deadline_ms = clock_monotonic_ms() + 300;
	probe_init(&write, LANE_WRITE);
	probe_remember(&write, "in time", "b");
	probe_recall(&write, "in time");
	db_submit(loop.db, &late.segment);
	db_submit(loop.db, &write.segment);
	while (late.calls == 0)
		loop_turn(&loop, 10);
	ck_assert_int_eq(late.status, DB_TIMEOUT);
	ck_assert_int_eq(write.calls, 0);
	admin_run(conn, "ROLLBACK");
	loop_settle(&loop);
	ck_assert_int_eq(write.status, DB_OK);
	ck_assert_uint_eq(write.read_rows[0], 1);
	ck_assert_str_eq(write.cell[0], "b");
	/* It was on its way, and nobody took it back. */
	probe_init(&stored, LANE_READ);
	probe_recall(&stored, "late");
	probe_run(&stored, &loop);
	ck_assert_str_eq(stored.cell[0], "a");
	ck_assert_int_eq(late.calls, 1);
	PQfinish(conn);
	loop_close(&loop);
}
END_TEST

/* A batch of two groups, of which the first takes WORKED_MS, beside so many reads: how much later the second is answered. */
static int64_t between_groups(size_t reads)
{
	enum { WORKED_MS = 1000, READS_MAX = 8 };
	PGconn *bulk = admin_connect(fixture_url()), *crowd = admin_connect(fixture_url());
	struct probe read[READS_MAX], first, second;
	struct loop loop;
	int64_t start;

	ck_assert_uint_le(reads, READS_MAX);
	loop_start(&loop);
	admin_run(crowd, "BEGIN; LOCK TABLE idempotency_keys");
	admin_run(bulk, "BEGIN; LOCK TABLE external_ids");
	for (size_t i = 0; i < reads; i++) {
		probe_init(&read[i], LANE_READ);
		probe_recall(&read[i], "crowd");
		db_submit(loop.db, &read[i].segment);
	}
	probe_init(&first, LANE_BULK);
	probe_claim(&first, "crowd", (int)reads);
	db_submit(loop.db, &first.segment);
	for (start = clock_monotonic_ms(); clock_monotonic_ms() < start + WORKED_MS;)
		loop_turn(&loop, 10);
	admin_run(bulk, "ROLLBACK");
	while (first.calls == 0)
		loop_turn(&loop, 10);
	probe_init(&second, LANE_BULK);
	probe_claim(&second, "crowd", 100 + (int)reads);
	db_submit(loop.db, &second.segment);
	while (second.calls == 0)
		loop_turn(&loop, 10);
	admin_run(crowd, "ROLLBACK");
	loop_settle(&loop);
	ck_assert(first.status == DB_OK && second.status == DB_OK);
	PQfinish(bulk);
	PQfinish(crowd);
	loop_close(&loop);
	return second.answered_ms - first.answered_ms;
}

START_TEST(bulk_rests_beside_a_crowd)
{
	int64_t rested = between_groups(8);

	/* It rests from the end of a group, which is a little before the answer. */
	ck_assert_int_ge(rested, 900);
	/* Not for three times of what was no work. */
	ck_assert_int_lt(rested, 2500);
	ck_assert_int_lt(between_groups(7), 1000);
}
END_TEST

struct chain {
	struct probe probe;
	struct db *db;
	int left;
};

static void submit_next(void *cls, const struct db_answer *answer)
{
	struct chain *chain = cls;

	ck_assert_int_eq(db_status(answer), DB_OK);
	if (chain->left-- > 0)
		db_submit(chain->db, &chain->probe.segment);
}

START_TEST(a_callback_may_submit)
{
	struct chain chain = {.left = 100};
	struct loop loop;

	loop_start(&loop);
	probe_init(&chain.probe, LANE_READ);
	probe_recall(&chain.probe, "k");
	chain.probe.segment.done = submit_next;
	chain.probe.segment.cls = &chain;
	chain.db = loop.db;
	db_submit(loop.db, &chain.probe.segment);
	loop_settle(&loop);
	ck_assert_int_eq(chain.left, -1);
	loop_close(&loop);
}
END_TEST

START_TEST(large_groups_do_not_block)
{
	enum { BIG = 3 << 20, COUNT = 8 };
	char *answer = malloc(BIG + 1), *rows[COUNT] = {NULL};
	struct probe p[COUNT];
	struct loop loop;

	ck_assert_ptr_nonnull(answer);
	memset(answer, 'x', BIG);
	answer[BIG] = '\0';
	loop_start(&loop);
	for (int i = 0; i < COUNT; i++) {
		probe_init(&p[i], LANE_WRITE);
		ck_assert(asprintf(&rows[i],
				   "{\"key_hash\": \"big%d\", \"fingerprint\": \"f\", \"status\": 201,"
				   " \"answer\": \"%s\", \"created_at\": \"now\"}",
				   i, answer) > BIG);
		p[i].segment.write_count = 1;
		p[i].segment.writes[0] = (struct segment_write){Q_IDEMPOTENCY_INSERT, rows[i]};
		db_submit(loop.db, &p[i].segment);
	}
	loop_settle(&loop);
	for (int i = 0; i < COUNT; i++) {
		ck_assert_int_eq(p[i].status, DB_OK);
		free(rows[i]);
	}
	probe_init(&p[0], LANE_READ);
	for (int i = 0; i < 4; i++)
		probe_recall(&p[0], "big1");
	probe_run(&p[0], &loop);
	ck_assert_int_eq(p[0].status, DB_OK);
	loop_close(&loop);
	free(answer);
}
END_TEST

Suite *suite_queue(void)
{
	Suite *s = suite_create("queue");
	TCase *t = tcase_create("queue");

	tcase_set_timeout(t, 30);
	tcase_add_test(t, a_full_lane_refuses_at_once);
	tcase_add_test(t, a_waiting_segment_meets_its_deadline);
	tcase_add_test(t, statement_timeout_ends_a_group);
	tcase_add_test(t, an_overdue_group_costs_its_connection);
	tcase_add_test(t, a_late_member_costs_the_others_nothing);
	tcase_add_test(t, bulk_rests_beside_a_crowd);
	tcase_add_test(t, a_callback_may_submit);
	tcase_add_test(t, large_groups_do_not_block);
	suite_add_tcase(s, t);
	return s;
}
