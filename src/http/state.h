/*
 * What the files of this room share: the server and the call, and how a call moves.
 *
 *   target_received   request.c  the request line is there: the call is born
 *   first call        request.c  protocol guard, route, may the body come?
 *   body              request.c  kept up to operation->body_max, beyond that dropped
 *   checks_run        checks.c   everything up to the handler; may wait for the API key
 *   handler           (api)      may wait for the database: the connection is suspended
 *   call_answer       respond.c  the answer is ready; a suspended connection is resumed
 *   completed         request.c  sent, or the client has gone: the call dies
 *
 * Who owes the answer (a handler, or the key look-up) is recorded in call->busy. A deadline, or
 * the end of the server, may answer in its place; then call->abandoned is set, the late answer
 * is dropped, and the call lives on until that came, because a segment of it may be under way.
 */
#ifndef CICLO_HTTP_STATE_H
#define CICLO_HTTP_STATE_H

#include <microhttpd.h>

#include "ciclo/base/buf.h"
#include "ciclo/base/uuid7.h"
#include "ciclo/http/call.h"
#include "ciclo/http/rate.h"
#include "ciclo/http/server.h"

#include "deadlines.h"

enum {
	/* RFC 9110 §4.1 asks for 8000 at least; the longest of ours, with a cursor, is below 2000. */
	TARGET_MAX = 8192,
	/* Response header fields that a handler adds: ETag, Location, Link, a few more. */
	HEADERS_MAX = 16,
	/* A Link field with a target of 2000 bytes fits twice. */
	HEADER_VALUE_MAX = 4095,
	REQUEST_ID_MAX = 64,
	KEY_ID_LENGTH = 12,
	/* Answers that never change. */
	FIXED_MAX = 8,
	/* Arenas kept for the next calls, 8 KiB each: as many as a busy worker has calls at once. */
	SPARES_MAX = 64
};

struct auth;

struct header_field {
	const char *name;
	const char *value;
};

/* An answer that never changes, and whose call had it last. text NULL: not in use. */
struct fixed {
	const char *text;
	struct MHD_Response *response;
	char request_id[REQUEST_ID_MAX + 1];
};

enum stage { STAGE_HEADER, STAGE_BODY, STAGE_RUNNING, STAGE_QUEUED };

struct call {
	struct server *server;
	struct MHD_Connection *mhd; /* NULL once the connection has moved on */
	struct connection *connection;
	struct arena *arena; /* NULL before the route is known */
	struct call *next;   /* in server->orphans or server->dead */
	int64_t started_us;
	int64_t deadline_ms;
	uint64_t failures; /* call_failures, when the call began */

	enum stage stage;
	unsigned step;       /* index of the next check */
	enum problem refuse; /* why the body is dropped, not kept; PROBLEM_NONE: it is kept */
	bool suspended;
	bool complete; /* counted in server->pending, not in arriving */
	bool busy;
	bool answered;
	bool abandoned;
	bool close;      /* the connection ends with this answer */
	bool incomplete; /* memory was missing for what this call follows */
	bool foreign; /* a page of another site, or under a name that may be anybody's, on a service that may be open */
	bool limited; /* left is known */

	const char *method;       /* libmicrohttpd's, dead with the connection */
	const char *known_method; /* the same as static text; NULL for one that HTTP does not know */
	const char *path;         /* within target; NULL while the target is not known to be good */
	const char *query;        /* behind '?', or NULL */
	enum route route;
	struct route_match match;
	json_t *params;
	json_t *body;
	struct buf raw;
	uint64_t received; /* bytes of body that came in, kept or not */
	const char *body_type;
	const char *answer_type;
	const char *origin; /* of the page that asks, if CICLO_CORS_ORIGINS has it; else NULL */
	struct rate_left left;

	struct call
		*leader; /* what answers it answers this call as well; NULL: it has an answer of its own */
	struct call *followers; /* those whom this call leads */
	struct call *previous_follower, *next_follower;

	struct header_field headers[HEADERS_MAX];
	size_t header_count;
	struct MHD_Response *response;
	struct fixed *fixed; /* in the place of response */
	int status;
	size_t bytes; /* of the answer's body, for the log */

	char request_id[REQUEST_ID_MAX + 1];
	char key_id[KEY_ID_LENGTH + 1];
	char target[]; /* as it was sent */
};

