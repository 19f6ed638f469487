/*
 * The protocol guard: refuses requests that another HTTP implementation might read in
 * another way (request smuggling), because libmicrohttpd 0.9.75 accepts them.
 *
 * Feed every header field as it was received, then ask for the verdict. Knows nothing of
 * libmicrohttpd, so that tests can drive it directly.
 */
#ifndef CICLO_HTTP_GUARD_H
#define CICLO_HTTP_GUARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ciclo/base/attr.h"
#include "ciclo/base/problem.h"

/* Zero-initialise. */
struct guard {
	enum problem fault; /* the first one found */
	const char *why;    /* static sentence for the client */
	unsigned seen;      /* bit n: the n-th field of the table in guard.c came in */
	uint64_t length;    /* Content-Length, 0 without one */
	const char *host;   /* the field, NULL without it; the caller's bytes */
	const char *origin; /* the same */
	bool chunked;
	bool expects; /* Expect: 100-continue */
};

void guard_field(struct guard *g, const char *name, size_t name_len, const char *value, size_t value_len);
/* After the last field; version is "HTTP/1.1" or older. */
enum problem guard_verdict(struct guard *g, const char *version) NODISCARD;

/* The part of a request target from its path on: "/a?b" of "/a?b" and "http://host/a?b", "*" for OPTIONS;
 * NULL if it is none of the forms that a server takes or has a byte that no target has. */
const char *guard_target(const char *method, const char *target) NODISCARD;

#endif
