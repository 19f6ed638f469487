/* UUIDv7: layout, order (also when the clock steps back), and what counts as a UUID. */
#include "suites.h"

#include <stdlib.h>
#include <string.h>

#include "ciclo/base/attr.h"
#include "ciclo/base/uuid7.h"

/* The example of RFC 9562, appendix A.6: 2022-02-22T19:22:22Z. */
#define EXAMPLE_US INT64_C(1645557742000000)
#define EXAMPLE_MS "017f22e2-79b0"

static uint64_t ms_of(const char *uuid)
{
	char digits[13];

	memcpy(digits, uuid, 8);
	memcpy(digits + 8, uuid + 9, 4);
	digits[12] = '\0';
	return strtoull(digits, NULL, 16);
}

START_TEST(layout)
{
	struct uuid7_source source = {0};
	char uuid[UUID_TEXT];

	for (int i = 0; i < 1000; i++) {
		uuid7_next(&source, EXAMPLE_US + 999, uuid);
		ck_assert(uuid_valid(uuid, strlen(uuid)));
		ck_assert_mem_eq(uuid, EXAMPLE_MS, strlen(EXAMPLE_MS));
		ck_assert_int_eq(uuid[14], '7');
		ck_assert_ptr_nonnull(strchr("89ab", uuid[19]));
	}
}
END_TEST

START_TEST(random_bits_vary)
{
	struct uuid7_source one = {0}, two = {0};
	char a[UUID_TEXT], b[UUID_TEXT];
	bool seen[256] = {false};

	for (int i = 0; i < 256; i++) {
		uuid7_next(&one, EXAMPLE_US, a);
		uuid7_next(&two, EXAMPLE_US, b);
		ck_assert_str_ne(a + 20, b + 20);
		seen[(unsigned char)a[19]] = true;
	}
	/* Two bits beside the variant are random: all four digits come, but once in 10^30 runs. */
	ck_assert(seen['8'] && seen['9'] && seen['a'] && seen['b']);
}
END_TEST

START_TEST(grows_within_a_millisecond)
{
	struct uuid7_source source = {0};
	char last[UUID_TEXT] = "", uuid[UUID_TEXT];

	for (int i = 0; i < 20000; i++) {
		uuid7_next(&source, EXAMPLE_US, uuid);
		/* Even before the random bits: time and counter alone decide. */
		if (strncmp(last, uuid, 18) >= 0)
			ck_abort_msg("%s, %s", last, uuid);
		memcpy(last, uuid, sizeof(uuid));
	}
	/* 12 bits of counter, at most half of them seeded: 20,000 ids run 4 to 9 ms ahead. */
	ck_assert_uint_ge(ms_of(uuid), EXAMPLE_US / 1000 + 4);
	ck_assert_uint_le(ms_of(uuid), EXAMPLE_US / 1000 + 9);
}
END_TEST

START_TEST(grows_when_the_clock_steps)
{
	static const int64_t hour = INT64_C(3600000000);
	static const int64_t steps[] = {0,       -hour, 1000, -24 * hour, hour, -1000, -EXAMPLE_US - hour,
					2 * hour};
	struct uuid7_source source = {0};
	char last[UUID_TEXT] = "", uuid[UUID_TEXT];

	for (size_t i = 0; i < 80000; i++) {
		uuid7_next(&source, EXAMPLE_US + steps[i / 10000], uuid);
		if (strncmp(last, uuid, 18) >= 0)
			ck_abort_msg("%s, %s", last, uuid);
		memcpy(last, uuid, sizeof(uuid));
	}
	/* Once the clock is ahead again, the ids follow it. */
	ck_assert_uint_lt(ms_of(uuid), (uint64_t)(EXAMPLE_US + 2 * hour) / 1000 + 10);
	ck_assert_uint_ge(ms_of(uuid), (uint64_t)(EXAMPLE_US + 2 * hour) / 1000);
}
END_TEST

START_TEST(a_new_millisecond_starts_low_and_at_random)
{
	struct uuid7_source source = {0};
	char uuid[UUID_TEXT];
	uint32_t first = 0;
	int changes = 0;

	for (int i = 0; i < 100; i++) {
		uuid7_next(&source, EXAMPLE_US + i * 1000, uuid);
		ck_assert_uint_lt(source.counter, 2048);
		changes += i > 0 && source.counter != first;
		first = source.counter;
	}
	ck_assert_int_gt(changes, 50);
}
END_TEST

static const char *const good[] = {
	"017f22e2-79b0-7cc3-98c4-dc0c0c07398f",
	"017F22E2-79B0-7CC3-98C4-DC0C0C07398F",
	"00000000-0000-0000-0000-000000000000",
	"919108f7-52d1-4320-9bac-f847db4148a8",
};

static const char *const bad[] = {
	"",
	"017f22e279b07cc398c4dc0c0c07398f",
	"017f22e2-79b0-7cc3-98c4-dc0c0c07398",
	"017f22e2-79b0-7cc3-98c4-dc0c0c07398ff",
	"{17f22e2-79b0-7cc3-98c4-dc0c0c07398}",
	"017f22e2-79b0-7cc3-98c4-dc0c0c07398g",
	"017f22e2-79b0-7cc3-98c4-dc0c0c07398 ",
	"017f22e2_79b0-7cc3-98c4-dc0c0c07398f",
	"017f22e-279b0-7cc3-98c4-dc0c0c07398f",
	"017f22e2-79b0-7cc3-98c4adc0c0c07398f",
	"-17f22e2-79b0-7cc3-98c4-dc0c0c07398f",
};

START_TEST(tells_uuids_from_others)
{
	for (size_t i = 0; i < COUNTOF(good); i++)
		ck_assert_msg(uuid_valid(good[i], strlen(good[i])), "%s", good[i]);
	for (size_t i = 0; i < COUNTOF(bad); i++)
		ck_assert_msg(!uuid_valid(bad[i], strlen(bad[i])), "%s", bad[i]);
}
END_TEST

Suite *uuid7_suite(void)
{
	Suite *suite = suite_create("uuid7");
	TCase *tc = tcase_create("uuid7");

	tcase_add_test(tc, layout);
	tcase_add_test(tc, random_bits_vary);
	tcase_add_test(tc, grows_within_a_millisecond);
	tcase_add_test(tc, grows_when_the_clock_steps);
	tcase_add_test(tc, a_new_millisecond_starts_low_and_at_random);
	tcase_add_test(tc, tells_uuids_from_others);
	tcase_set_timeout(tc, 60);
	suite_add_tcase(suite, tc);
	return suite;
}
