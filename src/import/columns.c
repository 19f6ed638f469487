/*
 * The names of the header become a tree, of which each row is a copy with values.
 */
#include "columns.h"

#include <stdlib.h>
#include <string.h>

#include "ciclo/base/arena.h"

enum {
	STEPS_MAX = 16,        /* of a name; the contract has 5 */
	NAMES_BYTES = 4 << 20, /* a header is one record, and a tree is some times its names */
	PLACE_DIGITS = 5
};

struct node {
	const char *name;
	long place; /* in an array; -1: a member of an object */
	bool is_leaf;
	unsigned kinds; /* of a leaf */
	size_t column;  /* of a leaf */
	struct node *first;
	struct node *next; /* of the same parent: members as in the header, places ascending */
};

struct columns {
	struct arena *arena;
	size_t count;
	struct node root;
};

/* A name on its way into the tree. */
struct path {
	const char *text;
	const char *step[STEPS_MAX];
	size_t count;
};

struct failure {
	char *why;
	size_t size;
};

static bool fail(const struct failure *f, const char *fmt, ...) PRINTF_LIKE(2, 3);

static bool fail(const struct failure *f, const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	vsnprintf(f->why, f->size, fmt, args);
	va_end(args);
	return false;
}

static bool split(struct arena *arena, const struct csv_cell *cell, struct path *ret, const struct failure *f)
{
	char *at = arena_strndup(arena, cell->text, cell->len);

	*ret = (struct path){.text = arena_strndup(arena, cell->text, cell->len)};
	if (at == NULL || ret->text == NULL)
		return fail(f, "the header is too long");
	for (char *dot; at != NULL; at = dot) {
		dot = strchr(at, '.');
		if (dot != NULL)
			*dot++ = '\0';
		if (*at == '\0' || ret->count == STEPS_MAX)
			return fail(f,
				    "\"%s\" in the header is not a name, nor names with single dots between",
				    ret->text);
		ret->step[ret->count++] = at;
	}
	return true;
}

/* The place that a step says where the contract has an array; -1: it is a name. */
static long place_of(const struct schema *item, const struct path *p, size_t step)
{
	size_t digits = strspn(p->step[step], "0123456789");

	if (p->step[step][digits] != '\0' || digits > PLACE_DIGITS ||
	    !(schema_kinds(item, p->step, step) & KIND_ARRAY))
		return -1;
	return strtol(p->step[step], NULL, 10);
}

/* The child of that name, else a new one in its order. NULL: memory is out. */
static struct node *child(struct arena *arena, struct node *parent, const char *name, long place)
{
	struct node **at = &parent->first;

	while (*at != NULL && strcmp((*at)->name, name) != 0 && (place < 0 || (*at)->place < place))
		at = &(*at)->next;
	if (*at != NULL && strcmp((*at)->name, name) == 0)
		return *at;
	struct node *n = arena_alloc(arena, sizeof *n);
	if (n != NULL) {
		*n = (struct node){.name = name, .place = place, .next = *at};
		*at = n;
	}
	return n;
}

static bool add(struct columns *c, const struct schema *item, const struct path *p, size_t column,
		const struct failure *f)
{
	unsigned kinds = schema_kinds(item, p->step, p->count);
	struct node *at = &c->root;

	if (kinds == 0)
		return fail(f, "the header names \"%s\", which is no field here (see openapi.yaml)", p->text);
	for (size_t i = 0; i < p->count; i++) {
		long place = place_of(item, p, i);
		if (at->first != NULL && (at->first->place < 0) != (place < 0))
			return fail(f, "\"%s\" in the header takes names and numbers at the same place",
				    p->text);
		at = child(c->arena, at, p->step[i], place);
		if (at == NULL)
			return fail(f, "the header is too long");
		if (at->is_leaf || (i + 1 == p->count && at->first != NULL))
			return fail(f, "\"%s\" is in the header twice, or has fields as well", p->text);
	}
	at->is_leaf = true;
	at->kinds = kinds;
	at->column = column;
	return true;
}

/* jansson would drop a member of another name, and with it a column of every line. */
static bool is_text(const struct csv_cell *cell)
{
	json_t *text = json_stringn(cell->text, cell->len);
	bool is_utf8 = text != NULL;

	json_decref(text);
	return is_utf8 && memchr(cell->text, '\0', cell->len) == NULL;
}

static bool add_column(struct columns *c, const struct schema *item, const struct csv_cell *cell,
		       size_t column, const struct failure *f)
{
	struct path p;

	if (!is_text(cell))
		return fail(f, "column %zu of the header is not valid UTF-8", column + 1);
	return split(c->arena, cell, &p, f) && add(c, item, &p, column, f);
}

struct columns *columns_new(const struct schema *item, const struct csv_row *header, char *why, size_t size)
{
	struct failure f = {why, size};
	struct arena *arena = arena_new(NAMES_BYTES);
	struct columns *c = arena != NULL ? arena_alloc(arena, sizeof *c) : NULL;
	bool ok = true;

	if (c == NULL) {
		fail(&f, "memory is out");
		arena_free(arena);
		return NULL;
	}
	*c = (struct columns){.arena = arena, .count = header->count};
	for (size_t i = 0; i < header->count && ok; i++)
		ok = add_column(c, item, &header->cell[i], i, &f);
	if (ok)
		return c;
	arena_free(arena);
	return NULL;
}

void columns_free(struct columns *c)
{
	if (c != NULL)
		arena_free(c->arena);
}

/* ---- rows ------------------------------------------------------------------------------------- */

static json_t *value_of(const struct node *n, const struct csv_row *row, const struct node **ret_bad);

static json_t *container_of(const struct node *n, const struct csv_row *row, const struct node **ret_bad)
{
	json_t *made = NULL;

	for (const struct node *each = n->first; each != NULL && *ret_bad == NULL; each = each->next) {
		json_t *value = value_of(each, row, ret_bad);
		if (value == NULL)
			continue;
		if (made == NULL)
			made = each->place >= 0 ? json_array() : json_object();
		if (each->place >= 0)
			json_array_append_new(made, value);
		else
			json_object_set_new(made, each->name, value);
	}
	return made;
}

/* NULL: absent, or *ret_bad is the node of the cell that has no value. */
static json_t *value_of(const struct node *n, const struct csv_row *row, const struct node **ret_bad)
{
	if (!n->is_leaf)
		return container_of(n, row, ret_bad);
	const struct csv_cell *cell = &row->cell[n->column];
	if (cell->len == 0)
		return NULL;
	json_t *value = schema_text(n->kinds, cell->text, cell->len);
	if (value == NULL)
		*ret_bad = n;
	return value;
}

json_t *columns_object(const struct columns *c, const struct csv_row *row, char *why, size_t size)
{
	const struct node *bad = NULL;

	if (row->count != c->count) {
		snprintf(why, size, "the line has %zu cells, the header has %zu", row->count, c->count);
		return NULL;
	}
	json_t *object = container_of(&c->root, row, &bad);
	if (bad == NULL)
		return object != NULL ? object : json_object();
	json_decref(object);
	snprintf(why, size, "column %zu (\"%s\") is not valid UTF-8", bad->column + 1, bad->name);
	return NULL;
}
