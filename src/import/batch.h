/*
 * The next lines of a source as the body of one request, and its Idempotency-Key.
 *
 * The key is the BLAKE2b hash of the collection, the format (with the header of CSV), where the batch begins in the file,
 * and its bytes as they stand in the file. The service gives a fact that has no external_id a natural key made of the
 * Idempotency-Key and its place in the batch, for good. So the same lines sent again are the same facts, whether or not the
 * first answer arrived and whoever sends them, as long as batches begin and end at the same lines. They do: a border depends
 * on --batch and the bytes of the file alone.
 */
#ifndef CICLO_SRC_IMPORT_BATCH_H
#define CICLO_SRC_IMPORT_BATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ciclo/base/attr.h"
#include "ciclo/base/buf.h"
#include "ciclo/base/problem.h"
#include "source.h"

enum {
	BATCH_LINES = 1000,        /* an answer in about a second, and little to repeat */
	BATCH_LINES_MAX = 10000,   /* the service takes no more */
	BATCH_BYTES_MAX = 8 << 20, /* half of what it takes; holds every record */
	BATCH_KEY_BYTES = 32
};

/* One record: its line, and why it is not in the body. */
struct batch_line {
	uint64_t number;
	enum problem problem; /* PROBLEM_NONE: it is in the body, after the ones before it */
	char *fault;
};

struct batch {
	struct buf body; /* NDJSON */
	struct batch_line *line;
	size_t count; /* of lines */
	size_t sent;  /* of these, in the body */
	size_t limit; /* the most lines */
	char key[2 * BATCH_KEY_BYTES + 1];
};

bool batch_open(struct batch *b, size_t limit) NODISCARD;
void batch_close(struct batch *b);
/* Takes lines from the source. INPUT_END: there was none left. */
enum input_event batch_read(struct batch *b, struct source *source) NODISCARD;

#endif
