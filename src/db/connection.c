/* One libpq connection that never blocks; see connection.h. */
#include "connection.h"

#include "ciclo/base/log.h"

/*
 * Those before dbname give way to the user's connection string, those after it do not. A silent peer is
 * noticed within 10 s: 5 s idle + 3 probes every 2 s, 8 s for data that is not acknowledged.
 */
static const char *const keywords[] = {"application_name",
				       "keepalives_idle",
				       "keepalives_interval",
				       "keepalives_count",
				       "tcp_user_timeout",
				       "dbname",
				       "client_encoding",
				       "host",
				       "hostaddr",
				       "port",
				       NULL};
enum { HOSTS_TEXT_MAX = 2000 }; /* as long as the whole of CICLO_DATABASE_URL */

static void watch(struct connection *c, int fd, bool want_read, bool want_write)
{
	if (fd == c->fd && want_read == c->want_read && want_write == c->want_write)
		return;
	if (c->fd >= 0 && c->fd != fd)
		c->watch(c->loop, c->fd, false, false);
	if (fd >= 0)
		c->watch(c->loop, fd, want_read, want_write);
	c->fd = fd;
	c->want_read = want_read;
	c->want_write = want_write;
}

static void copy_field(char *to, size_t size, const PGresult *r, int field)
{
	const char *text = PQresultErrorField(r, field);

	/* libpq's own errors have no fields. */
	snprintf(to, size, "%s", text ? text : "");
}

static void note_failure(struct connection *c, const PGresult *r)
{
	if (c->failure.set)
		return;
	c->failure.set = true;
	c->failure.index = c->answered;
	copy_field(c->failure.sqlstate, sizeof c->failure.sqlstate, r, PG_DIAG_SQLSTATE);
	copy_field(c->failure.message, sizeof c->failure.message, r, PG_DIAG_MESSAGE_PRIMARY);
}

/*
 * A server that hangs up on an idle connection says why in a notice. A warning that has no SQLSTATE of its own comes with a
 * commit whose wait for a synchronous standby was given up: it is here, but may not be there.
 */
static void on_notice(void *cls, const PGresult *r)
{
	struct connection *c = cls;
	char sqlstate[SQLSTATE_TEXT], severity[16];

	copy_field(sqlstate, sizeof sqlstate, r, PG_DIAG_SQLSTATE);
	copy_field(severity, sizeof severity, r, PG_DIAG_SEVERITY_NONLOCALIZED);
	if (strcmp(severity, "FATAL") == 0) {
		c->hung_up = true;
		note_failure(c, r);
	}
	if (strcmp(severity, "WARNING") == 0 && strcmp(sqlstate, "01000") == 0)
		c->doubtful = true;
	log_event(LOG_DEBUG, "db_notice", "%s %s", severity, sqlstate);
}

bool database_url_is_valid(const char *url)
{
	PQconninfoOption *options;

	/* Without either of these libpq takes it for the name of a database. */
	if (!strchr(url, '=') && strncmp(url, "postgres", strlen("postgres")) != 0)
		return true;
	options = PQconninfoParse(url, NULL);
	PQconninfoFree(options);
	return options != NULL;
}

/* Comma-separated text from its by-th element on, and then those before it. */
static void rotate(const char *list, unsigned by, struct buf *out)
{
	const char *from = list;
	unsigned count = 1;

	for (const char *p = list; (p = strchr(p, ',')); p++)
		count++;
	for (by %= count; by > 0; by--)
		from = strchr(from, ',') + 1;
	buf_adds(out, from);
	if (from == list)
		return;
	buf_addc(out, ',');
	buf_add(out, list, (size_t)(from - list) - 1);
}

/* libpq asks the hosts in their order, and would begin with a silent one again each time. */
static void rotate_hosts(const char *database_url, unsigned by, struct buf hosts[static 3])
{
	PQconninfoOption *options = by > 0 ? PQconninfoParse(database_url, NULL) : NULL;

	for (const PQconninfoOption *o = options; o && o->keyword; o++)
		for (size_t i = 0; i < 3 && o->val; i++)
			if (strcmp(o->keyword, (const char *const[]){"host", "hostaddr", "port"}[i]) == 0)
				rotate(o->val, by, &hosts[i]);
	PQconninfoFree(options);
}

bool connection_open(struct connection *c, const char *database_url)
{
	struct buf hosts[3];

	for (size_t i = 0; i < COUNTOF(hosts); i++)
		buf_init(&hosts[i], HOSTS_TEXT_MAX);
	rotate_hosts(database_url, c->silent_hosts, hosts);
	/* What is NULL is as if it were not there. */
	const char *const values[] = {"ciclo",       "5",           "2",    "3",
				      "8000",        database_url,  "UTF8", hosts[0].data,
				      hosts[1].data, hosts[2].data, NULL};
	c->failure = (struct failure){0};
	c->hung_up = false;
	c->pg = PQconnectStartParams(keywords, values, 1);
	for (size_t i = 0; i < COUNTOF(hosts); i++)
		buf_release(&hosts[i]);
	if (!c->pg || PQstatus(c->pg) == CONNECTION_BAD)
		return false;
	PQsetNoticeReceiver(c->pg, on_notice, c);
	c->phase = PHASE_CONNECTING;
	/* The manual: behave as if PQconnectPoll had just said "writing". */
	watch(c, PQsocket(c->pg), false, true);
	return true;
}

