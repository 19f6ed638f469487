/*
 * Measures: what SQL counts and sums, and C divides. measure.def is the list.
 */
#ifndef CICLO_KPI_MEASURE_H
#define CICLO_KPI_MEASURE_H

#include <stdbool.h>

#include "ciclo/base/attr.h"
#include "ciclo/base/decimal.h"

/* One family is one statement: sql/queries/kpi_<family>.sql. */
enum family {
	FAMILY_ORDERS,
	FAMILY_CUSTOMERS,
	FAMILY_GAPS, /* apart from the customers, as it takes longer than they do */
	FAMILY_MARKETING,
	FAMILY_SURVEYS,
	FAMILY_VALUE,
	FAMILY_JOURNEY,
	FAMILY_CARTS,
	FAMILY_SOCIAL,
	FAMILY_PROGRAMS,
	FAMILY_PROGRAM_ORDERS,
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

/* The measure with this name, MEASURE_NONE if there is none. */
enum measure measure_find(const char *name);
/* m is not MEASURE_NONE. */
const char *measure_name(enum measure m);
enum family measure_family(enum measure m);
/* Digits with an optional minus, at most 38 digits. */
bool measure_parse(const char *text, int128 *ret) NODISCARD;

#endif
