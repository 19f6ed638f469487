#include "change.h"

#include <stdlib.h>
#include <string.h>

#include "ciclo/base/time.h"
#include "ciclo/contract/json.h"
#include "handlers.h"
#include "row.h"

enum { COLUMN_VERSION = 1, COLUMN_DOCUMENT = 2 };

static void try_once(struct change *c);

static void change_free(struct change *c)
{
	violations_release(&c->violations);
	lookup_release(&c->lookup);
	json_decref(c->current);
	json_decref(c->document);
	free(c);
}

struct reference *change_refer(struct change *c, struct reference r)
{
	if (c->ref_count == CHANGE_REFS_MAX)
		return NULL;
	c->refs[c->ref_count] = r;
	return &c->refs[c->ref_count++];
}

void change_write(struct change *c, enum query query, const json_t *rows)
{
	struct segment *s = &c->segment;
	const char *text = document_rows(query, rows, call_arena(c->call));
	if (text != NULL && s->write_count < SEGMENT_WRITES_MAX)
		s->writes[s->write_count++] = (struct segment_write){query, text};
	else
		c->failed = true;
}

enum problem change_problem(struct change *c, enum problem problem, const char *where, const char *code,
			    const char *detail)
{
	violation_add(&c->violations, IN_BODY, where, code, "%s", detail);
	return problem;
}

json_t *change_next_version(struct change *c)
{
	json_t *doc = c->document = json_copy(c->current);
	json_object_set_new(doc, "version", json_integer(document_int(doc, "version", 0) + 1));
	document_instant(doc, "updated_at", c->now_us);
	return doc;
}

enum problem change_end(struct change *c, const char *start, const char *end)
{
	char pointer[64];
	char detail[128];
	int64_t started = INT64_MIN;
	int64_t ended = 0;
	json_t *doc = change_next_version(c);
	bool given = document_instant_from(doc, end, call_body(c->call), c->now_us);
	const json_t *before = json_object_get(c->current, end);

	snprintf(pointer, sizeof pointer, "/%s", end);
	if (json_is_string(before)) {
		if (!given || json_equal(before, json_object_get(doc, end)))
			return PROBLEM_NONE;
		return change_problem(c, PROBLEM_fact_conflict, pointer, "conflict",
				      "it has ended before, at another time");
	}
	if (document_instant_read(c->current, start, &started) && document_instant_read(doc, end, &ended) &&
	    ended < started) {
		snprintf(detail, sizeof detail, "must not be before %s", start);
		return change_problem(c, PROBLEM_validation_failed, pointer, "range", detail);
	}
	return PROBLEM_NONE;
}

static void answer_document(struct change *c, json_t *doc)
{
	json_t *version = json_object_get(doc, "version");
	const char *id = json_string_value(json_object_get(doc, "id"));
	if (id == NULL)
		id = json_string_value(json_object_get(doc, "name"));
	if (c->status == 201)
		call_add_header(c->call, "Location", "%s%s", c->kind->location, id);
	if (c->kind->answer != NULL) {
		c->kind->answer(c->api, c->call, arena_strndup(call_arena(c->call), id, strlen(id)),
				c->status);
		return;
	}
	if (json_is_integer(version))
		call_add_header(c->call, "ETag", "\"%" JSON_INTEGER_FORMAT "\"", json_integer_value(version));
	call_reply(c->call, c->status, json_incref(doc));
}

/* With what was read in the transaction of the writes. */
static void answer_read(struct change *c, const struct db_answer *answer)
{
	json_decref(c->document);
	c->document = row_read(answer, COLUMN_DOCUMENT);
	if (c->document != NULL)
		answer_document(c, c->document);
	else
		call_out_of_memory(c->call);
}

/* Somebody else was faster: try again, unless the client has named the version that it wants to change. */
static bool try_again(struct change *c, const char *sqlstate)
{
	static const char *const races[] = {"CI409", "23505", "23503", "40001", "40P01"};
	if (c->if_match != NULL || c->tries >= CHANGE_TRIES_MAX)
		return false;
	for (size_t i = 0; i < COUNTOF(races); i++)
		if (strcmp(sqlstate, races[i]) == 0)
			return true;
	return false;
}

static void rejected(struct change *c, const struct db_answer *answer)
{
	const char *sqlstate = db_sqlstate(answer);
	if (strcmp(sqlstate, "CI422") == 0) {
		change_problem(c, PROBLEM_validation_failed, "/time_zone", "unknown",
			       "is not a known time zone");
		call_problem(c->call, PROBLEM_validation_failed, &c->violations,
			     "see errors; nothing was stored");
	} else if (strcmp(sqlstate, "CI409") == 0 && c->if_match != NULL) {
		call_problem(c->call, PROBLEM_precondition_failed, NULL, "it has been changed since");
	} else if (strcmp(sqlstate, "CI409") == 0 || strncmp(sqlstate, "23", 2) == 0) {
		call_problem(c->call, PROBLEM_write_conflict, NULL,
			     "other requests keep changing it; try again");
	} else {
		call_db_problem(c->call, answer);
	}
}

static void written(void *cls, const struct db_answer *answer)
{
	struct change *c = cls;
	if (db_status(answer) == DB_REJECTED && try_again(c, db_sqlstate(answer))) {
		try_once(c);
		return;
	}
	if (db_status(answer) == DB_REJECTED) {
		rejected(c, answer);
	} else if (db_status(answer) != DB_OK) {
		call_db_problem(c->call, answer);
	} else if (c->segment.read_count > 0) {
		answer_read(c, answer);
	} else {
		answer_document(c, c->document);
	}
	change_free(c);
}

