/* What the end of a pipeline means for the members of its group. */
#include "lane.h"

#include "ciclo/base/log.h"
#include "verdict.h"

enum {
	RETRIES_MAX = 3, /* deadlocks end sooner than that, and a caller waits */
	LOSSES_MAX = 1   /* a read that was there at two losses may well be their cause */
};

/* A read goes again once; nobody can tell whether a write was committed. */
static enum db_status fate(const struct group *g, struct segment *s, int64_t now_ms)
{
	if (now_ms >= s->deadline_ms)
		return DB_TIMEOUT;
	if (g->sent && s->write_count > 0)
		return DB_UNKNOWN;
	return s->attempts++ < LOSSES_MAX ? DB_OK : DB_UNAVAILABLE;
}

void outcome_lost(struct lane_state *l, struct group *g, int64_t now_ms)
{
	size_t kept = 0;

	for (size_t i = 0; i < g->count; i++) {
		enum db_status status = fate(g, g->members[i], now_ms);

		if (status == DB_OK)
			g->members[kept++] = g->members[i];
		else
			outbox_refuse(l->outbox, g->members[i], status);
	}
	group_clear(g);
	g->count = kept;
	group_refresh(g);
	if (kept > 0)
		lane_push_front(l, g);
	else
		group_free(g);
}

static void log_our_fault(const struct group *g, const struct failure *f)
{
	struct log_line line;

	if (!verdict_is_our_fault(f->sqlstate))
		return;
	/* Not the message: it may quote values. */
	log_begin(&line, LOG_ERROR, "db_rejected");
	log_str(&line, "statement", f->index < g->plan_length ? query_texts[g->plan[f->index]].name : NULL);
	log_str(&line, "sqlstate", f->sqlstate);
	log_end(&line);
}

/* Somebody in g is at fault. Nobody was answered and nothing was written, so both halves go again. */
static void find_member(struct lane_state *l, struct group *g, const struct failure *f)
{
	struct group *halves[2];

	if (g->count == 1) {
		log_our_fault(g, f);
		outbox_finish(l->outbox, g, DB_REJECTED, f->sqlstate);
	} else if (group_split(g, halves)) {
		lane_push_front(l, halves[1]);
		lane_push_front(l, halves[0]);
	} else {
		outbox_finish(l->outbox, g, DB_UNAVAILABLE, "");
	}
}

static void try_again(struct lane_state *l, struct group *g, const struct failure *f)
{
	if (g->count == 1 && g->retries++ < RETRIES_MAX)
		lane_push_front(l, g);
	else
		find_member(l, g, f);
}

static void answer_timeout(struct lane_state *l, struct group *g, const struct failure *f)
{
	outbox_finish(l->outbox, g, DB_TIMEOUT, f->sqlstate);
}

static void answer_unavailable(struct lane_state *l, struct group *g, const struct failure *f)
{
	outbox_finish(l->outbox, g, DB_UNAVAILABLE, f->sqlstate);
}

static void find_locked(struct lane_state *l, struct group *g, const struct failure *f)
{
	if (g->count == 1)
		answer_unavailable(l, g, f);
	else
		find_member(l, g, f);
}

/* The server said so itself, before any commit: all of it can go again, elsewhere. */
static void try_elsewhere(struct lane_state *l, struct group *g, const struct failure *f)
{
	if (g->retries++ < RETRIES_MAX)
		lane_push_front(l, g);
	else
		answer_unavailable(l, g, f);
}

static void (*const judges[])(struct lane_state *l, struct group *g, const struct failure *f) = {
	[VERDICT_MEMBER] = find_member,
	[VERDICT_LOCKED] = find_locked,
	[VERDICT_TRANSIENT] = try_again,
	[VERDICT_TIMEOUT] = answer_timeout,
	[VERDICT_UNAVAILABLE] = answer_unavailable,
	[VERDICT_CONNECTION] = try_elsewhere,
};

/* An error leaves the session inside the failed transaction. */
static void roll_back(struct lane_state *l, struct connection *c, int64_t now_ms)
{
	c->phase = PHASE_ROLLING_BACK;
	connection_begin(c, NULL);
	if (!connection_send(c, Q_TRANSACTION_ROLLBACK, 0, NULL) || !connection_sync(c))
		lane_lose(l, c, now_ms, "cannot send");
}

static void synced_with_failure(struct lane_state *l, struct connection *c, int64_t now_ms)
{
	struct failure f = c->failure;
	struct group *g = c->group;
	enum verdict verdict = verdict_of(f.sqlstate);

	c->group = NULL;
	if (verdict == VERDICT_CONNECTION)
		lane_lose(l, c, now_ms, "the connection is of no more use");
	else if (PQtransactionStatus(c->pg) != PQTRANS_IDLE)
		roll_back(l, c, now_ms);
	else
		c->phase = PHASE_IDLE;
	judges[verdict](l, g, &f);
}

void outcome_synced(struct lane_state *l, struct connection *c, int64_t now_ms)
{
	/* libpq's own: it could not take in what the server said, which may have been that all went well. */
	if (c->failure.set && c->failure.sqlstate[0] == '\0') {
		lane_lose(l, c, now_ms, "an answer was not understood");
		return;
	}
	if (c->failure.set) {
		synced_with_failure(l, c, now_ms);
		return;
	}
	if (PQtransactionStatus(c->pg) != PQTRANS_IDLE) {
		lane_lose(l, c, now_ms, "a transaction stayed open");
		return;
	}
	/* As if its answer had been lost: that is as much as can be said of its writes. */
	if (c->doubtful && c->group->writes) {
		lane_lose(l, c, now_ms, "a commit did not wait for its standby");
		return;
	}
	outbox_finish(l->outbox, c->group, DB_OK, "");
	c->group = NULL;
	c->phase = PHASE_IDLE;
}
