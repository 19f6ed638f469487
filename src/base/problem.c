/*
 * The table of problems, and the collection of violations.
 */
#include "ciclo/base/problem.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ciclo/base/buf.h"
#include "ciclo/base/memory.h"

enum {
	/* A pointer repeats the names above it, so that one long name in a body could be echoed for
	 * each of its members: cut. */
	WHERE_MAX = 1000,
	/* A sentence. What it quotes may be long. */
	DETAIL_MAX = 500
};

struct problem_type {
	int status;
	const char *slug;
	const char *title;
	const char *meaning;
};

static const struct problem_type types[PROBLEM_COUNT] = {
	[PROBLEM_NONE] = {0, "none", "No problem", "Nothing is wrong."},
#define X(slug, status, title, meaning) [PROBLEM_##slug] = {status, #slug, title, meaning},
#include "ciclo/base/problem.def"
#undef X
};

static const struct problem_type *type_of(enum problem code)
{
	/* A code from outside the list is a bug of ours, and 500 is how those are answered. */
	return (unsigned)code < PROBLEM_COUNT ? &types[code] : &types[PROBLEM_internal_error];
}

int problem_status(enum problem code)
{
	return type_of(code)->status;
}

const char *problem_slug(enum problem code)
{
	return type_of(code)->slug;
}

const char *problem_title(enum problem code)
{
	return type_of(code)->title;
}

const char *problem_meaning(enum problem code)
{
	return type_of(code)->meaning;
}

enum problem problem_from_slug(const char *slug)
{
	if (!slug)
		return PROBLEM_NONE;
	for (unsigned i = PROBLEM_NONE + 1; i < PROBLEM_COUNT; i++) {
		if (strcmp(types[i].slug, slug) == 0)
			return (enum problem)i;
	}
	return PROBLEM_NONE;
}

/* A copy of at most max bytes that does not end inside a UTF-8 character: half of one would make
 * the whole answer unfit for JSON. */
static char *copy_cut(const char *text, size_t max)
{
	size_t len = strnlen(text, max + 1);

	if (len > max) {
		len = max;
		while (len > 0 && ((unsigned char)text[len] & 0xc0) == 0x80)
			len--;
	}
	return memory_counted(strndup(text, len));
}

/* Room for one more; it doubles: 1, 2, 4 ... */
static bool grow(struct violations *v)
{
	struct violation *item;

	if (v->count & (v->count - 1))
		return true;
	item = realloc(v->item, (v->count ? 2 * v->count : 1) * sizeof(*item));
	if (!item) {
		memory_failed();
		return false;
	}
	v->item = item;
	return true;
}

void violation_add(struct violations *v, enum violation_in in, const char *where, const char *code,
		   const char *fmt, ...)
{
	/* Longer than what is kept by one character, so that copy_cut sees where it was cut. */
	char text[DETAIL_MAX + 8];
	struct violation item = {.in = in, .code = code};
	va_list args;

	v->total++;
	if (v->count == VIOLATIONS_MAX)
		return;
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	item.where = copy_cut(where, WHERE_MAX);
	item.detail = copy_cut(text, DETAIL_MAX);
	if (!item.where || !item.detail || !grow(v)) {
		/* Out of memory: counted, not kept. */
		free(item.where);
		free(item.detail);
		return;
	}
	v->item[v->count++] = item;
}

char *violation_pointer(const struct violation *v)
{
	/* What a fragment can hold; all else is percent-encoded. */
	static const char plain[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~!$&'()*+,;=:@/?";
	struct buf b;

	buf_init(&b, 3 * WHERE_MAX + 1);
	buf_addc(&b, '#');
	for (const char *c = v->where; *c; c++) {
		if (strchr(plain, *c))
			buf_addc(&b, *c);
		else
			buf_printf(&b, "%%%02X", (unsigned)(unsigned char)*c);
	}
	return buf_take(&b, NULL);
}

void violations_release(struct violations *v)
{
	if (!v)
		return;
	for (size_t i = 0; i < v->count; i++) {
		free(v->item[i].where);
		free(v->item[i].detail);
	}
	free(v->item);
	v->item = NULL;
	v->count = 0;
	v->total = 0;
}
