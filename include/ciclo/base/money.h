/*
 * Money: int64 minor units beside an ISO 4217 code. Never a float.
 */
#ifndef CICLO_BASE_MONEY_H
#define CICLO_BASE_MONEY_H

#include <stdbool.h>
#include <stdint.h>

#include "ciclo/base/attr.h"
#include "ciclo/base/decimal.h"

/* Amounts on the wire stay within what every JSON client can hold exactly (RFC 8259 §6: 2^53 - 1). */
#define MONEY_MAX INT64_C(9007199254740991)

/* Digits after the decimal point of an ISO 4217 currency (JPY 0, EUR 2, KWD 3); -1 if unknown. */
int currency_exponent(const char code[static 4]);

bool money_add(int64_t a, int64_t b, int64_t *ret) NODISCARD;
bool money_mul(int64_t a, int64_t b, int64_t *ret) NODISCARD;

/*
 * amount (minor units of `from`) times rate, in minor units of `to`, half-even. rate is what one unit
 * of `from` costs in units of `to`. false: unknown currency or out of range.
 */
bool money_convert(int64_t amount, const char *from, const char *to, struct ratio rate,
		   int64_t *ret) NODISCARD;

#endif
