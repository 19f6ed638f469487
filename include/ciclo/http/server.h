/*
 * One libmicrohttpd daemon with an external event loop, owned by one worker. Nothing outside src/http
 * names libmicrohttpd.
 */
#ifndef CICLO_HTTP_SERVER_H
#define CICLO_HTTP_SERVER_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ciclo/base/attr.h"
#include "ciclo/base/config.h"
#include "ciclo/contract/contract.h"
#include "ciclo/db/db.h"
#include "ciclo/http/call.h"
#include "ciclo/http/metrics.h"
#include "ciclo/http/rate.h"

struct server;

/* Runs a valid call; called once per request. */
typedef void handle_fn(void *cls, struct call *c);

struct server_options {
	const struct config *config;
	const struct contract *contract;
	struct db *db; /* for API keys */
	handle_fn *handle;
	void *cls;
	struct rate *
		rate; /* what each client may ask, of all servers of the process; NULL: as much as it likes */
	struct metrics_part *metrics; /* where requests are counted; NULL: nowhere */
	bool require_key; /* false only on a loopback address: then keys are needed as soon as one exists */
};

/* "127.0.0.1:8080", "[::1]:8080", "localhost:8080"; port 0 lets the kernel choose. */
bool listen_parse(const char *text, struct sockaddr_storage *ret, socklen_t *ret_len,
		  bool *ret_loopback) NODISCARD;

/* Binds with SO_REUSEPORT and starts. NULL: said why in the log. */
struct server *server_new(const struct server_options *options, const struct sockaddr *address,
			  socklen_t len) NODISCARD;
/* The port that is served (the kernel's choice for port 0). */
int server_port(const struct server *s);
/* Becomes readable when server_run has something to do. */
int server_fd(const struct server *s);
/* Does all that is ready, never waits. */
void server_run(struct server *s);
/* Timers: total deadlines of headers, bodies and answers. Milliseconds until it wants server_run or server_tick again, -1 for never. */
int64_t server_tick(struct server *s, int64_t now_ms);
/* Stops accepting, answers `Connection: close` from now on, and /readyz says 503. */
void server_drain(struct server *s);
bool server_is_draining(const struct server *s);
/* Requests that are complete and not answered. */
size_t server_pending(const struct server *s);
/* Requests of which a part is there. */
size_t server_arriving(const struct server *s);
/* Answers what is still suspended with 503 and stops. db_free comes first: no handler may answer after. NULL-safe. */
void server_free(struct server *s);

#endif
