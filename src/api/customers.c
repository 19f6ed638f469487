/*
 * /v1/customers: create, batch, read, list. Changing one is customer_change.c.
 *
 * The natural key of a customer is its first identity (external_id, else e-mail, else visitor). A customer that
 * an order or an answer has brought in already is completed by POST, so the order in which they arrive makes no
 * difference.
 */
#include <string.h>

#include "customer.h"
#include "handlers.h"
#include "list.h"
#include "resource.h"

static void refer(struct fact *f)
{
	customer_refer_profile(f, f->input);
	for (size_t kind = 0; kind < IDENTITY_KINDS && f->own == NULL; kind++) {
		const struct reference *r = f->customer[kind];
		if (r == NULL)
			continue;
		const char *key = arena_printf(call_arena(f->facts->call), "%s:%s", r->kind, r->value);
		if (key != NULL)
			f->own = fact_refer(
				f, (struct reference){.table = REF_FACT, .kind = "customers", .value = key});
	}
}

/* The one customer that has any of the identities; *ret stays NULL when nobody has. */
static enum problem one_owner(struct fact *f, const struct reference **ret)
{
	const struct reference *owner = NULL;
	for (size_t kind = 0; kind < IDENTITY_KINDS; kind++) {
		const struct reference *r = f->customer[kind];
		if (r == NULL || !r->found)
			continue;
		bool other_account = f->customer[0] != NULL && !f->customer[0]->found && r->detail != NULL;
		if (other_account || (owner != NULL && strcmp(owner->id, r->id) != 0)) {
			char pointer[32];
			snprintf(pointer, sizeof pointer, "/%s", identity_kinds[kind].member);
			return fact_problem(f, PROBLEM_identity_conflict, pointer, "conflict",
					    "belongs to another customer");
		}
		owner = r;
	}
	*ret = owner;
	return PROBLEM_NONE;
}

static enum problem complete(struct fact *f)
{
	const struct reference *known = NULL;
	const char *referrer = f->referrer != NULL && f->referrer->found ? f->referrer->id : NULL;
	bool repeated = f->own != NULL && f->own->found;

	if (f->referrer != NULL && referrer == NULL)
		return fact_problem(f, PROBLEM_unknown_reference, "/referred_by", "unknown",
				    "there is no such customer");
	enum problem problem = repeated ? PROBLEM_NONE : one_owner(f, &known);
	if (problem != PROBLEM_NONE)
		return problem;
	if (known != NULL)
		memcpy(f->id, known->id, sizeof f->id);
	memcpy(f->customer_id, f->id, sizeof f->customer_id);
	f->document = customer_document(f->input, f->id, referrer, f->facts->now_us);
	json_object_set_new(f->document, "identities",
			    customer_identities(f->input, call_arena(f->facts->call)));
	f->content = f->input;
	if (known == NULL) {
		fact_write(f, Q_CUSTOMER_INSERT, f->document);
		fact_write(f, Q_CUSTOMER_PROFILE_INSERT, f->document);
	} else {
		fact_write(f, Q_CUSTOMER_ADOPT, f->document);
		fact_write(f, Q_CUSTOMER_PROFILE_ADOPT, f->document);
		f->segment.reads[f->segment.read_count++] =
			(struct segment_read){.query = Q_CUSTOMER_GET, .arg_count = 3, .args = {f->id}};
		f->answer_from_read = true;
	}
	customer_write_identities(f);
	return PROBLEM_NONE;
}

static const struct fact_kind customers = {
	.resource = "customers",
	.location = "/v1/customers/",
	.get = Q_CUSTOMER_GET,
	.get_args = 3,
	.parent = REF_TABLES,
	.refer = refer,
	.complete = complete,
};

void customer_create(struct api *api, struct call *call)
{
	fact_create(api, call, &customers);
}

void customer_batch(struct api *api, struct call *call)
{
	fact_batch(api, call, &customers);
}

void customer_get(struct api *api, struct call *call)
{
	struct reference r;
	if (reference_customer(&r, call_param(call, "ref"), call_arena(call)) == NULL)
		call_problem(call, PROBLEM_internal_error, NULL, "out of memory");
	else if (r.table == REF_CUSTOMER)
		resource_get(api, call, Q_CUSTOMER_GET, 3, (const char *[]){r.value, NULL, NULL});
	else
		resource_get(api, call, Q_CUSTOMER_GET, 3, (const char *[]){NULL, r.kind, r.value});
}

void customer_list(struct api *api, struct call *call)
{
	static const struct list_kind list = {
		.query = Q_CUSTOMER_LIST,
		.order = LIST_BY_INSTANT,
		.parent = REF_TABLES,
		.filters = {{"email", FILTER_TEXT},
			    {"external_id", FILTER_TEXT},
			    {"created_from", FILTER_TEXT},
			    {"created_to", FILTER_TEXT}},
	};
	list_get(api, call, &list);
}
