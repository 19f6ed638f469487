/*
 * Wilson (1927) score interval and the margin of error of a net promoter score.
 *
 * Wilson: (p + z^2/2n -+ z sqrt(p(1-p)/n + z^2/4n^2)) / (1 + z^2/n). Unlike p -+ z sqrt(p(1-p)/n) it stays within 0 and
 * 1 and has a width when nobody or everybody did it.
 */
#include "ciclo/kpi/confidence.h"

#include <math.h>

enum {
	PROMOTER_FROM = 9,
	PASSIVE_FROM = 7,
	SCORE_MAX = 100 /* percent */,
	SCORE_PLACES = 4,
	PROPORTION_PLACES = 6
};

/* The 97.5 % quantile of the normal distribution, 1.96 in short: 95 % lie within plus and minus this. */
static const double z = 1.959963984540054;

static double clamp(double x, double low, double high)
{
	return fmin(fmax(x, low), high);
}

static struct confidence bounds(const char *method, double low, double high, unsigned places)
{
	return (struct confidence){
		.known = true,
		.method = method,
		.low = figure_from_double(low, places).value,
		.high = figure_from_double(high, places).value,
	};
}

struct confidence confidence_wilson(int128 hits, int128 trials)
{
	double n = (double)trials, p, middle, half, size;

	if (trials <= 0 || hits < 0 || hits > trials)
		return (struct confidence){.known = false};
	p = (double)hits / n;
	middle = p + z * z / (2 * n);
	half = z * sqrt(p * (1 - p) / n + z * z / (4 * n * n));
	size = 1 + z * z / n;
	return bounds("wilson", clamp((middle - half) / size, 0, 1), clamp((middle + half) / size, 0, 1),
		      PROPORTION_PLACES);
}

static void count_scores(const struct measures *facts, struct nps *nps)
{
	for (int score = 0; score < NPS_SCORES; score++) {
		int64_t answers = (int64_t)facts->of[MEASURE_nps_0 + score];

		nps->distribution[score] = answers;
		nps->responses += answers;
		nps->promoters += score >= PROMOTER_FROM ? answers : 0;
		nps->detractors += score < PASSIVE_FROM ? answers : 0;
	}
	nps->passives = nps->responses - nps->promoters - nps->detractors;
}

struct nps nps_of(const struct measures *facts)
{
	struct nps nps = {0};
	double n, p, d, score, margin;

	count_scores(facts, &nps);
	nps.score = figure_share((int128)(nps.promoters - nps.detractors) * SCORE_MAX, nps.responses);
	if (!nps.score.known)
		return nps;
	n = (double)nps.responses;
	p = (double)nps.promoters / n;
	d = (double)nps.detractors / n;
	score = (p - d) * SCORE_MAX;
	margin = z * sqrt(fmax(p + d - (p - d) * (p - d), 0) / n) * SCORE_MAX;
	nps.margin_of_error = figure_from_double(margin, SCORE_PLACES);
	nps.confidence = bounds("normal", clamp(score - margin, -SCORE_MAX, SCORE_MAX),
				clamp(score + margin, -SCORE_MAX, SCORE_MAX), SCORE_PLACES);
	return nps;
}

struct sample nps_sample(const struct nps *nps)
{
	return (struct sample){.kind = SAMPLE_NPS,
			       .trials = nps->responses,
			       .hits = nps->promoters,
			       .detractors = nps->detractors};
}
