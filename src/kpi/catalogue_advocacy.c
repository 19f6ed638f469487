/*
 * The KPIs of the stage advocacy. A person came by referral when a referral, or the profile, says who referred them.
 */
#include "catalogue.h"

static const struct kpi rows[] = {
	{
		.name = "referred_customers",
		.title = "Referred customers",
		.stage = STAGE_ADVOCACY,
		.unit = UNIT_COUNT,
		.version = 1,
		.terms = {.formula = "new customers who came by referral", .num = MEASURE_referred_customers},
		.test = MEASURE_test_orders,
		.model = model_count,
	},
	{
		.name = "referral_participation_rate",
		.title = "Referral participation rate",
		.stage = STAGE_ADVOCACY,
		.unit = UNIT_RATIO,
		.version = 1,
		.terms = {.formula = "persons who referred somebody in the window / active customers; who "
				     "refers need not be active, so it may exceed 1",
			  .num = MEASURE_referring_customers,
			  .den = MEASURE_active_customers},
		.empty = "no_active_customers",
		.test = MEASURE_test_orders,
		.model = model_proportion,
	},
	{
		.name = "referral_value",
		.title = "Referral value",
		.stage = STAGE_ADVOCACY,
		.unit = UNIT_MONEY,
		.version = 1,
		.terms = {.formula = "gross margin in the window of all persons who came by referral; the "
				     "declared margin where the cost is not known",
			  .unconverted = {MEASURE_unconverted_referred}},
		.test = MEASURE_test_orders,
		.families = FAMILY_BIT(PROGRAM_ORDERS),
		.model = model_referral_value,
	},
	{
		.name = "reviews",
		.title = "Reviews",
		.stage = STAGE_ADVOCACY,
		.unit = UNIT_COUNT,
		.version = 1,
		.terms = {.formula = "reviews", .num = MEASURE_reviews},
		.model = model_count,
	},
	{
		.name = "average_rating",
		.title = "Average rating",
		.stage = STAGE_ADVOCACY,
		.unit = UNIT_SCORE,
		.version = 1,
		.terms = {.formula = "sum of ratings from 1 to 5 / reviews",
			  .num = MEASURE_rating_sum,
			  .den = MEASURE_reviews},
		.empty = "no_reviews",
		.model = model_mean,
	},
};

const struct kpi_list kpis_advocacy = {.rows = rows, .count = COUNTOF(rows)};
