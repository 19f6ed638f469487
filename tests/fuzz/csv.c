/*
 * Files of CSV as `ciclo import` reads them: records, the header against the contract, rows as JSON.
 * Input: a line with an operationId, then the file.
 */
#include "fuzz.h"

#include "ciclo/base/buf.h"
#include "ciclo/contract/json.h"

#include "../../src/import/columns.h"
#include "../../src/import/csv.h"

enum {
	FILE_MAX = 1 << 20,
	/* Each cut is read anew. */
	CUTS_MAX = 64
};

static const struct schema *some_item(const char *id)
{
	const struct operation *op = some_operation(id);

	return op->item ? op->item : contract_find(the_contract(), "batchOrders")->item;
}

static bool same_cell(const struct csv_cell *a, const struct csv_cell *b)
{
	return a->len == b->len && (a->len == 0 || memcmp(a->text, b->text, a->len) == 0);
}

static void must_be_same(const struct csv_row *a, const struct csv_row *b, const char *what)
{
	must(a->count == b->count, what);
	for (size_t i = 0; i < a->count; i++)
		must(same_cell(&a->cell[i], &b->cell[i]), what);
}

/* Where a record ends does not depend on how the bytes arrive. */
static void must_not_depend_on_cuts(const struct csv_row *row, const char *text, size_t len,
				    struct csv_row *scratch)
{
	size_t step = len / CUTS_MAX + 1, end;

	for (size_t cut = 0; cut < len; cut += step) {
		char *part = malloc(cut > 0 ? cut : 1);

		must(part != NULL, "memory is enough");
		memcpy(part, text, cut);
		must(csv_read(scratch, part, cut, false, &end) == CSV_MORE,
		     "the beginning of a record is not a record");
		free(part);
	}
	if (text[len - 1] != '\n')
		return;
	must(csv_read(scratch, text, len, false, &end) == CSV_ROW && end == len,
	     "a record needs no more than itself");
	must_be_same(row, scratch, "a record is what it is");
}

/* With every cell in quotes it is the same record. */
static void must_survive_quotes(const struct csv_row *row, struct csv_row *scratch)
{
	struct buf text;
	size_t end;

	buf_init(&text, 4 * FILE_MAX);
	for (size_t i = 0; i < row->count; i++) {
		buf_adds(&text, i > 0 ? ",\"" : "\"");
		for (size_t at = 0; at < row->cell[i].len; at++) {
			buf_addc(&text, row->cell[i].text[at]);
			if (row->cell[i].text[at] == '"')
				buf_addc(&text, '"');
		}
		buf_addc(&text, '"');
	}
	must(!text.failed, "memory is enough");
	must(csv_read(scratch, text.data, text.len, true, &end) == CSV_ROW && end == text.len,
	     "quotes are in order");
	must_be_same(row, scratch, "quotes mean nothing");
	buf_release(&text);
}

static size_t count_values(const json_t *value)
{
	size_t count = 0, i;
	const char *name;
	json_t *each;

	if (!json_is_object(value) && !json_is_array(value))
		return 1;
	json_array_foreach(value, i, each)
	{
		count += count_values(each);
	}
	json_object_foreach(json_walkable(value), name, each)
	{
		count += count_values(each);
	}
	return count;
}

/* Of cells without JSON in them. */
static bool count_cells(const struct csv_row *row, size_t *ret)
{
	*ret = 0;
	for (size_t i = 0; i < row->count; i++) {
		const struct csv_cell *cell = &row->cell[i];

		*ret += cell->len > 0;
		if (cell->len > 0 &&
		    (memchr(cell->text, '[', cell->len) || memchr(cell->text, '{', cell->len)))
			return false;
	}
	return true;
}

/* No cell is lost on the way to JSON, and the JSON is sound. */
static void must_make_json(const struct columns *columns, const struct csv_row *row)
{
	char why[200] = "", *text;
	json_t *object = columns_object(columns, row, why, sizeof why), *again;
	size_t cells;

	if (!object) {
		must(*why != '\0', "a refusal has its sentence");
		return;
	}
	must(!count_cells(row, &cells) || count_values(object) == cells, "no cell is lost");
	text = json_write(object);
	must(text && is_utf8(text, strlen(text)), "a row is UTF-8");
	again = json_loads(text, 0, NULL);
	must(again || strstr(text, "\\u0000"), "a row is JSON");
	json_decref(again);
	json_decref(object);
	free(text);
}

static void read_file(const struct schema *item, const char *text, size_t len, struct csv_row *row,
		      struct csv_row *scratch)
{
	struct columns *columns = NULL;
	char why[400] = "";
	size_t end;

	while (len > 0 && csv_read(row, text, len, true, &end) == CSV_ROW) {
		must(end > 0 && end <= len && row->count > 0, "a record has bytes and cells");
		must_not_depend_on_cuts(row, text, end, scratch);
		must_survive_quotes(row, scratch);
		if (columns)
			must_make_json(columns, row);
		else if (!(columns = columns_new(item, row, why, sizeof why)))
			break;
		text += end;
		len -= end;
	}
	must(columns || *why || !row->fault || is_utf8(row->fault, strlen(row->fault)),
	     "a refusal has its sentence");
	columns_free(columns);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input_text in = {(const char *)data, size};
	struct csv_row *rows = calloc(2, sizeof *rows);
	char *id = next_line(&in), *text = the_rest(&in);

	must(rows != NULL, "memory is enough");
	/* Quotes make it longer: two more for each cell, and each quote twice. */
	if (in.len <= FILE_MAX && csv_open(&rows[0], in.len + 1) && csv_open(&rows[1], 4 * in.len + 4))
		read_file(some_item(id), text, in.len, &rows[0], &rows[1]);
	csv_close(&rows[0]);
	csv_close(&rows[1]);
	free(rows);
	free(text);
	free(id);
	return 0;
}
