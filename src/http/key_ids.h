/*
 * Which ids of API keys exist, as far as PostgreSQL said a moment ago: a Bloom filter, so that guesses cost no look-up
 * and however many keys there are it takes 8 KiB. It may take a stranger's id for one that exists (then the look-up
 * tells), never the other way round.
 */
#ifndef CICLO_HTTP_KEY_IDS_H
#define CICLO_HTTP_KEY_IDS_H

#include <sodium.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ciclo/base/attr.h"

/* As many as api_key_ids.sql answers: 3 of 65,536 bits each, so that one guess in 200 is looked up. */
enum { KEY_IDS_MAX = 4096, KEY_IDS_BITS = 65536 };

struct key_ids {
	unsigned char seed[crypto_shorthash_KEYBYTES]; /* random, so that nobody can choose ids that pass */
	size_t count;
	uint64_t bits[KEY_IDS_BITS / 64];
};

/* None; the seed stays. */
void key_ids_clear(struct key_ids *k);
void key_ids_add(struct key_ids *k, const char *id);
/* With more than KEY_IDS_MAX, any may be one. */
bool key_ids_have(const struct key_ids *k, const char *id) NODISCARD;

#endif
