#include "kpi_params.h"

#include <stdio.h>

#include "ciclo/base/buf.h"

/* Parameters that choose other terms of a KPI. */
static const char *const choice_params[] = {"basis", "refunds"};

/* Parameters that only some KPIs take. */
static const struct {
	const char *name;
	enum kpi_takes takes;
} own_params[] = {
	{"until", TAKES_UNTIL},
	{"lifetime_months", TAKES_LIFETIME},
	{"survey", TAKES_SURVEY},
};

const struct kpi *kpi_param(struct call *call)
{
	const struct kpi *kpi = kpi_find(call_param(call, "name"));

	if (!kpi)
		call_problem(call, PROBLEM_not_found, NULL, "no KPI has this name");
	return kpi;
}

bool kpi_lifetime_read(struct report *r)
{
	const json_t *given = json_object_get(call_params(r->call), "lifetime_months");
	struct ratio months;
	char text[DECIMAL_TEXT];

	if (!given)
		return true;
	/* A decimal of up to 15 digits survives the way through a double. */
	snprintf(text, sizeof(text), "%.15g", json_number_value(given));
	if (!decimal_parse(text, &months) || months.num <= 0) {
		refuse_parameter(r->call, "lifetime_months", "decimal",
				 "must be positive and have at most 12 decimals");
		return false;
	}
	r->lifetime_months = figure_exact(months);
	return true;
}

static bool choose_terms(struct report *r)
{
	r->terms = &r->kpi->terms;
	for (size_t i = 0; i < COUNTOF(choice_params); i++) {
		const char *value = call_param(r->call, choice_params[i]);

		if (!value)
			continue;
		r->terms = kpi_choose(r->kpi, choice_params[i], value);
		if (!r->terms) {
			refuse_parameter(r->call, choice_params[i], "enum", "this KPI has no such choice");
			return false;
		}
	}
	return true;
}

static bool takes_what_is_given(struct report *r)
{
	for (size_t i = 0; i < COUNTOF(own_params); i++) {
		if (json_object_get(call_params(r->call), own_params[i].name) &&
		    !(r->kpi->takes & (unsigned)own_params[i].takes)) {
			refuse_parameter(r->call, own_params[i].name, "unknown", "this KPI does not take it");
			return false;
		}
	}
	return true;
}

static bool has_dimension(struct report *r)
{
	unsigned dimensions = kpi_dimensions(r->kpi, r->terms);
	struct buf names;

	if (r->dimension == DIMENSION_NONE || dimensions & 1U << r->dimension)
		return true;
	buf_init(&names, 256);
	for (enum dimension d = DIMENSION_NONE + 1; d < DIMENSION_COUNT; d++) {
		if (dimensions & 1U << d)
			buf_printf(&names, "%s%s", names.len ? ", " : "", dimension_name(d));
	}
	refuse_parameter(r->call, "group_by", "enum", "this KPI can be grouped by: %s",
			 names.len ? names.data : "nothing");
	buf_release(&names);
	return false;
}

bool kpi_params_read(struct report *r)
{
	return choose_terms(r) && takes_what_is_given(r) && has_dimension(r);
}
