/*
 * A group: the segments that go to the server together, under one sync.
 *
 * Invariants: a group with writes or a snapshot is one transaction, BEGIN ... COMMIT, because a sync alone is
 * not atomic on every kind of server. Its statements, in order, are `plan`; the answer to plan[i] is
 * the i-th result of the pipeline. Members of a writing group are ordered by lock_key, so that two groups
 * lock in the same order. Every read has its place: which of the group's read statements answers it, and which
 * of those that share the statement it is.
 */
#ifndef CICLO_SRC_DB_GROUP_H
#define CICLO_SRC_DB_GROUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <libpq-fe.h>

#include "ciclo/base/buf.h"
#include "ciclo/db/db.h"
#include "segments.h"

enum {
	/* No member joins past this many bytes of rows: libpq's buffer keeps its largest size for good, and a
	 * transaction of seconds would hold locks for seconds. One member alone may be larger. */
	GROUP_BYTES_MAX = 8 << 20,
	SQLSTATE_TEXT = 6 /* five characters and NUL */
};

/* One statement of plan that reads. */
struct read_statement {
	PGresult *result;
	size_t asked; /* by so many reads */
	int told;     /* rows that have found their read */
};

struct place {
	size_t statement; /* index in statements */
	size_t number;    /* from 1; 0: the rows are not told apart */
};

/* The rows of a result that answer one read. */
struct slice {
	const PGresult *result;
	int first;
	int rows;
	int hidden; /* columns that are not its */
};

struct group {
	struct group *next;
	enum db_status status; /* final: what all members are answered */
	char sqlstate[SQLSTATE_TEXT];
	bool writes;
	bool snapshot;
	bool sent;           /* libpq has all of it: the COMMIT may reach the server */
	int retries;         /* sent again so often, each time knowing that nothing had happened */
	int64_t deadline_ms; /* the earliest of the members' */
	enum query *plan;
	size_t plan_length;
	size_t first_read;                 /* index in plan; statements follow each other from there */
	struct read_statement *statements; /* statement_count of them */
	size_t statement_count;
	struct place *places; /* of all reads, in the order of members */
	struct slice *slices; /* as places */
	size_t read_count;
	size_t count;
	struct segment *members[];
};

/* Takes what waits in front, up to `max` members that can share one transaction. NULL when memory is out (then
 * nothing was taken). waiting must not be empty. */
struct group *group_form(struct segments *waiting, size_t max) NODISCARD;
/* Cuts g in two, in order; consumes g. false when memory is out: g is as it was. */
bool group_split(struct group *g, struct group *ret_halves[2]) NODISCARD;
/* Members past their deadline leave for *late, with their places if it is under way. */
void group_expire(struct group *g, int64_t now_ms, struct segments *late);
/* After members left: what holds of those that are still there. */
void group_refresh(struct group *g);
/* Makes plan, places and room for results. false when memory is out. */
bool group_plan(struct group *g) NODISCARD;
/* The reads of a segment, wherever it keeps them. */
const struct segment_read *segment_reads(const struct segment *s);
/* All members' rows of one write with columns, an array for each: columns has room for COLUMNS_MAX. Returns how many. */
size_t group_columns(const struct group *g, enum query query, struct buf *columns);
/* The same of a read statement, with the rows of all who ask it. */
size_t group_keys(const struct group *g, size_t statement, enum query query, struct buf *columns);
/* All members' rows of one write, as one JSON array. */
void group_rows(const struct group *g, enum query query, struct buf *out);
/* The n-th parameter of a read statement, with what all who ask it give, as an array. */
void group_array(const struct group *g, size_t statement, size_t parameter, struct buf *out);
/* The rows that answer each read, in the order of members; NULL if there are no results. Once. */
const struct slice *group_slices(struct group *g);
/* Keeps (or drops) the result of plan[index]; owns it from here. */
void group_take(struct group *g, size_t index, PGresult *result);
/* Forgets plan and results. */
void group_clear(struct group *g);
/* NULL-safe; not the members. */
void group_free(struct group *g);

#endif
