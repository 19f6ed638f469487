/*
 * The daemon of one worker: start, turn, timers, drain, stop.
 *
 * libmicrohttpd runs without a thread of its own (its epoll thread can hang when exactly 128 events are
 * ready), so the worker's loop watches its epoll descriptor and calls server_run. Everything here
 * runs in that one thread: no locks.
 */
#include "state.h"

#include <errno.h>
#include <sodium.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ciclo/base/log.h"
#include "ciclo/base/time.h"

#include "listen.h"

enum {
	/* Header fields of request and answer; larger ones are refused with 431 by libmicrohttpd. Half as much again as the
	 * longest target, and no more, because it clears all of it for each request. */
	CONNECTION_MEMORY = 12 << 10,
	/* A resumed connection needs one turn to build its answer and one to send it. More turns than
	 * this would let busy clients keep the database waiting. */
	TURNS_MAX = 4,
	/* Between two lines about the same lack. */
	QUIET_MS = 60000,
	/* Turns to flush the last answers before the daemon stops; what a client does not take by then is lost. */
	LAST_TURNS = 8
};

PRINTF_LIKE(2, 0) static void log_library(void *cls, const char *fmt, va_list args)
{
	struct server *s = cls;
	char text[512];

	vsnprintf(text, sizeof(text), fmt, args);
	if (strstr(text, "resource limit"))
		s->out_of_descriptors = true;
	log_event(LOG_DEBUG, "libmicrohttpd", "%s", text);
}

/* No unescaping by the library: it would make "/" of "%2F" and cut at "%00". */
static size_t keep_escapes(void *cls, struct MHD_Connection *mhd, char *text)
{
	size_t len = 0;

	(void)cls;
	(void)mhd;
	while (text[len])
		len++;
	return len;
}

static void connection_notified(void *cls, struct MHD_Connection *mhd, void **context,
				enum MHD_ConnectionNotificationCode what)
{
	struct server *s = cls;
	struct connection *c = *context;

	if (what == MHD_CONNECTION_NOTIFY_STARTED) {
		const union MHD_ConnectionInfo *info =
			MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD);

		c = calloc(1, sizeof(*c));
		*context = c;
		if (!c || !info)
			return;
		c->fd = info->connect_fd;
		c->phase = PHASE_NONE;
		deadlines_enter(&s->deadlines, c, PHASE_HEADER, clock_monotonic_ms());
		return;
	}
	/* Closed, but close(2) comes later: the descriptor in our queues was valid to the last. */
	*context = NULL;
	/* At its limit, or out of descriptors, libmicrohttpd does not watch the listening socket, and only in a turn after
	 * this one it looks whether it may again. Nothing else would give it one when the last connection has gone. */
	s->wants_run = true;
	s->out_of_descriptors = false;
	if (!c)
		return;
	/* When epoll_ctl fails, a connection ends without the end of its request being told. */
	if (c->call)
		call_detach(c->call);
	deadlines_enter(&s->deadlines, c, PHASE_NONE, 0);
	free(c);
}

static struct MHD_Daemon *start(struct server *s, int fd)
{
	const struct config *config = s->options.config;

	/* SIGPIPE is ignored by main; the listening socket is ours, for a clear error message. */
	return MHD_start_daemon(MHD_USE_EPOLL | MHD_USE_ERROR_LOG | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL,
				request_access, s, MHD_OPTION_EXTERNAL_LOGGER, log_library, s,
				MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_LIMIT,
				(unsigned)config->connection_limit, MHD_OPTION_PER_IP_CONNECTION_LIMIT,
				(unsigned)config->address_connections, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
				(size_t)CONNECTION_MEMORY, MHD_OPTION_CONNECTION_TIMEOUT,
				(unsigned)config->idle_timeout_s, MHD_OPTION_STRICT_FOR_CLIENT, 1,
				MHD_OPTION_URI_LOG_CALLBACK, request_target, s, MHD_OPTION_UNESCAPE_CALLBACK,
				keep_escapes, NULL, MHD_OPTION_NOTIFY_COMPLETED, request_completed, s,
				MHD_OPTION_NOTIFY_CONNECTION, connection_notified, s, MHD_OPTION_END);
}

