/*
 * A call as a handler sees it (ciclo/http/call.h), its birth and its death.
 */
#include "state.h"

#include <stdarg.h>
#include <string.h>

#include "ciclo/base/log.h"
#include "ciclo/base/memory.h"
#include "ciclo/base/time.h"

struct call *call_new(struct server *s, struct MHD_Connection *mhd, const char *target)
{
	size_t len = strlen(target);
	/* Not calloc, which does not take what this thread has freed last (glibc 2.36). */
	struct call *c = malloc(sizeof(*c) + len + 1);

	if (!c)
		return NULL;
	memset(c, 0, sizeof(*c));
	memcpy(c->target, target, len + 1);
	c->server = s;
	c->mhd = mhd;
	c->started_us = clock_monotonic_us();
	c->failures = call_failures(c);
	uuid7_next(&s->ids, clock_now_us(), c->request_id);
	s->arriving++;
	return c;
}

bool call_open_arena(struct call *c, size_t max)
{
	struct server *s = c->server;

	if (s->spare_count == 0) {
		c->arena = arena_new(max);
		return c->arena;
	}
	c->arena = s->spares[--s->spare_count];
	arena_reset(c->arena, max);
	return true;
}

static void close_arena(struct call *c)
{
	struct server *s = c->server;

	if (!c->arena)
		return;
	/* Cleared at once: what a call took beyond the first chunk is not kept, and a late read of it is found. */
	arena_reset(c->arena, 0);
	if (s->spare_count < SPARES_MAX)
		s->spares[s->spare_count++] = c->arena;
	else
		arena_free(c->arena);
}

void call_free(struct call *c)
{
	if (!c)
		return;
	c->server->body_bytes -= c->raw.cap;
	buf_release(&c->raw);
	route_release(&c->match);
	json_decref(c->params);
	json_decref(c->body);
	if (c->response)
		MHD_destroy_response(c->response);
	close_arena(c);
	free(c);
}

static void unlink_orphan(struct call *c)
{
	struct call **at = &c->server->orphans;

	while (*at && *at != c)
		at = &(*at)->next;
	if (*at)
		*at = c->next;
}

/* A handler may still be on the stack, with its segment in the arena: server_run frees later. */
static void bury(struct call *c)
{
	c->next = c->server->dead;
	c->server->dead = c;
}

void call_detach(struct call *c)
{
	call_unfollow(c);
	c->mhd = NULL;
	c->connection = NULL;
	if (c->complete)
		c->server->pending--;
	else
		c->server->arriving--;
	/* libmicrohttpd says so, which never happens within a handler. */
	if (!c->busy) {
		call_free(c);
		return;
	}
	c->abandoned = true;
	c->next = c->server->orphans;
	c->server->orphans = c;
}

void call_release(struct call *c)
{
	if (!c->busy)
		return;
	c->busy = false;
	if (c->mhd)
		return;
	unlink_orphan(c);
	bury(c);
}

void call_abandon(struct call *c, enum problem code, const char *detail)
{
	bool owed = c->busy; /* not to a follower: it leaves */

	c->header_count = 0; /* those were meant for another answer */
	call_unfollow(c);
	call_problem_alone(c, code, NULL, detail);
	c->abandoned = owed;
	/* call_problem_alone took this for the answer that was owed; it is still owed. */
	c->busy = owed;
}

uint64_t call_failures(const struct call *c)
{
	return memory_failures() + (c->arena ? arena_refusals(c->arena) : 0);
}

bool call_is_incomplete(const struct call *c)
{
	return c->incomplete || call_failures(c) != c->failures;
}

void call_submit(struct call *c, struct db *db, struct segment *s)
{
	if (call_is_incomplete(c))
		db_refuse(db, s);
	else
		db_submit(db, s);
}

bool call_is_get(const struct call *c)
{
	return c->known_method &&
	       (strcmp(c->known_method, "GET") == 0 || strcmp(c->known_method, "HEAD") == 0);
}

const struct operation *call_operation(const struct call *c)
{
	return c->match.operation;
}

json_t *call_params(const struct call *c)
{
	return c->params;
}

const char *call_param(const struct call *c, const char *name)
{
	return json_string_value(json_object_get(c->params, name));
}

int64_t call_param_int(const struct call *c, const char *name, int64_t fallback)
{
	const json_t *value = json_object_get(c->params, name);

	return json_is_integer(value) ? json_integer_value(value) : fallback;
}

json_t *call_body(const struct call *c)
{
	return c->body;
}

const char *call_raw_body(const struct call *c, size_t *ret_len)
{
	*ret_len = c->raw.len;
	return c->raw.data ? c->raw.data : "";
}

const char *call_body_type(const struct call *c)
{
	return c->body_type;
}

const char *call_answer_type(const struct call *c)
{
	return c->answer_type;
}

/* A copy, because the connection may be gone before the call is. */
const char *call_header(const struct call *c, const char *name)
{
	const char *value = NULL;
	size_t len = 0;

	if (!c->mhd || !c->arena ||
	    MHD_lookup_connection_value_n(c->mhd, MHD_HEADER_KIND, name, strlen(name), &value, &len) !=
		    MHD_YES ||
	    !value)
		return NULL;
	/* libmicrohttpd trims the left side only. */
	while (len && (*value == ' ' || *value == '\t')) {
		value++;
		len--;
	}
	while (len && (value[len - 1] == ' ' || value[len - 1] == '\t'))
		len--;
	return arena_strndup(c->arena, value, len);
}

const char *call_target(const struct call *c)
{
	return c->path ? c->path : c->target;
}

const char *call_key_id(const struct call *c)
{
	return c->key_id;
}

const char *call_request_id(const struct call *c)
{
	return c->request_id;
}

int64_t call_deadline_ms(const struct call *c)
{
	return c->deadline_ms;
}

struct arena *call_arena(const struct call *c)
{
	return c->arena;
}

void call_put_header(struct call *c, const char *name, const char *value)
{
	size_t len = value ? strlen(value) : 0;

	if (!value || len > HEADER_VALUE_MAX || c->header_count == HEADERS_MAX || !c->arena)
		log_event(LOG_ERROR, "header_dropped", "%s", name);
	else
		c->headers[c->header_count++] = (struct header_field){name, value};
}

void call_add_header(struct call *c, const char *name, const char *fmt, ...)
{
	char *value = NULL;
	va_list args;

	va_start(args, fmt);
	if (c->arena)
		value = arena_vprintf(c->arena, fmt, args);
	va_end(args);
	call_put_header(c, name, value);
}
