/*
 * A set-associative table: a key has WAYS places, found by a keyed hash so that nobody can aim at one set.
 */
#include "key_cache.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

enum { SETS = 256, WAYS = 4 }; /* 1024 keys, 600 KiB */

struct key_cache {
	unsigned char seed[crypto_shorthash_KEYBYTES];
	struct api_key set[SETS][WAYS];
};

struct key_cache *key_cache_new(void)
{
	struct key_cache *cache = calloc(1, sizeof(*cache));

	if (cache)
		crypto_shorthash_keygen(cache->seed);
	return cache;
}

void key_cache_free(struct key_cache *cache)
{
	if (cache)
		sodium_memzero(cache, sizeof(*cache));
	free(cache);
}

static struct api_key *set_of(struct key_cache *cache, const char *id)
{
	unsigned char hash[crypto_shorthash_BYTES];

	crypto_shorthash(hash, (const unsigned char *)id, strlen(id), cache->seed);
	return cache->set[hash[0] % SETS];
}

bool freshness_valid(const struct freshness *f, int64_t now_ms)
{
	return f->loaded_ms && now_ms - f->loaded_ms < KEY_FRESH_MS;
}

bool freshness_claim(struct freshness *f, int64_t now_ms)
{
	if (freshness_valid(f, now_ms) && (f->refreshing || now_ms - f->loaded_ms < KEY_DUE_MS))
		return false;
	f->refreshing = true;
	return true;
}

struct api_key *key_cache_find(struct key_cache *cache, const char *id, int64_t now_ms)
{
	struct api_key *set = set_of(cache, id);

	for (int i = 0; i < WAYS; i++)
		if (strcmp(set[i].id, id) == 0 && freshness_valid(&set[i].freshness, now_ms))
			return &set[i];
	return NULL;
}

void key_cache_put(struct key_cache *cache, const struct api_key *key, int64_t now_ms)
{
	struct api_key *set = set_of(cache, key->id);
	struct api_key *place = &set[0];

	for (int i = 0; i < WAYS; i++) {
		if (strcmp(set[i].id, key->id) == 0) {
			place = &set[i];
			break;
		}
		if (set[i].freshness.loaded_ms < place->freshness.loaded_ms)
			place = &set[i];
	}
	*place = *key;
	place->freshness = (struct freshness){.loaded_ms = now_ms};
}
