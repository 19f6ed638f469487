/*
 * One HTTP connection to the service, kept open between requests. The only file that knows libcurl.
 */
#ifndef CICLO_SRC_IMPORT_CLIENT_H
#define CICLO_SRC_IMPORT_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ciclo/base/attr.h"
#include "ciclo/base/buf.h"
#include "stop.h"

enum {
	/* A batch holds 8 MiB, a fault takes six bytes of it at least, and 100 are reported a line: no answer is longer. */
	REPLY_BYTES_MAX = 128 << 20,
	/* Longer than the service works on one request, if it was not told otherwise. */
	REQUEST_MS = 120000
};

struct client;

enum exchange {
	EXCHANGE_DONE,      /* there is an answer */
	EXCHANGE_UNREACHED, /* nobody was there to send it to; it may be different next time */
	EXCHANGE_LOST,      /* there is none; it may be different next time */
	EXCHANGE_BROKEN,    /* there is none, and there will be none: see why */
	EXCHANGE_ABANDONED, /* a signal said now */
};

struct reply {
	long status;
	struct buf body;
	bool replayed;          /* it is the kept answer to an earlier request with this Idempotency-Key */
	int64_t retry_after_ms; /* 0: not said */
	char why[256];          /* there is no answer */
};

/* NULL: why says what is wrong with the URL. key NULL: none. */
struct client *client_new(const char *url, const char *key, struct stop *stop, char *why,
			  size_t size) NODISCARD;
void client_free(struct client *c);
/* The URL in one spelling, for people and for comparing. */
const char *client_url(const struct client *c);
/* Called every now and then while an answer is awaited. */
void client_on_wait(struct client *c, void (*tick)(void *cls), void *cls);
/* ret->body must have been initialised; it is emptied first. */
enum exchange client_post(struct client *c, const char *path, const char *idempotency_key,
			  const struct buf *body, struct reply *ret) NODISCARD;

#endif
