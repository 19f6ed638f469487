/*
 * What the fuzz targets share: a property that must hold, reading an input, and the contract of the service.
 *
 * A target is one LLVMFuzzerTestOneInput; libFuzzer, AFL++ and replay.c call it. A property that does not hold aborts, so that
 * a finding looks the same as a fault of memory.
 */
#ifndef CICLO_TESTS_FUZZ_H
#define CICLO_TESTS_FUZZ_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "ciclo/base/attr.h"
#include "ciclo/base/problem.h"
#include "ciclo/contract/contract.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static inline void must(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "this must hold, and does not: %s\n", what);
	abort();
}

/* What of an input has not been read. */
struct input_text {
	const char *at;
	size_t len;
};

/* The next line without its end, malloc'd and NUL-terminated; "" when nothing is left. A NUL in it ends it early. */
char *next_line(struct input_text *in);
/* The rest, malloc'd to its size, so that a sanitizer sees whoever reads beyond it. */
char *the_rest(const struct input_text *in);

/* Loaded once. */
const struct contract *the_contract(void);
/* The operation of that id, else any, always the same for the same text. */
const struct operation *some_operation(const char *id);

/* The problem document of these violations is JSON in UTF-8 and has all that it must have; releases them. */
void must_make_a_problem(enum problem code, struct violations *v, const char *detail);
bool is_utf8(const char *text, size_t len);

#endif
