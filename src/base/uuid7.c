/*
 * UUIDv7: unix_ts_ms (48 bits), version 7, rand_a (12 bits: the counter), variant 10, rand_b (62 random
 * bits). RFC 9562 §6.2, method 1: a fixed-length counter, seeded at random in every new millisecond.
 *
 * Invariant: (last_ms, counter) only grows, so the ids of one source sort in the order they were made.
 */
#include "ciclo/base/uuid7.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

enum {
	UUID_BYTES = 16,
	COUNTER_MAX = 0xfff,
	/* A seed below half of the range leaves at least 2,048 ids in its millisecond. */
	SEED_MAX = 0x7ff
};

static const unsigned char hyphen_before_byte[UUID_BYTES] = {[4] = 1, [6] = 1, [8] = 1, [10] = 1};

static void random_bytes(void *at, size_t len)
{
	ssize_t got;

	do {
		got = getrandom(at, len, 0);
	} while (got < 0 && errno == EINTR);
	/* Up to 256 bytes come whole (getrandom(2)). An id without randomness could repeat one of
	 * another process: better none. */
	if (got != (ssize_t)len)
		abort();
}

static void advance(struct uuid7_source *source, int64_t now_ms, uint32_t seed)
{
	if (now_ms > source->last_ms) {
		source->last_ms = now_ms;
		source->counter = seed;
	} else if (source->counter < COUNTER_MAX) {
		source->counter++;
	} else {
		/* More ids than the counter holds, or a clock that stepped back: run ahead of it. */
		source->last_ms++;
		source->counter = seed;
	}
}

static void format(const unsigned char bytes[UUID_BYTES], char out[UUID_TEXT])
{
	static const char digits[] = "0123456789abcdef";

	for (int i = 0; i < UUID_BYTES; i++) {
		if (hyphen_before_byte[i])
			*out++ = '-';
		*out++ = digits[bytes[i] >> 4];
		*out++ = digits[bytes[i] & 0xf];
	}
	*out = '\0';
}

/* Bytes 6 to 15 of an id. */
static const unsigned char *take_random(struct uuid7_source *source)
{
	if (source->pool_left == 0) {
		random_bytes(source->pool, sizeof(source->pool));
		source->pool_left = sizeof(source->pool);
	}
	source->pool_left -= UUID_RANDOM_BYTES;
	return source->pool + source->pool_left;
}

void uuid7_next(struct uuid7_source *source, int64_t now_us, char out[UUID_TEXT])
{
	unsigned char bytes[UUID_BYTES];
	uint16_t seed;

	memcpy(bytes + 6, take_random(source), UUID_RANDOM_BYTES);
	memcpy(&seed, bytes + 6, sizeof(seed));
	advance(source, now_us / 1000, seed & SEED_MAX);
	for (int i = 0; i < 6; i++)
		bytes[i] = (unsigned char)(source->last_ms >> (40 - 8 * i));
	bytes[6] = (unsigned char)(0x70 | source->counter >> 8);
	bytes[7] = (unsigned char)source->counter;
	bytes[8] = (unsigned char)(0x80 | (bytes[8] & 0x3f));
	format(bytes, out);
}

static bool is_hex(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

bool uuid_valid(const char *text, size_t len)
{
	if (len != UUID_TEXT - 1)
		return false;
	for (size_t i = 0; i < len; i++) {
		bool hyphen = i == 8 || i == 13 || i == 18 || i == 23;

		if (hyphen ? text[i] != '-' : !is_hex(text[i]))
			return false;
	}
	return true;
}
