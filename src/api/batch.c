/*
 * Batches: many facts in one request, as a JSON array or as NDJSON (one JSON text a line).
 * Each item is valid or not by itself; bad ones are reported at their index, good ones are kept.
 */
#include <stdlib.h>
#include <string.h>

#include "ciclo/contract/json.h"
#include "fact.h"
#include "handlers.h"

/* More than any shop's tool sends at once, few enough that one answer stays readable. */
enum { BATCH_ITEMS_MAX = 10000 };

static json_t *item_problem(const struct fact *f)
{
	json_t *problem = json_object();
	json_object_set_new(problem, "type", json_sprintf("/problems/%s", problem_slug(f->problem)));
	json_object_set_new(problem, "title", json_string(problem_title(f->problem)));
	json_object_set_new(problem, "status", json_integer(problem_status(f->problem)));
	json_object_set_new(problem, "detail", json_string(fact_advice(f->problem)));
	json_object_set_new(problem, "code", json_string(problem_slug(f->problem)));
	json_t *errors = json_array();
	for (size_t i = 0; f->violations != NULL && i < f->violations->count; i++) {
		const struct violation *v = &f->violations->item[i];
		json_t *error = json_object();
		json_object_set_new(error, "pointer", json_sprintf("#%s", v->where));
		json_object_set_new(error, "code", json_string(v->code));
		json_object_set_new(error, "detail", json_string(v->detail));
		json_array_append_new(errors, error);
	}
	if (json_array_size(errors) > 0)
		json_object_set(problem, "errors", errors);
	json_decref(errors);
	return problem;
}

static json_t *item_result(const struct fact *f, size_t index)
{
	static const int status[] = {[FACT_CREATED] = 201, [FACT_UNCHANGED] = 200};
	json_t *result = json_object();
	json_object_set_new(result, "index", json_integer((json_int_t)index));
	if (f->state == FACT_FAILED) {
		json_object_set_new(result, "status", json_integer(problem_status(f->problem)));
		json_object_set_new(result, "problem", item_problem(f));
	} else {
		json_object_set_new(result, "status", json_integer(status[f->state]));
		json_object_set_new(result, "id", json_string(f->id));
	}
	return result;
}

/* Takes the results. */
static json_t *batch_document(struct facts *facts)
{
	json_int_t counts[FACT_FAILED + 1] = {0};
	for (size_t i = 0; i < facts->count; i++)
		counts[facts->item[i].state]++;
	json_t *doc = json_object();
	json_object_set_new(doc, "created", json_integer(counts[FACT_CREATED]));
	json_object_set_new(doc, "unchanged", json_integer(counts[FACT_UNCHANGED]));
	json_object_set_new(doc, "failed", json_integer(counts[FACT_FAILED]));
	json_object_set_new(doc, "results", facts->results);
	facts->results = NULL;
	return doc;
}

/* The first item that failed because the database did, not because of its content. */
static const struct fact *database_failure(const struct facts *facts)
{
	for (size_t i = 0; i < facts->count; i++) {
		const struct fact *f = &facts->item[i];
		if (f->state == FACT_FAILED && problem_status(f->problem) >= 500)
			return f;
	}
	return NULL;
}

/* The answer under the Idempotency-Key is stored; whether or not that worked, every fact is. It has ids and the places of
 * faults, and no value that was sent. */
static void batch_stored(void *cls, const struct db_answer *answer)
{
	struct facts *facts = cls;
	if (db_status(answer) == DB_OK || db_status(answer) == DB_REJECTED)
		call_reply(facts->call, 200, json_incref(facts->item[0].document));
	else
		call_db_problem(facts->call, answer);
	facts_free(facts);
}

static void batch_store(struct facts *facts, json_t *doc)
{
	struct segment *s = &facts->segment;
	char *text = json_write(doc);
	const char *row =
		text != NULL ? idempotency_row(&facts->idempotency, facts->call, 200, text, NULL) : NULL;
	free(text);
	json_decref(facts->item[0].document);
	facts->item[0].document = doc;
	if (row == NULL) {
		call_problem(facts->call, PROBLEM_internal_error, NULL, "out of memory");
		facts_free(facts);
		return;
	}
	*s = (struct segment){.lane = LANE_BULK,
			      .deadline_ms = call_deadline_ms(facts->call),
			      .done = batch_stored,
			      .cls = facts,
			      .write_count = 1,
			      .writes = {{Q_IDEMPOTENCY_INSERT, row}}};
	db_submit(facts->api->db, s);
}

