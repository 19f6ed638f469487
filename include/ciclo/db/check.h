/*
 * Proof that what is derived is what the facts say: everything derived is rebuilt beside the live tables and compared, in one
 * snapshot. Blocking; used by `ciclo check` and the tests only.
 */
#ifndef CICLO_DB_CHECK_H
#define CICLO_DB_CHECK_H

#include <stdbool.h>
#include <stdio.h>

#include "ciclo/base/attr.h"

/* Derives what waits, then compares and tells each table's result on `out`. false: they differ, or it could not be told. */
bool check_run(const char *database_url, FILE *out) NODISCARD;

#endif