static void write_idempotency(struct change *c)
{
	if (!c->idempotency.used || c->document == NULL)
		return;
	char *answer = json_write(c->document);
	const char *row = answer != NULL ? idempotency_row(&c->idempotency, c->call, c->status, answer,
							   c->segment.lock_key)
					 : NULL;
	free(answer);
	if (row != NULL && c->segment.write_count < SEGMENT_WRITES_MAX)
		c->segment.writes[c->segment.write_count++] =
			(struct segment_write){Q_IDEMPOTENCY_INSERT, row};
	else
		c->failed = true;
}

/* What is derived of the customer has to be made again. */
static void write_changed(struct change *c)
{
	if (c->segment.lock_key == NULL)
		return;
	json_t *row = json_object();
	json_object_set_new(row, "customer_id", json_string(c->segment.lock_key));
	change_write(c, Q_CHANGED_CUSTOMER_INSERT, row);
	json_decref(row);
}

static void submit(struct change *c)
{
	struct segment *s = &c->segment;
	write_idempotency(c);
	write_changed(c);
	if (c->failed) {
		call_problem(c->call, PROBLEM_internal_error, NULL, "nothing was stored");
		change_free(c);
		return;
	}
	s->lane = LANE_WRITE;
	s->deadline_ms = call_deadline_ms(c->call);
	s->done = written;
	s->cls = c;
	call_submit(c->call, c->api->db, s);
}

/* If-Match: `*` or a list of strong tags (RFC 9110 §13.1.1). */
static bool if_match(struct change *c)
{
	const char *field = c->if_match;
	char tag[32];
	if (field == NULL)
		return true;
	if (c->current == NULL)
		return false;
	/* Behind a dot stands what changes without a write of the thing itself (a customer's stage); that is no conflict. */
	int len = snprintf(tag, sizeof tag, "\"%" JSON_INTEGER_FORMAT "\"",
			   json_integer_value(json_object_get(c->current, "version")));
	if (strcmp(field, "*") == 0 || strstr(field, tag) != NULL)
		return true;
	tag[len - 1] = '.';
	return strstr(field, tag) != NULL;
}

/* All is known. true: answered, or under way with nothing left to do here. */
static enum problem settle(struct change *c, bool erased)
{
	if (erased)
		return PROBLEM_erased;
	if (c->current == NULL && !c->kind->creates)
		return PROBLEM_not_found;
	if (!if_match(c))
		return PROBLEM_precondition_failed;
	c->status = 200;
	c->segment = (struct segment){0};
	return c->kind->apply(c);
}

static const char *advice(enum problem problem)
{
	if (problem == PROBLEM_not_found)
		return "nothing here has this reference";
	if (problem == PROBLEM_erased)
		return "whom this id stood for was erased";
	return "see errors; nothing was stored";
}

static void known(void *cls, const struct db_answer *answer)
{
	struct change *c = cls;
	if (db_status(answer) != DB_OK) {
		call_db_problem(c->call, answer);
	} else if (!lookup_answer(&c->lookup, answer)) {
		call_out_of_memory(c->call);
	} else if (!idempotency_replay(&c->idempotency, c->call, answer)) {
		c->current = row_read(answer, COLUMN_DOCUMENT);
		bool erased = db_rows(answer, 0) > 0 && db_cell(answer, 0, 0, COLUMN_DOCUMENT) == NULL;
		enum problem problem = settle(c, erased);
		if (problem == PROBLEM_NONE && c->segment.write_count > 0) {
			submit(c);
			return;
		}
		if (problem == PROBLEM_NONE)
			answer_document(c, c->current);
		else
			call_problem(c->call, problem, &c->violations, "%s", advice(problem));
	}
	change_free(c);
}

static void try_once(struct change *c)
{
	struct segment *s = &c->segment;
	c->tries++;
	violations_release(&c->violations);
	lookup_release(&c->lookup);
	json_decref(c->current);
	json_decref(c->document);
	c->current = c->document = NULL;
	*s = (struct segment){
		.lane = LANE_READ, .deadline_ms = call_deadline_ms(c->call), .done = known, .cls = c};
	c->kind->read(c);
	idempotency_read(&c->idempotency, s);
	bool ok = lookup_init(&c->lookup, CHANGE_REFS_MAX, call_arena(c->call));
	for (size_t i = 0; ok && i < c->ref_count; i++)
		lookup_add(&c->lookup, &c->refs[i]);
	if (!ok || !lookup_reads(&c->lookup, s)) {
		call_out_of_memory(c->call);
		change_free(c);
		return;
	}
	db_submit(c->api->db, s);
}

void change_run(struct api *api, struct call *call, const struct change_kind *kind)
{
	struct change *c = calloc(1, sizeof *c);
	if (c == NULL) {
		call_out_of_memory(call);
		return;
	}
	*c = (struct change){.api = api,
			     .call = call,
			     .kind = kind,
			     .now_us = clock_now_us(),
			     .if_match = call_header(call, "If-Match")};
	if (strcmp(call_operation(call)->method, "POST") == 0)
		idempotency_init(&c->idempotency, call);
	if (kind->refer != NULL)
		kind->refer(c);
	try_once(c);
}
