/*
 * A real server on a free port with a small contract, driven by the test's own loop, and raw sockets
 * that talk to it. Everything runs in one thread.
 */
#ifndef CICLO_TESTS_UNIT_HTTP_SHOP_H
#define CICLO_TESTS_UNIT_HTTP_SHOP_H

#include <stdbool.h>
#include <stddef.h>

#include "ciclo/base/config.h"
#include "ciclo/http/server.h"

enum { HELD_MAX = 512 };

struct shop {
	struct config config;
	struct contract *contract;
	struct server *server;
	struct rate *rate;           /* the test's; NULL: no limit */
	struct call *held[HELD_MAX]; /* calls of getLater that wait for shop_release */
	size_t held_count;
	size_t handled; /* handler runs */
};

/* Before shop_open; change fields of config in between. */
void shop_prepare(struct shop *s);
void shop_open(struct shop *s, bool require_key);
void shop_close(struct shop *s);
/* Runs the server for about ms milliseconds. */
void shop_run(struct shop *s, int ms);
/* Runs it until n calls are held. */
void shop_wait_held(struct shop *s, size_t n);
/* Answers all held calls with {"late": true}. */
void shop_release(struct shop *s);

struct reply {
	int status; /* 0: closed without an answer */
	char head[4096];
	char body[65536];
};

int client_open(const struct shop *s);
void client_send(struct shop *s, int fd, const char *bytes, size_t len);
/* Runs the server until one whole answer is there. head_only: the answer to a HEAD. */
void client_read(struct shop *s, int fd, bool head_only, struct reply *ret);
/* Runs the server until the other side has closed; false: more bytes came, or it stays open. */
bool client_closed(struct shop *s, int fd);
/* Open, send, read, close. */
void client_ask(struct shop *s, const char *request, struct reply *ret);
/* The value of a field of the head, copied to out; false: not there. */
bool reply_header(const struct reply *r, const char *name, char *out, size_t size);

#endif
