/*
 * The resources: operationId -> handler, and what handlers share.
 */
#ifndef CICLO_API_API_H
#define CICLO_API_API_H

#include <stdbool.h>
#include <stddef.h>

#include "ciclo/api/later.h"
#include "ciclo/base/attr.h"
#include "ciclo/base/config.h"
#include "ciclo/base/uuid7.h"
#include "ciclo/contract/contract.h"
#include "ciclo/db/db.h"
#include "ciclo/http/call.h"

struct flight;
struct metrics;

/* History and version of the data: three numbers of 20 digits and one of 19, at most, and their dashes. */
enum { VERSION_TEXT = 96 };

/* Reports under way, and what is known of time; see src/api/flight.h. */
struct flights {
	struct flight *first;
	size_t count;
	/* From since_us until before until_us, time alone changes no report of data of this version ("": none is known). */
	char clock_version[VERSION_TEXT];
	int64_t since_us, until_us;
};

/* What a handler may use; one per worker, so nothing in it needs a lock. */
struct api {
	const struct config *config;
	const struct contract *contract;
	struct db *db;
	struct uuid7_source *ids;
	const struct metrics *metrics; /* of the process */
	bool (*draining)(void *cls);
	bool (*ready)(void *cls); /* can all workers of the process reach the database? */
	void *cls;
	struct flights flights;
	struct laters later;
};

typedef void handler_fn(struct api *api, struct call *call);

/* One row of the route table (src/api/routes.c). */
struct route_row {
	const char *operation_id;
	handler_fn *handler;
};

/* Every operation has a handler and every handler an operation; else false and a sentence in why. */
bool api_check(const struct contract *contract, char *why, size_t size) NODISCARD;
/* Runs the handler of the call's operation. cls is a struct api. */
void api_handle(void *cls, struct call *call);

#endif
