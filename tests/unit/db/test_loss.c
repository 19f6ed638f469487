/* Connections that go, and a server that is away. */
#include "ciclo/base/time.h"
#include "support.h"

enum { IN_FLIGHT = 48, KILLS = 4, KILLS_MAX = 40, KILL_EVERY_MS = 250, RECOVER_MAX_MS = 15000 };

struct load {
	struct db *db;
	struct probe probe;
	bool stop;
	int *next;
	int counts[DB_TIMEOUT + 1];
};

static void again(struct load *load)
{
	enum lane lane = load->probe.segment.lane;
	db_done_fn *done = load->probe.segment.done;

	probe_init(&load->probe, lane);
	load->probe.segment.done = done;
	load->probe.segment.cls = load;
	if (lane == LANE_WRITE)
		probe_claim(&load->probe, "load", (*load->next)++);
	else
		probe_recall(&load->probe, "k");
	db_submit(load->db, &load->probe.segment);
}

static void count_and_go_on(void *cls, const struct db_answer *answer)
{
	struct load *load = cls;

	load->counts[db_status(answer)]++;
	if (!load->stop)
		again(load);
}

static void start_load(struct load *loads, struct loop *loop, int *next)
{
	for (int i = 0; i < IN_FLIGHT; i++) {
		loads[i] = (struct load){.db = loop->db, .next = next};
		loads[i].probe.segment.lane = i % 3 == 0 ? LANE_READ : LANE_WRITE;
		loads[i].probe.segment.done = count_and_go_on;
		again(&loads[i]);
	}
}

static int sum(const struct load *loads, enum lane lane, enum db_status status)
{
	int total = 0;

	for (int i = 0; i < IN_FLIGHT; i++)
		if (loads[i].probe.segment.lane == lane)
			total += loads[i].counts[status];
	return total;
}

static int others(const struct load *loads, enum lane lane, enum db_status also)
{
	int total = 0;

	for (enum db_status s = DB_OK; s <= DB_TIMEOUT; s++)
		if (s != DB_OK && s != also)
			total += sum(loads, lane, s);
	return total;
}

/* For a while, and until both lanes have got something done since the last kill: how much is the machine's business. */
static void run_between_kills(struct loop *loop, const struct load *loads)
{
	int64_t begin = clock_monotonic_ms();
	int writes = sum(loads, LANE_WRITE, DB_OK);
	int reads = sum(loads, LANE_READ, DB_OK);
	bool worked = false;

	while (clock_monotonic_ms() - begin < KILL_EVERY_MS || !worked) {
		loop_turn(loop, 10);
		worked = sum(loads, LANE_WRITE, DB_OK) > writes && sum(loads, LANE_READ, DB_OK) > reads;
		ck_assert_msg(clock_monotonic_ms() - begin < RECOVER_MAX_MS, "the engine does not come back");
	}
}

/* Writes end well or unknown; what ended well is there; nobody notices anything on the read lane. */
START_TEST(backends_killed_under_load)
{
	struct load *loads = calloc(IN_FLIGHT, sizeof *loads);
	PGconn *conn = admin_connect(fixture_url());
	struct loop loop;
	long rows;
	int next = 0, kills = 0;

	ck_assert_ptr_nonnull(loads);
	loop_start(&loop);
	start_load(loads, &loop, &next);
	/* Until one has hit a write on its way, which a busy machine may put off. */
	for (; kills < KILLS || (sum(loads, LANE_WRITE, DB_UNKNOWN) == 0 && kills < KILLS_MAX); kills++) {
		run_between_kills(&loop, loads);
		admin_kill_engine(conn);
	}
	for (int i = 0; i < IN_FLIGHT; i++)
		loads[i].stop = true;
	loop_settle(&loop);
	rows = admin_number(conn, "SELECT count(*) FROM external_ids");
	ck_assert_int_ge(sum(loads, LANE_WRITE, DB_OK), KILLS);
	ck_assert_int_gt(sum(loads, LANE_WRITE, DB_UNKNOWN), 0);
	ck_assert_int_le(sum(loads, LANE_WRITE, DB_UNKNOWN), kills * IN_FLIGHT);
	ck_assert_int_eq(others(loads, LANE_WRITE, DB_UNKNOWN), 0);
	ck_assert_int_ge(sum(loads, LANE_READ, DB_OK), KILLS);
	ck_assert_int_eq(others(loads, LANE_READ, DB_OK), 0);
	ck_assert_int_ge(rows, sum(loads, LANE_WRITE, DB_OK));
	ck_assert_int_le(rows, sum(loads, LANE_WRITE, DB_OK) + sum(loads, LANE_WRITE, DB_UNKNOWN));
	loop_wait_ready(&loop);
	PQfinish(conn);
	loop_close(&loop);
	free(loads);
}
END_TEST

