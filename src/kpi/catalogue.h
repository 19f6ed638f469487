/*
 * The rows of the catalogue, a list for each stage. The definitions are normative: `version` of a row grows whenever
 * the same facts would give another number.
 */
#ifndef CICLO_SRC_KPI_CATALOGUE_H
#define CICLO_SRC_KPI_CATALOGUE_H

#include "model.h"

#define FAMILY_BIT(family) (1U << FAMILY_##family)

struct kpi_list {
	const struct kpi *rows;
	size_t count;
};

extern const struct kpi_list kpis_awareness;
extern const struct kpi_list kpis_consideration;
extern const struct kpi_list kpis_conversion;
extern const struct kpi_list kpis_retention;
extern const struct kpi_list kpis_loyalty;
extern const struct kpi_list kpis_advocacy;
extern const struct kpi_list kpis_value;

#endif
