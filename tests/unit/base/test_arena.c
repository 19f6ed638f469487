/* The arena: alignment, zeroes, the cap, and the poison under AddressSanitizer. */
#include "suites.h"

#include <stdalign.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "ciclo/base/arena.h"
#include "ciclo/base/memory.h"

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#endif

START_TEST(blocks_are_zeroed_aligned_and_apart)
{
	struct arena *a = arena_new((size_t)1 << 20);
	unsigned char *blocks[500], zeroes[300] = {0}, expected[300];

	for (size_t i = 0; i < COUNTOF(blocks); i++) {
		size_t size = i * 7 % 300;

		blocks[i] = arena_alloc(a, size);
		ck_assert_ptr_nonnull(blocks[i]);
		ck_assert_uint_eq((uintptr_t)blocks[i] % alignof(max_align_t), 0);
		ck_assert_mem_eq(blocks[i], zeroes, size);
		memset(blocks[i], (int)(i % 255) + 1, size);
	}
	for (size_t i = 0; i < COUNTOF(blocks); i++) {
		memset(expected, (int)(i % 255) + 1, sizeof(expected));
		ck_assert_mem_eq(blocks[i], expected, i * 7 % 300);
	}
	arena_free(a);
}
END_TEST

START_TEST(empty_blocks_differ)
{
	struct arena *a = arena_new(100);
	void *one = arena_alloc(a, 0), *two = arena_alloc(a, 0);

	ck_assert_ptr_nonnull(one);
	ck_assert_ptr_nonnull(two);
	ck_assert_ptr_ne(one, two);
	arena_free(a);
}
END_TEST

START_TEST(large_blocks_leave_the_chunk_in_use)
{
	struct arena *a = arena_new((size_t)1 << 24);
	char *before = arena_alloc(a, 16);
	char *large = arena_alloc(a, (size_t)1 << 22);
	char *after = arena_alloc(a, 16);

	ck_assert_ptr_nonnull(large);
	memset(large, 'x', (size_t)1 << 22);
	/* Beside the first block, however far apart sanitizers keep them. */
	ck_assert_int_gt(after - before, 0);
	ck_assert_int_lt(after - before, 100);
	arena_free(a);
}
END_TEST

START_TEST(refuses_past_the_cap)
{
	uint64_t before = memory_failures();
	struct arena *a = arena_new(1024);

	ck_assert_ptr_null(arena_alloc(a, 1025));
	ck_assert_ptr_nonnull(arena_alloc(a, 1008));
	ck_assert_ptr_null(arena_alloc(a, 17));
	ck_assert_ptr_nonnull(arena_alloc(a, 16));
	ck_assert_ptr_null(arena_alloc(a, 1));
	ck_assert_ptr_null(arena_strndup(a, "x", 1));
	ck_assert_ptr_null(arena_printf(a, "%d", 1));
	/* It is nobody else's matter. */
	ck_assert_uint_eq(arena_refusals(a), 5);
	ck_assert_uint_eq(memory_failures(), before);
	arena_reset(a, 1024);
	ck_assert_uint_eq(arena_refusals(a), 0);
	arena_free(a);
}
END_TEST

START_TEST(refuses_sizes_that_wrap)
{
	struct arena *a = arena_new(SIZE_MAX);

	ck_assert_ptr_null(arena_alloc(a, SIZE_MAX));
	ck_assert_ptr_null(arena_alloc(a, SIZE_MAX - 8));
	ck_assert_ptr_null(arena_strndup(a, "x", SIZE_MAX));
	arena_free(a);
	arena_free(NULL);
}
END_TEST

START_TEST(copies_and_prints)
{
	struct arena *a = arena_new(100000);
	char *copy = arena_strndup(a, "external:42/more", 11);
	char *empty = arena_strndup(a, "x", 0);
	char *text = arena_printf(a, "%s has %d lines, %0*d", copy, 3, 9000, 7);

	ck_assert_str_eq(copy, "external:42");
	ck_assert_str_eq(empty, "");
	ck_assert_uint_eq(strlen(text), strlen("external:42 has 3 lines, ") + 9000);
	ck_assert_ptr_nonnull(strstr(text, "external:42 has 3 lines, 000"));
	arena_free(a);
}
END_TEST

START_TEST(joins)
{
	struct arena *a = arena_new(100);
	char *text = arena_join(a, "a", "", "bc", (char *)NULL);

	ck_assert_str_eq(text, "abc");
	ck_assert_str_eq(arena_join(a, "", (char *)NULL), "");
	ck_assert_ptr_null(arena_join(a, text, text, text, text, text, text, text, text, text, text, text,
				      text, text, text, text, text, text, text, text, text, text, text, text,
				      text, text, text, text, text, text, text, text, text, text, text,
				      (char *)NULL));
	arena_free(a);
}
END_TEST

START_TEST(starts_again_after_a_reset)
{
	struct arena *a = arena_new(200000);
	char *text;

	/* More chunks, of the common size and larger. */
	for (size_t i = 0, size; i < 20; i++) {
		size = i % 2 ? 1000 : 9000;
		text = arena_alloc(a, size);
		ck_assert_ptr_nonnull(text);
		memset(text, 'x', size);
	}
	arena_reset(a, 7984);
	text = arena_alloc(a, 2000);
	for (int i = 0; i < 2000; i++)
		ck_assert_int_eq(text[i], 0);
	ck_assert_ptr_null(arena_alloc(a, 5985));
	ck_assert_ptr_nonnull(arena_alloc(a, 5984));
	arena_free(a);
}
END_TEST

#ifdef __SANITIZE_ADDRESS__
START_TEST(what_was_not_handed_out_is_poisoned)
{
	struct arena *a = arena_new(1000);
	char *one = arena_alloc(a, 13);
	char *two = arena_alloc(a, 32);

	ck_assert(!__asan_address_is_poisoned(one + 12));
	ck_assert(__asan_address_is_poisoned(one + 13));
	ck_assert(!__asan_address_is_poisoned(two));
	ck_assert(__asan_address_is_poisoned(two + 32));
	ck_assert(__asan_address_is_poisoned(two - 1));
	arena_reset(a, 1000);
	ck_assert(__asan_address_is_poisoned(one));
	ck_assert(__asan_address_is_poisoned(two));
	arena_free(a);
}
END_TEST
#endif

Suite *arena_suite(void)
{
	Suite *suite = suite_create("arena");
	TCase *tc = tcase_create("arena");

	tcase_add_test(tc, blocks_are_zeroed_aligned_and_apart);
	tcase_add_test(tc, empty_blocks_differ);
	tcase_add_test(tc, large_blocks_leave_the_chunk_in_use);
	tcase_add_test(tc, refuses_past_the_cap);
	tcase_add_test(tc, refuses_sizes_that_wrap);
	tcase_add_test(tc, copies_and_prints);
	tcase_add_test(tc, joins);
	tcase_add_test(tc, starts_again_after_a_reset);
#ifdef __SANITIZE_ADDRESS__
	tcase_add_test(tc, what_was_not_handed_out_is_poisoned);
#endif
	suite_add_tcase(suite, tc);
	return suite;
}
