/*
 * Building documents. The document of a fact is at once the answer, the row that goes to SQL and the
 * answer that an Idempotency-Key replays, so each is built once, from tables of names.
 */
#ifndef CICLO_SRC_API_DOCUMENT_H
#define CICLO_SRC_API_DOCUMENT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "ciclo/base/arena.h"
#include "ciclo/base/attr.h"
#include "ciclo/db/db.h"

enum { HASH_TEXT = 65 };

/*
 * Members of an object that are asked for in about the order that they have, as documents and rows do: most are found
 * without hashing their names.
 */
struct walk {
	json_t *object;
	void *next;
};

struct walk walk_of(const json_t *object);
/* Borrowed; NULL: there is none. */
json_t *walk_get(struct walk *w, const char *name);
int64_t walk_int(struct walk *w, const char *name, int64_t fallback);

/* value: taken over; NULL: what another object has under this name, or null. */
struct member {
	const char *name; /* NULL ends */
	json_t *value;
};

/* A new object of these members, in this order; `from` is where those without a value come from. */
json_t *document_new(const struct member *members, const json_t *from) NODISCARD;
/* Copies the members called names (NULL ends the list) of `from`; null where it has none. */
void document_copy(json_t *doc, const json_t *from, const char *const *names);
/* Sets text, or null. */
void document_text(json_t *doc, const char *name, const char *value);
json_t *instant_value(int64_t us) NODISCARD;
/* Sets an instant. */
void document_instant(json_t *doc, const char *name, int64_t us);
/*
 * Sets the instant that `from` carries under name, in UTC, or `fallback`. false: it carries none, so the fallback stands
 * (and is no part of what the client said).
 */
bool document_instant_from(json_t *doc, const char *name, const json_t *from, int64_t fallback);
/* Reads an instant; false when there is none. */
bool document_instant_read(const json_t *doc, const char *name, int64_t *ret) NODISCARD;
/* The same as document_instant_from, with null as the fallback. */
void document_instant_or_null(json_t *doc, const char *name, const json_t *from);
/* Member as integer, or the fallback when absent or null. */
int64_t document_int(const json_t *doc, const char *name, int64_t fallback);
/* One row (object) or all rows of an array as the text that a write of query takes. NULL when memory is out, or there is no row. */
const char *document_rows(enum query query, const json_t *rows, struct arena *arena) NODISCARD;
/* The same of one row of a statement with columns: the texts of its cells in their order, NULL for SQL NULL. */
const char *document_cells(enum query query, size_t count, const char *const *cells,
			   struct arena *arena) NODISCARD;
/* Hash (BLAKE2b-256, hex) of all but the members called so (NULL ends): the same for equal values, whatever the order of
 * their names. */
bool document_hash(const json_t *content, const char *const *without, char ret[HASH_TEXT]) NODISCARD;
/* Hash of some texts, each with its length, so that no two lists give the same bytes; NULL ends. */
void text_hash(char ret[HASH_TEXT], const char *first, ...) __attribute__((sentinel));

#endif
