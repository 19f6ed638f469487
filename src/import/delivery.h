/*
 * One batch to its answer: tries again what may pass, and reads what the service says of each item.
 */
#ifndef CICLO_SRC_IMPORT_DELIVERY_H
#define CICLO_SRC_IMPORT_DELIVERY_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "ciclo/base/attr.h"
#include "batch.h"
#include "client.h"

enum delivery_end {
	DELIVERED,
	DELIVERY_REFUSED, /* the whole batch; nothing of it was stored; why says it */
	DELIVERY_FAILED,  /* no answer of any use in all the time; what is stored is not known; why says it */
	DELIVERY_STOPPED  /* by a signal */
};

struct delivery {
	struct client *client;
	struct stop *stop;
	int64_t retry_ms;
	/* Said once when trying again begins, so that nobody waits without knowing for what. */
	void (*wait)(void *cls, const char *why);
	void *cls;
	struct reply reply;
	json_t *answer; /* DELIVERED: {"results": [one for each item]} */
	bool repeated;  /* it took more than one try */
	bool sent;      /* it may have arrived */
	char why[600];
};

void delivery_open(struct delivery *d);
void delivery_close(struct delivery *d);
/* path: of the collection's batches. */
enum delivery_end delivery_send(struct delivery *d, const char *path, const struct batch *b) NODISCARD;

#endif
