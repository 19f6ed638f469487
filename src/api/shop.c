#include "shop.h"

#include <stdlib.h>
#include <string.h>

#include "ciclo/base/money.h"

bool shop_read(struct shop *ret, const struct db_answer *answer, size_t read)
{
	const char *currency = db_rows(answer, read) == 1 ? db_cell(answer, read, 0, 1) : NULL;
	if (currency == NULL || strlen(currency) != 3)
		return false;
	memcpy(ret->base_currency, currency, sizeof ret->base_currency);
	return true;
}

/* A rate comes as a JSON number or as decimal text; both are read as the decimal that was typed. */
static bool rate_read(const json_t *value, struct ratio *ret)
{
	char text[DECIMAL_TEXT];
	if (json_is_string(value))
		return decimal_parse(json_string_value(value), ret) && ret->num > 0;
	snprintf(text, sizeof text, "%.15g", json_number_value(value));
	return decimal_parse(text, ret) && ret->num > 0;
}

enum problem exchange_read(const struct shop *shop, const json_t *input, struct exchange *ret,
			   struct violations *v)
{
	const char *currency = json_string_value(json_object_get(input, "currency"));
	const json_t *rate = json_object_get(input, "exchange_rate");

	memcpy(ret->currency, currency, sizeof ret->currency);
	memcpy(ret->base_currency, shop->base_currency, sizeof ret->base_currency);
	ret->same = strcmp(currency, shop->base_currency) == 0;
	ret->rate = ratio_make(1, 1);
	if (rate == NULL || json_is_null(rate)) {
		if (ret->same)
			return PROBLEM_NONE;
		violation_add(v, IN_BODY, "/exchange_rate", "required",
			      "amounts in %s need a rate to the shop's base currency, %s", currency,
			      shop->base_currency);
		return PROBLEM_exchange_rate_required;
	}
	if (!rate_read(rate, &ret->rate)) {
		violation_add(v, IN_BODY, "/exchange_rate", "decimal",
			      "must be positive, with at most 18 significant digits and 12 decimals");
		return PROBLEM_validation_failed;
	}
	if (ret->same && ret->rate.num != ret->rate.den) {
		violation_add(v, IN_BODY, "/exchange_rate", "const",
			      "must be 1 or absent: %s is the shop's base currency", currency);
		return PROBLEM_validation_failed;
	}
	return PROBLEM_NONE;
}

bool exchange_apply(const struct exchange *e, int64_t amount, int64_t *ret)
{
	if (e->same) {
		*ret = amount;
		return true;
	}
	return money_convert(amount, e->currency, e->base_currency, e->rate, ret);
}

json_t *exchange_document(const json_t *input)
{
	json_t *rate = json_object_get(input, "exchange_rate");
	if (!json_is_string(rate))
		return rate != NULL ? json_incref(rate) : json_null();
	return json_real(strtod(json_string_value(rate), NULL));
}
