/*
 * Where a file goes: the collections that take batches, by the contract.
 */
#ifndef CICLO_SRC_IMPORT_COLLECTION_H
#define CICLO_SRC_IMPORT_COLLECTION_H

#include <stdbool.h>
#include <stdio.h>

#include "ciclo/base/attr.h"
#include "ciclo/contract/contract.h"

struct collection {
	char name[300]; /* "orders", "surveys/external:n/responses" */
	char path[640]; /* "/v1/orders/batch", percent-encoded */
	const struct operation *operation;
};

/* By its name. false: there is none. */
bool collection_find(struct collection *ret, const struct contract *contract, const char *name) NODISCARD;
/*
 * By the name of a file: the longest collection that the name begins with, with "-" or "_" for "/", in any case, before
 * something that is no letter: orders.csv, Orders_2024.ndjson, loyalty-members-2024.csv. Those of a thing
 * (surveys/{ref}/responses) must be named.
 */
bool collection_guess(struct collection *ret, const struct contract *contract, const char *file) NODISCARD;
/* "customers, orders, surveys/{ref}/responses" */
void collection_list(const struct contract *contract, FILE *out);

#endif
