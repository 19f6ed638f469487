/* See support.h. */
#include "support.h"

#include <poll.h>
#include <unistd.h>

#include "ciclo/base/log.h"
#include "ciclo/base/time.h"
#include "ciclo/db/migrate.h"

enum { SETTLE_MS = 20000 };

static char url[2001];
static char name[64];

void fixture_url_of(const char *database, char *out, size_t size)
{
	PQconninfoOption *options = PQconninfoParse(getenv("CICLO_TEST_DATABASE_URL"), NULL);
	size_t at = 0;

	out[0] = '\0';
	for (const PQconninfoOption *o = options; o && o->keyword; o++)
		if (o->val && strcmp(o->keyword, "dbname") != 0)
			at += (size_t)snprintf(out + at, size - at, "%s='%s' ", o->keyword, o->val);
	snprintf(out + at, size - at, "dbname='%s'", database);
	PQconninfoFree(options);
}

const char *fixture_url(void)
{
	return url;
}

PGconn *admin_connect(const char *conninfo)
{
	PGconn *conn = PQconnectdb(conninfo);

	ck_assert_msg(PQstatus(conn) == CONNECTION_OK, "%s", PQerrorMessage(conn));
	return conn;
}

void admin_run(PGconn *conn, const char *text)
{
	PGresult *r = PQexec(conn, text);
	ExecStatusType status = PQresultStatus(r);

	ck_assert_msg(status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK, "%s", PQerrorMessage(conn));
	PQclear(r);
}

long admin_number(PGconn *conn, const char *text)
{
	PGresult *r = PQexec(conn, text);
	long number;

	ck_assert_msg(PQresultStatus(r) == PGRES_TUPLES_OK, "%s", PQerrorMessage(conn));
	number = strtol(PQgetvalue(r, 0, 0), NULL, 10);
	PQclear(r);
	return number;
}

void admin_kill_engine(PGconn *conn)
{
	admin_run(conn, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
			" WHERE application_name = 'ciclo' AND datname = current_database()");
}

long admin_count_engine(PGconn *conn)
{
	return admin_number(conn, "SELECT count(*) FROM pg_stat_activity"
				  " WHERE application_name = 'ciclo' AND datname = current_database()");
}

/* Outside of tests, where Check cannot assert. */
static bool in_cluster(const char *command)
{
	PGconn *conn = PQconnectdb(getenv("CICLO_TEST_DATABASE_URL"));
	char text[200];
	PGresult *r;
	bool ok;

	snprintf(text, sizeof text, "%s %s", command, name);
	r = PQexec(conn, text);
	ok = PQresultStatus(r) == PGRES_COMMAND_OK;
	if (!ok)
		fprintf(stderr, "%s: %s", text, PQerrorMessage(conn));
	PQclear(r);
	PQfinish(conn);
	return ok;
}

/* Says what it did only if that failed. */
static bool migrate_quietly(void)
{
	char *said = NULL;
	size_t size;
	FILE *out = open_memstream(&said, &size);
	bool ok = out && migrate_run(url, out);

	if (out)
		fclose(out);
	if (!ok)
		fputs(said ? said : "memory is out\n", stderr);
	free(said);
	return ok;
}

bool fixture_create(void)
{
	if (!getenv("CICLO_TEST_DATABASE_URL")) {
		fputs("CICLO_TEST_DATABASE_URL is not set: tests that need PostgreSQL are left out\n",
		      stderr);
		return false;
	}
	/* Outages are what these tests are about. */
	log_set_level(getenv("CICLO_TEST_LOG") ? LOG_DEBUG : LOG_ERROR);
	snprintf(name, sizeof name, "ciclo_unit_db_%d", (int)getpid());
	fixture_url_of(name, url, sizeof url);
	return in_cluster("CREATE DATABASE") && migrate_quietly();
}

void fixture_drop(void)
{
	if (name[0])
		(void)!in_cluster("DROP DATABASE IF EXISTS");
}

void config_default(struct config *config)
{
	*config = (struct config){.write_connections = 2,
				  .read_connections = 1,
				  .report_connections = 2,
				  .request_timeout_ms = 30000,
				  .report_timeout_ms = 20000};
	snprintf(config->database_url, sizeof config->database_url, "%s", url);
}

static void on_watch(void *cls, int fd, bool want_read, bool want_write)
{
	struct loop *loop = cls;
	size_t i = 0;

	while (i < loop->count && loop->fd[i] != fd)
		i++;
	if (!want_read && !want_write) {
		ck_assert_msg(i < loop->count, "forgets an fd that was not watched");
		loop->count--;
		loop->fd[i] = loop->fd[loop->count];
		loop->events[i] = loop->events[loop->count];
		return;
	}
	ck_assert_uint_lt(i, WATCHED_MAX);
	loop->fd[i] = fd;
	loop->events[i] = (short)((want_read ? POLLIN : 0) | (want_write ? POLLOUT : 0));
	if (i == loop->count)
		loop->count++;
}

