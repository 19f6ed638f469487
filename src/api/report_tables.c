/*
 * The statements of a report (report.h): what is asked, and where in the answer each measure is.
 */
#include <stdlib.h>
#include <string.h>

#include "ciclo/base/buf.h"
#include "ciclo/base/memory.h"
#include "report.h"

enum { COLUMN_BUCKET, COLUMN_KEY, COLUMN_FIRST_MEASURE };
/* A list has a row for each measure instead of a column. */
enum { COLUMN_MEASURE = COLUMN_FIRST_MEASURE, COLUMN_AMOUNT, LIST_COLUMNS };

/* Which cuts a statement answers, and what it takes behind $1 and $2, in this order: the measures that are asked for, the
 * dimension, the last day that counts. */
enum { WHOLE = 1U << 0, GROUPS = 1U << 1, MEASURES = 1U << 2, DIMENSION = 1U << 3, UNTIL = 1U << 4 };

#define BIT(family) (1U << FAMILY_##family)

/* Read from what is derived; but groups of journeys, carts, answers to surveys and programs are counted in the
 * facts. */
static const struct statement {
	enum query query;
	unsigned families;
	unsigned flags;
} statements[] = {
	{Q_KPI_DAILY,
	 BIT(ORDERS) | BIT(SEQUENCE) | BIT(SURVEYS) | BIT(VISITS) | BIT(CARTS) | BIT(REVIEWS) |
		 BIT(PROGRAM_ORDERS),
	 WHOLE},
	{Q_KPI_RECENCY, BIT(CUSTOMERS) | BIT(JOURNEY) | BIT(MEMBERS), WHOLE | MEASURES},
	{Q_KPI_GAPS, BIT(GAPS), WHOLE},
	{Q_KPI_ACQUIRED, BIT(VALUE) | BIT(COSTS), WHOLE | UNTIL},
	{Q_KPI_MARKETING, BIT(MARKETING), WHOLE | GROUPS | DIMENSION},
	{Q_KPI_SOCIAL, BIT(SOCIAL), WHOLE | GROUPS | DIMENSION},
	{Q_KPI_RENEWALS, BIT(PROGRAMS), WHOLE},
	{Q_KPI_PROGRAMS, BIT(PROGRAMS) | BIT(REVIEWS), GROUPS | DIMENSION},
	{Q_KPI_ORDERS, BIT(ORDERS), GROUPS | DIMENSION},
	{Q_KPI_CUSTOMERS, BIT(CUSTOMERS) | BIT(SEQUENCE) | BIT(GAPS), GROUPS | DIMENSION},
	{Q_KPI_SURVEYS, BIT(SURVEYS), GROUPS | DIMENSION},
	{Q_KPI_VALUE, BIT(VALUE) | BIT(COSTS), GROUPS | DIMENSION | UNTIL},
	{Q_KPI_JOURNEY, BIT(JOURNEY) | BIT(VISITS), GROUPS | DIMENSION},
	{Q_KPI_CARTS, BIT(CARTS), GROUPS | DIMENSION},
	{Q_KPI_PROGRAM_ORDERS, BIT(PROGRAM_ORDERS) | BIT(MEMBERS), GROUPS | DIMENSION},
};

/* ---- questions ---- */

struct segment_read *report_slot(struct report *r)
{
	return r->segment.read_count < REPORT_READS_MAX ? &r->read[r->segment.read_count++] : NULL;
}

/* Whether a cut asks these families: not for groups that their facts do not have. */
static bool asks(const struct report *r, enum report_cut cut, unsigned families)
{
	bool grouped = cut != CUT_GROUPS;

	for (enum family f = 0; f < FAMILY_COUNT && !grouped; f++)
		grouped = families & 1U << f && family_dimensions(f) & 1U << r->dimension;
	return r->cut[cut].asked && grouped;
}

static struct segment_read *add_table(struct report *r, enum report_cut cut, unsigned families,
				      enum query query)
{
	struct report_tables *tables = &r->cut[cut];
	struct segment_read *read = tables->count < REPORT_TABLES_MAX ? report_slot(r) : NULL;

	if (!read)
		return NULL;
	*read = (struct segment_read){
		.query = query, .arg_count = 2, .args = {tables->dates[0], tables->dates[1]}};
	tables->table[tables->count++] =
		(struct report_table){.families = families, .read = (size_t)(read - r->read)};
	return read;
}

static void add_arg(struct segment_read *read, const char *arg)
{
	read->args[read->arg_count++] = arg;
}

bool report_read(struct report *r, unsigned cuts, enum family family, enum query query, size_t arg_count,
		 const char *const *args)
{
	for (enum report_cut c = 0; c < CUTS; c++) {
		struct segment_read *read;

		if (!(cuts & 1U << c) || !asks(r, c, 1U << family))
			continue;
		read = add_table(r, c, 1U << family, query);
		if (!read || read->arg_count + 1 + arg_count > READ_ARGS_MAX)
			return false;
		add_arg(read, r->cut[c].dimension);
		for (size_t i = 0; i < arg_count; i++)
			add_arg(read, args[i]);
	}
	return true;
}

