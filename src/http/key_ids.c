/*
 * A Bloom filter of the ids of keys; see key_ids.h.
 */
#include "key_ids.h"

#include <string.h>

enum { HASHES = 3 };

/* Three numbers of 16 bits out of the 64 of one keyed hash. */
static void places(const struct key_ids *k, const char *id, size_t ret[HASHES])
{
	unsigned char hash[crypto_shorthash_BYTES];

	crypto_shorthash(hash, (const unsigned char *)id, strlen(id), k->seed);
	for (size_t i = 0; i < HASHES; i++)
		ret[i] = (size_t)hash[2 * i] << 8 | hash[2 * i + 1];
}

void key_ids_clear(struct key_ids *k)
{
	k->count = 0;
	memset(k->bits, 0, sizeof(k->bits));
}

void key_ids_add(struct key_ids *k, const char *id)
{
	size_t at[HASHES];

	k->count++;
	places(k, id, at);
	for (size_t i = 0; i < HASHES; i++)
		k->bits[at[i] / 64] |= UINT64_C(1) << at[i] % 64;
}

bool key_ids_have(const struct key_ids *k, const char *id)
{
	size_t at[HASHES];

	if (k->count > KEY_IDS_MAX)
		return true;
	places(k, id, at);
	for (size_t i = 0; i < HASHES; i++)
		if (!(k->bits[at[i] / 64] >> at[i] % 64 & 1))
			return false;
	return true;
}
