/*
 * A FIFO of segments, linked through segment.next: a segment is in one list at most, so waiting takes no
 * memory of its own.
 */
#ifndef CICLO_SRC_DB_SEGMENTS_H
#define CICLO_SRC_DB_SEGMENTS_H

#include <stddef.h>
#include <stdint.h>

#include "ciclo/db/db.h"

struct segments {
	struct segment *head;
	struct segment *tail;
	size_t count;
};

void segments_push(struct segments *list, struct segment *s);
/* NULL when empty. */
struct segment *segments_pop(struct segments *list);
/* Moves all that are past their deadline to *late; returns the earliest deadline of what stays,
 * INT64_MAX when nothing stays. */
int64_t segments_expire(struct segments *list, int64_t now_ms, struct segments *late);

#endif
