/*
 * The loop of one worker: HTTP, database, timers and the wish to stop, all in one thread.
 *
 * epoll is level-triggered, so what one turn leaves is reported again in the next. A turn is: wait,
 * let the database deliver (which resumes connections), let HTTP run (which submits segments), then the timers.
 * Times are clock_monotonic_ms().
 */
#include "ciclo/worker/worker.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "ciclo/api/api.h"
#include "ciclo/api/housekeeping.h"
#include "ciclo/base/log.h"
#include "ciclo/base/time.h"
#include "ciclo/db/db.h"
#include "ciclo/http/metrics.h"
#include "ciclo/http/server.h"

enum {
	/* Connections of all lanes: 3 settings of at most 16, one of them twice, bulk and two to derive. */
	WATCHES_MAX = 72,
	/* Events of one turn; more wait for the next. */
	EVENTS_MAX = 64,
	/* Longest sleep. Nothing should need it; it bounds a forgotten timer. */
	SLEEP_MAX_MS = 10000,
	COUNT_EVERY_MS = 1000,
	/* While draining: for the rest of a request whose beginning is there, and for what is on its way to be read. */
	PATIENCE_MS = 1000,
	QUIET_MS = 50
};

/* A descriptor of the database engine and what it is watched for. */
struct watch {
	int fd;
	uint32_t events;
};

struct worker {
	struct api api;
	struct uuid7_source ids;
	struct housekeeping housekeeping;
	struct server *server;
	struct db *db;
	int epoll_fd;
	int stop_fd;        /* eventfd: its value counts the calls of worker_stop */
	uint64_t stops;     /* seen by the loop */
	bool http_is_ready; /* in this turn */
	struct process *process;
	struct metrics_part *metrics; /* its own part */
	int64_t counted_ms;           /* when it last said how its lanes are */
	bool is_ready;                /* not counted in process->unready */
	struct watch watches[WATCHES_MAX];
	size_t watch_count;
};

static bool epoll_change(struct worker *w, int op, int fd, uint32_t events)
{
	struct epoll_event event = {.events = events, .data = {.fd = fd}};

	if (epoll_ctl(w->epoll_fd, op, fd, &event) == 0)
		return true;
	log_event(LOG_ERROR, "epoll_failed", "%s", strerror(errno));
	return false;
}

static struct watch *find_watch(struct worker *w, int fd)
{
	for (size_t i = 0; i < w->watch_count; i++)
		if (w->watches[i].fd == fd)
			return &w->watches[i];
	return NULL;
}

static void forget(struct worker *w, struct watch *watch)
{
	epoll_change(w, EPOLL_CTL_DEL, watch->fd, 0);
	*watch = w->watches[--w->watch_count];
}

static void watch_new(struct worker *w, int fd, uint32_t events)
{
	if (w->watch_count == WATCHES_MAX) {
		log_event(LOG_ERROR, "epoll_failed", "more than %d descriptors", WATCHES_MAX);
		return;
	}
	if (epoll_change(w, EPOLL_CTL_ADD, fd, events))
		w->watches[w->watch_count++] = (struct watch){.fd = fd, .events = events};
}

/* db_watch_fn: only differences reach the kernel, as the engine asks after every flush. */
static void watch_database(void *loop, int fd, bool want_read, bool want_write)
{
	struct worker *w = loop;
	struct watch *watch = find_watch(w, fd);
	uint32_t events = (want_read ? EPOLLIN : 0U) | (want_write ? EPOLLOUT : 0U);

	if (watch && events == watch->events)
		return;
	if (watch && events == 0) {
		forget(w, watch);
	} else if (watch) {
		if (epoll_change(w, EPOLL_CTL_MOD, fd, events))
			watch->events = events;
	} else if (events) {
		watch_new(w, fd, events);
	}
}

static bool is_draining(void *cls)
{
	const struct worker *w = cls;

	return server_is_draining(w->server);
}

static bool are_ready(void *cls)
{
	const struct worker *w = cls;

	return atomic_load_explicit(&w->process->unready, memory_order_relaxed) == 0;
}

/* Whoever asks one worker is served by another next time: the kernel deals out the connections. */
static void tell_ready(struct worker *w)
{
	const char *why;
	bool is_ready = db_is_ready(w->db, &why);

	if (is_ready == w->is_ready)
		return;
	w->is_ready = is_ready;
	if (is_ready)
		atomic_fetch_sub_explicit(&w->process->unready, 1, memory_order_relaxed);
	else
		atomic_fetch_add_explicit(&w->process->unready, 1, memory_order_relaxed);
}

/* Once a second is as often as anybody looks. */
static void count_lanes(struct worker *w, int64_t now_ms)
{
	if (now_ms - w->counted_ms < COUNT_EVERY_MS)
		return;
	w->counted_ms = now_ms;
	metrics_lanes(w->metrics, w->db);
}

static bool open_server(struct worker *w, const struct sockaddr *address, socklen_t len, bool require_key)
{
	const struct server_options options = {
		.config = w->api.config,
		.contract = w->api.contract,
		.db = w->db,
		.handle = api_handle,
		.cls = &w->api,
		.rate = w->process->rate,
		.metrics = w->metrics,
		.require_key = require_key,
	};

	w->server = server_new(&options, address, len);
	return w->server && epoll_change(w, EPOLL_CTL_ADD, server_fd(w->server), EPOLLIN) &&
	       epoll_change(w, EPOLL_CTL_ADD, w->stop_fd, EPOLLIN);
}

