/*
 * A worker: one thread, one epoll loop that drives its own HTTP server and its own
 * database engine. Workers share the read-only contract and configuration, the port
 * (SO_REUSEPORT) and PostgreSQL; and what struct process has, without locks.
 */
#ifndef CICLO_WORKER_WORKER_H
#define CICLO_WORKER_WORKER_H

#include <netinet/in.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "ciclo/base/attr.h"
#include "ciclo/base/config.h"
#include "ciclo/contract/contract.h"

struct metrics;
struct rate;
struct worker;

/* What all workers of the process have in common. Outlives them. */
struct process {
	const struct config *config;
	const struct contract *contract;
	struct rate *rate; /* NULL: no limit */
	struct metrics *metrics;
	size_t workers;      /* how many there are so far */
	atomic_uint unready; /* how many of them cannot work now: /readyz answers for all */
};

/* Binds and connects (without waiting for PostgreSQL). NULL: said why in the log. */
struct worker *worker_new(struct process *process, const struct sockaddr *address, socklen_t len,
			  bool require_key) NODISCARD;
int worker_port(const struct worker *w);
/* Runs until worker_stop, then drains; false when the drain limit passed with requests still open. */
bool worker_run(struct worker *w) NODISCARD;
/* Asks the worker to drain; callable from any thread and from a signal handler. */
void worker_stop(struct worker *w);
void worker_free(struct worker *w);

#endif
