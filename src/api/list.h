/*
 * Lists: keyset pages, newest first, {"items": [...], "next": cursor or null} and the same in a Link field.
 *
 * Every list statement takes $1 limit, $2 sort key and $3 id of the last item seen, then the path argument (if the
 * list has a parent), then its filters; it returns id, sort_key, document. Lists run in the report lane: a page of 1,000
 * must not delay point reads, and optional filters want a plan made for their values.
 */
#ifndef CICLO_SRC_API_LIST_H
#define CICLO_SRC_API_LIST_H

#include "ciclo/api/api.h"
#include "reference.h"

/* What the sort key of a list is. */
enum list_order { LIST_BY_INSTANT, LIST_BY_DAY };

/* How a query parameter becomes statement parameters. */
enum filter_kind {
	FILTER_TEXT,    /* one, as it is */
	FILTER_CUSTOMER /* three: id, or identity kind and value */
};

struct list_filter {
	const char *name; /* NULL ends */
	enum filter_kind kind;
};

struct list_kind {
	enum query query;
	enum list_order order;
	enum reference_table
		parent; /* of the path argument {ref}: two parameters, id or external id; REF_TABLES: none */
	struct list_filter filters[6];
};

/* The whole handler. kind must be static. */
void list_get(struct api *api, struct call *call, const struct list_kind *kind);

#endif
