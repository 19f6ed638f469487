#include "fact.h"

#include <stdlib.h>
#include <string.h>

#include "ciclo/base/time.h"
#include "ciclo/contract/json.h"
#include "handlers.h"
#include "resource.h"

static void round_start(struct facts *facts);

void facts_free(struct facts *facts)
{
	for (size_t i = 0; i < facts->count; i++) {
		json_decref(facts->item[i].document);
		if (facts->item[i].violations != NULL)
			violations_release(facts->item[i].violations);
	}
	lookup_release(&facts->lookup);
	json_decref(facts->claimed);
	json_decref(facts->results);
	json_decref(facts->inputs);
	free(facts->item);
	free(facts);
}

struct facts *facts_new(struct api *api, struct call *call, const struct fact_kind *kind, size_t count)
{
	struct facts *facts = calloc(1, sizeof *facts);
	struct fact *item = calloc(count > 0 ? count : 1, sizeof *item);
	if (facts == NULL || item == NULL) {
		free(facts);
		free(item);
		call_problem(call, PROBLEM_internal_error, NULL, "out of memory");
		return NULL;
	}
	*facts = (struct facts){.api = api, .call = call, .kind = kind, .item = item, .count = count};
	for (size_t i = 0; i < count; i++)
		item[i].facts = facts;
	facts->now_us = clock_now_us();
	/* PUT says how something is from now on: to replay an old answer would hide what came in between. */
	if (strcmp(call_operation(call)->method, "POST") == 0)
		idempotency_init(&facts->idempotency, call);
	if (kind->parent != REF_TABLES)
		reference_parent(&facts->parent, kind->parent, call);
	return facts;
}

void facts_run(struct facts *facts)
{
	round_start(facts);
}

static void facts_drop(void *cls)
{
	facts_free(cls);
}

void facts_walk(struct facts *facts, bool (*step)(void *cls))
{
	facts->next = 0;
	facts->later = (struct later){.step = step, .drop = facts_drop, .cls = facts};
	later_run(&facts->api->later, &facts->later);
}

/* Answers with the problem of a failed statement and ends. */
static void facts_abandon(struct facts *facts, const struct db_answer *answer)
{
	call_db_problem(facts->call, answer);
	facts_free(facts);
}

static void facts_out_of_memory(struct facts *facts)
{
	call_problem(facts->call, PROBLEM_internal_error, NULL, "out of memory");
	facts_free(facts);
}

/* Where the fact with this id is from now on. */
static void add_location(struct facts *facts, const char *id)
{
	const struct fact_kind *kind = facts->kind;
	if (kind->child != NULL)
		call_add_header(facts->call, "Location", "%s%s/%s/%s", kind->location, facts->parent.id,
				kind->child, id);
	else if (kind->location != NULL)
		call_add_header(facts->call, "Location", "%s%s", kind->location, id);
	else if (kind->replaces) /* what was PUT is where it was PUT */
		call_add_header(facts->call, "Location", "%.*s", (int)strcspn(call_target(facts->call), "?"),
				call_target(facts->call));
}

/* ---- rounds --------------------------------------------------------------------------------- */

static bool decide_step(void *cls)
{
	struct facts *facts = cls;

	if (facts->next < facts->count) {
		struct fact *f = &facts->item[facts->next++];

		if (f->state == FACT_OPEN)
			fact_decide(f);
		return true;
	}
	if (--facts->writing == 0)
		facts_round_finish(facts);
	return false;
}

static void round_answered(void *cls, const struct db_answer *answer)
{
	struct facts *facts = cls;

	if (db_status(answer) != DB_OK) {
		facts_abandon(facts, answer);
		return;
	}
	if (!shop_read(&facts->shop, answer, 0) || !lookup_answer(&facts->lookup, answer)) {
		facts_out_of_memory(facts);
		return;
	}
	const char *stored =
		facts->batch ? NULL : idempotency_stored_id(&facts->idempotency, facts->call, answer);
	if (stored != NULL)
		add_location(facts, stored);
	if (idempotency_replay(&facts->idempotency, facts->call, answer)) {
		facts_free(facts);
		return;
	}
	if (facts->kind->parent != REF_TABLES && !facts->parent.found) {
		call_problem(facts->call, PROBLEM_not_found, NULL, "nothing here has this reference");
		facts_free(facts);
		return;
	}
	if (!facts->referred) {
		round_start(facts);
		return;
	}
	/* Held at 1 so that the round cannot finish while facts are still being decided. */
	facts->writing = 1;
	facts_walk(facts, decide_step);
}

