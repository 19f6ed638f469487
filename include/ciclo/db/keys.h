/*
 * API keys as the command line sees them: create, list, revoke. Blocking.
 *
 * A key reads "ciclo_<id>_<secret>": id is 12 characters and stored, secret is 43 characters
 * (256 random bits, base64url); only crypto_generichash (BLAKE2b-256) of it is stored, and it is
 * shown once.
 */
#ifndef CICLO_DB_KEYS_H
#define CICLO_DB_KEYS_H

#include <stdbool.h>
#include <stdio.h>

#include "ciclo/base/attr.h"

/* scopes: comma-separated, each one of `known` (NULL-terminated list). Prints the new key on out. */
bool keys_create(const char *database_url, const char *name, const char *scopes, const char *const *known,
		 FILE *out, FILE *complaints) NODISCARD;
bool keys_list(const char *database_url, FILE *out, FILE *complaints) NODISCARD;
bool keys_revoke(const char *database_url, const char *id, FILE *complaints) NODISCARD;
/* *ret: is there any key that is not revoked? */
bool keys_exist(const char *database_url, bool *ret, FILE *complaints) NODISCARD;

#endif
