/*
 * The growing text buffer. It doubles, so adding n bytes in small pieces costs O(n).
 */
#include "ciclo/base/buf.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ciclo/base/eight.h"
#include "ciclo/base/memory.h"

/* The first allocation: an order as JSON fits without growing. */
enum { FIRST = 1024 };

void buf_init(struct buf *b, size_t max)
{
	*b = (struct buf){.max = max};
}

/* need: bytes with the NUL, at most max + 1. */
static bool make_room(struct buf *b, size_t need)
{
	size_t cap = b->cap ? b->cap : FIRST;
	char *data;

	while (cap < need)
		cap = cap > SIZE_MAX / 2 ? need : cap * 2;
	/* The last doubling must not take more memory than max can ever use. */
	if (cap - 1 > b->max)
		cap = b->max + 1;
	data = realloc(b->data, cap);
	if (!data) {
		memory_failed();
		return false;
	}
	b->data = data;
	b->cap = cap;
	return true;
}

bool buf_grow(struct buf *b, size_t more)
{
	/* SIZE_MAX bytes of text would leave no room for the NUL. */
	if (more > b->max - b->len || b->len + more == SIZE_MAX)
		b->failed = true;
	else if (b->len + more >= b->cap && !b->failed)
		b->failed = !make_room(b, b->len + more + 1);
	return !b->failed;
}

void buf_add(struct buf *b, const void *bytes, size_t len)
{
	if (!buf_reserve(b, len))
		return;
	if (len)
		memcpy(b->data + b->len, bytes, len);
	b->len += len;
	b->data[b->len] = '\0';
}

void buf_adds(struct buf *b, const char *text)
{
	buf_add(b, text, strlen(text));
}

static size_t count_digits(uint64_t number)
{
	size_t count = 1;

	while (number /= 10)
		count++;
	return count;
}

void buf_int(struct buf *b, int64_t number)
{
	uint64_t rest = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;
	size_t len = count_digits(rest) + (number < 0);
	char *to;

	if (!buf_reserve(b, len))
		return;
	to = b->data + b->len;
	*to = '-';
	b->len += len;
	to += len;
	*to = '\0';
	do
		*--to = (char)('0' + rest % 10);
	while (rest /= 10);
}

static void add_escape(struct buf *b, unsigned char c)
{
	static const char *const table[] = {['\b'] = "\\b", ['\t'] = "\\t", ['\n'] = "\\n", ['\f'] = "\\f",
					    ['\r'] = "\\r", ['"'] = "\\\"", ['\\'] = "\\\\"};

	if (table[c])
		buf_adds(b, table[c]);
	else
		buf_printf(b, "\\u%04X", c);
}

/* Returns how many of the eight need no escape. */
static inline size_t copy_eight(char *to, const char *text)
{
	uint64_t special = eight_special(eight_load(text));

	memcpy(to, text, EIGHT);
	return special ? eight_first(special) : EIGHT;
}

/* Copies bytes as long as they need no escape, and maybe some behind them; returns how many. */
static size_t copy_plain(char *to, const char *text, size_t len)
{
	size_t n = 0, plain = EIGHT;

	for (; n + EIGHT <= len && plain == EIGHT; n += plain)
		plain = copy_eight(to + n, text + n);
	if (plain < EIGHT || n == len)
		return n;
	/* Those that are left, with as many before them once more. */
	if (len >= EIGHT)
		return len - EIGHT + copy_eight(to + len - EIGHT, text + len - EIGHT);
	for (; n < len && (unsigned char)text[n] >= ' ' && text[n] != '"' && text[n] != '\\'; n++)
		to[n] = text[n];
	return n;
}

/* What is left of a string from the first character on that needs an escape. */
static void add_escaped(struct buf *b, const char *text, size_t len)
{
	while (len > 0 && buf_reserve(b, len)) {
		size_t n = copy_plain(b->data + b->len, text, len);

		b->len += n;
		b->data[b->len] = '\0';
		if (n < len)
			add_escape(b, (unsigned char)text[n++]);
		text += n;
		len -= n;
	}
}

void buf_json_string(struct buf *b, const char *text, size_t len)
{
	size_t n;
	char *to;

	if (!buf_reserve(b, len + 2))
		return;
	to = b->data + b->len;
	*to++ = '"';
	n = copy_plain(to, text, len);
	to[n] = '\0';
	b->len += n + 1;
	if (n < len)
		add_escaped(b, text + n, len - n);
	buf_addc(b, '"');
}

void buf_element(struct buf *b, const char *text, size_t len)
{
	char *to;

	if (!buf_reserve(b, 2 * len + 2))
		return;
	to = b->data + b->len;
	*to++ = '"';
	for (size_t i = 0; i < len; i++) {
		size_t n = copy_plain(to, text + i, len - i);

		to += n;
		i += n;
		if (i < len && (text[i] == '"' || text[i] == '\\'))
			*to++ = '\\';
		if (i < len)
			*to++ = text[i];
	}
	*to++ = '"';
	*to = '\0';
	b->len = (size_t)(to - b->data);
}

void buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list args;
	int len;

	if (b->failed)
		return;
	va_start(args, fmt);
	len = vsnprintf(NULL, 0, fmt, args);
	va_end(args);
	if (len < 0) {
		b->failed = true;
		return;
	}
	if (!buf_reserve(b, (size_t)len))
		return;
	va_start(args, fmt);
	vsnprintf(b->data + b->len, (size_t)len + 1, fmt, args);
	va_end(args);
	b->len += (size_t)len;
}

char *buf_take(struct buf *b, size_t *ret_len)
{
	char *text = NULL;

	/* Nothing added is an empty text, not a failure. */
	if (buf_reserve(b, 0)) {
		text = b->data;
		text[b->len] = '\0';
		if (ret_len)
			*ret_len = b->len;
		b->data = NULL;
	}
	buf_release(b);
	return text;
}

void buf_release(struct buf *b)
{
	if (!b)
		return;
	free(b->data);
	buf_init(b, b->max);
}
