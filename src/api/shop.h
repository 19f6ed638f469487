/*
 * The shop's settings as one request sees them, and money in the shop's base currency.
 */
#ifndef CICLO_SRC_API_SHOP_H
#define CICLO_SRC_API_SHOP_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "ciclo/base/attr.h"
#include "ciclo/base/decimal.h"
#include "ciclo/base/problem.h"
#include "ciclo/db/db.h"

struct shop {
	char base_currency[4];
};

/* Reads the row of settings_get.sql. */
bool shop_read(struct shop *ret, const struct db_answer *answer, size_t read) NODISCARD;

/* What one unit of a fact's currency costs in the base currency. */
struct exchange {
	char currency[4];
	char base_currency[4];
	struct ratio rate;
	bool same;
};

/*
 * Reads `currency` and `exchange_rate` of a valid request. Adds a violation and returns the problem
 * when a rate is missing, or given where it has no meaning.
 */
enum problem exchange_read(const struct shop *shop, const json_t *input, struct exchange *ret,
			   struct violations *v) NODISCARD;
/* The rate as a document shows it: a number, or null. */
json_t *exchange_document(const json_t *input) NODISCARD;
/* amount in minor units of the base currency; false when it leaves the range of money. */
bool exchange_apply(const struct exchange *e, int64_t amount, int64_t *ret) NODISCARD;

#endif
