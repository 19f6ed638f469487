/*
 * /v1/subscriptions, the renewals below them, and cancelling. A renewal is taken whenever it arrives and whatever its
 * date, as long as that is not before the start: the n-th one answers to the n-th due date, and how many there are does
 * not depend on the order in which they and the cancellation came in.
 */
#include <string.h>

#include "change.h"
#include "ciclo/base/time.h"
#include "ciclo/contract/json.h"
#include "customer.h"
#include "handlers.h"
#include "list.h"
#include "resource.h"

/* What the look-up knows of a reference; NULL when memory is out. */
static json_t *read_detail(const struct reference *r)
{
	char why[128];
	return json_read(r->detail, strlen(r->detail), why, sizeof why);
}

/* ---- subscriptions -------------------------------------------------------------------------- */

/* Due dates are the calendar's of the shop's time zone, and only the database knows that one. */
static void refer_first_due(struct fact *f)
{
	int64_t start;
	char text[INSTANT_TEXT];
	if (!document_instant_read(f->input, "started_at", &start))
		start = f->facts->now_us;
	instant_format(start, text);
	f->about = fact_refer(
		f,
		(struct reference){.table = REF_DUE,
				   .kind = json_string_value(json_object_get(f->input, "interval")),
				   .value = arena_strndup(call_arena(f->facts->call), text, strlen(text))});
}

static void refer(struct fact *f)
{
	fact_refer_own(f, NULL);
	customer_refer(f);
	/* Nobody sees the documents of a batch. */
	if (!f->facts->batch)
		refer_first_due(f);
}

static enum problem complete(struct fact *f)
{
	static const char *const fields[] = {
		"id",     "external_id", "customer_id", "plan",    "interval",   "started_at", "cancelled_at",
		"reason", "renewals",    "due_at",      "version", "created_at", "updated_at", NULL};
	enum problem problem = customer_resolve(f);
	if (problem != PROBLEM_NONE)
		return problem;
	json_t *doc = fact_document(f, fields);
	json_object_set_new(doc, "customer_id", json_string(f->customer_id));
	json_object_set_new(doc, "renewals", json_integer(0));
	json_object_set_new(doc, "version", json_integer(1));
	document_instant(doc, "updated_at", f->facts->now_us);
	if (f->about != NULL && f->about->found) {
		json_t *due = read_detail(f->about);
		json_object_set(doc, "due_at", json_object_get(due, "due_at"));
		json_decref(due);
	}
	fact_write(f, Q_SUBSCRIPTION_INSERT, doc);
	return PROBLEM_NONE;
}

static const struct fact_kind subscriptions = {
	.resource = "subscriptions",
	.location = "/v1/subscriptions/",
	.instant = "started_at",
	.get = Q_SUBSCRIPTION_GET,
	.get_args = 2,
	.parent = REF_TABLES,
	.refer = refer,
	.complete = complete,
};

void subscription_create(struct api *api, struct call *call)
{
	fact_create(api, call, &subscriptions);
}

void subscription_batch(struct api *api, struct call *call)
{
	fact_batch(api, call, &subscriptions);
}

void subscription_get(struct api *api, struct call *call)
{
	resource_get_by(api, call, Q_SUBSCRIPTION_GET, "ref");
}

void subscription_list(struct api *api, struct call *call)
{
	static const struct list_kind list = {
		.query = Q_SUBSCRIPTION_LIST,
		.order = LIST_BY_INSTANT,
		.parent = REF_TABLES,
		.filters = {{"customer", FILTER_CUSTOMER},
			    {"started_from", FILTER_INSTANT},
			    {"started_to", FILTER_INSTANT}},
	};
	list_get(api, call, &list);
}

/* ---- cancelling ----------------------------------------------------------------------------- */

static void read_subscription(struct change *c)
{
	struct segment_read *read = &c->segment.reads[c->segment.read_count++];
	*read = (struct segment_read){.query = Q_SUBSCRIPTION_GET, .arg_count = 2};
	resource_args(c->call, "ref", read->args);
}

/* Whether the customer has been erased: then no reason is kept. */
static void refer_subscription(struct change *c)
{
	struct reference r;
	change_refer(c, *reference_resource(&r, REF_SUBSCRIPTION, call_param(c->call, "ref")));
}

