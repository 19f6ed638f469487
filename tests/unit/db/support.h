/*
 * What the tests of the engine share: a database of their own, a small loop around an engine,
 * and probes: segments that remember how they were answered.
 *
 * The database is made in the cluster that CICLO_TEST_DATABASE_URL names (its role must be superuser), and
 * dropped at the end.
 */
#ifndef CICLO_TESTS_UNIT_DB_SUPPORT_H
#define CICLO_TESTS_UNIT_DB_SUPPORT_H

#include <check.h>
#include <libpq-fe.h>
#include <stdbool.h>
#include <stdint.h>

#include "ciclo/base/attr.h"
#include "ciclo/db/db.h"

Suite *suite_group(void);
Suite *suite_write(void);
Suite *suite_queue(void);
Suite *suite_loss(void);
Suite *suite_setup(void);
Suite *suite_migrate(void);
Suite *suite_keys(void);
Suite *suite_housekeeping(void);

/* ---- the database ---- */

/* Needs CICLO_TEST_DATABASE_URL. false after a message. */
bool fixture_create(void) NODISCARD;
void fixture_drop(void);
/* Connection string of the tests' database; of another one in the same cluster. */
const char *fixture_url(void);
void fixture_url_of(const char *database, char *out, size_t size);

/* A blocking connection beside the engine. Fails the test if it cannot be had. */
PGconn *admin_connect(const char *url);
/* Runs text; fails the test if that fails. */
void admin_run(PGconn *conn, const char *text);
/* The first cell as a number. */
long admin_number(PGconn *conn, const char *text);
/* Ends the connections of the engine to the database of conn; the cluster may serve others beside us. */
void admin_kill_engine(PGconn *conn);
/* How many connections of the engine that database has. */
long admin_count_engine(PGconn *conn);

/* ---- the loop ---- */

enum { WATCHED_MAX = 64 };

struct loop {
	struct db *db;
	size_t count;
	int fd[WATCHED_MAX];
	short events[WATCHED_MAX];
};

/* Settings as by default, with fixture_url(). */
void config_default(struct config *config);
void loop_open(struct loop *loop, const struct config *config);
/* As loop_open with the defaults, and waits until it is ready. */
void loop_start(struct loop *loop);
/* One turn, of at most max_ms. */
void loop_turn(struct loop *loop, int64_t max_ms);
/* Turns until nothing is pending; fails the test after 20 s. */
void loop_settle(struct loop *loop);
void loop_wait_ready(struct loop *loop);
void loop_close(struct loop *loop);

/* ---- probes ---- */

struct probe {
	struct segment segment;
	char rows[SEGMENT_WRITES_MAX][400];
	int calls;
	enum db_status status;
	char sqlstate[8];
	size_t read_rows[SEGMENT_READS_MAX];
	char cell[SEGMENT_READS_MAX][80]; /* the first of each read */
	int64_t answered_ms;
};

void probe_init(struct probe *p, enum lane lane);
/* Adds the write of one natural key; unique in (resource, external_id). */
void probe_claim(struct probe *p, const char *resource, int number);
/* Adds the write of an Idempotency-Key's answer. */
void probe_remember(struct probe *p, const char *key, const char *answer);
/* Adds the read of it; key is kept by reference. */
void probe_recall(struct probe *p, const char *key);
/* Submits and settles. */
void probe_run(struct probe *p, struct loop *loop);

#endif
