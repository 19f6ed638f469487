/*
 * Calls that take time: late answers, deadlines, clients that leave, draining.
 */
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../../../src/http/state.h"
#include "ciclo/base/time.h"
#include "shop.h"
#include "suites.h"

#define LATER "GET /later HTTP/1.1\r\nHost: x\r\n\r\n"
#define OPEN  "GET /open HTTP/1.1\r\nHost: x\r\n\r\n"

static struct shop *prepare(void)
{
	struct shop *s = malloc(sizeof(*s));

	shop_prepare(s);
	return s;
}

static void close_shop(struct shop *s)
{
	shop_close(s);
	free(s);
}

START_TEST(test_late_answer)
{
	struct shop *s = prepare();
	struct reply r;
	int fd;

	shop_open(s, false);
	fd = client_open(s);
	for (int i = 0; i < 3; i++) {
		client_send(s, fd, LATER, strlen(LATER));
		shop_wait_held(s, 1);
		shop_run(s, 10);
		ck_assert_uint_eq(server_pending(s->server), 1);
		shop_release(s);
		client_read(s, fd, false, &r);
		ck_assert_int_eq(r.status, 200);
		ck_assert_str_eq(r.body, "{\"late\":true}");
	}
	ck_assert_uint_eq(s->handled, 3);
	close(fd);
	close_shop(s);
}
END_TEST

/* All at once ready, all at once suspended, all at once answered: where libmicrohttpd's own loop hangs. */
START_TEST(test_many_connections)
{
	enum { MANY = 256 };
	struct shop *s = prepare();
	struct reply r;
	int fd[MANY];

	shop_open(s, false);
	for (int i = 0; i < MANY; i++) {
		fd[i] = client_open(s);
		shop_run(s, i % 10 == 0);
	}
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < MANY; i++)
			ck_assert_int_eq(send(fd[i], LATER, strlen(LATER), 0), (ssize_t)strlen(LATER));
		shop_wait_held(s, MANY);
		shop_release(s);
		for (int i = 0; i < MANY; i++) {
			client_read(s, fd[i], false, &r);
			ck_assert_str_eq(r.body, "{\"late\":true}");
		}
	}
	ck_assert_uint_eq(s->handled, (size_t)3 * MANY);
	for (int i = 0; i < MANY; i++)
		close(fd[i]);
	close_shop(s);
}
END_TEST

/* Who asks for more than a call's share is refused; the others of the thread have all they asked for. */
START_TEST(test_a_full_arena_is_one_calls_matter)
{
	struct shop *s = prepare();
	struct reply full, other;
	int fd[2];

	shop_open(s, false);
	for (int i = 0; i < 2; i++) {
		fd[i] = client_open(s);
		client_send(s, fd[i], LATER, strlen(LATER));
		shop_wait_held(s, (size_t)i + 1);
	}
	ck_assert_ptr_null(arena_alloc(call_arena(s->held[0]), SIZE_MAX));
	shop_release(s);
	client_read(s, fd[0], false, &full);
	client_read(s, fd[1], false, &other);
	ck_assert_int_eq(full.status, 503);
	ck_assert_ptr_nonnull(strstr(full.body, "\"code\":\"overloaded\""));
	ck_assert_int_eq(other.status, 200);
	ck_assert_str_eq(other.body, "{\"late\":true}");
	for (int i = 0; i < 2; i++)
		close(fd[i]);
	close_shop(s);
}
END_TEST

