/*
 * Memory that could not be had. Documents, rows and texts are built of hundreds of pieces; rather than to look after each
 * of them, failures are counted, and whoever is about to send or store the whole compares the count with that of its
 * beginning. One count for each thread, as everything that belongs to a request happens in one.
 */
#ifndef CICLO_BASE_MEMORY_H
#define CICLO_BASE_MEMORY_H

#include <stddef.h>
#include <stdint.h>

#include "ciclo/base/attr.h"

/* So often has this thread not got what it asked for. */
uint64_t memory_failures(void) NODISCARD;
/* It has not got something. */
void memory_failed(void);
/* Returns block, and counts it when it is NULL. */
void *memory_counted(void *block) NODISCARD;
/* malloc, counted: for libraries that take an allocator. */
void *memory_alloc(size_t size) NODISCARD;

#endif