struct worker *worker_new(struct process *process, const struct sockaddr *address, socklen_t len,
			  bool require_key)
{
	struct worker *w = calloc(1, sizeof(*w));

	if (!w)
		return NULL;
	w->process = process;
	w->metrics = metrics_part(process->metrics, process->workers++);
	w->is_ready = true;
	w->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	w->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (w->epoll_fd < 0 || w->stop_fd < 0) {
		log_event(LOG_ERROR, "worker_failed", "%s", strerror(errno));
		goto fail;
	}
	w->db = db_new(process->config, watch_database, w);
	if (!w->db) {
		log_event(LOG_ERROR, "worker_failed", "no memory for the database engine");
		goto fail;
	}
	tell_ready(w);
	w->api = (struct api){
		.config = process->config,
		.contract = process->contract,
		.db = w->db,
		.ids = &w->ids,
		.metrics = process->metrics,
		.draining = is_draining,
		.ready = are_ready,
		.cls = w,
	};
	if (open_server(w, address, len, require_key))
		return w;
fail:
	worker_free(w);
	return NULL;
}

int worker_port(const struct worker *w)
{
	return server_port(w->server);
}

/* write(2) alone, so that a signal handler may call this. */
void worker_stop(struct worker *w)
{
	const uint64_t one = 1;
	int saved = errno;
	ssize_t written = write(w->stop_fd, &one, sizeof(one));

	(void)written; /* fails only when 2^64 stops wait already */
	errno = saved;
}

static void take_stops(struct worker *w)
{
	uint64_t count;

	if (read(w->stop_fd, &count, sizeof(count)) == (ssize_t)sizeof(count))
		w->stops += count;
}

static void dispatch(struct worker *w, const struct epoll_event *event)
{
	int fd = event->data.fd;

	if (fd == w->stop_fd) {
		take_stops(w);
		return;
	}
	/* An earlier event of this turn may have closed the descriptor. */
	if (find_watch(w, fd)) {
		bool fault = event->events & (EPOLLERR | EPOLLHUP);

		db_ready(w->db, fd, fault || (event->events & EPOLLIN), fault || (event->events & EPOLLOUT));
		return;
	}
	if (fd == server_fd(w->server))
		w->http_is_ready = true;
}

static int64_t sooner(int64_t a, int64_t b)
{
	if (a < 0 || b < 0)
		return a < 0 ? b : a;
	return a < b ? a : b;
}

/* One turn of the loop; sleeps at most max_ms. */
static void turn(struct worker *w, int64_t max_ms)
{
	struct epoll_event events[EVENTS_MAX];
	int64_t now = clock_monotonic_ms();
	/* In this order: a segment that times out may resume a connection. */
	int64_t chores = housekeeping_tick(&w->housekeeping, w->db, now);
	bool more = later_tick(&w->api.later);
	int64_t database = db_tick(w->db, now);
	int64_t wait =
		sooner(sooner(server_tick(w->server, now), sooner(database, chores)), more ? 0 : max_ms);
	int count;

	tell_ready(w);
	count_lanes(w, now);
	count = epoll_wait(w->epoll_fd, events, EVENTS_MAX, (int)wait);
	w->http_is_ready = false;
	for (int i = 0; i < count; i++)
		dispatch(w, &events[i]);
	/* Asked again: the database has resumed connections, of which the descriptor knows nothing. */
	if (w->http_is_ready || server_tick(w->server, clock_monotonic_ms()) == 0)
		server_run(w->server);
}

/*
 * Whether a drain is over: nothing is owed any more, and has not been for a moment, so that what a client had sent just
 * before is read. A client that stops in the middle of a request is not waited for longer than PATIENCE_MS.
 */
static bool is_drained(const struct worker *w, int64_t now, int64_t began, int64_t *quiet_since)
{
	bool waits = server_pending(w->server) > 0 ||
		     (server_arriving(w->server) > 0 && now - began < PATIENCE_MS);

	if (waits)
		*quiet_since = now;
	return now - *quiet_since >= QUIET_MS;
}

bool worker_run(struct worker *w)
{
	int64_t began, quiet_since, now;
	bool drained;

	while (w->stops == 0)
		turn(w, SLEEP_MAX_MS);
	server_drain(w->server);
	began = quiet_since = now = clock_monotonic_ms();
	while (!(drained = is_drained(w, now, began, &quiet_since)) && w->stops < 2 &&
	       now - began <= w->api.config->drain_timeout_ms) {
		turn(w, QUIET_MS);
		now = clock_monotonic_ms();
	}
	return drained;
}

void worker_free(struct worker *w)
{
	if (!w)
		return;
	later_drop(&w->api.later);
	/* The engine first: it calls back for all that waits, and those calls must still be there. */
	db_free(w->db);
	server_free(w->server);
	if (w->stop_fd >= 0)
		close(w->stop_fd);
	if (w->epoll_fd >= 0)
		close(w->epoll_fd);
	free(w);
}
