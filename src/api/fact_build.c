/*
 * What the kinds of facts build with: references, documents, writes, violations.
 */
#include "fact.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "ciclo/contract/json.h"

/* ---- references ----------------------------------------------------------------------------- */

struct reference *fact_refer(struct fact *f, struct reference r)
{
	if (f->ref_count == FACT_REFS_MAX)
		return NULL;
	f->refs[f->ref_count] = r;
	return &f->refs[f->ref_count++];
}

/* In a batch under an Idempotency-Key, the place in the batch is the natural key of a fact that has no other: so a
 * batch that was cut off can be sent again and doubles nothing. */
static const char *own_key_of_batch(struct fact *f)
{
	struct facts *facts = f->facts;
	if (!facts->batch || !facts->idempotency.used)
		return NULL;
	return arena_printf(call_arena(facts->call), "idempotency-key %s %zu", facts->idempotency.key_hash,
			    f->index);
}

void fact_refer_own(struct fact *f, const char *prefix)
{
	const char *key = json_string_value(json_object_get(f->input, "external_id"));
	if (key != NULL && prefix != NULL)
		key = arena_printf(call_arena(f->facts->call), "%s/%s", prefix, key);
	if (key == NULL)
		key = own_key_of_batch(f);
	if (key != NULL)
		f->own = fact_refer(f, (struct reference){.table = REF_FACT,
							  .kind = f->facts->kind->resource,
							  .value = key});
}

void fact_refer_order(struct fact *f)
{
	struct reference r;
	const char *order = json_string_value(json_object_get(f->input, "order"));
	if (order != NULL)
		f->order = fact_refer(f, *reference_resource(&r, REF_ORDER, order));
}

enum problem fact_check_order(struct fact *f)
{
	if (f->order == NULL || f->order->found)
		return PROBLEM_NONE;
	return fact_problem(f, PROBLEM_unknown_reference, "/order", "unknown", "there is no such order");
}

/* ---- what a kind says of a fact ----------------------------------------------------------------- */

void fact_write(struct fact *f, enum query query, const json_t *rows)
{
	fact_write_text(f, query, document_rows(query, rows, call_arena(f->facts->call)));
}

void fact_write_text(struct fact *f, enum query query, const char *text)
{
	struct segment *s = &f->segment;
	if (text == NULL || s->write_count == SEGMENT_WRITES_MAX)
		f->problem = PROBLEM_internal_error;
	else
		s->writes[s->write_count++] = (struct segment_write){query, text};
}

void fact_write_cells(struct fact *f, enum query query, size_t count, const char *const *cells)
{
	fact_write_text(f, query, document_cells(query, count, cells, call_arena(f->facts->call)));
}

enum problem fact_refuse(struct fact *f, enum problem problem, struct violations *found)
{
	if (f->violations == NULL)
		f->violations = arena_alloc(call_arena(f->facts->call), sizeof *f->violations);
	if (f->violations != NULL)
		*f->violations = *found;
	else
		violations_release(found);
	return problem;
}

enum problem fact_problem(struct fact *f, enum problem problem, const char *where, const char *code,
			  const char *fmt, ...)
{
	char detail[256];
	va_list args;
	va_start(args, fmt);
	vsnprintf(detail, sizeof detail, fmt, args);
	va_end(args);
	struct violations v = {0};
	violation_add(&v, IN_BODY, where, code, "%s", detail);
	return fact_refuse(f, problem, &v);
}

json_t *fact_instant(struct fact *f)
{
	int64_t us = f->facts->now_us;
	f->instant_defaulted = !document_instant_read(f->input, f->facts->kind->instant, &us);
	return instant_value(us);
}

json_t *fact_document(struct fact *f, const char *const *fields)
{
	const char *instant = f->facts->kind->instant;
	f->document = json_object();
	document_copy(f->document, f->input, fields);
	json_object_set_new(f->document, "id", json_string(f->id));
	if (instant != NULL)
		json_object_set_new(f->document, instant, fact_instant(f));
	document_instant(f->document, "created_at", f->facts->now_us);
	return f->document;
}

const char *fact_advice(enum problem problem)
{
	static const char *const advice[PROBLEM_COUNT] = {
		[PROBLEM_write_conflict] = "other requests keep writing the same keys; try again",
		[PROBLEM_database_unavailable] =
			"it is not known whether this was stored; with an external_id or an "
			"Idempotency-Key it is safe to send it again",
		[PROBLEM_deadline_exceeded] =
			"it is not known whether this was stored; with an external_id or an "
			"Idempotency-Key it is safe to send it again",
		[PROBLEM_overloaded] = "nothing was stored; try again",
		[PROBLEM_refund_exceeds_paid] = "all refunds of an order together cannot exceed its total",
		[PROBLEM_internal_error] = "nothing was stored",
	};
	return advice[problem] != NULL ? advice[problem] : "see errors; nothing was stored";
}
