/*
 * Exact rationals over 127 bits and a sign, and the one rounding of the program.
 *
 * Invariants of every ratio that leaves here: den > 0, lowest terms, both parts above -2^127 (so
 * that a sign can always be turned). All arithmetic is checked; nothing wraps.
 */
#include "ciclo/base/decimal.h"

#include <stdlib.h>
#include <string.h>

__extension__ typedef unsigned __int128 uint128;

enum {
	PLACES_MAX = 9,
	DECIMALS_MAX = 12,
	/* With 18 digits and 12 decimals no useful exponent has more. */
	EXPONENT_DIGITS = 2,
	/* Digits before or after the point, zeros in front included. */
	WRITTEN_MAX = 64
};

/* 18 significant digits: below 2^63. */
#define MANTISSA_LIMIT INT64_C(1000000000000000000)

static uint128 magnitude(int128 x)
{
	return x < 0 ? -(uint128)x : (uint128)x;
}

/* 0 only if both are. */
static uint128 gcd(uint128 a, uint128 b)
{
	while (b) {
		uint128 rest = a % b;

		a = b;
		b = rest;
	}
	return a;
}

static bool is_lowest_int128(int128 x)
{
	return magnitude(x) >> 127 != 0;
}

static bool mul(int128 a, int128 b, int128 *ret)
{
	int128 product;

	if (__builtin_mul_overflow(a, b, &product) || is_lowest_int128(product))
		return false;
	*ret = product;
	return true;
}

static bool add(int128 a, int128 b, int128 *ret)
{
	int128 sum;

	if (__builtin_add_overflow(a, b, &sum) || is_lowest_int128(sum))
		return false;
	*ret = sum;
	return true;
}

struct ratio ratio_make(int128 num, int128 den)
{
	int128 divisor;

	/* A programming error: no caller can go on with it. */
	if (den == 0 || is_lowest_int128(num) || is_lowest_int128(den))
		abort();
	divisor = (int128)gcd(magnitude(num), magnitude(den));
	if (den < 0)
		divisor = -divisor;
	return (struct ratio){.num = num / divisor, .den = den / divisor};
}

bool ratio_add(struct ratio a, struct ratio b, struct ratio *ret)
{
	/* Over the least common denominator, so that sums of equal denominators do not grow. */
	int128 common = (int128)gcd((uint128)a.den, (uint128)b.den);
	int128 left, right, num, den;

	if (!mul(a.num, b.den / common, &left) || !mul(b.num, a.den / common, &right) ||
	    !add(left, right, &num) || !mul(a.den / common, b.den, &den))
		return false;
	*ret = ratio_make(num, den);
	return true;
}

bool ratio_sub(struct ratio a, struct ratio b, struct ratio *ret)
{
	return ratio_add(a, (struct ratio){.num = -b.num, .den = b.den}, ret);
}

bool ratio_mul(struct ratio a, struct ratio b, struct ratio *ret)
{
	/* Cut crosswise first: then the product overflows only if the result itself does. */
	struct ratio left = ratio_make(a.num, b.den);
	struct ratio right = ratio_make(b.num, a.den);
	int128 num, den;

	if (!mul(left.num, right.num, &num) || !mul(left.den, right.den, &den))
		return false;
	*ret = (struct ratio){.num = num, .den = den};
	return true;
}

bool ratio_div(struct ratio a, struct ratio b, struct ratio *ret)
{
	if (b.num == 0)
		return false;
	return ratio_mul(a, ratio_make(b.den, b.num), ret);
}

/* |value| = whole + fraction / 10^places. */
struct rounded {
	bool negative;
	uint128 whole;
	uint64_t fraction;
};

/* The next decimal digit of rest / den, which becomes what is left after it. Ten additions and not
 * a multiplication: rest < den < 2^127, so that no denominator is too large. */
static unsigned next_digit(uint128 *rest, uint128 den)
{
	unsigned digit = 0;
	uint128 sum = 0;

	for (int i = 0; i < 10; i++) {
		sum += *rest;
		if (sum >= den) {
			sum -= den;
			digit++;
		}
	}
	*rest = sum;
	return digit;
}

