/*
 * Long work in the loop, a slice in each turn, so that a request with ten thousand facts does not hold up the others.
 */
#ifndef CICLO_API_LATER_H
#define CICLO_API_LATER_H

#include <stdbool.h>

/* In the memory of the one whose work it is, until step said false or drop was called. */
struct later {
	bool (*step)(void *cls); /* a small part; false: that was the last, and the struct may be gone */
	void (*drop)(void *cls); /* there will be no more turns */
	void *cls;
	struct later *next;
};

/* Zero-initialise. */
struct laters {
	struct later *first, *last;
};

/* Does steps now for as long as a slice is, and the rest in later turns. */
void later_run(struct laters *all, struct later *l);
/* One slice of the one that has waited longest. true: there is more. */
bool later_tick(struct laters *all);
void later_drop(struct laters *all);

#endif
