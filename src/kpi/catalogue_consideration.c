/*
 * The KPIs of the stage consideration.
 */
#include "catalogue.h"

static const struct kpi rows[] = {
	{
		.name = "email_open_rate",
		.title = "E-mail open rate",
		.stage = STAGE_CONSIDERATION,
		.unit = UNIT_RATIO,
		.version = 1,
		.terms = {.formula = "e-mails opened / e-mails delivered",
			  .num = MEASURE_opened_emails,
			  .den = MEASURE_tracked_emails},
		.empty = "no_delivered_emails",
		.model = model_proportion,
	},
	{
		.name = "email_click_rate",
		.title = "E-mail click rate",
		.stage = STAGE_CONSIDERATION,
		.unit = UNIT_RATIO,
		.version = 1,
		.terms = {.formula = "clicks of e-mail campaigns / e-mails delivered",
			  .num = MEASURE_email_clicks,
			  .den = MEASURE_delivered_emails},
		.empty = "no_delivered_emails",
		.model = model_proportion,
	},
};

const struct kpi_list kpis_consideration = {.rows = rows, .count = COUNTOF(rows)};
