/*
 * Orders move on: PATCH of the status, and cancellation with its own date.
 */
#include <string.h>

#include "change.h"
#include "handlers.h"
#include "resource.h"

static void read_order(struct change *c)
{
	struct segment_read *read = &c->segment.reads[c->segment.read_count++];
	*read = (struct segment_read){.query = Q_ORDER_GET, .arg_count = 2};
	resource_args(c->call, "ref", read->args);
}

/* The order with a new status and whatever else the caller sets; written against the version that was read. */
static json_t *next_version(struct change *c, const char *status)
{
	json_t *doc = c->document = json_copy(c->current);
	json_object_set_new(doc, "status", json_string(status));
	json_object_set_new(doc, "version",
			    json_integer(json_integer_value(json_object_get(doc, "version")) + 1));
	document_instant(doc, "updated_at", c->now_us);
	return doc;
}

static void write_order(struct change *c)
{
	json_t *row = json_copy(c->document);
	json_object_del(row, "items");
	c->segment.lock_key = json_string_value(json_object_get(c->document, "customer_id"));
	change_write(c, Q_ORDER_UPDATE, row);
	json_decref(row);
}

/* An order only moves forward; -1 for what is not on this road. */
static int step(const char *status)
{
	static const char *const road[] = {"pending", "paid", "fulfilled"};
	for (size_t i = 0; i < COUNTOF(road); i++)
		if (strcmp(road[i], status) == 0)
			return (int)i;
	return -1;
}

static enum problem apply_status(struct change *c)
{
	const char *now = json_string_value(json_object_get(c->current, "status"));
	const char *next = json_string_value(json_object_get(call_body(c->call), "status"));
	if (next == NULL || strcmp(now, next) == 0)
		return PROBLEM_NONE;
	if (step(now) < 0 || step(next) < step(now))
		return change_problem(
			c, PROBLEM_invalid_state, "/status", "state",
			"an order moves from pending to paid to fulfilled, and a cancelled one not at all");
	json_t *doc = next_version(c, next);
	if (json_is_null(json_object_get(doc, "paid_at")))
		document_instant_from(doc, "paid_at", call_body(c->call), c->now_us);
	write_order(c);
	return PROBLEM_NONE;
}

static enum problem apply_cancel(struct change *c)
{
	const char *before = json_string_value(json_object_get(c->current, "cancelled_at"));
	json_t *doc = next_version(c, "cancelled");
	bool given = document_instant_from(doc, "cancelled_at", call_body(c->call), c->now_us);
	if (before == NULL) {
		write_order(c);
		return PROBLEM_NONE;
	}
	const char *wanted = json_string_value(json_object_get(doc, "cancelled_at"));
	if (given && strcmp(before, wanted) != 0)
		return change_problem(c, PROBLEM_fact_conflict, "/cancelled_at", "conflict",
				      "the order was cancelled before, at another time");
	return PROBLEM_NONE;
}

void order_update(struct api *api, struct call *call)
{
	static const struct change_kind kind = {.read = read_order, .apply = apply_status};
	change_run(api, call, &kind);
}

void order_cancel(struct api *api, struct call *call)
{
	static const struct change_kind kind = {.read = read_order, .apply = apply_cancel};
	change_run(api, call, &kind);
}
