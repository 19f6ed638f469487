#include "shop.h"

#include <check.h>
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ciclo/base/time.h"

static const char document[] =
	"openapi: 3.1.0\n"
	"info: {title: Test, version: '1'}\n"
	"paths:\n"
	"  /open:\n"
	"    get:\n"
	"      operationId: getOpen\n"
	"      security: []\n"
	"      responses: {'200': {description: ok, content: {application/json: {schema: {type: object}}}}}\n"
	"  /later:\n"
	"    get:\n"
	"      operationId: getLater\n"
	"      security: []\n"
	"      responses: {'200': {description: ok, content: {application/json: {schema: {type: object}}}}}\n"
	"  /same:\n"
	"    get:\n"
	"      operationId: getSame\n"
	"      security: []\n"
	"      responses: {'200': {description: ok, content: {application/json: {schema: {type: object}}}}}\n"
	"  /table:\n"
	"    get:\n"
	"      operationId: getTable\n"
	"      security: []\n"
	"      responses: {'200': {description: ok, content: {application/json: {}, text/csv: {}}}}\n"
	"  /secret:\n"
	"    get:\n"
	"      operationId: getSecret\n"
	"      security: [{key: ['orders:read']}]\n"
	"      responses: {'200': {description: ok, content: {application/json: {schema: {type: object}}}}}\n"
	"  /things/{id}:\n"
	"    get:\n"
	"      operationId: getThing\n"
	"      security: []\n"
	"      parameters:\n"
	"        - {name: id, in: path, required: true, schema: {type: integer}}\n"
	"        - {name: limit, in: query, schema: {type: integer, maximum: 10, default: 3}}\n"
	"      responses: {'200': {description: ok, content: {application/json: {schema: {type: object}}}}}\n"
	"  /orders:\n"
	"    post:\n"
	"      operationId: createOrder\n"
	"      security: []\n"
	"      x-body-max: 1000\n"
	"      requestBody:\n"
	"        required: true\n"
	"        content:\n"
	"          application/json:\n"
	"            schema:\n"
	"              type: object\n"
	"              required: [name]\n"
	"              additionalProperties: false\n"
	"              properties:\n"
	"                name: {type: string}\n"
	"                'a b': {type: string}\n"
	"                items:\n"
	"                  type: array\n"
	"                  items: {type: object, properties: {quantity: {type: integer}}}\n"
	"      responses: {'201': {description: ok, content: {application/json: {schema: {type: object}}}}}\n"
	"  /private:\n"
	"    post:\n"
	"      operationId: createPrivate\n"
	"      security: [{key: ['orders:read']}]\n"
	"      requestBody: {content: {application/json: {schema: {type: object}}}}\n"
	"      responses: {'200': {description: ok, content: {application/json: {schema: {type: object}}}}}\n"
	"  /batch:\n"
	"    post:\n"
	"      operationId: createMany\n"
	"      security: []\n"
	"      x-batch-item: {$ref: '#/components/schemas/One'}\n"
	"      requestBody:\n"
	"        required: true\n"
	"        content:\n"
	"          application/json: {schema: {type: array, items: {$ref: '#/components/schemas/One'}}}\n"
	"          application/x-ndjson: {schema: {type: string}}\n"
	"      responses: {'200': {description: ok, content: {application/json: {schema: {type: object}}}}}\n"
	"components:\n"
	"  schemas:\n"
	"    One: {type: object, required: [name], properties: {name: {type: string}}}\n"
	"  securitySchemes:\n"
	"    key: {type: http, scheme: bearer}\n";

static const char same[] = "{}";

static void handle_batch(struct call *c)
{
	size_t len = 0;
	json_t *doc = json_object();

	call_raw_body(c, &len);
	json_object_set_new(doc, "bytes", json_integer((json_int_t)len));
	json_object_set_new(doc, "items", json_integer((json_int_t)json_array_size(call_body(c))));
	call_reply(c, 200, doc);
}

static void handle(void *cls, struct call *c)
{
	struct shop *s = cls;
	const char *id = call_operation(c)->id;

	s->handled++;
	if (strcmp(id, "getLater") == 0) {
		ck_assert_uint_lt(s->held_count, HELD_MAX);
		s->held[s->held_count++] = c;
	} else if (strcmp(id, "getSame") == 0) {
		call_reply_fixed(c, "application/json", same, strlen(same), NULL);
	} else if (strcmp(id, "getTable") == 0) {
		call_reply_text(c, 200, call_answer_type(c), "a,b\r\n", 5);
	} else if (strcmp(id, "getThing") == 0) {
		call_add_header(c, "ETag", "\"%d\"", 7);
		call_reply(c, 200, json_incref(call_params(c)));
	} else if (strcmp(id, "createOrder") == 0) {
		call_add_header(c, "Location", "/orders/%d", 1);
		call_reply(c, 201, json_incref(call_body(c)));
	} else if (strcmp(id, "createMany") == 0) {
		handle_batch(c);
	} else {
		call_reply(c, 200, json_pack("{s:b}", "ok", 1));
	}
}

