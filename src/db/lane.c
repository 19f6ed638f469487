/* Lanes; see lane.h. */
#include "lane.h"

#include <inttypes.h>

#include "ciclo/base/log.h"
#include "ciclo/base/time.h"

enum {
	/* A lane that is down longer refuses at once: a blip shows nobody, an outage everybody. */
	OUTAGE_MS = 1000,
	/* libpq has no time-out of its own when it is polled. */
	CONNECT_MS = 5000,
	/* statement_timeout gets this long to end what is past its deadline. */
	GRACE_MS = 1000,
	/* A server takes seconds to restart; this finds it up within two, and asks some eight times a second. */
	BACK_OFF_MIN_MS = 50,
	BACK_OFF_MAX_MS = 1500,
	BACK_OFF_DOUBLINGS = 5, /* from the one to the other */
	/* Fewer hardly wait for the cores. */
	CROWD = 8,
	REST = 3,
	/* A group that took longer waited for a lock or the network, of which nobody has more when it rests. */
	REST_MAX_MS = 1000
};

/* Doubles with each failure, and is spread so that connections do not come back in step. */
static int64_t back_off_ms(unsigned failures)
{
	unsigned doublings = failures < BACK_OFF_DOUBLINGS ? failures : BACK_OFF_DOUBLINGS;
	int64_t most = (int64_t)BACK_OFF_MIN_MS << doublings;
	/* The low digits of the microsecond clock are random enough for this. */
	int64_t noise = clock_monotonic_us() % 997;

	if (most > BACK_OFF_MAX_MS)
		most = BACK_OFF_MAX_MS;
	return most / 2 + most * noise / 997 / 2;
}

bool lane_init(struct lane_state *l, enum lane which, const struct config *config, const char *database_url,
	       struct outbox *outbox, db_watch_fn *watch, void *loop)
{
	const int64_t connections[LANE_COUNT] = {
		[LANE_WRITE] = config->write_connections,
		[LANE_READ] = config->read_connections,
		[LANE_REPORT] = config->report_connections,
		[LANE_BULK] = 1,   /* a batch must not crowd out everything else */
		[LANE_DERIVE] = 2, /* who waits for days does not wait for stages */
		[LANE_REPLICA] = config->report_database_url[0] ? config->report_connections : 0,
	};
	bool is_long = which == LANE_REPORT || which == LANE_DERIVE || which == LANE_REPLICA;
	int64_t timeout_ms = is_long ? config->report_timeout_ms : config->request_timeout_ms;
	int64_t now_ms = clock_monotonic_ms();

	*l = (struct lane_state){.traits = &lane_traits[which],
				 .database_url = database_url,
				 .outbox = outbox,
				 .earliest_ms = INT64_MAX,
				 .down_since_ms = now_ms,
				 .why_down = "connecting"};
	snprintf(l->statement_timeout_ms, sizeof l->statement_timeout_ms, "%" PRId64, timeout_ms);
	/* None at all is no lack of memory. */
	l->connections = calloc((size_t)connections[which] + 1, sizeof *l->connections);
	if (!l->connections)
		return false;
	l->connection_count = (size_t)connections[which];
	for (size_t i = 0; i < l->connection_count; i++)
		l->connections[i] =
			(struct connection){.watch = watch, .loop = loop, .fd = -1, .deadline_ms = now_ms};
	return true;
}

static void log_loss(const struct lane_state *l, const struct connection *c, const char *why)
{
	struct log_line line;
	bool was_up = c->phase >= PHASE_IDLE;
	char message[160] = "";

	/* An outage is said once, not at each attempt. */
	if (!why || (!was_up && c->failures > 0))
		return;
	/* Once statements run, libpq's message may quote their values. */
	if (c->phase <= PHASE_CONNECTING)
		snprintf(message, sizeof message, "%.*s", (int)strcspn(PQerrorMessage(c->pg), "\n"),
			 PQerrorMessage(c->pg));
	log_begin(&line, LOG_WARN, was_up ? "db_lost" : "db_connect_failed");
	log_str(&line, "lane", l->traits->name);
	log_str(&line, "sqlstate", c->failure.sqlstate);
	log_str(&line, "detail", message[0] ? message : why);
	log_end(&line);
}

