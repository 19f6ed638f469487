/*
 * The header of a CSV file against the contract, and its rows as JSON objects.
 *
 * A name is the way to a field: "customer.email", "items.0.sku"; a number is a place where the contract has an array.
 * An empty cell is absent, and so is an object or a place of an array that has nothing but empty cells: places close up.
 * What type a cell has is what the contract says (schema_text); one that does not fit goes as text, and is refused by the
 * service with its pointer, like any other fault.
 */
#ifndef CICLO_SRC_IMPORT_COLUMNS_H
#define CICLO_SRC_IMPORT_COLUMNS_H

#include <jansson.h>

#include "ciclo/base/attr.h"
#include "ciclo/contract/contract.h"
#include "csv.h"

struct columns;

/* NULL: the header will not do, and why says so. A name that the contract does not have is a fault of every line. */
struct columns *columns_new(const struct schema *item, const struct csv_row *header, char *why,
			    size_t size) NODISCARD;
void columns_free(struct columns *c);
/* A new object; NULL with a sentence in why. */
json_t *columns_object(const struct columns *c, const struct csv_row *row, char *why, size_t size) NODISCARD;

#endif
