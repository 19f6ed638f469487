/*
 * One line on a terminal, drawn over itself; nothing where standard error is none.
 */
#ifndef CICLO_SRC_IMPORT_PROGRESS_H
#define CICLO_SRC_IMPORT_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress {
	bool on;
	bool drawn;
	const char *name;
	uint64_t size;  /* bytes; 0: not known */
	uint64_t begun; /* where this run began, in bytes */
	uint64_t at;
	uint64_t lines; /* of this run */
	int64_t start_ms, drawn_ms;
};

void progress_begin(struct progress *p, const char *name, uint64_t size, uint64_t at);
void progress_move(struct progress *p, uint64_t at, uint64_t lines);
/* Draws it if that was not just done; may be called at any time. A client_on_wait callback. */
void progress_tick(void *progress);
/* Takes it off the screen, before something else is said. */
void progress_clear(struct progress *p);

#endif
