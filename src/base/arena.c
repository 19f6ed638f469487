/*
 * The bump allocator: a list of chunks, freed together.
 *
 * Invariants: the head chunk is the one that is filled, and of the common size; `left` is what may still be handed out,
 * in bytes rounded up to ALIGN. Under AddressSanitizer everything that was not handed out is
 * poisoned, and blocks keep a gap, so that an overrun is found although it stays in the chunk.
 */
#include "ciclo/base/arena.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ciclo/base/memory.h"

#if defined(__SANITIZE_ADDRESS__)
#define ARENA_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ARENA_ASAN 1
#endif
#endif

#ifdef ARENA_ASAN
#include <sanitizer/asan_interface.h>
enum { GAP = 16 };
#else
#define ASAN_POISON_MEMORY_REGION(at, size)   ((void)(at), (void)(size))
#define ASAN_UNPOISON_MEMORY_REGION(at, size) ((void)(at), (void)(size))
enum { GAP = 0 };
#endif

enum {
	ALIGN = alignof(max_align_t),
	/* An order with a few lines fits into one chunk; with its head it is just below 8 KiB, so that
	 * malloc takes two pages. */
	CHUNK = 8192 - 64,
	/* Larger blocks get a chunk of their own: the rest of the head stays in use. */
	LARGE = CHUNK / 4
};

struct chunk {
	struct chunk *next;
	size_t size;
	size_t used;
	alignas(max_align_t) unsigned char data[];
};

struct arena {
	struct chunk *head;
	size_t left;
	uint64_t refusals;
};

static struct chunk *chunk_new(size_t size)
{
	struct chunk *c = memory_alloc(sizeof(*c) + size);

	if (!c)
		return NULL;
	c->next = NULL;
	c->size = size;
	c->used = 0;
	ASAN_POISON_MEMORY_REGION(c->data, size);
	return c;
}

/* The chunk that has room for size + GAP bytes; NULL when memory is out. */
static struct chunk *chunk_for(struct arena *a, size_t size)
{
	struct chunk *c = a->head;

	if (size + GAP <= c->size - c->used)
		return c;
	if (size > LARGE) {
		c = chunk_new(size + GAP);
		if (!c)
			return NULL;
		c->next = a->head->next;
		a->head->next = c;
		return c;
	}
	c = chunk_new(CHUNK);
	if (!c)
		return NULL;
	c->next = a->head;
	a->head = c;
	return c;
}

struct arena *arena_new(size_t max)
{
	struct arena *a = memory_alloc(sizeof(*a));

	if (!a)
		return NULL;
	a->left = max;
	a->refusals = 0;
	a->head = chunk_new(CHUNK);
	if (!a->head) {
		free(a);
		return NULL;
	}
	return a;
}

void *arena_alloc(struct arena *a, size_t size)
{
	struct chunk *c;
	size_t rounded;
	void *block;

	if (size > SIZE_MAX / 2 || size > a->left) {
		a->refusals++;
		return NULL;
	}
	/* A block of no bytes still has an address of its own. */
	rounded = size ? (size + ALIGN - 1) / ALIGN * ALIGN : ALIGN;
	c = chunk_for(a, rounded);
	if (!c)
		return NULL;
	block = c->data + c->used;
	c->used += rounded + GAP;
	a->left -= rounded < a->left ? rounded : a->left;
	ASAN_UNPOISON_MEMORY_REGION(block, size);
	memset(block, 0, size);
	return block;
}

uint64_t arena_refusals(const struct arena *a)
{
	return a->refusals;
}

char *arena_strndup(struct arena *a, const char *text, size_t len)
{
	char *copy = len < SIZE_MAX ? arena_alloc(a, len + 1) : NULL;

	if (copy && len)
		memcpy(copy, text, len);
	return copy;
}

static size_t length_of_all(const char *first, va_list rest)
{
	size_t len = 0;

	for (const char *text = first; text; text = va_arg(rest, const char *))
		len += strlen(text);
	return len;
}

static void append_all(char *to, const char *first, va_list rest)
{
	for (const char *text = first; text; text = va_arg(rest, const char *)) {
		size_t len = strlen(text);

		memcpy(to, text, len + 1);
		to += len;
	}
}

char *arena_join(struct arena *a, const char *first, ...)
{
	va_list args;
	char *joined;

	va_start(args, first);
	joined = arena_alloc(a, length_of_all(first, args) + 1);
	va_end(args);
	va_start(args, first);
	if (joined)
		append_all(joined, first, args);
	va_end(args);
	return joined;
}

char *arena_vprintf(struct arena *a, const char *fmt, va_list args)
{
	char *text = NULL;
	va_list again;
	int len;

	va_copy(again, args);
	len = vsnprintf(NULL, 0, fmt, args);
	if (len >= 0)
		text = arena_alloc(a, (size_t)len + 1);
	if (text)
		vsnprintf(text, (size_t)len + 1, fmt, again);
	va_end(again);
	return text;
}

char *arena_printf(struct arena *a, const char *fmt, ...)
{
	va_list args;
	char *text;

	va_start(args, fmt);
	text = arena_vprintf(a, fmt, args);
	va_end(args);
	return text;
}

/* The next chunk. */
static struct chunk *chunk_free(struct chunk *c)
{
	struct chunk *next = c->next;

	/* The memory goes back to malloc, which may hand it out to others. */
	ASAN_UNPOISON_MEMORY_REGION(c->data, c->size);
	free(c);
	return next;
}

void arena_reset(struct arena *a, size_t max)
{
	/* The head is of the common size, as no large one ever is filled. */
	while (a->head->next)
		a->head->next = chunk_free(a->head->next);
	a->head->used = 0;
	a->left = max;
	a->refusals = 0;
	ASAN_POISON_MEMORY_REGION(a->head->data, a->head->size);
}

void arena_free(struct arena *a)
{
	if (!a)
		return;
	while (a->head)
		a->head = chunk_free(a->head);
	free(a);
}
