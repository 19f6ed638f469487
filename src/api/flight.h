/*
 * Polling for free: requests for the same report share one computation, and an unchanged report costs a 304 and
 * no aggregate.
 *
 * A flight computes one report. It first asks the database, in one small statement, for the state of the data: is anything
 * waiting to be derived, which version is it. From that follows the ETag that the answer would have, and callers who have
 * it are done. Only for the others the report is computed, and all of them get the same text.
 *
 * Nobody gets on a flight that is under way: its snapshot may be older than a write that was acknowledged before the
 * request came. Whoever comes later waits for the next one, together with all others who do. So there are at most two
 * flights for a key, one under way and one that waits, and the number of computations does not grow with that of requests.
 *
 * The ETag is a hash of all that an answer depends on: the report and its parameters, the definitions of KPIs, the
 * version of the data, the shop's day if a default means today, and the last instant at which time alone
 * changed something. It is weak: answers that have it differ in as_of.
 */
#ifndef CICLO_SRC_API_FLIGHT_H
#define CICLO_SRC_API_FLIGHT_H

#include "ciclo/api/api.h"
#include "fresh.h"
#include "replica.h"

/* What a report depends on besides facts and parameters. */
enum {
	DEPENDS_TODAY = 1,   /* a default is, or follows from, the shop's day */
	DEPENDS_DERIVED = 2, /* reads what is derived: that is brought up to the facts first */
	DEPENDS_TIME = 4     /* compares with now: carts get abandoned, renewals due */
};

enum { FLIGHT_KEY = 16, ETAG_TEXT = sizeof("W/\"\"") + FLIGHT_KEY + FLIGHT_KEY };

/*
 * Once: either the report has to be computed for call, from now on the one to answer, which need not be the one that
 * began; answer has the state of the data as its first read (report_state.sql), or says what failed. Or call is NULL: nobody
 * waits any more. Ends with flight_land.
 */
typedef void flight_ready_fn(void *cls, struct call *call, const struct db_answer *answer);

/* In the memory of the report, zero-initialised, until it has landed. */
struct flight {
	struct flight *next;
	struct api *api; /* NULL: did not begin */
	struct call *call;
	struct call *waiting; /* leads those who came too late for this one; NULL: none */
	unsigned char key[FLIGHT_KEY];
	unsigned depends;
	unsigned derived;                /* how often what waited has been derived */
	char history[VERSION_TEXT - 24]; /* of the data: report_state.sql */
	char etag[ETAG_TEXT];
	flight_ready_fn *ready;
	void *cls;
	char place
		[LOG_PLACE_TEXT]; /* in the primary's log, behind all that the report must have; "": not known */
	struct fresh fresh;
	struct replica_read replica;
	struct segment segment;
};

/* A flight for the same is under way: the call waits for the next one and needs nothing more. Else the handler goes on. */
bool flight_wait(struct api *api, struct call *call) NODISCARD;
/* Asks for the state of the data. false: there are too many, and the call was answered. */
bool flight_begin(struct flight *f, struct api *api, struct call *call, unsigned depends,
		  flight_ready_fn *ready, void *cls) NODISCARD;
/* Submits the segment that computes the report, to a replica if there is one. */
void flight_submit(struct flight *f, struct segment *report);
/* f->etag becomes that of an answer that was computed in the snapshot of `answer`, whose n-th read is report_state.sql. */
void flight_tag(struct flight *f, const struct db_answer *answer, size_t read);
/* The answer was given: those who wait are next. Of no effect on what did not begin. */
void flight_land(struct flight *f);

/* Adds ETag and Cache-Control to the answer of a report. */
void report_headers(struct call *call, const char *etag);

#endif
