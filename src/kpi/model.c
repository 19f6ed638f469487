/*
 * The models that most KPIs share.
 */
#include "model.h"

static const int64_t us_per_day = INT64_C(86400) * 1000000;

void model_detail(struct kpi_result *out, const char *name, struct figure figure, unsigned places)
{
	if (out->detail_count < KPI_DETAILS_MAX)
		out->details[out->detail_count++] =
			(struct kpi_detail){.name = name, .figure = figure, .places = places};
}

static const char *empty(const struct kpi_input *in)
{
	return in->terms->empty ? in->terms->empty : in->kpi->empty;
}

void model_divide(const struct kpi_input *in, struct figure numerator, struct figure denominator,
		  struct kpi_result *out)
{
	out->numerator = numerator;
	out->denominator = denominator;
	out->value = figure_div(numerator, denominator);
	if (!out->value.known)
		out->reason = denominator.known && denominator.value.num == 0 ? empty(in) : "out_of_range";
}

void model_count(const struct kpi_input *in, struct kpi_result *out)
{
	out->numerator = figure_of(fact(in, in->terms->num));
	out->value = out->numerator;
}

void model_mean(const struct kpi_input *in, struct kpi_result *out)
{
	int64_t per = in->terms->per ? in->terms->per : 1;

	model_divide(in, figure_share(fact(in, in->terms->num), per), figure_of(fact(in, in->terms->den)),
		     out);
}

void model_proportion(const struct kpi_input *in, struct kpi_result *out)
{
	model_mean(in, out);
	out->confidence = confidence_wilson(fact(in, in->terms->num), fact(in, in->terms->den));
	out->sample = (struct sample){.kind = SAMPLE_PROPORTION,
				      .trials = fact(in, in->terms->den),
				      .hits = fact(in, in->terms->num)};
}

void model_gaps(const struct kpi_input *in, struct kpi_result *out)
{
	struct figure median = figure_share(fact(in, MEASURE_gap_median_half_us), (int128)2 * us_per_day);

	model_mean(in, out);
	median.known = out->value.known;
	model_detail(out, "median", median, unit_places(UNIT_DAYS));
}

void model_nps(const struct kpi_input *in, struct kpi_result *out)
{
	struct nps nps = nps_of(in->facts);

	model_divide(in, figure_of(nps.promoters - nps.detractors), figure_of(nps.responses), out);
	out->value = nps.score;
	out->confidence = nps.confidence;
	out->sample = nps_sample(&nps);
	model_detail(out, "responses", figure_of(nps.responses), 0);
	model_detail(out, "promoters", figure_of(nps.promoters), 0);
	model_detail(out, "passives", figure_of(nps.passives), 0);
	model_detail(out, "detractors", figure_of(nps.detractors), 0);
	model_detail(out, "margin_of_error", nps.margin_of_error, unit_places(UNIT_SCORE));
	out->has_distribution = true;
	for (int score = 0; score < NPS_SCORES; score++)
		out->distribution[score] = nps.distribution[score];
}
