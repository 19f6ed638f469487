/*
 * What is answered before a handler runs, and in which order.
 */
#include <string.h>
#include <unistd.h>

#include "shop.h"
#include "suites.h"

static struct shop *open_shop(bool require_key)
{
	struct shop *s = malloc(sizeof(*s));

	shop_prepare(s);
	shop_open(s, require_key);
	return s;
}

static void close_shop(struct shop *s)
{
	shop_close(s);
	free(s);
}

#define HOST "Host: x\r\n"
#define JSON "Content-Type: application/json\r\n"

struct want {
	const char *request;
	int status;
	const char *in_body;
	const char *header; /* "Name: value" that the answer must have, or NULL */
};

static const struct want wants[] = {
	{"GET /nothing HTTP/1.1\r\n" HOST "\r\n", 404, "\"code\":\"not_found\"", NULL},
	{"BREW /nothing HTTP/1.1\r\n" HOST "\r\n", 404, "\"code\":\"not_found\"", NULL},
	{"BREW /open HTTP/1.1\r\n" HOST "\r\n", 501, "\"code\":\"not_implemented\"", NULL},
	{"DELETE /open HTTP/1.1\r\n" HOST "\r\n", 405, "\"code\":\"method_not_allowed\"",
	 "Allow: GET, HEAD, OPTIONS"},
	{"QUERY /orders HTTP/1.1\r\n" HOST "\r\n", 405, "\"code\":\"method_not_allowed\"",
	 "Allow: OPTIONS, POST"},
	{"TRACE /orders HTTP/1.1\r\n" HOST "\r\n", 405, "\"code\":\"method_not_allowed\"",
	 "Allow: OPTIONS, POST"},
	{"GET /open HTTP/1.1\r\n" HOST "Accept: image/png\r\n\r\n", 406, "\"code\":\"not_acceptable\"", NULL},
	{"GET /table HTTP/1.1\r\n" HOST "Accept: text/csv\r\n\r\n", 200, "a,b\r\n", "Vary: Accept"},
	{"GET /table HTTP/1.1\r\n" HOST "\r\n", 200, "a,b\r\n", "Content-Type: application/json"},
	{"GET /things/x HTTP/1.1\r\n" HOST "\r\n", 400, "\"parameter\":\"id\"", NULL},
	{"GET /things/1?limit=11 HTTP/1.1\r\n" HOST "\r\n", 400, "\"parameter\":\"limit\"", NULL},
	{"GET /things/1?lmit=1 HTTP/1.1\r\n" HOST "\r\n", 400, "\"code\":\"invalid_parameter\"", NULL},
	{"GET /things/1 HTTP/1.1\r\n" HOST "\r\n", 200, "{\"id\":1,\"limit\":3}", "ETag: \"7\""},
	{"GET /things/1 HTTP/1.1\r\n" HOST "If-None-Match: \"6\", W/\"7\"\r\n\r\n", 304, "", "ETag: \"7\""},
	{"GET /things/1 HTTP/1.1\r\n" HOST "If-None-Match: \"6\"\r\n\r\n", 200, "\"id\":1", NULL},
	{"POST /orders HTTP/1.1\r\n" HOST JSON "Content-Length: 12\r\n\r\n{\"name\":\"a\"}", 201,
	 "{\"name\":\"a\"}", "Location: /orders/1"},
	{"POST /orders HTTP/1.1\r\n" HOST "Content-Type: Application/JSON; charset=\"UTF-8\" \r\n"
	 "Content-Length: 12\r\n\r\n{\"name\":\"a\"}",
	 201, "{\"name\":\"a\"}", NULL},
	{"POST /orders HTTP/1.1\r\n" HOST "Content-Type: application/json; charset=latin1\r\n"
	 "Content-Length: 12\r\n\r\n{\"name\":\"a\"}",
	 415, "\"code\":\"unsupported_media_type\"", NULL},
	{"POST /orders HTTP/1.1\r\n" HOST "Content-Type: text/plain\r\nContent-Length: 2\r\n\r\n{}", 415,
	 "\"code\":\"unsupported_media_type\"", "Accept-Post: application/json"},
	{"POST /orders HTTP/1.1\r\n" HOST "Content-Length: 2\r\n\r\n{}", 415, "", NULL},
	{"POST /orders HTTP/1.1\r\n" HOST JSON "Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}", 415,
	 "", NULL},
	{"POST /orders HTTP/1.1\r\n" HOST JSON "Content-Length: 0\r\n\r\n", 400, "\"code\":\"invalid_json\"",
	 NULL},
	{"POST /orders HTTP/1.1\r\n" HOST JSON "Content-Length: 1\r\n\r\n{", 400, "\"code\":\"invalid_json\"",
	 NULL},
	{"POST /orders?x=1 HTTP/1.1\r\n" HOST JSON "Content-Length: 1\r\n\r\n{", 400,
	 "\"code\":\"invalid_json\"", NULL},
	{"POST /orders?x=1 HTTP/1.1\r\n" HOST JSON "Content-Length: 2\r\n\r\n{}", 400,
	 "\"code\":\"invalid_parameter\"", NULL},
	{"POST /orders HTTP/1.1\r\n" HOST JSON "Content-Length: 2\r\n\r\n{}", 422,
	 "\"code\":\"validation_failed\"", NULL},
	{"POST /orders HTTP/1.1\r\n" HOST JSON "Content-Length: 42\r\n\r\n"
	 "{\"name\":\"a\",\"items\":[{},{\"quantity\":\"2\"}]}",
	 422, "\"pointer\":\"#/items/1/quantity\"", NULL},
	{"POST /orders HTTP/1.1\r\n" HOST JSON "Content-Length: 20\r\n\r\n{\"name\":\"a\",\"a b\":1}", 422,
	 "\"pointer\":\"#/a%20b\"", NULL},
	{"POST /batch HTTP/1.1\r\n" HOST JSON "Content-Length: 9\r\n\r\n[{},3,{}]", 200,
	 "{\"bytes\":9,\"items\":3}", NULL},
	{"POST /batch HTTP/1.1\r\n" HOST JSON "Content-Length: 2\r\n\r\n{}", 422, "\"pointer\":\"#\"", NULL},
	{"POST /batch HTTP/1.1\r\n" HOST
	 "Content-Type: application/x-ndjson\r\nContent-Length: 6\r\n\r\n{}\n{}\n",
	 200, "{\"bytes\":6,\"items\":0}", NULL},
	{"GET /open HTTP/1.1\r\n" HOST "Content-Length: 2\r\n\r\n{}", 413, "takes no body",
	 "Connection: close"},
};

