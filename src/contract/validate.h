/*
 * One validation under way; shared by the files that check values.
 */
#ifndef CICLO_CONTRACT_VALIDATE_H
#define CICLO_CONTRACT_VALIDATE_H

#include "parts.h"

/* The way from the root to a value, on the stack of the recursion: text is made only for a violation. */
struct step {
	const struct step *up; /* NULL: the root */
	const char *name;      /* NULL: an item */
	size_t index;
};

struct run {
	enum violation_in in;
	const char *where; /* pointer of the root, or the name of the parameter */
	struct violations
		*found; /* NULL: a trial, which only asks whether the value is valid, and fills in nothing */
	bool failed;
};

void check(struct run *r, const struct schema *s, json_t *value, const struct step *at);
void check_array(struct run *r, const struct schema *s, json_t *value, const struct step *at);
void check_object(struct run *r, const struct schema *s, json_t *value, const struct step *at);
/* not, $ref, allOf, anyOf, oneOf. */
void check_combined(struct run *r, const struct schema *s, json_t *value, const struct step *at);
/* Adds the absent properties that have a default. */
void fill_defaults(struct run *r, const struct schema *s, json_t *value, const struct step *at);

void report(struct run *r, const struct step *at, const char *code, const char *fmt, ...) PRINTF_LIKE(4, 5);
/* Nothing more to learn: a trial ends at its first fault. */
bool run_over(const struct run *r);

struct limit_words {
	const char *too_few, *too_many; /* codes */
	const char *unit;               /* "items" */
};

void check_limits(struct run *r, const struct step *at, size_t count, const struct limits *limits,
		  const struct limit_words *words);

#endif
