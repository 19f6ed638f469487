/*
 * How far a file is, in a small JSON file beside it (FILE.ciclo-import), replaced as a whole after every answered batch:
 * whenever the process dies, there is a whole one, and it is true. Being behind does no harm: what is sent again is known.
 */
#ifndef CICLO_SRC_IMPORT_STATE_H
#define CICLO_SRC_IMPORT_STATE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "ciclo/base/attr.h"

struct tally {
	uint64_t created, unchanged, failed;
};

struct state {
	char *path;   /* NULL: none is kept */
	json_t *ties; /* what must be the same when a run goes on: {"collection", "url", ...} */
	bool found;   /* an earlier run was here, with these ties */
	/* Up to offset, which is the beginning of line, all is answered. */
	uint64_t offset, line;
	struct tally tally;
	uint64_t errors_bytes; /* of the file of --errors */
	char key_id[16];       /* of the API key, not its secret; "" without one */
	bool unanswered;       /* a batch from there on may have been sent */
	bool done;
};

enum state_end {
	STATE_NONE,
	STATE_FOUND,
	STATE_OTHER /* there is one, and a run cannot go on with these ties: see why */
};

/* Reads what an earlier run has left beside file; takes ties. */
enum state_end state_load(struct state *s, const char *file, json_t *ties, char *why, size_t size) NODISCARD;
/* false: could not be written; errno says why. */
bool state_save(const struct state *s) NODISCARD;
/* No run was here. */
void state_forget(struct state *s);
void state_remove(const struct state *s);
void state_release(struct state *s);
/* The member of what an earlier run has left beside file; -1: none. For what a run takes over without being told. */
json_int_t state_peek(const char *file, const char *member) NODISCARD;

#endif
