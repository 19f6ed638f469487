/* Arrays in binary; see columns.h. The forms are those of array_recv and the types' own functions: big-endian. */
#include "columns.h"

#include <stdlib.h>
#include <string.h>

#include "ciclo/base/time.h"

/* Of an array: dimensions, whether it has NULLs, type of its elements, how many, index of the first. Then the elements,
 * each behind its length, -1 for NULL. */
enum { WORD = 4, HEADER = 5 * WORD, PLACE_OF_COUNT = 3 * WORD };
enum { UUID_BYTES = 16, UUID_DIGITS = 2 * UUID_BYTES };

static const int64_t epoch_us = INT64_C(946684800000000); /* PostgreSQL counts from 2000-01-01 */

static void put(unsigned char *to, size_t bytes, uint64_t number)
{
	for (size_t i = bytes; i-- > 0; number >>= 8)
		to[i] = (unsigned char)number;
}

static void add_element(struct buf *column, const void *bytes, size_t len)
{
	unsigned char length[WORD];

	put(length, WORD, len);
	buf_add(column, length, WORD);
	buf_add(column, bytes, len);
}

static void add_null(struct buf *column)
{
	buf_add(column, "\xff\xff\xff\xff", WORD);
}

static void add_bigint(struct buf *column, int64_t number)
{
	unsigned char bytes[8];

	put(bytes, sizeof bytes, (uint64_t)number);
	add_element(column, bytes, sizeof bytes);
}

/* Longer than any type of a fixed length takes. */
static void add_misfit(struct buf *column)
{
	static const char bytes[UUID_BYTES + 1];

	add_element(column, bytes, sizeof bytes);
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool uuid_bytes(const char *text, size_t len, unsigned char out[UUID_BYTES])
{
	size_t digits = 0;

	for (size_t i = 0; i < len; i++) {
		int digit = hex_digit(text[i]);

		if (text[i] == '-')
			continue;
		if (digit < 0 || digits == UUID_DIGITS)
			return false;
		out[digits / 2] = (unsigned char)(digits % 2 ? out[digits / 2] | digit : digit << 4);
		digits++;
	}
	return digits == UUID_DIGITS;
}

static void add_uuid(struct buf *column, const char *cell, size_t len)
{
	unsigned char bytes[UUID_BYTES];

	if (uuid_bytes(cell, len, bytes))
		add_element(column, bytes, sizeof bytes);
	else
		add_misfit(column);
}

static void add_number(struct buf *column, const char *cell, size_t len)
{
	char *end;
	int64_t number = strtoll(cell, &end, 10);

	if (len > 0 && end == cell + len)
		add_bigint(column, number);
	else
		add_misfit(column);
}

static void add_instant(struct buf *column, const char *cell, size_t len)
{
	int64_t us;

	if (instant_parse(cell, len, &us))
		add_bigint(column, us - epoch_us);
	else
		add_misfit(column);
}

static void add_cell(struct buf *column, enum column_type type, const char *cell, size_t len)
{
	if (len == 1 && *cell == *CELL_NULL) {
		add_null(column);
		return;
	}
	switch (type) {
	case COLUMN_UUID:
		add_uuid(column, cell, len);
		break;
	case COLUMN_BIGINT:
		add_number(column, cell, len);
		break;
	case COLUMN_TIMESTAMPTZ:
		add_instant(column, cell, len);
		break;
	case COLUMN_BOOLEAN:
		add_element(column, *cell == 't' ? "\1" : "\0", 1);
		break;
	case COLUMN_TEXT:
	case COLUMN_JSON:
		add_element(column, cell, len);
	}
}

void columns_begin(struct buf *columns, enum query query)
{
	const struct query_column *column = query_texts[query].columns;

	for (; column->name; column++, columns++) {
		const uint32_t words[] = {1, 1, column->type, 0, 1};
		unsigned char header[HEADER];

		for (size_t i = 0; i < COUNTOF(words); i++)
			put(header + i * WORD, WORD, words[i]);
		buf_add(columns, header, sizeof header);
	}
}

size_t columns_add(struct buf *columns, enum query query, size_t asker, const char *cells)
{
	const struct query_column *column = query_texts[query].columns;
	size_t at = 0, rows = 0;
	const char *end;

	for (; (end = strchr(cells, *CELL_END)); cells = end + 1) {
		if (at == 0 && asker > 0)
			add_bigint(&columns[at++], (int64_t)asker);
		add_cell(&columns[at], column[at].type, cells, (size_t)(end - cells));
		if (column[++at].name)
			continue;
		at = 0;
		rows++;
	}
	/* Rather nothing than a write of less than was asked. */
	columns[0].failed |= rows == 0 || at > 0;
	return rows;
}

size_t columns_end(struct buf *columns, enum query query, size_t rows)
{
	size_t count = 0;

	for (; query_texts[query].columns[count].name; count++)
		if (!columns[count].failed)
			put((unsigned char *)columns[count].data + PLACE_OF_COUNT, WORD, rows);
	return count;
}
