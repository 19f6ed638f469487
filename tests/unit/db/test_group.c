/* Who shares a group, and in what order it works; without a server. */
#include "../../../src/db/group.h"
#include "../../../src/db/verdict.h"
#include "support.h"

static void push(struct segments *list, struct probe *p, const char *lock_key)
{
	p->segment.lock_key = lock_key;
	segments_push(list, &p->segment);
}

START_TEST(takes_at_most_max_in_order)
{
	struct segments waiting = {0};
	struct probe p[5];
	struct group *g;

	for (int i = 0; i < 5; i++) {
		probe_init(&p[i], LANE_READ);
		probe_recall(&p[i], "k");
		push(&waiting, &p[i], NULL);
	}
	g = group_form(&waiting, 3);
	ck_assert_ptr_nonnull(g);
	ck_assert_uint_eq(g->count, 3);
	ck_assert_ptr_eq(g->members[0], &p[0].segment);
	ck_assert_ptr_eq(g->members[2], &p[2].segment);
	ck_assert_uint_eq(waiting.count, 2);
	ck_assert(!g->writes);
	group_free(g);
}
END_TEST

START_TEST(orders_writers_by_lock_key)
{
	struct segments waiting = {0};
	struct probe p[4];
	const char *keys[] = {"b", "a", "b", NULL};
	const size_t sorted[] = {3, 1, 0, 2};
	struct group *g;

	for (int i = 0; i < 4; i++) {
		probe_init(&p[i], LANE_WRITE);
		probe_claim(&p[i], "r", i);
		push(&waiting, &p[i], keys[i]);
	}
	g = group_form(&waiting, 32);
	ck_assert_ptr_nonnull(g);
	for (size_t i = 0; i < 4; i++)
		ck_assert_ptr_eq(g->members[i], &p[sorted[i]].segment);
	group_free(g);
}
END_TEST

START_TEST(a_snapshot_never_shares_with_writes)
{
	struct segments waiting = {0};
	struct probe p[3];
	struct group *g;

	for (int i = 0; i < 3; i++) {
		probe_init(&p[i], LANE_WRITE);
		probe_recall(&p[i], "k");
		push(&waiting, &p[i], NULL);
	}
	probe_claim(&p[0], "r", 0);
	p[1].segment.snapshot = true;
	g = group_form(&waiting, 32);
	ck_assert_ptr_nonnull(g);
	ck_assert(g->count == 1 && g->writes && !g->snapshot);
	group_free(g);
	/* A read without a snapshot has nothing against one. */
	g = group_form(&waiting, 32);
	ck_assert_ptr_nonnull(g);
	ck_assert(g->count == 2 && !g->writes && g->snapshot);
	group_free(g);
}
END_TEST

START_TEST(writes_never_join_a_snapshot)
{
	struct segments waiting = {0};
	struct probe p[2];
	struct group *g;

	probe_init(&p[0], LANE_WRITE);
	probe_recall(&p[0], "k");
	p[0].segment.snapshot = true;
	push(&waiting, &p[0], NULL);
	probe_init(&p[1], LANE_WRITE);
	probe_claim(&p[1], "r", 1);
	push(&waiting, &p[1], NULL);
	g = group_form(&waiting, 32);
	ck_assert_ptr_nonnull(g);
	ck_assert(g->count == 1 && g->snapshot && !g->writes);
	group_free(g);
}
END_TEST

START_TEST(rows_are_bounded)
{
	struct segments waiting = {0};
	struct probe p[3];
	size_t size = GROUP_BYTES_MAX / 2 + 1;
	char *rows = calloc(1, size + 1);
	struct group *g;

	ck_assert_ptr_nonnull(rows);
	memset(rows, ' ', size);
	for (int i = 0; i < 3; i++) {
		probe_init(&p[i], LANE_BULK);
		p[i].segment.write_count = 1;
		p[i].segment.writes[0].rows = rows;
		push(&waiting, &p[i], NULL);
	}
	g = group_form(&waiting, 512);
	ck_assert_ptr_nonnull(g);
	ck_assert_uint_eq(g->count, 1);
	group_free(g);
	free(rows);
}
END_TEST

START_TEST(plan_merges_writes_by_rank_then_reads)
{
	const enum query expected[] = {Q_TRANSACTION_BEGIN, Q_EXTERNAL_ID_INSERT, Q_IDEMPOTENCY_INSERT,
				       Q_IDEMPOTENCY_GET, Q_TRANSACTION_COMMIT};
	struct segments waiting = {0};
	struct probe p[2];
	struct buf rows;
	struct group *g;

	for (int i = 0; i < 2; i++) {
		probe_init(&p[i], LANE_WRITE);
		probe_remember(&p[i], "k", "a");
		probe_claim(&p[i], "r", i);
		probe_recall(&p[i], "k");
		push(&waiting, &p[i], NULL);
	}
	g = group_form(&waiting, 32);
	ck_assert(g && group_plan(g));
	ck_assert_uint_eq(g->plan_length, COUNTOF(expected));
	ck_assert_mem_eq(g->plan, expected, sizeof expected);
	buf_init(&rows, 10000);
	group_rows(g, Q_IDEMPOTENCY_INSERT, &rows);
	ck_assert_ptr_nonnull(strstr(rows.data, "}, {\"key_hash\"") ? NULL
								    : strstr(rows.data, "},{\"key_hash\""));
	ck_assert(rows.data[0] == '[' && rows.data[rows.len - 1] == ']');
	buf_release(&rows);
	group_array(g, 0, 0, &rows);
	ck_assert_str_eq(rows.data, "{\"k\",\"k\"}");
	buf_release(&rows);
	group_free(g);
}
END_TEST

