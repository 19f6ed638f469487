/*
 * The text side of API keys: "Authorization: Bearer ciclo_<id>_<secret>" (form: ciclo/db/keys.h).
 */
#ifndef CICLO_HTTP_BEARER_H
#define CICLO_HTTP_BEARER_H

#include <stdbool.h>

#include "ciclo/base/attr.h"

#include "key_cache.h"

struct bearer {
	char id[KEY_ID_SIZE];
	unsigned char hash[KEY_HASH_SIZE]; /* of the secret, which is not kept */
};

/* false: not of that form. */
bool bearer_parse(const char *field, struct bearer *ret) NODISCARD;
/* Does the key have this secret? key NULL: no, after the same work. */
bool bearer_matches(const struct bearer *b, const struct api_key *key) NODISCARD;
/* Is scope one of a comma-separated list? */
bool scopes_have(const char *scopes, const char *scope) NODISCARD;

#endif
