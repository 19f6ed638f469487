/*
 * A lane: its queue, its connections, and what becomes of a group when its connection has something to say.
 *
 * Invariants: a segment that was taken is in exactly one place: waiting, in a group of front, in
 * the group of a connection, or in the outbox. front goes before waiting; it holds what was sent before and
 * has to be sent again, so it is bounded by what connections can hold.
 */
#ifndef CICLO_SRC_DB_LANE_H
#define CICLO_SRC_DB_LANE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "connection.h"
#include "group.h"
#include "outbox.h"
#include "segments.h"

/* What makes lanes different; see lane_traits in traits.c. */
struct lane_traits {
	const char *name;
	size_t group_max;   /* members of a group */
	size_t waiting_max; /* segments */
	const char *lock_timeout_ms;
	const char *read_only;
	const char *plan_cache_mode;
	const char *whole_table; /* may plans read whole tables? */
	bool yields;             /* rests after each group while many wait in other lanes */
	/* Sends what makes plans before anybody waits for them; NULL: each is made when it is first needed. */
	bool (*plan)(struct connection *c);
};

struct lane_state {
	const struct lane_traits *traits;
	const char *database_url;
	struct outbox *outbox;
	struct segments waiting;
	struct group *front;
	int64_t earliest_ms;   /* no deadline of what waits is before this */
	int64_t down_since_ms; /* up_count is 0 since then */
	int64_t rest_until_ms; /* 0: it does not rest */
	size_t up_count;
	uint64_t groups, members; /* sent so far, for those who watch */
	bool closing;
	char why_down[96];
	char statement_timeout_ms[24];
	size_t connection_count;
	struct connection *connections;
};

extern const struct lane_traits lane_traits[LANE_COUNT];

/* lane_tick starts connecting. database_url must outlive l. false when memory is out. */
bool lane_init(struct lane_state *l, enum lane which, const struct config *config, const char *database_url,
	       struct outbox *outbox, db_watch_fn *watch, void *loop) NODISCARD;
/* DB_OK: taken. Else the caller has to refuse it with that status. */
enum db_status lane_submit(struct lane_state *l, struct segment *s, int64_t now_ms);
void lane_ready(struct lane_state *l, struct connection *c, int64_t now_ms);
/* Deadlines and reconnects. */
void lane_tick(struct lane_state *l, int64_t now_ms);
/* Gives idle connections what waits. */
void lane_dispatch(struct lane_state *l, int64_t now_ms);
/* When lane_tick has something to do next; INT64_MAX for never. */
int64_t lane_wake_ms(const struct lane_state *l);
/* Closes all connections; everything it still had goes to the outbox. */
void lane_close(struct lane_state *l, int64_t now_ms);

/* ---- between lane.c, traits.c, send.c, setup.c and outcome.c ---- */

/* false: the connection is of no more use; g->sent says whether the group may have got through. */
bool send_group(struct connection *c, struct group *g) NODISCARD;

/* A new connection learns its settings and is checked, step by step; see setup.c. */
void setup_connected(struct lane_state *l, struct connection *c, int64_t now_ms);
void setup_settled(struct lane_state *l, struct connection *c, int64_t now_ms);
void setup_prepared(struct lane_state *l, struct connection *c, int64_t now_ms);
/* For lane_traits.plan; false: cannot send. */
bool setup_plan_reports(struct connection *c);
bool setup_plan_deriving(struct connection *c);

/* What a synced pipeline, or its loss, means for the members of c's group; see outcome.c. */
void outcome_synced(struct lane_state *l, struct connection *c, int64_t now_ms);
void outcome_lost(struct lane_state *l, struct group *g, int64_t now_ms);

/* g goes before everything that waits. */
void lane_push_front(struct lane_state *l, struct group *g);
/* The connection failed, in whatever phase, or is given up; its group is settled. why: short, for the log;
 * NULL: there is nothing (more) to say. */
void lane_lose(struct lane_state *l, struct connection *c, int64_t now_ms, const char *why);

#endif
