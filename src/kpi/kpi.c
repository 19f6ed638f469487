/*
 * Reading the catalogue: names, choices, families, and the frame around every model.
 */
#include "ciclo/kpi/kpi.h"

#include <string.h>

#include "catalogue.h"

/* In the order of stages. */
static const struct kpi_list *const lists[] = {
	&kpis_awareness, &kpis_consideration, &kpis_conversion, &kpis_retention,
	&kpis_loyalty,   &kpis_advocacy,      &kpis_value,
};

static const char *const stage_names[STAGE_COUNT] = {
	[STAGE_AWARENESS] = "awareness",   [STAGE_CONSIDERATION] = "consideration",
	[STAGE_CONVERSION] = "conversion", [STAGE_RETENTION] = "retention",
	[STAGE_LOYALTY] = "loyalty",       [STAGE_ADVOCACY] = "advocacy",
	[STAGE_VALUE] = "value",
};

static const struct {
	const char *name;
	unsigned places;
} units[UNITS] = {
	[UNIT_COUNT] = {.name = "count", .places = 4},   [UNIT_MONEY] = {.name = "money", .places = 4},
	[UNIT_RATIO] = {.name = "ratio", .places = 6},   [UNIT_SCORE] = {.name = "score", .places = 4},
	[UNIT_DAYS] = {.name = "days", .places = 4},     [UNIT_NUMBER] = {.name = "number", .places = 6},
	[UNIT_MONTHS] = {.name = "months", .places = 4}, [UNIT_SECONDS] = {.name = "seconds", .places = 4},
	[UNIT_LIST] = {.name = "list", .places = 4},
};

const char *stage_name(enum stage stage)
{
	return stage_names[stage];
}

const char *unit_name(enum unit unit)
{
	return units[unit].name;
}

unsigned unit_places(enum unit unit)
{
	return units[unit].places;
}

size_t kpi_count(void)
{
	size_t count = 0;

	for (size_t i = 0; i < COUNTOF(lists); i++)
		count += lists[i]->count;
	return count;
}

const struct kpi *kpi_at(size_t i)
{
	size_t list = 0;

	for (; i >= lists[list]->count; list++)
		i -= lists[list]->count;
	return &lists[list]->rows[i];
}

const struct kpi *kpi_find(const char *name)
{
	for (size_t i = 0; i < kpi_count(); i++) {
		if (strcmp(kpi_at(i)->name, name) == 0)
			return kpi_at(i);
	}
	return NULL;
}

const struct kpi_terms *kpi_choose(const struct kpi *kpi, const char *param, const char *value)
{
	for (size_t i = 0; i < KPI_CHOICES_MAX && kpi->choices[i].param; i++) {
		if (strcmp(kpi->choices[i].param, param) == 0 && strcmp(kpi->choices[i].value, value) == 0)
			return &kpi->choices[i].terms;
	}
	return NULL;
}

static unsigned family_bit(enum measure m)
{
	return m == MEASURE_NONE ? 0 : 1U << measure_family(m);
}

unsigned kpi_families(const struct kpi *kpi, const struct kpi_terms *terms)
{
	unsigned bits =
		kpi->families | family_bit(kpi->test) | family_bit(terms->num) | family_bit(terms->den);

	for (size_t i = 0; i < KPI_UNCONVERTED_MAX; i++)
		bits |= family_bit(terms->unconverted[i]);
	return bits;
}

static void add_measure(struct measure_set *set, enum measure m)
{
	set->has[m] |= m != MEASURE_NONE;
}

void kpi_measures(const struct kpi *kpi, const struct kpi_terms *terms, struct measure_set *set)
{
	add_measure(set, kpi->test);
	add_measure(set, terms->num);
	add_measure(set, terms->den);
	for (size_t i = 0; i < KPI_UNCONVERTED_MAX; i++)
		add_measure(set, terms->unconverted[i]);
	for (enum measure m = MEASURE_NONE + 1; m < MEASURE_COUNT; m++)
		set->has[m] |= (kpi->families & family_bit(m)) != 0;
}

unsigned kpi_dimensions(const struct kpi *kpi, const struct kpi_terms *terms)
{
	unsigned families = kpi_families(kpi, terms), dimensions = ~0U;

	for (unsigned f = 0; f < FAMILY_COUNT; f++) {
		if (families & 1U << f)
			dimensions &= family_dimensions((enum family)f);
	}
	return dimensions;
}

struct kpi_result kpi_compute(const struct kpi_input *in)
{
	struct kpi_result result = {.test = in->facts->of[in->kpi->test]};

	for (size_t i = 0; i < KPI_UNCONVERTED_MAX; i++)
		result.unconverted += in->facts->of[in->terms->unconverted[i]];
	in->kpi->model(in, &result);
	return result;
}
