/*
 * Exact rationals and the only place that rounds: half to even.
 */
#ifndef CICLO_BASE_DECIMAL_H
#define CICLO_BASE_DECIMAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ciclo/base/attr.h"

__extension__ typedef __int128 int128;

/* num / den with den > 0, kept in lowest terms by the functions below. */
struct ratio {
	int128 num;
	int128 den;
};

struct ratio ratio_make(int128 num, int128 den);
/* false on overflow of 127 bits; *ret untouched. */
bool ratio_add(struct ratio a, struct ratio b, struct ratio *ret) NODISCARD;
bool ratio_sub(struct ratio a, struct ratio b, struct ratio *ret) NODISCARD;
bool ratio_mul(struct ratio a, struct ratio b, struct ratio *ret) NODISCARD;
/* b must not be zero. */
bool ratio_div(struct ratio a, struct ratio b, struct ratio *ret) NODISCARD;

enum { DECIMAL_TEXT = 64 };

/* r rounded half-even at `places` (0..9) decimals, trailing zeros cut: "60", "-35.8974". false if it
 * does not fit. */
bool decimal_format(struct ratio r, unsigned places, char out[DECIMAL_TEXT]) NODISCARD;
/* "12", "0.85", "-1.5", "1e-3"; at most 18 significant digits and 12 decimals. */
bool decimal_parse(const char *text, struct ratio *ret) NODISCARD;
/* round_half_even(r) as int64; false if it does not fit. */
bool ratio_round(struct ratio r, int64_t *ret) NODISCARD;

#endif
