/*
 * Dimensions, and which family has which.
 */
#include "ciclo/kpi/dimension.h"

#include <string.h>

enum {
	CHANNEL = 1U << DIMENSION_CHANNEL,
	CAMPAIGN = 1U << DIMENSION_CAMPAIGN,
	COUNTRY = 1U << DIMENSION_COUNTRY,
	STOREFRONT = 1U << DIMENSION_STOREFRONT
};

static const char *const names[DIMENSION_COUNT] = {
	[DIMENSION_CHANNEL] = "channel",
	[DIMENSION_CAMPAIGN] = "campaign",
	[DIMENSION_COUNTRY] = "country",
	[DIMENSION_STOREFRONT] = "storefront",
};

/* A family that is not here cannot be grouped. */
static const unsigned dimensions[FAMILY_COUNT] = {
	[FAMILY_ORDERS] = CHANNEL | CAMPAIGN | COUNTRY | STOREFRONT,
	[FAMILY_CUSTOMERS] = CHANNEL | CAMPAIGN | COUNTRY | STOREFRONT,
	[FAMILY_SEQUENCE] = CHANNEL | CAMPAIGN | COUNTRY | STOREFRONT,
	[FAMILY_GAPS] = CHANNEL | CAMPAIGN | COUNTRY | STOREFRONT,
	[FAMILY_MARKETING] = CHANNEL | CAMPAIGN,
	[FAMILY_SURVEYS] = CHANNEL | COUNTRY,
	[FAMILY_VALUE] = CHANNEL | CAMPAIGN | COUNTRY | STOREFRONT,
	[FAMILY_JOURNEY] = CHANNEL | CAMPAIGN | COUNTRY,
	[FAMILY_VISITS] = CHANNEL | CAMPAIGN | COUNTRY,
	[FAMILY_CARTS] = CHANNEL | CAMPAIGN | COUNTRY | STOREFRONT,
	[FAMILY_SOCIAL] = CHANNEL,
	[FAMILY_REVIEWS] = COUNTRY,
	[FAMILY_PROGRAMS] = COUNTRY,
	[FAMILY_PROGRAM_ORDERS] = CHANNEL | CAMPAIGN | COUNTRY | STOREFRONT,
	[FAMILY_MEMBERS] = CHANNEL | CAMPAIGN | COUNTRY | STOREFRONT,
	[FAMILY_COSTS] = CHANNEL | CAMPAIGN | COUNTRY | STOREFRONT,
};

enum dimension dimension_parse(const char *text)
{
	for (int d = DIMENSION_NONE + 1; text && d < DIMENSION_COUNT; d++) {
		if (strcmp(text, names[d]) == 0)
			return (enum dimension)d;
	}
	return DIMENSION_NONE;
}

const char *dimension_name(enum dimension d)
{
	return names[d];
}

unsigned family_dimensions(enum family family)
{
	return dimensions[family];
}
