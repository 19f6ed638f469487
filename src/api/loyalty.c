/*
 * /v1/loyalty/members: who belongs to the loyalty programme, from when until when.
 * /v1/loyalty/points: how their points move. Each movement is a fact; the balance is their sum, and may be negative
 * while older ones have yet to arrive.
 */
#include <string.h>

#include "change.h"
#include "customer.h"
#include "handlers.h"
#include "list.h"
#include "resource.h"

/* ---- members -------------------------------------------------------------------------------- */

static void member_refer(struct fact *f)
{
	fact_refer_own(f, NULL);
	customer_refer(f);
}

static enum problem member_complete(struct fact *f)
{
	static const char *const fields[] = {"id",         "external_id", "customer_id", "program",
					     "tier",       "joined_at",   "left_at",     "version",
					     "created_at", "updated_at",  NULL};
	int64_t joined;
	int64_t left;
	enum problem problem = customer_resolve(f);
	if (problem != PROBLEM_NONE)
		return problem;
	json_t *doc = fact_document(f, fields);
	document_instant_or_null(doc, "left_at", f->input);
	if (document_instant_read(doc, "joined_at", &joined) &&
	    document_instant_read(doc, "left_at", &left) && left < joined)
		return fact_problem(f, PROBLEM_validation_failed, "/left_at", "range",
				    "must not be before joined_at");
	json_object_set_new(doc, "customer_id", json_string(f->customer_id));
	json_object_set_new(doc, "version", json_integer(1));
	document_instant(doc, "updated_at", f->facts->now_us);
	fact_write(f, Q_LOYALTY_MEMBER_INSERT, doc);
	return PROBLEM_NONE;
}

static const struct fact_kind members = {
	.resource = "loyalty_members",
	.location = "/v1/loyalty/members/",
	.instant = "joined_at",
	.get = Q_LOYALTY_MEMBER_GET,
	.get_args = 2,
	.parent = REF_TABLES,
	.refer = member_refer,
	.complete = member_complete,
};

void loyalty_member_create(struct api *api, struct call *call)
{
	fact_create(api, call, &members);
}

void loyalty_member_batch(struct api *api, struct call *call)
{
	fact_batch(api, call, &members);
}

void loyalty_member_get(struct api *api, struct call *call)
{
	resource_get_by(api, call, Q_LOYALTY_MEMBER_GET, "ref");
}

void loyalty_member_list(struct api *api, struct call *call)
{
	static const struct list_kind list = {
		.query = Q_LOYALTY_MEMBER_LIST,
		.order = LIST_BY_INSTANT,
		.parent = REF_TABLES,
		.filters = {{"customer", FILTER_CUSTOMER},
			    {"joined_from", FILTER_INSTANT},
			    {"joined_to", FILTER_INSTANT}},
	};
	list_get(api, call, &list);
}

static void read_member(struct change *c)
{
	struct segment_read *read = &c->segment.reads[c->segment.read_count++];
	*read = (struct segment_read){.query = Q_LOYALTY_MEMBER_GET, .arg_count = 2};
	resource_args(c->call, "ref", read->args);
}

static enum problem apply_leave(struct change *c)
{
	enum problem problem = change_end(c, "joined_at", "left_at");
	bool left_before = json_is_string(json_object_get(c->current, "left_at"));
	if (problem != PROBLEM_NONE || left_before)
		return problem;
	c->segment.lock_key = json_string_value(json_object_get(c->document, "customer_id"));
	change_write(c, Q_LOYALTY_MEMBER_UPDATE, c->document);
	return PROBLEM_NONE;
}

void loyalty_member_leave(struct api *api, struct call *call)
{
	static const struct change_kind kind = {.read = read_member, .apply = apply_leave};
	change_run(api, call, &kind);
}

/* ---- points --------------------------------------------------------------------------------- */

static void points_refer(struct fact *f)
{
	fact_refer_own(f, NULL);
	customer_refer(f);
	fact_refer_order(f);
}

/* What the points do to the balance. The kind says which way they go, so only `adjusted` carries a sign. */
static enum problem read_change(struct fact *f, int64_t *ret)
{
	const char *kind = json_string_value(json_object_get(f->input, "kind"));
	int64_t points = document_int(f->input, "points", 0);
	bool adjusts = strcmp(kind, "adjusted") == 0;
	bool takes = strcmp(kind, "redeemed") == 0 || strcmp(kind, "expired") == 0;

	if (points == 0 || (points < 0 && !adjusts))
		return fact_problem(f, PROBLEM_validation_failed, "/points", "range", "%s",
				    adjusts ? "must not be 0"
					    : "must be at least 1; only adjusted ones have a sign");
	*ret = takes ? -points : points;
	return PROBLEM_NONE;
}

static enum problem points_complete(struct fact *f)
{
	static const char *const fields[] = {"id",       "external_id", "customer_id", "kind", "points",
					     "order_id", "at",          "created_at",  NULL};
	int64_t change = 0;
	enum problem problem = read_change(f, &change);
	if (problem == PROBLEM_NONE)
		problem = fact_check_order(f);
	if (problem == PROBLEM_NONE)
		problem = customer_resolve(f);
	if (problem != PROBLEM_NONE)
		return problem;
	json_t *doc = fact_document(f, fields);
	json_object_set_new(doc, "customer_id", json_string(f->customer_id));
	json_object_set_new(doc, "balance_change", json_integer(change));
	document_text(doc, "order_id", f->order != NULL ? f->order->id : NULL);
	fact_write(f, Q_LOYALTY_POINTS_INSERT, doc);
	return PROBLEM_NONE;
}

static const struct fact_kind points = {
	.resource = "loyalty_points",
	.location = "/v1/loyalty/points/",
	.instant = "at",
	.get = Q_LOYALTY_POINTS_GET,
	.get_args = 2,
	.parent = REF_TABLES,
	.refer = points_refer,
	.complete = points_complete,
};

void loyalty_points_create(struct api *api, struct call *call)
{
	fact_create(api, call, &points);
}

void loyalty_points_batch(struct api *api, struct call *call)
{
	fact_batch(api, call, &points);
}

void loyalty_points_get(struct api *api, struct call *call)
{
	resource_get_by(api, call, Q_LOYALTY_POINTS_GET, "ref");
}

void loyalty_points_list(struct api *api, struct call *call)
{
	static const struct list_kind list = {
		.query = Q_LOYALTY_POINTS_LIST,
		.order = LIST_BY_INSTANT,
		.parent = REF_TABLES,
		.filters = {{"customer", FILTER_CUSTOMER},
			    {"at_from", FILTER_INSTANT},
			    {"at_to", FILTER_INSTANT}},
	};
	list_get(api, call, &list);
}
