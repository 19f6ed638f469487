/*
 * A number, or null: what a KPI is made of. Arithmetic with an unknown figure is unknown, and so is a division by
 * zero and what does not fit into 127 bits; whoever divides says why afterwards.
 */
#ifndef CICLO_KPI_FIGURE_H
#define CICLO_KPI_FIGURE_H

#include <stdbool.h>

#include "ciclo/base/decimal.h"

struct figure {
	bool known;
	struct ratio value;
};

struct figure figure_of(int128 whole);
struct figure figure_exact(struct ratio value);
/* num / den; unknown when den is 0. */
struct figure figure_share(int128 num, int128 den);
struct figure figure_add(struct figure a, struct figure b);
struct figure figure_sub(struct figure a, struct figure b);
struct figure figure_mul(struct figure a, struct figure b);
struct figure figure_div(struct figure a, struct figure b);
/* x rounded at `places` (0 to 9) decimals; for what square roots gave. Unknown when x is not finite or huge. */
struct figure figure_from_double(double x, unsigned places);

#endif
