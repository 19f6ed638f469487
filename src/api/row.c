#include "row.h"

#include <string.h>

#include "ciclo/contract/json.h"

static void add_cell(struct buf *out, const struct db_answer *answer, size_t read, size_t row, size_t column)
{
	const char *cell = db_cell(answer, read, row, column);
	size_t len = db_cell_length(answer, read, row, column);

	if (!cell) {
		buf_adds(out, "null");
		return;
	}
	switch (db_column_type(answer, read, column)) {
	case DB_TEXT:
		buf_json_string(out, cell, len);
		break;
	case DB_BOOL:
		buf_adds(out, *cell == 't' ? "true" : "false");
		break;
	case DB_NUMBER:
	case DB_JSON:
		buf_add(out, cell, len);
	}
}

static bool is_document(const struct db_answer *answer, size_t read, size_t column)
{
	return strcmp(db_column_name(answer, read, column), "document") == 0;
}

void row_document(struct buf *out, const struct db_answer *answer, size_t read, size_t row, size_t column)
{
	if (is_document(answer, read, column)) {
		buf_add(out, db_cell(answer, read, row, column), db_cell_length(answer, read, row, column));
		return;
	}
	for (size_t member = column; member < db_columns(answer, read); member++) {
		const char *name = db_column_name(answer, read, member);

		buf_addc(out, member == column ? '{' : ',');
		buf_json_string(out, name, strlen(name));
		buf_addc(out, ':');
		add_cell(out, answer, read, row, member);
	}
	buf_addc(out, '}');
}

json_t *row_read(const struct db_answer *answer, size_t column)
{
	char why[128];
	struct buf text;
	json_t *document = NULL;

	if (db_rows(answer, 0) == 0 || (is_document(answer, 0, column) && !db_cell(answer, 0, 0, column)))
		return NULL;
	buf_init(&text, DOCUMENT_TEXT_MAX);
	row_document(&text, answer, 0, 0, column);
	if (!text.failed)
		document = json_read(text.data, text.len, why, sizeof(why));
	buf_release(&text);
	return document;
}