/* Where the column of this name is. */
static size_t column_of(enum query query, const char *name)
{
	size_t at = 0;

	while (strcmp(query_texts[query].columns[at].name, name) != 0)
		at++;
	return at;
}

static void add_cells(char *rows, size_t size, const char *customer, const char *total)
{
	const struct query_column *column = query_texts[Q_ORDER_INSERT].columns;

	for (; column->name; column++) {
		const char *cell = CELL_NULL;

		if (strcmp(column->name, "customer_id") == 0)
			cell = customer;
		else if (strcmp(column->name, "external_id") == 0)
			cell = "a\"b";
		else if (strcmp(column->name, "ordered_at") == 0)
			cell = "2000-01-01T00:00:00.000258Z";
		else if (strcmp(column->name, "total") == 0)
			cell = total;
		else if (strcmp(column->name, "test") == 0)
			cell = "true";
		snprintf(rows + strlen(rows), size - strlen(rows), "%s" CELL_END, cell);
	}
}

#define ARRAY_OF(type, count) "\0\0\0\1\0\0\0\1\0\0" type "\0\0\0" count "\0\0\0\1"

static void assert_bytes(const struct buf *column, const char *bytes, size_t len)
{
	ck_assert_uint_eq(column->len, len);
	ck_assert_mem_eq(column->data, bytes, len);
}
#define ASSERT_BYTES(column, bytes) assert_bytes(column, bytes, sizeof(bytes) - 1)
#define ASSERT_COLUMN(name, bytes)  ASSERT_BYTES(&columns[column_of(Q_ORDER_INSERT, name)], bytes)

/* Two rows of the first member, one of the other; the binary forms are PostgreSQL's. */
START_TEST(writes_with_columns_become_an_array_each)
{
	struct segments waiting = {0};
	struct buf columns[COLUMNS_MAX];
	struct probe p[2];
	char rows[2][400] = {"", ""};
	struct group *g;

	add_cells(rows[0], sizeof rows[0], "00112233-4455-6677-8899-AabBccddeeff", "-2");
	add_cells(rows[0], sizeof rows[0], CELL_NULL, "9223372036854775807");
	add_cells(rows[1], sizeof rows[1], "no id", "1x");
	for (size_t i = 0; i < 2; i++) {
		probe_init(&p[i], LANE_WRITE);
		p[i].segment.writes[p[i].segment.write_count++] =
			(struct segment_write){Q_ORDER_INSERT, rows[i]};
		push(&waiting, &p[i], NULL);
	}
	for (size_t i = 0; i < COLUMNS_MAX; i++)
		buf_init(&columns[i], 1000);
	g = group_form(&waiting, 32);
	ck_assert_ptr_nonnull(g);
	ck_assert_uint_eq(group_columns(g, Q_ORDER_INSERT, columns), 29);
	/* What is not of its type is one byte longer than any type takes. */
#define SEVENTEEN                                                                                            \
	"\0\0\0\x11"                                                                                         \
	"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
	ASSERT_COLUMN(
		"customer_id",
		ARRAY_OF("\x0b\x86", "\3") "\0\0\0\x10"
					   "\x00\x11\x22\x33\x44\x55\x66\x77\x88\x99\xaa\xbb\xcc\xdd\xee\xff"
					   "\xff\xff\xff\xff" SEVENTEEN);
	ASSERT_COLUMN("external_id", ARRAY_OF("\0\x19", "\3") "\0\0\0\3a\"b"
							      "\0\0\0\3a\"b"
							      "\0\0\0\3a\"b");
#define MOMENT                                                                                               \
	"\0\0\0\x08"                                                                                         \
	"\0\0\0\0\0\0\1\2"
	ASSERT_COLUMN("ordered_at", ARRAY_OF("\4\xa0", "\3") MOMENT MOMENT MOMENT);
	ASSERT_COLUMN("total", ARRAY_OF("\0\x14", "\3") "\0\0\0\x08"
							"\xff\xff\xff\xff\xff\xff\xff\xfe"
							"\0\0\0\x08"
							"\x7f\xff\xff\xff\xff\xff\xff\xff" SEVENTEEN);
	ASSERT_COLUMN("test", ARRAY_OF("\0\x10", "\3") "\0\0\0\1\1"
						       "\0\0\0\1\1"
						       "\0\0\0\1\1");
	ASSERT_COLUMN("cart", ARRAY_OF("\0\x19", "\3") "\xff\xff\xff\xff"
						       "\xff\xff\xff\xff"
						       "\xff\xff\xff\xff");
	for (size_t i = 0; i < COLUMNS_MAX; i++)
		buf_release(&columns[i]);
	group_free(g);
}
END_TEST