void lane_lose(struct lane_state *l, struct connection *c, int64_t now_ms, const char *why)
{
	struct group *g = c->group;

	log_loss(l, c, why);
	if (c->phase >= PHASE_IDLE && --l->up_count == 0)
		l->down_since_ms = now_ms;
	if (why && l->up_count == 0)
		snprintf(l->why_down, sizeof l->why_down, "the database is away");
	connection_close(c);
	c->deadline_ms = now_ms + back_off_ms(c->failures++);
	c->group = NULL;
	if (g)
		outcome_lost(l, g, now_ms);
}

static void open_connection(struct lane_state *l, struct connection *c, int64_t now_ms)
{
	c->deadline_ms = now_ms + CONNECT_MS;
	if (!connection_open(c, l->database_url))
		lane_lose(l, c, now_ms, "cannot connect");
}

/* Who sends a batch waits for thousands of facts; who waits beside it waits for one, on the same few cores. A quarter of the time
 * is the batch's then. */
static void yield(struct lane_state *l, const struct connection *c, int64_t now_ms)
{
	const size_t *pending = l->outbox->pending;
	int64_t rest_ms = REST * (now_ms - c->began_ms);

	if (l->traits->yields && pending[LANE_READ] + pending[LANE_WRITE] >= CROWD)
		l->rest_until_ms = now_ms + (rest_ms < REST_MAX_MS ? rest_ms : REST_MAX_MS);
}

static void on_synced(struct lane_state *l, struct connection *c, int64_t now_ms)
{
	/* Each step of a new connection may take as long as connecting. */
	c->deadline_ms = now_ms + CONNECT_MS;
	switch (c->phase) {
	case PHASE_SETTLING:
		setup_settled(l, c, now_ms);
		break;
	case PHASE_PREPARING:
		setup_prepared(l, c, now_ms);
		break;
	case PHASE_BUSY:
		yield(l, c, now_ms);
		outcome_synced(l, c, now_ms);
		break;
	case PHASE_ROLLING_BACK:
		if (c->failure.set || PQtransactionStatus(c->pg) != PQTRANS_IDLE)
			lane_lose(l, c, now_ms, "did not roll back");
		else
			c->phase = PHASE_IDLE;
		break;
	default:
		lane_lose(l, c, now_ms, "out of step");
	}
	if (c->phase == PHASE_IDLE)
		c->deadline_ms = INT64_MAX;
}

void lane_ready(struct lane_state *l, struct connection *c, int64_t now_ms)
{
	switch (connection_ready(c)) {
	case EVENT_NONE:
		break;
	case EVENT_CONNECTED:
		c->deadline_ms = now_ms + CONNECT_MS;
		setup_connected(l, c, now_ms);
		break;
	case EVENT_SYNCED:
		on_synced(l, c, now_ms);
		break;
	case EVENT_LOST:
		lane_lose(l, c, now_ms, "the server closed the connection");
		break;
	}
}

void lane_push_front(struct lane_state *l, struct group *g)
{
	group_clear(g);
	g->next = l->front;
	l->front = g;
	if (g->deadline_ms < l->earliest_ms)
		l->earliest_ms = g->deadline_ms;
}

static struct group *next_group(struct lane_state *l)
{
	struct group *g = l->front;

	if (g) {
		l->front = g->next;
		g->next = NULL;
		return g;
	}
	if (!l->waiting.head)
		return NULL;
	return group_form(&l->waiting, l->traits->group_max);
}

static void dispatch_to(struct lane_state *l, struct connection *c, int64_t now_ms)
{
	struct group *g;

	if (!connection_alive(c)) {
		lane_lose(l, c, now_ms, "the server closed the idle connection");
		return;
	}
	g = next_group(l);
	if (!g)
		return;
	c->group = g;
	c->phase = PHASE_BUSY;
	c->began_ms = now_ms;
	c->deadline_ms = g->deadline_ms + GRACE_MS;
	l->groups++;
	l->members += g->count;
	if (!send_group(c, g))
		lane_lose(l, c, now_ms, "cannot send");
}

static bool has_waiting(const struct lane_state *l)
{
	return l->front || l->waiting.head;
}

void lane_dispatch(struct lane_state *l, int64_t now_ms)
{
	if (now_ms < l->rest_until_ms)
		return;
	l->rest_until_ms = 0;
	for (size_t i = 0; i < l->connection_count && has_waiting(l); i++)
		if (l->connections[i].phase == PHASE_IDLE)
			dispatch_to(l, &l->connections[i], now_ms);
}

