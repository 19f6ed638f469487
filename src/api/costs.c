/*
 * /v1/costs: what one customer, or one of its orders, cost beside the goods. Kept in its own currency and in the base
 * currency of that time.
 */
#include <string.h>

#include "ciclo/contract/json.h"
#include "customer.h"
#include "handlers.h"
#include "list.h"
#include "resource.h"

static void refer(struct fact *f)
{
	fact_refer_own(f, NULL);
	customer_refer(f);
	fact_refer_order(f);
}

/* Is this customer the person who ordered? That person may be known by several rows. */
static bool ordered_by(const struct reference *order, const char *customer_id)
{
	char why[128];
	bool same = false;
	json_t *detail = json_read(order->detail, strlen(order->detail), why, sizeof why);
	const json_t *customers = json_object_get(detail, "customers");
	for (size_t i = 0; i < json_array_size(customers); i++)
		same |= strcmp(json_string_value(json_array_get(customers, i)), customer_id) == 0;
	json_decref(detail);
	return same;
}

/* The cost of an order is that of who ordered; a customer beside it only says so once more. */
static enum problem resolve_customer(struct fact *f)
{
	bool given = json_object_get(f->input, "customer") != NULL;
	enum problem problem = fact_check_order(f);
	if (problem == PROBLEM_NONE && given)
		problem = customer_resolve(f);
	if (problem != PROBLEM_NONE || f->order == NULL)
		return problem;
	if (given && !ordered_by(f->order, f->customer_id))
		return fact_problem(f, PROBLEM_validation_failed, "/customer", "not",
				    "is not the customer who placed the order");
	snprintf(f->customer_id, sizeof f->customer_id, "%s", f->order->customer_id);
	return PROBLEM_NONE;
}

static enum problem complete(struct fact *f)
{
	static const char *const fields[] = {
		"id",       "external_id",   "customer_id",   "order_id",    "kind",        "amount",
		"currency", "exchange_rate", "base_currency", "base_amount", "incurred_at", "created_at",
		NULL};
	struct exchange e;
	struct violations v = {0};
	int64_t base;
	enum problem problem = exchange_read(&f->facts->shop, f->input, &e, &v);
	if (problem == PROBLEM_NONE && !exchange_apply(&e, document_int(f->input, "amount", 0), &base)) {
		violation_add(&v, IN_BODY, "/exchange_rate", "amount", "takes the amount out of range in %s",
			      e.base_currency);
		problem = PROBLEM_validation_failed;
	}
	if (problem != PROBLEM_NONE)
		return fact_refuse(f, problem, &v);
	problem = resolve_customer(f);
	if (problem != PROBLEM_NONE)
		return problem;
	json_t *doc = fact_document(f, fields);
	json_object_set_new(doc, "customer_id", json_string(f->customer_id));
	document_text(doc, "order_id", f->order != NULL ? f->order->id : NULL);
	json_object_set_new(doc, "exchange_rate", exchange_document(f->input));
	json_object_set_new(doc, "base_currency", json_string(e.base_currency));
	json_object_set_new(doc, "base_amount", json_integer(base));
	fact_write(f, Q_COST_INSERT, doc);
	return PROBLEM_NONE;
}

static const struct fact_kind costs = {
	.resource = "costs",
	.location = "/v1/costs/",
	.instant = "incurred_at",
	.get = Q_COST_GET,
	.get_args = 2,
	.parent = REF_TABLES,
	.refer = refer,
	.complete = complete,
};

void cost_create(struct api *api, struct call *call)
{
	fact_create(api, call, &costs);
}

void cost_batch(struct api *api, struct call *call)
{
	fact_batch(api, call, &costs);
}

void cost_get(struct api *api, struct call *call)
{
	resource_get_by(api, call, Q_COST_GET, "ref");
}

void cost_list(struct api *api, struct call *call)
{
	static const struct list_kind list = {
		.query = Q_COST_LIST,
		.order = LIST_BY_INSTANT,
		.parent = REF_TABLES,
		.filters = {{"customer", FILTER_CUSTOMER},
			    {"incurred_from", FILTER_INSTANT},
			    {"incurred_to", FILTER_INSTANT}},
	};
	list_get(api, call, &list);
}