static bool has_method(const struct contract *contract, const char *method)
{
	for (size_t i = 0; i < contract_operations(contract); i++)
		if (strcmp(contract_operation(contract, i)->method, method) == 0)
			return true;
	return false;
}

/* Of all operations together; HEAD comes with GET, OPTIONS is everywhere. */
static void list_methods(struct server *s)
{
	static const struct {
		const char *name;
		const char *with;
	} methods[] = {{"DELETE", "DELETE"}, {"GET", "GET"},   {"HEAD", "GET"}, {"OPTIONS", NULL},
		       {"PATCH", "PATCH"},   {"POST", "POST"}, {"PUT", "PUT"}};
	size_t len = 0;

	for (size_t i = 0; i < COUNTOF(methods); i++)
		if (!methods[i].with || has_method(s->options.contract, methods[i].with))
			len += (size_t)snprintf(s->methods + len, sizeof(s->methods) - len, "%s%s",
						len ? ", " : "", methods[i].name);
}

struct server *server_new(const struct server_options *options, const struct sockaddr *address, socklen_t len)
{
	struct server *s = calloc(1, sizeof(*s));
	int fd = -1;

	if (!s || sodium_init() < 0)
		goto fail;
	s->options = *options;
	list_methods(s);
	deadlines_init(&s->deadlines, options->config);
	s->auth = auth_new();
	if (!s->auth)
		goto fail;
	fd = listen_open(address, len);
	if (fd < 0)
		goto fail;
	s->port = listen_port(fd);
	s->daemon = start(s, fd);
	if (s->daemon)
		return s;
	log_event(LOG_ERROR, "listen_failed", "the HTTP daemon did not start");
	close(fd);
fail:
	server_free(s);
	return NULL;
}

int server_port(const struct server *s)
{
	return s->port;
}

int server_fd(const struct server *s)
{
	const union MHD_DaemonInfo *info = MHD_get_daemon_info(s->daemon, MHD_DAEMON_INFO_EPOLL_FD);

	return info ? info->epoll_fd : -1;
}

static void free_calls(struct call **list)
{
	while (*list) {
		struct call *c = *list;

		*list = c->next;
		call_free(c);
	}
}

/* Milliseconds until libmicrohttpd wants to run, -1 for never. */
static int64_t library_wait(const struct server *s)
{
	MHD_UNSIGNED_LONG_LONG ms;

	if (s->wants_run)
		return 0;
	if (MHD_get_timeout(s->daemon, &ms) != MHD_YES)
		return -1;
	return ms > INT32_MAX ? INT32_MAX : (int64_t)ms;
}

static bool is_full(const struct server *s)
{
	const union MHD_DaemonInfo *info =
		MHD_get_daemon_info(s->daemon, MHD_DAEMON_INFO_CURRENT_CONNECTIONS);

	return info && info->num_connections >= s->options.config->connection_limit;
}

/* It happens at each attempt to accept; an operator has to know it once. */
static void say_full(struct server *s)
{
	int64_t now_ms = clock_monotonic_ms();

	if (now_ms < s->quiet_until_ms)
		return;
	s->quiet_until_ms = now_ms + QUIET_MS;
	log_event(LOG_WARN, "connections_full", "%s",
		  s->out_of_descriptors ? strerror(EMFILE) : "CICLO_CONNECTION_LIMIT is reached");
}

/*
 * Nobody new is heard until a connection ends, so the one that has been idle for longest has to go. (Out of descriptors
 * libmicrohttpd waits for that, too, even when there are some again.)
 */
static void make_room(struct server *s)
{
	struct connection *idle = s->deadlines.oldest[PHASE_IDLE];

	if (!s->out_of_descriptors && !is_full(s))
		return;
	say_full(s);
	if (!idle)
		return;
	s->out_of_descriptors = false;
	deadlines_enter(&s->deadlines, idle, PHASE_NONE, 0);
	shutdown(idle->fd, SHUT_RDWR);
}

