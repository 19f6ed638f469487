/*
 * Two z-tests, two-sided at 5 %. Both compare two independent samples; an answer is in one period only.
 *
 * Proportions: z = (p1 - p2) / sqrt(p (1 - p) (1/n1 + 1/n2)) with p of both samples together (pooled), because that is
 * what both are if nothing changed. z^2 is the chi-squared of the table of hits and misses, which may be read off the
 * normal distribution when at least 5 are expected in each of its four cells (W. G. Cochran, "Some Methods for
 * Strengthening the Common Chi-squared Tests", Biometrics 10 (1954), 417-451).
 *
 * Net promoter score: z = (s1 - s2) / sqrt(v1/n1 + v2/n2) with s = p - d and v = p + d - (p - d)^2, the variance of
 * answers that count 1, 0 and -1 (B. Rocks, "Interval Estimation for the Net Promoter Score", The American Statistician
 * 70 (2016), 365-372; J. Lewis and J. Sauro, measuringu.com/nps-significance-test). It wants 10 answers in each period:
 * counted out over all outcomes of two periods with the same shares, such as 50 % promoters and 20 % detractors, the test
 * then calls 8 % of them a change instead of 5 % (with 5 answers 11 %, with 20 answers 7 %). Where all answer alike the
 * variance is estimated as 0, which no small sample can show, so that is no test either.
 */
#include "ciclo/kpi/compare.h"

#include <math.h>

enum { EXPECTED_MIN = 5, ANSWERS_MIN = 10 };

/* The 97.5 % quantile of the normal distribution. */
static const double z = 1.959963984540054;

static const char too_few_data[] = "too_few_data", no_test[] = "no_test";

/* The reason why there is no test, or NULL and whether the difference is significant. */
typedef const char *test_fn(const struct sample *a, const struct sample *b, bool *ret_significant);

static const char *test_proportions(const struct sample *a, const struct sample *b, bool *ret_significant)
{
	int128 trials = a->trials + b->trials, hits = a->hits + b->hits;
	int128 smaller = a->trials < b->trials ? a->trials : b->trials;
	int128 rarer = hits < trials - hits ? hits : trials - hits;
	double n1 = (double)a->trials, n2 = (double)b->trials, p, error;

	/* What platforms report may be no proportion. */
	if (a->hits < 0 || a->hits > a->trials || b->hits < 0 || b->hits > b->trials)
		return no_test;
	if (smaller == 0 || smaller * rarer < EXPECTED_MIN * trials)
		return too_few_data;
	p = (double)hits / (double)trials;
	error = sqrt(p * (1 - p) * (1 / n1 + 1 / n2));
	*ret_significant = fabs((double)a->hits / n1 - (double)b->hits / n2) > z * error;
	return NULL;
}

static double nps_variance(const struct sample *s)
{
	double p = (double)s->hits / (double)s->trials, d = (double)s->detractors / (double)s->trials;

	return p + d - (p - d) * (p - d);
}

/* All answers of one kind. Asked in whole numbers: a variance that went through doubles need not be 0 then. */
static bool all_alike(const struct sample *s)
{
	return s->hits == s->trials || s->detractors == s->trials || s->hits + s->detractors == 0;
}

static const char *test_nps(const struct sample *a, const struct sample *b, bool *ret_significant)
{
	double n1 = (double)a->trials, n2 = (double)b->trials, difference, error;

	if (a->trials < ANSWERS_MIN || b->trials < ANSWERS_MIN || all_alike(a) || all_alike(b))
		return too_few_data;
	difference = (double)(a->hits - a->detractors) / n1 - (double)(b->hits - b->detractors) / n2;
	error = sqrt(nps_variance(a) / n1 + nps_variance(b) / n2);
	*ret_significant = fabs(difference) > z * error;
	return NULL;
}

static const char *test_nothing(const struct sample *a, const struct sample *b, bool *ret_significant)
{
	(void)a;
	(void)b;
	(void)ret_significant;
	return no_test;
}

static test_fn *const tests[] = {
	[SAMPLE_NONE] = test_nothing,
	[SAMPLE_PROPORTION] = test_proportions,
	[SAMPLE_NPS] = test_nps,
};

static struct figure magnitude(struct figure f)
{
	f.value.num = f.value.num < 0 ? -f.value.num : f.value.num;
	return f;
}

struct comparison compare(struct figure now, struct sample now_sample, struct figure before,
			  struct sample before_sample)
{
	struct comparison c = {.change = figure_sub(now, before)};

	c.change_ratio = figure_div(c.change, magnitude(before));
	c.reason = tests[now_sample.kind](&now_sample, &before_sample, &c.significant);
	c.tested = !c.reason;
	return c;
}
