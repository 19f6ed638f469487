#include "customer.h"

#include <string.h>

#include "ciclo/base/time.h"
#include "ciclo/contract/json.h"

const struct identity_kind identity_kinds[IDENTITY_KINDS] = {
	{"external", "external_id"}, {"email", "email"}, {"visitor", "visitor_id"}};

enum { EXTERNAL, EMAIL, VISITOR };

const char *identity_value(const json_t *profile, size_t kind, struct arena *arena)
{
	const char *value = json_string_value(json_object_get(profile, identity_kinds[kind].member));
	return value != NULL && kind == EMAIL ? email_normal(value, arena) : value;
}

void customer_refer_profile(struct fact *f, const json_t *profile)
{
	struct arena *arena = call_arena(f->facts->call);
	struct reference r;
	for (size_t kind = 0; kind < IDENTITY_KINDS; kind++) {
		const char *value = identity_value(profile, kind, arena);
		if (value != NULL)
			f->customer[kind] =
				fact_refer(f, (struct reference){.table = REF_IDENTITY,
								 .kind = identity_kinds[kind].kind,
								 .value = value});
	}
	const char *referrer = json_string_value(json_object_get(profile, "referred_by"));
	if (referrer != NULL && reference_customer(&r, referrer, arena) != NULL)
		f->referrer = fact_refer(f, r);
}

/* Who is named once is who has that name, whatever else the person has. */
static void mark_lone(struct fact *f)
{
	struct reference *lone = NULL;
	size_t count = 0;
	for (size_t kind = 0; kind < IDENTITY_KINDS; kind++)
		if (f->customer[kind] != NULL) {
			lone = f->customer[kind];
			count++;
		}
	if (count == 1)
		lone->lone = true;
}

void customer_refer(struct fact *f)
{
	json_t *visitor = json_object_get(f->input, "visitor");
	if (visitor != NULL)
		json_object_set_new(f->input, "customer", json_pack("{sO}", "visitor_id", visitor));
	const json_t *customer = json_object_get(f->input, "customer");
	struct reference r;
	if (json_is_object(customer))
		customer_refer_profile(f, customer);
	else if (json_is_string(customer) &&
		 reference_customer(&r, json_string_value(customer), call_arena(f->facts->call)) != NULL)
		f->customer[0] = fact_refer(f, r);
	mark_lone(f);
}

json_t *customer_identities(const json_t *profile, struct arena *arena)
{
	/* In the order of the SQL: by kind. */
	static const size_t order[IDENTITY_KINDS] = {EMAIL, EXTERNAL, VISITOR};
	json_t *list = json_array();
	for (size_t i = 0; i < IDENTITY_KINDS; i++) {
		const char *value = identity_value(profile, order[i], arena);
		if (value == NULL)
			continue;
		json_t *identity = json_object();
		json_object_set_new(identity, "kind", json_string(identity_kinds[order[i]].kind));
		json_object_set_new(identity, "value", json_string(value));
		json_object_set_new(identity, "linked", json_false());
		json_array_append_new(list, identity);
	}
	return list;
}

/* {channel, source, campaign}, complete, or null when nothing is known. */
static json_t *acquisition_document(const json_t *profile)
{
	static const char *const members[] = {"channel", "source", "campaign", NULL};
	const json_t *given = json_object_get(profile, "acquisition");
	bool any = false;
	json_t *doc = json_object();
	document_copy(doc, given, members);
	for (size_t i = 0; members[i] != NULL; i++)
		any |= json_is_string(json_object_get(doc, members[i]));
	if (any)
		return doc;
	json_decref(doc);
	return json_null();
}

static void set_default(json_t *doc, const char *name, json_t *value)
{
	if (json_is_null(json_object_get(doc, name)))
		json_object_set_new(doc, name, value);
	else
		json_decref(value);
}

