/*
 * Measures: what SQL counts and sums, and C divides. measure.def is the list.
 */
#ifndef CICLO_KPI_MEASURE_H
#define CICLO_KPI_MEASURE_H

#include <stdbool.h>

#include "ciclo/base/attr.h"
#include "ciclo/base/decimal.h"

/* What a statement counts together, by groups in sql/queries/kpi_<family>.sql; report_tables.c has which statement answers what. */
enum family {
	FAMILY_ORDERS,
	FAMILY_CUSTOMERS, /* counted once in a window */
	FAMILY_SEQUENCE,  /* of the customers what adds up over days: an order and the one before it */
	FAMILY_GAPS,      /* apart from the customers, as it takes longer than they do */
	FAMILY_MARKETING,
	FAMILY_SURVEYS,
	FAMILY_VALUE,
	FAMILY_JOURNEY, /* visitors, counted once */
	FAMILY_VISITS,
	FAMILY_CARTS,
	FAMILY_SOCIAL,
	FAMILY_REVIEWS,
	FAMILY_PROGRAMS,
	FAMILY_PROGRAM_ORDERS,
	FAMILY_MEMBERS,
	FAMILY_COSTS,
	FAMILY_COUNT
};

enum measure {
	MEASURE_NONE = 0, /* always 0 */
#define X(family, name) MEASURE_##name,
#include "ciclo/kpi/measure.def"
#undef X
	MEASURE_COUNT
};

/* All measures of one bucket; those that nobody asked for are 0. */
struct measures {
	int128 of[MEASURE_COUNT];
};

struct measure_set {
	bool has[MEASURE_COUNT];
};

/* The measure with this name, MEASURE_NONE if there is none. */
enum measure measure_find(const char *name);
/* m is not MEASURE_NONE. */
const char *measure_name(enum measure m);
enum family measure_family(enum measure m);
/* Digits with an optional minus, at most 38 digits. */
bool measure_parse(const char *text, int128 *ret) NODISCARD;

#endif
