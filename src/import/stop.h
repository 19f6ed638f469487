/*
 * SIGINT, SIGTERM and SIGHUP as something to look at and to wait for. The first one asks: what is under way may end. The
 * second, or STOP_GRACE_MS after the first, means now.
 */
#ifndef CICLO_SRC_IMPORT_STOP_H
#define CICLO_SRC_IMPORT_STOP_H

#include <stdbool.h>
#include <stdint.h>

#include "ciclo/base/attr.h"

/* The answer to a batch mostly comes sooner; who stops a process seldom waits longer before killing it. */
enum { STOP_GRACE_MS = 5000 };

struct stop {
	int fd; /* readable when a signal has come */
	unsigned count;
	int64_t abandon_ms; /* monotonic; of use when count > 0 */
};

bool stop_open(struct stop *s) NODISCARD;
/* Has a signal come? */
bool stop_asked(struct stop *s);
/* Is it time to drop what is under way? */
bool stop_now(struct stop *s);
/* Waits until fd (-1: none) can be read, for ms milliseconds (-1: no limit) at most. false: a signal has come. */
bool stop_wait(struct stop *s, int fd, int64_t ms) NODISCARD;
void stop_close(struct stop *s);

#endif
