/*
 * Reports on a replica (CICLO_REPORT_DATABASE_URL) that are as exact as on the primary: the replica is waited for until it
 * has all that the primary had when the report was asked for, but not for long; then the primary computes the report, as it
 * does when there is no replica, or none that answers.
 */
#ifndef CICLO_SRC_API_REPLICA_H
#define CICLO_SRC_API_REPLICA_H

#include "ciclo/api/api.h"

enum { LOG_PLACE_TEXT = 24 };

/* In the memory of the report, until the report's done was called. */
struct replica_read {
	struct db *db;
	struct segment *report;
	db_done_fn *done; /* the report's own */
	void *cls;
	char place[LOG_PLACE_TEXT];
	char patience_ms[16];
	struct segment question;
};

/* Submits a segment of reads to the replica, or to the primary. place: in the primary's log, which the replica must have
 * reached; NULL: it is not known, so the primary. */
void replica_submit(struct replica_read *r, struct db *db, struct segment *report, const char *place);

#endif
