/*
 * A file, or what comes through a pipe, record by record: lines of NDJSON or records of CSV. Knows where it is, in bytes
 * and lines, so that a run can go on there. Memory is bounded, whatever the file is.
 *
 * A broken record is one line, up to its line end, so that a quote too many costs that line and not the rest of the file.
 * Where records begin and end depends on the bytes alone, not on how they arrive.
 */
#ifndef CICLO_SRC_IMPORT_INPUT_H
#define CICLO_SRC_IMPORT_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ciclo/base/attr.h"
#include "ciclo/base/problem.h"
#include "csv.h"
#include "stop.h"

/* The limit of the service for one fact sent alone. */
enum { RECORD_MAX = 1 << 20 };

enum format { FORMAT_NONE, FORMAT_NDJSON, FORMAT_CSV };

enum input_event {
	INPUT_RECORD,
	INPUT_END,
	INPUT_STOPPED, /* by a signal */
	INPUT_FAILED   /* errno says why */
};

struct record {
	const char *text; /* as in the file, with its line end */
	size_t len;
	size_t content; /* without its line end */
	bool blank;     /* nothing but white space: no record, but a line */
	bool rest;      /* goes on with a line that was too long, and was called so */
	enum problem problem;
	const char *fault; /* NULL: none */
};

struct input {
	int fd;
	enum format format;
	struct stop *stop;
	char *data;
	size_t begin, end; /* what has been read and not been taken */
	bool eof;
	bool skipping;   /* within a line that was too long */
	uint64_t offset; /* of data[begin] in the file */
	uint64_t line;   /* the number of its line, from 1 */
	struct csv_row row;
};

/* Reads from where fd stands, which is offset and line; a byte order mark at 0 is passed over. */
bool input_open(struct input *in, int fd, enum format format, uint64_t offset, uint64_t line,
		struct stop *stop) NODISCARD;
void input_close(struct input *in);
/* The next record, until input_take; in->row has its cells (CSV). */
enum input_event input_peek(struct input *in, struct record *ret) NODISCARD;
void input_take(struct input *in, const struct record *r);

#endif
