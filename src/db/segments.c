/* The FIFO of segments; see segments.h. */
#include "segments.h"

void segments_push(struct segments *list, struct segment *s)
{
	s->next = NULL;
	if (list->tail)
		list->tail->next = s;
	else
		list->head = s;
	list->tail = s;
	list->count++;
}

struct segment *segments_pop(struct segments *list)
{
	struct segment *s = list->head;

	if (!s)
		return NULL;
	list->head = s->next;
	if (!list->head)
		list->tail = NULL;
	list->count--;
	s->next = NULL;
	return s;
}

int64_t segments_expire(struct segments *list, int64_t now_ms, struct segments *late)
{
	struct segments all = *list;
	struct segment *s;
	int64_t earliest = INT64_MAX;

	*list = (struct segments){0};
	while ((s = segments_pop(&all))) {
		if (now_ms >= s->deadline_ms) {
			segments_push(late, s);
			continue;
		}
		if (s->deadline_ms < earliest)
			earliest = s->deadline_ms;
		segments_push(list, s);
	}
	return earliest;
}
