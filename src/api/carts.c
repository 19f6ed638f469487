/*
 * /v1/carts: PUT says how a cart is from an instant on, and /reminders below it.
 *
 * Each PUT is kept as a fact of its own, so that it does not matter in which order they arrive. What became of a cart is
 * never stored here: sql view cart_state_facts derives it from the updates, the orders and the settings.
 */
#include <string.h>

#include "amounts.h"
#include "customer.h"
#include "handlers.h"
#include "list.h"
#include "resource.h"

/* The name of the cart: of an item of a batch, or in the path. */
static const char *external_id(const struct fact *f)
{
	const char *key = json_string_value(json_object_get(f->input, "external_id"));
	return key != NULL ? key : call_param(f->facts->call, "external_id");
}

static void refer(struct fact *f)
{
	f->own = fact_refer(f, (struct reference){.table = REF_FACT,
						  .kind = f->facts->kind->resource,
						  .value = external_id(f)});
	customer_refer(f);
}

/* What is said stands, else what the lines come to: a shop may know of a discount that no line shows. */
static enum problem read_value(const json_t *cart, int64_t *ret, struct violations *v)
{
	const json_t *items = json_object_get(cart, "items");
	struct amounts amounts = {0};
	enum problem problem = PROBLEM_NONE;

	if (json_array_size(items) > 0)
		problem = amounts_read(cart, &amounts, v);
	*ret = document_int(cart, "value", amounts.total);
	if (problem == PROBLEM_NONE && items == NULL && json_object_get(cart, "value") == NULL) {
		violation_add(v, IN_BODY, "/value", "required", "a cart without items needs its value");
		problem = PROBLEM_validation_failed;
	}
	return problem;
}

/* The row of cart_updates. */
static json_t *update_row(struct fact *f, const struct exchange *e, int64_t value, int64_t base)
{
	static const char *const copied[] = {"currency", "channel", "campaign", "storefront", NULL};
	struct facts *facts = f->facts;
	char put_id[UUID_TEXT];
	json_t *row = json_object();

	uuid7_next(facts->api->ids, facts->now_us, put_id);
	document_copy(row, f->input, copied);
	document_text(row, "customer_id", f->customer_id);
	document_text(row, "id", f->id);
	document_text(row, "external_id", external_id(f));
	document_text(row, "put_id", put_id);
	document_text(row, "base_currency", e->base_currency);
	json_object_set_new(row, "items", items_document(json_object_get(f->input, "items")));
	json_object_set_new(row, "value", json_integer(value));
	json_object_set_new(row, "exchange_rate", exchange_document(f->input));
	json_object_set_new(row, "base_value", json_integer(base));
	document_instant_from(row, "updated_at", f->input, facts->now_us);
	document_instant(row, "created_at", facts->now_us);
	return row;
}

static void write_update(struct fact *f, const json_t *row)
{
	fact_write(f, Q_CART_UPDATE_PUT, row);
	if (f->replaced) {
		fact_write(f, Q_CART_LOCK, row);
		fact_write(f, Q_CART_UPDATE_DELETE, row);
	} else if (!f->facts->batch) {
		/* Its state takes the orders that are there already. */
		f->segment.reads[f->segment.read_count++] =
			(struct segment_read){.query = Q_CART_GET, .arg_count = 2, .args = {f->id}};
		f->answer_from_read = true;
	}
}

static enum problem complete(struct fact *f)
{
	struct exchange e;
	struct violations v = {0};
	int64_t value;
	int64_t base;
	enum problem problem = exchange_read(&f->facts->shop, f->input, &e, &v);
	if (problem == PROBLEM_NONE)
		problem = read_value(f->input, &value, &v);
	if (problem == PROBLEM_NONE && !exchange_apply(&e, value, &base)) {
		violation_add(&v, IN_BODY, "/exchange_rate", "amount", "takes the value out of range in %s",
			      e.base_currency);
		problem = PROBLEM_validation_failed;
	}
	if (problem != PROBLEM_NONE)
		return fact_refuse(f, problem, &v);
	problem = customer_resolve(f);
	if (problem != PROBLEM_NONE)
		return problem;
	json_t *row = update_row(f, &e, value, base);
	write_update(f, row);
	json_decref(row);
	f->content = f->input;
	return PROBLEM_NONE;
}

static const struct fact_kind carts = {
	.resource = "carts",
	.get = Q_CART_GET,
	.get_args = 2,
	.parent = REF_TABLES,
	.replaces = true,
	.refer = refer,
	.complete = complete,
};

void cart_put(struct api *api, struct call *call)
{
	fact_create(api, call, &carts);
}

void cart_batch(struct api *api, struct call *call)
{
	fact_batch(api, call, &carts);
}

void cart_get(struct api *api, struct call *call)
{
	resource_get(api, call, Q_CART_GET, 2, (const char *[]){NULL, call_param(call, "external_id")});
}

void cart_list(struct api *api, struct call *call)
{
	static const struct list_kind list = {
		.query = Q_CART_LIST,
		.order = LIST_BY_INSTANT,
		.parent = REF_TABLES,
		.filters = {{"customer", FILTER_CUSTOMER},
			    {"state", FILTER_TEXT},
			    {"updated_from", FILTER_INSTANT},
			    {"updated_to", FILTER_INSTANT},
			    {"consent", FILTER_TEXT}},
	};
	list_get(api, call, &list);
}

/* ---- reminders ------------------------------------------------------------------------------ */

static void refer_reminder(struct fact *f)
{
	fact_refer_own(f, NULL);
}

static enum problem complete_reminder(struct fact *f)
{
	static const char *const fields[] = {"id",      "external_id", "cart_id", "channel",
					     "sent_at", "created_at",  NULL};
	snprintf(f->customer_id, sizeof f->customer_id, "%s", f->parent->customer_id);
	json_t *doc = fact_document(f, fields);
	json_object_set_new(doc, "cart_id", json_string(f->parent->id));
	json_t *row = json_copy(doc);
	json_object_set_new(row, "customer_id", json_string(f->customer_id));
	fact_write(f, Q_CART_REMINDER_INSERT, row);
	json_decref(row);
	return PROBLEM_NONE;
}

static const struct fact_kind reminders = {
	.resource = "cart_reminders",
	.instant = "sent_at",
	.get = Q_CART_REMINDER_GET,
	.get_args = 1,
	.parent = REF_CART,
	.refer = refer_reminder,
	.complete = complete_reminder,
};

void cart_reminder_create(struct api *api, struct call *call)
{
	fact_create(api, call, &reminders);
}

void cart_reminder_list(struct api *api, struct call *call)
{
	static const struct list_kind list = {
		.query = Q_CART_REMINDER_LIST, .order = LIST_BY_INSTANT, .parent = REF_CART};
	list_get(api, call, &list);
}
