/*
 * What one customer is worth: the three lifetime values with the parts that they are made of.
 */
#ifndef CICLO_KPI_CUSTOMER_H
#define CICLO_KPI_CUSTOMER_H

#include "ciclo/kpi/kpi.h"

/* Money is in minor units of the base currency. */
struct customer_value {
	int128 orders;
	struct figure net_sales, gross_margin, costs;
	struct figure known_cost_share;    /* of net sales; unknown when they are 0 */
	struct figure average_order_value; /* refunds not taken off */
	struct figure months_observed;     /* since the first order, at least 1 */
	struct figure orders_per_month, lifetime_months;
	struct figure simple, historic, predictive;
	const char *reason;       /* why predictive is unknown, else NULL */
	int128 test, unconverted; /* facts left out */
};

/*
 * From the measures of one person (customer_value_get.sql). Unless the context knows the lifetime, it comes from the
 * previous and lost customers of the whole shop over the context's window.
 */
struct customer_value customer_value_of(const struct measures *facts, const struct kpi_context *context);

#endif