void server_run(struct server *s)
{
	free_calls(&s->dead);
	for (int turn = 0; turn < TURNS_MAX; turn++) {
		s->wants_run = false;
		MHD_run(s->daemon);
		if (library_wait(s) != 0)
			break;
	}
	make_room(s);
}

/* Tells a client that has sent a part of a request why it is cut off. libmicrohttpd cannot answer in the
 * middle of a request, but it has not written anything either. */
static void say_timeout(const struct connection *connection)
{
	struct call *c = connection->call;
	char text[1024], said[256] = "";
	char *body = problem_text(PROBLEM_request_timeout, c->request_id, NULL,
				  "The request was not complete in time.");
	size_t len = 0;
	int n;

	for (const struct header_field *h = always_said; h->name; h++)
		len += (size_t)snprintf(said + len, sizeof(said) - len, "%s: %s\r\n", h->name, h->value);
	n = snprintf(text, sizeof(text),
		     "HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Type: "
		     "application/problem+json\r\n"
		     "Cache-Control: no-store\r\n%sX-Request-Id: %s\r\n"
		     "Content-Length: %zu\r\n\r\n%s",
		     said, c->request_id, body ? strlen(body) : 0, body ? body : "");
	free(body);
	if (n > 0 && (size_t)n < sizeof(text) &&
	    send(connection->fd, text, (size_t)n, MSG_DONTWAIT | MSG_NOSIGNAL) == n)
		c->status = problem_status(PROBLEM_request_timeout);
}

static void expire(struct server *s, struct connection *connection, int64_t now_ms)
{
	if (connection->phase == PHASE_ANSWER) {
		deadlines_enter(&s->deadlines, connection, PHASE_SEND, now_ms);
		if (connection->call && connection->call->suspended)
			call_abandon(connection->call, PROBLEM_deadline_exceeded,
				     "The answer was not ready in time.");
		return;
	}
	if (connection->call && (connection->phase == PHASE_HEADER || connection->phase == PHASE_BODY))
		say_timeout(connection);
	/* libmicrohttpd sees the end of the stream and closes. */
	deadlines_enter(&s->deadlines, connection, PHASE_NONE, now_ms);
	shutdown(connection->fd, SHUT_RDWR);
}

int64_t server_tick(struct server *s, int64_t now_ms)
{
	struct connection *connection;
	int64_t next, library;

	while ((connection = deadlines_expired(&s->deadlines, now_ms)))
		expire(s, connection, now_ms);
	next = deadlines_next(&s->deadlines, now_ms);
	library = library_wait(s);
	return next < 0 || (library >= 0 && library < next) ? library : next;
}

void server_drain(struct server *s)
{
	int fd;

	if (s->draining)
		return;
	s->draining = true;
	fd = MHD_quiesce_daemon(s->daemon);
	if (fd >= 0)
		close(fd);
}

bool server_is_draining(const struct server *s)
{
	return s->draining;
}

size_t server_pending(const struct server *s)
{
	return s->pending;
}

size_t server_arriving(const struct server *s)
{
	return s->arriving;
}

/* libmicrohttpd aborts the process when it is stopped with a suspended connection. */
static void answer_suspended(struct server *s)
{
	struct connection *connection = s->deadlines.oldest[PHASE_ANSWER];

	for (; connection; connection = connection->next)
		if (connection->call && connection->call->suspended)
			call_abandon(connection->call, PROBLEM_draining,
				     "The service is shutting down; try again.");
}

void server_free(struct server *s)
{
	if (!s)
		return;
	if (s->daemon) {
		server_drain(s);
		s->stopping = true; /* from here on no request is suspended any more */
		answer_suspended(s);
		for (int turn = 0; turn < LAST_TURNS; turn++)
			server_run(s);
		MHD_stop_daemon(s->daemon);
	}
	/* The database engine went first, so nobody can come back for the orphans. */
	free_calls(&s->orphans);
	free_calls(&s->dead);
	for (size_t i = 0; i < FIXED_MAX; i++)
		fixed_free(&s->fixed[i]);
	while (s->spare_count > 0)
		arena_free(s->spares[--s->spare_count]);
	auth_free(s->auth);
	free(s);
}
