/*
 * /v1/reviews: what customers say of products or of the shop.
 */
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

static enum problem complete(struct fact *f)
{
	static const char *const fields[] = {"id",          "external_id", "customer_id", "order_id",
					     "sku",         "rating",      "title",       "text",
					     "reviewed_at", "created_at",  NULL};
	enum problem problem = fact_check_order(f);
	if (problem == PROBLEM_NONE)
		problem = customer_resolve(f);
	if (problem != PROBLEM_NONE)
		return problem;
	json_t *doc = fact_document(f, fields);
	json_object_set_new(doc, "customer_id", json_string(f->customer_id));
	document_text(doc, "order_id", f->order != NULL ? f->order->id : NULL);
	fact_write(f, Q_REVIEW_INSERT, doc);
	return PROBLEM_NONE;
}

static const struct fact_kind reviews = {
	.resource = "reviews",
	.location = "/v1/reviews/",
	.instant = "reviewed_at",
	.get = Q_REVIEW_GET,
	.get_args = 2,
	.parent = REF_TABLES,
	.refer = refer,
	.complete = complete,
};

void review_create(struct api *api, struct call *call)
{
	fact_create(api, call, &reviews);
}

void review_batch(struct api *api, struct call *call)
{
	fact_batch(api, call, &reviews);
}

void review_get(struct api *api, struct call *call)
{
	resource_get_by(api, call, Q_REVIEW_GET, "ref");
}

void review_list(struct api *api, struct call *call)
{
	static const struct list_kind list = {
		.query = Q_REVIEW_LIST,
		.order = LIST_BY_INSTANT,
		.parent = REF_TABLES,
		.filters = {{"customer", FILTER_CUSTOMER},
			    {"rating", FILTER_INTEGER},
			    {"reviewed_from", FILTER_INSTANT},
			    {"reviewed_to", FILTER_INSTANT}},
	};
	list_get(api, call, &list);
}
