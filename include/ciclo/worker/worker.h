/*
 * A worker: one thread, one epoll loop that drives its own HTTP server and its own
 * database engine. Workers share the read-only contract and configuration, the port
 * (SO_REUSEPORT) and PostgreSQL; and one number, by which /readyz answers for the process.
 */
#ifndef CICLO_WORKER_WORKER_H
#define CICLO_WORKER_WORKER_H

#include <netinet/in.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "ciclo/base/attr.h"
#include "ciclo/base/config.h"
#include "ciclo/contract/contract.h"

struct worker;

/* Binds and connects (without waiting for PostgreSQL). *unready: how many workers of the process cannot work now; 0 before
 * the first, and it outlives them all. NULL: said why in the log. */
struct worker *worker_new(const struct config *config, const struct contract *contract, atomic_uint *unready,
			  const struct sockaddr *address, socklen_t len, bool require_key) NODISCARD;
int worker_port(const struct worker *w);
/* Runs until worker_stop, then drains; false when the drain limit passed with requests still open. */
bool worker_run(struct worker *w) NODISCARD;
/* Asks the worker to drain; callable from any thread and from a signal handler. */
void worker_stop(struct worker *w);
void worker_free(struct worker *w);

#endif
