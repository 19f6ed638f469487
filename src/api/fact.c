#include "fact.h"

#include <string.h>

#include "ciclo/contract/json.h"
#include "handlers.h"
#include "resource.h"

static void round_start(struct facts *facts);

void facts_run(struct facts *facts)
{
	round_start(facts);
}

static void facts_drop(void *cls)
{
	facts_free(cls);
}

void facts_walk(struct facts *facts, size_t first, bool (*step)(void *cls))
{
	facts->next = first;
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
	call_out_of_memory(facts->call);
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

/*
 * Items are read and looked up in parts, each by one segment, and the next part before the one before it is decided: so the
 * database works while texts are read and facts are made, and no answer is so long that taking it in holds up other requests.
 */
enum { PART = 500 };

static void go_on(struct facts *facts);

static bool decide_step(void *cls)
{
	struct facts *facts = cls;
	struct fact *f = fact_at(facts, facts->next);

	if (f->state == FACT_OPEN)
		fact_decide(f);
	if (++facts->next < facts->known)
		return true;
	facts->decided = facts->next;
	facts->walks = false;
	go_on(facts);
	return false;
}

/* Those that have not been taken yet never will be. */
static void cut_off(struct facts *facts, size_t index, enum problem why)
{
	if (index == facts->count)
		return;
	facts->count = index;
	facts->cut_off = why;
}

/* Without its references nothing can be said of a fact. Those that are written already stay so. */
static void fail_undecided(struct facts *facts, enum db_status status)
{
	size_t i;
	for (i = facts->decided; i < facts->count && fact_at(facts, i) != NULL; i++)
		if (fact_at(facts, i)->state == FACT_OPEN)
			fact_fail(fact_at(facts, i), fact_problem_of(status));
	cut_off(facts, i, fact_problem_of(status));
	facts->asked = facts->known = facts->count;
}

static void part_answered(void *cls, const struct db_answer *answer)
{
	struct facts *facts = cls;

	if (db_status(answer) != DB_OK || !lookup_answer(&facts->lookup, answer))
		fail_undecided(facts, db_status(answer) != DB_OK ? db_status(answer) : DB_REJECTED);
	facts->known = facts->asked;
	if (!facts->walks)
		go_on(facts);
}

/* Of a batch, an earlier round may have written some: then each item is answered by itself. */
static void first_part_failed(struct facts *facts, const struct db_answer *answer)
{
	if (!facts->batch || facts->round == 0) {
		facts_abandon(facts, answer);
		return;
	}
	fail_undecided(facts, db_status(answer));
	facts_round_finish(facts);
}

/* What all of the round must know comes with the first part, when nothing else is under way yet. */
static void first_part_answered(void *cls, const struct db_answer *answer)
{
	struct facts *facts = cls;

	if (db_status(answer) != DB_OK) {
		first_part_failed(facts, answer);
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
	if (!facts->refers && !facts->referred) {
		round_start(facts);
		return;
	}
	facts->known = facts->asked;
	/* Held at 1 so that the round cannot finish while facts are still being decided. */
	facts->writing = 1;
	go_on(facts);
}

/* false: that was the end of facts. */
static bool ask_part(struct facts *facts)
{
	struct segment *s = &facts->segment;
	bool is_first = facts->asked == 0;

	*s = (struct segment){.lane = facts->batch ? LANE_BULK : LANE_READ,
			      .deadline_ms = call_deadline_ms(facts->call),
			      .done = is_first ? first_part_answered : part_answered,
			      .cls = facts};
	if (is_first) {
		s->reads[s->read_count++] = (struct segment_read){.query = Q_SETTINGS_GET};
		idempotency_read(&facts->idempotency, s);
	}
	facts->asked = facts->next;
	if (lookup_reads(&facts->lookup, s)) {
		db_submit(facts->api->db, s);
	} else if (is_first) {
		facts_out_of_memory(facts);
		return false;
	} else {
		fail_undecided(facts, DB_REJECTED);
	}
	return true;
}

static bool refer_end(struct facts *facts)
{
	facts->walks = false;
	if (ask_part(facts) && facts->known > facts->decided)
		go_on(facts);
	return false;
}

/* Reads the item, and lets it say what it refers to, once. */
static bool refer_step(void *cls)
{
	struct facts *facts = cls;
	struct fact *f = fact_at(facts, facts->next);

	if (f == NULL && !fact_open_page(facts, facts->next)) {
		cut_off(facts, facts->next, PROBLEM_overloaded);
		return refer_end(facts);
	}
	f = fact_at(facts, facts->next);
	if (facts->take != NULL && facts->taken == facts->next) {
		facts->take(f);
		facts->taken++;
	}
	f->parent = facts->kind->parent != REF_TABLES ? &facts->parent : NULL;
	if (facts->refers && f->state == FACT_OPEN)
		facts->kind->refer(f);
	for (size_t r = 0; r < f->ref_count && f->state == FACT_OPEN; r++)
		lookup_add(&facts->lookup, &f->refs[r]);
	if (++facts->next < facts->count && facts->next - facts->asked < PART)
		return true;
	return refer_end(facts);
}

static bool refer_part(struct facts *facts)
{
	size_t left = facts->count - facts->asked;

	lookup_release(&facts->lookup);
	if (!lookup_init(&facts->lookup, (left < PART ? left : PART) * FACT_REFS_MAX + 1,
			 call_arena(facts->call)))
		return false;
	if (facts->asked == 0 && facts->kind->parent != REF_TABLES)
		lookup_add(&facts->lookup, &facts->parent);
	facts->walks = true;
	facts_walk(facts, facts->asked, refer_step);
	return true;
}

/* The next part of the round; nothing is walked through now. */
static void go_on(struct facts *facts)
{
	if (facts->known == facts->asked && facts->asked < facts->count) {
		if (refer_part(facts))
			return;
		fail_undecided(facts, DB_REJECTED);
	}
	if (facts->decided < facts->known) {
		facts->walks = true;
		facts_walk(facts, facts->decided, decide_step);
	} else if (facts->decided == facts->count && --facts->writing == 0) {
		facts_round_finish(facts);
	}
}

static void round_start(struct facts *facts)
{
	facts->refers = !facts->referred && (!facts->kind->parent_first || facts->parent.found);
	facts->asked = facts->known = facts->decided = 0;
	json_decref(facts->claimed);
	facts->claimed = json_object();
	if (facts->claimed == NULL || !refer_part(facts))
		facts_out_of_memory(facts);
}

void facts_round_finish(struct facts *facts)
{
	size_t open = 0;
	for (size_t i = 0; i < facts->count; i++)
		open += fact_at(facts, i)->state == FACT_OPEN;
	facts->referred |= facts->refers;
	facts->round++;
	if (open > 0 && facts->round < FACT_ROUNDS_MAX) {
		round_start(facts);
		return;
	}
	for (size_t i = 0; i < facts->count && open > 0; i++)
		if (fact_at(facts, i)->state == FACT_OPEN)
			fact_fail(fact_at(facts, i), PROBLEM_write_conflict);
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
				      .args = {fact_at(facts, 0)->id, NULL,
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
	struct fact *f = fact_at(facts, 0);
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
	fact_at(facts, 0)->input = call_body(call);
	facts->finish = single_finish;
	facts_run(facts);
}
