/*
 * UUIDv7 (RFC 9562 §5.7): 48 bits of milliseconds, then a counter, then random bits.
 * Monotonic within one source, also when the wall clock steps back.
 */
#ifndef CICLO_BASE_UUID7_H
#define CICLO_BASE_UUID7_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	UUID_TEXT = 37,
	/* Randomness is fetched for this many ids at once: a system call for each costs more than all the rest. */
	UUID_POOL_IDS = 16,
	UUID_RANDOM_BYTES = 10
};

struct uuid7_source {
	int64_t last_ms;
	uint32_t counter;
	size_t pool_left; /* unused bytes at the end of pool */
	unsigned char pool[UUID_POOL_IDS * UUID_RANDOM_BYTES];
};

/* Lower-case text of a new id. now_us: clock_now_us(). Aborts if the kernel has no randomness. */
void uuid7_next(struct uuid7_source *source, int64_t now_us, char out[UUID_TEXT]);
/* The 36-character form, any case, any version. */
bool uuid_valid(const char *text, size_t len);

#endif
