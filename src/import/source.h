/*
 * A file that is imported: what it is, where its lines go, and its input.
 */
#ifndef CICLO_SRC_IMPORT_SOURCE_H
#define CICLO_SRC_IMPORT_SOURCE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "ciclo/base/attr.h"
#include "collection.h"
#include "columns.h"
#include "input.h"
#include "options.h"

enum { DIGEST_TEXT = 65 }; /* BLAKE2b-256 in hexadecimal, and NUL */

struct source {
	const char *file; /* as the user wrote it */
	const char *name; /* the same, or "standard input" */
	struct collection collection;
	enum format format;
	bool regular; /* a file that can be read again: a run can go on in it */
	int fd;
	/* Of regular files. */
	uint64_t size;
	int64_t modified_ns;
	dev_t device;
	ino_t inode;
	char head[DIGEST_TEXT]; /* of its first bytes */
	struct input input;
	struct columns *columns;  /* CSV */
	char header[DIGEST_TEXT]; /* CSV: of the bytes of the header, else "" */
	char why[400];            /* the last complaint */
};

/* What the command line says of the file. false: see why. */
bool source_describe(struct source *s, const struct contract *contract, const struct options *options,
		     const char *file) NODISCARD;
/* Opens it, and reads the header of CSV. Complaints are in why; INPUT_STOPPED may also be. */
enum input_event source_open(struct source *s, struct stop *stop) NODISCARD;
/* Goes on at a place that an earlier run has come to. */
bool source_seek(struct source *s, uint64_t offset, uint64_t line) NODISCARD;
/* Has the file become another one while it was read? */
bool source_changed(const struct source *s) NODISCARD;
void source_close(struct source *s);

#endif
