/*
 * /v1/referrals: a customer brought another one. Who came may be new; who referred must be known.
 */
#include <string.h>

#include "customer.h"
#include "handlers.h"
#include "list.h"
#include "resource.h"

static void refer(struct fact *f)
{
	struct reference r;
	const char *referrer = json_string_value(json_object_get(f->input, "referrer"));
	fact_refer_own(f, NULL);
	customer_refer(f);
	if (reference_customer(&r, referrer, call_arena(f->facts->call)) != NULL)
		f->about = fact_refer(f, r);
}

static enum problem complete(struct fact *f)
{
	static const char *const fields[] = {"id",      "external_id", "referrer_id", "customer_id",
					     "channel", "referred_at", "created_at",  NULL};
	const struct reference *referrer = f->about;
	if (referrer == NULL || !referrer->found)
		return fact_problem(f, PROBLEM_unknown_reference, "/referrer", "unknown",
				    "there is no such customer");
	enum problem problem = customer_resolve(f);
	if (problem != PROBLEM_NONE)
		return problem;
	if (strcmp(referrer->id, f->customer_id) == 0)
		return fact_problem(f, PROBLEM_validation_failed, "/referrer", "not",
				    "must be another customer: nobody refers themselves");
	json_t *doc = fact_document(f, fields);
	json_object_set_new(doc, "referrer_id", json_string(referrer->id));
	json_object_set_new(doc, "customer_id", json_string(f->customer_id));
	fact_write(f, Q_REFERRAL_INSERT, doc);
	return PROBLEM_NONE;
}

static const struct fact_kind referrals = {
	.resource = "referrals",
	.location = "/v1/referrals/",
	.instant = "referred_at",
	.get = Q_REFERRAL_GET,
	.get_args = 2,
	.parent = REF_TABLES,
	.refer = refer,
	.complete = complete,
};

void referral_create(struct api *api, struct call *call)
{
	fact_create(api, call, &referrals);
}

void referral_batch(struct api *api, struct call *call)
{
	fact_batch(api, call, &referrals);
}

void referral_get(struct api *api, struct call *call)
{
	resource_get_by(api, call, Q_REFERRAL_GET, "ref");
}

void referral_list(struct api *api, struct call *call)
{
	static const struct list_kind list = {
		.query = Q_REFERRAL_LIST,
		.order = LIST_BY_INSTANT,
		.parent = REF_TABLES,
		.filters = {{"referrer", FILTER_CUSTOMER},
			    {"customer", FILTER_CUSTOMER},
			    {"referred_from", FILTER_INSTANT},
			    {"referred_to", FILTER_INSTANT}},
	};
	list_get(api, call, &list);
}