static void batch_answer(struct facts *facts)
{
	json_t *doc = batch_document(facts);
	/* As with single facts only a success is kept: a bad item may be sent again when its cause is gone, and the good ones
	 * beside it are known by their natural keys then. */
	if (facts->idempotency.used && json_integer_value(json_object_get(doc, "failed")) == 0) {
		batch_store(facts, doc);
		return;
	}
	call_reply(facts->call, 200, doc);
	facts_free(facts);
}

static bool result_step(void *cls)
{
	struct facts *facts = cls;
	if (facts->next == facts->count) {
		batch_answer(facts);
		return false;
	}
	json_array_append_new(facts->results, item_result(&facts->item[facts->next], facts->next));
	facts->next++;
	return true;
}

static void batch_finish(struct facts *facts)
{
	const struct fact *failure = database_failure(facts);
	if (failure != NULL) {
		/* The client cannot know which items are in, and need not: sending the batch again settles it. */
		call_problem(facts->call, failure->problem, NULL,
			     "the batch was cut off; items with an external_id, or all under an "
			     "Idempotency-Key, can "
			     "be sent again safely");
		facts_free(facts);
		return;
	}
	facts->results = json_array();
	facts_walk(facts, result_step);
}

static void item_check(struct fact *f)
{
	struct violations v = {0};
	schema_validate(call_operation(f->facts->call)->item, f->input, "", &v);
	if (v.total == 0)
		return;
	f->state = FACT_FAILED;
	f->problem = fact_refuse(f, PROBLEM_validation_failed, &v);
}

/* One line of NDJSON, which may be no JSON at all. */
static void item_line(struct fact *f, json_t *lines, const char *line, size_t len)
{
	char why[160];
	json_t *value = json_read(line, len, why, sizeof why);
	if (value == NULL) {
		f->state = FACT_FAILED;
		f->problem = fact_problem(f, PROBLEM_invalid_json, "", "syntax", "%s", why);
		return;
	}
	json_array_append_new(lines, value);
	f->input = value;
	item_check(f);
}

static bool is_blank(const char *line, size_t len)
{
	return strspn(line, " \t\r") >= len;
}

static size_t count_lines(const char *text, size_t len)
{
	size_t count = 0;
	for (const char *line = text, *end = text + len; line < end;) {
		const char *stop = memchr(line, '\n', (size_t)(end - line));
		size_t line_len = (size_t)((stop != NULL ? stop : end) - line);
		count += !is_blank(line, line_len);
		line += line_len + 1;
	}
	return count;
}

static bool line_step(void *cls)
{
	struct facts *facts = cls;
	const char *line = facts->rest;
	if (line >= facts->end) {
		facts_run(facts);
		return false;
	}
	const char *stop = memchr(line, '\n', (size_t)(facts->end - line));
	size_t len = (size_t)((stop != NULL ? stop : facts->end) - line);
	if (!is_blank(line, len))
		item_line(&facts->item[facts->next++], facts->inputs, line, len);
	facts->rest = line + len + 1;
	return true;
}

static bool array_step(void *cls)
{
	struct facts *facts = cls;
	if (facts->next == facts->count) {
		facts_run(facts);
		return false;
	}
	struct fact *f = &facts->item[facts->next];
	f->input = json_array_get(call_body(facts->call), facts->next++);
	item_check(f);
	return true;
}

void fact_batch(struct api *api, struct call *call, const struct fact_kind *kind)
{
	size_t len;
	const char *text = call_raw_body(call, &len);
	json_t *array = call_body(call);
	size_t count = array != NULL ? json_array_size(array) : count_lines(text, len);

	if ((array != NULL && !json_is_array(array)) || count == 0 || count > BATCH_ITEMS_MAX) {
		struct violations v = {0};
		violation_add(&v, IN_BODY, "", "items",
			      "must be 1 to %d items, as a JSON array or one a line", BATCH_ITEMS_MAX);
		call_problem(call, PROBLEM_validation_failed, &v, "not a batch");
		violations_release(&v);
		return;
	}
	struct facts *facts = facts_new(api, call, kind, count);
	if (facts == NULL)
		return;
	facts->batch = true;
	facts->finish = batch_finish;
	facts->rest = text;
	facts->end = text + len;
	facts->inputs = array == NULL ? json_array() : NULL;
	facts_walk(facts, array != NULL ? array_step : line_step);
}