/* Lets every item say what it refers to, once. */
static void refer_all(struct facts *facts)
{
	for (size_t i = 0; i < facts->count; i++) {
		struct fact *f = &facts->item[i];
		f->parent = facts->kind->parent != REF_TABLES ? &facts->parent : NULL;
		if (f->state == FACT_OPEN)
			facts->kind->refer(f);
	}
	facts->referred = true;
}

static bool round_refer(struct facts *facts)
{
	if (!lookup_init(&facts->lookup, facts->count * FACT_REFS_MAX + 1, call_arena(facts->call)))
		return false;
	if (!facts->referred && (!facts->kind->parent_first || facts->parent.found))
		refer_all(facts);
	if (facts->kind->parent != REF_TABLES)
		lookup_add(&facts->lookup, &facts->parent);
	for (size_t i = 0; i < facts->count; i++)
		for (size_t r = 0; r < facts->item[i].ref_count && facts->item[i].state == FACT_OPEN; r++)
			lookup_add(&facts->lookup, &facts->item[i].refs[r]);
	return true;
}

static void round_start(struct facts *facts)
{
	struct segment *s = &facts->segment;

	lookup_release(&facts->lookup);
	json_decref(facts->claimed);
	facts->claimed = json_object();
	*s = (struct segment){.lane = facts->batch ? LANE_BULK : LANE_READ,
			      .deadline_ms = call_deadline_ms(facts->call),
			      .done = round_answered,
			      .cls = facts};
	s->reads[s->read_count++] = (struct segment_read){.query = Q_SETTINGS_GET};
	idempotency_read(&facts->idempotency, s);
	if (facts->claimed == NULL || !round_refer(facts) || !lookup_reads(&facts->lookup, s)) {
		facts_out_of_memory(facts);
		return;
	}
	db_submit(facts->api->db, s);
}

void facts_round_finish(struct facts *facts)
{
	size_t open = 0;
	for (size_t i = 0; i < facts->count; i++)
		open += facts->item[i].state == FACT_OPEN;
	facts->round++;
	if (open > 0 && facts->round < FACT_ROUNDS_MAX) {
		round_start(facts);
		return;
	}
	for (size_t i = 0; i < facts->count && open > 0; i++)
		if (facts->item[i].state == FACT_OPEN)
			fact_fail(&facts->item[i], PROBLEM_write_conflict);
	facts->finish(facts);
}

/* ---- one fact ------------------------------------------------------------------------------- */

static void stored_read(void *cls, const struct db_answer *answer)
{
	struct facts *facts = cls;
	resource_answer(facts->call, answer);
	facts_free(facts);
}

/* The fact was here before: answers with what is stored. */
static void stored_answer(struct facts *facts)
{
	struct segment *s = &facts->segment;
	*s = (struct segment){.lane = LANE_READ,
			      .deadline_ms = call_deadline_ms(facts->call),
			      .done = stored_read,
			      .cls = facts,
			      .read_count = 1};
	s->reads[0] =
		(struct segment_read){.query = facts->kind->get,
				      .arg_count = facts->kind->get_args,
				      .args = {facts->item[0].id, NULL,
					       facts->kind->parent != REF_TABLES ? facts->parent.id : NULL}};
	db_submit(facts->api->db, s);
}

static void single_created(struct facts *facts, struct fact *f)
{
	json_t *version = json_object_get(f->document, "version");
	add_location(facts, f->id);
	if (json_is_integer(version))
		call_add_header(facts->call, "ETag", "\"%" JSON_INTEGER_FORMAT "\"",
				json_integer_value(version));
	call_reply(facts->call, 201, json_incref(f->document));
}

static void single_finish(struct facts *facts)
{
	struct fact *f = &facts->item[0];
	if (facts->kind->answer != NULL &&
	    (f->state == FACT_UNCHANGED || (f->state == FACT_CREATED && f->reread))) {
		const char *id = arena_strndup(call_arena(facts->call), f->id, strlen(f->id));
		if (f->state == FACT_CREATED)
			add_location(facts, f->id);
		facts->kind->answer(facts->api, facts->call, id, f->state == FACT_CREATED ? 201 : 200);
		facts_free(facts);
		return;
	}
	if (f->state == FACT_UNCHANGED) {
		stored_answer(facts);
		return;
	}
	if (f->state == FACT_CREATED)
		single_created(facts, f);
	else
		call_problem(facts->call, f->problem, f->violations, "%s", fact_advice(f->problem));
	facts_free(facts);
}

void fact_create(struct api *api, struct call *call, const struct fact_kind *kind)
{
	struct facts *facts = facts_new(api, call, kind, 1);
	if (facts == NULL)
		return;
	facts->item[0].input = call_body(call);
	facts->finish = single_finish;
	facts_run(facts);
}
