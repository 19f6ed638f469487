/*
 * One HTTP request as a handler sees it. By the time a handler runs, the request has passed the
 * protocol guard, routing, the API key, content negotiation and the contract: parameters and body are valid
 * and typed.
 *
 * A handler either answers at once, or submits a segment and returns; the connection is then
 * suspended until one of the call_reply functions or call_problem is used, in the same thread.
 * Exactly one answer per call. The call, its arena and everything in it die after the answer was sent.
 */
#ifndef CICLO_HTTP_CALL_H
#define CICLO_HTTP_CALL_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ciclo/base/arena.h"
#include "ciclo/base/attr.h"
#include "ciclo/base/problem.h"
#include "ciclo/contract/contract.h"

struct call;
struct db;
struct segment;

const struct operation *call_operation(const struct call *c);
/* {name: typed value} of path, query and header parameters, defaults filled in. Borrowed. */
json_t *call_params(const struct call *c);
/* Shorthands: NULL or the fallback when absent. */
const char *call_param(const struct call *c, const char *name);
int64_t call_param_int(const struct call *c, const char *name, int64_t fallback);
/* The validated body; NULL when there is none or it is not one JSON text. Borrowed. */
json_t *call_body(const struct call *c);
/* The raw body, NUL-terminated behind its last byte. */
const char *call_raw_body(const struct call *c, size_t *ret_len);
/* Media type of the body, lower case, without parameters; NULL without a body. */
const char *call_body_type(const struct call *c);
/* The media type that was negotiated for the answer. */
const char *call_answer_type(const struct call *c);
/* Any header field, outer white space trimmed; NULL when absent. */
const char *call_header(const struct call *c, const char *name);
/* The target as it was sent, with query; for Link fields and idempotency scopes. */
const char *call_target(const struct call *c);
/* Id of the API key, "" on an open loopback service. */
const char *call_key_id(const struct call *c);
const char *call_request_id(const struct call *c);
/* clock_monotonic_ms() by which the answer is due; use as a segment's deadline. */
int64_t call_deadline_ms(const struct call *c);
struct arena *call_arena(const struct call *c);

/* Adds a response header field; name is a literal, the value is copied. */
void call_add_header(struct call *c, const char *name, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* Answers with a document. Steals doc. status 204: doc is NULL. */
void call_reply(struct call *c, int status, json_t *doc);
/* Answers with ready text of the given media type (copied). Adds a strong ETag and answers 304 to a GET whose If-None-Match has it. */
void call_reply_text(struct call *c, int status, const char *media_type, const char *text, size_t len);
/* Answers with problem+json. v may be NULL; fmt is the detail, about this request, never with SQL in it. */
void call_problem(struct call *c, enum problem code, const struct violations *v, const char *fmt, ...)
	PRINTF_LIKE(4, 5);
/* 503: there was no memory for what this request needs. */
void call_out_of_memory(struct call *c);

/*
 * Submits a segment that writes. If memory ran out at any time since the call began, something may be missing in it (a
 * member of a row, or the Idempotency-Key): then it is refused as DB_OVERLOADED. Answers are held back for the same reason.
 */
void call_submit(struct call *c, struct db *db, struct segment *s);

/* The same with status 200 for text that never changes and lives as long as the program: what is at the address is
 * looked at once. However many clients are slow to take it, it is in memory once. cache_control: NULL for the default. */
void call_reply_fixed(struct call *c, const char *media_type, const char *text, size_t len,
		      const char *cache_control);

/* --- one answer for several calls ------------------------------------------------------------------ */

/*
 * Whatever answers leader answers follower: the same text, which they share, with its own request id, and 304 if it
 * has that already. The leader's handler must not have answered yet; the follower's returns, and has no more to do.
 * A follower whose client goes away, or whose deadline passes, is no matter of anybody else; there are never more than
 * the server has connections.
 */
void call_follow(struct call *follower, struct call *leader);
/* The answer would have this ETag: all of these calls that have it already are answered 304. Returns the call that
 * stands for the others, which may be another one than before; NULL: nobody waits any more. */
struct call *call_unchanged(struct call *c, const char *etag, const char *cache_control) NODISCARD;
/* c, if its client still waits, else a follower in its place; NULL: nobody waits, and c is done with. */
struct call *call_awaited(struct call *c) NODISCARD;

#endif
