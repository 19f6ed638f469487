/*
 * Migrations; see ciclo/db/migrate.h. The ledger's own statements stand here, because nothing of sql/ is there
 * before they have run.
 */
#include "ciclo/db/migrate.h"

#include "admin.h"
#include "migrations.h"

/* Two processes that migrate at once go one after the other. The key is arbitrary: "ciclo" in ASCII. */
static const char lock[] = "SELECT pg_advisory_lock(426835799151)";
static const char create_ledger[] = "CREATE TABLE IF NOT EXISTS schema_migrations ("
				    "version integer PRIMARY KEY, name text NOT NULL, sha256 text NOT NULL,"
				    " applied_at timestamptz NOT NULL DEFAULT now())";
static const char comment_ledger[] = "COMMENT ON TABLE schema_migrations IS 'Which files of sql/migrations "
				     "were applied, and what they said'";
static const char newest[] = "SELECT coalesce(max(version), 0) FROM schema_migrations";
static const char compare[] = "SELECT sha256 = encode(sha256(convert_to($2, 'UTF8')), 'hex') OR"
			      " sha256 = $3 AND (SELECT max(version) FROM schema_migrations) >= $4::integer"
			      " FROM schema_migrations WHERE version = $1::integer";
/*
 * Before the first release three files cut the same change in two ways: from LAST_TWIN on, both have led to the
 * same schema, to the byte of pg_dump. There are databases that went the other way.
 */
#define LAST_TWIN "24"
static const struct {
	int version;
	const char *sha256;
} twins[] = {
	{18, "99dcfd1897594bc945945e039fc50336d44d0abfc337eaaf5da6fbb12416c8ed"},
	{20, "521cd8fc3b96d2590b4fdf9952176d509b653afb8ae6c72bdc9366cf12863e6f"},
	{21, "ab82b8bb73491c206f82db9a74f8a2abcc99e9748ec61f754b17cd14ac7e219d"},
};
/* DDL that waits for a lock holds up everybody behind it. */
static const char begin[] = "BEGIN; SET LOCAL lock_timeout = '10s'";
static const char note[] = "INSERT INTO schema_migrations (version, name, sha256)"
			   " VALUES ($1::integer, $2, encode(sha256(convert_to($3, 'UTF8')), 'hex'))";

int migrate_version(void)
{
	return migration_count > 0 ? migration_texts[migration_count - 1].version : 0;
}

/* Runs a statement (or, without args, several) for its effect. */
static bool run(PGconn *conn, const char *text, const char *what, FILE *out)
{
	PGresult *r = PQexec(conn, text);
	bool ok = PQresultStatus(r) == PGRES_COMMAND_OK || PQresultStatus(r) == PGRES_TUPLES_OK;

	if (!ok)
		fprintf(out, "%s: %s", what, PQerrorMessage(conn));
	PQclear(r);
	return ok;
}

static bool write_ledger(PGconn *conn, const struct migration_text *m, const char *version, FILE *out)
{
	PGresult *r =
		admin_query(conn, note, 3, (const char *const[]){version, m->name, m->text}, m->name, out);
	bool ok = r != NULL;

	PQclear(r);
	return ok;
}

static bool apply(PGconn *conn, const struct migration_text *m, const char *version, FILE *out)
{
	bool ok = run(conn, begin, m->name, out) && run(conn, m->text, m->name, out) &&
		  write_ledger(conn, m, version, out) && run(conn, "COMMIT", m->name, out);

	/* A failed file leaves the caller to close the connection, which rolls back. */
	if (ok)
		fprintf(out, "applied %s\n", m->name);
	return ok;
}

static const char *twin_of(int version)
{
	for (size_t i = 0; i < COUNTOF(twins); i++)
		if (twins[i].version == version)
			return twins[i].sha256;
	return "";
}

/* Applies m unless it is there; there with another text is a fault. */
static bool bring(PGconn *conn, const struct migration_text *m, FILE *out)
{
	char version[16];
	PGresult *r;
	bool there, same;

	snprintf(version, sizeof version, "%d", m->version);
	r = admin_query(conn, compare, 4,
			(const char *const[]){version, m->text, twin_of(m->version), LAST_TWIN}, m->name,
			out);
	if (!r)
		return false;
	there = PQntuples(r) == 1;
	same = there && strcmp(PQgetvalue(r, 0, 0), "t") == 0;
	PQclear(r);
	if (!there)
		return apply(conn, m, version, out);
	if (!same)
		fprintf(out, "%s was edited after it was applied: migrations are never edited\n", m->name);
	return same;
}

static bool is_known(PGconn *conn, FILE *out)
{
	PGresult *r = admin_query(conn, newest, 0, NULL, "schema_migrations", out);
	long version;

	if (!r)
		return false;
	version = strtol(PQgetvalue(r, 0, 0), NULL, 10);
	PQclear(r);
	if (version <= migrate_version())
		return true;
	fprintf(out, "the database has migration %ld; this program knows only up to %d\n", version,
		migrate_version());
	return false;
}

bool migrate_run(const char *database_url, FILE *out)
{
	PGconn *conn = admin_open(database_url, out);
	bool ok;

	if (!conn)
		return false;
	ok = run(conn, lock, "advisory lock", out) && run(conn, create_ledger, "schema_migrations", out) &&
	     run(conn, comment_ledger, "schema_migrations", out) && is_known(conn, out);
	for (unsigned long i = 0; ok && i < migration_count; i++)
		ok = bring(conn, &migration_texts[i], out);
	/* Each time: a role may have come since. */
	ok = ok && run(conn, grants_text, "grants", out);
	PQfinish(conn);
	return ok;
}
