/*
 * What an SQLSTATE means for the group in which it arose. Decided on the SQLSTATE alone: messages are
 * localised, and constraint names are not reported by every kind of server.
 */
#ifndef CICLO_SRC_DB_VERDICT_H
#define CICLO_SRC_DB_VERDICT_H

#include <stdbool.h>

enum verdict {
	VERDICT_MEMBER, /* some member is at fault: find it */
	VERDICT_LOCKED, /* what some member needs is kept by somebody else: find it, and let it try later */
	VERDICT_TRANSIENT,   /* the same again may well succeed */
	VERDICT_TIMEOUT,     /* statement_timeout: no time is left for another try */
	VERDICT_UNAVAILABLE, /* the server cannot do this for anybody now */
	VERDICT_CONNECTION   /* this connection is of no more use */
};

enum verdict verdict_of(const char *sqlstate);
/* Does this SQLSTATE point at a fault of ours rather than of the request? */
bool verdict_is_our_fault(const char *sqlstate);

#endif
