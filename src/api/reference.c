#include "reference.h"

#include <stdlib.h>
#include <string.h>

#include "ciclo/contract/json.h"

static const enum query lookup_query[REF_TABLES] = {
	[REF_FACT] = Q_FACT_LOOKUP,
	[REF_IDENTITY] = Q_IDENTITY_LOOKUP,
	[REF_CUSTOMER] = Q_CUSTOMER_LOOKUP,
	[REF_ORDER] = Q_ORDER_LOOKUP,
	[REF_SURVEY] = Q_SURVEY_LOOKUP,
	[REF_CAMPAIGN] = Q_CAMPAIGN_LOOKUP,
	[REF_SUBSCRIPTION] = Q_SUBSCRIPTION_LOOKUP,
	[REF_DUE] = Q_SUBSCRIPTION_DUE_LOOKUP,
	[REF_CART] = Q_CART_LOOKUP,
};

/* Columns of every look-up statement, in order. */
enum { COLUMN_N, COLUMN_ID, COLUMN_CUSTOMER_ID, COLUMN_CONTENT_HASH, COLUMN_DETAIL, COLUMN_PERSON_ID };

const char *email_normal(const char *email, struct arena *arena)
{
	char *copy = arena_strndup(arena, email, strlen(email));
	if (copy != NULL)
		for (char *c = copy; *c != '\0'; c++)
			if (*c >= 'A' && *c <= 'Z')
				*c = (char)(*c - 'A' + 'a');
	return copy;
}

/* The kind of identity that text names ("email:a@b" -> "email", value behind the colon), or NULL. */
static const char *identity_kind(const char *text, const char **ret_value)
{
	static const char *const kinds[] = {"external", "email", "visitor"};
	for (size_t i = 0; i < COUNTOF(kinds); i++) {
		size_t len = strlen(kinds[i]);
		if (strncmp(text, kinds[i], len) == 0 && text[len] == ':') {
			*ret_value = text + len + 1;
			return kinds[i];
		}
	}
	return NULL;
}

struct reference *reference_customer(struct reference *r, const char *text, struct arena *arena)
{
	const char *value = NULL;
	const char *kind = identity_kind(text, &value);
	if (kind == NULL) {
		*r = (struct reference){.table = REF_CUSTOMER, .kind = "id", .value = text};
		return r;
	}
	if (strcmp(kind, "email") == 0)
		value = email_normal(value, arena);
	*r = (struct reference){.table = REF_IDENTITY, .kind = kind, .value = value};
	return value != NULL ? r : NULL;
}

struct reference *reference_resource(struct reference *r, enum reference_table table, const char *text)
{
	const char *value = NULL;
	if (identity_kind(text, &value) != NULL)
		*r = (struct reference){.table = table, .kind = "external", .value = value};
	else
		*r = (struct reference){.table = table, .kind = "id", .value = text};
	return r;
}

struct reference *reference_parent(struct reference *r, enum reference_table table, const struct call *call)
{
	if (table != REF_CART)
		return reference_resource(r, table, call_param(call, "ref"));
	*r = (struct reference){.table = table, .kind = "external", .value = call_param(call, "external_id")};
	return r;
}

bool lookup_init(struct lookup *l, size_t max, struct arena *arena)
{
	*l = (struct lookup){.max = max, .arena = arena};
	for (size_t table = 0; table < REF_TABLES; table++)
		buf_init(&l->rows[table], SIZE_MAX / 2);
	l->reference = calloc(max > 0 ? max : 1, sizeof *l->reference);
	return l->reference != NULL;
}

void lookup_add(struct lookup *l, struct reference *r)
{
	struct buf *rows = &l->rows[r->table];
	r->found = r->placeholder = false;
	if (r->value == NULL || l->count == l->max)
		return;
	buf_int(rows, (int64_t)l->count);
	buf_adds(rows, CELL_END);
	buf_adds(rows, r->kind != NULL ? r->kind : CELL_NULL);
	buf_adds(rows, CELL_END);
	buf_adds(rows, r->value);
	buf_adds(rows, CELL_END);
	if (r->table == REF_IDENTITY)
		buf_adds(rows, r->lone ? "true" CELL_END : "false" CELL_END);
	l->reference[l->count++] = r;
}

bool lookup_reads(struct lookup *l, struct segment *s)
{
	l->first_read = s->read_count;
	for (size_t table = 0; table < REF_TABLES; table++) {
		struct buf *rows = &l->rows[table];
		if (rows->len == 0 && !rows->failed)
			continue;
		char *kept = rows->failed ? NULL : arena_strndup(l->arena, rows->data, rows->len);
		if (kept == NULL)
			return false;
		s->reads[s->read_count++] =
			(struct segment_read){.query = lookup_query[table], .arg_count = 1, .args = {kept}};
	}
	return true;
}

static bool keep(struct lookup *l, const struct db_answer *answer, size_t read, size_t row, size_t column,
		 const char **ret)
{
	const char *cell = db_cell(answer, read, row, column);
	*ret = NULL;
	if (cell != NULL)
		*ret = arena_strndup(l->arena, cell, strlen(cell));
	return cell == NULL || *ret != NULL;
}

static bool answer_row(struct lookup *l, const struct db_answer *answer, size_t read, size_t row)
{
	unsigned long n = strtoul(db_cell(answer, read, row, COLUMN_N), NULL, 10);
	const char *id = db_cell(answer, read, row, COLUMN_ID);
	if (n >= l->count)
		return false;
	struct reference *r = l->reference[n];
	r->found = id != NULL;
	r->placeholder = id == NULL;
	if (id == NULL)
		return true;
	snprintf(r->id, sizeof r->id, "%s", id);
	if (db_columns(answer, read) > COLUMN_PERSON_ID)
		snprintf(r->person_id, sizeof r->person_id, "%s",
			 db_cell(answer, read, row, COLUMN_PERSON_ID));
	return keep(l, answer, read, row, COLUMN_CUSTOMER_ID, &r->customer_id) &&
	       keep(l, answer, read, row, COLUMN_CONTENT_HASH, &r->content_hash) &&
	       keep(l, answer, read, row, COLUMN_DETAIL, &r->detail);
}

bool lookup_answer(struct lookup *l, const struct db_answer *answer)
{
	size_t read = l->first_read;
	for (size_t table = 0; table < REF_TABLES; table++) {
		if (l->rows[table].len == 0)
			continue;
		for (size_t row = 0; row < db_rows(answer, read); row++)
			if (!answer_row(l, answer, read, row))
				return false;
		read++;
	}
	return true;
}

void lookup_release(struct lookup *l)
{
	for (size_t table = 0; table < REF_TABLES; table++)
		buf_release(&l->rows[table]);
	free(l->reference);
	*l = (struct lookup){0};
}
