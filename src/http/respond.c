/*
 * Answers: what every one of them carries, and the three forms in which handlers give them.
 */
#include "state.h"

#include <sodium.h>
#include <stdarg.h>
#include <string.h>
#include <strings.h>

#include "ciclo/base/log.h"
#include "ciclo/base/memory.h"
#include "ciclo/base/time.h"
#include "ciclo/contract/json.h"

static const char *header_set(const struct call *c, const char *name)
{
	for (size_t i = 0; i < c->header_count; i++)
		if (strcasecmp(c->headers[i].name, name) == 0)
			return c->headers[i].value;
	return NULL;
}

static void add(struct MHD_Response *r, const char *name, const char *value)
{
	/* Fails when memory is out, or for a value with a line break. An answer without it could be kept in a cache, or be
	 * taken for something else, so there will be none. */
	if (MHD_add_response_header(r, name, value) == MHD_YES)
		return;
	log_event(LOG_WARN, "header_dropped", "%s", name);
	memory_failed();
}

static void add_default(const struct call *c, struct MHD_Response *r, const char *name, const char *value)
{
	if (!header_set(c, name))
		add(r, name, value);
}

/* What every answer says; server.c says the same where libmicrohttpd cannot answer. Strict-Transport-Security is for the
 * proxy that speaks TLS to say. */
const struct header_field always_said[] = {
	{"X-Content-Type-Options", "nosniff"},
	{"Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"},
	{"Referrer-Policy", "no-referrer"},
	{NULL, NULL},
};

/* For pages of the sites that may call. Without credentials: the key comes in a field of its own. */
static void add_cors(const struct call *c, struct MHD_Response *r)
{
	if (!*c->server->options.config->cors_origins)
		return;
	add(r, "Vary", "Origin");
	if (!c->origin)
		return;
	add(r, "Access-Control-Allow-Origin", c->origin);
	add(r, "Access-Control-Expose-Headers",
	    "Allow, Content-Disposition, ETag, Idempotent-Replayed, Link, Location, RateLimit, "
	    "RateLimit-Policy, Retry-After, X-Request-Id");
}

/* draft-ietf-httpapi-ratelimit-headers-10 */
static void add_rate(const struct call *c, struct MHD_Response *r)
{
	char text[64];

	if (!c->limited)
		return;
	snprintf(text, sizeof(text), "\"default\";r=%lld;t=%lld", (long long)c->left.requests,
		 (long long)c->left.full_s);
	add(r, "RateLimit-Policy", rate_policy(c->server->options.rate));
	add(r, "RateLimit", text);
}

static void add_headers(const struct call *c, struct MHD_Response *r, int status)
{
	const struct operation *op = c->match.operation;

	for (size_t i = 0; i < c->header_count; i++)
		add(r, c->headers[i].name, c->headers[i].value);
	add(r, "X-Request-Id", c->request_id);
	for (const struct header_field *h = always_said; h->name; h++)
		add(r, h->name, h->value);
	add_default(c, r, "Cache-Control", "no-store");
	if (op && op->answer[0].name && op->answer[1].name)
		add_default(c, r, "Vary", "Accept");
	add_cors(c, r);
	add_rate(c, r);
	if (status == 503)
		add_default(c, r, "Retry-After", "1");
	if (c->close || c->server->draining)
		add(r, "Connection", "close");
}

static void add_content_type(struct MHD_Response *r, const char *type)
{
	char text[128];

	/* JSON is UTF-8 by definition; text/... would be anything without a charset. */
	snprintf(text, sizeof(text), "%s%s", type,
		 strncmp(type, "text/", 5) == 0 && !strchr(type, ';') ? "; charset=utf-8" : "");
	add(r, "Content-Type", text);
}

/* A GET whose client has this very representation needs no body. */
static bool not_modified(const struct call *c, int status)
{
	const char *etag = header_set(c, "ETag");
	const char *field;

	if (!etag || !call_is_get(c) || status < 200 || status > 299)
		return false;
	field = call_header(c, "If-None-Match");
	return field && etag_listed(field, etag);
}

static void wake(struct call *c)
{
	if (!c->suspended)
		return;
	c->suspended = false;
	MHD_resume_connection(c->mhd);
	c->server->wants_run = true;
}

/* A late answer to an abandoned call ends it; a second answer is a fault of the handler. */
static bool refuse_answer(struct call *c)
{
	if (c->abandoned) {
		call_release(c);
		return true;
	}
	if (c->answered)
		log_event(LOG_ERROR, "answered_twice", "%s",
			  c->match.operation ? c->match.operation->id : "");
	return c->answered;
}

/* Bytes that the answers to several calls have in common. */
struct text {
	size_t owners;
	char *bytes;
};

/* MHD_ContentReaderFreeCallback */
static void text_release(void *cls)
{
	struct text *t = cls;

	if (!t || --t->owners > 0)
		return;
	free(t->bytes);
	free(t);
}

static struct text *text_new(char *bytes)
{
	struct text *t = memory_alloc(sizeof(*t));

	if (t)
		*t = (struct text){.owners = 1, .bytes = bytes};
	else
		free(bytes);
	return t;
}

/* text: NULL for no body. The response owns a share of it. */
static struct MHD_Response *make_response(struct text *text, size_t len)
{
	struct MHD_Response *r;

	if (!text)
		return MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
	r = MHD_create_response_from_buffer_with_free_callback_cls(len, text->bytes, text_release, text);
	if (r)
		text->owners++;
	return r;
}

void call_settle(struct call *c, int status, size_t len)
{
	c->status = status;
	c->bytes = c->known_method && strcmp(c->known_method, "HEAD") == 0 ? 0 : len;
	c->answered = true;
	c->busy = false;
	wake(c);
}

