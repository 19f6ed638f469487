/*
 * PUT and PATCH of a customer. PUT says what the customer is from now on, and creates it when nobody has the
 * reference yet; PATCH changes what it names and deletes what it sets to null (RFC 7396).
 */
#include <string.h>

#include "ciclo/base/time.h"
#include "change.h"
#include "customer.h"
#include "handlers.h"

enum { REFERRER = IDENTITY_KINDS }; /* refs[]: one per kind of identity, in their order, then who referred */

/* The identity that the path names is the customer's, also when the body does not repeat it. */
static void complete_body(struct change *c)
{
	struct reference r = {0};
	json_t *body = call_body(c->call);
	if (reference_customer(&r, call_param(c->call, "ref"), call_arena(c->call)) == NULL)
		return;
	for (size_t kind = 0; kind < IDENTITY_KINDS; kind++)
		if (r.table == REF_IDENTITY && strcmp(r.kind, identity_kinds[kind].kind) == 0 &&
		    json_object_get(body, identity_kinds[kind].member) == NULL)
			json_object_set_new(body, identity_kinds[kind].member, json_string(r.value));
}

/* A place in refs[] for every kind, so that apply() finds them again; without a value nothing is looked up. */
static void refer(struct change *c)
{
	const json_t *body = call_body(c->call);
	const char *referrer = json_string_value(json_object_get(body, "referred_by"));
	for (size_t kind = 0; kind < IDENTITY_KINDS; kind++)
		change_refer(c, (struct reference){.table = REF_IDENTITY,
						   .kind = identity_kinds[kind].kind,
						   .value = identity_value(body, kind, call_arena(c->call))});
	struct reference r = {.table = REF_CUSTOMER};
	if (referrer == NULL || reference_customer(&r, referrer, call_arena(c->call)) != NULL)
		change_refer(c, r);
}

static void refer_put(struct change *c)
{
	complete_body(c);
	refer(c);
}

/* Identities that the customer shows in its profile and had before. */
static const char *identity_before(const struct change *c, size_t kind)
{
	return c->current != NULL ? identity_value(c->current, kind, call_arena(c->call)) : NULL;
}

/* refs[] by kind, as the rules of identities take them. */
static void refs_by_kind(struct change *c, const struct reference *ret[IDENTITY_KINDS])
{
	for (size_t kind = 0; kind < IDENTITY_KINDS; kind++)
		ret[kind] = &c->refs[kind];
}

static json_t *identity_row(const char *kind, const char *value, const char *customer_id)
{
	json_t *row = json_object();
	json_object_set_new(row, "kind", json_string(kind));
	json_object_set_new(row, "value", json_string(value));
	json_object_set_new(row, "customer_id", json_string(customer_id));
	return row;
}

/* Identities that somebody else has, reported all at once. Who has no account is no somebody else, but joins. */
static enum problem check_identities(struct change *c)
{
	const struct reference *refs[IDENTITY_KINDS];
	const char *id = json_string_value(json_object_get(c->current, "id"));
	refs_by_kind(c, refs);
	for (size_t kind = 0; kind < IDENTITY_KINDS; kind++) {
		const struct reference *r = refs[kind];
		char pointer[32];
		snprintf(pointer, sizeof pointer, "/%s", identity_kinds[kind].member);
		bool own = id != NULL && strcmp(r->person_id, id) == 0;
		bool joins = r->detail == NULL && strcmp(r->person_id, r->id) == 0;
		if (r->value != NULL && r->found && !own && !joins)
			change_problem(c, PROBLEM_identity_conflict, pointer, "conflict",
				       "belongs to another customer");
	}
	return c->violations.total > 0 ? PROBLEM_identity_conflict : PROBLEM_NONE;
}

static void write_for_change(void *cls, enum query query, const json_t *rows)
{
	change_write(cls, query, rows);
}

/* Whoever was known by one of the identities before, without an account, is this customer. */
static size_t links_of(struct change *c, const char *id, struct link links[LINKS_MAX])
{
	const struct reference *refs[IDENTITY_KINDS];
	refs_by_kind(c, refs);
	return customer_links(refs, id, links);
}

