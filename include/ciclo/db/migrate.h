/*
 * Migrations: numbered files of sql/migrations, embedded, applied in order under an advisory lock, each in
 * its own transaction together with its ledger row (version, name, sha256). A file that was
 * edited after it was applied, or a database newer than this binary, is refused.
 * Blocking; used by `ciclo migrate` and the tests only.
 */
#ifndef CICLO_DB_MIGRATE_H
#define CICLO_DB_MIGRATE_H

#include <stdbool.h>
#include <stdio.h>

#include "ciclo/base/attr.h"

/* Says on `out` what it applied; on a fault says why there and returns false. */
bool migrate_run(const char *database_url, FILE *out) NODISCARD;
/* The newest version that this binary knows. */
int migrate_version(void);

#endif
