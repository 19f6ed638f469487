/*
 * JSON at the border: strict in, deterministic out.
 */
#ifndef CICLO_CONTRACT_JSON_H
#define CICLO_CONTRACT_JSON_H

#include <jansson.h>
#include <stddef.h>

#include "ciclo/base/attr.h"

/* Deep enough for every schema of the contract (5), shallow enough for any stack. */
enum { JSON_DEPTH_MAX = 32 };

/*
 * Any JSON text (RFC 8259) of at most JSON_DEPTH_MAX levels, UTF-8, no duplicate names, no NUL
 * (escaped or raw), nothing behind it. NULL on a fault, with a sentence for the client in why
 * (size bytes) that never quotes the body.
 */
json_t *json_read(const char *text, size_t len, char *why, size_t size) NODISCARD;

/* jansson walks a value through a non-const pointer and does not change it; a cast would be refused. */
json_t *json_walkable(const json_t *value) NODISCARD;

/* Compact text, malloc'd; reals as they were typed, exact to the double; order kept. NULL when memory is out. */
char *json_write(const json_t *value) NODISCARD;
/* The same with names sorted: one text for equal values, for hashing. Of an object without the members called so (NULL ends
 * the list, or is it). */
char *json_write_canonical(const json_t *value, const char *const *without) NODISCARD;

#endif