/* Of these families the measures that are asked for, as an array of SQL. NULL: memory is out. */
static const char *measures_text(struct report *r, const struct measure_set *wanted, unsigned families)
{
	const char *kept = NULL, *before = "{";
	struct buf text;

	buf_init(&text, SIZE_MAX - 1);
	for (enum measure m = MEASURE_NONE + 1; m < MEASURE_COUNT; m++) {
		if (!wanted->has[m] || !(families & 1U << measure_family(m)))
			continue;
		buf_printf(&text, "%s%s", before, measure_name(m));
		before = ",";
	}
	buf_adds(&text, "}");
	if (!text.failed)
		kept = arena_strndup(call_arena(r->call), text.data, text.len);
	buf_release(&text);
	return kept;
}

static bool add_statement(struct report *r, enum report_cut cut, const struct statement *statement,
			  const struct measure_set *wanted)
{
	struct segment_read *read = add_table(r, cut, statement->families, statement->query);

	if (!read)
		return false;
	if (statement->flags & MEASURES)
		add_arg(read, measures_text(r, wanted, statement->families));
	if (statement->flags & DIMENSION)
		add_arg(read, r->cut[cut].dimension);
	if (statement->flags & UNTIL)
		add_arg(read, r->cut[cut].until);
	return !(statement->flags & MEASURES) || read->args[2];
}

bool report_measures(struct report *r, unsigned cuts, const struct measure_set *wanted)
{
	unsigned families = 0;

	for (enum measure m = MEASURE_NONE + 1; m < MEASURE_COUNT; m++)
		families |= wanted->has[m] ? 1U << measure_family(m) : 0;
	for (size_t i = 0; i < COUNTOF(statements); i++) {
		const struct statement *s = &statements[i];

		for (enum report_cut c = 0; c < CUTS; c++) {
			unsigned kind = c == CUT_GROUPS ? GROUPS : WHOLE;

			if (cuts & 1U << c && s->flags & kind && s->families & families &&
			    asks(r, c, s->families & families) && !add_statement(r, c, s, wanted))
				return false;
		}
	}
	return true;
}

/* ---- columns ---- */

/* Behind bucket and key, every column is a measure. */
static bool read_columns(const struct db_answer *answer, struct report_table *table)
{
	if (table->columns <= COLUMN_KEY || table->columns > REPORT_COLUMNS_MAX)
		return false;
	for (size_t column = COLUMN_FIRST_MEASURE; column < table->columns; column++) {
		table->measure[column] = measure_find(db_column_name(answer, table->read, column));
		if (table->measure[column] == MEASURE_NONE)
			return false;
	}
	return true;
}

/* The measure of each row, and where the rows of each bucket begin. */
static bool read_list(struct arena *arena, const struct db_answer *answer, struct report_table *table,
		      size_t buckets)
{
	size_t rows = db_rows(answer, table->read), bucket = 0;

	table->row_measure = arena_alloc(arena, (rows + 1) * sizeof(*table->row_measure));
	table->start = arena_alloc(arena, (buckets + 1) * sizeof(*table->start));
	if (!table->row_measure || !table->start)
		return false;
	for (size_t row = 0; row < rows; row++) {
		size_t of = strtoul(db_cell(answer, table->read, row, COLUMN_BUCKET), NULL, 10);

		table->row_measure[row] = measure_find(db_cell(answer, table->read, row, COLUMN_MEASURE));
		if (of > buckets || of < bucket || table->row_measure[row] == MEASURE_NONE)
			return false;
		while (bucket < of)
			table->start[bucket++] = row;
	}
	while (bucket <= buckets)
		table->start[bucket++] = rows;
	return true;
}

static bool is_list(const struct db_answer *answer, const struct report_table *table)
{
	return table->columns == LIST_COLUMNS &&
	       strcmp(db_column_name(answer, table->read, COLUMN_MEASURE), "measure") == 0;
}

/* Without groups there is a row for each bucket. */
static bool read_table(struct report *r, const struct db_answer *answer, enum report_cut cut,
		       struct report_table *table)
{
	size_t buckets = cut == CUT_SERIES ? r->bucket_count : 1;

	table->columns = db_columns(answer, table->read);
	if (cut != CUT_GROUPS && is_list(answer, table))
		return read_list(call_arena(r->call), answer, table, buckets);
	return read_columns(answer, table) && (cut == CUT_GROUPS || db_rows(answer, table->read) == buckets);
}

static bool read_tables(struct report *r, const struct db_answer *answer)
{
	for (enum report_cut c = 0; c < CUTS; c++) {
		for (size_t t = 0; t < r->cut[c].count; t++) {
			if (!read_table(r, answer, c, &r->cut[c].table[t]))
				return false;
		}
	}
	return true;
}