struct server {
	struct server_options options;
	struct MHD_Daemon *daemon;
	struct deadlines deadlines;
	struct auth *auth;
	struct uuid7_source ids;
	struct call *orphans; /* abandoned and disconnected, but still busy */
	struct call *dead;    /* freed when no handler can be on the stack */
	struct fixed fixed[FIXED_MAX];
	struct arena *spares[SPARES_MAX];
	size_t spare_count;
	int64_t quiet_until_ms; /* for what is said once a minute */
	int port;
	char methods[64];        /* that any operation has: the Allow of OPTIONS * */
	size_t arriving;         /* requests that are not complete */
	size_t pending;          /* complete ones that are not answered */
	size_t body_bytes;       /* memory of all bodies that are being received */
	bool out_of_descriptors; /* and no connection has ended since */
	bool wants_run;          /* a connection was resumed; libmicrohttpd has no other way to learn of it */
	bool draining;
	bool stopping;
};

/* request.c: the callbacks of libmicrohttpd. */
void *request_target(void *cls, const char *target, struct MHD_Connection *mhd);
enum MHD_Result request_access(void *cls, struct MHD_Connection *mhd, const char *url, const char *method,
			       const char *version, const char *upload, size_t *upload_size, void **con_cls);
void request_completed(void *cls, struct MHD_Connection *mhd, void **con_cls,
		       enum MHD_RequestTerminationCode how);

/* call.c: birth and death. */
struct call *call_new(struct server *s, struct MHD_Connection *mhd, const char *target) NODISCARD;
void call_free(struct call *c);
/* The connection has moved on. */
void call_detach(struct call *c);
/* Whoever owed the answer has come back; of use only to an abandoned call. */
void call_release(struct call *c);
/* Answers in the place of whoever owes it. */
void call_abandon(struct call *c, enum problem code, const char *detail);
/* The arena for what is known of the call from here on; false when memory is out. */
bool call_open_arena(struct call *c, size_t max) NODISCARD;
/* As call_add_header, but value is kept as it is: in the arena, or a literal. NULL when memory is out. */
void call_put_header(struct call *c, const char *name, const char *value);
bool call_is_get(const struct call *c);

/* follow.c: a follower leaves. Of no effect on other calls. */
void call_unfollow(struct call *c);
/* Takes a follower out, which gets the leader's header fields, to be answered as the leader is; NULL: there is none left. */
struct call *call_next_follower(struct call *leader) NODISCARD;

/* checks.c: goes on with the checks until one of them answers or waits. */
void checks_run(struct call *c);
/* Sets known_method. */
void call_set_method(struct call *c, const char *method);

/* What a check says. */
enum step { STEP_DONE, STEP_ANSWERED, STEP_WAITING };

/* auth.c */
struct auth *auth_new(void) NODISCARD;
void auth_free(struct auth *a);
enum step auth_check(struct call *c);
/* Before a body of so many bytes is kept: will the key be refused? PROBLEM_NONE: perhaps not. */
enum problem auth_foresee(const struct call *c, uint64_t bytes) NODISCARD;
/* code: missing_key, invalid_key or missing_scope. */
void auth_refuse(struct call *c, enum problem code);

/* limit.c */
enum step limit_check(struct call *c);
enum step limit_charge(struct call *c);

/* media.c */
enum step media_check_accept(struct call *c);
enum step media_check_type(struct call *c);
bool media_is_json(const char *type);

/* respond.c: fields of every answer; the last has no name. */
extern const struct header_field always_said[];
/* text is malloc'd and taken; NULL for no body. type may be NULL then. Followers get the same. */
void call_answer(struct call *c, int status, const char *type, char *text, size_t len);
/* Answers this call alone, 304 with these fields. */
void call_not_modified(struct call *c, const char *etag, const char *cache_control);
/* Answers this call alone; its followers go on waiting. */
void call_problem_alone(struct call *c, enum problem code, const struct violations *v, const char *detail);
/* Memory was missing since the call began: whatever was made for it may lack something. */
bool call_is_incomplete(const struct call *c);
/* So often has this thread not got memory, or this call more than its share. */
uint64_t call_failures(const struct call *c);
/* response or fixed is set: the answer is ready. */
void call_settle(struct call *c, int status, size_t len);
/* Hands the answer that is ready to libmicrohttpd. */
enum MHD_Result call_queue(struct call *c);

/* fixed.c: the response as it goes to one call; the caller owns no share of it. */
struct MHD_Response *fixed_response(struct fixed *f, const char *request_id) NODISCARD;
void fixed_free(struct fixed *f);

/* problem_text.c: the document as malloc'd text; never NULL unless memory is out. */
char *problem_text(enum problem code, const char *request_id, const struct violations *v,
		   const char *detail) NODISCARD;

/* conditional.c: does an If-None-Match field have this entity tag (weak comparison)? */
bool etag_listed(const char *field, const char *etag) NODISCARD;

#endif
