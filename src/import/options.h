/*
 * The command line of `ciclo import`.
 */
#ifndef CICLO_SRC_IMPORT_OPTIONS_H
#define CICLO_SRC_IMPORT_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "ciclo/base/attr.h"
#include "input.h"

struct options {
	const char *collection; /* NULL: by the name of each file */
	const char *url;
	const char *key;    /* NULL: none */
	enum format format; /* FORMAT_NONE: by the name of each file */
	const char *errors; /* NULL: no such file */
	size_t batch;       /* 0: not given */
	bool restart;
	bool help;
	int64_t retry_ms;
	char **files;
	size_t file_count;
};

/* argv[0] is not looked at. false, after a word on standard error. */
bool options_read(struct options *ret, int argc, char **argv) NODISCARD;
void options_help(FILE *out);

#endif
