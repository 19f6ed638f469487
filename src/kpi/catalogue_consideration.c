/*
 * The KPIs of the stage consideration.
 */
#include "catalogue.h"

static const struct kpi rows[] = {
	{
		.name = "sessions",
		.title = "Sessions",
		.stage = STAGE_CONSIDERATION,
		.unit = UNIT_COUNT,
		.version = 1,
		.terms = {.formula = "visits", .num = MEASURE_visits},
		.model = model_count,
	},
	{
		.name = "average_session_duration",
		.title = "Average session duration",
		.stage = STAGE_CONSIDERATION,
		.unit = UNIT_SECONDS,
		.version = 1,
		.terms = {.formula = "duration of visits / visits that have one",
			  .num = MEASURE_visit_seconds,
			  .den = MEASURE_timed_visits},
		.empty = "no_timed_visits",
		.model = model_mean,
	},
	{
		.name = "pages_per_session",
		.title = "Pages per session",
		.stage = STAGE_CONSIDERATION,
		.unit = UNIT_COUNT,
		.version = 1,
		.terms = {.formula = "pages / visits", .num = MEASURE_visit_pages, .den = MEASURE_visits},
		.empty = "no_visits",
		.model = model_mean,
	},
	{
		.name = "bounce_rate",
		.title = "Bounce rate",
		.stage = STAGE_CONSIDERATION,
		.unit = UNIT_RATIO,
		.version = 1,
		.terms = {.formula = "visits of one page / visits",
			  .num = MEASURE_bounces,
			  .den = MEASURE_visits},
		.empty = "no_visits",
		.model = model_proportion,
	},
	{
		.name = "engagement_rate",
		.title = "Engagement rate",
		.stage = STAGE_CONSIDERATION,
		.unit = UNIT_RATIO,
		.version = 1,
		.terms = {.formula = "engagement / followers last known by the end of the window, of "
				     "platforms where they are known; engagement: facebook reactions + "
				     "comments + shares, instagram likes + comments, others all four",
			  .num = MEASURE_engagement,
			  .den = MEASURE_followers},
		.empty = "no_followers",
		.model = model_mean,
	},
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
