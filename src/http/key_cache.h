/*
 * API keys that were looked up a moment ago. Bounded, and of 5 seconds, so that a revoked key stops working
 * soon without a word between workers. Only keys that exist are kept: guesses cannot push real ones out.
 */
#ifndef CICLO_HTTP_KEY_CACHE_H
#define CICLO_HTTP_KEY_CACHE_H

#include <stdbool.h>
#include <stdint.h>

#include "ciclo/base/attr.h"

enum {
	KEY_ID_SIZE = 13, /* 12 characters and NUL */
	KEY_HASH_SIZE = 32,
	KEY_SCOPES_SIZE = 1024, /* all scopes of the contract take about 450 */
	/* Younger than this an answer of the database counts; in its last second one request looks again
	 * while the others go on with it, so that its end is not a stampede. */
	KEY_FRESH_MS = 5000,
	KEY_DUE_MS = 4000
};

/* How old an answer of the database is. */
struct freshness {
	int64_t loaded_ms; /* clock_monotonic_ms(); 0: never */
	bool refreshing;   /* somebody looks again */
};

struct api_key {
	char id[KEY_ID_SIZE];
	unsigned char hash[KEY_HASH_SIZE];
	char scopes[KEY_SCOPES_SIZE]; /* comma-separated */
	bool revoked;
	struct freshness freshness;
};

struct key_cache;

struct key_cache *key_cache_new(void) NODISCARD;
void key_cache_free(struct key_cache *cache);
/* NULL when it is not there or too old. */
struct api_key *key_cache_find(struct key_cache *cache, const char *id, int64_t now_ms) NODISCARD;
/* Copies key, in place of an older one. */
void key_cache_put(struct key_cache *cache, const struct api_key *key, int64_t now_ms);

bool freshness_valid(const struct freshness *f, int64_t now_ms) NODISCARD;
/* Must this caller look again? Then it is the one who does. */
bool freshness_claim(struct freshness *f, int64_t now_ms) NODISCARD;

#endif
