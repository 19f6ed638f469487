/*
 * The blocking way to the database, for the command line (migrate, keys): one connection, one statement
 * at a time, every error said to a person.
 */
#ifndef CICLO_SRC_DB_ADMIN_H
#define CICLO_SRC_DB_ADMIN_H

#include <stddef.h>
#include <stdio.h>

#include <libpq-fe.h>

#include "ciclo/base/attr.h"

/* NULL after a complaint. PQfinish it. */
PGconn *admin_open(const char *database_url, FILE *complaints) NODISCARD;
/* Runs one statement with text parameters. NULL after a complaint that begins with what. PQclear it. */
PGresult *admin_query(PGconn *conn, const char *text, size_t count, const char *const *args, const char *what,
		      FILE *complaints) NODISCARD;

#endif
