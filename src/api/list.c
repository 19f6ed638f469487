#include "list.h"

#include <stdlib.h>
#include <string.h>

#include "fresh.h"
#include "handlers.h"

/* Of every look-up. */
enum { PARENT_ID = 1 };

struct list {
	struct api *api;
	struct call *call;
	const struct list_kind *kind;
	struct page page;
	struct reference parent;
	struct lookup lookup;
	struct fresh fresh;
	struct segment segment;
};

static void list_free(struct list *l)
{
	lookup_release(&l->lookup);
	free(l);
}

static void list_answered(void *cls, const struct db_answer *answer)
{
	struct list *l = cls;
	bool has_parent = l->kind->parent != REF_TABLES;
	if (db_status(answer) != DB_OK)
		call_db_problem(l->call, answer);
	else if (has_parent && db_rows(answer, 0) == 0)
		call_problem(l->call, PROBLEM_not_found, NULL, "nothing here has this reference");
	else if (has_parent && l->parent.table == REF_CUSTOMER && db_cell(answer, 0, 0, PARENT_ID) == NULL)
		call_problem(l->call, PROBLEM_erased, NULL, "whom this id stood for was erased");
	else
		page_reply(&l->page, answer, has_parent ? 1 : 0);
	list_free(l);
}

/* NULL when it was not given. */
static const char *integer_text(const struct list *l, const char *name)
{
	const json_t *value = json_object_get(call_params(l->call), name);
	if (!json_is_integer(value))
		return NULL;
	return arena_printf(call_arena(l->call), "%" JSON_INTEGER_FORMAT, json_integer_value(value));
}

static bool add_instant(struct list *l, struct segment_read *read, const char *text)
{
	char utc[INSTANT_TEXT];
	int64_t us;
	if (text != NULL) {
		if (!instant_parse(text, strlen(text), &us))
			return false;
		instant_format(us, utc);
		text = arena_strndup(call_arena(l->call), utc, sizeof utc - 1);
		if (text == NULL)
			return false;
	}
	read->args[read->arg_count++] = text;
	return true;
}

static bool add_customer(struct list *l, struct segment_read *read, const char *text)
{
	struct reference r = {0};
	if (text != NULL && reference_customer(&r, text, call_arena(l->call)) == NULL)
		return false;
	bool by_id = text != NULL && r.table == REF_CUSTOMER;
	read->args[read->arg_count++] = by_id ? r.value : NULL;
	read->args[read->arg_count++] = by_id ? NULL : r.kind;
	read->args[read->arg_count++] = by_id ? NULL : r.value;
	return true;
}

static struct reference *parent_of(struct list *l)
{
	const char *ref = call_param(l->call, "ref");
	/* Without memory for its value the reference is not found. */
	if (l->kind->parent == REF_CUSTOMER &&
	    reference_customer(&l->parent, ref, call_arena(l->call)) == NULL)
		return &l->parent;
	if (l->kind->parent != REF_CUSTOMER)
		reference_parent(&l->parent, l->kind->parent, l->call);
	return &l->parent;
}

static void add_parent(struct list *l, struct segment_read *read)
{
	bool by_id = strcmp(l->parent.kind, "id") == 0;
	read->args[read->arg_count++] = by_id ? l->parent.value : NULL;
	if (l->kind->parent == REF_CUSTOMER)
		read->args[read->arg_count++] = by_id ? NULL : l->parent.kind;
	read->args[read->arg_count++] = by_id ? NULL : l->parent.value;
}

static bool list_reads(struct list *l)
{
	struct segment *s = &l->segment;
	bool has_parent = l->kind->parent != REF_TABLES;
	if (!lookup_init(&l->lookup, 1, call_arena(l->call)))
		return false;
	if (has_parent)
		lookup_add(&l->lookup, parent_of(l));
	if (!lookup_reads(&l->lookup, s))
		return false;

	struct segment_read *read = &s->reads[s->read_count++];
	*read = (struct segment_read){.query = l->kind->query, .arg_count = PAGE_ARGS};
	page_args(&l->page, read->args);
	if (has_parent)
		add_parent(l, read);
	for (const struct list_filter *f = l->kind->filters; f->name != NULL; f++) {
		const char *value = call_param(l->call, f->name);
		if (f->kind == FILTER_CUSTOMER && !add_customer(l, read, value))
			return false;
		if (f->kind == FILTER_TEXT)
			read->args[read->arg_count++] = value;
		if (f->kind == FILTER_INTEGER)
			read->args[read->arg_count++] = integer_text(l, f->name);
		if (f->kind == FILTER_INSTANT && !add_instant(l, read, value))
			return false;
	}
	return true;
}

static void list_fresh(void *cls, const struct db_answer *failure)
{
	struct list *l = cls;
	if (failure == NULL) {
		db_submit(l->api->db, &l->segment);
		return;
	}
	call_db_problem(l->call, failure);
	list_free(l);
}

void list_get(struct api *api, struct call *call, const struct list_kind *kind)
{
	struct list *l = calloc(1, sizeof *l);
	if (l == NULL) {
		call_out_of_memory(call);
		return;
	}
	*l = (struct list){.api = api, .call = call, .kind = kind};
	l->segment = (struct segment){
		.lane = LANE_REPORT, .deadline_ms = call_deadline_ms(call), .done = list_answered, .cls = l};
	if (!page_open(&l->page, call, kind->order)) {
		list_free(l);
	} else if (!list_reads(l)) {
		call_out_of_memory(call);
		list_free(l);
	} else if (kind->fresh) {
		fresh_start(&l->fresh, api->db, call_deadline_ms(call), true, list_fresh, l);
	} else {
		db_submit(api->db, &l->segment);
	}
}
