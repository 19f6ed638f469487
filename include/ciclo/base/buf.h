/*
 * A growing text buffer that is born with a cap.
 *
 * Invariants: data is NUL-terminated whenever it is not NULL; len <= max.
 * Once an addition would pass max or memory is out, `failed` is set, the buffer
 * keeps what it had and every later addition is refused, so callers check once,
 * at the end.
 */
#ifndef CICLO_BASE_BUF_H
#define CICLO_BASE_BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ciclo/base/attr.h"

struct buf {
	char *data;
	size_t len;
	size_t cap;
	size_t max;
	bool failed;
};

/* max: the most bytes of text that the buffer will ever hold. */
void buf_init(struct buf *b, size_t max);
void buf_add(struct buf *b, const void *bytes, size_t len);
void buf_adds(struct buf *b, const char *text);
/* Makes room for `more` bytes and the NUL where there is none; for buf_reserve. */
bool buf_grow(struct buf *b, size_t more);
/* false: b has failed. These two are here because writing JSON asks them at every few bytes. */
static inline bool buf_reserve(struct buf *b, size_t more)
{
	return (!b->failed && more < b->cap - b->len) || buf_grow(b, more);
}
static inline void buf_addc(struct buf *b, char c)
{
	if (!buf_reserve(b, 1))
		return;
	b->data[b->len++] = c;
	b->data[b->len] = '\0';
}
void buf_int(struct buf *b, int64_t number);
/* As a JSON string (RFC 8259 section 7) with its quotes; UTF-8 stays as it is. */
void buf_json_string(struct buf *b, const char *text, size_t len);
/* As an element of a PostgreSQL array literal, in quotes, so that only quotes and backslashes mean something. */
void buf_element(struct buf *b, const char *text, size_t len);
void buf_printf(struct buf *b, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* Hands the text (malloc'd, NUL-terminated) to the caller and empties b; NULL if it failed. */
char *buf_take(struct buf *b, size_t *ret_len) NODISCARD;
/* NULL-safe; leaves b empty and usable with the same max. */
void buf_release(struct buf *b);

#endif