/* Nothing had been sent, so nobody notices. */
START_TEST(a_connection_killed_while_idle)
{
	PGconn *conn = admin_connect(fixture_url());
	struct probe p;
	struct loop loop;

	loop_start(&loop);
	admin_kill_engine(conn);
	/* The engine has not had its turn since. */
	probe_init(&p, LANE_WRITE);
	probe_claim(&p, "idle", 1);
	while (admin_count_engine(conn) > 0)
		;
	probe_run(&p, &loop);
	ck_assert_int_eq(p.status, DB_OK);
	PQfinish(conn);
	loop_close(&loop);
}
END_TEST

/* Opens or closes the door of the tests' database, from another one. */
static void allow(PGconn *conn, bool connections)
{
	PGconn *beside = admin_connect(getenv("CICLO_TEST_DATABASE_URL"));
	char text[200];

	snprintf(text, sizeof text, "ALTER DATABASE \"%s\" ALLOW_CONNECTIONS %s", PQdb(conn),
		 connections ? "true" : "false");
	admin_run(beside, text);
	PQfinish(beside);
}

static void turn_for(struct loop *loop, int64_t ms)
{
	int64_t end = clock_monotonic_ms() + ms;

	while (clock_monotonic_ms() < end)
		loop_turn(loop, 10);
}

START_TEST(an_outage_is_refused_at_once_and_passes)
{
	/* Connected before the door closes. */
	PGconn *conn = admin_connect(fixture_url());
	struct probe early, later;
	const char *why = NULL;
	struct loop loop;
	int early_calls;

	loop_start(&loop);
	allow(conn, false);
	admin_kill_engine(conn);
	/* Who comes early waits, for it may be a blip, */
	turn_for(&loop, 100);
	probe_init(&early, LANE_WRITE);
	probe_claim(&early, "outage", 1);
	db_submit(loop.db, &early.segment);
	turn_for(&loop, 300);
	early_calls = early.calls;
	/* until it is an outage; who comes later is told at once. */
	turn_for(&loop, 1000);
	probe_init(&later, LANE_WRITE);
	probe_claim(&later, "outage", 2);
	db_submit(loop.db, &later.segment);
	loop_turn(&loop, 0);
	ck_assert(!db_is_ready(loop.db, &why));
	allow(conn, true);
	ck_assert_int_eq(early_calls, 0);
	ck_assert_str_eq(why, "the database is away");
	ck_assert(early.calls == 1 && early.status == DB_UNAVAILABLE);
	ck_assert(later.calls == 1 && later.status == DB_UNAVAILABLE);
	loop_wait_ready(&loop);
	probe_init(&later, LANE_WRITE);
	probe_claim(&later, "outage", 3);
	probe_run(&later, &loop);
	ck_assert_int_eq(later.status, DB_OK);
	PQfinish(conn);
	loop_close(&loop);
}
END_TEST

START_TEST(closing_tells_everybody)
{
	PGconn *conn = admin_connect(fixture_url());
	struct probe write, read;
	struct loop loop;

	loop_start(&loop);
	admin_run(conn, "BEGIN; LOCK TABLE idempotency_keys");
	probe_init(&write, LANE_WRITE);
	probe_remember(&write, "closing", "a");
	probe_init(&read, LANE_READ);
	probe_recall(&read, "closing");
	db_submit(loop.db, &write.segment);
	db_submit(loop.db, &read.segment);
	loop_turn(&loop, 10);
	loop_close(&loop);
	ck_assert(write.calls == 1 && write.status == DB_UNKNOWN);
	ck_assert(read.calls == 1 && read.status == DB_UNAVAILABLE);
	PQfinish(conn);
}
END_TEST

Suite *suite_loss(void)
{
	Suite *s = suite_create("loss");
	TCase *t = tcase_create("loss");

	tcase_set_timeout(t, 40);
	tcase_add_test(t, backends_killed_under_load);
	tcase_add_test(t, a_connection_killed_while_idle);
	tcase_add_test(t, an_outage_is_refused_at_once_and_passes);
	tcase_add_test(t, closing_tells_everybody);
	suite_add_tcase(s, t);
	return s;
}
