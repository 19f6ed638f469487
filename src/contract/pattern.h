/*
 * Regular expressions of the contract on PCRE2, in the dialect that JSON Schema means (ECMA-262).
 */
#ifndef CICLO_CONTRACT_PATTERN_H
#define CICLO_CONTRACT_PATTERN_H

#include <stdbool.h>
#include <stddef.h>

#include "ciclo/base/attr.h"

struct pattern;

/* True if the pattern occurs in text (UTF-8). A match that costs too much is none. Any thread. */
bool pattern_match(const struct pattern *p, const char *text, size_t len) NODISCARD;

#endif