START_TEST(test_want)
{
	const struct want *w = &wants[_i];
	struct shop *s = open_shop(false);
	struct reply r;

	client_ask(s, w->request, &r);
	ck_assert_msg(r.status == w->status, "%d %s\n%s", r.status, r.body, w->request);
	ck_assert_msg(strstr(r.body, w->in_body) != NULL, "%s", r.body);
	if (w->header)
		ck_assert_msg(strstr(r.head, w->header) != NULL, "%s", r.head);
	if (w->status >= 400) {
		ck_assert_ptr_nonnull(strstr(r.head, "Content-Type: application/problem+json"));
		ck_assert_ptr_nonnull(strstr(r.body, "\"instance\":\"urn:ciclo:request:"));
		ck_assert_uint_eq(s->handled, 0);
	}
	close_shop(s);
}
END_TEST

/* A body of `len` bytes whose request begins with head; the status of the answer. */
static int send_large(struct shop *s, const char *head, size_t len, bool chunked, struct reply *r)
{
	char *bytes = malloc(len + 1);
	char size[32];
	int fd = client_open(s);

	memset(bytes, ' ', len);
	client_send(s, fd, head, strlen(head));
	snprintf(size, sizeof(size), "%zx\r\n", len);
	if (chunked)
		client_send(s, fd, size, strlen(size));
	client_send(s, fd, bytes, len);
	if (chunked)
		client_send(s, fd, "\r\n0\r\n\r\n", 7);
	client_read(s, fd, false, r);
	ck_assert(client_closed(s, fd));
	close(fd);
	free(bytes);
	return r->status;
}