START_TEST(test_answer_deadline)
{
	struct shop *s = prepare();
	struct reply r;
	int fd;

	s->config.request_timeout_ms = 100; /* and 1 s of grace */
	shop_open(s, false);
	fd = client_open(s);
	client_send(s, fd, LATER, strlen(LATER));
	client_read(s, fd, false, &r);
	ck_assert_int_eq(r.status, 504);
	ck_assert_ptr_nonnull(strstr(r.body, "\"code\":\"deadline_exceeded\""));
	/* The connection goes on, and the late answer reaches nobody. */
	client_send(s, fd, OPEN, strlen(OPEN));
	client_read(s, fd, false, &r);
	ck_assert_str_eq(r.body, "{\"ok\":true}");
	ck_assert_uint_eq(s->held_count, 1);
	ck_assert_ptr_nonnull(call_arena(s->held[0])); /* still there for its handler */
	ck_assert_ptr_null(call_header(s->held[0], "Host"));
	ck_assert_ptr_eq(s->server->orphans, s->held[0]);
	shop_release(s);
	ck_assert_ptr_null(s->server->orphans);
	client_send(s, fd, OPEN, strlen(OPEN));
	client_read(s, fd, false, &r);
	ck_assert_str_eq(r.body, "{\"ok\":true}");
	ck_assert_uint_eq(server_pending(s->server), 0);
	close(fd);
	close_shop(s);
}
END_TEST

/* The handler answers when the 504 is ready but has not been sent. */
START_TEST(test_answer_race)
{
	struct shop *s = prepare();
	struct reply r;
	int fd;

	shop_open(s, false);
	fd = client_open(s);
	client_send(s, fd, LATER, strlen(LATER));
	shop_wait_held(s, 1);
	ck_assert_int_eq(server_tick(s->server, clock_monotonic_ms() + 10000), 0);
	shop_release(s);
	client_read(s, fd, false, &r);
	ck_assert_int_eq(r.status, 504);
	client_send(s, fd, OPEN, strlen(OPEN));
	client_read(s, fd, false, &r);
	ck_assert_int_eq(r.status, 200);
	ck_assert_ptr_null(s->server->orphans);
	ck_assert_uint_eq(server_pending(s->server), 0);
	close(fd);
	close_shop(s);
}
END_TEST

START_TEST(test_client_leaves)
{
	struct shop *s = prepare();
	struct reply r;
	int fd;

	shop_open(s, false);
	for (int i = 0; i < 2; i++) {
		const struct linger reset = {.l_onoff = i, .l_linger = 0}; /* FIN, then RST */

		fd = client_open(s);
		client_send(s, fd, LATER, strlen(LATER));
		shop_wait_held(s, 1);
		setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
		close(fd);
		shop_run(s, 20);
		shop_release(s);
		shop_run(s, 20);
		ck_assert_uint_eq(server_pending(s->server), 0);
	}
	client_ask(s, OPEN, &r);
	ck_assert_int_eq(r.status, 200);
	close_shop(s);
}
END_TEST

START_TEST(test_slow_header)
{
	struct shop *s = prepare();
	int fd;

	s->config.header_timeout_ms = 150;
	shop_open(s, false);
	fd = client_open(s);
	/* Never idle for long, but never done either. */
	for (int i = 0; i < 20; i++) {
		client_send(s, fd, &"GET /open HTTP/1.1\r\n"[i], 1);
		shop_run(s, 20);
	}
	ck_assert(client_closed(s, fd));
	ck_assert_uint_eq(server_pending(s->server), 0);
	close(fd);
	close_shop(s);
}
END_TEST

START_TEST(test_slow_body)
{
	static const char head[] = "POST /orders HTTP/1.1\r\nHost: x\r\nContent-Type: "
				   "application/json\r\nContent-Length: 900\r\n\r\n{";
	struct shop *s = prepare();
	struct reply r;
	int fd;

	s->config.body_timeout_ms = 150;
	shop_open(s, false);
	fd = client_open(s);
	client_send(s, fd, head, strlen(head));
	for (int i = 0; i < 10; i++) {
		client_send(s, fd, " ", 1);
		shop_run(s, 20);
	}
	client_read(s, fd, false, &r);
	ck_assert_int_eq(r.status, 408);
	ck_assert_ptr_nonnull(strstr(r.body, "\"code\":\"request_timeout\""));
	ck_assert(client_closed(s, fd));
	shop_run(s, 5);
	ck_assert_uint_eq(server_pending(s->server), 0);
	close(fd);
	close_shop(s);
}
END_TEST

