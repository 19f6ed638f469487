/*
 * Bad lines, for people (standard error) and for programs (--errors).
 */
#ifndef CICLO_SRC_IMPORT_REPORT_H
#define CICLO_SRC_IMPORT_REPORT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "ciclo/base/attr.h"
#include "ciclo/base/problem.h"

/* Who has more of them does not read them one by one. */
enum { REPORT_SHOWN_MAX = 100 };

struct report {
	FILE *errors; /* NULL: no such file */
	size_t shown;
};

/* Opens the file of --errors behind its first `keep` bytes; the rest goes. false: errno says why, ESTALE that it is
 * shorter. */
bool report_open(struct report *r, const char *errors, uint64_t keep) NODISCARD;
void report_close(struct report *r);
/* FILE:LINE: status code detail, or (pointer: detail; ...) for each error in it, and {"file", "line", "problem"}. */
void report_bad(struct report *r, const char *file, uint64_t line, const json_t *problem);
/* A fault that the service has not seen, as it would say it; a new object. */
json_t *report_problem(enum problem problem, const char *detail) NODISCARD;
/* All that was reported is on disk; *ret_bytes: how much it is. false: errno says why. */
bool report_flush(struct report *r, uint64_t *ret_bytes) NODISCARD;

#endif
