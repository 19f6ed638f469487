/*
 * The statements of a report (report.h): what is asked, and where in the answer each measure is.
 */
#include <stdlib.h>
#include <string.h>

#include "report.h"

enum { COLUMN_BUCKET, COLUMN_KEY, COLUMN_FIRST_MEASURE };

/* Parameters $1 to $3 of every statement. */
enum { ARGS_COMMON = 3 };

/* Statements with the last day that counts as a fourth parameter. */
enum { FAMILIES_WITH_UNTIL = 1U << FAMILY_VALUE | 1U << FAMILY_COSTS };

static const enum query family_query[FAMILY_COUNT] = {
	[FAMILY_ORDERS] = Q_KPI_ORDERS,       [FAMILY_CUSTOMERS] = Q_KPI_CUSTOMERS,
	[FAMILY_MARKETING] = Q_KPI_MARKETING, [FAMILY_SURVEYS] = Q_KPI_SURVEYS,
	[FAMILY_VALUE] = Q_KPI_VALUE,         [FAMILY_JOURNEY] = Q_KPI_JOURNEY,
	[FAMILY_CARTS] = Q_KPI_CARTS,         [FAMILY_SOCIAL] = Q_KPI_SOCIAL,
	[FAMILY_PROGRAMS] = Q_KPI_PROGRAMS,   [FAMILY_PROGRAM_ORDERS] = Q_KPI_PROGRAM_ORDERS,
	[FAMILY_COSTS] = Q_KPI_COSTS,
};

/* ---- questions ---- */

struct segment_read *report_slot(struct report *r)
{
	return r->segment.read_count < REPORT_READS_MAX ? &r->read[r->segment.read_count++] : NULL;
}

/* Whether a cut asks this family: not for groups that its facts do not have. */
static bool asks(const struct report *r, enum report_cut cut, enum family family)
{
	return r->cut[cut].asked && (cut != CUT_GROUPS || family_dimensions(family) & 1U << r->dimension);
}

static bool add_table(struct report *r, enum report_cut cut, enum family family, enum query query,
		      size_t arg_count, const char *const *args)
{
	struct report_tables *tables = &r->cut[cut];
	struct segment_read *read;

	if (!asks(r, cut, family))
		return true;
	if (tables->count == REPORT_TABLES_MAX || ARGS_COMMON + arg_count > READ_ARGS_MAX)
		return false;
	read = report_slot(r);
	if (!read)
		return false;
	*read = (struct segment_read){.query = query,
				      .arg_count = ARGS_COMMON + arg_count,
				      .args = {tables->dates[0], tables->dates[1], tables->dimension}};
	for (size_t i = 0; i < arg_count; i++)
		read->args[ARGS_COMMON + i] = args[i];
	tables->table[tables->count++] =
		(struct report_table){.family = 1U << family, .read = (size_t)(read - r->read)};
	return true;
}

bool report_read(struct report *r, enum family family, enum query query, size_t arg_count,
		 const char *const *args)
{
	for (enum report_cut c = 0; c < CUTS; c++) {
		if (!add_table(r, c, family, query, arg_count, args))
			return false;
	}
	return true;
}

bool report_families(struct report *r, unsigned families)
{
	for (enum family f = 0; f < FAMILY_COUNT; f++) {
		if (!(families & 1U << f))
			continue;
		for (enum report_cut c = 0; c < CUTS; c++) {
			const char *until = r->cut[c].until;

			if (!add_table(r, c, f, family_query[f], FAMILIES_WITH_UNTIL & 1U << f ? 1 : 0,
				       &until))
				return false;
		}
	}
	return true;
}

/* ---- columns ---- */

/* Behind bucket and key, every column is a measure. */
static bool read_columns(const struct db_answer *answer, struct report_table *table)
{
	table->columns = db_columns(answer, table->read);
	if (table->columns <= COLUMN_KEY || table->columns > REPORT_COLUMNS_MAX)
		return false;
	for (size_t column = COLUMN_FIRST_MEASURE; column < table->columns; column++) {
		table->measure[column] = measure_find(db_column_name(answer, table->read, column));
		if (table->measure[column] == MEASURE_NONE)
			return false;
	}
	return true;
}

/* Without groups there is a row for each bucket. */
static bool read_tables(struct report *r, const struct db_answer *answer)
{
	const size_t rows[CUTS] = {[CUT_WHOLE] = 1, [CUT_SERIES] = r->bucket_count, [CUT_PREVIOUS] = 1};

	for (enum report_cut c = 0; c < CUTS; c++) {
		for (size_t t = 0; t < r->cut[c].count; t++) {
			struct report_table *table = &r->cut[c].table[t];

			if (!read_columns(answer, table) ||
			    (c != CUT_GROUPS && db_rows(answer, table->read) != rows[c]))
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
	keys = calloc(rows + 1, sizeof(*keys));
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
		if (r->cut[CUT_GROUPS].table[t].family & families && r->groups.row[t][n] >= 0)
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

bool report_facts(const struct report *r, const struct db_answer *answer, enum report_cut cut, size_t n,
		  struct measures *ret)
{
	*ret = (struct measures){0};
	for (size_t t = 0; t < r->cut[cut].count; t++) {
		int row = cut == CUT_GROUPS ? r->groups.row[t][n] : (int)n;

		if (row >= 0 && !read_row(answer, &r->cut[cut].table[t], (size_t)row, ret))
			return false;
	}
	return true;
}
