/* SQLSTATE to verdict; see verdict.h. */
#include "verdict.h"

#include "ciclo/base/attr.h"

/* The first prefix that fits decides; whatever is not here is the member's own error. */
static const struct {
	const char *prefix;
	enum verdict verdict;
} verdicts[] = {
	{"40001", VERDICT_TRANSIENT}, /* serialization_failure */
	{"40P01", VERDICT_TRANSIENT}, /* deadlock_detected */
	{"57014", VERDICT_TIMEOUT},   /* query_canceled */
	{"57P",
	 VERDICT_CONNECTION}, /* admin_shutdown, crash_shutdown, cannot_connect_now, idle_session_timeout */
	{"08", VERDICT_CONNECTION},    /* connection exceptions */
	{"53300", VERDICT_CONNECTION}, /* too_many_connections */
	{"25006", VERDICT_CONNECTION}, /* read_only_sql_transaction: the server has become a standby */
	{"25P03", VERDICT_CONNECTION}, /* idle_in_transaction_session_timeout */
	{"26000", VERDICT_CONNECTION}, /* invalid_sql_statement_name: our prepared statements are gone */
	{"0A000", VERDICT_CONNECTION}, /* cached plan must not change result type: prepare anew */
	{"55P03", VERDICT_LOCKED},     /* lock_not_available */
	{"53", VERDICT_UNAVAILABLE},   /* insufficient resources: disk_full, out_of_memory */
	{"58030", VERDICT_UNAVAILABLE} /* io_error */
};

/* Syntax and names, internal errors, data that does not fit its type: validation should have stopped it. */
static const char *const our_faults[] = {"42", "XX", "22"};

enum verdict verdict_of(const char *sqlstate)
{
	for (size_t i = 0; i < COUNTOF(verdicts); i++)
		if (strncmp(sqlstate, verdicts[i].prefix, strlen(verdicts[i].prefix)) == 0)
			return verdicts[i].verdict;
	return VERDICT_MEMBER;
}

bool verdict_is_our_fault(const char *sqlstate)
{
	for (size_t i = 0; i < COUNTOF(our_faults); i++)
		if (strncmp(sqlstate, our_faults[i], strlen(our_faults[i])) == 0)
			return true;
	return false;
}
