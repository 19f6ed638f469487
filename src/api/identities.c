/*
 * /v1/customers/{ref}/identities: an identity turns out to be this customer. Whoever was known by it before, with all facts,
 * is part of the customer from then on, and is let go again when the link is taken away. An identity that nobody had
 * gets a customer row of its own, so that it, too, can be taken away with the facts that came in under it.
 */
#include <string.h>

#include "change.h"
#include "customer.h"
#include "handlers.h"
#include "report.h"

/* The contract knows an address by its name, and here it is the `value` of a `kind`. */
static bool identity_valid(const char *kind, const char *value)
{
	return strcmp(kind, "email") != 0 || email_valid(value, strlen(value));
}

/* The identity as the body has it: {kind, value}. */
static void refer_body(struct change *c)
{
	struct reference r;
	const json_t *body = call_body(c->call);
	const char *text =
		arena_printf(call_arena(c->call), "%s:%s", json_string_value(json_object_get(body, "kind")),
			     json_string_value(json_object_get(body, "value")));
	if (text != NULL && reference_customer(&r, text, call_arena(c->call)) != NULL)
		change_refer(c, r);
}

static void refer_path(struct change *c)
{
	struct reference r;
	if (reference_customer(&r, call_param(c->call, "identity"), call_arena(c->call)) != NULL)
		change_refer(c, r);
}

static void write_for_change(void *cls, enum query query, const json_t *rows)
{
	change_write(cls, query, rows);
}

/* A row of its own for an identity that nobody has had. */
static void create_customer(struct change *c, const struct reference *r, char ret_id[UUID_TEXT])
{
	json_t *profile = json_object(), *identity;
	uuid7_next(c->api->ids, c->now_us, ret_id);
	for (size_t kind = 0; kind < IDENTITY_KINDS; kind++)
		if (strcmp(r->kind, identity_kinds[kind].kind) == 0)
			json_object_set_new(profile, identity_kinds[kind].member, json_string(r->value));
	json_t *doc = customer_document(profile, ret_id, NULL, c->now_us);
	identity = json_pack("{s:s, s:s, s:s}", "kind", r->kind, "value", r->value, "customer_id", ret_id);
	change_write(c, Q_CUSTOMER_INSERT, doc);
	change_write(c, Q_CUSTOMER_PROFILE_INSERT, doc);
	change_write(c, Q_IDENTITY_INSERT, identity);
	json_decref(identity);
	json_decref(doc);
	json_decref(profile);
}

/* An Idempotency-Key keeps this document, and goes with this customer alone: nobody else may be named in it. */
static void forget_linked(json_t *doc)
{
	json_t *own = json_array(), *identity;
	size_t i;
	json_array_foreach(json_object_get(doc, "identities"), i, identity)
	{
		if (!json_is_true(json_object_get(identity, "linked")))
			json_array_append(own, identity);
	}
	json_object_set_new(doc, "identities", own);
}

static enum problem apply_link(struct change *c)
{
	const struct reference *r = &c->refs[0];
	const char *person = json_string_value(json_object_get(c->current, "id"));
	struct link link = {.kind = r->kind, .value = r->value};

	if (c->ref_count == 0)
		return PROBLEM_internal_error;
	if (r->placeholder)
		return change_problem(c, PROBLEM_validation_failed, "/value", "placeholder",
				      "stands for nobody, by the settings");
	if (!identity_valid(r->kind, r->value))
		return change_problem(c, PROBLEM_validation_failed, "/value", "format",
				      "must be an e-mail address");
	if (r->found && strcmp(r->person_id, person) == 0)
		return PROBLEM_NONE;
	c->document = json_copy(c->current);
	forget_linked(c->document);
	if (r->found)
		memcpy(link.customer_id, r->person_id, sizeof link.customer_id);
	else
		create_customer(c, r, link.customer_id);
	snprintf(link.person_id, sizeof link.person_id, "%s", person);
	c->segment.lock_key = json_string_value(json_object_get(c->document, "id"));
	link_write(write_for_change, c, 1, &link, c->now_us);
	return PROBLEM_NONE;
}

static enum problem apply_unlink(struct change *c)
{
	const struct reference *r = &c->refs[0];
	const char *person = json_string_value(json_object_get(c->current, "id"));
	struct link link = {.kind = r->kind, .value = r->value};

	if (c->ref_count == 0)
		return PROBLEM_internal_error;
	if (!r->found || strcmp(r->person_id, person) != 0)
		return PROBLEM_not_found;
	if (strcmp(r->id, person) == 0)
		return change_problem(
			c, PROBLEM_invalid_state, "", "own",
			"is the customer's own identity, not a linked one; PATCH the customer to "
			"take it away");
	c->document = json_copy(c->current);
	memcpy(link.customer_id, r->id, sizeof link.customer_id);
	snprintf(link.person_id, sizeof link.person_id, "%s", person);
	c->segment.lock_key = json_string_value(json_object_get(c->document, "id"));
	link_remove(write_for_change, c, &link, c->now_us);
	return PROBLEM_NONE;
}

void identity_link(struct api *api, struct call *call)
{
	static const struct change_kind kind = {.read = customer_read,
						.refer = refer_body,
						.apply = apply_link,
						.answer = customer_answer_id};
	change_run(api, call, &kind);
}

void identity_unlink(struct api *api, struct call *call)
{
	static const struct change_kind kind = {.read = customer_read,
						.refer = refer_path,
						.apply = apply_unlink,
						.answer = customer_answer_id};
	change_run(api, call, &kind);
}

/* ---- preview ------------------------------------------------------------------------------------ */

struct preview {
	struct call *call;
	struct segment segment;
};

static void previewed(void *cls, const struct db_answer *answer)
{
	struct preview *p = cls;
	const char *text = db_status(answer) == DB_OK ? db_cell(answer, 0, 0, 0) : NULL;
	if (db_status(answer) != DB_OK)
		call_db_problem(p->call, answer);
	else if (db_rows(answer, 0) == 0)
		call_problem(p->call, PROBLEM_not_found, NULL, "nothing here has this reference");
	else if (text == NULL)
		call_problem(p->call, PROBLEM_erased, NULL, "whom this id stood for was erased");
	else
		call_reply_text(p->call, 200, "application/json", text, db_cell_length(answer, 0, 0, 0));
}

void identity_preview(struct api *api, struct call *call)
{
	struct preview *p = arena_alloc(call_arena(call), sizeof *p);
	const char *kind = call_param(call, "kind");
	const char *value = call_param(call, "value");
	const char *args[3];
	if (p != NULL && strcmp(kind, "email") == 0)
		value = email_normal(value, call_arena(call));
	if (p == NULL || value == NULL || !customer_args(call, args)) {
		call_out_of_memory(call);
		return;
	}
	if (!identity_valid(kind, value)) {
		refuse_parameter(call, "value", "format", "must be an e-mail address");
		return;
	}
	p->call = call;
	/* It tries the link in the database and takes it back, so it writes. */
	p->segment = (struct segment){.lane = LANE_DERIVE,
				      .deadline_ms = call_deadline_ms(call),
				      .done = previewed,
				      .cls = p,
				      .read_count = 1};
	p->segment.reads[0] = (struct segment_read){.query = Q_IDENTITY_PREVIEW,
						    .arg_count = 5,
						    .args = {args[0], args[1], args[2], kind, value}};
	db_submit(api->db, &p->segment);
}
