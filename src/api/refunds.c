/*
 * /v1/orders/{ref}/refunds: money given back, with its own date. The sum is guarded in the database, in the
 * transaction of the refund, so refunds that come in at once cannot pass what was paid together.
 * /v1/refunds: the same without the order in the path: in a batch each refund names its order.
 */
#include <string.h>

#include "ciclo/contract/json.h"
#include "customer.h"
#include "handlers.h"
#include "fact.h"
#include "list.h"
#include "resource.h"

static void refer(struct fact *f)
{
	fact_refer_own(f, NULL);
	fact_refer_order(f);
}

static enum problem complete(struct fact *f)
{
	static const char *const fields[] = {"id",       "external_id", "order_id", "customer_id", "amount",
					     "currency", "refunded_at", "reason",   "created_at",  NULL};
	char why[128];
	const struct reference *of = f->parent != NULL ? f->parent : f->order;
	enum problem problem = fact_check_order(f);
	if (problem != PROBLEM_NONE)
		return problem;
	json_t *order = json_read(of->detail, strlen(of->detail), why, sizeof why);
	const char *status = json_string_value(json_object_get(order, "status"));
	bool repeated = f->own != NULL && f->own->found;

	customer_behind(f, of, (const char *const[]){"reason", NULL});
	if (status == NULL) {
		problem = PROBLEM_internal_error;
	} else if (!repeated && strcmp(status, "pending") == 0) {
		problem = fact_problem(f, PROBLEM_invalid_state, "/amount", "state", "nothing was paid yet");
	} else {
		json_t *doc = fact_document(f, fields);
		json_object_set_new(doc, "order_id", json_string(of->id));
		json_object_set_new(doc, "customer_id", json_string(f->customer_id));
		json_object_set(doc, "currency", json_object_get(order, "currency"));
		fact_write(f, Q_REFUND_APPLY, doc);
		fact_write(f, Q_REFUND_INSERT, doc);
	}
	json_decref(order);
	return problem;
}

void refund_create(struct api *api, struct call *call)
{
	static const struct fact_kind kind = {
		.resource = "refunds",
		.location = "/v1/refunds/",
		.instant = "refunded_at",
		.get = Q_REFUND_GET,
		.get_args = 2,
		.parent = REF_ORDER,
		.refer = refer,
		.complete = complete,
	};
	fact_create(api, call, &kind);
}

void refund_batch(struct api *api, struct call *call)
{
	static const struct fact_kind kind = {
		.resource = "refunds",
		.instant = "refunded_at",
		.parent = REF_TABLES,
		.refer = refer,
		.complete = complete,
	};
	fact_batch(api, call, &kind);
}

void refund_get(struct api *api, struct call *call)
{
	resource_get_by(api, call, Q_REFUND_GET, "ref");
}

void refund_list(struct api *api, struct call *call)
{
	static const struct list_kind list = {
		.query = Q_REFUND_LIST, .order = LIST_BY_INSTANT, .parent = REF_ORDER};
	list_get(api, call, &list);
}