static bool is_out(const struct lane_state *l, int64_t now_ms)
{
	return l->up_count == 0 && now_ms - l->down_since_ms > OUTAGE_MS;
}

enum db_status lane_submit(struct lane_state *l, struct segment *s, int64_t now_ms)
{
	if (l->closing || is_out(l, now_ms))
		return DB_UNAVAILABLE;
	if (l->waiting.count >= l->traits->waiting_max)
		return DB_OVERLOADED;
	segments_push(&l->waiting, s);
	if (s->deadline_ms < l->earliest_ms)
		l->earliest_ms = s->deadline_ms;
	return DB_OK;
}

static void expire_front(struct lane_state *l, int64_t now_ms, struct segments *late)
{
	struct group **link = &l->front;

	while (*link) {
		struct group *g = *link;

		group_expire(g, now_ms, late);
		if (g->deadline_ms < l->earliest_ms)
			l->earliest_ms = g->deadline_ms;
		if (g->count > 0) {
			link = &g->next;
			continue;
		}
		*link = g->next;
		group_free(g);
	}
}

static void expire(struct lane_state *l, int64_t now_ms)
{
	struct segments late = {0};
	struct segment *s;

	l->earliest_ms = segments_expire(&l->waiting, now_ms, &late);
	expire_front(l, now_ms, &late);
	while ((s = segments_pop(&late)))
		outbox_refuse(l->outbox, s, DB_TIMEOUT);
}

/* Nothing of what waits was stored, or is under way: its clients learn at once that they may try again. */
static void refuse_waiting(struct lane_state *l)
{
	struct segment *s;
	struct group *g;

	while ((g = l->front)) {
		l->front = g->next;
		outbox_finish(l->outbox, g, DB_UNAVAILABLE, "");
	}
	while ((s = segments_pop(&l->waiting)))
		outbox_refuse(l->outbox, s, DB_UNAVAILABLE);
}

/* Who is late is told so; the others, who may have come much later, wait on. */
static void expire_busy(struct lane_state *l, struct connection *c, int64_t now_ms)
{
	struct segments late = {0};
	struct segment *s;

	group_expire(c->group, now_ms - GRACE_MS, &late);
	while ((s = segments_pop(&late)))
		outbox_refuse(l->outbox, s, DB_TIMEOUT);
	if (c->group->count > 0)
		c->deadline_ms = c->group->deadline_ms + GRACE_MS;
	else
		lane_lose(l, c, now_ms, "no answer in time");
}

void lane_tick(struct lane_state *l, int64_t now_ms)
{
	if (now_ms >= l->earliest_ms)
		expire(l, now_ms);
	if (has_waiting(l) && is_out(l, now_ms))
		refuse_waiting(l);
	for (size_t i = 0; i < l->connection_count; i++) {
		struct connection *c = &l->connections[i];

		if (now_ms < c->deadline_ms)
			continue;
		if (c->phase == PHASE_DOWN) {
			open_connection(l, c, now_ms);
			continue;
		}
		if (c->phase == PHASE_BUSY) {
			expire_busy(l, c, now_ms);
			continue;
		}
		c->silent_hosts += c->phase == PHASE_CONNECTING;
		lane_lose(l, c, now_ms, "no answer in time");
	}
}

int64_t lane_wake_ms(const struct lane_state *l)
{
	int64_t wake = l->earliest_ms;

	if (has_waiting(l) && l->up_count == 0 && l->down_since_ms + OUTAGE_MS < wake)
		wake = l->down_since_ms + OUTAGE_MS + 1;
	if (has_waiting(l) && l->rest_until_ms > 0 && l->rest_until_ms < wake)
		wake = l->rest_until_ms;
	for (size_t i = 0; i < l->connection_count; i++)
		if (l->connections[i].deadline_ms < wake)
			wake = l->connections[i].deadline_ms;
	return wake;
}

void lane_close(struct lane_state *l, int64_t now_ms)
{
	l->closing = true;
	for (size_t i = 0; i < l->connection_count; i++)
		if (l->connections[i].phase != PHASE_DOWN)
			lane_lose(l, &l->connections[i], now_ms, NULL);
	refuse_waiting(l);
	free(l->connections);
	l->connections = NULL;
	l->connection_count = 0;
}
