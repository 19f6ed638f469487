/*
 * Problems (RFC 9457): the code owns its HTTP status and title (problem.def), so no
 * call site repeats them. Violations collect *all* faults of one request.
 */
#ifndef CICLO_BASE_PROBLEM_H
#define CICLO_BASE_PROBLEM_H

#include <stdbool.h>
#include <stddef.h>

#include "ciclo/base/attr.h"

enum problem {
	PROBLEM_NONE = 0,
#define X(slug, status, title, meaning) PROBLEM_##slug,
#include "ciclo/base/problem.def"
#undef X
	PROBLEM_COUNT
};

int problem_status(enum problem code);
const char *problem_slug(enum problem code);
const char *problem_title(enum problem code);
/* A sentence or two for whoever met it. */
const char *problem_meaning(enum problem code);
/* The problem whose slug this is, PROBLEM_NONE if none. */
enum problem problem_from_slug(const char *slug);

/* Where a violation is: a JSON pointer into the body, or the name of a parameter or header field. */
enum violation_in { IN_BODY, IN_PATH, IN_QUERY, IN_HEADER };

struct violation {
	enum violation_in in;
	char *where;      /* "/items/0/quantity" for IN_BODY, else the name */
	const char *code; /* static slug: "required", "type", "minimum", "format" ... */
	char *detail;
};

/* One body of 1 MiB could hold a million faults; nobody reads more than these. */
enum { VIOLATIONS_MAX = 100 };

/* Zero-initialise. Most requests have none: what there is grows on the heap. */
struct violations {
	struct violation *item;
	size_t count; /* kept */
	size_t total; /* found */
};

/* Copies where and the formatted detail; drops (but counts) what passes the cap. */
void violation_add(struct violations *v, enum violation_in in, const char *where, const char *code,
		   const char *fmt, ...) PRINTF_LIKE(5, 6);
/* Where an IN_BODY violation is, as a URI fragment (RFC 6901 section 6); malloc'd, NULL when memory is out. */
char *violation_pointer(const struct violation *v) NODISCARD;
void violations_release(struct violations *v);

#endif