void shop_prepare(struct shop *s)
{
	char why[512] = "";

	*s = (struct shop){
		.config =
			{
				.connection_limit = 512,
				.header_timeout_ms = 5000,
				.body_timeout_ms = 5000,
				.request_timeout_ms = 5000,
				.idle_timeout_s = 5,
			},
	};
	s->contract = contract_load(document, strlen(document), why, sizeof(why));
	ck_assert_msg(s->contract != NULL, "%s", why);
}

void shop_open(struct shop *s, bool require_key)
{
	const struct server_options options = {
		.config = &s->config,
		.contract = s->contract,
		.handle = handle,
		.cls = s,
		.rate = s->rate,
		.require_key = require_key,
	};
	struct sockaddr_storage address;
	socklen_t len;
	bool loopback;

	ck_assert(listen_parse("127.0.0.1:0", &address, &len, &loopback));
	ck_assert(loopback);
	s->server = server_new(&options, (const struct sockaddr *)&address, len);
	ck_assert_ptr_nonnull(s->server);
}

void shop_close(struct shop *s)
{
	server_free(s->server);
	contract_free(s->contract);
}

/* One turn, as the worker does it. */
static void turn(struct shop *s, int max_ms)
{
	struct pollfd fd = {.fd = server_fd(s->server), .events = POLLIN};
	int64_t wait = server_tick(s->server, clock_monotonic_ms());

	poll(&fd, 1, wait >= 0 && wait < max_ms ? (int)wait : max_ms);
	if (fd.revents || server_tick(s->server, clock_monotonic_ms()) == 0)
		server_run(s->server);
}

void shop_run(struct shop *s, int ms)
{
	int64_t end = clock_monotonic_ms() + ms;

	while (clock_monotonic_ms() < end)
		turn(s, 5);
}

void shop_wait_held(struct shop *s, size_t n)
{
	int64_t end = clock_monotonic_ms() + 5000;

	while (s->held_count < n && clock_monotonic_ms() < end)
		turn(s, 5);
	ck_assert_uint_eq(s->held_count, n);
}

void shop_release(struct shop *s)
{
	for (size_t i = 0; i < s->held_count; i++)
		call_reply(s->held[i], 200, json_pack("{s:b}", "late", 1));
	s->held_count = 0;
}

int client_open(const struct shop *s)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_port = htons((uint16_t)server_port(s->server))};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(connect(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

void client_send(struct shop *s, int fd, const char *bytes, size_t len)
{
	while (len) {
		ssize_t n = send(fd, bytes, len, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n < 0 && errno != EAGAIN)
			return; /* the other side has closed: the test looks at the answer */
		if (n > 0) {
			bytes += n;
			len -= (size_t)n;
		}
		turn(s, 0);
	}
}

/* One byte, with the server running meanwhile; false at the end of the stream. */
static bool read_byte(struct shop *s, int fd, char *ret)
{
	int64_t end = clock_monotonic_ms() + 4000;

	for (;;) {
		ssize_t n = recv(fd, ret, 1, MSG_DONTWAIT);

		if (n == 1)
			return true;
		if (n == 0 || errno != EAGAIN)
			return false;
		ck_assert_msg(clock_monotonic_ms() < end, "no answer");
		turn(s, 1);
	}
}

static size_t body_length(const struct reply *r, bool head_only)
{
	char text[32];

	if (head_only || r->status == 204 || r->status == 304 || r->status < 200 ||
	    !reply_header(r, "Content-Length", text, sizeof(text)))
		return 0;
	return strtoul(text, NULL, 10);
}

void client_read(struct shop *s, int fd, bool head_only, struct reply *ret)
{
	size_t len = 0, want;

	*ret = (struct reply){.status = 0};
	while (len < 4 || memcmp(ret->head + len - 4, "\r\n\r\n", 4) != 0) {
		ck_assert_uint_lt(len, sizeof(ret->head) - 1);
		if (!read_byte(s, fd, &ret->head[len]))
			return;
		len++;
	}
	ck_assert_int_eq(strncmp(ret->head, "HTTP/1.1 ", 9), 0);
	ret->status = (int)strtol(ret->head + 9, NULL, 10);
	want = body_length(ret, head_only);
	ck_assert_uint_lt(want, sizeof(ret->body));
	for (size_t i = 0; i < want; i++)
		ck_assert(read_byte(s, fd, &ret->body[i]));
}

bool client_closed(struct shop *s, int fd)
{
	char byte;

	return !read_byte(s, fd, &byte);
}

void client_ask(struct shop *s, const char *request, struct reply *ret)
{
	int fd = client_open(s);

	client_send(s, fd, request, strlen(request));
	client_read(s, fd, strncmp(request, "HEAD", 4) == 0, ret);
	close(fd);
}

bool reply_header(const struct reply *r, const char *name, char *out, size_t size)
{
	size_t len = strlen(name);

	for (const char *line = strstr(r->head, "\r\n"); line; line = strstr(line, "\r\n")) {
		line += 2;
		if (strncasecmp(line, name, len) == 0 && line[len] == ':') {
			const char *value = line + len + 1 + strspn(line + len + 1, " ");

			snprintf(out, size, "%.*s", (int)strcspn(value, "\r"), value);
			return true;
		}
	}
	return false;
}
