/*
 * A YAML 1.2 document as JSON: the core schema for plain scalars, text for all others.
 */
#ifndef CICLO_CONTRACT_YAML_READ_H
#define CICLO_CONTRACT_YAML_READ_H

#include <jansson.h>
#include <stddef.h>

#include "ciclo/base/attr.h"

/*
 * One document. Anchors, aliases, tags, duplicate keys, NUL, infinities and more than one document
 * are refused: $ref is the way to share, and what JSON cannot say must not be in a contract.
 * NULL on a fault, with "line N: ..." in why.
 */
json_t *yaml_read(const char *text, size_t len, char *why, size_t size) NODISCARD;
/* The JSON value of a plain scalar (core schema); NULL: out of range, an infinity, or memory is out. */
json_t *yaml_plain(const char *text) NODISCARD;

#endif
