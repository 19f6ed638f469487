/*
 * What a connection goes through before it counts as up: its settings, the version of the schema, every
 * statement prepared, and the plans made that are kept. So a broken statement or a schema that does not fit fails readiness, not a request.
 */
#include "lane.h"

#include "ciclo/base/log.h"
#include "ciclo/db/migrate.h"

/* The pipeline of PHASE_SETTLING. */
enum { STEP_SETTINGS, STEP_VERSION };

static void refuse(struct lane_state *l, struct connection *c, int64_t now_ms, const char *why)
{
	struct log_line line;

	if (l->up_count == 0)
		snprintf(l->why_down, sizeof l->why_down, "%s", why);
	/* At each attempt: somebody has to do something. */
	log_begin(&line, LOG_ERROR, "db_not_ready");
	log_str(&line, "lane", l->traits->name);
	log_str(&line, "detail", why);
	log_str(&line, "sqlstate", c->failure.sqlstate);
	log_str(&line, "message", c->failure.message);
	log_end(&line);
	lane_lose(l, c, now_ms, NULL);
}

static void take_version(struct connection *c, size_t index, PGresult *result)
{
	if (index == STEP_VERSION)
		c->schema_version = (int)strtol(PQgetvalue(result, 0, 0), NULL, 10);
	PQclear(result);
}

void setup_connected(struct lane_state *l, struct connection *c, int64_t now_ms)
{
	const char *const settings[] = {l->traits->lock_timeout_ms, l->traits->read_only,
					l->traits->plan_cache_mode, l->traits->whole_table};

	c->phase = PHASE_SETTLING;
	connection_begin(c, take_version);
	if (!connection_send_text(c, Q_SESSION_SETTINGS, COUNTOF(settings), settings) ||
	    !connection_send_text(c, Q_SCHEMA_VERSION, 0, NULL) || !connection_sync(c))
		lane_lose(l, c, now_ms, "cannot send");
}

/* A plan takes longer to make than to run: those that are kept are made by running what finds nothing. */
bool setup_plan_reports(struct connection *c)
{
	const char *const nothing[READ_ARGS_MAX] = {NULL};

	if (!connection_send(c, Q_TRANSACTION_BEGIN, 0, NULL) || !connection_send(c, Q_REPORT_PLANS, 0, NULL))
		return false;
	for (enum query q = 0; q < QUERY_COUNT; q++)
		if (query_texts[q].kept > 0 && !connection_send(c, q, (size_t)query_texts[q].kept, nothing))
			return false;
	return connection_send(c, Q_TRANSACTION_COMMIT, 0, NULL);
}

bool setup_plan_deriving(struct connection *c)
{
	return connection_send(c, Q_DERIVE_NOTHING, 0, NULL);
}

static bool send_prepares(const struct lane_state *l, struct connection *c)
{
	const char *const timeout[] = {l->statement_timeout_ms};

	connection_begin(c, NULL);
	for (enum query q = 0; q < QUERY_COUNT; q++)
		if (!connection_send_prepare(c, q))
			return false;
	return (!l->traits->plan || l->traits->plan(c)) &&
	       connection_send(c, Q_STATEMENT_TIMEOUT, COUNTOF(timeout), timeout) && connection_sync(c);
}

void setup_settled(struct lane_state *l, struct connection *c, int64_t now_ms)
{
	if (c->failure.set && c->failure.index == STEP_SETTINGS)
		refuse(l, c, now_ms, "the server does not take the session settings");
	else if (c->failure.set)
		refuse(l, c, now_ms, "the database has no schema: run ciclo migrate");
	else if (c->schema_version < migrate_version())
		refuse(l, c, now_ms, "the schema is older than this program: run ciclo migrate");
	else if (c->schema_version > migrate_version())
		refuse(l, c, now_ms, "the schema is newer than this program");
	else {
		c->phase = PHASE_PREPARING;
		if (!send_prepares(l, c))
			lane_lose(l, c, now_ms, "cannot send");
	}
}

void setup_prepared(struct lane_state *l, struct connection *c, int64_t now_ms)
{
	char why[sizeof l->why_down];
	struct log_line line;

	if (c->failure.set) {
		if (c->failure.index < QUERY_COUNT)
			snprintf(why, sizeof why, "statement %s does not prepare",
				 query_texts[c->failure.index].name);
		else
			snprintf(why, sizeof why, "a plan cannot be made");
		refuse(l, c, now_ms, why);
		return;
	}
	c->phase = PHASE_IDLE;
	c->failures = 0;
	l->up_count++;
	log_begin(&line, LOG_INFO, "db_connected");
	log_str(&line, "lane", l->traits->name);
	log_end(&line);
}
