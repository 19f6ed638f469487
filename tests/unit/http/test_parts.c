/*
 * The pieces that need no socket: entity tags, keys, their cache, deadlines, addresses, problem documents.
 */
#include <netinet/in.h>
#include <sodium.h>
#include <string.h>

#include "../../../src/http/bearer.h"
#include "../../../src/http/state.h"
#include "suites.h"

static void start_sodium(void)
{
	ck_assert_int_ge(sodium_init(), 0);
}

START_TEST(test_etag)
{
	ck_assert(etag_listed("*", "\"a\""));
	ck_assert(etag_listed("\"a\"", "\"a\""));
	ck_assert(etag_listed("W/\"a\"", "\"a\""));
	ck_assert(etag_listed("\"x\", W/\"a,b\" ,\"a\"", "\"a\""));
	ck_assert(etag_listed("\"x\",\"a,b\"", "W/\"a,b\""));
	ck_assert(!etag_listed("\"x\"", "\"a\""));
	ck_assert(!etag_listed("a", "\"a\""));
	ck_assert(!etag_listed("\"a", "\"a\""));
	ck_assert(!etag_listed("", "\"a\""));
	ck_assert(!etag_listed("\"ab\"", "\"a\""));
}
END_TEST

/* 12 and 43 characters. */
#define ID     "abc_efghijkl"
#define SECRET "0123456789012345678901234567890123456789-_Z"

START_TEST(test_bearer_parse)
{
	static const char *const bad[] = {
		"Basic ciclo_" ID "_" SECRET,
		"Bearer " ID "_" SECRET,
		"Bearer ciclo_" ID "_" SECRET "x",
		"Bearer ciclo_" ID "." SECRET,
		"Bearer ciclo_" ID "_short",
		"Bearer",
		"Bearer ciclo_",
		"Bearer ciclo_" ID "_" SECRET " ",
		"",
	};
	struct bearer b;

	ck_assert(bearer_parse("bearer  ciclo_" ID "_" SECRET, &b));
	ck_assert_str_eq(b.id, ID);
	for (size_t i = 0; i < COUNTOF(bad); i++)
		ck_assert_msg(!bearer_parse(bad[i], &b), "%s", bad[i]);
}
END_TEST

START_TEST(test_bearer_matches)
{
	struct bearer b;
	struct api_key key = {.id = ID};

	ck_assert(bearer_parse("Bearer ciclo_" ID "_" SECRET, &b));
	crypto_generichash(key.hash, sizeof(key.hash), (const unsigned char *)SECRET, strlen(SECRET), NULL,
			   0);
	ck_assert(bearer_matches(&b, &key));
	ck_assert(!bearer_matches(&b, NULL));
	key.revoked = true;
	ck_assert(!bearer_matches(&b, &key));
	key.revoked = false;
	key.hash[31] ^= 1;
	ck_assert(!bearer_matches(&b, &key));
	/* The stand-in for a missing key has a hash of zeros; even that one must not open. */
	memset(b.hash, 0, sizeof(b.hash));
	ck_assert(!bearer_matches(&b, NULL));
}
END_TEST

START_TEST(test_scopes)
{
	ck_assert(scopes_have("orders:read", "orders:read"));
	ck_assert(scopes_have("a:read,orders:read,b:read", "orders:read"));
	ck_assert(!scopes_have("orders:readx,xorders:read", "orders:read"));
	ck_assert(!scopes_have("", "orders:read"));
	ck_assert(!scopes_have("orders:write", "orders:read"));
}
END_TEST

START_TEST(test_cache_age)
{
	struct key_cache *cache = key_cache_new();
	struct api_key key = {.id = ID, .scopes = "orders:read"};
	struct api_key *found;

	ck_assert_ptr_null(key_cache_find(cache, ID, 1000));
	key_cache_put(cache, &key, 1000);
	found = key_cache_find(cache, ID, 1000 + KEY_DUE_MS - 1);
	ck_assert_ptr_nonnull(found);
	ck_assert_str_eq(found->scopes, "orders:read");
	ck_assert(!freshness_claim(&found->freshness, 1000 + KEY_DUE_MS - 1));
	/* In the last second one caller looks again, the next one does not. */
	ck_assert(freshness_claim(&found->freshness, 1000 + KEY_DUE_MS));
	ck_assert(!freshness_claim(&found->freshness, 1000 + KEY_DUE_MS));
	ck_assert_ptr_null(key_cache_find(cache, ID, 1000 + KEY_FRESH_MS));
	ck_assert_ptr_null(key_cache_find(cache, "abc_efghijkX", 1000));
	key_cache_free(cache);
}
END_TEST

/* 12 characters. */
static void number_key(struct api_key *key, unsigned n)
{
	snprintf(key->id, sizeof(key->id), "key_number%02x", n & 0xff);
	key->id[0] = (char)('a' + (n >> 8));
}

START_TEST(test_cache_bounded)
{
	struct key_cache *cache = key_cache_new();
	struct api_key key = {.scopes = ""};
	int kept = 0;

	for (unsigned i = 0; i < 5000; i++) {
		number_key(&key, i);
		key_cache_put(cache, &key, 1000 + i / 10);
		ck_assert_ptr_nonnull(key_cache_find(cache, key.id, 1000 + i / 10));
	}
	for (unsigned i = 0; i < 5000; i++) {
		number_key(&key, i);
		kept += key_cache_find(cache, key.id, 1500) != NULL;
	}
	ck_assert_int_le(kept, 1024);
	ck_assert_int_gt(kept, 500);
	key_cache_free(cache);
}
END_TEST

