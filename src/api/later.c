#include "ciclo/api/later.h"

#include <stddef.h>

#include "ciclo/base/time.h"

/* What another request waits for at most, about as long as a read takes. */
enum { SLICE_US = 500 };

void later_run(struct laters *all, struct later *l)
{
	int64_t end = clock_monotonic_us() + SLICE_US;

	do {
		if (!l->step(l->cls))
			return;
	} while (clock_monotonic_us() < end);
	l->next = NULL;
	if (all->last)
		all->last->next = l;
	else
		all->first = l;
	all->last = l;
}

static struct later *take(struct laters *all)
{
	struct later *l = all->first;

	if (l) {
		all->first = l->next;
		if (!all->first)
			all->last = NULL;
	}
	return l;
}

bool later_tick(struct laters *all)
{
	struct later *l = take(all);

	if (l)
		later_run(all, l);
	return all->first != NULL;
}

void later_drop(struct laters *all)
{
	struct later *l;

	while ((l = take(all)))
		l->drop(l->cls);
}
