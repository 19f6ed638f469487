/*
 * One fact of a round: settled by what the look-up found, or sent to the database and settled by its answer.
 */
#include "changed.h"
#include "fact.h"

#include <stdlib.h>
#include <string.h>

#include "ciclo/contract/json.h"
#include "row.h"

/* What the hash of a fact leaves out: what Ciclo adds, and what would change with the settings. */
static const char *const not_content[] = {"id",         "version",       "created_at", "updated_at",
					  "base_total", "base_currency", "base_net",   "base_amount",
					  "refunded",   "paid_at",       "due_at"};

enum { COLUMN_DOCUMENT = 2 }; /* as all statements of documents have it */

/* Members that came with a later version: facts that do not say them keep the hash that they were stored with. */
static const char *const content_if_given[] = {"purpose"};

/* ---- deciding one fact -------------------------------------------------------------------------- */

void fact_fail(struct fact *f, enum problem problem)
{
	f->state = FACT_FAILED;
	f->problem = problem;
}

/* Forgets what an earlier round made of the fact. */
static void fact_reset(struct fact *f)
{
	json_decref(f->document);
	f->document = NULL;
	f->content = NULL;
	f->segment = (struct segment){0};
	f->answer_from_read = false;
	f->replaced = f->reread = f->names_customer = false;
	f->problem = PROBLEM_NONE;
	f->customer_id[0] = '\0';
	if (f->violations != NULL)
		violations_release(f->violations);
}

/* What the client said, and nothing that Ciclo adds to it. Without a natural key nobody will ever ask. */
static bool fact_hash(const struct fact *f, char ret[HASH_TEXT])
{
	ret[0] = '\0';
	if (f->own == NULL)
		return true;
	const json_t *content = f->content != NULL ? f->content : f->document;
	const char *without[COUNTOF(not_content) + COUNTOF(content_if_given) + 2] = {NULL};
	size_t count = 0;
	for (size_t i = 0; i < COUNTOF(not_content); i++)
		without[count++] = not_content[i];
	for (size_t i = 0; i < COUNTOF(content_if_given); i++)
		if (json_is_null(json_object_get(content, content_if_given[i])))
			without[count++] = content_if_given[i];
	if (f->instant_defaulted)
		without[count] = f->facts->kind->instant;
	return content != NULL && document_hash(content, without, ret);
}

/*
 * Claims every key that the fact will create: its natural key and the identities nobody has yet. false when an
 * earlier fact of this round has claimed one of them: then the fact waits for the next round.
 */
static bool fact_claim(struct fact *f)
{
	const char *keys[FACT_REFS_MAX];
	size_t count = 0;
	json_t *claimed = f->facts->claimed;

	if (f->facts->count == 1) /* nobody was before it */
		return true;
	for (size_t i = 0; i < f->ref_count; i++) {
		const struct reference *r = &f->refs[i];
		bool creates = r->table == REF_FACT || r->table == REF_IDENTITY;
		if (r->found || r->placeholder || !creates)
			continue;
		keys[count] = arena_join(call_arena(f->facts->call), r->kind, " ", r->value, (char *)NULL);
		if (keys[count] == NULL || json_object_get(claimed, keys[count]) != NULL)
			return false;
		count++;
	}
	for (size_t i = 0; i < count; i++)
		json_object_set_new(claimed, keys[i], json_true());
	return true;
}

static void fact_write_own(struct fact *f, const char *hash)
{
	if (f->own == NULL || f->replaced)
		return;
	const char *const cells[] = {f->own->kind, f->own->value, f->id,
				     f->customer_id[0] != '\0' ? f->customer_id : NULL, hash};
	fact_write_cells(f, Q_EXTERNAL_ID_INSERT, COUNTOF(cells), cells);
}

/* A single request stores its answer under its Idempotency-Key in the same transaction. */
static void fact_write_idempotency(struct fact *f)
{
	struct facts *facts = f->facts;
	if (!facts->idempotency.used || facts->batch || f->document == NULL)
		return;
	char *answer = json_write(f->document);
	const char *customer_id = f->customer_id[0] != '\0' ? f->customer_id : NULL;
	const char *row = answer != NULL ? idempotency_row(&facts->idempotency, facts->call,
							   f->replaced ? 200 : 201, answer, customer_id)
					 : NULL;
	free(answer);
	if (row == NULL || f->segment.write_count == SEGMENT_WRITES_MAX)
		f->problem = PROBLEM_internal_error;
	else
		f->segment.writes[f->segment.write_count++] =
			(struct segment_write){Q_IDEMPOTENCY_INSERT, row};
}

/* SQLSTATEs that mean: somebody else wrote what this fact needed; look again. */
static bool is_race(const char *sqlstate)
{
	static const char *const races[] = {"23505", "23503", "CI409", "40001", "40P01"};
	for (size_t i = 0; i < COUNTOF(races); i++)
		if (strcmp(sqlstate, races[i]) == 0)
			return true;
	return false;
}

