/*
 * HTTP itself, over raw sockets: smuggling, framing, keep-alive, pipelining, HEAD and OPTIONS.
 */
#include <string.h>
#include <unistd.h>

#include "shop.h"
#include "suites.h"

static struct shop *open_shop(void)
{
	struct shop *s = malloc(sizeof(*s));

	shop_prepare(s);
	shop_open(s, false);
	return s;
}

static void close_shop(struct shop *s)
{
	shop_close(s);
	free(s);
}

#define SMUGGLED "GET /open HTTP/1.1\r\nHost: x\r\n\r\n"
#define JSON     "Content-Type: application/json\r\n"

/* Each must be refused with 400, the connection closed, and the request behind it never run. */
static const char *const smuggling[] = {
	"POST /orders HTTP/1.1\r\nHost: x\r\n" JSON
	"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n" SMUGGLED,
	"POST /orders HTTP/1.1\r\nHost: x\r\n" JSON
	"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" SMUGGLED,
	"POST /orders HTTP/1.1\r\nHost: x\r\n" JSON
	"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n" SMUGGLED,
	"POST /orders HTTP/1.1\r\nHost: x\r\n" JSON "Transfer-Encoding: chunked \r\n\r\n0\r\n\r\n" SMUGGLED,
	"POST /orders HTTP/1.1\r\nHost: x\r\n" JSON
	"Transfer-Encoding : chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n" SMUGGLED,
	"POST /orders HTTP/1.1\r\nHost: x\r\n" JSON
	"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" SMUGGLED,
	"POST /orders HTTP/1.1\r\nHost: x\r\n" JSON
	"Content-Length: 0\r\nContent-Length: 5\r\n\r\nhello" SMUGGLED,
	"POST /orders HTTP/1.0\r\nHost: x\r\n" JSON "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" SMUGGLED,
	"GET /open HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n" SMUGGLED,
	"GET /open HTTP/1.1\r\nHost: x\r\nX Y: z\r\n\r\n" SMUGGLED,
	"GET /open HTTP/1.1\r\nHost: x\r\nX-Y: a\x01z\r\n\r\n" SMUGGLED,
	"GET open HTTP/1.1\r\nHost: x\r\n\r\n" SMUGGLED,
	"CONNECT x:80 HTTP/1.1\r\nHost: x\r\n\r\n" SMUGGLED,
};

START_TEST(test_smuggling)
{
	struct shop *s = open_shop();
	int fd = client_open(s);
	struct reply r;
	char text[64];

	client_send(s, fd, smuggling[_i], strlen(smuggling[_i]));
	client_read(s, fd, false, &r);
	ck_assert_int_eq(r.status, 400);
	ck_assert_ptr_nonnull(strstr(r.body, "\"code\":\"malformed_request\""));
	ck_assert(reply_header(&r, "Connection", text, sizeof(text)));
	ck_assert_str_eq(text, "close");
	ck_assert(client_closed(s, fd));
	ck_assert_uint_eq(s->handled, 0);
	close(fd);
	close_shop(s);
}
END_TEST

/* libmicrohttpd answers these itself: whatever it says, nothing may run. */
static const char *const broken[] = {
	"GET /open HTTP/1.1\r\n\r\n" SMUGGLED,
	"POST /orders HTTP/1.1\r\nHost: x\r\nContent-Length: 5x\r\n\r\nhello" SMUGGLED,
	"GET /o pen HTTP/1.1\r\nHost: x\r\n\r\n" SMUGGLED,
	"nonsense\r\n\r\n" SMUGGLED,
};

START_TEST(test_broken)
{
	struct shop *s = open_shop();
	struct reply r;

	client_ask(s, broken[_i], &r);
	ck_assert(r.status == 400 || r.status == 0);
	shop_run(s, 20);
	ck_assert_uint_eq(s->handled, 0);
	ck_assert_uint_eq(server_pending(s->server), 0);
	close_shop(s);
}
END_TEST

/* Paths whose escapes must not be undone before the route is found. */
static const char *const paths[] = {"/open%00.x",      "/things%2F1", "/things/1%2F2",
				    "/things/../open", "/%zz",        "/things/%ff"};

