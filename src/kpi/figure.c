/*
 * Arithmetic that carries null along.
 */
#include "ciclo/kpi/figure.h"

#include <math.h>
#include <stdint.h>

typedef bool ratio_fn(struct ratio a, struct ratio b, struct ratio *ret);

static const struct figure unknown = {.known = false, .value = {.num = 0, .den = 1}};

struct figure figure_of(int128 whole)
{
	return (struct figure){.known = true, .value = {.num = whole, .den = 1}};
}

struct figure figure_exact(struct ratio value)
{
	return (struct figure){.known = true, .value = value};
}

struct figure figure_share(int128 num, int128 den)
{
	return den == 0 ? unknown : figure_exact(ratio_make(num, den));
}

static struct figure apply(ratio_fn *operation, struct figure a, struct figure b)
{
	struct figure result = {.known = true};

	if (!a.known || !b.known || !operation(a.value, b.value, &result.value))
		return unknown;
	return result;
}

struct figure figure_add(struct figure a, struct figure b)
{
	return apply(ratio_add, a, b);
}

struct figure figure_sub(struct figure a, struct figure b)
{
	return apply(ratio_sub, a, b);
}

struct figure figure_mul(struct figure a, struct figure b)
{
	return apply(ratio_mul, a, b);
}

struct figure figure_div(struct figure a, struct figure b)
{
	return b.known && b.value.num == 0 ? unknown : apply(ratio_div, a, b);
}

struct figure figure_from_double(double x, unsigned places)
{
	const double limit = 1e9; /* times 10^9 still fits an int64 */
	int64_t scale = 1;

	if (!isfinite(x) || fabs(x) > limit)
		return unknown;
	for (unsigned i = 0; i < places; i++)
		scale *= 10;
	return figure_exact(ratio_make((int128)llrint(x * (double)scale), scale));
}
