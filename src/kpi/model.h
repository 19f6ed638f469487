/*
 * How numerator and denominator become a value. Most KPIs share the first four.
 */
#ifndef CICLO_SRC_KPI_MODEL_H
#define CICLO_SRC_KPI_MODEL_H

#include "ciclo/kpi/kpi.h"

kpi_model_fn model_count;      /* the numerator, nothing below it */
kpi_model_fn model_mean;       /* numerator / denominator */
kpi_model_fn model_proportion; /* the same, with Wilson's interval */
kpi_model_fn model_gaps;       /* a mean with its median beside it */

kpi_model_fn model_nps;

kpi_model_fn model_gross_margin;
kpi_model_fn model_referral_value;
kpi_model_fn model_clv_simple;
kpi_model_fn model_clv_historic;
kpi_model_fn model_clv_predictive;
kpi_model_fn model_clv_to_cac;
kpi_model_fn model_payback;

/* Sums that a margin is made of. */
struct sales {
	int128 net, with_cost, cost;
};

/* What the acquired customers brought in. */
struct sales sales_acquired(const struct measures *facts);
/* The known cost taken off, and the declared margin where it is not known. */
struct figure sales_margin(struct sales s, struct ratio declared);
/* Mean months from first order to the end of `until`. */
struct figure value_months_observed(const struct measures *facts);
/* How long a customer stays, in months: as the context says, else 1 / monthly churn of its window. */
struct figure value_lifetime(const struct measures *facts, const struct kpi_context *context);

static inline int128 fact(const struct kpi_input *in, enum measure m)
{
	return in->facts->of[m];
}

/* Adds a detail; there is room for KPI_DETAILS_MAX. */
void model_detail(struct kpi_result *out, const char *name, struct figure figure, unsigned places);
/* value = numerator / denominator, with the row's reason when the denominator is 0. */
void model_divide(const struct kpi_input *in, struct figure numerator, struct figure denominator,
		  struct kpi_result *out);

#endif
