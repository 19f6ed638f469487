/*
 * The facts behind a KPI, one by one: /v1/kpis/{name}/members.
 */
#ifndef CICLO_SRC_API_KPI_MEMBERS_H
#define CICLO_SRC_API_KPI_MEMBERS_H

#include "ciclo/api/api.h"
#include "ciclo/kpi/kpi.h"
#include "page.h"

enum kpi_part { PART_NUMERATOR, PART_DENOMINATOR, PARTS };

/* "numerator" or "denominator". */
const char *part_name(enum kpi_part part);

/*
 * A statement for facts of one kind. Its parameters are those of a page, then $4 which measure, $5 first day, $6 day
 * after the last, and $7 the last day that counts, if it looks at that. Each document has kind, id, customer_id, at and
 * amount; the amounts, or where there are none the items, add up to the measure.
 */
struct member_list {
	enum query query;
	enum list_order order;
	bool has_until;
};

struct members {
	const struct member_list *list; /* NULL: no single facts make it up */
	const char *measure;            /* $4 */
};

struct members members_of(const struct kpi *kpi, const struct kpi_terms *terms, enum kpi_part part);

#endif
