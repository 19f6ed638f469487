/*
 * A reader that accepts nothing that jansson refuses (a test compares them), and leaves to it whatever it does not accept
 * itself: so it needs no words for faults.
 */
#include "json_parse.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ciclo/base/buf.h"
#include "ciclo/base/eight.h"
#include "ciclo/contract/json.h"

#include "text.h"

enum {
	/* Any such number fits into 64 bits. */
	DIGITS_MAX = 18,
	REAL_MAX = 64
};

struct reader {
	const char *at, *end;
	unsigned depth;
	struct buf text; /* of a string with escapes, until the next one */
};

static json_t *read_value(struct reader *r);

/* The next byte that is no white space; -1 at the end. */
static int peek(struct reader *r)
{
	while (r->at < r->end && (*r->at == ' ' || *r->at == '\n' || *r->at == '\t' || *r->at == '\r'))
		r->at++;
	return r->at < r->end ? (unsigned char)*r->at : -1;
}

static bool take(struct reader *r, char c)
{
	bool is_there = peek(r) == c;

	r->at += is_there;
	return is_there;
}

/* ---- strings -------------------------------------------------------------------------------------- */

static bool skip_character(struct reader *r)
{
	struct utf8 u = {0};

	do {
		if (r->at == r->end || !utf8_step(&u, (unsigned char)*r->at++))
			return false;
	} while (u.need);
	return true;
}

static void skip_ascii(struct reader *r)
{
	while (r->end - r->at >= EIGHT) {
		uint64_t bytes = eight_load(r->at), marked = eight_special(bytes) | eight_not_ascii(bytes);

		if (marked) {
			r->at += eight_first(marked);
			return;
		}
		r->at += EIGHT;
	}
	while (r->at < r->end && (signed char)*r->at >= ' ' && *r->at != '"' && *r->at != '\\')
		r->at++;
}

/* Up to a quote, a backslash or a control character. false: there is none, or what is before it is not UTF-8. */
static bool skip_plain(struct reader *r)
{
	for (;;) {
		skip_ascii(r);
		if (r->at == r->end || !(*r->at & 0x80))
			return r->at < r->end;
		if (!skip_character(r))
			return false;
	}
}

/* Four hexadecimal digits; -1: there are none. */
static long read_unit(struct reader *r)
{
	static const char digits[] = "0123456789abcdef0123456789ABCDEF";
	long unit = 0;

	if (r->end - r->at < 4)
		return -1;
	for (const char *stop = r->at + 4; r->at < stop; r->at++) {
		const char *digit = memchr(digits, *r->at, sizeof digits - 1);

		if (!digit)
			return -1;
		unit = unit << 4 | ((digit - digits) & 15);
	}
	return unit;
}

static bool is_surrogate(long unit, long first)
{
	return unit >= first && unit < first + 0x400;
}

/* What is behind \u: one unit, or two with another \u between them. -1: not a character that text may have. */
static long read_code_point(struct reader *r)
{
	long high = read_unit(r), low;

	if (high <= 0 || is_surrogate(high, 0xdc00))
		return -1;
	if (!is_surrogate(high, 0xd800))
		return high;
	if (r->end - r->at < 2 || memcmp(r->at, "\\u", 2) != 0)
		return -1;
	r->at += 2;
	low = read_unit(r);
	return is_surrogate(low, 0xdc00) ? 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00) : -1;
}

static void add_code_point(struct buf *text, long c)
{
	static const long first[] = {0x80, 0x800, 0x10000}; /* of two bytes, of three, of four */
	static const int mark[] = {0, 0xc0, 0xe0, 0xf0};
	size_t more = 0;

	while (more < COUNTOF(first) && c >= first[more])
		more++;
	buf_addc(text, (char)(mark[more] | c >> (6 * more)));
	while (more-- > 0)
		buf_addc(text, (char)(0x80 | ((c >> (6 * more)) & 0x3f)));
}

