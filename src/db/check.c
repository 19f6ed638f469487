#include "ciclo/db/check.h"

#include <string.h>

#include "admin.h"
#include "queries.h"

/* In chunks, so that the locks of each are short. */
static const char derive_at_once[] = "1000";
static const char begin[] = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
static const char waiting[] = "SELECT count(DISTINCT customer_id) FROM changed_customers";

static bool derive_all(PGconn *conn, enum query query, FILE *out)
{
	for (bool more = true; more;) {
		PGresult *r = admin_query(conn, query_texts[query].text, 2,
					  (const char *const[]){derive_at_once, NULL}, "derive", out);
		if (!r)
			return false;
		more = strcmp(PQgetvalue(r, 0, 0), "0") != 0;
		PQclear(r);
	}
	return true;
}

/* Columns: table, its rows, rows that it lacks, rows that it has too much. */
static bool report(const PGresult *r, FILE *out)
{
	bool ok = true;

	for (int row = 0; row < PQntuples(r); row++) {
		bool same =
			strcmp(PQgetvalue(r, row, 2), "0") == 0 && strcmp(PQgetvalue(r, row, 3), "0") == 0;

		fprintf(out, "%-16s %s rows, %s missing, %s too many%s\n", PQgetvalue(r, row, 0),
			PQgetvalue(r, row, 1), PQgetvalue(r, row, 2), PQgetvalue(r, row, 3),
			same ? "" : "  <-- differs from the facts");
		ok = ok && same;
	}
	return ok;
}

static bool compare(PGconn *conn, FILE *out)
{
	PGresult *r = admin_query(conn, begin, 0, NULL, "check", out), *left = NULL;
	bool ok = r != NULL;

	PQclear(r);
	r = ok ? admin_query(conn, query_texts[Q_DERIVE_CHECK].text, 0, NULL, "check", out) : NULL;
	left = r ? admin_query(conn, waiting, 0, NULL, "check", out) : NULL;
	ok = left && report(r, out);
	if (left && strcmp(PQgetvalue(left, 0, 0), "0") != 0)
		fprintf(out, "%s customers were changed meanwhile and left out\n", PQgetvalue(left, 0, 0));
	PQclear(left);
	PQclear(r);
	return ok;
}

bool check_run(const char *database_url, FILE *out)
{
	PGconn *conn = admin_open(database_url, out);
	bool ok;

	if (!conn)
		return false;
	ok = derive_all(conn, Q_DERIVE_CHANGED, out) && derive_all(conn, Q_DERIVE_STAGES, out) &&
	     compare(conn, out);
	PQfinish(conn);
	return ok;
}
