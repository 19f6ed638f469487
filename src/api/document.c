#include "document.h"

#include <sodium.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "ciclo/base/buf.h"
#include "ciclo/base/time.h"
#include "ciclo/contract/json.h"

enum { HASH_BYTES = (HASH_TEXT - 1) / 2 };

/* The names that these set are this program's own: nobody has to look whether they are UTF-8. */

struct walk walk_of(const json_t *object)
{
	json_t *walked = json_walkable(object);
	return (struct walk){walked, json_object_iter(walked)};
}

json_t *walk_get(struct walk *w, const char *name)
{
	void *iter = w->next;
	if (iter == NULL || strcmp(json_object_iter_key(iter), name) != 0)
		iter = json_object_iter_at(w->object, name);
	if (iter != NULL)
		w->next = json_object_iter_next(w->object, iter);
	return json_object_iter_value(iter);
}

int64_t walk_int(struct walk *w, const char *name, int64_t fallback)
{
	const json_t *value = walk_get(w, name);
	return json_is_integer(value) ? json_integer_value(value) : fallback;
}

static void copy(json_t *doc, const char *name, struct walk *from)
{
	json_t *value = walk_get(from, name);
	json_object_set_new_nocheck(doc, name, value != NULL ? json_incref(value) : json_null());
}

json_t *document_new(const struct member *members, const json_t *from)
{
	json_t *doc = json_object();
	struct walk walk = walk_of(from);
	for (; members->name != NULL; members++)
		if (members->value != NULL)
			json_object_set_new_nocheck(doc, members->name, members->value);
		else
			copy(doc, members->name, &walk);
	return doc;
}

void document_copy(json_t *doc, const json_t *from, const char *const *names)
{
	struct walk walk = walk_of(from);
	for (; *names != NULL; names++)
		copy(doc, *names, &walk);
}

void document_text(json_t *doc, const char *name, const char *value)
{
	json_object_set_new_nocheck(doc, name, value != NULL ? json_string(value) : json_null());
}

json_t *instant_value(int64_t us)
{
	char text[INSTANT_TEXT];
	instant_format(us, text);
	return json_string_nocheck(text);
}

void document_instant(json_t *doc, const char *name, int64_t us)
{
	json_object_set_new_nocheck(doc, name, instant_value(us));
}

bool document_instant_read(const json_t *doc, const char *name, int64_t *ret)
{
	const json_t *value = json_object_get(doc, name);
	return json_is_string(value) &&
	       instant_parse(json_string_value(value), json_string_length(value), ret);
}

bool document_instant_from(json_t *doc, const char *name, const json_t *from, int64_t fallback)
{
	int64_t us = fallback;
	bool given = document_instant_read(from, name, &us);
	document_instant(doc, name, us);
	return given;
}

void document_instant_or_null(json_t *doc, const char *name, const json_t *from)
{
	if (!document_instant_from(doc, name, from, 0))
		json_object_set_new(doc, name, json_null());
}

int64_t document_int(const json_t *doc, const char *name, int64_t fallback)
{
	const json_t *value = json_object_get(doc, name);
	return json_is_integer(value) ? json_integer_value(value) : fallback;
}

static void add_json(struct buf *out, const json_t *value)
{
	char *text = json_write(value);
	out->failed |= text == NULL;
	buf_adds(out, text != NULL ? text : "");
	free(text);
}

/* What json_to_recordset would make of it: text of a text, JSON of anything that is not one value. */
static void add_cell(struct buf *out, const json_t *value)
{
	if (json_is_string(value))
		buf_add(out, json_string_value(value), json_string_length(value));
	else if (json_is_integer(value))
		buf_int(out, json_integer_value(value));
	else if (json_is_boolean(value))
		buf_adds(out, json_is_true(value) ? "true" : "false");
	else if (value == NULL || json_is_null(value))
		buf_adds(out, CELL_NULL);
	else
		add_json(out, value);
	buf_adds(out, CELL_END);
}

static void add_cells(struct buf *out, const json_t *row, const struct query_column *column)
{
	struct walk walk = walk_of(row);
	for (; column->name != NULL; column++)
		add_cell(out, walk_get(&walk, column->name));
}

static char *cells_text(const json_t *rows, const struct query_column *columns)
{
	struct buf out;
	buf_init(&out, SIZE_MAX / 2);
	if (json_is_object(rows))
		add_cells(&out, rows, columns);
	for (size_t i = 0; i < json_array_size(rows); i++)
		add_cells(&out, json_array_get(rows, i), columns);
	return buf_take(&out, NULL);
}

const char *document_rows(enum query query, const json_t *rows, struct arena *arena)
{
	const struct query_column *columns = query_texts[query].columns;
	char *text = columns != NULL ? cells_text(rows, columns) : json_write(rows);
	size_t len = text != NULL ? strlen(text) : 0;
	/* An array without its brackets is the list of its rows. */
	size_t trim = columns == NULL && json_is_array(rows) ? 1 : 0;
	const char *kept = len > 2 * trim ? arena_strndup(arena, text + trim, len - 2 * trim) : NULL;
	free(text);
	return kept;
}

const char *document_cells(enum query query, size_t count, const char *const *cells, struct arena *arena)
{
	const char *kept = NULL;
	struct buf out;
	buf_init(&out, SIZE_MAX / 2);
	for (size_t i = 0; i < count; i++) {
		buf_adds(&out, cells[i] != NULL ? cells[i] : CELL_NULL);
		buf_adds(&out, CELL_END);
	}
	/* One too few, and all that follow would stand in wrong columns. */
	if (!out.failed && query_texts[query].columns[count].name == NULL)
		kept = arena_strndup(arena, out.data, out.len);
	buf_release(&out);
	return kept;
}

bool document_hash(const json_t *content, const char *const *without, char ret[HASH_TEXT])
{
	char *text = json_write_canonical(content, without);
	if (text == NULL)
		return false;
	text_hash(ret, text, (char *)NULL);
	free(text);
	return true;
}

void text_hash(char ret[HASH_TEXT], const char *first, ...)
{
	crypto_generichash_state state;
	unsigned char hash[HASH_BYTES];
	va_list texts;

	crypto_generichash_init(&state, NULL, 0, sizeof hash);
	va_start(texts, first);
	for (const char *text = first; text != NULL; text = va_arg(texts, const char *)) {
		uint64_t len = strlen(text);
		crypto_generichash_update(&state, (const unsigned char *)&len, sizeof len);
		crypto_generichash_update(&state, (const unsigned char *)text, len);
	}
	va_end(texts);
	crypto_generichash_final(&state, hash, sizeof hash);
	sodium_bin2hex(ret, HASH_TEXT, hash, sizeof hash);
}