/* Whose a row is stands before what it asks. */
START_TEST(reads_with_columns_say_who_asks)
{
	struct segments waiting = {0};
	struct buf columns[COLUMNS_MAX];
	struct probe p[2];
	struct group *g;

	for (size_t i = 0; i < 2; i++) {
		probe_init(&p[i], LANE_READ);
		p[i].segment.reads[p[i].segment.read_count++] =
			(struct segment_read){.query = Q_FACT_LOOKUP,
					      .arg_count = 1,
					      .args = {i == 0 ? "0" CELL_END "orders" CELL_END "A" CELL_END
								"1" CELL_END "orders" CELL_END "B" CELL_END
							      : "0" CELL_END "orders" CELL_END "C" CELL_END}};
		push(&waiting, &p[i], NULL);
	}
	for (size_t i = 0; i < COLUMNS_MAX; i++)
		buf_init(&columns[i], 1000);
	g = group_form(&waiting, 16);
	ck_assert(g && group_plan(g));
	ck_assert_uint_eq(g->statement_count, 1);
	ck_assert_uint_eq(group_keys(g, 0, Q_FACT_LOOKUP, columns), 4);
#define WHO(n)                                                                                               \
	"\0\0\0\x08"                                                                                         \
	"\0\0\0\0\0\0\0" n
	ASSERT_BYTES(&columns[0], ARRAY_OF("\0\x14", "\3") WHO("\1") WHO("\1") WHO("\2"));
	ASSERT_BYTES(&columns[3], ARRAY_OF("\0\x19", "\3") "\0\0\0\1A"
							   "\0\0\0\1B"
							   "\0\0\0\1C");
	for (size_t i = 0; i < COLUMNS_MAX; i++)
		buf_release(&columns[i]);
	group_free(g);
}
END_TEST

START_TEST(no_write_has_more_columns_than_there_is_room)
{
	for (enum query q = 0; q < QUERY_COUNT; q++)
		for (size_t i = 0; query_texts[q].columns && query_texts[q].columns[i].name; i++)
			ck_assert_uint_lt(i, COLUMNS_MAX);
}
END_TEST

START_TEST(halves_keep_order)
{
	struct segments waiting = {0};
	struct group *g, *half[2];
	struct probe p[5];

	for (int i = 0; i < 5; i++) {
		probe_init(&p[i], LANE_WRITE);
		probe_claim(&p[i], "r", i);
		push(&waiting, &p[i], NULL);
	}
	g = group_form(&waiting, 32);
	ck_assert(g && group_split(g, half));
	ck_assert(half[0]->count == 3 && half[1]->count == 2);
	ck_assert(half[0]->writes && half[1]->writes);
	ck_assert_ptr_eq(half[0]->members[0], &p[0].segment);
	ck_assert_ptr_eq(half[1]->members[0], &p[3].segment);
	group_free(half[0]);
	group_free(half[1]);
}
END_TEST

START_TEST(sqlstates)
{
	ck_assert_int_eq(verdict_of("23505"), VERDICT_MEMBER);
	ck_assert_int_eq(verdict_of("55P03"), VERDICT_LOCKED);
	ck_assert_int_eq(verdict_of(""), VERDICT_MEMBER);
	ck_assert_int_eq(verdict_of("40P01"), VERDICT_TRANSIENT);
	ck_assert_int_eq(verdict_of("57014"), VERDICT_TIMEOUT);
	ck_assert_int_eq(verdict_of("57P01"), VERDICT_CONNECTION);
	ck_assert_int_eq(verdict_of("08006"), VERDICT_CONNECTION);
	ck_assert_int_eq(verdict_of("53300"), VERDICT_CONNECTION);
	ck_assert_int_eq(verdict_of("53100"), VERDICT_UNAVAILABLE);
	ck_assert(verdict_is_our_fault("42703"));
	ck_assert(!verdict_is_our_fault("23505"));
}
END_TEST

Suite *suite_group(void)
{
	Suite *s = suite_create("group");
	TCase *t = tcase_create("group");

	tcase_add_test(t, takes_at_most_max_in_order);
	tcase_add_test(t, orders_writers_by_lock_key);
	tcase_add_test(t, a_snapshot_never_shares_with_writes);
	tcase_add_test(t, writes_never_join_a_snapshot);
	tcase_add_test(t, rows_are_bounded);
	tcase_add_test(t, plan_merges_writes_by_rank_then_reads);
	tcase_add_test(t, writes_with_columns_become_an_array_each);
	tcase_add_test(t, reads_with_columns_say_who_asks);
	tcase_add_test(t, no_write_has_more_columns_than_there_is_room);
	tcase_add_test(t, halves_keep_order);
	tcase_add_test(t, sqlstates);
	suite_add_tcase(s, t);
	return s;
}
