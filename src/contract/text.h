/*
 * Percent-encoding (RFC 3986 §2.1) and UTF-8 (RFC 3629), a byte at a time; steps of JSON pointers.
 */
#ifndef CICLO_CONTRACT_TEXT_H
#define CICLO_CONTRACT_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "ciclo/base/attr.h"

/* A part of a longer text; not NUL-terminated. */
struct span {
	const char *text;
	size_t len;
};

/* Takes everything up to `separator` (or all) off *rest, the separator itself, too. false: nothing is left
 * (text is NULL). "a//" gives "a", "", "". */
bool span_next(struct span *rest, char separator, struct span *ret) NODISCARD;

/* The next decoded byte, taken off s; -1 on a bad escape. s must not be empty. */
int percent_next(struct span *s);
/* Decodes into out (s.len bytes are enough), NUL-terminated behind (so s.len + 1). plus: '+' is a space, as
 * in application/x-www-form-urlencoded. false: bad escape, NUL, or not UTF-8. */
bool percent_decode(struct span s, bool plus, char *out, size_t *ret_len) NODISCARD;

/* Zero: at the start of a character. */
struct utf8 {
	unsigned char need; /* bytes to come */
	unsigned char low;  /* bounds of the next one */
	unsigned char high;
};

/* false: this byte cannot come here. The text is whole when need is 0. */
bool utf8_step(struct utf8 *u, unsigned char byte) NODISCARD;

/* "/name" with "~" and "/" escaped (one step of a JSON pointer, RFC 6901 §3); no NUL behind it. Returns its length,
 * 0 when it does not fit. */
size_t pointer_step(const char *name, char *out, size_t size);

#endif
