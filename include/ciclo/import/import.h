/*
 * `ciclo import`: lines of a file -> POST /v1/{collection}/batch of a running service. An HTTP client; it knows the
 * contract, and nothing of the database.
 *
 * What it promises: however often it is interrupted and repeated, every line is in once (see src/import/batch.h), and
 * every line that could not be taken is reported by its number.
 */
#ifndef CICLO_IMPORT_IMPORT_H
#define CICLO_IMPORT_IMPORT_H

#include "ciclo/base/attr.h"
#include "ciclo/contract/contract.h"

/* Exit codes, also in `ciclo import --help`. */
enum {
	IMPORT_DONE = 0,
	IMPORT_BAD_LINES = 1,    /* all was sent, some lines were refused */
	IMPORT_NOT_FINISHED = 2, /* the same command goes on */
	IMPORT_USAGE = 64,       /* nothing was sent */
	IMPORT_STOPPED = 130     /* by a signal; the same command goes on */
};

/* argv[0] is the word "import". Blocks; returns the exit code. */
int import_main(const struct contract *contract, int argc, char **argv) NODISCARD;

#endif
