/*
 * /v1/spend: sales and marketing cost that is not in a campaign's day.
 */
#include "fact.h"
#include "handlers.h"
#include "list.h"
#include "resource.h"

static void refer(struct fact *f)
{
	fact_refer_own(f, NULL);
}

static enum problem complete(struct fact *f)
{
	static const char *const fields[] = {"id",       "external_id",   "date",          "amount",
					     "currency", "exchange_rate", "base_currency", "base_amount",
					     "category", "paid_media",    "campaign",      "created_at",
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
	json_t *doc = fact_document(f, fields);
	json_object_set_new(doc, "exchange_rate", exchange_document(f->input));
	json_object_set_new(doc, "base_currency", json_string(e.base_currency));
	json_object_set_new(doc, "base_amount", json_integer(base));
	fact_write(f, Q_SPEND_INSERT, doc);
	return PROBLEM_NONE;
}

static const struct fact_kind spend = {
	.resource = "spend",
	.location = "/v1/spend/",
	.get = Q_SPEND_GET,
	.get_args = 2,
	.parent = REF_TABLES,
	.refer = refer,
	.complete = complete,
};

void spend_create(struct api *api, struct call *call)
{
	fact_create(api, call, &spend);
}

void spend_batch(struct api *api, struct call *call)
{
	fact_batch(api, call, &spend);
}

void spend_get(struct api *api, struct call *call)
{
	resource_get_by(api, call, Q_SPEND_GET, "ref");
}

void spend_list(struct api *api, struct call *call)
{
	static const struct list_kind list = {
		.query = Q_SPEND_LIST,
		.order = LIST_BY_DAY,
		.parent = REF_TABLES,
		.filters = {{"from", FILTER_TEXT}, {"to", FILTER_TEXT}},
	};
	list_get(api, call, &list);
}
