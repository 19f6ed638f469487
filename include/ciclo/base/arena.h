/*
 * One bump allocator per request: everything that lives as long as the request
 * comes from here and goes in one call. Capped; poisoned under AddressSanitizer.
 */
#ifndef CICLO_BASE_ARENA_H
#define CICLO_BASE_ARENA_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "ciclo/base/attr.h"

struct arena;

/* max: bytes that may be handed out in all. NULL when memory is out. */
struct arena *arena_new(size_t max) NODISCARD;
/* Zeroed, aligned for any type; NULL past the cap, which is the matter of this arena alone, or when memory is out, which
 * memory.h counts. */
void *arena_alloc(struct arena *a, size_t size) NODISCARD;
char *arena_strndup(struct arena *a, const char *text, size_t len) NODISCARD;
/* The texts one behind the other; NULL ends them. For paths on which printf would cost more than all else. */
char *arena_join(struct arena *a, const char *first, ...) __attribute__((sentinel)) NODISCARD;
char *arena_vprintf(struct arena *a, const char *fmt, va_list args) PRINTF_LIKE(2, 0) NODISCARD;
char *arena_printf(struct arena *a, const char *fmt, ...) PRINTF_LIKE(2, 3) NODISCARD;
/* So often was it asked for more than its cap. */
uint64_t arena_refusals(const struct arena *a) NODISCARD;
/* As new, with the memory of a small one in hand: what was handed out is gone. */
void arena_reset(struct arena *a, size_t max);
/* NULL-safe. */
void arena_free(struct arena *a);

#endif
