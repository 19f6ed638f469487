/*
 * Answers: what every one of them carries, and the three forms in which handlers give them.
 */
#include "state.h"

#include <sodium.h>
#include <stdarg.h>
#include <string.h>
#include <strings.h>

#include "ciclo/base/log.h"
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
	/* Fails when memory is out, or for a value with a line break: an answer without the field is
	 * better than none. */
	if (MHD_add_response_header(r, name, value) != MHD_YES)
		log_event(LOG_WARN, "header_dropped", "%s", name);
}

static void add_default(const struct call *c, struct MHD_Response *r, const char *name, const char *value)
{
	if (!header_set(c, name))
		add(r, name, value);
}

static void add_headers(const struct call *c, struct MHD_Response *r, int status)
{
	const struct operation *op = c->match.operation;

	for (size_t i = 0; i < c->header_count; i++)
		add(r, c->headers[i].name, c->headers[i].value);
	add(r, "X-Request-Id", c->request_id);
	add(r, "X-Content-Type-Options", "nosniff");
	add(r, "Content-Security-Policy", "default-src 'none'");
	add_default(c, r, "Cache-Control", "no-store");
	if (op && op->answer[0].name && op->answer[1].name)
		add_default(c, r, "Vary", "Accept");
	if (status == 503 || status == 429)
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

void call_answer(struct call *c, int status, const char *type, char *text, size_t len)
{
	struct MHD_Response *r;

	if (!c->abandoned && not_modified(c, status)) {
		free(text);
		text = NULL;
		len = 0;
		status = 304;
	}
	r = MHD_create_response_from_buffer(len, text, text ? MHD_RESPMEM_MUST_FREE : MHD_RESPMEM_PERSISTENT);
	if (!r) {
		/* Memory is out: call_queue closes the connection without an answer. */
		free(text);
		status = 0;
	} else {
		add_headers(c, r, status);
		if (text && type)
			add_content_type(r, type);
	}
	c->response = r;
	c->status = status;
	c->bytes = c->known_method && strcmp(c->known_method, "HEAD") == 0 ? 0 : len;
	c->answered = true;
	c->busy = false;
	wake(c);
}

enum MHD_Result call_queue(struct call *c)
{
	c->stage = STAGE_QUEUED;
	if (!c->response)
		return MHD_NO;
	deadlines_enter(&c->server->deadlines, c->connection, PHASE_SEND, clock_monotonic_ms());
	return MHD_queue_response(c->mhd, (unsigned)c->status, c->response);
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

void call_reply(struct call *c, int status, json_t *doc)
{
	char *text = NULL;

	if (refuse_answer(c))
		goto out;
	if (doc) {
		text = json_write(doc);
		if (!text) {
			call_problem(c, PROBLEM_internal_error, NULL, "The answer does not fit into memory.");
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
	char hex[2 * sizeof(hash) + 1];
	crypto_generichash_state state;

	crypto_generichash_init(&state, NULL, 0, sizeof(hash));
	crypto_generichash_update(&state, (const unsigned char *)media_type, strlen(media_type) + 1);
	crypto_generichash_update(&state, (const unsigned char *)text, len);
	crypto_generichash_final(&state, hash, sizeof(hash));
	sodium_bin2hex(hex, sizeof(hex), hash, sizeof(hash));
	call_add_header(c, "ETag", "\"%s\"", hex);
}

void call_reply_text(struct call *c, int status, const char *media_type, const char *text, size_t len)
{
	char *copy;

	if (refuse_answer(c))
		return;
	copy = malloc(len + 1);
	if (!copy) {
		call_problem(c, PROBLEM_internal_error, NULL, "The answer does not fit into memory.");
		return;
	}
	memcpy(copy, text, len);
	copy[len] = '\0';
	if (status == 200 && call_is_get(c) && !header_set(c, "ETag"))
		add_etag(c, media_type, text, len);
	call_answer(c, status, media_type, copy, len);
}

void call_problem(struct call *c, enum problem code, const struct violations *v, const char *fmt, ...)
{
	char detail[1024];
	char *text;
	va_list args;

	if (refuse_answer(c))
		return;
	va_start(args, fmt);
	vsnprintf(detail, sizeof(detail), fmt, args);
	va_end(args);
	text = problem_text(code, c->request_id, v, detail);
	call_answer(c, problem_status(code), "application/problem+json", text, text ? strlen(text) : 0);
}
