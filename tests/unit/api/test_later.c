/* Work in slices: all of it, in turns with others, and none behind the end. */
#include <check.h>

#include "ciclo/api/later.h"
#include "ciclo/base/time.h"
#include "suites.h"

enum { SLOW_US = 300 };

struct job {
	struct later later;
	int steps, drops;
};

/* As long as a hundred facts take. */
static void spend(int64_t us)
{
	int64_t end = clock_monotonic_us() + us;

	while (clock_monotonic_us() < end)
		;
}

static bool step(void *cls)
{
	struct job *job = cls;

	ck_assert_int_gt(job->steps, 0);
	spend(SLOW_US);
	return --job->steps > 0;
}

static void drop(void *cls)
{
	struct job *job = cls;

	job->drops++;
}

static struct job job_of(int steps)
{
	return (struct job){.steps = steps, .later = {.step = step, .drop = drop}};
}

static void begin(struct laters *all, struct job *job)
{
	job->later.cls = job;
	later_run(all, &job->later);
}

START_TEST(what_is_short_is_done_at_once)
{
	struct laters all = {0};
	struct job job = job_of(1);

	begin(&all, &job);
	ck_assert_int_eq(job.steps, 0);
	ck_assert(!later_tick(&all));
}
END_TEST

START_TEST(what_is_long_is_done_in_turns)
{
	struct laters all = {0};
	struct job one = job_of(20), other = job_of(20);
	int turns = 0;

	begin(&all, &one);
	begin(&all, &other);
	ck_assert_int_gt(one.steps, 0);
	ck_assert_int_gt(other.steps, 0);
	while (later_tick(&all)) {
		turns++;
	}
	ck_assert_int_eq(one.steps + other.steps, 0);
	ck_assert_int_ge(turns, 4);
	ck_assert_int_eq(one.drops + other.drops, 0);
}
END_TEST

START_TEST(what_is_left_at_the_end_is_dropped_once)
{
	struct laters all = {0};
	struct job one = job_of(1000), other = job_of(1000);

	begin(&all, &one);
	begin(&all, &other);
	later_drop(&all);
	ck_assert_int_eq(one.drops, 1);
	ck_assert_int_eq(other.drops, 1);
	ck_assert(!later_tick(&all));
}
END_TEST

Suite *later_suite(void)
{
	Suite *suite = suite_create("later");
	TCase *tcase = tcase_create("slices");

	tcase_add_test(tcase, what_is_short_is_done_at_once);
	tcase_add_test(tcase, what_is_long_is_done_in_turns);
	tcase_add_test(tcase, what_is_left_at_the_end_is_dropped_once);
	suite_add_tcase(suite, tcase);
	return suite;
}