START_TEST(test_deadlines)
{
	const struct config config = {.header_timeout_ms = 100,
				      .body_timeout_ms = 300,
				      .request_timeout_ms = 1000,
				      .idle_timeout_s = 2};
	struct deadlines d;
	struct connection a = {.phase = PHASE_NONE}, b = {.phase = PHASE_NONE};

	deadlines_init(&d, &config);
	ck_assert_int_eq(deadlines_next(&d, 0), -1);
	deadlines_enter(&d, &a, PHASE_HEADER, 1000);
	deadlines_enter(&d, &b, PHASE_HEADER, 1050);
	ck_assert_int_eq(deadlines_next(&d, 1060), 40);
	ck_assert_ptr_null(deadlines_expired(&d, 1099));
	ck_assert_ptr_eq(deadlines_expired(&d, 1100), &a);
	deadlines_enter(&d, &a, PHASE_BODY, 1100);
	ck_assert_ptr_null(deadlines_expired(&d, 1149));
	ck_assert_ptr_eq(deadlines_expired(&d, 1150), &b);
	deadlines_enter(&d, &b, PHASE_NONE, 1150);
	ck_assert_int_eq(deadlines_next(&d, 1150), 250);
	deadlines_enter(&d, &a, PHASE_ANSWER, 2000);
	ck_assert_int_eq(deadlines_next(&d, 2000), 2000);
	deadlines_enter(&d, &a, PHASE_IDLE, 3000);
	ck_assert_int_eq(deadlines_next(&d, 3000), 2100);
	deadlines_enter(&d, &a, PHASE_NONE, 0);
	ck_assert_int_eq(deadlines_next(&d, 0), -1);
}
END_TEST

static const struct {
	const char *text;
	bool good;
	bool loopback;
} addresses[] = {
	{"127.0.0.1:8080", true, true}, {"127.9.9.9:0", true, true}, {"[::1]:8080", true, true},
	{"localhost:8080", true, true}, {"0.0.0.0:80", true, false}, {"[::]:80", true, false},
	{"192.0.2.1:80", true, false},  {"127.0.0.1", false, false}, {"127.0.0.1:", false, false},
	{":8080", false, false},        {"::1:8080", false, false},  {"127.0.0.1:65536", false, false},
	{"127.0.0.1:8o", false, false}, {"[::1:80", false, false},   {"", false, false},
};

START_TEST(test_listen_parse)
{
	struct sockaddr_storage address;
	socklen_t len;
	bool loopback = false;
	bool good = listen_parse(addresses[_i].text, &address, &len, &loopback);

	ck_assert_msg(good == addresses[_i].good, "%s", addresses[_i].text);
	ck_assert_msg(loopback == addresses[_i].loopback, "%s", addresses[_i].text);
}
END_TEST

START_TEST(test_problem_text)
{
	struct violations v = {.count = 0};
	char *text;

	violation_add(&v, IN_BODY, "/items/0/a b\xc3\xa4%", "type", "Must be an integer.");
	violation_add(&v, IN_QUERY, "limit", "maximum", "At most %d.", 10);
	violation_add(&v, IN_HEADER, "if-match", "pattern", "No.");
	text = problem_text(PROBLEM_validation_failed, "r1", &v, "Two \"faults\".");
	ck_assert_str_eq(
		text,
		"{\"type\":\"/problems/validation_failed\",\"title\":\"Content is not valid\",\"status\":422,"
		"\"detail\":\"Two \\\"faults\\\".\",\"instance\":\"urn:ciclo:request:r1\","
		"\"code\":\"validation_failed\",\"errors\":["
		"{\"pointer\":\"#/items/0/a%20b%C3%A4%25\",\"code\":\"type\",\"detail\":\"Must be an "
		"integer.\"},"
		"{\"parameter\":\"limit\",\"code\":\"maximum\",\"detail\":\"At most 10.\"},"
		"{\"header\":\"if-match\",\"code\":\"pattern\",\"detail\":\"No.\"}]}");
	free(text);
	for (int i = 0; i < VIOLATIONS_MAX; i++)
		violation_add(&v, IN_BODY, "/a", "type", "No.");
	text = problem_text(PROBLEM_validation_failed, "r1", &v, "Many.");
	ck_assert_ptr_nonnull(strstr(text, "\"errors_omitted\":3}"));
	free(text);
	violations_release(&v);
}
END_TEST

Suite *parts_suite(void)
{
	Suite *s = suite_create("parts");
	TCase *t = tcase_create("parts");

	tcase_add_unchecked_fixture(t, start_sodium, NULL);
	tcase_add_test(t, test_etag);
	tcase_add_test(t, test_bearer_parse);
	tcase_add_test(t, test_bearer_matches);
	tcase_add_test(t, test_scopes);
	tcase_add_test(t, test_cache_age);
	tcase_add_test(t, test_cache_bounded);
	tcase_add_test(t, test_deadlines);
	tcase_add_loop_test(t, test_listen_parse, 0, COUNTOF(addresses));
	tcase_add_test(t, test_problem_text);
	suite_add_tcase(s, t);
	return s;
}
