/*
 * Parameters of a request for one KPI: all fit the KPI, or the call is answered 400.
 */
#ifndef CICLO_SRC_API_KPI_PARAMS_H
#define CICLO_SRC_API_KPI_PARAMS_H

#include "report.h"

/* The KPI that the path names; NULL: answered 404. */
const struct kpi *kpi_param(struct call *call) NODISCARD;
/* For a report of r->kpi: sets r->terms; every parameter must be one that this KPI takes. */
bool kpi_params_read(struct report *r) NODISCARD;
/* ?lifetime_months */
bool kpi_lifetime_read(struct report *r) NODISCARD;

#endif
