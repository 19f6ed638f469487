#include "amounts.h"

#include <inttypes.h>

#include "ciclo/base/decimal.h"
#include "ciclo/base/money.h"
#include "document.h"

struct lines {
	int64_t all;       /* amount of all lines */
	int64_t with_cost; /* amount of the lines whose cost is known */
	int64_t cost;
};

static bool add_line(const json_t *item, struct lines *sum)
{
	struct walk walk = walk_of(item);
	int64_t quantity = walk_int(&walk, "quantity", 1);
	int64_t unit_price = walk_int(&walk, "unit_price", 0);
	int64_t unit_cost = walk_int(&walk, "unit_cost", -1);
	int64_t discount = walk_int(&walk, "discount", 0);
	int64_t amount;
	int64_t cost;
	if (!money_mul(quantity, unit_price, &amount) || !money_add(amount, -discount, &amount) ||
	    amount < 0 || !money_add(sum->all, amount, &sum->all))
		return false;
	if (unit_cost < 0)
		return true;
	return money_mul(quantity, unit_cost, &cost) && money_add(sum->cost, cost, &sum->cost) &&
	       money_add(sum->with_cost, amount, &sum->with_cost);
}

static enum problem add_lines(const json_t *items, struct lines *sum, struct violations *v)
{
	for (size_t i = 0; i < json_array_size(items); i++) {
		if (add_line(json_array_get(items, i), sum))
			continue;
		char pointer[32];
		snprintf(pointer, sizeof pointer, "/items/%zu", i);
		violation_add(v, IN_BODY, pointer, "amount",
			      "quantity * unit_price - discount must not be negative, nor pass %" PRId64,
			      MONEY_MAX);
	}
	return v->total > 0 ? PROBLEM_validation_failed : PROBLEM_NONE;
}

/* The total that the parts come to. */
static bool total_of_parts(const json_t *order, const struct lines *lines, int64_t *ret)
{
	bool included = json_is_true(json_object_get(order, "tax_included"));
	int64_t total = lines->all;
	if (!money_add(total, -document_int(order, "discount", 0), &total) || total < 0 ||
	    !money_add(total, document_int(order, "shipping", 0), &total) ||
	    !money_add(total, included ? 0 : document_int(order, "tax", 0), &total))
		return false;
	*ret = total;
	return true;
}

static enum problem read_total(const json_t *order, const struct lines *lines, int64_t *ret,
			       struct violations *v)
{
	int64_t given = document_int(order, "total", -1);
	if (json_array_size(json_object_get(order, "items")) == 0) {
		*ret = given;
		if (given < 0)
			violation_add(v, IN_BODY, "/total", "required",
				      "an order without items needs its total");
	} else if (!total_of_parts(order, lines, ret)) {
		violation_add(v, IN_BODY, "/discount", "amount",
			      "must not exceed the items, and the total must not pass %" PRId64, MONEY_MAX);
	} else if (given >= 0 && given != *ret) {
		violation_add(v, IN_BODY, "/total", "total",
			      "items - discount + shipping + tax (unless included) come to %" PRId64, *ret);
	}
	return v->total > 0 ? PROBLEM_validation_failed : PROBLEM_NONE;
}

/* net * with_cost / all, half-even. */
static int64_t share(int64_t net, const struct lines *lines)
{
	int64_t part = 0;
	if (lines->all > 0 && !ratio_round(ratio_make((int128)net * lines->with_cost, lines->all), &part))
		return 0;
	return part;
}

enum problem amounts_read(const json_t *order, struct amounts *ret, struct violations *v)
{
	struct lines lines = {0};
	struct amounts a = {0};

	enum problem problem = add_lines(json_object_get(order, "items"), &lines, v);
	if (problem == PROBLEM_NONE)
		problem = read_total(order, &lines, &a.total, v);
	if (problem != PROBLEM_NONE)
		return problem;
	a.net = a.total - document_int(order, "shipping", 0) - document_int(order, "tax", 0);
	if (a.net < 0) {
		violation_add(v, IN_BODY, "/total", "amount", "shipping and tax must not exceed the total");
		return PROBLEM_validation_failed;
	}
	a.cost = lines.cost;
	a.net_with_cost = share(a.net, &lines);
	*ret = a;
	return PROBLEM_NONE;
}

json_t *items_document(const json_t *items)
{
	static const char *const members[] = {"sku",       "name",     "quantity", "unit_price",
					      "unit_cost", "discount", NULL};
	json_t *list = json_array();
	for (size_t i = 0; i < json_array_size(items); i++) {
		json_t *item = json_object();
		document_copy(item, json_array_get(items, i), members);
		json_array_append_new(list, item);
	}
	return list;
}
