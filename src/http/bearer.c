/*
 * Reading and checking the credentials of a request; see bearer.h.
 */
#include "bearer.h"

#include <sodium.h>
#include <string.h>
#include <strings.h>

enum { ID_LENGTH = KEY_ID_SIZE - 1, SECRET_LENGTH = 43 };

static const char alphabet[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";

bool bearer_parse(const char *field, struct bearer *ret)
{
	static const char scheme[] = "bearer ", prefix[] = "ciclo_";
	const char *id, *secret;

	if (strncasecmp(field, scheme, strlen(scheme)) != 0)
		return false;
	field += strlen(scheme);
	field += strspn(field, " ");
	if (strncmp(field, prefix, strlen(prefix)) != 0)
		return false;
	id = field + strlen(prefix);
	/* The lengths are fixed, so a "_" within a part is no separator. */
	if (strspn(id, alphabet) != ID_LENGTH + 1 + SECRET_LENGTH || id[ID_LENGTH] != '_' ||
	    id[ID_LENGTH + 1 + SECRET_LENGTH] != '\0')
		return false;
	secret = id + ID_LENGTH + 1;
	memcpy(ret->id, id, ID_LENGTH);
	ret->id[ID_LENGTH] = '\0';
	crypto_generichash(ret->hash, sizeof(ret->hash), (const unsigned char *)secret, SECRET_LENGTH, NULL,
			   0);
	return true;
}

bool bearer_matches(const struct bearer *b, const struct api_key *key)
{
	static const struct api_key nobody = {.revoked = true};
	const struct api_key *k = key ? key : &nobody;
	bool same = sodium_memcmp(b->hash, k->hash, sizeof(b->hash)) == 0;

	return same && !k->revoked;
}

bool scopes_have(const char *scopes, const char *scope)
{
	size_t len = strlen(scope);

	while (*scopes) {
		size_t part = strcspn(scopes, ",");

		if (part == len && memcmp(scopes, scope, len) == 0)
			return true;
		scopes += part;
		scopes += *scopes == ',';
	}
	return false;
}
