/*
 * One file of the command, from its first batch to its last.
 */
#ifndef CICLO_SRC_IMPORT_JOB_H
#define CICLO_SRC_IMPORT_JOB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ciclo/base/attr.h"
#include "delivery.h"
#include "options.h"
#include "progress.h"
#include "report.h"
#include "source.h"
#include "state.h"

/* What all files of the command share. */
struct run {
	const struct contract *contract;
	struct options options;
	struct stop stop;
	struct client *client;
	struct delivery delivery;
	struct report report;
	struct progress progress;
	char key_id[16]; /* of the API key */
};

struct job {
	struct source source;
	struct state state;
	size_t batch; /* lines */
	bool warned;  /* the state could not be written */
	/* Of this run. */
	uint64_t lines;
	int64_t start_ms;
};

/* Is there anything in the way? Nothing is sent. false, after a word on standard error. */
bool job_check(struct job *j, struct run *run, const char *file) NODISCARD;
/* Sends it. Returns an exit code. */
int job_run(struct job *j, struct run *run) NODISCARD;
void job_release(struct job *j);

#endif