/* SQLSTATEs that speak of the content. */
static enum problem problem_of_sqlstate(const char *sqlstate)
{
	static const struct {
		const char *sqlstate;
		enum problem problem;
	} table[] = {
		{"23514", PROBLEM_refund_exceeds_paid}, /* orders_refunded is the only check that content can hit */
		{"CI422", PROBLEM_validation_failed},   {"22003", PROBLEM_validation_failed},
		{"22008", PROBLEM_validation_failed},   {"54000", PROBLEM_validation_failed},
	};
	for (size_t i = 0; i < COUNTOF(table); i++)
		if (strcmp(sqlstate, table[i].sqlstate) == 0)
			return table[i].problem;
	return PROBLEM_internal_error;
}

enum problem fact_problem_of(enum db_status status)
{
	static const enum problem table[] = {
		[DB_REJECTED] = PROBLEM_internal_error,      [DB_UNAVAILABLE] = PROBLEM_database_unavailable,
		[DB_UNKNOWN] = PROBLEM_database_unavailable, [DB_OVERLOADED] = PROBLEM_overloaded,
		[DB_TIMEOUT] = PROBLEM_deadline_exceeded,
	};
	return table[status];
}

static void take_document(struct fact *f, const struct db_answer *answer)
{
	json_decref(f->document);
	f->document = row_read(answer, COLUMN_DOCUMENT);
	if (f->document == NULL)
		fact_fail(f, PROBLEM_internal_error);
}

static void fact_written(void *cls, const struct db_answer *answer)
{
	struct fact *f = cls;
	struct facts *facts = f->facts;

	if (db_status(answer) == DB_OK) {
		f->state = f->replaced ? FACT_UNCHANGED : FACT_CREATED;
		if (f->answer_from_read)
			take_document(f, answer);
	} else if (db_status(answer) != DB_REJECTED) {
		fact_fail(f, fact_problem_of(db_status(answer)));
	} else if (is_race(db_sqlstate(answer))) {
		f->state = FACT_OPEN;
	} else {
		fact_fail(f, problem_of_sqlstate(db_sqlstate(answer)));
	}
	if (--facts->writing == 0)
		facts_round_finish(facts);
}

/* What is derived of the customer has to be made again, and reports may have changed. */
static void fact_write_changed(struct fact *f)
{
	const struct fact_kind *kind = f->facts->kind;
	bool later = kind->later_only && kind->later_only(f);
	const char *const cells[] = {f->customer_id[0] != '\0' ? f->customer_id : CHANGED_NOBODY,
				     f->names_customer ? "true" : NULL,
				     later ? json_string_value(json_object_get(f->document, kind->instant))
					   : NULL,
				     later ? f->id : NULL};
	fact_write_cells(f, Q_CHANGED_CUSTOMER_INSERT, COUNTOF(cells), cells);
}

static void fact_submit(struct fact *f)
{
	struct segment *s = &f->segment;
	f->state = FACT_WRITING;
	if (f->facts->batch) {
		/* Its row is written and nobody will see it again; ten thousand of them are hundreds of megabytes. */
		json_decref(f->document);
		f->document = NULL;
	}
	f->facts->writing++;
	s->lane = f->facts->batch ? LANE_BULK : LANE_WRITE;
	s->lock_key = f->customer_id[0] != '\0' ? f->customer_id : f->id;
	s->deadline_ms = call_deadline_ms(f->facts->call);
	s->done = fact_written;
	s->cls = f;
	call_submit(f->facts->call, f->facts->api->db, s);
}

/* All references are answered: settles the fact, or sends its writes. */
void fact_decide(struct fact *f)
{
	char hash[HASH_TEXT];
	fact_reset(f);
	uuid7_next(f->facts->api->ids, f->facts->now_us, f->id);
	f->replaced = f->facts->kind->replaces && f->own != NULL && f->own->found;
	if (f->replaced)
		memcpy(f->id, f->own->id, sizeof f->id);
	enum problem problem = f->facts->kind->complete(f);
	if (problem == PROBLEM_NONE && !fact_hash(f, hash))
		problem = PROBLEM_internal_error;
	if (problem == PROBLEM_NONE && f->own != NULL && f->own->found && !f->replaced) {
		memcpy(f->id, f->own->id, sizeof f->id);
		if (strcmp(f->own->content_hash, hash) == 0)
			f->state = FACT_UNCHANGED;
		else
			fact_fail(f, fact_problem(f, PROBLEM_fact_conflict, "/external_id", "conflict",
						  "is here already, with other content"));
		return;
	}
	if (problem == PROBLEM_NONE && f->problem == PROBLEM_NONE) {
		if (!fact_claim(f))
			return;
		fact_write_own(f, hash);
		fact_write_changed(f);
		fact_write_idempotency(f);
	}
	if (problem == PROBLEM_NONE)
		problem = f->problem;
	if (problem != PROBLEM_NONE)
		fact_fail(f, problem);
	else
		fact_submit(f);
}
