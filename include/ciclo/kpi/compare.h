/*
 * A value beside that of an earlier window: by how much it changed, and whether that is more than chance.
 */
#ifndef CICLO_KPI_COMPARE_H
#define CICLO_KPI_COMPARE_H

#include <stdbool.h>

#include "ciclo/kpi/figure.h"

enum sample_kind {
	SAMPLE_NONE, /* there is no test for values of this kind */
	SAMPLE_PROPORTION,
	SAMPLE_NPS
};

/* What a value was counted from, as far as a test needs it. */
struct sample {
	enum sample_kind kind;
	int128 trials;     /* answers */
	int128 hits;       /* promoters */
	int128 detractors; /* SAMPLE_NPS */
};

struct comparison {
	struct figure change;       /* now - before; unknown when either is */
	struct figure change_ratio; /* change / |before|; unknown when that is 0 */
	bool tested;
	bool significant;   /* two-sided, 5 %; when tested */
	const char *reason; /* why not tested, else NULL */
};

struct comparison compare(struct figure now, struct sample now_sample, struct figure before,
			  struct sample before_sample);

#endif
