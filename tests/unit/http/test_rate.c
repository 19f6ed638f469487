/*
 * Token buckets: what they hold, how they fill, what is owed, many clients, many threads.
 */
#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "ciclo/http/rate.h"
#include "suites.h"

static const int64_t second = 1000000;
/* As after a week of uptime; an empty table must not take that for a full bucket's debt. */
static const int64_t start = INT64_C(604800) * 1000000;

static bool take(struct rate *r, const char *who, int64_t now, struct rate_left *left)
{
	return rate_take(r, who, strlen(who), now, left);
}

static void begin(void)
{
	ck_assert_int_ge(sodium_init(), 0);
}

START_TEST(a_bucket_holds_its_quota_and_fills_evenly)
{
	struct rate *r = rate_new(10, 5);
	struct rate_left left;

	ck_assert_str_eq(rate_policy(r), "\"default\";q=10;w=5");
	for (int i = 1; i <= 10; i++) {
		ck_assert(take(r, "a", start, &left));
		ck_assert_int_eq(left.requests, 10 - i);
		ck_assert_int_eq(left.full_s, (i + 1) / 2);
		ck_assert_int_eq(left.retry_s, i == 10);
	}
	for (int i = 0; i < 3; i++) {
		ck_assert(!take(r, "a", start, &left));
		ck_assert_int_eq(left.requests, 0);
		ck_assert_int_eq(left.retry_s, 1);
	}
	/* Another client's bucket is another one. */
	ck_assert(take(r, "b", start, &left));
	ck_assert_int_eq(left.requests, 9);
	/* One comes back each half second; what was refused has cost nothing. */
	ck_assert(!take(r, "a", start + second / 2 - 1, &left));
	ck_assert(take(r, "a", start + second / 2, &left));
	ck_assert(!take(r, "a", start + second / 2, &left));
	/* Never more than it holds. */
	ck_assert(take(r, "a", start + 100 * second, &left));
	ck_assert_int_eq(left.requests, 9);
	rate_free(r);
}
END_TEST

START_TEST(never_more_than_was_set)
{
	static const int64_t quotas[] = {1, 3, 7, 60, 999983, 1000000};
	static const int64_t windows[] = {1, 7, 3600};

	for (size_t q = 0; q < COUNTOF(quotas); q++)
		for (size_t w = 0; w < COUNTOF(windows); w++) {
			struct rate *r = rate_new(quotas[q], windows[w]);
			struct rate_left left;
			int64_t taken = 0;

			while (take(r, "a", start, &left))
				taken++;
			ck_assert_int_eq(taken, quotas[q]);
			/* A window later all have come back, but for what rounding holds up: one, or one in a thousand. */
			for (taken = 0; take(r, "a", start + windows[w] * second, &left); taken++)
				;
			ck_assert_int_le(taken, quotas[q]);
			ck_assert_int_ge(taken, quotas[q] - 1 - quotas[q] / 1000);
			rate_free(r);
		}
}
END_TEST

START_TEST(what_a_batch_takes_is_owed)
{
	struct rate *r = rate_new(60, 60);
	struct rate_left left;

	ck_assert(take(r, "a", start, &left));
	rate_charge(r, "a", 1, 99, start, &left);
	ck_assert_int_eq(left.requests, 0);
	ck_assert_int_eq(left.full_s, 100);
	ck_assert_int_eq(left.retry_s, 41);
	ck_assert(!take(r, "a", start + 40 * second, &left));
	ck_assert_int_eq(left.retry_s, 1);
	ck_assert(take(r, "a", start + 41 * second, &left));
	ck_assert_int_eq(left.requests, 0);
	rate_free(r);
}
END_TEST

START_TEST(the_table_is_bounded_and_never_too_hard)
{
	struct rate *r = rate_new(2, 3600);
	struct rate_left left;
	char name[32];

	/* Ten times as many clients as there is room for; each of them gets what it may. */
	for (int i = 0; i < 160000; i++) {
		snprintf(name, sizeof(name), "client %d", i);
		ck_assert(take(r, name, start + i, &left));
		ck_assert(take(r, name, start + i, &left));
		ck_assert(!take(r, name, start + i, &left));
	}
	rate_free(r);
}
END_TEST

enum { THREADS = 4, QUOTA = 200000 };

struct taker {
	struct rate *rate;
	int64_t taken;
};

static void *take_all(void *cls)
{
	struct taker *t = cls;
	struct rate_left left;

	while (take(t->rate, "a", start, &left))
		t->taken++;
	return NULL;
}

START_TEST(workers_share_a_bucket)
{
	struct rate *r = rate_new(QUOTA, 1);
	struct taker takers[THREADS];
	pthread_t threads[THREADS];
	int64_t taken = 0;

	for (int i = 0; i < THREADS; i++) {
		takers[i] = (struct taker){.rate = r};
		ck_assert_int_eq(pthread_create(&threads[i], NULL, take_all, &takers[i]), 0);
	}
	for (int i = 0; i < THREADS; i++) {
		pthread_join(threads[i], NULL);
		taken += takers[i].taken;
	}
	ck_assert_int_eq(taken, QUOTA);
	rate_free(r);
}
END_TEST

Suite *rate_suite(void)
{
	Suite *s = suite_create("rate");
	TCase *t = tcase_create("rate");

	tcase_add_unchecked_fixture(t, begin, NULL);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, a_bucket_holds_its_quota_and_fills_evenly);
	tcase_add_test(t, never_more_than_was_set);
	tcase_add_test(t, what_a_batch_takes_is_owed);
	tcase_add_test(t, the_table_is_bounded_and_never_too_hard);
	tcase_add_test(t, workers_share_a_bucket);
	suite_add_tcase(s, t);
	return s;
}
