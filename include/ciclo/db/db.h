/*
 * The database engine of one worker: lanes of pipelined libpq connections that take
 * segments and call back in the same thread. Nothing here blocks; nothing outside
 * src/db names libpq.
 *
 * A segment is what one request wants from the database in one transaction: first its
 * writes, then its reads.
 * - A *write* is a statement that takes one parameter, a JSON array of rows. (One that says "columns" takes an array for
 *   each of them instead, which the engine sends in binary: PostgreSQL reads those in a tenth of the time.) What waits
 *   while a connection is busy is merged: the rows of all members of a group go into one
 *   execution per statement (in the order of the statements' write ranks, members ordered by
 *   lock_key), inside one BEGIN ... COMMIT. Each member is answered after the commit came back.
 * - A *read* is any statement with text parameters; reads of a group share one sync. A statement that says
 *   "-- merge" is sent once for all who ask it: each of its parameters is an array, with one element for each
 *   of them, and its first column, which they do not see, says whom a row answers (from 1, ascending). If it also says
 *   "columns", each asks with rows, as of a write, and the engine puts whose a row is before its other columns. (It
 *   unnests a sub-select of the parameter: of the parameter itself PostgreSQL would count the elements, find that a plan
 *   for one is cheaper than one for any number, and plan anew each time.) A
 *   statement without parameters has the same answer for all of them.
 * If anything in a group fails, the whole group has rolled back and nobody was answered; the group is
 * cut in two and both halves are sent again, down to the single member at fault, which alone gets the
 * error. No timer: an idle connection sends at once.
 *
 * A write that must touch a row exactly raises (sql function must()); the engine never counts rows.
 */
#ifndef CICLO_DB_DB_H
#define CICLO_DB_DB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ciclo/base/attr.h"
#include "ciclo/base/config.h"
#include "queries.h" /* build/gen: enum query, one name per file of sql/queries */

/* Kinds of work that must not wait for each other; each has its own connections and bounded queue. */
enum lane { LANE_WRITE, LANE_READ, LANE_REPORT, LANE_BULK, LANE_DERIVE, LANE_REPLICA, LANE_COUNT };

/* Writes: an order of a known customer, to whom another one is linked by it, under an Idempotency-Key. */
enum { SEGMENT_WRITES_MAX = 16, SEGMENT_READS_MAX = 12, READ_ARGS_MAX = 12 };

/* Of statements with columns: what ends each cell, and a cell that is SQL NULL; no UTF-8 text has these bytes. */
#define CELL_END  "\xff"
#define CELL_NULL "\xfe"
enum { COLUMNS_MAX = 32 };

/* rows: JSON objects joined by commas, without the brackets; of a write with columns the cells, row by row, each as
 * its text and ended by CELL_END. */
struct segment_write {
	enum query query;
	const char *rows;
};

/* args: text form of each parameter, NULL for SQL NULL; of a statement with columns one, the cells as above. */
struct segment_read {
	enum query query;
	size_t arg_count;
	const char *args[READ_ARGS_MAX];
};

enum db_status {
	DB_OK,          /* committed and flushed; results are there */
	DB_REJECTED,    /* this segment failed by itself: see sqlstate; nothing was written */
	DB_UNAVAILABLE, /* not applied: no connection, or it was lost before anything was sent (reads: twice) */
	DB_UNKNOWN,     /* the connection was lost while a write was under way: it may or may not be there */
	DB_OVERLOADED, /* the lane's queue is full; nothing was sent */
	DB_TIMEOUT     /* the deadline passed; a write may or may not be there */
};

struct db_answer;

/* The answer lives until the callback returns. */
typedef void db_done_fn(void *cls, const struct db_answer *answer);

/*
 * Owned by the caller, unchanged and alive until done was called (exactly once, never from inside
 * db_submit). Zero-initialise.
 */
