/*
 * API keys on the command line; see ciclo/db/keys.h. Statements that only the command line runs stand
 * here, so that the engine does not prepare them on each connection.
 */
#include "ciclo/db/keys.h"

#include <sodium.h>

#include "admin.h"
#include "queries.h"

enum {
	ID_LENGTH = 12,    /* 62 bits: no two keys of a shop meet */
	SECRET_BYTES = 32, /* nobody guesses 256 bits, so the hash need not be slow */
	SECRET_TEXT = 44,  /* 43 characters of base64url and NUL */
	HASH_BYTES = 32,
	NAME_MAX_BYTES = 200 /* it is for people */
};

static const char insert[] = "INSERT INTO api_keys (key_id, name, secret_hash, scopes)"
			     " VALUES ($1, $2, $3, string_to_array($4, ','))";
static const char list[] =
	"SELECT key_id, name, array_to_string(scopes, ',') AS scopes,"
	" rfc3339(created_at) AS created_at, coalesce(rfc3339(revoked_at), '-') AS revoked_at"
	" FROM api_keys ORDER BY api_keys.created_at, key_id";
/* The first instant stays. */
static const char revoke[] = "UPDATE api_keys SET revoked_at = coalesce(revoked_at, now()) WHERE key_id = $1"
			     " RETURNING key_id";

struct new_key {
	char id[ID_LENGTH + 1];
	char secret[SECRET_TEXT];
	char hash[2 * HASH_BYTES + 1];
};

/* Control characters would spoil the table of keys_list. */
static bool check_name(const char *name, FILE *complaints)
{
	size_t length = strlen(name);
	bool ok = length > 0 && length <= NAME_MAX_BYTES;

	for (size_t i = 0; ok && i < length; i++)
		ok = (unsigned char)name[i] >= ' ' && name[i] != 0x7f;
	if (!ok)
		fprintf(complaints, "the name must have 1 to %d bytes and no control characters\n",
			NAME_MAX_BYTES);
	return ok;
}

static bool scope_is_known(const char *scope, size_t length, const char *const *known)
{
	for (; *known; known++)
		if (strlen(*known) == length && strncmp(*known, scope, length) == 0)
			return true;
	return false;
}

static bool check_scopes(const char *scopes, const char *const *known, FILE *complaints)
{
	const char *at = scopes;
	bool ok = true;

	for (;;) {
		size_t length = strcspn(at, ",");

		if (!scope_is_known(at, length, known)) {
			fprintf(complaints, "unknown scope \"%.*s\"\n", (int)length, at);
			ok = false;
		}
		if (at[length] == '\0')
			break;
		at += length + 1;
	}
	if (ok)
		return true;
	fputs("scopes are:", complaints);
	for (; *known; known++)
		fprintf(complaints, " %s", *known);
	fputs("\n", complaints);
	return false;
}

static bool make_key(struct new_key *ret, FILE *complaints)
{
	static const char alphabet[] = "abcdefghijklmnopqrstuvwxyz0123456789";
	unsigned char bytes[SECRET_BYTES], hash[HASH_BYTES];

	if (sodium_init() < 0) {
		fputs("no source of random numbers\n", complaints);
		return false;
	}
	for (size_t i = 0; i < ID_LENGTH; i++)
		ret->id[i] = alphabet[randombytes_uniform(sizeof alphabet - 1)];
	ret->id[ID_LENGTH] = '\0';
	randombytes_buf(bytes, sizeof bytes);
	sodium_bin2base64(ret->secret, sizeof ret->secret, bytes, sizeof bytes,
			  sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	crypto_generichash(hash, sizeof hash, (const unsigned char *)ret->secret, strlen(ret->secret), NULL,
			   0);
	sodium_bin2hex(ret->hash, sizeof ret->hash, hash, sizeof hash);
	sodium_memzero(bytes, sizeof bytes);
	return true;
}

/* Opens, runs one statement, closes. NULL after a complaint. */
static PGresult *query_once(const char *database_url, const char *text, size_t count, const char *const *args,
			    FILE *complaints)
{
	PGconn *conn = admin_open(database_url, complaints);
	PGresult *r;

	if (!conn)
		return NULL;
	r = admin_query(conn, text, count, args, "api_keys", complaints);
	PQfinish(conn);
	return r;
}

bool keys_create(const char *database_url, const char *name, const char *scopes, const char *const *known,
		 FILE *out, FILE *complaints)
{
	struct new_key key;
	PGresult *r = NULL;

	if (!check_name(name, complaints) || !check_scopes(scopes, known, complaints) ||
	    !make_key(&key, complaints))
		return false;
	r = query_once(database_url, insert, 4, (const char *const[]){key.id, name, key.hash, scopes},
		       complaints);
	if (r)
		fprintf(out, "ciclo_%s_%s\n", key.id, key.secret);
	PQclear(r);
	sodium_memzero(&key, sizeof key);
	return r != NULL;
}

bool keys_list(const char *database_url, FILE *out, FILE *complaints)
{
	PGresult *r = query_once(database_url, list, 0, NULL, complaints);

	if (!r)
		return false;
	for (int column = 0; column < PQnfields(r); column++)
		fprintf(out, "%s%s", column ? "\t" : "", PQfname(r, column));
	fputs("\n", out);
	for (int row = 0; row < PQntuples(r); row++) {
		for (int column = 0; column < PQnfields(r); column++)
			fprintf(out, "%s%s", column ? "\t" : "", PQgetvalue(r, row, column));
		fputs("\n", out);
	}
	PQclear(r);
	return true;
}

bool keys_revoke(const char *database_url, const char *id, FILE *complaints)
{
	PGresult *r = query_once(database_url, revoke, 1, (const char *const[]){id}, complaints);
	bool found = r && PQntuples(r) == 1;

	if (r && !found)
		fprintf(complaints, "there is no key %s\n", id);
	PQclear(r);
	return found;
}

bool keys_exist(const char *database_url, bool *ret, FILE *complaints)
{
	PGresult *r = query_once(database_url, query_texts[Q_API_KEY_ANY].text, 0, NULL, complaints);

	if (!r)
		return false;
	*ret = strcmp(PQgetvalue(r, 0, 0), "t") == 0;
	PQclear(r);
	return true;
}