json_t *customer_document(const json_t *profile, const char *id, const char *referred_by, int64_t now_us)
{
	static const char *const fields[] = {
		"id",         "external_id", "visitor_id",  "email",       "phone",      "name",
		"country",    "acquired_at", "acquisition", "referred_by", "interests",  "consents",
		"attributes", "closed_at",   "stage",       "stage_since", "identities", "version",
		"created_at", "updated_at",  NULL};
	json_t *doc = json_object();
	document_copy(doc, profile, fields);
	json_object_set_new(doc, "id", json_string(id));
	set_default(doc, "interests", json_array());
	set_default(doc, "consents", json_object());
	set_default(doc, "attributes", json_object());
	if (!document_instant_from(doc, "acquired_at", profile, now_us))
		json_object_set_new(doc, "acquired_at", json_null());
	if (!document_instant_from(doc, "closed_at", profile, now_us))
		json_object_set_new(doc, "closed_at", json_null());
	json_object_set_new(doc, "acquisition", acquisition_document(profile));
	document_text(doc, "referred_by", referred_by);
	json_object_set_new(doc, "version", json_integer(1));
	document_instant(doc, "created_at", now_us);
	document_instant(doc, "updated_at", now_us);
	return doc;
}

void customer_set_stage(json_t *doc, int64_t now_us)
{
	static const char *const instants[] = {"acquired_at", "closed_at"};
	int64_t at[] = {now_us, INT64_MAX};
	for (size_t i = 0; i < COUNTOF(instants); i++) {
		const char *text = json_string_value(json_object_get(doc, instants[i]));
		if (text != NULL && !instant_parse(text, strlen(text), &at[i]))
			return;
	}
	bool closed = at[1] <= now_us;
	if (at[0] > now_us)
		return;
	json_object_set_new(doc, "stage", json_string(closed ? "lost" : "awareness"));
	document_instant(doc, "stage_since", closed && at[1] > at[0] ? at[1] : at[0]);
}

bool customer_write_identities(struct fact *f)
{
	json_t *rows = json_array();
	for (size_t kind = 0; kind < IDENTITY_KINDS; kind++) {
		const struct reference *r = f->customer[kind];
		if (r == NULL || r->found || r->placeholder)
			continue;
		json_t *row = json_object();
		json_object_set_new(row, "kind", json_string(r->kind));
		json_object_set_new(row, "value", json_string(r->value));
		json_object_set_new(row, "customer_id", json_string(f->customer_id));
		json_array_append_new(rows, row);
	}
	bool any = json_array_size(rows) > 0;
	if (any)
		fact_write(f, Q_IDENTITY_INSERT, rows);
	json_decref(rows);
	return any;
}

void customer_guard(struct fact *f)
{
	json_t *row = json_object();
	json_object_set_new(row, "customer_id", json_string(f->customer_id));
	fact_write(f, Q_CUSTOMER_GUARD, row);
	json_decref(row);
}

bool customer_erased(const struct reference *about)
{
	char why[128];
	json_t *detail = json_read(about->detail, strlen(about->detail), why, sizeof why);
	bool erased = json_is_true(json_object_get(detail, "erased"));
	json_decref(detail);
	return erased;
}

void customer_behind(struct fact *f, const struct reference *about, const char *const *words)
{
	snprintf(f->customer_id, sizeof f->customer_id, "%s", about->customer_id);
	if (!customer_erased(about)) {
		customer_guard(f);
		return;
	}
	for (size_t i = 0; words[i] != NULL; i++)
		json_object_del(f->input, words[i]);
}

void customer_write_consents(struct fact *f, const json_t *doc)
{
	if (json_object_size(json_object_get(doc, "consents")) > 0)
		fact_write(f, Q_CUSTOMER_CONSENT_RECORD, doc);
}

static const char *referrer_id(const struct fact *f)
{
	return f->referrer != NULL && f->referrer->found ? f->referrer->id : NULL;
}

static void create(struct fact *f, const json_t *profile)
{
	struct facts *facts = f->facts;
	uuid7_next(facts->api->ids, facts->now_us, f->customer_id);
	json_t *doc = customer_document(profile, f->customer_id, referrer_id(f), facts->now_us);
	fact_write(f, Q_CUSTOMER_INSERT, doc);
	fact_write(f, Q_CUSTOMER_PROFILE_INSERT, doc);
	customer_write_consents(f, doc);
	json_decref(doc);
	customer_write_identities(f);
}

/* A known customer shows an identity that it did not have: its profile gets it where it is empty. */
static void extend(struct fact *f, const json_t *profile)
{
	static const char *const shown[] = {"external_id", "visitor_id", "email", NULL};
	if (!customer_write_identities(f))
		return;
	customer_guard(f);
	json_t *row = json_object();
	json_object_set_new(row, "id", json_string(f->customer_id));
	document_copy(row, profile, shown);
	fact_write(f, Q_CUSTOMER_PROFILE_ADOPT, row);
	json_decref(row);
}

