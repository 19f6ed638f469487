/*
 * Who is kept out and how they are told: pages of other sites, those who ask too much, strangers with large bodies; and
 * what every answer says to browsers.
 */
#include <sodium.h>
#include <string.h>
#include <unistd.h>

#include "../../../src/http/key_ids.h"
#include "../../../src/http/origin.h"
#include "shop.h"
#include "suites.h"

static void begin(void)
{
	ck_assert_int_ge(sodium_init(), 0);
}

START_TEST(sites_are_listed_exactly)
{
	static const char list[] = "https://shop.example,http://127.0.0.1:3000";
	static const char *const no[] = {"https://shop.exampl",
					 "https://shop.example2",
					 "http://shop.example",
					 "https://shop.example:443",
					 "null",
					 "*",
					 "",
					 ",",
					 "https://shop.example,http://127.0.0.1:3000"};

	ck_assert(origin_listed(list, "https://shop.example"));
	ck_assert(origin_listed(list, "http://127.0.0.1:3000"));
	for (size_t i = 0; i < COUNTOF(no); i++)
		ck_assert_msg(!origin_listed(list, no[i]), "%s", no[i]);
	ck_assert(!origin_listed("", "https://shop.example"));
	ck_assert(!origin_listed("", ""));
}
END_TEST

START_TEST(pages_of_this_machine)
{
	static const char *const yes[] = {"http://localhost", "http://LOCALHOST:3000", "https://a.localhost",
					  "http://127.0.0.1:8080", "http://[::1]:8080"};
	static const char *const no[] = {"null",
					 "",
					 "https://shop.example",
					 "http://localhost.example",
					 "http://notlocalhost",
					 "http://127.0.0.1.example",
					 "http://128.0.0.1",
					 "http://[::2]",
					 "http://[::1",
					 "file://"};

	for (size_t i = 0; i < COUNTOF(yes); i++)
		ck_assert_msg(origin_is_local(yes[i]), "%s", yes[i]);
	for (size_t i = 0; i < COUNTOF(no); i++)
		ck_assert_msg(!origin_is_local(no[i]), "%s", no[i]);
}
END_TEST

START_TEST(names_that_can_be_anybodys)
{
	static const char *const yes[] = {"shop.example", "shop.example:8080", "127.0.0.1.example",
					  "localhost.example", "1.2.3.4x"};
	static const char *const no[] = {"localhost",     "localhost:8080",   "x",
					 "a.localhost:1", "127.0.0.1",        "10.0.0.1:80",
					 "[::1]",         "[2001:db8::1]:80", ""};

	for (size_t i = 0; i < COUNTOF(yes); i++)
		ck_assert_msg(host_is_public(yes[i]), "%s", yes[i]);
	for (size_t i = 0; i < COUNTOF(no); i++)
		ck_assert_msg(!host_is_public(no[i]), "%s", no[i]);
}
END_TEST

static const char *id_of(unsigned n, char text[32])
{
	snprintf(text, 32, "key%09u", n);
	return text;
}

START_TEST(ids_that_exist_always_pass)
{
	struct key_ids *k = calloc(1, sizeof(*k));
	unsigned guessed = 0;
	char id[32];

	crypto_shorthash_keygen(k->seed);
	ck_assert(!key_ids_have(k, "abcdefghijkl"));
	for (unsigned i = 0; i < KEY_IDS_MAX; i++)
		key_ids_add(k, id_of(i, id));
	for (unsigned i = 0; i < KEY_IDS_MAX; i++)
		ck_assert(key_ids_have(k, id_of(i, id)));
	for (unsigned i = 0; i < 100000; i++)
		guessed += key_ids_have(k, id_of(1000000 + i, id));
	/* One in 200 is expected of a full filter; four times that would be a broken one. */
	ck_assert_uint_lt(guessed, 2000);
	/* One more, and nobody can tell. */
	key_ids_add(k, "abcdefghijkl");
	ck_assert(key_ids_have(k, "nobody"));
	key_ids_clear(k);
	ck_assert(!key_ids_have(k, "abcdefghijkl"));
	free(k);
}
END_TEST

/* ---- a server ---------------------------------------------------------------------------------- */

static struct shop *open_shop(const char *origins, int64_t quota, bool require_key)
{
	struct shop *s = malloc(sizeof(*s));

	shop_prepare(s);
	snprintf(s->config.cors_origins, sizeof(s->config.cors_origins), "%s", origins);
	if (quota > 0)
		s->rate = rate_new(quota, 60);
	shop_open(s, require_key);
	return s;
}

static void close_shop(struct shop *s)
{
	shop_close(s);
	rate_free(s->rate);
	free(s);
}

