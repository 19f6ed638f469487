/*
 * Links: this customer is the same person as that one. Facts stay with the customer that they came in under; who reads
 * follows the links, so taking one away takes its history along.
 */
#ifndef CICLO_SRC_API_LINK_H
#define CICLO_SRC_API_LINK_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "ciclo/base/uuid7.h"
#include "ciclo/db/db.h"

enum { LINKS_MAX = 2 };

/* customer_id, the root of its own links, becomes part of person_id. */
struct link {
	char customer_id[UUID_TEXT];
	char person_id[UUID_TEXT];
	const char *kind, *value; /* the identity that showed it */
};

/* fact_write() or change_write(), by what they write for. */
typedef void link_write_fn(void *cls, enum query query, const json_t *rows);

/* Adds the writes that make these links; nothing for none. */
void link_write(link_write_fn *write, void *cls, size_t count, const struct link *links, int64_t now_us);
/* Adds the writes that take away the link by which an identity of customer_id is person_id. */
void link_remove(link_write_fn *write, void *cls, const struct link *link, int64_t now_us);

#endif
