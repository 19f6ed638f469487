/*
 * Lists: keyset pages (page.h) of one resource.
 *
 * Every list statement takes the parameters of a page, then the path argument (if the list has a parent), then its
 * filters. Lists run in the report lane: a page of 1,000 must not delay point reads, and optional filters want a plan
 * made for their values.
 */
#ifndef CICLO_SRC_API_LIST_H
#define CICLO_SRC_API_LIST_H

#include "ciclo/api/api.h"
#include "page.h"
#include "reference.h"

/* How a query parameter becomes statement parameters. */
enum filter_kind {
	FILTER_TEXT,    /* one, as it is */
	FILTER_INTEGER, /* one, in digits */
	FILTER_INSTANT, /* one, in UTC: PostgreSQL takes no offset of 16 hours or more, RFC 3339 does */
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
		parent; /* of the path argument {ref}: two parameters, id or external id; REF_CUSTOMER: three, id, or identity kind and value; REF_TABLES: none */
	struct list_filter filters[8];
	bool fresh; /* reads what is derived, which is brought up to the facts first */
};

/* The whole handler. kind must be static. */
void list_get(struct api *api, struct call *call, const struct list_kind *kind);

#endif
