/*
 * Rows of a statement with columns as the server takes them: for each column an array in PostgreSQL's binary form, which costs
 * it a fraction of what reading text does. Rows come as cells of text (see ciclo/db/db.h).
 */
#ifndef CICLO_SRC_DB_COLUMNS_H
#define CICLO_SRC_DB_COLUMNS_H

#include <stddef.h>

#include "ciclo/base/buf.h"
#include "ciclo/db/db.h"

/* columns: room for COLUMNS_MAX, empty; those of the query become arrays without elements. */
void columns_begin(struct buf *columns, enum query query);
/* Adds rows; asker: what the first column of each is, unless 0. Returns how many. A cell that is not of its column's type makes the server
 * refuse the statement (22P03). */
size_t columns_add(struct buf *columns, enum query query, size_t asker, const char *cells);
/* All rows are there. Returns how many columns. */
size_t columns_end(struct buf *columns, enum query query, size_t rows);

#endif
