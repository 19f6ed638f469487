/*
 * The list of measures as tables.
 */
#include "ciclo/kpi/measure.h"

#include <string.h>

static const struct {
	const char *name;
	enum family family;
} measures[MEASURE_COUNT] = {
#define X(in, column) [MEASURE_##column] = {.name = #column, .family = FAMILY_##in},
#include "ciclo/kpi/measure.def"
#undef X
};

enum measure measure_find(const char *name)
{
	for (int m = MEASURE_NONE + 1; m < MEASURE_COUNT; m++) {
		if (strcmp(measures[m].name, name) == 0)
			return (enum measure)m;
	}
	return MEASURE_NONE;
}

const char *measure_name(enum measure m)
{
	return measures[m].name;
}

enum family measure_family(enum measure m)
{
	return measures[m].family;
}

bool measure_parse(const char *text, int128 *ret)
{
	enum { DIGITS_MAX = 38 }; /* 10^38 < 2^127 */
	bool negative = *text == '-';
	int128 value = 0;
	int digits = 0;

	text += negative;
	for (; *text >= '0' && *text <= '9'; text++) {
		if (++digits > DIGITS_MAX)
			return false;
		value = value * 10 + (*text - '0');
	}
	if (*text || digits == 0)
		return false;
	*ret = negative ? -value : value;
	return true;
}