/* When memory is out, call_queue closes the connection without an answer. */
static void settle_text(struct call *c, int status, const char *type, struct text *text, size_t len)
{
	struct MHD_Response *r = make_response(text, len);

	if (r) {
		add_headers(c, r, status);
		if (text && type)
			add_content_type(r, type);
	}
	if (r && call_is_incomplete(c)) {
		MHD_destroy_response(r);
		r = NULL;
	}
	c->response = r;
	call_settle(c, r ? status : 0, len);
}

/* In the place of an answer that may lack something. What a write that has succeeded would have been told is not known
 * any more; its client hears nothing, which it has to reckon with anyway. */
static void settle_incomplete(struct call *c, int status)
{
	bool stored = status < 300 && !call_is_get(c);
	struct text *shared = NULL;
	char *text = NULL;

	log_event(LOG_WARN, "out_of_memory", "%s", stored ? "no answer" : "answered 503");
	c->incomplete = false;
	c->failures = call_failures(c);
	c->header_count = 0;
	if (!stored)
		text = problem_text(PROBLEM_overloaded, c->request_id, NULL,
				    "Memory ran out; nothing was stored. Try again.");
	if (text)
		shared = text_new(text);
	if (shared)
		settle_text(c, 503, "application/problem+json", shared, strlen(text));
	else
		call_settle(c, 0, 0);
	text_release(shared);
}

static void answer_one(struct call *c, int status, const char *type, struct text *text, size_t len)
{
	if (refuse_answer(c))
		return;
	if (not_modified(c, status)) {
		text = NULL;
		len = 0;
		status = 304;
	}
	if (call_is_incomplete(c))
		settle_incomplete(c, status);
	else
		settle_text(c, status, type, text, len);
}

void call_answer(struct call *c, int status, const char *type, char *text, size_t len)
{
	struct text *shared = text ? text_new(text) : NULL;
	struct call *follower;

	while ((follower = call_next_follower(c))) {
		follower->incomplete = call_is_incomplete(c);
		answer_one(follower, status, type, shared, len);
	}
	answer_one(c, status, type, shared, len);
	text_release(shared);
}

void call_not_modified(struct call *c, const char *etag, const char *cache_control)
{
	call_add_header(c, "ETag", "%s", etag);
	call_add_header(c, "Cache-Control", "%s", cache_control);
	answer_one(c, 304, NULL, NULL, 0);
}

enum MHD_Result call_queue(struct call *c)
{
	struct MHD_Response *r = c->fixed ? fixed_response(c->fixed, c->request_id) : c->response;

	c->stage = STAGE_QUEUED;
	if (!r)
		return MHD_NO;
	deadlines_enter(&c->server->deadlines, c->connection, PHASE_SEND, clock_monotonic_ms());
	return MHD_queue_response(c->mhd, (unsigned)c->status, r);
}

void call_reply(struct call *c, int status, json_t *doc)
{
	char *text = NULL;

	if (doc) {
		text = json_write(doc);
		if (!text) {
			call_out_of_memory(c);
			goto out;
		}
	}
	call_answer(c, status, "application/json", text, text ? strlen(text) : 0);
out:
	json_decref(doc);
}

/* The tag names the bytes and their type: JSON and CSV of the same figures are different things. */
static void add_etag(struct call *c, const char *media_type, const char *text, size_t len)
{
	unsigned char hash[16];
	char tag[2 * sizeof(hash) + 3] = "\"";
	crypto_generichash_state state;

	crypto_generichash_init(&state, NULL, 0, sizeof(hash));
	crypto_generichash_update(&state, (const unsigned char *)media_type, strlen(media_type) + 1);
	crypto_generichash_update(&state, (const unsigned char *)text, len);
	crypto_generichash_final(&state, hash, sizeof(hash));
	sodium_bin2hex(tag + 1, sizeof(tag) - 1, hash, sizeof(hash));
	tag[sizeof(tag) - 2] = '"';
	call_put_header(c, "ETag", arena_strndup(c->arena, tag, sizeof(tag) - 1));
}

void call_reply_text(struct call *c, int status, const char *media_type, const char *text, size_t len)
{
	char *copy = memory_alloc(len + 1);

	if (!copy) {
		call_out_of_memory(c);
		return;
	}
	memcpy(copy, text, len);
	copy[len] = '\0';
	if (status == 200 && call_is_get(c) && !header_set(c, "ETag"))
		add_etag(c, media_type, text, len);
	call_answer(c, status, media_type, copy, len);
}

void call_problem_alone(struct call *c, enum problem code, const struct violations *v, const char *detail)
{
	char *text = problem_text(code, c->request_id, v, detail);
	struct text *shared = text ? text_new(text) : NULL;

	answer_one(c, problem_status(code), "application/problem+json", shared, shared ? strlen(text) : 0);
	text_release(shared);
}

void call_problem(struct call *c, enum problem code, const struct violations *v, const char *fmt, ...)
{
	struct call *follower;
	char detail[1024];
	va_list args;

	va_start(args, fmt);
	vsnprintf(detail, sizeof(detail), fmt, args);
	va_end(args);
	while ((follower = call_next_follower(c))) {
		follower->incomplete = call_is_incomplete(c);
		call_problem_alone(follower, code, v, detail);
	}
	call_problem_alone(c, code, v, detail);
}

void call_out_of_memory(struct call *c)
{
	call_problem(c, PROBLEM_overloaded, NULL,
		     "There is not enough memory now; nothing was stored. Try again.");
}