bool customer_is_other(const struct reference *const refs[IDENTITY_KINDS], const struct reference *r)
{
	const struct reference *account = refs[EXTERNAL];
	if (account == NULL || account->value == NULL || r->detail == NULL)
		return false;
	return !account->found || strcmp(account->person_id, r->person_id) != 0;
}

size_t customer_links(const struct reference *const refs[IDENTITY_KINDS], const char *person_id,
		      struct link links[LINKS_MAX])
{
	size_t count = 0;
	for (size_t kind = 0; kind < IDENTITY_KINDS && count < LINKS_MAX; kind++) {
		const struct reference *r = refs[kind];
		if (r == NULL || !r->found || r->detail != NULL || strcmp(r->person_id, r->id) != 0 ||
		    strcmp(r->person_id, person_id) == 0 ||
		    (count > 0 && strcmp(links[0].customer_id, r->id) == 0))
			continue;
		links[count] = (struct link){.kind = r->kind, .value = r->value};
		memcpy(links[count].customer_id, r->id, sizeof links[count].customer_id);
		snprintf(links[count].person_id, sizeof links[count].person_id, "%s", person_id);
		count++;
	}
	return count;
}

static void write_for_fact(void *cls, enum query query, const json_t *rows)
{
	fact_write(cls, query, rows);
}

void customer_write_links(struct fact *f, const char *person_id)
{
	struct link links[LINKS_MAX] = {0};
	size_t count = customer_links((const struct reference *const *)f->customer, person_id, links);
	link_write(write_for_fact, f, count, links, f->facts->now_us);
}

/* Who has the identities of f. NULL: nobody, or nobody that an external id leaves possible. */
static const struct reference *owner(const struct fact *f)
{
	for (size_t kind = 0; kind < IDENTITY_KINDS; kind++) {
		const struct reference *r = f->customer[kind];
		if (r != NULL && r->found &&
		    !customer_is_other((const struct reference *const *)f->customer, r))
			return r;
	}
	return NULL;
}

/*
 * The fact is here already, and nobody can be found by the names that it gives: they stand for nobody, or whom they stood
 * for was erased. Then it is still whose it was.
 */
static bool is_forgotten(const struct fact *f)
{
	bool nameless = true;
	if (f->own == NULL || !f->own->found || f->own->customer_id == NULL)
		return false;
	for (size_t kind = 0; kind < IDENTITY_KINDS; kind++)
		nameless &= f->customer[kind] == NULL || f->customer[kind]->placeholder;
	return nameless || f->own->detail != NULL;
}

enum problem customer_resolve(struct fact *f)
{
	const json_t *customer = json_object_get(f->input, "customer");
	if (f->referrer != NULL && !f->referrer->found)
		return fact_problem(f, PROBLEM_unknown_reference, "/customer/referred_by", "unknown",
				    "there is no such customer");
	const struct reference *known = json_is_object(customer) ? owner(f) : f->customer[0];
	if (!json_is_object(customer) && (known == NULL || !known->found))
		return fact_problem(f, PROBLEM_unknown_reference, "/customer", "unknown",
				    "there is no such customer; an object creates one");
	if (known == NULL && is_forgotten(f)) {
		snprintf(f->customer_id, sizeof f->customer_id, "%s", f->own->customer_id);
		return PROBLEM_NONE;
	}
	if (known == NULL) {
		create(f, customer);
		return PROBLEM_NONE;
	}
	memcpy(f->customer_id, known->id, sizeof f->customer_id);
	f->names_customer = true;
	if (json_is_object(customer)) {
		extend(f, customer);
		customer_write_links(f, known->person_id);
	}
	return PROBLEM_NONE;
}

void customer_anonymous(struct fact *f)
{
	struct facts *facts = f->facts;
	json_t *row = json_object();
	uuid7_next(facts->api->ids, facts->now_us, f->customer_id);
	json_object_set_new(row, "id", json_string(f->customer_id));
	json_object_set_new(row, "anonymous", json_true());
	json_object_set_new(row, "version", json_integer(1));
	document_instant(row, "created_at", facts->now_us);
	document_instant(row, "updated_at", facts->now_us);
	fact_write(f, Q_CUSTOMER_INSERT, row);
	json_decref(row);
}
