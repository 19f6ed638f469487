/*
 * What a person may ask of the shop: everything that is known of them (GET .../export), to be forgotten (DELETE), and when they agreed
 * to what (GET .../consents).
 *
 * Erasing takes what names the person or was said by them out of every table, with all that is linked. Amounts and events
 * stay under the customer's id, so no KPI changes. Writes that are under way for the customer either come first, and are
 * erased, or find nobody: sql/queries/customer_erase_lock.sql, customer_guard.sql and changed_customer_insert.sql.
 */
#include "change.h"
#include "customer.h"
#include "fresh.h"
#include "handlers.h"
#include "list.h"

/* As long as the largest page of a list: some 300,000 orders. */
enum { EXPORT_TEXT_MAX = 256 << 20, EXPORT_DOCUMENT = 1 };

struct export
{
	struct api *api;
	struct call *call;
	const char *args[3];
	struct fresh fresh;
	struct segment segment;
};

static void exported(void *cls, const struct db_answer *answer)
{
	struct call *call = ((struct export *)cls)->call;
	if (db_status(answer) != DB_OK) {
		call_db_problem(call, answer);
	} else if (db_rows(answer, 0) == 0) {
		call_problem(call, PROBLEM_not_found, NULL, "nothing here has this reference");
	} else if (db_cell(answer, 0, 0, EXPORT_DOCUMENT) == NULL) {
		call_problem(call, PROBLEM_erased, NULL, "whom this id stood for was erased");
	} else if (db_cell_length(answer, 0, 0, EXPORT_DOCUMENT) > EXPORT_TEXT_MAX) {
		call_problem(call, PROBLEM_invalid_state, NULL,
			     "this is more than fits into one document; page through the lists instead");
	} else {
		call_add_header(call, "Content-Disposition", "attachment; filename=\"customer-export.json\"");
		call_reply_text(call, 200, "application/json", db_cell(answer, 0, 0, EXPORT_DOCUMENT),
				db_cell_length(answer, 0, 0, EXPORT_DOCUMENT));
	}
}

static void derived(void *cls, const struct db_answer *failure)
{
	struct export *e = cls;
	if (failure != NULL) {
		call_db_problem(e->call, failure);
		return;
	}
	e->segment = (struct segment){.lane = LANE_REPORT,
				      .deadline_ms = call_deadline_ms(e->call),
				      .done = exported,
				      .cls = e,
				      .read_count = 1};
	e->segment.reads[0] = (struct segment_read){
		.query = Q_CUSTOMER_EXPORT, .arg_count = 3, .args = {e->args[0], e->args[1], e->args[2]}};
	db_submit(e->api->db, &e->segment);
}

void customer_export(struct api *api, struct call *call)
{
	struct export *e = arena_alloc(call_arena(call), sizeof *e);
	if (e == NULL || !customer_args(call, e->args)) {
		call_out_of_memory(call);
		return;
	}
	e->api = api;
	e->call = call;
	fresh_start(&e->fresh, api->db, call_deadline_ms(call), true, derived, e);
}

/* ---- erasing ------------------------------------------------------------------------------------ */

static enum problem apply_erase(struct change *c)
{
	struct segment_read *read = &c->segment.reads[c->segment.read_count++];
	const char *id = json_string_value(json_object_get(c->current, "id"));
	json_t *row = json_object();
	json_object_set_new(row, "id", json_string(id));
	json_object_set(row, "version", json_object_get(c->current, "version"));
	document_instant(row, "erased_at", c->now_us);
	change_write(c, Q_CUSTOMER_ERASE_LOCK, row);
	change_write(c, Q_CUSTOMER_ERASE, row);
	json_decref(row);
	/* No lock_key: nothing that is derived changes. */
	*read = (struct segment_read){.query = Q_CUSTOMER_ERASURE_GET, .arg_count = 1, .args = {id}};
	return PROBLEM_NONE;
}

void customer_erase(struct api *api, struct call *call)
{
	static const struct change_kind kind = {.read = customer_read, .apply = apply_erase};
	change_run(api, call, &kind);
}

/* ---- consents ----------------------------------------------------------------------------------- */

void consent_list(struct api *api, struct call *call)
{
	static const struct list_kind list = {
		.query = Q_CUSTOMER_CONSENT_LIST, .order = LIST_BY_INSTANT, .parent = REF_CUSTOMER};
	list_get(api, call, &list);
}
