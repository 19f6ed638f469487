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

/* The person that the identities mean; *ret stays NULL when nobody has any. Customers without an account are joined to it; an
 * account is nobody else's. */
static enum problem one_owner(struct fact *f, const struct reference **ret)
{
	const struct reference *const *refs = (const struct reference *const *)f->customer;
	const struct reference *owner = NULL;
	for (size_t kind = 0; kind < IDENTITY_KINDS; kind++) {
		const struct reference *r = refs[kind];
		if (r == NULL || !r->found)
			continue;
		bool other = owner != NULL && strcmp(owner->person_id, r->person_id) != 0;
		bool joins = r->detail == NULL && strcmp(r->person_id, r->id) == 0;
		if (customer_is_other(refs, r) || (other && !joins)) {
			char pointer[32];
			snprintf(pointer, sizeof pointer, "/%s", identity_kinds[kind].member);
			return fact_problem(f, PROBLEM_identity_conflict, pointer, "conflict",
					    "belongs to another customer");
		}
		if (owner == NULL)
			owner = r;
	}
	*ret = owner;
	return PROBLEM_NONE;
}

static void write_customer(struct fact *f, const struct reference *known)
{
	if (known == NULL) {
		customer_set_stage(f->document, f->facts->now_us);
		fact_write(f, Q_CUSTOMER_INSERT, f->document);
		fact_write(f, Q_CUSTOMER_PROFILE_INSERT, f->document);
	} else {
		customer_guard(f);
		fact_write(f, Q_CUSTOMER_ADOPT, f->document);
		fact_write(f, Q_CUSTOMER_PROFILE_ADOPT, f->document);
		customer_write_links(f, known->person_id);
		f->reread = true;
	}
	customer_write_consents(f, f->document);
	customer_write_identities(f);
}

/* Those of the profile, without an address that stands for nobody. */
static json_t *identities(struct fact *f)
{
	json_t *profile = json_copy(f->input);
	for (size_t kind = 0; kind < IDENTITY_KINDS; kind++)
		if (f->customer[kind] != NULL && f->customer[kind]->placeholder)
			json_object_del(profile, identity_kinds[kind].member);
	json_t *list = customer_identities(profile, call_arena(f->facts->call));
	json_decref(profile);
	return list;
}

static enum problem complete(struct fact *f)
{
	const struct reference *known = NULL;
	const char *referrer = f->referrer != NULL && f->referrer->found ? f->referrer->id : NULL;

	for (size_t kind = 0; kind < IDENTITY_KINDS && f->own != NULL; kind++)
		if (f->customer[kind] != NULL && f->customer[kind]->placeholder &&
		    strncmp(f->own->value, "email:", strlen("email:")) == 0)
			f->own = NULL; /* an address that stands for nobody is nobody's natural key */
	bool repeated = f->own != NULL && f->own->found;
	if (f->referrer != NULL && referrer == NULL)
		return fact_problem(f, PROBLEM_unknown_reference, "/referred_by", "unknown",
				    "there is no such customer");
	enum problem problem = repeated ? PROBLEM_NONE : one_owner(f, &known);
	if (problem != PROBLEM_NONE)
		return problem;
	if (known != NULL)
		memcpy(f->id, known->person_id, sizeof f->id);
	memcpy(f->customer_id, f->id, sizeof f->customer_id);
	f->document = customer_document(f->input, f->id, referrer, f->facts->now_us);
	json_object_set_new(f->document, "identities", identities(f));
	f->content = f->input;
	write_customer(f, known);
	return PROBLEM_NONE;
}

static const struct fact_kind customers = {
	.resource = "customers",
	.location = "/v1/customers/",
	.get = Q_CUSTOMER_GET,
	.get_args = 3,
	.parent = REF_TABLES,
	.refer = refer,
	.answer = customer_answer_id,
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
		call_out_of_memory(call);
	else if (r.table == REF_CUSTOMER)
		customer_answer_id(api, call, r.value, 200);
	else
		customer_answer(api, call, (const char *[]){NULL, r.kind, r.value}, 200);
}

void customer_list(struct api *api, struct call *call)
{
	static const struct list_kind list = {
		.query = Q_CUSTOMER_LIST,
		.order = LIST_BY_INSTANT,
		.parent = REF_TABLES,
		.filters = {{"email", FILTER_TEXT},
			    {"external_id", FILTER_TEXT},
			    {"created_from", FILTER_INSTANT},
			    {"created_to", FILTER_INSTANT},
			    {"stage", FILTER_TEXT},
			    {"consent", FILTER_TEXT}},
		.fresh = true,
	};
	list_get(api, call, &list);
}