START_TEST(test_too_large)
{
	struct shop *s = open_shop(false);
	struct reply r;

	ck_assert_int_eq(send_large(s, "POST /orders HTTP/1.1\r\n" HOST JSON "Content-Length: 1001\r\n\r\n",
				    1001, false, &r),
			 413);
	ck_assert_ptr_nonnull(strstr(r.body, "1000 bytes"));
	ck_assert_int_eq(
		send_large(s, "POST /orders HTTP/1.1\r\n" HOST JSON "Transfer-Encoding: chunked\r\n\r\n",
			   1001, true, &r),
		413);
	/* Just within the limit the body is read, and found to be no JSON. */
	client_ask(s, "POST /orders HTTP/1.1\r\n" HOST JSON "Content-Length: 3\r\n\r\n   ", &r);
	ck_assert_int_eq(r.status, 400);
	/* Far beyond it nobody waits for the rest. */
	ck_assert_int_eq(send_large(s,
				    "POST /orders HTTP/1.1\r\n" HOST JSON "Content-Length: 99000000\r\n\r\n",
				    0, false, &r),
			 413);
	ck_assert_int_eq(
		send_large(s, "POST /orders HTTP/1.1\r\n" HOST JSON "Transfer-Encoding: chunked\r\n\r\n",
			   5 << 20, true, &r),
		0);
	ck_assert_uint_eq(s->handled, 0);
	close_shop(s);
}
END_TEST

START_TEST(test_expect)
{
	static const char small[] =
		"POST /orders HTTP/1.1\r\n" HOST JSON "Expect: 100-continue\r\nContent-Length: 12\r\n\r\n";
	static const char large[] =
		"POST /orders HTTP/1.1\r\n" HOST JSON "Expect: 100-continue\r\nContent-Length: 2000\r\n\r\n";
	struct shop *s = open_shop(false);
	int fd = client_open(s);
	struct reply r;

	client_send(s, fd, small, strlen(small));
	client_read(s, fd, false, &r);
	ck_assert_int_eq(r.status, 100);
	client_send(s, fd, "{\"name\":\"a\"}", 12);
	client_read(s, fd, false, &r);
	ck_assert_int_eq(r.status, 201);
	client_send(s, fd, large, strlen(large));
	client_read(s, fd, false, &r);
	ck_assert_int_eq(r.status, 413);
	ck_assert(client_closed(s, fd));
	close(fd);
	close_shop(s);
}
END_TEST

START_TEST(test_refused_body_keeps_connection)
{
	static const char request[] = "POST /nothing HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\nhello";
	struct shop *s = open_shop(false);
	int fd = client_open(s);
	struct reply r;

	for (int i = 0; i < 2; i++) {
		client_send(s, fd, request, strlen(request));
		client_read(s, fd, false, &r);
		ck_assert_int_eq(r.status, 404);
	}
	close(fd);
	close_shop(s);
}
END_TEST

START_TEST(test_key_required)
{
	struct shop *s = open_shop(true);
	struct reply r;

	client_ask(s, "GET /secret HTTP/1.1\r\n" HOST "Accept: image/png\r\n\r\n", &r);
	ck_assert_int_eq(r.status, 401);
	ck_assert_ptr_nonnull(strstr(r.body, "\"code\":\"missing_key\""));
	ck_assert_ptr_nonnull(strstr(r.head, "WWW-Authenticate: Bearer"));
	client_ask(s, "GET /secret HTTP/1.1\r\n" HOST "Authorization: Basic Zm9v\r\n\r\n", &r);
	ck_assert_int_eq(r.status, 401);
	ck_assert_ptr_nonnull(strstr(r.body, "\"code\":\"invalid_key\""));
	client_ask(s,
		   "GET /secret HTTP/1.1\r\n" HOST "Authorization: Bearer "
		   "ciclo_abcdefghijkl_0123456789012345678901234567890123456789abc\r\n\r\n",
		   &r);
	ck_assert_int_eq(r.status, 503);
	ck_assert_ptr_nonnull(strstr(r.body, "\"code\":\"database_unavailable\""));
	ck_assert_ptr_nonnull(strstr(r.head, "Retry-After: 1"));
	client_ask(s, "GET /open HTTP/1.1\r\n" HOST "\r\n", &r);
	ck_assert_int_eq(r.status, 200);
	ck_assert_uint_eq(s->handled, 1);
	close_shop(s);
}
END_TEST

Suite *checks_suite(void)
{
	Suite *s = suite_create("checks");
	TCase *t = tcase_create("checks");

	tcase_set_timeout(t, 20);
	tcase_add_loop_test(t, test_want, 0, COUNTOF(wants));
	tcase_add_test(t, test_too_large);
	tcase_add_test(t, test_expect);
	tcase_add_test(t, test_refused_body_keeps_connection);
	tcase_add_test(t, test_key_required);
	suite_add_tcase(s, t);
	return s;
}
