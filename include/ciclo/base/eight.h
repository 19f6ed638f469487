/*
 * Eight bytes of text at once: most of them need nothing done, and one look says so.
 */
#ifndef CICLO_BASE_EIGHT_H
#define CICLO_BASE_EIGHT_H

#include <endian.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { EIGHT = 8 };

/* The first byte is the lowest. */
static inline uint64_t eight_load(const char *text)
{
	uint64_t bytes;

	memcpy(&bytes, text, sizeof bytes);
	return le64toh(bytes);
}

static inline uint64_t eight_of(unsigned char c)
{
	return c * (UINT64_MAX / 0xff);
}

/* The next three mark bytes by their highest bit. A byte above a marked one may be marked for no reason, the first never is. */

/* c: at most 0x80 */
static inline uint64_t eight_below(uint64_t bytes, unsigned char c)
{
	return (bytes - eight_of(c)) & ~bytes & eight_of(0x80);
}

/* What a JSON string has to escape. */
static inline uint64_t eight_special(uint64_t bytes)
{
	return eight_below(bytes, ' ') | eight_below(bytes ^ eight_of('"'), 1) |
	       eight_below(bytes ^ eight_of('\\'), 1);
}

static inline uint64_t eight_not_ascii(uint64_t bytes)
{
	return bytes & eight_of(0x80);
}

/* Where the first marked byte is; there is one. */
static inline size_t eight_first(uint64_t marked)
{
	return (size_t)__builtin_ctzll(marked) / 8;
}

#endif
