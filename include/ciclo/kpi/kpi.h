/*
 * The catalogue of KPIs and how one is computed from the measures of one bucket.
 *
 * A KPI is a row: which measures make numerator and denominator, the unit, the stage, the words. To add one, add a row
 * to src/kpi/catalogue_<stage>.c and, if nothing counts it yet, a measure (measure.def and a column of sql/queries/kpi_*.sql).
 * Everything is exact until decimal_format() rounds at the places of the unit.
 */
#ifndef CICLO_KPI_KPI_H
#define CICLO_KPI_KPI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ciclo/base/attr.h"
#include "ciclo/kpi/compare.h"
#include "ciclo/kpi/confidence.h"
#include "ciclo/kpi/dimension.h"
#include "ciclo/kpi/figure.h"
#include "ciclo/kpi/measure.h"
#include "ciclo/kpi/window.h"

enum stage {
	STAGE_AWARENESS,
	STAGE_CONSIDERATION,
	STAGE_CONVERSION,
	STAGE_RETENTION,
	STAGE_LOYALTY,
	STAGE_ADVOCACY,
	STAGE_VALUE,
	STAGE_COUNT
};

enum unit {
	UNIT_COUNT,
	UNIT_MONEY,
	UNIT_RATIO,
	UNIT_SCORE,
	UNIT_DAYS,
	UNIT_SECONDS,
	UNIT_NUMBER,
	UNIT_MONTHS,
	UNIT_LIST, /* the value is a count, and the details are what it is made of */
	UNITS
};

enum {
	/* Decimals of numerators, denominators and other money and counts that stand beside a value. */
	PART_PLACES = 4,
	SHARE_PLACES = 6,
	KPI_CHOICES_MAX = 2,
	KPI_DETAILS_MAX = 8,
	KPI_UNCONVERTED_MAX = 3
};

/* Request parameters that only some KPIs take. */
enum kpi_takes { TAKES_UNTIL = 1, TAKES_LIFETIME = 2, TAKES_SURVEY = 4 };

struct kpi;
struct kpi_input;
struct kpi_result;
typedef void kpi_model_fn(const struct kpi_input *in, struct kpi_result *out);

/* What is divided by what. */
struct kpi_terms {
	const char *formula;
	enum measure num, den;
	int64_t per;       /* so many of num are one of the unit (microseconds of a day); 0 means 1 */
	const char *empty; /* instead of that of the KPI */
	/* Facts that this cannot count because their money is in another currency. */
	enum measure unconverted[KPI_UNCONVERTED_MAX];
};

/* Other terms, on request: ?basis=paid_media. */
struct kpi_choice {
	const char *param, *value;
	struct kpi_terms terms;
};

struct kpi {
	const char *name, *title;
	enum stage stage;
	enum unit unit;
	int version; /* of the definition: grows when the same facts give another number */
	struct kpi_terms terms;
	struct kpi_choice choices[KPI_CHOICES_MAX];
	const char *empty; /* the reason when the denominator is 0 */
	enum measure test; /* test orders that do not count; MEASURE_NONE where orders play no part */
	unsigned families; /* bits (1 << enum family) that the model reads beside the terms */
	unsigned takes;    /* enum kpi_takes */
	kpi_model_fn *model;
};

/* What a model may know besides the measures. */
struct kpi_context {
	struct window window;
	struct ratio declared_margin;  /* settings.default_gross_margin */
	struct figure lifetime_months; /* the shop's own; unknown: 1 / monthly churn */
};

struct kpi_input {
	const struct kpi *kpi;
	const struct kpi_terms *terms;
	const struct measures *facts;
	const struct kpi_context *context;
};

/* A part of the answer that only this KPI has. */
struct kpi_detail {
	const char *name;
	struct figure figure;
	unsigned places;
};

struct kpi_result {
	struct figure value, numerator, denominator;
	const char *reason; /* why value is unknown, else NULL */
	struct confidence confidence;
	struct sample sample;     /* for compare() */
	int128 test, unconverted; /* facts left out */
	struct kpi_detail details[KPI_DETAILS_MAX];
	size_t detail_count;
	bool has_distribution; /* NPS */
	int64_t distribution[NPS_SCORES];
};

size_t kpi_count(void);
/* In the order of stages. i < kpi_count(). */
const struct kpi *kpi_at(size_t i);
/* NULL if there is none. */
const struct kpi *kpi_find(const char *name);

const char *stage_name(enum stage stage);
const char *unit_name(enum unit unit);
/* Decimals that values of this unit are rounded at. */
unsigned unit_places(enum unit unit);

/* The terms that a parameter chooses; NULL when this KPI has no such choice. */
const struct kpi_terms *kpi_choose(const struct kpi *kpi, const char *param, const char *value);
/* Bits of the families that have to be read. */
unsigned kpi_families(const struct kpi *kpi, const struct kpi_terms *terms);
/* Adds the measures that have to be read. */
void kpi_measures(const struct kpi *kpi, const struct kpi_terms *terms, struct measure_set *set);
/* Bits of what it can be grouped by: what all of its families have. */
unsigned kpi_dimensions(const struct kpi *kpi, const struct kpi_terms *terms);
struct kpi_result kpi_compute(const struct kpi_input *in);

#endif