static void ck_header(const struct reply *r, const char *name, const char *value)
{
	char text[256] = "";

	ck_assert_msg(reply_header(r, name, text, sizeof(text)), "no %s in %s", name, r->head);
	ck_assert_str_eq(text, value);
}

static void ck_no_header(const struct reply *r, const char *name)
{
	char text[256];

	ck_assert_msg(!reply_header(r, name, text, sizeof(text)), "%s in %s", name, r->head);
}

#define HOST  "Host: x\r\n"
#define SHOP  "Origin: https://shop.example\r\n"
#define OTHER "Origin: https://other.example\r\n"

/* Everything up to the guard's refusals, and the answers of all kinds. */
static const char *const requests[] = {
	"GET /open HTTP/1.1\r\n" HOST "\r\n",
	"GET /same HTTP/1.1\r\n" HOST "\r\n",
	"HEAD /same HTTP/1.1\r\n" HOST "\r\n",
	"GET /things/1 HTTP/1.1\r\n" HOST "If-None-Match: \"7\"\r\n\r\n",
	"GET /nothing HTTP/1.1\r\n" HOST "\r\n",
	"GET /secret HTTP/1.1\r\n" HOST "\r\n",
	"DELETE /open HTTP/1.1\r\n" HOST "\r\n",
	"BREW /open HTTP/1.1\r\n" HOST "\r\n",
	"OPTIONS /open HTTP/1.1\r\n" HOST "\r\n",
	"GET /open HTTP/1.1\r\n" HOST "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
	"POST /orders HTTP/1.1\r\n" HOST "Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}",
	"GET /open HTTP/1.1\r\n" HOST "X: ", /* never ends: 408 */
};

START_TEST(every_answer_says_it_to_browsers)
{
	struct shop *s = malloc(sizeof(*s));
	struct reply r;

	shop_prepare(s);
	s->config.header_timeout_ms = 100;
	s->rate = NULL;
	shop_open(s, true);
	for (int twice = 0; twice < 2; twice++) {
		client_ask(s, requests[_i], &r);
		ck_assert_int_gt(r.status, 0);
		ck_header(&r, "X-Content-Type-Options", "nosniff");
		ck_header(&r, "Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'");
		ck_header(&r, "Referrer-Policy", "no-referrer");
		ck_assert_ptr_nonnull(strstr(r.head, "\r\nCache-Control: "));
		/* CORS is off. */
		ck_assert_ptr_null(strstr(r.head, "Access-Control"));
		ck_assert_ptr_null(strstr(r.head, "RateLimit"));
		ck_no_header(&r, "Vary");
	}
	close_shop(s);
}
END_TEST

START_TEST(cors_is_off_until_sites_are_named)
{
	struct shop *s = open_shop("", 0, true);
	struct reply r;

	client_ask(s, "GET /open HTTP/1.1\r\n" HOST SHOP "\r\n", &r);
	ck_assert_int_eq(r.status, 200);
	ck_assert_ptr_null(strstr(r.head, "Access-Control"));
	client_ask(s, "OPTIONS /open HTTP/1.1\r\n" HOST SHOP "Access-Control-Request-Method: GET\r\n\r\n",
		   &r);
	ck_assert_int_eq(r.status, 204);
	ck_header(&r, "Allow", "GET, HEAD, OPTIONS");
	ck_assert_ptr_null(strstr(r.head, "Access-Control"));
	close_shop(s);
}
END_TEST

/* /same has one response for all; what it says to one site must not be told to another. */
START_TEST(named_sites_may_read)
{
	static const char *const paths[] = {"/open", "/same", "/secret", "/nothing"};
	struct shop *s = open_shop("https://a.example,https://shop.example", 0, true);
	char request[256];
	struct reply r;

	for (int i = 0; i < 8; i++) {
		snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\n" HOST "%s\r\n", paths[i % 4], SHOP);
		client_ask(s, request, &r);
		ck_header(&r, "Access-Control-Allow-Origin", "https://shop.example");
		ck_header(&r, "Vary", "Origin");
		ck_assert_ptr_nonnull(strstr(r.head, "Access-Control-Expose-Headers: "));
		ck_no_header(&r, "Access-Control-Allow-Credentials");
		snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\n" HOST "%s\r\n", paths[i % 4],
			 i % 2 ? OTHER : "");
		client_ask(s, request, &r);
		ck_assert_ptr_null(strstr(r.head, "Access-Control"));
		ck_header(&r, "Vary", "Origin");
	}
	client_ask(s,
		   "OPTIONS /orders HTTP/1.1\r\n" HOST SHOP "Access-Control-Request-Method: POST\r\n"
		   "Access-Control-Request-Headers: authorization\r\n\r\n",
		   &r);
	ck_assert_int_eq(r.status, 204);
	ck_header(&r, "Access-Control-Allow-Methods", "OPTIONS, POST");
	ck_header(&r, "Access-Control-Max-Age", "600");
	ck_assert_ptr_nonnull(strstr(r.head, "Access-Control-Allow-Headers: Accept, Authorization, "));
	client_ask(s, "OPTIONS /orders HTTP/1.1\r\n" HOST OTHER "Access-Control-Request-Method: POST\r\n\r\n",
		   &r);
	ck_assert_int_eq(r.status, 204);
	ck_assert_ptr_null(strstr(r.head, "Access-Control"));
	close_shop(s);
}
END_TEST