struct segment {
	enum lane lane;
	size_t write_count;
	struct segment_write writes[SEGMENT_WRITES_MAX];
	size_t read_count;
	struct segment_read reads[SEGMENT_READS_MAX];
	struct segment_read *wide; /* instead of reads, for segments with many; the caller's. May be NULL */
	const char *lock_key; /* what this writes on (a customer id); groups lock in its order. May be NULL */
	bool snapshot;        /* the reads see one snapshot (REPEATABLE READ READ ONLY) */
	int64_t deadline_ms;  /* clock_monotonic_ms() after which the caller wants DB_TIMEOUT */
	db_done_fn *done;
	void *cls;
	struct segment *next; /* private to src/db */
	int attempts;         /* private to src/db */
};

enum db_status db_status(const struct db_answer *a);
/* Five characters; "" when there is none (a lost connection has none). */
const char *db_sqlstate(const struct db_answer *a);
/* Rows of the n-th read (0-based). Text form of a cell, NULL for SQL NULL. */
size_t db_rows(const struct db_answer *a, size_t read);
size_t db_columns(const struct db_answer *a, size_t read);
const char *db_column_name(const struct db_answer *a, size_t read, size_t column);
const char *db_cell(const struct db_answer *a, size_t read, size_t row, size_t column);
/* What the text of a column is: a number or JSON as it stands; t or f; anything else. */
enum db_type { DB_TEXT, DB_NUMBER, DB_JSON, DB_BOOL };
enum db_type db_column_type(const struct db_answer *a, size_t read, size_t column);
size_t db_cell_length(const struct db_answer *a, size_t read, size_t row, size_t column);

/* Is it a connection string or URI? What libpq says of one that is not quotes it, and it may hold a password. */
bool database_url_is_valid(const char *url) NODISCARD;

struct db;

/*
 * What the engine asks of the loop that owns it: watch fd for reading (and writing), level-triggered, or forget
 * it (want_read = want_write = false). libpq closes the fd of a broken connection itself, so forgetting
 * can come just after that (EBADF is no fault then), but always before the number is used again.
 */
typedef void db_watch_fn(void *loop, int fd, bool want_read, bool want_write);

/* Starts connecting; never waits. NULL when memory is out. */
struct db *db_new(const struct config *config, db_watch_fn *watch, void *loop) NODISCARD;
/* Queues; the next db_tick or db_ready sends, so that what one turn of the loop submits goes together. done may
 * be NULL only for a segment nobody waits for. */
void db_submit(struct db *db, struct segment *s);
/* In the place of db_submit: s is not sent, and done is told DB_OVERLOADED. */
void db_refuse(struct db *db, struct segment *s);
/* fd became ready. */
void db_ready(struct db *db, int fd, bool readable, bool writable);
/* Call it before each wait of the loop: sends what was submitted, tells what is settled, minds deadlines and
 * reconnects. Returns milliseconds until it wants to be called again, -1 for never. */
int64_t db_tick(struct db *db, int64_t now_ms);
/* At least one connection of each lane but the replica's is up, with all statements prepared and the schema as this
 * binary knows it. Else why says what is missing; the text is good until the next call into db. */
bool db_is_ready(const struct db *db, const char **ret_why);
/* There is a LANE_REPLICA, though it may be down, which is no fault: what it reads can be read from LANE_REPORT. */
bool db_has_replica(const struct db *db);
/* For those who watch: what a lane has now, and what it has done so far. */
struct lane_numbers {
	size_t connections, up, waiting;
	uint64_t groups, members; /* sent */
};
void db_lane_numbers(const struct db *db, enum lane lane, struct lane_numbers *ret);
const char *lane_name(enum lane lane);
/* Segments waiting or under way. */
size_t db_pending(const struct db *db);
/* The same of one lane. */
size_t db_pending_in(const struct db *db, enum lane lane);
/* Segments so far whose writes were committed. */
uint64_t db_written(const struct db *db);
/* Calls done (DB_UNAVAILABLE) for all that still waits, closes all connections. NULL-safe. */
void db_free(struct db *db);

#endif
