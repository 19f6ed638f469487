/*
 * Total deadlines of connections. libmicrohttpd knows idle time only, so a client that sends one byte
 * a second would live for ever, and a suspended connection has no time-out at all.
 *
 * Each phase of a connection has one limit, so its connections expire in the order in which they
 * entered it: a queue per phase, and only the heads are ever looked at. Times are clock_monotonic_ms().
 */
#ifndef CICLO_HTTP_DEADLINES_H
#define CICLO_HTTP_DEADLINES_H

#include <stdint.h>

#include "ciclo/base/attr.h"
#include "ciclo/base/config.h"

struct call;

enum phase {
	PHASE_HEADER, /* from the connection, or the request line of a later request, to the end of the header */
	PHASE_BODY,
	PHASE_ANSWER, /* somebody owes the answer; the connection is suspended */
	PHASE_SEND,
	PHASE_IDLE, /* between two requests */
	PHASE_COUNT,
	PHASE_NONE = PHASE_COUNT /* in no queue: shut down, waiting for libmicrohttpd to notice */
};

/* One TCP connection. */
struct connection {
	int fd;
	enum phase phase;
	int64_t since_ms;
	struct call *call; /* the request under way, or NULL */
	struct connection *previous;
	struct connection *next;
};

struct deadlines {
	int64_t limit_ms[PHASE_COUNT];
	struct connection *oldest[PHASE_COUNT];
	struct connection *newest[PHASE_COUNT];
};

void deadlines_init(struct deadlines *d, const struct config *config);
/* A new connection starts in PHASE_NONE. */
void deadlines_enter(struct deadlines *d, struct connection *c, enum phase phase, int64_t now_ms);
/* A connection whose time is over, or NULL; the caller must move it to another phase. */
struct connection *deadlines_expired(const struct deadlines *d, int64_t now_ms) NODISCARD;
/* Milliseconds until the next one expires, -1 for never. */
int64_t deadlines_next(const struct deadlines *d, int64_t now_ms) NODISCARD;

#endif