/* ---- groups ---- */

/* NULL, the group of what has no such attribute, comes last. */
static int compare_keys(const void *a, const void *b)
{
	const char *one = *(const char *const *)a, *other = *(const char *const *)b;

	if (!one || !other)
		return (one == NULL) - (other == NULL);
	return strcmp(one, other);
}

static const char *key_of(const struct db_answer *answer, const struct report_table *table, size_t row)
{
	return db_cell(answer, table->read, row, COLUMN_KEY);
}

/* Sorts keys and keeps one of each. */
static size_t unique_keys(const char **keys, size_t count)
{
	size_t kept = 0;

	if (count > 0)
		qsort(keys, count, sizeof(*keys), compare_keys);
	for (size_t i = 0; i < count; i++) {
		if (kept == 0 || compare_keys(&keys[kept - 1], &keys[i]) != 0)
			keys[kept++] = keys[i];
	}
	return kept;
}

/* Keys of all tables; more than GROUPS_MAX are not kept, but counted. false when memory is out. */
static bool collect_keys(struct report *r, const struct db_answer *answer)
{
	const struct report_tables *cut = &r->cut[CUT_GROUPS];
	size_t rows = 0, count = 0;
	const char **keys;

	for (size_t t = 0; t < cut->count; t++)
		rows += db_rows(answer, cut->table[t].read);
	keys = memory_counted(calloc(rows + 1, sizeof(*keys)));
	if (!keys)
		return false;
	for (size_t t = 0; t < cut->count; t++) {
		for (size_t row = 0; row < db_rows(answer, cut->table[t].read); row++)
			keys[count++] = key_of(answer, &cut->table[t], row);
	}
	r->groups.count = unique_keys(keys, count);
	if (r->groups.count <= GROUPS_MAX)
		memcpy(r->groups.key, keys, r->groups.count * sizeof(*keys));
	free(keys);
	return true;
}

/* In which row of which table each group is. */
static void place_groups(struct report *r, const struct db_answer *answer)
{
	const struct report_tables *cut = &r->cut[CUT_GROUPS];
	struct report_groups *groups = &r->groups;

	for (size_t t = 0; t < cut->count; t++) {
		for (size_t g = 0; g < groups->count; g++)
			groups->row[t][g] = -1;
		for (size_t row = 0; row < db_rows(answer, cut->table[t].read); row++) {
			const char *key = key_of(answer, &cut->table[t], row);
			const char **found =
				bsearch(&key, groups->key, groups->count, sizeof(*groups->key), compare_keys);

			groups->row[t][found - groups->key] = (int)row;
		}
	}
}

bool report_has_group(const struct report *r, size_t n, unsigned families)
{
	for (size_t t = 0; t < r->cut[CUT_GROUPS].count; t++) {
		if (r->cut[CUT_GROUPS].table[t].families & families && r->groups.row[t][n] >= 0)
			return true;
	}
	return false;
}

/* ---- answers ---- */

bool report_find(struct report *r, const struct db_answer *answer)
{
	if (!read_tables(r, answer) || !collect_keys(r, answer)) {
		refuse_measures(r->call);
		return false;
	}
	if (r->groups.count > GROUPS_MAX) {
		refuse_parameter(r->call, "group_by", "maximum",
				 "there are more than %d groups: take a shorter window or another dimension",
				 GROUPS_MAX);
		return false;
	}
	place_groups(r, answer);
	return true;
}

static bool read_row(const struct db_answer *answer, const struct report_table *table, size_t row,
		     struct measures *ret)
{
	for (size_t column = COLUMN_FIRST_MEASURE; column < table->columns; column++) {
		const char *cell = db_cell(answer, table->read, row, column);

		if (!cell || !measure_parse(cell, &ret->of[table->measure[column]]))
			return false;
	}
	return true;
}

static bool read_listed(const struct db_answer *answer, const struct report_table *table, size_t n,
			struct measures *ret)
{
	for (size_t row = table->start[n]; row < table->start[n + 1]; row++) {
		const char *cell = db_cell(answer, table->read, row, COLUMN_AMOUNT);

		if (!cell || !measure_parse(cell, &ret->of[table->row_measure[row]]))
			return false;
	}
	return true;
}

bool report_facts(const struct report *r, const struct db_answer *answer, enum report_cut cut, size_t n,
		  struct measures *ret)
{
	*ret = (struct measures){0};
	for (size_t t = 0; t < r->cut[cut].count; t++) {
		const struct report_table *table = &r->cut[cut].table[t];
		int row = cut == CUT_GROUPS ? r->groups.row[t][n] : (int)n;

		if (table->start ? !read_listed(answer, table, n, ret)
				 : row >= 0 && !read_row(answer, table, (size_t)row, ret))
			return false;
	}
	return true;
}
