/*
 * Who may call: the check of the API key, from the cache or by asking the database.
 *
 * A look-up suspends the call just as a handler would. It asks two things at once: the key, and the ids of all keys
 * there are; with them a service on loopback knows that it is open until the first key is made, and a stranger's guess
 * is told from a key that is only not in the cache.
 */
#include "state.h"

#include <sodium.h>
#include <string.h>

#include "ciclo/base/time.h"

#include "bearer.h"
#include "key_cache.h"
#include "key_ids.h"
#include "origin.h"

enum {
	/* Look-ups of ids that did not exist a moment ago: a key that was made since works at once, and guesses, however
	 * many come, cost PostgreSQL no more than this. */
	STRANGERS_PER_S = 20,
	/* From here on a body is not kept before its sender is known. Smaller ones of all connections fit into 64 MiB. */
	EARLY_BYTES = 64 << 10
};

struct auth {
	struct key_cache *keys;
	struct key_ids ids;
	struct freshness ids_freshness;
	int64_t strangers_since_ms; /* the second in which ... */
	unsigned strangers;         /* ... so many were looked up */
};

/* One look-up under way; lives in the arena of its call. */
struct lookup {
	struct call *call;
	struct bearer bearer;
	bool has_bearer;
	struct segment segment;
};

/* Reads of the segment. */
enum { READ_IDS = 0, READ_KEY = 1 };

struct auth *auth_new(void)
{
	struct auth *a = calloc(1, sizeof(*a));

	if (!a)
		return NULL;
	crypto_shorthash_keygen(a->ids.seed);
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

/* Does a call need a key? On another address than loopback always. */
static bool is_closed(const struct server *s)
{
	return s->options.require_key || s->auth->ids.count > 0;
}

/* Whether a key may do what the call asks; PROBLEM_NONE: yes. bearer NULL: none was sent, or not of the form of a key.
 * key NULL: there is none with that id. */
static enum problem judge(const struct call *c, const char *field, const struct bearer *bearer,
			  const struct api_key *key)
{
	bool matches = bearer && bearer_matches(bearer, key);

	if (!field)
		return PROBLEM_missing_key;
	if (!matches || !key)
		return PROBLEM_invalid_key;
	return scopes_have(key->scopes, c->match.operation->scope) ? PROBLEM_NONE : PROBLEM_missing_scope;
}

/* RFC 6750 §3: the challenge says what is wrong. */
void auth_refuse(struct call *c, enum problem code)
{
	const char *scope = c->match.operation->scope;

	switch (code) {
	case PROBLEM_missing_key:
		call_add_header(c, "WWW-Authenticate", "Bearer realm=\"ciclo\"");
		call_problem(c, code, NULL, "Send an API key: Authorization: Bearer ciclo_...");
		break;
	case PROBLEM_missing_scope:
		call_add_header(c, "WWW-Authenticate",
				"Bearer realm=\"ciclo\", error=\"insufficient_scope\", scope=\"%s\"", scope);
		call_problem(c, code, NULL, "This operation needs the scope %s.", scope);
		break;
	default:
		call_add_header(c, "WWW-Authenticate", "Bearer realm=\"ciclo\", error=\"invalid_token\"");
		call_problem(c, code, NULL, "The API key is not known, or was revoked.");
		break;
	}
}

/* Open, but to this machine: not to whatever page a browser on it shows. */
static enum step check_local(struct call *c)
{
	if (!c->foreign)
		return STEP_DONE;
	call_add_header(c, "WWW-Authenticate", "Bearer realm=\"ciclo\"");
	call_problem(c, PROBLEM_foreign_origin, NULL,
		     "Without API keys only this machine is answered; call it localhost or 127.0.0.1.");
	return STEP_ANSWERED;
}

static enum step decide(struct call *c, const struct bearer *bearer, const struct api_key *key)
{
	enum problem code;

	if (!is_closed(c->server))
		return check_local(c);
	code = judge(c, call_header(c, "Authorization"), bearer, key);
	if (code != PROBLEM_NONE) {
		auth_refuse(c, code);
		return STEP_ANSWERED;
	}
	memcpy(c->key_id, key->id, sizeof(c->key_id));
	return STEP_DONE;
}

static void remember_ids(struct auth *a, const struct db_answer *answer, int64_t now)
{
	key_ids_clear(&a->ids);
	for (size_t row = 0; row < db_rows(answer, READ_IDS); row++)
		key_ids_add(&a->ids, db_cell(answer, READ_IDS, row, 0));
	a->ids_freshness = (struct freshness){.loaded_ms = now};
}

/* Is this id none of those that existed a moment ago? */
static bool is_stranger(const struct auth *a, const char *id, int64_t now)
{
	return freshness_valid(&a->ids_freshness, now) && !key_ids_have(&a->ids, id);
}

/* May a stranger be looked up? */
static bool may_ask(struct auth *a, int64_t now)
{
	if (now - a->strangers_since_ms >= 1000) {
		a->strangers_since_ms = now;
		a->strangers = 0;
	}
	return a->strangers++ < STRANGERS_PER_S;
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
		remember_ids(a, answer, now);
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
		.reads = {[READ_IDS] = {.query = Q_API_KEY_IDS}},
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
	if (freshness_claim(&a->ids_freshness, now))
		return look_up(c, bearer);
	if (!bearer || !is_closed(c->server))
		return decide(c, bearer, key);
	if (!key && is_stranger(a, bearer->id, now) && !may_ask(a, now))
		return decide(c, bearer, NULL);
	if (!key || freshness_claim(&key->freshness, now))
		return look_up(c, bearer);
	return decide(c, bearer, key);
}

enum step auth_check(struct call *c)
{
	return c->match.operation->scope ? check_key(c) : STEP_DONE;
}

enum problem auth_foresee(const struct call *c, uint64_t bytes)
{
	struct server *s = c->server;
	const struct operation *op = c->match.operation;
	int64_t now = clock_monotonic_ms();
	const struct api_key *key;
	struct bearer bearer;
	const char *field;

	if (!op || !op->scope || bytes < EARLY_BYTES || !is_closed(s))
		return PROBLEM_NONE;
	field = call_header(c, "Authorization");
	if (!field || !bearer_parse(field, &bearer))
		return judge(c, field, NULL, NULL);
	key = key_cache_find(s->auth->keys, bearer.id, now);
	return key || is_stranger(s->auth, bearer.id, now) ? judge(c, field, &bearer, key) : PROBLEM_NONE;
}
