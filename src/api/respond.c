/*
 * Answers that several handlers share.
 */
#include <string.h>

#include "handlers.h"

void call_db_problem(struct call *call, const struct db_answer *answer)
{
	static const struct {
		enum problem problem;
		const char *detail;
	} table[] = {
		[DB_OK] = {PROBLEM_internal_error, "the answer is not what was asked for"},
		[DB_REJECTED] = {PROBLEM_internal_error,
				 "the database refused a statement; nothing was stored"},
		[DB_UNAVAILABLE] = {PROBLEM_database_unavailable, "nothing was stored; try again"},
		[DB_UNKNOWN] = {PROBLEM_database_unavailable,
				"the connection was lost; it is not known whether this was stored. With an "
				"external_id "
				"or an Idempotency-Key it is safe to send it again"},
		[DB_OVERLOADED] = {PROBLEM_overloaded, "nothing was stored; try again"},
		[DB_TIMEOUT] = {PROBLEM_deadline_exceeded, "it is not known whether this was stored. With an "
							   "external_id or an Idempotency-Key it "
							   "is safe to send it again"},
	};
	enum db_status status = db_status(answer);
	bool reads = strcmp(call_operation(call)->method, "GET") == 0;
	call_problem(call, table[status].problem, NULL, "%s",
		     reads && status != DB_OK && status != DB_REJECTED ? "nothing was changed; try again"
								       : table[status].detail);
}
