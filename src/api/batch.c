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
/* Of each item a list of as many violations as one request may have, which is far less. */
enum { RESULTS_TEXT_MAX = 256 << 20 };

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
		char *pointer = violation_pointer(v);
		json_object_set_new(error, "pointer", json_string(pointer));
		json_object_set_new(error, "code", json_string(v->code));
		json_object_set_new(error, "detail", json_string(v->detail));
		json_array_append_new(errors, error);
		free(pointer);
	}
	if (json_array_size(errors) > 0)
		json_object_set(problem, "errors", errors);
	json_decref(errors);
	return problem;
}

static void add_result(struct buf *out, const struct fact *f, size_t index)
{
	static const int status[] = {[FACT_CREATED] = 201, [FACT_UNCHANGED] = 200};
	buf_adds(out, index > 0 ? ",{\"index\":" : "{\"index\":");
	buf_int(out, (int64_t)index);
	buf_adds(out, ",\"status\":");
	if (f->state == FACT_FAILED) {
		json_t *problem = item_problem(f);
		char *text = json_write(problem);
		buf_int(out, problem_status(f->problem));
		buf_adds(out, ",\"problem\":");
		out->failed |= text == NULL;
		buf_adds(out, text != NULL ? text : "");
		free(text);
		json_decref(problem);
	} else {
		buf_int(out, status[f->state]);
		buf_adds(out, ",\"id\":");
		buf_json_string(out, f->id, strlen(f->id));
	}
	buf_addc(out, '}');
}

/* Why an item is not there although its content is good; PROBLEM_NONE: no such item. */
static enum problem failure(const struct facts *facts)
{
	for (size_t i = 0; i < facts->count; i++) {
		const struct fact *f = fact_at(facts, i);
		if (f->state == FACT_FAILED && problem_status(f->problem) >= 500)
			return f->problem;
	}
	return facts->cut_off;
}

static size_t count_state(const struct facts *facts, enum fact_state state)
{
	size_t count = 0;
	for (size_t i = 0; i < facts->count; i++)
		count += fact_at(facts, i)->state == state;
	return count;
}

static void batch_reply(struct facts *facts)
{
	call_reply_text(facts->call, 200, "application/json", facts->results.data, facts->results.len);
	facts_free(facts);
}

/* Whether or not the answer is kept under the Idempotency-Key now, every fact is stored, and known by its natural key if the
 * batch comes again. The answer has ids and the places of faults, and no value that was sent. */
static void batch_stored(void *cls, const struct db_answer *answer)
{
	(void)answer;
	batch_reply(cls);
}

static void batch_store(struct facts *facts)
{
	struct segment *s = &facts->segment;
	const char *row = idempotency_row(&facts->idempotency, facts->call, 200, facts->results.data, NULL);
	if (row == NULL) {
		call_out_of_memory(facts->call);
		facts_free(facts);
		return;
	}
	*s = (struct segment){.lane = LANE_BULK,
			      .deadline_ms = call_deadline_ms(facts->call),
			      .done = batch_stored,
			      .cls = facts,
			      .write_count = 1,
			      .writes = {{Q_IDEMPOTENCY_INSERT, row}}};
	call_submit(facts->call, facts->api->db, s);
}

static void batch_answer(struct facts *facts)
{
	buf_adds(&facts->results, "]}");
	if (facts->results.failed) {
		call_out_of_memory(facts->call);
		facts_free(facts);
		return;
	}
	/* As with single facts only a success is kept: a bad item may be sent again when its cause is gone, and the good ones
	 * beside it are known by their natural keys then. */
	if (facts->idempotency.used && facts->failed == 0)
		batch_store(facts);
	else
		batch_reply(facts);
}

/* One result a step; what the item held goes with it, so that no long clearing up is left for the end. */
static bool result_step(void *cls)
{
	struct facts *facts = cls;
	struct fact *f = fact_at(facts, facts->next);
	add_result(&facts->results, f, facts->next);
	fact_release(f);
	if (++facts->next < facts->count)
		return true;
	batch_answer(facts);
	return false;
}

static void batch_finish(struct facts *facts)
{
	enum problem problem = failure(facts);
	if (problem != PROBLEM_NONE) {
		/* The client cannot know which items are in, and need not: sending the batch again settles it. */
		call_problem(facts->call, problem, NULL,
			     "the batch was cut off; items with an external_id, or all under an "
			     "Idempotency-Key, can "
			     "be sent again safely");
		facts_free(facts);
		return;
	}
	facts->failed = count_state(facts, FACT_FAILED);
	buf_init(&facts->results, RESULTS_TEXT_MAX);
	buf_printf(&facts->results, "{\"created\":%zu,\"unchanged\":%zu,\"failed\":%zu,\"results\":[",
		   count_state(facts, FACT_CREATED), count_state(facts, FACT_UNCHANGED), facts->failed);
	facts_walk(facts, 0, result_step);
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
static void item_line(struct fact *f, const char *line, size_t len)
{
	char why[160];
	json_t *value = json_read(line, len, why, sizeof why);
	if (value == NULL) {
		f->state = FACT_FAILED;
		f->problem = fact_problem(f, PROBLEM_invalid_json, "", "syntax", "%s", why);
		return;
	}
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

/* The next line that says something; there is one, they were counted. */
static void take_line(struct fact *f)
{
	struct facts *facts = f->facts;
	const char *line;
	size_t len;
	do {
		line = facts->rest;
		const char *stop = memchr(line, '\n', (size_t)(facts->end - line));
		len = (size_t)((stop != NULL ? stop : facts->end) - line);
		facts->rest = line + len + 1;
	} while (is_blank(line, len));
	item_line(f, line, len);
}

static void take_element(struct fact *f)
{
	f->input = json_array_get(call_body(f->facts->call), f->index);
	item_check(f);
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
	facts->owns_inputs = array == NULL;
	facts->take = array != NULL ? take_element : take_line;
	facts_run(facts);
}
