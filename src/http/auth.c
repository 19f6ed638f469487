/*
 * Who may call: the check of the API key, from the cache or by asking the database.
 *
 * A look-up suspends the call just as a handler would. It asks two things at once: the key, and whether any
 * key exists at all, for a service on loopback is open until the first key is made.
 */
#include "state.h"

#include <sodium.h>
#include <string.h>

#include "ciclo/base/time.h"

#include "bearer.h"
#include "key_cache.h"

struct auth {
	struct key_cache *keys;
	bool any_key; /* does a key exist that is not revoked? */
	struct freshness any_freshness;
};

/* One look-up under way; lives in the arena of its call. */
struct lookup {
	struct call *call;
	struct bearer bearer;
	bool has_bearer;
	struct segment segment;
};

/* Reads of the segment. */
enum { READ_ANY = 0, READ_KEY = 1 };

struct auth *auth_new(void)
{
	struct auth *a = calloc(1, sizeof(*a));

	if (!a)
		return NULL;
	a->keys = key_cache_new();
	if (!a->keys) {
		free(a);
		return NULL;
	}
	return a;
}

void auth_free(struct auth *a)
{
	if (!a)
		return;
	key_cache_free(a->keys);
	free(a);
}

/* RFC 6750 §3: the challenge says what is wrong. */
static enum step refuse_key(struct call *c, enum problem code, const char *error, const char *detail)
{
	call_add_header(c, "WWW-Authenticate", "Bearer realm=\"ciclo\"%s", error);
	call_problem(c, code, NULL, "%s", detail);
	return STEP_ANSWERED;
}

static enum step refuse_scope(struct call *c)
{
	const char *scope = c->match.operation->scope;

	call_add_header(c, "WWW-Authenticate",
			"Bearer realm=\"ciclo\", error=\"insufficient_scope\", scope=\"%s\"", scope);
	call_problem(c, PROBLEM_missing_scope, NULL, "This operation needs the scope %s.", scope);
	return STEP_ANSWERED;
}

/* bearer NULL: none was sent, or not of the form of a key. key NULL: there is none with that id. */
static enum step decide(struct call *c, const struct bearer *bearer, const struct api_key *key)
{
	const struct server *s = c->server;
	bool sent = call_header(c, "Authorization") != NULL;
	bool matches = bearer && bearer_matches(bearer, key);

	if (!s->options.require_key && !s->auth->any_key)
		return STEP_DONE;
	if (!sent)
		return refuse_key(c, PROBLEM_missing_key, "",
				  "Send an API key: Authorization: Bearer ciclo_...");
	if (!matches || !key)
		return refuse_key(c, PROBLEM_invalid_key, ", error=\"invalid_token\"",
				  "The API key is not known, or was revoked.");
	if (!scopes_have(key->scopes, c->match.operation->scope))
		return refuse_scope(c);
	memcpy(c->key_id, key->id, sizeof(c->key_id));
	return STEP_DONE;
}

static void remember_any(struct auth *a, const struct db_answer *answer, int64_t now)
{
	const char *any = db_rows(answer, READ_ANY) ? db_cell(answer, READ_ANY, 0, 0) : NULL;

	a->any_key = any && *any == 't';
	a->any_freshness = (struct freshness){.loaded_ms = now};
}

/* The row of api_key_get.sql: name, secret_hash, scopes, revoked. */
static bool read_key(const struct db_answer *answer, const char *id, struct api_key *ret)
{
	const char *hash, *scopes, *revoked;
	size_t len = 0;

	if (db_rows(answer, READ_KEY) == 0)
		return false;
	hash = db_cell(answer, READ_KEY, 0, 1);
	scopes = db_cell(answer, READ_KEY, 0, 2);
	revoked = db_cell(answer, READ_KEY, 0, 3);
	*ret = (struct api_key){.revoked = !revoked || *revoked != 'f'};
	snprintf(ret->id, sizeof(ret->id), "%s", id);
	/* Cut scopes would end in a name that nobody asks for; they only ever grant less. */
	snprintf(ret->scopes, sizeof(ret->scopes), "%s", scopes ? scopes : "");
	return hash &&
	       sodium_hex2bin(ret->hash, sizeof(ret->hash), hash, strlen(hash), NULL, &len, NULL) == 0 &&
	       len == sizeof(ret->hash);
}

static void answer_failure(struct call *c, enum db_status status)
{
	switch (status) {
	case DB_OVERLOADED:
		call_problem(c, PROBLEM_overloaded, NULL, "Too much work is waiting; try again.");
		break;
	case DB_TIMEOUT:
		call_problem(c, PROBLEM_deadline_exceeded, NULL, "The API key could not be checked in time.");
		break;
	default:
		call_problem(c, PROBLEM_database_unavailable, NULL,
			     "The API key cannot be checked now; try again.");
		break;
	}
}

static void lookup_done(void *cls, const struct db_answer *answer)
{
	struct lookup *l = cls;
	struct call *c = l->call;
	struct auth *a = c->server->auth;
	int64_t now = clock_monotonic_ms();
	struct api_key key;
	bool found = false;

	if (db_status(answer) == DB_OK) {
		remember_any(a, answer, now);
		found = l->has_bearer && read_key(answer, l->bearer.id, &key);
		if (found)
			key_cache_put(a->keys, &key, now);
	}
	if (c->abandoned)
		call_release(c);
	else if (db_status(answer) != DB_OK)
		answer_failure(c, db_status(answer));
	else if (decide(c, l->has_bearer ? &l->bearer : NULL, found ? &key : NULL) == STEP_DONE)
		checks_run(c);
}

static enum step look_up(struct call *c, const struct bearer *bearer)
{
	struct lookup *l = arena_alloc(c->arena, sizeof(*l));

	if (!l || !c->server->options.db) {
		answer_failure(c, DB_UNAVAILABLE);
		return STEP_ANSWERED;
	}
	l->call = c;
	l->segment = (struct segment){
		.lane = LANE_READ,
		.read_count = 1,
		.reads = {[READ_ANY] = {.query = Q_API_KEY_ANY}},
		.deadline_ms = c->deadline_ms,
		.done = lookup_done,
		.cls = l,
	};
	if (bearer) {
		l->has_bearer = true;
		l->bearer = *bearer;
		l->segment.reads[READ_KEY] =
			(struct segment_read){.query = Q_API_KEY_GET, .arg_count = 1, .args = {l->bearer.id}};
		l->segment.read_count = 2;
	}
	c->busy = true;
	db_submit(c->server->options.db, &l->segment);
	return STEP_WAITING;
}

static enum step check_key(struct call *c)
{
	struct auth *a = c->server->auth;
	const char *field = call_header(c, "Authorization");
	int64_t now = clock_monotonic_ms();
	struct bearer parsed;
	const struct bearer *bearer = field && bearer_parse(field, &parsed) ? &parsed : NULL;
	struct api_key *key = bearer ? key_cache_find(a->keys, bearer->id, now) : NULL;

	/* With a required key, one that is not even of the right form needs no database. */
	if (c->server->options.require_key && !bearer)
		return decide(c, NULL, NULL);
	if (!c->server->options.require_key && freshness_claim(&a->any_freshness, now))
		return look_up(c, bearer);
	if (!bearer || (!c->server->options.require_key && !a->any_key))
		return decide(c, bearer, key);
	if (!key || freshness_claim(&key->freshness, now))
		return look_up(c, bearer);
	return decide(c, bearer, key);
}

enum step auth_check(struct call *c)
{
	return c->match.operation->scope ? check_key(c) : STEP_DONE;
}
