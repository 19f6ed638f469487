/* The suites of the kpi room. */
#ifndef TESTS_UNIT_KPI_SUITES_H
#define TESTS_UNIT_KPI_SUITES_H

#include <check.h>

#include "ciclo/kpi/kpi.h"

Suite *customer_suite(void);
Suite *window_suite(void);
Suite *confidence_suite(void);
Suite *catalogue_suite(void);
Suite *value_suite(void);
Suite *compare_suite(void);

/* Computes a KPI of the catalogue with its default terms, over calendar year 2026 unless the context says otherwise. */
struct kpi_result compute(const char *name, const struct measures *facts, const struct kpi_context *context);
/* Text of a figure as the wire has it, "null" when unknown; one static buffer. */
const char *text_of(struct figure figure, unsigned places);
/* The detail with this name, as text at its own places; fails the test when there is none. */
const char *detail_of(const struct kpi_result *result, const char *name);
/* A calendar year with margin 1 and no declared lifetime. */
struct kpi_context year_2026(void);

#endif
