/*
 * What KPIs can be grouped by. A family of measures has the dimensions that its facts have, and a KPI those that all of
 * its families have.
 */
#ifndef CICLO_KPI_DIMENSION_H
#define CICLO_KPI_DIMENSION_H

#include "ciclo/kpi/measure.h"

enum dimension {
	DIMENSION_NONE,
	DIMENSION_CHANNEL,
	DIMENSION_CAMPAIGN,
	DIMENSION_COUNTRY,
	DIMENSION_STOREFRONT,
	DIMENSION_COUNT
};

/* "channel" ... "storefront"; DIMENSION_NONE for NULL and anything else. */
enum dimension dimension_parse(const char *text);
/* d is not DIMENSION_NONE. */
const char *dimension_name(enum dimension d);
/* Bits (1 << enum dimension): what sql/queries/kpi_<family>.sql takes as $3. */
unsigned family_dimensions(enum family family);

#endif
