/*
 * Percent-encoding, UTF-8, JSON pointers.
 */
#include "text.h"

bool span_next(struct span *rest, char separator, struct span *ret)
{
	const char *end;

	if (!rest->text)
		return false;
	end = memchr(rest->text, separator, rest->len);
	if (!end) {
		*ret = *rest;
		*rest = (struct span){NULL, 0};
		return true;
	}
	*ret = (struct span){rest->text, (size_t)(end - rest->text)};
	*rest = (struct span){end + 1, rest->len - ret->len - 1};
	return true;
}

static int hex_digit(char ch)
{
	if (ch >= '0' && ch <= '9')
		return ch - '0';
	if (ch >= 'a' && ch <= 'f')
		return ch - 'a' + 10;
	return ch >= 'A' && ch <= 'F' ? ch - 'A' + 10 : -1;
}

int percent_next(struct span *s)
{
	unsigned char first = (unsigned char)s->text[0];
	int high = -1;
	int low = -1;

	if (first == '%' && s->len >= 3) {
		high = hex_digit(s->text[1]);
		low = hex_digit(s->text[2]);
	}
	if (first == '%' && (high < 0 || low < 0))
		return -1;
	s->text += first == '%' ? 3 : 1;
	s->len -= first == '%' ? 3 : 1;
	return first == '%' ? high * 16 + low : first;
}

bool percent_decode(struct span s, bool plus, char *out, size_t *ret_len)
{
	struct utf8 state = {.need = 0};
	size_t len = 0;

	while (s.len > 0) {
		bool space = plus && s.text[0] == '+';
		int byte = percent_next(&s);

		if (byte <= 0 || !utf8_step(&state, (unsigned char)byte))
			return false;
		out[len++] = space ? ' ' : (char)byte;
	}
	out[len] = '\0';
	*ret_len = len;
	return state.need == 0;
}

/* Table 3-7 of the Unicode standard: no overlong forms, no surrogates, nothing above U+10FFFF. */
static const struct lead {
	unsigned char first, last;
	struct utf8 then;
} leads[] = {
	{0x00, 0x7f, {0, 0, 0}},       {0xc2, 0xdf, {1, 0x80, 0xbf}}, {0xe0, 0xe0, {2, 0xa0, 0xbf}},
	{0xe1, 0xec, {2, 0x80, 0xbf}}, {0xed, 0xed, {2, 0x80, 0x9f}}, {0xee, 0xef, {2, 0x80, 0xbf}},
	{0xf0, 0xf0, {3, 0x90, 0xbf}}, {0xf1, 0xf3, {3, 0x80, 0xbf}}, {0xf4, 0xf4, {3, 0x80, 0x8f}},
};

bool utf8_step(struct utf8 *u, unsigned char byte)
{
	if (u->need > 0) {
		if (byte < u->low || byte > u->high)
			return false;
		*u = (struct utf8){.need = (unsigned char)(u->need - 1), .low = 0x80, .high = 0xbf};
		return true;
	}
	for (size_t i = 0; i < COUNTOF(leads); i++) {
		if (byte >= leads[i].first && byte <= leads[i].last) {
			*u = leads[i].then;
			return true;
		}
	}
	return false;
}

size_t pointer_step(const char *name, char *out, size_t size)
{
	size_t used = 0;

	if (size == 0)
		return 0;
	out[used++] = '/';
	for (; *name; name++) {
		bool special = *name == '~' || *name == '/';

		if (used + special >= size)
			return 0;
		if (special)
			out[used++] = '~';
		out[used++] = *name == '~' ? '0' : *name == '/' ? '1' : *name;
	}
	return used;
}
