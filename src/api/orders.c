/*
 * /v1/orders: create, batch, read, list. Status and cancellation are order_change.c, refunds refunds.c.
 */
#include <string.h>

#include "amounts.h"
#include "customer.h"
#include "handlers.h"
#include "list.h"
#include "resource.h"

static void refer(struct fact *f)
{
	fact_refer_own(f, NULL);
	customer_refer(f);
}

/* The amounts in the base currency of the shop. */
static enum problem convert(struct fact *f, const struct exchange *e, const struct amounts *a,
			    struct amounts *ret)
{
	if (exchange_apply(e, a->total, &ret->total) && exchange_apply(e, a->net, &ret->net) &&
	    exchange_apply(e, a->cost, &ret->cost) &&
	    exchange_apply(e, a->net_with_cost, &ret->net_with_cost))
		return PROBLEM_NONE;
	return fact_problem(f, PROBLEM_validation_failed, "/exchange_rate", "amount",
			    "takes the amounts out of range in %s", e->base_currency);
}

/* NULL: as the input has it. */
static void build_document(struct fact *f, const struct exchange *e, const struct amounts *a,
			   const struct amounts *base)
{
	json_t *at = fact_instant(f), *now = instant_value(f->facts->now_us);
	const char *status = json_string_value(json_object_get(f->input, "status"));
	const struct member members[] = {
		{"id", json_string_nocheck(f->id)},
		{"external_id", NULL},
		{"customer_id", json_string_nocheck(f->customer_id)},
		{"ordered_at", at},
		{"status", NULL},
		{"currency", NULL},
		{"exchange_rate", exchange_document(f->input)},
		{"items", items_document(json_object_get(f->input, "items"))},
		{"discount", NULL},
		{"shipping", NULL},
		{"tax", NULL},
		{"tax_included", NULL},
		{"total", json_integer(a->total)},
		{"net", json_integer(a->net)},
		{"base_currency", json_string_nocheck(e->base_currency)},
		{"base_total", json_integer(base->total)},
		{"base_net", json_integer(base->net)},
		{"storefront", NULL},
		{"channel", NULL},
		{"campaign", NULL},
		{"cart", NULL},
		{"test", NULL},
		{"refunded", json_integer(0)},
		{"paid_at", strcmp(status, "pending") != 0 ? json_incref(at) : json_null()},
		{"cancelled_at", json_null()},
		{"version", json_integer(1)},
		{"created_at", now},
		{"updated_at", json_incref(now)},
		{NULL, NULL},
	};
	f->document = document_new(members, f->input);
}

/* The row of orders: the document, and what only KPIs read. */
static void write_order(struct fact *f, const struct amounts *base)
{
	json_t *doc = f->document;
	json_object_set_new(doc, "base_cost", json_integer(base->cost));
	json_object_set_new(doc, "base_net_with_cost", json_integer(base->net_with_cost));
	fact_write(f, Q_ORDER_INSERT, doc);
	json_object_del(doc, "base_cost");
	json_object_del(doc, "base_net_with_cost");
}

static enum problem complete(struct fact *f)
{
	struct exchange e;
	struct amounts a, base;
	struct violations v = {0};
	enum problem problem = exchange_read(&f->facts->shop, f->input, &e, &v);
	if (problem == PROBLEM_NONE)
		problem = amounts_read(f->input, &a, &v);
	if (problem != PROBLEM_NONE)
		return fact_refuse(f, problem, &v);
	problem = customer_resolve(f);
	if (problem == PROBLEM_NONE)
		problem = convert(f, &e, &a, &base);
	if (problem != PROBLEM_NONE)
		return problem;
	build_document(f, &e, &a, &base);
	write_order(f, &base);
	return PROBLEM_NONE;
}

static bool is_later_only(const struct fact *f)
{
	return json_is_null(json_object_get(f->document, "cart"));
}

static const struct fact_kind orders = {
	.resource = "orders",
	.location = "/v1/orders/",
	.instant = "ordered_at",
	.later_only = is_later_only,
	.get = Q_ORDER_GET,
	.get_args = 2,
	.parent = REF_TABLES,
	.refer = refer,
	.complete = complete,
};

void order_create(struct api *api, struct call *call)
{
	fact_create(api, call, &orders);
}

void order_batch(struct api *api, struct call *call)
{
	fact_batch(api, call, &orders);
}

void order_get(struct api *api, struct call *call)
{
	resource_get_by(api, call, Q_ORDER_GET, "ref");
}

void order_list(struct api *api, struct call *call)
{
	static const struct list_kind list = {
		.query = Q_ORDER_LIST,
		.order = LIST_BY_INSTANT,
		.parent = REF_TABLES,
		.filters = {{"customer", FILTER_CUSTOMER},
			    {"status", FILTER_TEXT},
			    {"ordered_from", FILTER_INSTANT},
			    {"ordered_to", FILTER_INSTANT}},
	};
	list_get(api, call, &list);
}
