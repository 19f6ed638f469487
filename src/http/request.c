/*
 * The callbacks of libmicrohttpd 0.9.75: how a request arrives and how it ends.
 *
 * What it dictates: an answer can be queued on the first call of the access handler (the body is then not read
 * and the connection closes) or after the whole body, not in between. The handler is called again with
 * an empty upload once the body is complete, and again after a resume.
 */
#include "state.h"

#include <string.h>

#include "ciclo/base/log.h"
#include "ciclo/base/time.h"

#include "guard.h"
#include "origin.h"

enum {
	/* A body that is refused is still read up to this much beyond its limit, because many clients look
	 * for the answer only after they have sent everything. */
	DRAIN_MAX = 4 << 20,
	/* Bodies under way of one worker, in all: connections times the largest body would be 16 GiB. */
	BODIES_MAX = 256 << 20,
	/* The arena of a call: rows and documents made from a body take a few times its size. */
	ARENA_BASE = 4 << 20,
	ARENA_PER_BODY = 8
};

void *request_target(void *cls, const char *target, struct MHD_Connection *mhd)
{
	struct server *s = cls;
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	struct connection *connection = info ? info->socket_context : NULL;
	struct call *c = connection ? call_new(s, mhd, target ? target : "") : NULL;

	if (!c)
		return NULL;
	c->connection = connection;
	connection->call = c;
	/* The first request of a connection has had its time since the connection came. */
	if (connection->phase != PHASE_HEADER)
		deadlines_enter(&s->deadlines, connection, PHASE_HEADER, c->started_us / 1000);
	return c;
}

static enum MHD_Result guard_each(void *cls, enum MHD_ValueKind kind, const char *name, size_t name_len,
				  const char *value, size_t value_len)
{
	(void)kind;
	guard_field(cls, name, name_len, value ? value : "", value ? value_len : 0);
	return MHD_YES;
}

/* A client may name its request; the name ends up in logs, so it is kept plain. */
static void take_request_id(struct call *c)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
	const char *id = MHD_lookup_connection_value(c->mhd, MHD_HEADER_KIND, "X-Request-Id");
	size_t len = id ? strlen(id) : 0;

	if (len == 0 || len > REQUEST_ID_MAX || strspn(id, plain) != len)
		return;
	memcpy(c->request_id, id, len + 1);
}

static enum MHD_Result refuse(struct call *c, enum problem code, const char *why)
{
	c->close = true;
	call_problem(c, code, NULL, "%s", why);
	return call_queue(c);
}

static void find_route(struct call *c)
{
	size_t len = strcspn(c->path, "?");

	c->query = c->path[len] == '?' ? c->path + len + 1 : NULL;
	c->route = contract_route(c->server->options.contract, c->method, c->path, len, &c->match);
}

static size_t body_max(const struct call *c)
{
	return c->match.operation ? c->match.operation->body_max : 0;
}

/* Can the answer be given without the body, and is it better to give it at once? */
static bool answer_early(const struct call *c, const struct guard *g)
{
	bool refused = c->refuse != PROBLEM_NONE || !c->match.operation;

	return refused && (g->expects || g->length > body_max(c) + DRAIN_MAX);
}

/* What browsers say of the page that asks; see origin.h. */
static void take_origin(struct call *c, const struct guard *g)
{
	const struct server_options *o = &c->server->options;

	if (g->origin && origin_listed(o->config->cors_origins, g->origin))
		c->origin = arena_strndup(c->arena, g->origin, strlen(g->origin));
	if (o->require_key)
		return;
	c->foreign = (g->origin && !c->origin && !origin_is_local(g->origin)) ||
		     (g->host && host_is_public(g->host));
}

/* Why the body need not be kept. */
static enum problem foresee(const struct call *c, const struct guard *g)
{
	if (g->length > body_max(c))
		return PROBLEM_body_too_large;
	if (g->length == 0 && !g->chunked)
		return PROBLEM_NONE;
	return auth_foresee(c, g->chunked ? body_max(c) : g->length);
}

/* The header is complete. */
static enum MHD_Result begin(struct call *c, const char *method, const char *version)
{
	struct guard guard = {0};
	enum problem fault;

