/*
 * Decimals, money, instants and days: what is read, written and read again is the same; arithmetic either says that it
 * cannot, or is exact.
 * Input: lines. The first two are numbers, the third an amount, the fourth two currencies; then an instant and a day.
 */
#include "fuzz.h"

#include "ciclo/base/decimal.h"
#include "ciclo/base/money.h"
#include "ciclo/base/time.h"
#include "ciclo/base/uuid7.h"

static bool same(struct ratio a, struct ratio b)
{
	return a.num == b.num && a.den == b.den;
}

static void decimals(struct ratio r)
{
	char text[DECIMAL_TEXT];
	struct ratio again;
	bool is_short = 1000000000 % r.den == 0;

	must(r.den > 0, "a denominator is above 0");
	for (unsigned places = 0; places <= 9; places++)
		must(decimal_format(r, places, text), "every decimal has a text");
	must(!is_short || (decimal_parse(text, &again) && same(again, r)), "its text is the decimal");
}

static void arithmetic(struct ratio a, struct ratio b)
{
	struct ratio result;

	if (ratio_add(a, b, &result))
		must(!ratio_sub(result, b, &result) || same(result, a), "a + b - b = a");
	if (ratio_mul(a, b, &result) && b.num != 0)
		must(!ratio_div(result, b, &result) || same(result, a), "a * b / b = a");
	must(ratio_div(a, b, &result) || b.num == 0, "two decimals can be divided");
}

static void money(int64_t amount, const char *codes, struct ratio rate)
{
	char from[4] = "", to[4] = "";
	int64_t there, back;

	snprintf(from, sizeof from, "%s", codes);
	snprintf(to, sizeof to, "%s", strlen(codes) > 4 ? codes + 4 : "");
	if (money_convert(amount, from, to, rate, &there))
		must(there >= -MONEY_MAX && there <= MONEY_MAX, "money is in its range");
	if (amount >= -MONEY_MAX && amount <= MONEY_MAX && currency_exponent(from) >= 0)
		must(money_convert(amount, from, from, ratio_make(1, 1), &back) && back == amount,
		     "at a rate of 1 nothing changes");
	if (money_add(amount, rate.den < MONEY_MAX ? (int64_t)rate.den : 1, &there))
		must(there >= -MONEY_MAX && there <= MONEY_MAX, "money is in its range");
	if (money_mul(amount, (int64_t)rate.den, &there))
		must(there >= -MONEY_MAX && there <= MONEY_MAX, "money is in its range");
}

static void instants(const char *given)
{
	char text[INSTANT_TEXT];
	int64_t us, again;

	if (!instant_parse(given, strlen(given), &us))
		return;
	instant_format(us, text);
	must(instant_parse(text, strlen(text), &again) && again == us,
	     "the text of an instant is the instant");
}

static void days(const char *given)
{
	char text[DAY_TEXT], midnight[INSTANT_TEXT];
	int year, month, mday;
	int64_t us;
	int32_t day;

	if (!day_parse(given, strlen(given), &day))
		return;
	day_format(day, text);
	must(strcmp(text, given) == 0, "the text of a day is the day");
	day_to_civil(day, &year, &month, &mday);
	must(day_from_civil(year, month, mday) == day, "year, month and day are the day");
	must(day_weekday(day) == day_weekday(day + 7), "weeks have seven days");
	snprintf(midnight, sizeof midnight, "%.10sT00:00:00Z", text);
	must(instant_parse(midnight, strlen(midnight), &us) && us == day * INT64_C(86400000000),
	     "a day begins at its midnight");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	enum { NUMBER, OTHER, AMOUNT, CURRENCIES, INSTANT, DAY, LINES };
	struct input_text in = {(const char *)data, size};
	struct ratio a, b = ratio_make(1, 1);
	char *line[LINES];

	for (size_t i = 0; i < LINES; i++)
		line[i] = next_line(&in);
	if (decimal_parse(line[OTHER], &b))
		decimals(b);
	if (decimal_parse(line[NUMBER], &a)) {
		decimals(a);
		arithmetic(a, b);
		money(strtoll(line[AMOUNT], NULL, 10), line[CURRENCIES], a);
	}
	instants(line[INSTANT]);
	days(line[DAY]);
	must(!uuid_valid(line[INSTANT], strlen(line[INSTANT])) || strlen(line[INSTANT]) == UUID_TEXT - 1,
	     "a UUID has its length");
	for (size_t i = 0; i < LINES; i++)
		free(line[i]);
	return 0;
}
