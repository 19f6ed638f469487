/*
 * `format` of the contract: small checkers of text.
 */
#ifndef CICLO_CONTRACT_FORMAT_H
#define CICLO_CONTRACT_FORMAT_H

#include <stdbool.h>
#include <stddef.h>

#include "ciclo/base/attr.h"
#include "ciclo/contract/contract.h"

struct format {
	const char *name;
	bool (*valid)(const char *text, size_t len); /* text is NUL-terminated, without NUL within */
	const char *detail;                          /* "must be ..." */
};

/* NULL when there is no such format. */
const struct format *format_find(const char *name) NODISCARD;

bool uri_valid(const char *text, size_t len) NODISCARD;
bool uri_reference_valid(const char *text, size_t len) NODISCARD;

#endif
