/*
 * /v1/orders/{ref}/refunds: money given back, with its own date. The sum is guarded in the database, in the
 * transaction of the refund, so refunds that come in at once cannot pass what was paid together.
 */
#include <string.h>

#include "ciclo/contract/json.h"
#include "handlers.h"
#include "fact.h"
#include "list.h"

static void refer(struct fact *f)
{
	fact_refer_own(f, NULL);
}

static enum problem complete(struct fact *f)
{
	static const char *const fields[] = {"id",       "external_id", "order_id", "customer_id", "amount",
					     "currency", "refunded_at", "reason",   "created_at",  NULL};
	char why[128];
	json_t *order = json_read(f->parent->detail, strlen(f->parent->detail), why, sizeof why);
	const char *status = json_string_value(json_object_get(order, "status"));
	bool repeated = f->own != NULL && f->own->found;
	enum problem problem = PROBLEM_NONE;

	snprintf(f->customer_id, sizeof f->customer_id, "%s", f->parent->customer_id);
	if (status == NULL) {
		problem = PROBLEM_internal_error;
	} else if (!repeated && strcmp(status, "pending") == 0) {
		problem = fact_problem(f, PROBLEM_invalid_state, "/amount", "state", "nothing was paid yet");
	} else {
		json_t *doc = fact_document(f, fields);
		json_object_set_new(doc, "order_id", json_string(f->parent->id));
		json_object_set_new(doc, "customer_id", json_string(f->customer_id));
		json_object_set(doc, "currency", json_object_get(order, "currency"));
		fact_write(f, Q_REFUND_APPLY, doc);
		fact_write(f, Q_REFUND_INSERT, doc);
	}
	json_decref(order);
	return problem;
}

static const struct fact_kind refunds = {
	.resource = "refunds",
	.instant = "refunded_at",
	.get = Q_REFUND_GET,
	.get_args = 1,
	.parent = REF_ORDER,
	.refer = refer,
	.complete = complete,
};

void refund_create(struct api *api, struct call *call)
{
	fact_create(api, call, &refunds);
}

void refund_list(struct api *api, struct call *call)
{
	static const struct list_kind list = {
		.query = Q_REFUND_LIST, .order = LIST_BY_INSTANT, .parent = REF_ORDER};
	list_get(api, call, &list);
}