START_TEST(test_bad_paths)
{
	struct shop *s = open_shop();
	struct reply r;
	char request[256];

	snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\nHost: x\r\n\r\n", paths[_i]);
	client_ask(s, request, &r);
	ck_assert_int_eq(r.status, 400);
	ck_assert_uint_eq(s->handled, 0);
	close_shop(s);
}
END_TEST

START_TEST(test_keep_alive)
{
	static const char request[] = "GET /open HTTP/1.1\r\nHost: x\r\n\r\n";
	struct shop *s = open_shop();
	int fd = client_open(s);
	struct reply r;
	char text[64];

	for (int i = 0; i < 5; i++) {
		client_send(s, fd, request, strlen(request));
		client_read(s, fd, false, &r);
		ck_assert_int_eq(r.status, 200);
		ck_assert_str_eq(r.body, "{\"ok\":true}");
		ck_assert(!reply_header(&r, "Connection", text, sizeof(text)));
	}
	shop_run(s, 5);
	ck_assert_uint_eq(server_pending(s->server), 0);
	close(fd);
	close_shop(s);
}
END_TEST

START_TEST(test_pipelining)
{
	static const char request[] =
		"GET /things/1 HTTP/1.1\r\nHost: x\r\n\r\nGET /later HTTP/1.1\r\nHost: x\r\n\r\n"
		"GET /things/3 HTTP/1.1\r\nHost: x\r\n\r\n";
	struct shop *s = open_shop();
	int fd = client_open(s);
	struct reply r;

	client_send(s, fd, request, strlen(request));
	client_read(s, fd, false, &r);
	ck_assert_ptr_nonnull(strstr(r.body, "\"id\":1"));
	shop_wait_held(s, 1);
	ck_assert_uint_eq(s->handled, 2);
	shop_release(s);
	client_read(s, fd, false, &r);
	ck_assert_str_eq(r.body, "{\"late\":true}");
	client_read(s, fd, false, &r);
	ck_assert_ptr_nonnull(strstr(r.body, "\"id\":3"));
	close(fd);
	close_shop(s);
}
END_TEST

START_TEST(test_chunked)
{
	static const char request[] =
		"POST /orders HTTP/1.1\r\nHost: x\r\n" JSON "Transfer-Encoding: chunked\r\n\r\n"
		"5\r\n{\"nam\r\n9\r\ne\":\"sock\"\r\n1\r\n}\r\n0\r\n\r\n" SMUGGLED;
	struct shop *s = open_shop();
	int fd = client_open(s);
	struct reply r;

	/* A byte at a time, so that every cut is tried. */
	for (size_t i = 0; i < strlen(request); i++)
		client_send(s, fd, &request[i], 1);
	client_read(s, fd, false, &r);
	ck_assert_int_eq(r.status, 201);
	ck_assert_str_eq(r.body, "{\"name\":\"sock\"}");
	client_read(s, fd, false, &r);
	ck_assert_int_eq(r.status, 200);
	close(fd);
	close_shop(s);
}
END_TEST

START_TEST(test_head)
{
	static const char get_table[] = "GET /table HTTP/1.1\r\nHost: x\r\nAccept: text/csv\r\n\r\n";
	static const char head_table[] =
		"HEAD /table HTTP/1.1\r\nHost: x\r\nAccept: text/csv\r\n\r\n" SMUGGLED;
	struct shop *s = open_shop();
	int fd = client_open(s);
	struct reply get, head;
	char a[64], b[64];

	client_send(s, fd, get_table, strlen(get_table));
	client_read(s, fd, false, &get);
	client_send(s, fd, head_table, strlen(head_table));
	client_read(s, fd, true, &head);
	ck_assert_int_eq(head.status, 200);
	ck_assert(reply_header(&get, "ETag", a, sizeof(a)) && reply_header(&head, "ETag", b, sizeof(b)));
	ck_assert_str_eq(a, b);
	ck_assert(reply_header(&head, "Content-Length", a, sizeof(a)));
	ck_assert_str_eq(a, "5");
	ck_assert(reply_header(&head, "Content-Type", a, sizeof(a)));
	ck_assert_str_eq(a, "text/csv; charset=utf-8");
	client_read(s, fd, false, &get); /* the next answer starts right behind the head */
	ck_assert_str_eq(get.body, "{\"ok\":true}");
	close(fd);
	close_shop(s);
}
END_TEST