START_TEST(test_drain)
{
	struct shop *s = prepare();
	struct reply r;
	char text[64];
	int fd;

	shop_open(s, false);
	fd = client_open(s);
	client_send(s, fd, LATER, strlen(LATER));
	shop_wait_held(s, 1);
	ck_assert(!server_is_draining(s->server));
	server_drain(s->server);
	ck_assert(server_is_draining(s->server));
	shop_run(s, 10);
	ck_assert_uint_eq(server_pending(s->server), 1);
	shop_release(s);
	client_read(s, fd, false, &r);
	ck_assert_int_eq(r.status, 200);
	ck_assert(reply_header(&r, "Connection", text, sizeof(text)));
	ck_assert_str_eq(text, "close");
	ck_assert(client_closed(s, fd));
	ck_assert_uint_eq(server_pending(s->server), 0);
	close(fd);
	close_shop(s);
}
END_TEST

START_TEST(test_an_answer_that_stays_knows_of_the_drain)
{
	static const char request[] = "GET /same HTTP/1.1\r\nHost: a\r\n\r\n";
	struct shop *s = prepare();
	char text[64], id[3][64];
	struct reply r;
	int fd;

	shop_open(s, false);
	fd = client_open(s);
	for (int i = 0; i < 3; i++) {
		bool last = i == 2;

		if (last)
			server_drain(s->server);
		client_send(s, fd, request, strlen(request));
		client_read(s, fd, false, &r);
		ck_assert_int_eq(r.status, 200);
		ck_assert_str_eq(r.body, "{}");
		ck_assert(reply_header(&r, "X-Request-Id", id[i], sizeof(id[i])));
		ck_assert(reply_header(&r, "Connection", text, sizeof(text)) == last);
	}
	ck_assert_str_ne(id[0], id[1]);
	ck_assert_str_ne(id[1], id[2]);
	ck_assert(client_closed(s, fd));
	close(fd);
	close_shop(s);
}
END_TEST

START_TEST(test_free_with_suspended)
{
	enum { CLIENTS = 3 };
	struct shop *s = prepare();
	struct reply r;
	int fd[CLIENTS];

	shop_open(s, false);
	for (int i = 0; i < CLIENTS; i++)
		fd[i] = client_open(s);
	client_send(s, fd[2], OPEN, strlen(OPEN));
	client_read(s, fd[2], false, &r);
	client_send(s, fd[0], LATER, strlen(LATER));
	client_send(s, fd[1], LATER, strlen(LATER));
	shop_wait_held(s, 2);
	/* Comes in too late: it must not be suspended any more. */
	ck_assert_int_eq(send(fd[2], LATER, strlen(LATER), 0), (ssize_t)strlen(LATER));
	server_free(s->server);
	ck_assert_uint_eq(s->held_count, 2);
	for (int i = 0; i < CLIENTS; i++) {
		char bytes[2048] = "";

		ck_assert_int_gt(recv(fd[i], bytes, sizeof(bytes) - 1, MSG_DONTWAIT), 0);
		ck_assert_ptr_nonnull(strstr(bytes, "HTTP/1.1 503"));
		ck_assert_ptr_nonnull(strstr(bytes, "\"code\":\"draining\""));
		close(fd[i]);
	}
	contract_free(s->contract);
	free(s);
}
END_TEST

Suite *life_suite(void)
{
	Suite *s = suite_create("life");
	TCase *t = tcase_create("life");

	tcase_set_timeout(t, 30);
	tcase_add_test(t, test_late_answer);
	tcase_add_test(t, test_many_connections);
	tcase_add_test(t, test_a_full_arena_is_one_calls_matter);
	tcase_add_test(t, test_answer_deadline);
	tcase_add_test(t, test_answer_race);
	tcase_add_test(t, test_client_leaves);
	tcase_add_test(t, test_slow_header);
	tcase_add_test(t, test_slow_body);
	tcase_add_test(t, test_drain);
	tcase_add_test(t, test_an_answer_that_stays_knows_of_the_drain);
	tcase_add_test(t, test_free_with_suspended);
	suite_add_tcase(s, t);
	return s;
}
