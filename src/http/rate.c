/*
 * Token buckets as one number each: the instant at which the bucket will be full again (the generic cell rate
 * algorithm). A request moves it by what one request takes to come back; it is refused when that would be further off
 * than filling the whole bucket takes. So a bucket is taken from by one compare-and-swap, without locks, and a full bucket needs no
 * memory at all: its instant is past.
 *
 * The table is set-associative, with hashes in the place of names, keyed so that nobody can aim at a set. Who finds no
 * place takes that of the fullest bucket, which thereby is full: under a flood of clients the limit is too kind to some, never
 * too hard. Two threads that make room for the same client at once can leave two buckets of it; the first one found counts.
 */
#include "ciclo/http/rate.h"

#include <sodium.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	SETS = 4096,
	WAYS = 4, /* 16,384 clients at once, 256 KiB: more than a shop has keys */
	POLICY_SIZE = 64
};

static const int64_t ns_per_us = 1000, ns_per_s = 1000000000;

struct bucket {
	_Atomic uint64_t who;    /* 0: nobody */
	_Atomic int64_t full_ns; /* when it is full again */
};

struct rate {
	int64_t each_ns; /* what one request takes to come back, rounded up: never more than was set */
	int64_t size_ns; /* what all of them take */
	char policy[POLICY_SIZE];
	unsigned char seed[crypto_shorthash_KEYBYTES];
	struct bucket set[SETS][WAYS];
};

struct rate *rate_new(int64_t quota, int64_t window_s)
{
	struct rate *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	r->each_ns = (window_s * ns_per_s + quota - 1) / quota;
	r->size_ns = quota * r->each_ns;
	snprintf(r->policy, sizeof(r->policy), "\"default\";q=%lld;w=%lld", (long long)quota,
		 (long long)window_s);
	crypto_shorthash_keygen(r->seed);
	return r;
}

void rate_free(struct rate *r)
{
	free(r);
}

const char *rate_policy(const struct rate *r)
{
	return r->policy;
}

static uint64_t name_of(const struct rate *r, const void *who, size_t len)
{
	union {
		unsigned char bytes[crypto_shorthash_BYTES];
		uint64_t number;
	} hash;

	crypto_shorthash(hash.bytes, who, len, r->seed);
	return hash.number ? hash.number : 1;
}

/* The bucket of a client, or the one that can best be given to it. */
static struct bucket *look(struct bucket set[WAYS], uint64_t name)
{
	struct bucket *fullest = &set[0];

	for (int i = 0; i < WAYS; i++) {
		if (atomic_load_explicit(&set[i].who, memory_order_relaxed) == name)
			return &set[i];
		if (atomic_load_explicit(&set[i].full_ns, memory_order_relaxed) <
		    atomic_load_explicit(&fullest->full_ns, memory_order_relaxed))
			fullest = &set[i];
	}
	return fullest;
}

static struct bucket *find(struct rate *r, uint64_t name)
{
	for (;;) {
		struct bucket *b = look(r->set[name % SETS], name);
		uint64_t who = atomic_load_explicit(&b->who, memory_order_relaxed);
		int64_t full = atomic_load_explicit(&b->full_ns, memory_order_relaxed);

		if (who == name)
			return b;
		/* Lost against another thread: it may have made the very bucket that is wanted. */
		if (!atomic_compare_exchange_weak(&b->who, &who, name))
			continue;
		/* What the one before owed; unless another thread has taken for the new one already. */
		atomic_compare_exchange_strong(&b->full_ns, &full, 0);
		return b;
	}
}

static int64_t seconds_up(int64_t ns)
{
	return ns > 0 ? (ns + ns_per_s - 1) / ns_per_s : 0;
}

/* owed_ns: what the bucket lacks, in time. */
static void tell(const struct rate *r, int64_t owed_ns, struct rate_left *ret)
{
	int64_t left_ns = r->size_ns - owed_ns;

	*ret = (struct rate_left){
		.requests = left_ns > 0 ? left_ns / r->each_ns : 0,
		.full_s = seconds_up(owed_ns),
		.retry_s = left_ns < r->each_ns ? seconds_up(r->each_ns - left_ns) : 0,
	};
}

/* Takes count; if that is more than there is, only when it may be owed. */
static bool take(struct rate *r, uint64_t name, int64_t count, bool may_owe, int64_t now_ns,
		 struct rate_left *ret)
{
	struct bucket *b = find(r, name);
	int64_t full = atomic_load_explicit(&b->full_ns, memory_order_relaxed);
	int64_t next, owed;

	do {
		owed = full > now_ns ? full - now_ns : 0;
		next = now_ns + owed + count * r->each_ns;
		if (!may_owe && next - now_ns > r->size_ns) {
			tell(r, owed, ret);
			return false;
		}
	} while (!atomic_compare_exchange_weak(&b->full_ns, &full, next));
	tell(r, next - now_ns, ret);
	return true;
}

bool rate_take(struct rate *r, const void *who, size_t len, int64_t now_us, struct rate_left *ret)
{
	return take(r, name_of(r, who, len), 1, false, now_us * ns_per_us, ret);
}

void rate_charge(struct rate *r, const void *who, size_t len, int64_t count, int64_t now_us,
		 struct rate_left *ret)
{
	(void)take(r, name_of(r, who, len), count, true, now_us * ns_per_us, ret);
}
