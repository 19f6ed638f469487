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

/* The row of orders: the document, and what only KPIs read. */
static enum problem write_order(struct fact *f, const struct exchange *e, const struct amounts *a)
{
	const struct {
		const char *name;
		int64_t amount;
		bool shown;
	} base[] = {
		{"base_total", a->total, true},
		{"base_net", a->net, true},
		{"base_cost", a->cost, false},
		{"base_net_with_cost", a->net_with_cost, false},
	};
	json_t *doc = f->document;
	enum problem problem = PROBLEM_NONE;
	for (size_t i = 0; i < COUNTOF(base); i++) {
		int64_t amount;
		if (!exchange_apply(e, base[i].amount, &amount)) {
			problem = fact_problem(f, PROBLEM_validation_failed, "/exchange_rate", "amount",
					       "takes the amounts out of range in %s", e->base_currency);
			break;
		}
		json_object_set_new(doc, base[i].name, json_integer(amount));
	}
	fact_write(f, Q_ORDER_INSERT, doc);
	for (size_t i = 0; i < COUNTOF(base); i++)
		if (!base[i].shown)
			json_object_del(doc, base[i].name);
	return problem;
}

static void build_document(struct fact *f, const struct exchange *e, const struct amounts *a)
{
	static const char *const fields[] = {
		"id",         "external_id",   "customer_id", "ordered_at", "status",
		"currency",   "exchange_rate", "items",       "discount",   "shipping",
		"tax",        "tax_included",  "total",       "net",        "base_currency",
		"base_total", "base_net",      "storefront",  "channel",    "campaign",
		"cart",       "test",          "refunded",    "paid_at",    "cancelled_at",
		"version",    "created_at",    "updated_at",  NULL};
	json_t *doc = fact_document(f, fields);
	json_object_set_new(doc, "customer_id", json_string(f->customer_id));
	json_object_set_new(doc, "items", items_document(json_object_get(f->input, "items")));
	json_object_set_new(doc, "exchange_rate", exchange_document(f->input));
	json_object_set_new(doc, "total", json_integer(a->total));
	json_object_set_new(doc, "net", json_integer(a->net));
	json_object_set_new(doc, "base_currency", json_string(e->base_currency));
	json_object_set_new(doc, "refunded", json_integer(0));
	if (strcmp(json_string_value(json_object_get(doc, "status")), "pending") != 0)
		json_object_set(doc, "paid_at", json_object_get(doc, "ordered_at"));
	json_object_set_new(doc, "cancelled_at", json_null());
	json_object_set_new(doc, "version", json_integer(1));
	document_instant(doc, "updated_at", f->facts->now_us);
}

static enum problem complete(struct fact *f)
{
	struct exchange e;
	struct amounts a;
	struct violations v = {0};
	enum problem problem = exchange_read(&f->facts->shop, f->input, &e, &v);
	if (problem == PROBLEM_NONE)
		problem = amounts_read(f->input, &a, &v);
	if (problem != PROBLEM_NONE)
		return fact_refuse(f, problem, &v);
	problem = customer_resolve(f);
	if (problem != PROBLEM_NONE)
		return problem;
	build_document(f, &e, &a);
	return write_order(f, &e, &a);
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
			    {"ordered_from", FILTER_TEXT},
			    {"ordered_to", FILTER_TEXT}},
	};
	list_get(api, call, &list);
}
