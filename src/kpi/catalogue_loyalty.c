/*
 * The KPIs of the stage loyalty.
 */
#include "catalogue.h"

static const struct kpi rows[] = {
	{
		.name = "nps",
		.title = "Net promoter score",
		.stage = STAGE_LOYALTY,
		.unit = UNIT_SCORE,
		.version = 1,
		.terms = {.formula = "100 x (answers 9 and 10 - answers 0 to 6) / answers from 0 to 10"},
		.empty = "no_answers",
		.families = FAMILY_BIT(SURVEYS),
		.model = model_nps,
	},
	{
		.name = "loyalty_participation_rate",
		.title = "Loyalty participation rate",
		.stage = STAGE_LOYALTY,
		.unit = UNIT_RATIO,
		.version = 1,
		.terms =
			{.formula =
				 "customers with an order while they were loyalty members / active customers",
			 .num = MEASURE_member_customers,
			 .den = MEASURE_active_customers},
		.empty = "no_active_customers",
		.test = MEASURE_test_orders,
		.model = model_proportion,
	},
	{
		.name = "subscription_renewal_rate",
		.title = "Subscription renewal rate",
		.stage = STAGE_LOYALTY,
		.unit = UNIT_RATIO,
		.version = 1,
		.terms = {.formula = "due dates in the window that were renewed / due dates in the window",
			  .num = MEASURE_renewals,
			  .den = MEASURE_due_renewals},
		.empty = "no_due_renewals",
		.model = model_proportion,
	},
};

const struct kpi_list kpis_loyalty = {.rows = rows, .count = COUNTOF(rows)};
