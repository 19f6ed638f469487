/*
 * Keyset pages: {"items": [...], "next": cursor or null} and the same in a Link field, newest first.
 *
 * A statement that makes pages takes $1 limit, $2 sort key and $3 id of the last item seen; it returns id, sort_key,
 * document, by sort_key and id downwards. What is written between two pages is on a later page if it sorts behind the
 * cursor and on none if it sorts before it; nothing is seen twice that did not move.
 */
#ifndef CICLO_SRC_API_PAGE_H
#define CICLO_SRC_API_PAGE_H

#include <stdbool.h>
#include <stddef.h>

#include "ciclo/api/api.h"
#include "ciclo/base/time.h"

/* What the sort key is. */
enum list_order { LIST_BY_INSTANT, LIST_BY_DAY };

enum { PAGE_ARGS = 3 };

struct page {
	struct call *call;
	enum list_order order;
	size_t limit;
	char limit_text[8];
	char sort_key[INSTANT_TEXT];
	char id[UUID_TEXT]; /* "" on the first page */
};

/* Reads limit and cursor of the request; false: answered 400. */
bool page_open(struct page *p, struct call *call, enum list_order order) NODISCARD;
/* $1 to $3; they live as long as p. */
void page_args(const struct page *p, const char *args[static PAGE_ARGS]);
/* Answers with the n-th read. */
void page_reply(const struct page *p, const struct db_answer *answer, size_t read);

#endif