/* after: the new profile. An identity that it no longer shows goes, one that is new comes. */
static void write_identities(struct change *c, const json_t *after, const char *id)
{
	json_t *gone = json_array();
	json_t *new = json_array();
	for (size_t kind = 0; kind < IDENTITY_KINDS; kind++) {
		const struct reference *r = &c->refs[kind];
		const char *before = identity_before(c, kind);
		const char *now = identity_value(after, kind, call_arena(c->call));
		if (before != NULL && (now == NULL || strcmp(before, now) != 0))
			json_array_append_new(gone, identity_row(identity_kinds[kind].kind, before, id));
		if (r->value != NULL && !r->found && !r->placeholder)
			json_array_append_new(new, identity_row(identity_kinds[kind].kind, r->value, id));
	}
	if (json_array_size(gone) > 0)
		change_write(c, Q_IDENTITY_DELETE, gone);
	if (json_array_size(new) > 0)
		change_write(c, Q_IDENTITY_INSERT, new);
	json_decref(gone);
	json_decref(new);
}

/* The document that `profile` makes of the customer. */
static json_t *build(struct change *c, const json_t *profile, const char *referred_by)
{
	char id[UUID_TEXT];
	uuid7_next(c->api->ids, c->now_us, id);
	json_t *doc = c->document = customer_document(profile, id, referred_by, c->now_us);
	if (c->current != NULL) {
		json_int_t version = json_integer_value(json_object_get(c->current, "version"));
		json_object_set(doc, "id", json_object_get(c->current, "id"));
		json_object_set(doc, "created_at", json_object_get(c->current, "created_at"));
		json_object_set_new(doc, "version", json_integer(version + 1));
	}
	return doc;
}

static bool is_same(struct change *c, bool new_identity)
{
	static const char *const moving[] = {"version", "updated_at",  "identities",
					     "stage",   "stage_since", NULL};
	if (c->current == NULL || new_identity)
		return false;
	json_t *before = json_copy(c->current);
	json_t *after = json_copy(c->document);
	for (size_t i = 0; moving[i] != NULL; i++) {
		json_object_del(before, moving[i]);
		json_object_del(after, moving[i]);
	}
	bool same = json_equal(before, after);
	json_decref(before);
	json_decref(after);
	return same;
}

static bool brings_identity(const struct change *c)
{
	for (size_t kind = 0; kind < IDENTITY_KINDS; kind++)
		if (c->refs[kind].value != NULL && !c->refs[kind].found && !c->refs[kind].placeholder)
			return true;
	return false;
}

/* Who is no longer the one who referred has one customer less to be proud of. */
static void write_old_referrer(struct change *c, const char *referred_by)
{
	const char *before = json_string_value(json_object_get(c->current, "referred_by"));
	if (before == NULL || (referred_by != NULL && strcmp(before, referred_by) == 0))
		return;
	json_t *row = json_object();
	json_object_set_new(row, "customer_id", json_string(before));
	change_write(c, Q_CHANGED_CUSTOMER_INSERT, row);
	json_decref(row);
}

/* profile: the whole profile as it shall be; referred_by: an id, or NULL. */
static enum problem write_profile(struct change *c, const json_t *profile, const char *referred_by)
{
	enum problem problem = check_identities(c);
	if (problem != PROBLEM_NONE)
		return problem;
	json_t *doc = build(c, profile, referred_by);
	const char *id = json_string_value(json_object_get(doc, "id"));
	struct link links[LINKS_MAX] = {0};
	size_t link_count = links_of(c, id, links);
	if (is_same(c, brings_identity(c) || link_count > 0))
		return PROBLEM_NONE;
	bool is_new = c->current == NULL;
	c->status = is_new ? 201 : 200;
	c->segment.lock_key = id;
	change_write(c, is_new ? Q_CUSTOMER_INSERT : Q_CUSTOMER_UPDATE, doc);
	change_write(c, is_new ? Q_CUSTOMER_PROFILE_INSERT : Q_CUSTOMER_PROFILE_UPDATE, doc);
	change_write(c, Q_CUSTOMER_CONSENT_RECORD, doc);
	write_identities(c, profile, id);
	link_write(write_for_change, c, link_count, links, c->now_us);
	write_old_referrer(c, referred_by);
	return PROBLEM_NONE;
}