START_TEST(test_options)
{
	struct shop *s = open_shop();
	struct reply r;
	char text[128];

	client_ask(s, "OPTIONS /orders HTTP/1.1\r\nHost: x\r\n\r\n", &r);
	ck_assert_int_eq(r.status, 204);
	ck_assert(reply_header(&r, "Allow", text, sizeof(text)));
	ck_assert_str_eq(text, "OPTIONS, POST");
	client_ask(s, "OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", &r);
	ck_assert_int_eq(r.status, 204);
	client_ask(s, "OPTIONS /nothing HTTP/1.1\r\nHost: x\r\n\r\n", &r);
	ck_assert_int_eq(r.status, 404);
	client_ask(s, "OPTIONS /secret HTTP/1.1\r\nHost: x\r\n\r\n", &r);
	ck_assert_int_eq(r.status, 204);
	close_shop(s);
}
END_TEST

START_TEST(test_common_headers)
{
	struct shop *s = open_shop();
	struct reply r;
	char text[128];

	client_ask(s, "GET /open HTTP/1.1\r\nHost: x\r\nX-Request-Id: my.id_1-2\r\n\r\n", &r);
	ck_assert(reply_header(&r, "X-Request-Id", text, sizeof(text)));
	ck_assert_str_eq(text, "my.id_1-2");
	ck_assert(reply_header(&r, "X-Content-Type-Options", text, sizeof(text)));
	ck_assert_str_eq(text, "nosniff");
	ck_assert(reply_header(&r, "Content-Security-Policy", text, sizeof(text)));
	ck_assert_str_eq(text, "default-src 'none'; frame-ancestors 'none'");
	ck_assert(reply_header(&r, "Cache-Control", text, sizeof(text)));
	ck_assert_str_eq(text, "no-store");
	ck_assert(reply_header(&r, "Content-Type", text, sizeof(text)));
	ck_assert_str_eq(text, "application/json");
	client_ask(s, "GET /open HTTP/1.1\r\nHost: x\r\nX-Request-Id: a b\r\n\r\n", &r);
	ck_assert(reply_header(&r, "X-Request-Id", text, sizeof(text)));
	ck_assert_uint_eq(strlen(text), 36);
	close_shop(s);
}
END_TEST

START_TEST(test_absolute_target)
{
	struct shop *s = open_shop();
	struct reply r;

	client_ask(s, "GET http://example.org/things/4?limit=2 HTTP/1.1\r\nHost: x\r\n\r\n", &r);
	ck_assert_int_eq(r.status, 200);
	ck_assert_str_eq(r.body, "{\"limit\":2,\"id\":4}");
	close_shop(s);
}
END_TEST

START_TEST(test_long_target)
{
	struct shop *s = open_shop();
	struct reply r;
	char request[9000];
	size_t len = (size_t)snprintf(request, sizeof(request), "GET /open?");

	memset(request + len, 'a', 8200);
	snprintf(request + len + 8200, sizeof(request) - len - 8200, " HTTP/1.1\r\nHost: x\r\n\r\n");
	client_ask(s, request, &r);
	ck_assert_int_eq(r.status, 414);
	close_shop(s);
}
END_TEST

Suite *protocol_suite(void)
{
	Suite *s = suite_create("protocol");
	TCase *t = tcase_create("protocol");

	tcase_set_timeout(t, 20);
	tcase_add_loop_test(t, test_smuggling, 0, COUNTOF(smuggling));
	tcase_add_loop_test(t, test_broken, 0, COUNTOF(broken));
	tcase_add_loop_test(t, test_bad_paths, 0, COUNTOF(paths));
	tcase_add_test(t, test_keep_alive);
	tcase_add_test(t, test_pipelining);
	tcase_add_test(t, test_chunked);
	tcase_add_test(t, test_head);
	tcase_add_test(t, test_options);
	tcase_add_test(t, test_common_headers);
	tcase_add_test(t, test_absolute_target);
	tcase_add_test(t, test_long_target);
	suite_add_tcase(s, t);
	return s;
}
