#include "csv.h"

#include <stdlib.h>
#include <string.h>

/* The rest of the text. */
struct rest {
	const char *at;
	const char *end;
	bool last;
};

bool csv_open(struct csv_row *row, size_t size)
{
	*row = (struct csv_row){.unquoted = malloc(size)};
	return row->unquoted != NULL;
}

void csv_close(struct csv_row *row)
{
	free(row->unquoted);
}

static enum csv_result bad(struct csv_row *row, const char *fault)
{
	row->fault = fault;
	return CSV_BAD;
}

static enum csv_result read_plain(struct csv_row *row, struct rest *r, struct csv_cell *ret)
{
	const char *from = r->at;

	while (r->at < r->end && *r->at != ',' && *r->at != '\n' && *r->at != '\r' && *r->at != '"')
		r->at++;
	if (r->at < r->end && *r->at == '"')
		return bad(row, "a quote in a cell that does not begin with one");
	*ret = (struct csv_cell){from, (size_t)(r->at - from)};
	return r->at == r->end && !r->last ? CSV_MORE : CSV_ROW;
}

/* r->at is behind the opening quote. A cell without quotes inside is its text in place. */
static enum csv_result read_quoted(struct csv_row *row, struct rest *r, struct csv_cell *ret)
{
	char *to = row->unquoted + row->unquoted_len;

	*ret = (struct csv_cell){r->at, 0};
	for (;;) {
		const char *quote = memchr(r->at, '"', (size_t)(r->end - r->at));
		if (quote == NULL)
			return r->last ? bad(row, "a quote that is never closed") : CSV_MORE;
		size_t len = (size_t)(quote - r->at);
		bool doubled = quote + 1 < r->end && quote[1] == '"';
		if (quote + 1 == r->end && !r->last)
			return CSV_MORE;
		if (doubled && ret->text != to)
			*ret = (struct csv_cell){to, 0};
		if (ret->text == to) {
			memcpy(to + ret->len, r->at, len + doubled);
			row->unquoted_len += len + doubled;
		}
		ret->len += len + doubled;
		r->at = quote + 1 + doubled;
		if (!doubled)
			return CSV_ROW;
	}
}

/* What separates the cell from the next; *ret_over: the record is over. */
static enum csv_result read_separator(struct csv_row *row, struct rest *r, bool *ret_over)
{
	*ret_over = true;
	if (r->at == r->end)
		return r->last ? CSV_ROW : CSV_MORE;
	switch (*r->at++) {
	case ',':
		*ret_over = false;
		return CSV_ROW;
	case '\n':
		return CSV_ROW;
	case '\r':
		if (r->at == r->end)
			return r->last ? CSV_ROW : CSV_MORE;
		if (*r->at++ == '\n')
			return CSV_ROW;
		return bad(row, "a carriage return that does not end the line, outside quotes");
	default:
		return bad(row, "a closing quote that neither a comma nor the end of the line follows");
	}
}

enum csv_result csv_read(struct csv_row *row, const char *text, size_t len, bool last, size_t *ret_len)
{
	struct rest r = {text, text + len, last};
	enum csv_result result = CSV_ROW;

	row->count = 0;
	row->unquoted_len = 0;
	for (bool over = false; !over && result == CSV_ROW;) {
		if (row->count == CSV_CELLS_MAX)
			return bad(row, "more than 1,000 cells");
		struct csv_cell *cell = &row->cell[row->count++];
		if (r.at < r.end && *r.at == '"') {
			r.at++;
			result = read_quoted(row, &r, cell);
		} else {
			result = read_plain(row, &r, cell);
		}
		if (result == CSV_ROW)
			result = read_separator(row, &r, &over);
	}
	*ret_len = (size_t)(r.at - text);
	return result;
}
