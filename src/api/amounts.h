/*
 * The money of one order: what its lines come to, what of it is net sales, and what the goods cost.
 * All in minor units of the order's currency; every sum is checked against the range of money.
 */
#ifndef CICLO_SRC_API_AMOUNTS_H
#define CICLO_SRC_API_AMOUNTS_H

#include <jansson.h>
#include <stdint.h>

#include "ciclo/base/attr.h"
#include "ciclo/base/problem.h"

struct amounts {
	int64_t total;         /* what the customer pays */
	int64_t net;           /* items - discounts, without tax and shipping */
	int64_t cost;          /* of the lines whose cost is known */
	int64_t net_with_cost; /* the part of net that belongs to these lines */
};

/*
 * order: valid by the contract, defaults filled in.
 *   items = sum(quantity * unit_price - discount)
 *   total = items - discount + shipping + tax (tax only when prices do not include it)
 *   net   = total - shipping - tax
 * An order without items gives its total. Order-level discount and included tax lower each line in
 * proportion to its amount, so net_with_cost = net * (lines with a cost / all lines), half-even.
 */
enum problem amounts_read(const json_t *order, struct amounts *ret, struct violations *v) NODISCARD;
/* Lines as answers show them: every member there. */
json_t *items_document(const json_t *items) NODISCARD;

#endif