	c->method = method;
	call_set_method(c, method);
	take_request_id(c);
	MHD_get_connection_values_n(c->mhd, MHD_HEADER_KIND, guard_each, &guard);
	fault = guard_verdict(&guard, version);
	if (fault != PROBLEM_NONE)
		return refuse(c, fault, guard.why);
	if (strlen(c->target) > TARGET_MAX)
		return refuse(c, PROBLEM_uri_too_long, "A request target may have 8192 bytes.");
	c->path = guard_target(method, c->target);
	if (!c->path)
		return refuse(c, PROBLEM_malformed_request, "The request target is not valid.");
	find_route(c);
	if (!call_open_arena(c, ARENA_BASE + ARENA_PER_BODY * body_max(c)))
		return MHD_NO;
	take_origin(c, &guard);
	buf_init(&c->raw, body_max(c));
	c->refuse = foresee(c, &guard);
	if (answer_early(c, &guard)) {
		checks_run(
			c); /* cannot wait: the route and the body's size are checked before anything that does */
		return call_queue(c);
	}
	c->stage = STAGE_BODY;
	if (guard.length > 0 || guard.chunked)
		deadlines_enter(&c->server->deadlines, c->connection, PHASE_BODY, clock_monotonic_ms());
	return MHD_YES;
}

static void keep(struct call *c, const char *bytes, size_t len)
{
	struct server *s = c->server;

	if (c->raw.len + len > body_max(c)) {
		c->refuse = PROBLEM_body_too_large;
	} else {
		s->body_bytes -= c->raw.cap;
		buf_add(&c->raw, bytes, len);
		s->body_bytes += c->raw.cap;
		if (c->raw.failed || s->body_bytes > BODIES_MAX)
			c->refuse = PROBLEM_overloaded;
	}
	if (c->refuse == PROBLEM_NONE)
		return;
	s->body_bytes -= c->raw.cap;
	buf_release(&c->raw);
}

static enum MHD_Result take_body(struct call *c, const char *bytes, size_t *size)
{
	size_t len = *size;

	*size = 0;
	c->received += len;
	if (c->refuse == PROBLEM_NONE)
		keep(c, bytes, len);
	/* No answer is possible in the middle of a body; the connection just ends. */
	return c->received > body_max(c) + DRAIN_MAX ? MHD_NO : MHD_YES;
}

/* The request is complete. */
static enum MHD_Result run(struct call *c)
{
	struct server *s = c->server;
	int64_t now = clock_monotonic_ms();

	c->stage = STAGE_RUNNING;
	c->complete = true;
	s->arriving--;
	s->pending++;
	c->deadline_ms = now + s->options.config->request_timeout_ms;
	checks_run(c);
	if (c->answered)
		return call_queue(c);
	c->suspended = true;
	deadlines_enter(&s->deadlines, c->connection, PHASE_ANSWER, now);
	MHD_suspend_connection(c->mhd);
	return MHD_YES;
}

enum MHD_Result request_access(void *cls, struct MHD_Connection *mhd, const char *url, const char *method,
			       const char *version, const char *upload, size_t *upload_size, void **con_cls)
{
	struct call *c = *con_cls;

	(void)cls;
	(void)mhd;
	(void)url; /* truncated at the first NUL, and without its query: c->target is the real one */
	if (!c)
		return MHD_NO;
	switch (c->stage) {
	case STAGE_HEADER:
		return begin(c, method, version);
	case STAGE_BODY:
		return *upload_size ? take_body(c, upload, upload_size) : run(c);
	case STAGE_RUNNING:
		return c->answered ? call_queue(c) : MHD_YES;
	case STAGE_QUEUED:
		break;
	}
	return MHD_NO;
}

static void log_request(const struct call *c, int64_t us)
{
	struct log_line line;

	log_begin(&line, LOG_INFO, "request");
	log_str(&line, "method", c->known_method);
	log_str(&line, "route", c->match.operation ? c->match.operation->path : NULL);
	log_int(&line, "status", c->status);
	log_int(&line, "us", us);
	log_str(&line, "request_id", c->request_id);
	log_str(&line, "key_id", c->key_id);
	log_int(&line, "bytes", (int64_t)c->bytes);
	log_end(&line);
}

void request_completed(void *cls, struct MHD_Connection *mhd, void **con_cls,
		       enum MHD_RequestTerminationCode how)
{
	struct call *c = *con_cls;
	int64_t us;

	(void)cls;
	(void)mhd;
	(void)how; /* says "completed" also for a client that has gone: no proof of delivery */
	if (!c)
		return;
	*con_cls = NULL;
	us = clock_monotonic_us() - c->started_us;
	metrics_count(c->server->options.metrics, c->match.operation, c->status, us);
	if (log_wants(LOG_INFO))
		log_request(c, us);
	c->connection->call = NULL;
	deadlines_enter(&c->server->deadlines, c->connection, PHASE_IDLE, clock_monotonic_ms());
	call_detach(c);
}
