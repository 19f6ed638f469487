/*
 * One libpq connection that never blocks: opening it, sending a pipeline, collecting the answers
 * up to its sync. Who asks what, and what an answer means, is lane.c's business.
 *
 * Invariants: one pipeline (statements and one sync) is under way at a time; an answer counts only once the
 * sync came back. Whatever fd the loop watches for us is ours: it is forgotten before libpq closes it.
 * Host names are looked up by libpq while it connects, which can block; use addresses or sockets.
 */
#ifndef CICLO_SRC_DB_CONNECTION_H
#define CICLO_SRC_DB_CONNECTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <libpq-fe.h>

#include "ciclo/db/db.h"
#include "group.h"

enum phase {
	PHASE_DOWN, /* until deadline_ms, then it is opened again */
	PHASE_CONNECTING,
	PHASE_SETTLING,  /* session settings, schema version */
	PHASE_PREPARING, /* all statements */
	PHASE_IDLE,      /* up, as all that follow */
	PHASE_BUSY,      /* a group is under way */
	PHASE_ROLLING_BACK
};

enum event {
	EVENT_NONE,
	EVENT_CONNECTED,
	EVENT_SYNCED, /* the pipeline was answered whole */
	EVENT_LOST
};

/* The first error of a pipeline; all that came after was skipped by the server. */
struct failure {
	bool set;
	size_t index; /* which statement of the pipeline */
	char sqlstate[SQLSTATE_TEXT];
	char message[200]; /* primary message: may quote values, so only for statements without any */
};

struct connection;
/* Gets the result of the index-th statement of the pipeline, which succeeded; owns it. */
typedef void connection_take_fn(struct connection *c, size_t index, PGresult *result);

struct connection {
	PGconn *pg;
	db_watch_fn *watch;
	void *loop;
	int fd; /* as watched; -1 when none is */
	bool want_read;
	bool want_write;
	enum phase phase;
	int64_t deadline_ms;   /* when this phase has lasted too long (PHASE_DOWN: long enough) */
	unsigned failures;     /* attempts since it was up last */
	unsigned silent_hosts; /* attempts that nobody answered: each begins with the next host */
	connection_take_fn *take;
	size_t sent;
	size_t answered;
	bool ended; /* libpq said "no more results" of the statement just read */
	struct failure failure;
	bool hung_up;        /* the server said that it ends the session */
	bool doubtful;       /* the server warned that a commit of this pipeline may not outlive it */
	struct group *group; /* PHASE_BUSY */
	int64_t began_ms;    /* group */
	int schema_version;
};

/* false: it could not even begin. */
bool connection_open(struct connection *c, const char *database_url) NODISCARD;
/* Begins a pipeline. */
void connection_begin(struct connection *c, connection_take_fn *take);
/* Adds a prepared statement. false, as in the others: the connection is of no more use. */
bool connection_send(struct connection *c, enum query query, size_t count, const char *const *args) NODISCARD;
/* The same with its parameters in binary. */
bool connection_send_binary(struct connection *c, enum query query, size_t count,
			    const struct buf *params) NODISCARD;
/* Adds a statement by its text, before it is prepared. */
bool connection_send_text(struct connection *c, enum query query, size_t count,
			  const char *const *args) NODISCARD;
bool connection_send_prepare(struct connection *c, enum query query) NODISCARD;
/* Ends the pipeline with its sync and sends what the socket takes. */
bool connection_sync(struct connection *c) NODISCARD;
/* The fd is ready. */
enum event connection_ready(struct connection *c) NODISCARD;
/* Idle: has the server not hung up, as far as can be seen now? */
bool connection_alive(struct connection *c) NODISCARD;
/* Back to PHASE_DOWN. The group stays. */
void connection_close(struct connection *c);

#endif
