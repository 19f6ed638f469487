/*
 * One record of CSV (RFC 4180) from the beginning of a text. Nothing here reads files or knows what cells mean.
 *
 * Own code instead of libcsv, because what the importer needs is what that keeps to itself: where a record ends, to the
 * byte, and which one is broken, without losing the next.
 */
#ifndef CICLO_SRC_IMPORT_CSV_H
#define CICLO_SRC_IMPORT_CSV_H

#include <stdbool.h>
#include <stddef.h>

#include "ciclo/base/attr.h"

/* More columns than any table that people look at. */
enum { CSV_CELLS_MAX = 1000 };

/* Unquoted; not NUL-terminated. Lives as long as the text it was read from and the row. */
struct csv_cell {
	const char *text;
	size_t len;
};

struct csv_row {
	struct csv_cell cell[CSV_CELLS_MAX];
	size_t count;
	const char *fault; /* CSV_BAD: a static sentence */
	char *unquoted;    /* text of cells with doubled quotes */
	size_t unquoted_len;
};

enum csv_result {
	CSV_ROW,
	CSV_MORE, /* the record does not end within the text */
	CSV_BAD   /* see row->fault */
};

/* size: the longest text that csv_read will get. false: memory is out. */
bool csv_open(struct csv_row *row, size_t size) NODISCARD;
void csv_close(struct csv_row *row);
/* last: nothing follows the text. *ret_len: bytes of the record with its line end (CSV_ROW). */
enum csv_result csv_read(struct csv_row *row, const char *text, size_t len, bool last,
			 size_t *ret_len) NODISCARD;

#endif
