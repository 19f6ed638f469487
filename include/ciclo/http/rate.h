/*
 * How much each client may ask of the process: a token bucket for each API key (or address), of which all workers take.
 * A bucket holds `quota` requests and gets them back evenly, all of them in `window_s` seconds. Callable from any thread.
 *
 * Times are clock_monotonic_us().
 */
#ifndef CICLO_HTTP_RATE_H
#define CICLO_HTTP_RATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ciclo/base/attr.h"

struct rate;

/* What is left of a bucket; seconds are rounded up. */
struct rate_left {
	int64_t requests;
	int64_t full_s;  /* until it is full again */
	int64_t retry_s; /* until it has a request again; 0: it has */
};

/* quota 1 to 1,000,000, window_s 1 to 3600. NULL when memory is out. */
struct rate *rate_new(int64_t quota, int64_t window_s) NODISCARD;
void rate_free(struct rate *r);
/* Takes one request of the bucket of who; false: it has none, and nothing was taken. */
bool rate_take(struct rate *r, const void *who, size_t len, int64_t now_us, struct rate_left *ret) NODISCARD;
/* Takes as many more; what the bucket has not is owed, and comes off what it gets back. */
void rate_charge(struct rate *r, const void *who, size_t len, int64_t count, int64_t now_us,
		 struct rate_left *ret);
/* The RateLimit-Policy field. */
const char *rate_policy(const struct rate *r);

#endif