/* Of a report that several wait for, each gets its own word. */
START_TEST(those_who_wait_together_are_told_apart)
{
	static const char *const origins[] = {"", SHOP, OTHER};
	struct shop *s = open_shop("https://shop.example", 100, false);
	char request[256];
	struct reply r;
	int fds[3];

	for (size_t i = 0; i < COUNTOF(fds); i++) {
		snprintf(request, sizeof(request), "GET /later HTTP/1.1\r\n" HOST "%s\r\n",
			 i == 2 ? "" : origins[i]);
		fds[i] = client_open(s);
		client_send(s, fds[i], request, strlen(request));
		shop_wait_held(s, i + 1);
	}
	/* The one from the shop's page leads. */
	call_follow(s->held[0], s->held[1]);
	call_follow(s->held[2], s->held[1]);
	s->held[0] = s->held[1];
	s->held_count = 1;
	shop_release(s);
	for (size_t i = 0; i < COUNTOF(fds); i++) {
		client_read(s, fds[i], false, &r);
		ck_assert_int_eq(r.status, 200);
		if (i == 1)
			ck_header(&r, "Access-Control-Allow-Origin", "https://shop.example");
		else
			ck_no_header(&r, "Access-Control-Allow-Origin");
		close(fds[i]);
	}
	close_shop(s);
}
END_TEST

START_TEST(all_methods_of_the_server)
{
	struct shop *s = open_shop("", 0, false);
	struct reply r;

	client_ask(s, "OPTIONS * HTTP/1.1\r\n" HOST "\r\n", &r);
	ck_assert_int_eq(r.status, 204);
	ck_header(&r, "Allow", "GET, HEAD, OPTIONS, POST");
	close_shop(s);
}
END_TEST

/* With a key required there is no database here to know it; a large body is refused before it is sent. */
START_TEST(strangers_do_not_fill_the_memory)
{
	static const char large[] = "POST /private HTTP/1.1\r\n" HOST "Content-Type: application/json\r\n"
				    "Expect: 100-continue\r\nContent-Length: 900000\r\n";
	static const char chunked[] = "POST /private HTTP/1.1\r\n" HOST "Content-Type: application/json\r\n"
				      "Expect: 100-continue\r\nTransfer-Encoding: chunked\r\n";
	struct shop *s = open_shop("", 0, true);
	char request[512];
	struct reply r;

	for (int i = 0; i < 4; i++) {
		snprintf(request, sizeof(request), "%s%s\r\n", i % 2 ? large : chunked,
			 i / 2 ? "Authorization: Bearer nonsense\r\n" : "");
		client_ask(s, request, &r);
		ck_assert_int_eq(r.status, 401);
		ck_assert_ptr_nonnull(strstr(r.body, i / 2 ? "invalid_key" : "missing_key"));
		ck_assert_ptr_nonnull(strstr(r.head, "WWW-Authenticate: Bearer"));
		ck_header(&r, "Connection", "close");
	}
	/* A small one is worth the wait. */
	client_ask(s,
		   "POST /private HTTP/1.1\r\n" HOST "Content-Type: application/json\r\n"
		   "Expect: 100-continue\r\nContent-Length: 2\r\n\r\n",
		   &r);
	ck_assert_int_eq(r.status, 100);
	close_shop(s);
}
END_TEST

Suite *wall_suite(void)
{
	Suite *s = suite_create("wall");
	TCase *t = tcase_create("wall");

	tcase_add_unchecked_fixture(t, begin, NULL);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, sites_are_listed_exactly);
	tcase_add_test(t, pages_of_this_machine);
	tcase_add_test(t, names_that_can_be_anybodys);
	tcase_add_test(t, ids_that_exist_always_pass);
	tcase_add_loop_test(t, every_answer_says_it_to_browsers, 0, COUNTOF(requests));
	tcase_add_test(t, cors_is_off_until_sites_are_named);
	tcase_add_test(t, named_sites_may_read);
	tcase_add_test(t, those_who_wait_together_are_told_apart);
	tcase_add_test(t, all_methods_of_the_server);
	tcase_add_test(t, strangers_do_not_fill_the_memory);
	suite_add_tcase(s, t);
	return s;
}
