/* The blocking way to the database; see admin.h. */
#include "admin.h"

static void on_notice(void *cls, const PGresult *r)
{
	/* "already exists, skipping" is no news to anybody. */
	(void)cls;
	(void)r;
}

PGconn *admin_open(const char *database_url, FILE *complaints)
{
	static const char *const keywords[] = {"application_name", "connect_timeout", "dbname",
					       "client_encoding", NULL};
	const char *const values[] = {"ciclo", "10", database_url, "UTF8", NULL};
	PGconn *conn = PQconnectdbParams(keywords, values, 1);

	if (PQstatus(conn) == CONNECTION_OK) {
		PQsetNoticeReceiver(conn, on_notice, NULL);
		return conn;
	}
	fprintf(complaints, "cannot connect to the database: %s", PQerrorMessage(conn));
	PQfinish(conn);
	return NULL;
}

PGresult *admin_query(PGconn *conn, const char *text, size_t count, const char *const *args, const char *what,
		      FILE *complaints)
{
	PGresult *r = PQexecParams(conn, text, (int)count, NULL, args, NULL, NULL, 0);

	if (PQresultStatus(r) == PGRES_TUPLES_OK || PQresultStatus(r) == PGRES_COMMAND_OK)
		return r;
	fprintf(complaints, "%s: %s", what, PQerrorMessage(conn));
	PQclear(r);
	return NULL;
}
