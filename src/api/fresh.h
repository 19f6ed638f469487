/*
 * Fresh answers: what is derived is brought up to the facts before it is read. A request that arrives after a write
 * was acknowledged waits until that write is derived, and for none that comes later, so that a busy shop does not keep it
 * waiting for ever.
 */
#ifndef CICLO_SRC_API_FRESH_H
#define CICLO_SRC_API_FRESH_H

#include "ciclo/api/api.h"

/* failure: NULL, or the answer of the statement that failed. Called once; may end what holds the struct. */
typedef void fresh_done_fn(void *cls, const struct db_answer *failure);

/* In the memory of the caller, until done was called. */
struct fresh {
	struct db *db;
	fresh_done_fn *done;
	void *cls;
	enum query query; /* what is derived now, */
	char until[24];   /* up to this change; "": all that wait now */
	unsigned steps;   /* transactions so far */
	bool briefly;
	bool stages;
	struct segment segment;
};

/* Derives up to a change that is known to wait (changed_get.sql, report_state.sql); briefly: no more than a
 * few transactions do, for those who can do without. */
void fresh_until(struct fresh *f, struct db *db, int64_t deadline_ms, const char *newest, bool briefly,
		 fresh_done_fn *done, void *cls);
/* stages: those as well, which come after the days. */
void fresh_start(struct fresh *f, struct db *db, int64_t deadline_ms, bool stages, fresh_done_fn *done,
		 void *cls);

#endif
