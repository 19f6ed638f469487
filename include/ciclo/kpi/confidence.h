/*
 * How sure a number is: 95 % intervals.
 *
 * z is 1.959964 (95 %). Bounds go through square roots, so they are doubles inside, and come out rounded: proportions at 6
 * decimals, scores at 4.
 */
#ifndef CICLO_KPI_CONFIDENCE_H
#define CICLO_KPI_CONFIDENCE_H

#include <stdbool.h>
#include <stdint.h>

#include "ciclo/kpi/compare.h"
#include "ciclo/kpi/figure.h"
#include "ciclo/kpi/measure.h"

struct confidence {
	bool known;
	const char *method; /* "wilson" or "normal" */
	struct ratio low, high;
};

/* Wilson's score interval of hits out of trials. Unknown when there are no trials, or when hits are not
 * among them (what platforms report may say so). */
struct confidence confidence_wilson(int128 hits, int128 trials);

enum { NPS_SCORES = 11 }; /* 0 to 10 */

/* Net promoter score: % 9-10 minus % 0-6. Margin of error: 100 z sqrt(Var / n) with Var = p + d - (p - d)^2. */
struct nps {
	int64_t distribution[NPS_SCORES];
	int64_t responses, promoters, passives, detractors;
	struct figure score, margin_of_error; /* unknown without responses */
	struct confidence confidence;         /* score -+ margin, within -100 and 100 */
};

/* From the measures nps_0 to nps_10. */
struct nps nps_of(const struct measures *facts);
/* For compare(). */
struct sample nps_sample(const struct nps *nps);

#endif
