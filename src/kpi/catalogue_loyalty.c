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
};

const struct kpi_list kpis_loyalty = {.rows = rows, .count = COUNTOF(rows)};