void loop_open(struct loop *loop, const struct config *config)
{
	*loop = (struct loop){0};
	loop->db = db_new(config, on_watch, loop);
	ck_assert_ptr_nonnull(loop->db);
}

void loop_turn(struct loop *loop, int64_t max_ms)
{
	int64_t wait = db_tick(loop->db, clock_monotonic_ms());
	struct pollfd fds[WATCHED_MAX];
	size_t count = loop->count;

	if (wait < 0 || wait > max_ms)
		wait = max_ms;
	for (size_t i = 0; i < count; i++)
		fds[i] = (struct pollfd){.fd = loop->fd[i], .events = loop->events[i]};
	poll(fds, count, (int)wait);
	for (size_t i = 0; i < count; i++)
		if (fds[i].revents)
			db_ready(loop->db, fds[i].fd, (fds[i].revents & ~POLLOUT) != 0,
				 (fds[i].revents & POLLOUT) != 0);
}

void loop_settle(struct loop *loop)
{
	int64_t end = clock_monotonic_ms() + SETTLE_MS;

	while (db_pending(loop->db) > 0) {
		ck_assert_msg(clock_monotonic_ms() < end, "%zu segments were never answered",
			      db_pending(loop->db));
		loop_turn(loop, 100);
	}
}

void loop_wait_ready(struct loop *loop)
{
	int64_t end = clock_monotonic_ms() + SETTLE_MS;
	const char *why = "";

	while (!db_is_ready(loop->db, &why)) {
		ck_assert_msg(clock_monotonic_ms() < end, "never ready: %s", why);
		loop_turn(loop, 100);
	}
}

void loop_start(struct loop *loop)
{
	struct config config;
	PGconn *conn = admin_connect(url);

	admin_run(conn, "TRUNCATE external_ids, idempotency_keys, api_keys");
	PQfinish(conn);
	config_default(&config);
	loop_open(loop, &config);
	loop_wait_ready(loop);
}

void loop_close(struct loop *loop)
{
	db_free(loop->db);
	ck_assert_msg(loop->count == 0, "%zu fds are still watched", loop->count);
}

static void on_done(void *cls, const struct db_answer *answer)
{
	struct probe *p = cls;

	p->calls++;
	p->status = db_status(answer);
	p->answered_ms = clock_monotonic_ms();
	snprintf(p->sqlstate, sizeof p->sqlstate, "%s", db_sqlstate(answer));
	for (size_t r = 0; r < p->segment.read_count; r++) {
		const char *cell = db_cell(answer, r, 0, 0);

		p->read_rows[r] = db_rows(answer, r);
		snprintf(p->cell[r], sizeof p->cell[r], "%s", cell ? cell : "");
	}
}

void probe_init(struct probe *p, enum lane lane)
{
	*p = (struct probe){0};
	p->segment.lane = lane;
	p->segment.deadline_ms = clock_monotonic_ms() + SETTLE_MS;
	p->segment.done = on_done;
	p->segment.cls = p;
}

static char *add_write(struct probe *p, enum query query)
{
	size_t i = p->segment.write_count++;

	p->segment.writes[i] = (struct segment_write){.query = query, .rows = p->rows[i]};
	return p->rows[i];
}

void probe_claim(struct probe *p, const char *resource, int number)
{
	snprintf(add_write(p, Q_EXTERNAL_ID_INSERT), sizeof p->rows[0],
		 "%s" CELL_END "e%d" CELL_END "00000000-0000-7000-8000-%012d" CELL_END CELL_NULL CELL_END
		 "h" CELL_END,
		 resource, number, number);
}

void probe_remember(struct probe *p, const char *key, const char *answer)
{
	snprintf(add_write(p, Q_IDEMPOTENCY_INSERT), sizeof p->rows[0],
		 "{\"key_hash\": \"%s\", \"fingerprint\": \"%s\", \"status\": 201, \"answer\": \"%s\","
		 " \"created_at\": \"now\"}",
		 key, answer, answer);
}

void probe_recall(struct probe *p, const char *key)
{
	struct segment_read *read = &p->segment.reads[p->segment.read_count++];

	*read = (struct segment_read){.query = Q_IDEMPOTENCY_GET, .arg_count = 1, .args = {key}};
}

void probe_run(struct probe *p, struct loop *loop)
{
	db_submit(loop->db, &p->segment);
	ck_assert_msg(p->calls == 0, "answered from inside db_submit");
	loop_settle(loop);
	ck_assert_int_eq(p->calls, 1);
}