static enum problem apply_cancel(struct change *c)
{
	bool erased = c->refs[0].found && customer_erased(&c->refs[0]);
	json_t *reason = erased ? NULL : json_object_get(call_body(c->call), "reason");
	bool cancelled_before = json_is_string(json_object_get(c->current, "cancelled_at"));
	int64_t cancelled;
	int64_t due;
	enum problem problem = change_end(c, "started_at", "cancelled_at");
	if (problem != PROBLEM_NONE)
		return problem;
	if (cancelled_before) {
		if (reason != NULL && !json_equal(reason, json_object_get(c->current, "reason")))
			return change_problem(c, PROBLEM_fact_conflict, "/reason", "conflict",
					      "it was cancelled before, for another reason");
		return PROBLEM_NONE;
	}
	if (reason != NULL)
		json_object_set(c->document, "reason", reason);
	if (document_instant_read(c->document, "cancelled_at", &cancelled) &&
	    document_instant_read(c->document, "due_at", &due) && cancelled < due)
		json_object_set_new(c->document, "due_at", json_null());
	c->segment.lock_key = json_string_value(json_object_get(c->document, "customer_id"));
	if (!erased)
		change_write(c, Q_CUSTOMER_GUARD, c->document);
	change_write(c, Q_SUBSCRIPTION_UPDATE, c->document);
	return PROBLEM_NONE;
}

void subscription_cancel(struct api *api, struct call *call)
{
	static const struct change_kind kind = {
		.read = read_subscription, .refer = refer_subscription, .apply = apply_cancel};
	change_run(api, call, &kind);
}

/* ---- renewals ------------------------------------------------------------------------------- */

/* In a batch each renewal names its subscription; else the path does. */
static void renewal_refer(struct fact *f)
{
	struct reference r;
	const char *subscription = json_string_value(json_object_get(f->input, "subscription"));
	fact_refer_own(f, NULL);
	if (subscription != NULL)
		f->about = fact_refer(f, *reference_resource(&r, REF_SUBSCRIPTION, subscription));
}

static enum problem renewal_complete(struct fact *f)
{
	static const char *const fields[] = {
		"id", "external_id", "subscription_id", "customer_id", "renewed_at", "created_at", NULL};
	const struct reference *subscription = f->parent != NULL ? f->parent : f->about;
	int64_t started;
	int64_t renewed;
	if (subscription == NULL || !subscription->found)
		return fact_problem(f, PROBLEM_unknown_reference, "/subscription", "unknown",
				    "there is no such subscription");
	snprintf(f->customer_id, sizeof f->customer_id, "%s", subscription->customer_id);
	json_t *doc = fact_document(f, fields);
	json_t *detail = read_detail(subscription);
	bool known = document_instant_read(detail, "started_at", &started) &&
		     document_instant_read(doc, "renewed_at", &renewed);
	json_decref(detail);
	if (!known)
		return PROBLEM_internal_error;
	if (renewed < started)
		return fact_problem(f, PROBLEM_validation_failed, "/renewed_at", "range",
				    "must not be before the subscription started");
	json_object_set_new(doc, "subscription_id", json_string(subscription->id));
	json_object_set_new(doc, "customer_id", json_string(f->customer_id));
	fact_write(f, Q_SUBSCRIPTION_RENEWAL_APPLY, doc);
	fact_write(f, Q_SUBSCRIPTION_RENEWAL_INSERT, doc);
	return PROBLEM_NONE;
}

void renewal_create(struct api *api, struct call *call)
{
	static const struct fact_kind kind = {
		.resource = "renewals",
		.location = "/v1/subscriptions/",
		.child = "renewals",
		.instant = "renewed_at",
		.get = Q_SUBSCRIPTION_RENEWAL_GET,
		.get_args = 4,
		.parent = REF_SUBSCRIPTION,
		.refer = renewal_refer,
		.complete = renewal_complete,
	};
	fact_create(api, call, &kind);
}

void renewal_batch(struct api *api, struct call *call)
{
	static const struct fact_kind kind = {
		.resource = "renewals",
		.instant = "renewed_at",
		.parent = REF_TABLES,
		.refer = renewal_refer,
		.complete = renewal_complete,
	};
	fact_batch(api, call, &kind);
}

void renewal_get(struct api *api, struct call *call)
{
	const char *args[4];
	resource_args(call, "renewal", args);
	resource_args(call, "ref", args + 2);
	resource_get(api, call, Q_SUBSCRIPTION_RENEWAL_GET, COUNTOF(args), args);
}

void renewal_list(struct api *api, struct call *call)
{
	static const struct list_kind list = {
		.query = Q_SUBSCRIPTION_RENEWAL_LIST, .order = LIST_BY_INSTANT, .parent = REF_SUBSCRIPTION};
	list_get(api, call, &list);
}
