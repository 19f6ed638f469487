/*
 * Cursors of lists: page.c alone, with a call and a database answer that are made here.
 * Input: a line with the cursor, then the request target.
 *
 * What a list accepts it takes apart into a sort key and an id that PostgreSQL takes; and the cursor that it gives out leads
 * to just the row that it was made of.
 */
#include "fuzz.h"

#include "ciclo/base/arena.h"

#include "../../src/api/page.h"
#include "../../src/api/row.h"

struct call {
	struct arena *arena;
	const char *cursor, *target;
	bool refused;
	char *next; /* the cursor of the answer */
};

/* ---- what page.c asks of its call ------------------------------------------------------------------- */

const char *call_param(const struct call *c, const char *name)
{
	return strcmp(name, "cursor") == 0 ? c->cursor : NULL;
}

int64_t call_param_int(const struct call *c, const char *name, int64_t fallback)
{
	(void)c;
	(void)name;
	(void)fallback;
	return 1;
}

const char *call_target(const struct call *c)
{
	return c->target;
}

struct arena *call_arena(const struct call *c)
{
	return c->arena;
}

void call_problem(struct call *c, enum problem code, const struct violations *v, const char *fmt, ...)
{
	(void)fmt;
	must(code == PROBLEM_invalid_parameter && v && v->total == 1, "a bad cursor is a bad parameter");
	c->refused = true;
}

/* Parses the query of a target as that of a list; how many faults it has. */
static size_t faults_of(const char *target, json_t **ret)
{
	const struct operation *op = contract_find(the_contract(), "listOrders");
	const struct route_match m = {.operation = op};
	const char *query = strchr(target, '?');
	struct violations v = {.item = NULL};
	size_t faults;

	*ret = contract_parameters(op, &m, query ? query + 1 : NULL, NULL, NULL, &v);
	must(*ret != NULL, "memory is enough");
	faults = v.total;
	violations_release(&v);
	return faults;
}

/* The link asks for what the request asked for, from the cursor on. */
void call_add_header(struct call *c, const char *name, const char *fmt, ...)
{
	va_list args;
	char *value;
	json_t *before, *after;

	va_start(args, fmt);
	must(vasprintf(&value, fmt, args) > 0, "memory is enough");
	va_end(args);
	must(strcmp(name, "Link") == 0 && value[0] == '<', "the next page is a link");
	*strrchr(value, '>') = '\0';
	if (faults_of(c->target, &before) == 0) {
		must(faults_of(value + 1, &after) == 0, "a link can be followed");
		json_object_del(before, "cursor");
		json_object_del(after, "cursor");
		must(json_equal(before, after), "a link asks for the same list");
		json_decref(after);
	}
	json_decref(before);
	free(value);
}

void call_reply_text(struct call *c, int status, const char *media_type, const char *text, size_t len)
{
	json_t *doc = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);
	const char *next = json_string_value(json_object_get(doc, "next"));

	must(status == 200 && media_type && doc && next, "a page is JSON and names the next one");
	c->next = strdup(next);
	json_decref(doc);
}

/* ---- and of the answer: two rows, of which the page shows the first ----------------------------------- */

static const struct page *seen_of(const struct db_answer *a)
{
	return (const void *)a;
}

size_t db_rows(const struct db_answer *a, size_t read)
{
	(void)a;
	(void)read;
	return 2;
}

const char *db_cell(const struct db_answer *a, size_t read, size_t row, size_t column)
{
	const struct page *seen = seen_of(a);

	(void)read;
	(void)row;
	return column == 0 ? seen->id : seen->sort_key;
}

void row_document(struct buf *out, const struct db_answer *answer, size_t read, size_t row, size_t column)
{
	(void)answer;
	(void)read;
	(void)row;
	(void)column;
	buf_adds(out, "{}");
}

/* ------------------------------------------------------------------------------------------------------- */

static void must_come_back(struct call *c, const struct page *p)
{
	struct page again;

	page_reply(p, (const void *)p, 0);
	must(c->next != NULL, "a page is answered");
	c->cursor = c->next;
	must(page_open(&again, c, p->order), "a cursor that was given out is taken");
	must(strcmp(again.id, p->id) == 0 && strcmp(again.sort_key, p->sort_key) == 0,
	     "a cursor leads to its row");
	free(c->next);
	c->next = NULL;
}

static void try_order(struct call *c, enum list_order order)
{
	const char *cursor = c->cursor, *args[PAGE_ARGS];
	struct page p;
	int64_t us;
	int32_t day;

	c->refused = false;
	must(page_open(&p, c, order) != c->refused, "a cursor is taken or refused");
	if (c->refused)
		return;
	page_args(&p, args);
	must(args[1] && args[2] && uuid_valid(args[2], strlen(args[2])), "the id is a UUID");
	must(order == LIST_BY_DAY ? day_parse(args[1], strlen(args[1]), &day)
				  : instant_parse(args[1], strlen(args[1]), &us),
	     "the sort key is what the list is sorted by");
	must_come_back(c, &p);
	c->cursor = cursor;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input_text in = {(const char *)data, size};
	char *cursor = next_line(&in), *target = next_line(&in);
	struct call c = {.arena = arena_new(1 << 20), .cursor = cursor, .target = target};

	must(c.arena != NULL, "memory is enough");
	/* The service takes no longer one. */
	if (strlen(target) <= 8192) {
		try_order(&c, LIST_BY_INSTANT);
		try_order(&c, LIST_BY_DAY);
	}
	arena_free(c.arena);
	free(target);
	free(cursor);
	return 0;
}