/* The socket can be another one after each step, even under the same number. */
static enum event step_connecting(struct connection *c)
{
	PostgresPollingStatusType next;

	watch(c, -1, false, false);
	next = PQconnectPoll(c->pg);
	if (next == PGRES_POLLING_FAILED)
		return EVENT_LOST;
	watch(c, PQsocket(c->pg), next != PGRES_POLLING_WRITING, next == PGRES_POLLING_WRITING);
	if (next != PGRES_POLLING_OK)
		return EVENT_NONE;
	if (PQsetnonblocking(c->pg, 1) != 0 || !PQenterPipelineMode(c->pg))
		return EVENT_LOST;
	return EVENT_CONNECTED;
}

void connection_begin(struct connection *c, connection_take_fn *take)
{
	c->take = take;
	c->sent = c->answered = 0;
	c->ended = false;
	c->doubtful = false;
	c->failure = (struct failure){0};
}

bool connection_send(struct connection *c, enum query query, size_t count, const char *const *args)
{
	c->sent++;
	return PQsendQueryPrepared(c->pg, query_texts[query].name, (int)count, args, NULL, NULL, 0);
}

bool connection_send_binary(struct connection *c, enum query query, size_t count, const struct buf *params)
{
	const char *values[COLUMNS_MAX];
	int lengths[COLUMNS_MAX], formats[COLUMNS_MAX];

	for (size_t i = 0; i < count; i++) {
		values[i] = params[i].data;
		lengths[i] = (int)params[i].len;
		formats[i] = 1;
	}
	c->sent++;
	return PQsendQueryPrepared(c->pg, query_texts[query].name, (int)count, values, lengths, formats, 0);
}

bool connection_send_text(struct connection *c, enum query query, size_t count, const char *const *args)
{
	c->sent++;
	return PQsendQueryParams(c->pg, query_texts[query].text, (int)count, NULL, args, NULL, NULL, 0);
}

bool connection_send_prepare(struct connection *c, enum query query)
{
	c->sent++;
	return PQsendPrepare(c->pg, query_texts[query].name, query_texts[query].text, 0, NULL);
}

/* Sends what the socket takes, and asks to be told when it takes more. */
static bool flush(struct connection *c)
{
	int left = PQflush(c->pg);

	if (left < 0)
		return false;
	watch(c, c->fd, true, left > 0);
	return true;
}

bool connection_sync(struct connection *c)
{
	return PQpipelineSync(c->pg) && flush(c);
}

static void take_result(struct connection *c, PGresult *r)
{
	switch (PQresultStatus(r)) {
	case PGRES_TUPLES_OK:
	case PGRES_COMMAND_OK:
		if (!c->take)
			break;
		c->take(c, c->answered, r);
		return;
	case PGRES_PIPELINE_ABORTED:
		break;
	default:
		note_failure(c, r);
	}
	PQclear(r);
}

/* Reads what has arrived. PQgetResult would block if asked while PQisBusy. */
static enum event drain(struct connection *c)
{
	while (!PQisBusy(c->pg)) {
		PGresult *r = PQgetResult(c->pg);

		if (!r) {
			/* Once after each statement; twice means that nothing more will ever come. */
			if (c->ended)
				return EVENT_LOST;
			c->ended = true;
			continue;
		}
		c->ended = false;
		if (PQresultStatus(r) == PGRES_PIPELINE_SYNC) {
			PQclear(r);
			return c->answered == c->sent ? EVENT_SYNCED : EVENT_LOST;
		}
		take_result(c, r);
		c->answered++;
	}
	return EVENT_NONE;
}

/* libpq has no memory for the sync, has forgotten it, and will stay busy: all it says is a message that no result has. */
static bool is_stuck(const struct connection *c)
{
	return !c->failure.set && *PQerrorMessage(c->pg) != '\0';
}

bool connection_alive(struct connection *c)
{
	/* PQisBusy makes libpq read the server's last words, which come before the end of the stream. */
	return PQconsumeInput(c->pg) && !PQisBusy(c->pg) && !c->hung_up;
}

enum event connection_ready(struct connection *c)
{
	bool alive;
	enum event event;

	if (c->phase == PHASE_CONNECTING)
		return step_connecting(c);
	if (c->phase == PHASE_IDLE)
		return connection_alive(c) ? EVENT_NONE : EVENT_LOST;
	alive = PQconsumeInput(c->pg) && flush(c);
	/* What arrived before the connection broke still counts. */
	event = drain(c);
	if (event == EVENT_NONE && (!alive || PQstatus(c->pg) == CONNECTION_BAD || is_stuck(c)))
		return EVENT_LOST;
	return event;
}

void connection_close(struct connection *c)
{
	watch(c, -1, false, false);
	PQfinish(c->pg);
	c->pg = NULL;
	c->phase = PHASE_DOWN;
}
