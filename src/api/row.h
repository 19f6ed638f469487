/*
 * Documents in the rows of an answer. A statement either has them made by PostgreSQL, in a column called `document`, or leaves
 * the members in columns of their own, which takes a fraction of the time; so what is read most does that.
 */
#ifndef CICLO_SRC_API_ROW_H
#define CICLO_SRC_API_ROW_H

#include <jansson.h>

#include "ciclo/base/buf.h"
#include "ciclo/db/db.h"

/* No document is larger: it came in one request of at most 16 MiB, and each of its bytes takes at most six. */
enum { DOCUMENT_TEXT_MAX = 96 << 20 };

/* Adds the document at column; if that is not called `document`, all columns from there on are its members, in their order. */
void row_document(struct buf *out, const struct db_answer *answer, size_t read, size_t row, size_t column);
/* The same of the first row of the first read, parsed. NULL: there is no row, its document is NULL, or memory is out. */
json_t *row_read(const struct db_answer *answer, size_t column);

#endif
