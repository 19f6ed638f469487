/*
 * Unit tests of src/worker: the whole loop in a thread of its own, with the real contract and without a database.
 */
#include <arpa/inet.h>
#include <check.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ciclo/base/log.h"
#include "ciclo/base/time.h"
#include "ciclo/http/metrics.h"
#include "ciclo/http/server.h"
#include "ciclo/worker/worker.h"
#include "openapi.h"

struct running {
	struct config config;
	struct contract *contract;
	struct process process;
	struct worker *worker;
	pthread_t thread;
	bool drained;
};

static void *run(void *cls)
{
	struct running *r = cls;

	r->drained = worker_run(r->worker);
	return NULL;
}

static void start(struct running *r)
{
	struct sockaddr_storage address;
	socklen_t len;
	bool loopback;
	char why[512] = "";

	*r = (struct running){
		.config =
			{
				.database_url = "host=/nonexistent",
				.write_connections = 1,
				.read_connections = 1,
				.report_connections = 1,
				.connection_limit = 64,
				.header_timeout_ms = 5000,
				.body_timeout_ms = 5000,
				.request_timeout_ms = 1000,
				.report_timeout_ms = 1000,
				.idle_timeout_s = 5,
				.drain_timeout_ms = 5000,
			},
	};
	r->contract = contract_load(openapi_yaml, openapi_yaml_length, why, sizeof(why));
	ck_assert_msg(r->contract != NULL, "%s", why);
	ck_assert(listen_parse("127.0.0.1:0", &address, &len, &loopback));
	r->process = (struct process){
		.config = &r->config, .contract = r->contract, .metrics = metrics_new(r->contract, 2)};
	r->worker = worker_new(&r->process, (const struct sockaddr *)&address, len, false);
	ck_assert_ptr_nonnull(r->worker);
}

static void launch(struct running *r)
{
	ck_assert_int_eq(pthread_create(&r->thread, NULL, run, r), 0);
}

/* Waits for the end of the loop; milliseconds that took. */
static int64_t finish(struct running *r)
{
	int64_t begin = clock_monotonic_ms();
	int64_t took;

	ck_assert_int_eq(pthread_join(r->thread, NULL), 0);
	took = clock_monotonic_ms() - begin;
	worker_free(r->worker);
	metrics_free(r->process.metrics);
	contract_free(r->contract);
	return took;
}

static int client(const struct running *r, const char *bytes)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_port = htons((uint16_t)worker_port(r->worker))};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	ck_assert_int_eq(connect(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
	ck_assert_int_eq(send(fd, bytes, strlen(bytes), 0), (ssize_t)strlen(bytes));
	return fd;
}

static void read_all(int fd, char *out, size_t size)
{
	size_t len = 0;
	ssize_t n;

	while ((n = recv(fd, out + len, size - 1 - len, 0)) > 0)
		len += (size_t)n;
	out[len] = '\0';
	close(fd);
}

START_TEST(test_serves_without_database)
{
	struct running r;
	char text[4096];

	start(&r);
	launch(&r);
	read_all(client(&r, "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"), text,
		 sizeof(text));
	ck_assert_msg(strncmp(text, "HTTP/1.1 200", 12) == 0, "%s", text);
	read_all(client(&r, "GET /readyz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"), text,
		 sizeof(text));
	ck_assert_msg(strncmp(text, "HTTP/1.1 503", 12) == 0, "%s", text);
	worker_stop(r.worker);
	ck_assert_int_lt(finish(&r), 2000);
	ck_assert(r.drained);
}
END_TEST

/* A request whose header has begun is under way: one stop waits for it. */
static const char half[] = "GET /healthz HTTP/1.1\r\nHost: x\r\n";

START_TEST(test_stop_waits)
{
	struct running r;
	char text[4096];
	int fd;

	start(&r);
	launch(&r);
	fd = client(&r, half);
	usleep(100000);
	worker_stop(r.worker);
	usleep(100000);
	ck_assert_int_eq(send(fd, "\r\n", 2, 0), 2);
	read_all(fd, text, sizeof(text));
	ck_assert_msg(strncmp(text, "HTTP/1.1 200", 12) == 0, "%s", text);
	ck_assert_ptr_nonnull(strstr(text, "Connection: close"));
	ck_assert_int_lt(finish(&r), 2000);
	ck_assert(r.drained);
}
END_TEST

START_TEST(test_second_stop)
{
	struct running r;
	int fd;

	start(&r);
	launch(&r);
	fd = client(&r, half);
	usleep(100000);
	worker_stop(r.worker);
	usleep(100000);
	worker_stop(r.worker);
	ck_assert_int_lt(finish(&r), 2000);
	ck_assert(!r.drained);
	close(fd);
}
END_TEST

START_TEST(test_drain_limit)
{
	struct running r;
	int64_t took;
	int fd;

	start(&r);
	r.config.drain_timeout_ms = 300;
	launch(&r);
	fd = client(&r, half);
	usleep(100000);
	worker_stop(r.worker);
	took = finish(&r);
	ck_assert_int_ge(took, 200);
	ck_assert_int_lt(took, 2000);
	ck_assert(!r.drained);
	close(fd);
}
END_TEST

START_TEST(test_port_shared)
{
	struct running a, b;
	struct sockaddr_in address = {.sin_family = AF_INET};

	start(&a);
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	address.sin_port = htons((uint16_t)worker_port(a.worker));
	b = a;
	b.worker = worker_new(&a.process, (const struct sockaddr *)&address, sizeof(address), false);
	ck_assert_ptr_nonnull(b.worker);
	ck_assert_int_eq(worker_port(a.worker), worker_port(b.worker));
	worker_free(b.worker);
	worker_free(a.worker);
	metrics_free(a.process.metrics);
	contract_free(a.contract);
	worker_free(NULL);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("worker");
	TCase *t = tcase_create("worker");
	SRunner *runner = srunner_create(s);
	int failed;

	signal(SIGPIPE, SIG_IGN);
	log_set_level(LOG_ERROR); /* a line a request would bury the results */
	tcase_set_timeout(t, 20);
	tcase_add_test(t, test_serves_without_database);
	tcase_add_test(t, test_stop_waits);
	tcase_add_test(t, test_second_stop);
	tcase_add_test(t, test_drain_limit);
	tcase_add_test(t, test_port_shared);
	suite_add_tcase(s, t);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