/* Who referred the customer, when the body says so. */
static enum problem resolve_referrer(struct change *c, const char **ret_id)
{
	const struct reference *r = &c->refs[REFERRER];
	if (r->value == NULL)
		return PROBLEM_NONE;
	if (!r->found)
		return change_problem(c, PROBLEM_unknown_reference, "/referred_by", "unknown",
				      "there is no such customer");
	*ret_id = r->id;
	return PROBLEM_NONE;
}

static enum problem apply_put(struct change *c)
{
	const char *referred_by = NULL;
	const char *ref = call_param(c->call, "ref");
	struct reference r = {0};
	const json_t *body = call_body(c->call);

	if (reference_customer(&r, ref, call_arena(c->call)) == NULL)
		return PROBLEM_internal_error;
	if (c->current == NULL && r.table == REF_CUSTOMER)
		return PROBLEM_not_found;
	for (size_t kind = 0; kind < IDENTITY_KINDS && c->current == NULL; kind++)
		if (c->refs[kind].placeholder && strcmp(r.kind, c->refs[kind].kind) == 0)
			return change_problem(c, PROBLEM_validation_failed, "/email", "placeholder",
					      "stands for nobody, by the settings");
	for (size_t kind = 0; kind < IDENTITY_KINDS; kind++) {
		const char *value = identity_value(body, kind, call_arena(c->call));
		if (r.table != REF_IDENTITY || strcmp(r.kind, identity_kinds[kind].kind) != 0 ||
		    value == NULL || strcmp(value, r.value) == 0)
			continue;
		char pointer[32];
		snprintf(pointer, sizeof pointer, "/%s", identity_kinds[kind].member);
		return change_problem(c, PROBLEM_validation_failed, pointer, "const",
				      "must be what the path says; PATCH changes it");
	}
	enum problem problem = resolve_referrer(c, &referred_by);
	return problem == PROBLEM_NONE ? write_profile(c, body, referred_by) : problem;
}

/* RFC 7396 on a profile: null deletes, objects merge, everything else replaces. */
static void merge(json_t *into, json_t *patch)
{
	const char *name;
	json_t *value;
	json_object_foreach(patch, name, value)
	{
		json_t *old = json_object_get(into, name);
		if (json_is_null(value)) {
			json_object_del(into, name);
		} else if (json_is_object(value)) {
			json_t *merged = json_is_object(old) ? json_deep_copy(old) : json_object();
			merge(merged, value);
			json_object_set_new(into, name, merged);
		} else {
			json_object_set(into, name, value);
		}
	}
}

static enum problem apply_patch(struct change *c)
{
	json_t *patch = call_body(c->call);
	json_t *profile = json_copy(c->current);
	merge(profile, patch);
	const char *referred_by = json_string_value(json_object_get(profile, "referred_by"));
	enum problem problem = resolve_referrer(c, &referred_by);
	if (problem == PROBLEM_NONE)
		problem = write_profile(c, profile, referred_by);
	json_decref(profile);
	return problem;
}

void customer_put(struct api *api, struct call *call)
{
	static const struct change_kind kind = {.read = customer_read,
						.refer = refer_put,
						.apply = apply_put,
						.location = "/v1/customers/",
						.creates = true,
						.answer = customer_answer_id};
	change_run(api, call, &kind);
}

void customer_update(struct api *api, struct call *call)
{
	static const struct change_kind kind = {
		.read = customer_read, .refer = refer, .apply = apply_patch, .answer = customer_answer_id};
	change_run(api, call, &kind);
}