/* Half to even. */
static struct rounded round_at(struct ratio r, unsigned places)
{
	uint128 den = (uint128)r.den, rest = magnitude(r.num) % den;
	struct rounded value = {.negative = r.num < 0, .whole = magnitude(r.num) / den};
	uint64_t unit = 1;
	bool odd;

	for (unsigned i = 0; i < places; i++) {
		value.fraction = value.fraction * 10 + next_digit(&rest, den);
		unit *= 10;
	}
	odd = places ? value.fraction % 2 : value.whole % 2;
	if (rest > den - rest || (rest == den - rest && odd))
		value.fraction++;
	if (value.fraction == unit) {
		value.fraction = 0;
		value.whole++;
	}
	return value;
}

bool ratio_round(struct ratio r, int64_t *ret)
{
	struct rounded value = round_at(r, 0);
	uint128 limit = (uint128)INT64_MAX + value.negative;

	if (value.whole > limit)
		return false;
	*ret = (int64_t)(value.negative ? -(int128)value.whole : (int128)value.whole);
	return true;
}

/* Writes the digits of value so that they end before `end`; returns the first. */
static char *put_digits(char *end, uint128 value, unsigned at_least)
{
	for (unsigned i = 0; value || i < at_least; i++) {
		*--end = (char)('0' + (int)(value % 10));
		value /= 10;
	}
	return end;
}

bool decimal_format(struct ratio r, unsigned places, char out[DECIMAL_TEXT])
{
	struct rounded value;
	/* A sign, 39 digits, a point and 9 digits: always fits. */
	char text[DECIMAL_TEXT], *end = text + sizeof(text), *at = end;

	if (places > PLACES_MAX)
		return false;
	value = round_at(r, places);
	while (places && value.fraction % 10 == 0) {
		value.fraction /= 10;
		places--;
	}
	if (places) {
		at = put_digits(at, value.fraction, places);
		*--at = '.';
	}
	at = put_digits(at, value.whole, 1);
	/* What was rounded to nothing has no sign. */
	if (value.negative && (value.whole || value.fraction))
		*--at = '-';
	memcpy(out, at, (size_t)(end - at));
	out[end - at] = '\0';
	return true;
}

/* The digits at *at, added to *mantissa. false: none, or too many. */
static bool parse_digits(const char **at, int64_t *mantissa, int *ret_count)
{
	int count = 0;

	for (; **at >= '0' && **at <= '9'; (*at)++) {
		if (*mantissa >= MANTISSA_LIMIT / 10 || ++count > WRITTEN_MAX)
			return false;
		*mantissa = *mantissa * 10 + (**at - '0');
	}
	*ret_count = count;
	return count > 0;
}

static bool parse_exponent(const char **at, int *ret)
{
	bool negative = **at == '-';
	int64_t value = 0;
	int count;

	if (**at == '-' || **at == '+')
		(*at)++;
	if (!parse_digits(at, &value, &count) || count > EXPONENT_DIGITS)
		return false;
	*ret = (int)(negative ? -value : value);
	return true;
}

/* mantissa / 10^decimals, within the limits. mantissa >= 0. */
static bool ratio_scaled(int64_t mantissa, int decimals, bool negative, struct ratio *ret)
{
	int64_t den = 1;

	while (decimals > 0 && mantissa % 10 == 0) {
		mantissa /= 10;
		decimals--;
	}
	if (decimals > DECIMALS_MAX)
		return false;
	for (; decimals < 0 && mantissa; decimals++) {
		if (mantissa >= MANTISSA_LIMIT / 10)
			return false;
		mantissa *= 10;
	}
	for (; decimals > 0; decimals--)
		den *= 10;
	*ret = ratio_make(negative ? -mantissa : mantissa, den);
	return true;
}

bool decimal_parse(const char *text, struct ratio *ret)
{
	bool negative = *text == '-';
	int64_t mantissa = 0;
	int whole, decimals = 0, exponent = 0;

	if (*text == '-' || *text == '+')
		text++;
	if (!parse_digits(&text, &mantissa, &whole))
		return false;
	if (*text == '.') {
		text++;
		if (!parse_digits(&text, &mantissa, &decimals))
			return false;
	}
	if (*text == 'e' || *text == 'E') {
		text++;
		if (!parse_exponent(&text, &exponent))
			return false;
	}
	if (*text)
		return false;
	return ratio_scaled(mantissa, decimals - exponent, negative, ret);
}