/* What is behind a backslash. */
static bool read_escape(struct reader *r)
{
	static const char letters[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
	const char *letter;
	long c;

	if (r->at == r->end)
		return false;
	letter = memchr(letters, *r->at, sizeof letters - 1);
	c = letter ? meant[letter - letters] : -1;
	if (*r->at++ == 'u')
		c = read_code_point(r);
	if (c > 0)
		add_code_point(&r->text, c);
	return c > 0;
}

/* The rest of a string that has escapes, of which what is up to the first has been seen. */
static bool read_escaped(struct reader *r, const char *seen, struct span *ret)
{
	r->text.len = 0;
	for (;;) {
		buf_add(&r->text, seen, (size_t)(r->at - seen));
		if (*r->at++ == '"')
			break;
		if (r->at[-1] != '\\' || !read_escape(r))
			return false;
		seen = r->at;
		if (!skip_plain(r))
			return false;
	}
	*ret = (struct span){r->text.data, r->text.len};
	return !r->text.failed;
}

/* *ret lasts until the next string; of one without escapes, as long as the text. */
static bool read_string(struct reader *r, bool may_escape, struct span *ret)
{
	const char *start = ++r->at;

	if (!skip_plain(r))
		return false;
	if (*r->at == '\\')
		return may_escape && read_escaped(r, start, ret);
	*ret = (struct span){start, (size_t)(r->at - start)};
	return *r->at++ == '"';
}

/* ---- numbers -------------------------------------------------------------------------------------- */

static bool is_digit(const struct reader *r)
{
	return r->at < r->end && *r->at >= '0' && *r->at <= '9';
}

/* One at least; their value, as long as there are not too many. */
static bool read_digits(struct reader *r, uint64_t *ret)
{
	const char *start = r->at;
	uint64_t value = 0;

	for (; is_digit(r); r->at++)
		value = value * 10 + (uint64_t)(*r->at - '0');
	*ret = value;
	return r->at > start && r->at - start <= DIGITS_MAX;
}

/* The fraction and the exponent, of which one is there. */
static bool skip_fraction(struct reader *r)
{
	uint64_t ignored;

	if (*r->at == '.') {
		r->at++;
		if (!read_digits(r, &ignored))
			return false;
	}
	if (r->at == r->end || (*r->at != 'e' && *r->at != 'E'))
		return true;
	r->at++;
	if (r->at < r->end && (*r->at == '+' || *r->at == '-'))
		r->at++;
	return read_digits(r, &ignored);
}

static json_t *read_real(struct reader *r, const char *start)
{
	char text[REAL_MAX];
	size_t len;
	double value;

	if (!skip_fraction(r))
		return NULL;
	len = (size_t)(r->at - start);
	if (len >= sizeof text)
		return NULL;
	memcpy(text, start, len);
	text[len] = '\0';
	value = strtod(text, NULL);
	return isfinite(value) ? json_real(value) : NULL;
}

static json_t *read_number(struct reader *r)
{
	const char *start = r->at, *digits;
	uint64_t value;

	if (*r->at == '-')
		r->at++;
	digits = r->at;
	if (!read_digits(r, &value) || (*digits == '0' && r->at - digits > 1))
		return NULL;
	if (r->at < r->end && (*r->at == '.' || *r->at == 'e' || *r->at == 'E'))
		return read_real(r, start);
	return json_integer(*start == '-' ? -(json_int_t)value : (json_int_t)value);
}

/* ---- values --------------------------------------------------------------------------------------- */

/* Two members of one name would make one. */
static bool read_member(struct reader *r, json_t *object)
{
	struct span name;
	size_t count = json_object_size(object);
	json_t *value;

	if (peek(r) != '"' || !read_string(r, false, &name) || !take(r, ':'))
		return false;
	value = read_value(r);
	return value && json_object_setn_new_nocheck(object, name.text, name.len, value) == 0 &&
	       json_object_size(object) > count;
}

static bool read_item(struct reader *r, json_t *array)
{
	json_t *value = read_value(r);

	return value && json_array_append_new(array, value) == 0;
}

/* Takes `container` over; NULL when what is in it is not right. */
static json_t *read_all(struct reader *r, json_t *container, bool (*read)(struct reader *r, json_t *to),
			char end)
{
	bool right = ++r->depth <= JSON_DEPTH_MAX && container;

	r->at++;
	if (right && !take(r, end)) {
		do
			right = read(r, container);
		while (right && take(r, ','));
		right = right && take(r, end);
	}
	r->depth--;
	if (right)
		return container;
	json_decref(container);
	return NULL;
}

static json_t *read_text(struct reader *r)
{
	struct span text;

	return read_string(r, true, &text) ? json_stringn_nocheck(text.text, text.len) : NULL;
}

static json_t *read_word(struct reader *r, const char *word, json_t *value)
{
	size_t len = strlen(word);

	if ((size_t)(r->end - r->at) < len || memcmp(r->at, word, len) != 0)
		return NULL;
	r->at += len;
	return value;
}

/* The depth is bounded by read_all(). */
static json_t *read_value(struct reader *r)
{
	switch (peek(r)) {
	case '{':
		return read_all(r, json_object(), read_member, '}');
	case '[':
		return read_all(r, json_array(), read_item, ']');
	case '"':
		return read_text(r);
	case 't':
		return read_word(r, "true", json_true());
	case 'f':
		return read_word(r, "false", json_false());
	case 'n':
		return read_word(r, "null", json_null());
	case -1:
		return NULL;
	default:
		return read_number(r);
	}
}

json_t *json_parse(const char *text, size_t len)
{
	struct reader r = {.at = text, .end = text + len};
	json_t *value;

	buf_init(&r.text, SIZE_MAX / 2);
	value = read_value(&r);
	if (value && peek(&r) != -1) {
		json_decref(value);
		value = NULL;
	}
	buf_release(&r.text);
	return value;
}
