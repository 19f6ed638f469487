/* Groups: who may share one, in what order its statements run; see group.h. */
#include "group.h"

#include "columns.h"

/* May s join a group that has these writes and this snapshot? A snapshot is read-only. */
static bool fits(bool writes, bool snapshot, const struct segment *s)
{
	return !(writes && s->snapshot && s->write_count == 0) && !(snapshot && s->write_count > 0);
}

static size_t segment_bytes(const struct segment *s)
{
	size_t bytes = 0;

	for (size_t i = 0; i < s->write_count; i++)
		bytes += strlen(s->writes[i].rows);
	return bytes;
}

/* How many in front of the queue can go together? At least one. */
static size_t count_fitting(const struct segments *waiting, size_t max)
{
	bool writes = false, snapshot = false;
	size_t count = 0, bytes = 0;

	for (const struct segment *s = waiting->head; s && count < max; s = s->next) {
		bytes += segment_bytes(s);
		if (count > 0 && (!fits(writes, snapshot, s) || bytes > GROUP_BYTES_MAX))
			break;
		writes |= s->write_count > 0;
		snapshot |= s->snapshot && s->write_count == 0;
		count++;
	}
	return count;
}

static struct group *group_new(size_t count)
{
	return calloc(1, sizeof(struct group) + count * sizeof(struct segment *));
}

void group_refresh(struct group *g)
{
	g->writes = g->snapshot = false;
	g->deadline_ms = INT64_MAX;
	g->read_count = 0;
	for (size_t i = 0; i < g->count; i++) {
		const struct segment *s = g->members[i];

		g->writes |= s->write_count > 0;
		g->snapshot |= s->snapshot && s->write_count == 0;
		g->read_count += s->read_count;
		if (s->deadline_ms < g->deadline_ms)
			g->deadline_ms = s->deadline_ms;
	}
}

static int lock_order(const struct segment *a, const struct segment *b)
{
	return strcmp(a->lock_key ? a->lock_key : "", b->lock_key ? b->lock_key : "");
}

/* By insertion: stable, so that what one caller sent first stays first, and groups are small. */
static void sort_members(struct group *g)
{
	for (size_t i = 1; i < g->count; i++) {
		struct segment *s = g->members[i];
		size_t at = i;

		for (; at > 0 && lock_order(g->members[at - 1], s) > 0; at--)
			g->members[at] = g->members[at - 1];
		g->members[at] = s;
	}
}

struct group *group_form(struct segments *waiting, size_t max)
{
	size_t count = count_fitting(waiting, max);
	struct group *g = group_new(count);

	if (!g)
		return NULL;
	while (g->count < count)
		g->members[g->count++] = segments_pop(waiting);
	group_refresh(g);
	if (g->writes)
		sort_members(g);
	return g;
}

bool group_split(struct group *g, struct group *ret_halves[2])
{
	size_t first = (g->count + 1) / 2;
	struct group *a = group_new(first), *b = group_new(g->count - first);

	if (!a || !b) {
		group_free(a);
		group_free(b);
		return false;
	}
	for (size_t i = 0; i < g->count; i++) {
		struct group *half = i < first ? a : b;

		half->members[half->count++] = g->members[i];
	}
	group_refresh(a);
	group_refresh(b);
	group_free(g);
	ret_halves[0] = a;
	ret_halves[1] = b;
	return true;
}

void group_expire(struct group *g, int64_t now_ms, struct segments *late)
{
	size_t kept = 0, from = 0, to = 0;

	for (size_t i = 0; i < g->count; i++) {
		struct segment *s = g->members[i];
		bool is_late = now_ms >= s->deadline_ms;

		for (size_t r = 0; r < s->read_count && g->places; r++, from++)
			if (!is_late)
				g->places[to++] = g->places[from];
		if (is_late)
			segments_push(late, s);
		else
			g->members[kept++] = s;
	}
	g->count = kept;
	group_refresh(g);
}

/* Appends the distinct writes of all members, ascending by write rank. */
static void plan_writes(struct group *g)
{
	bool used[QUERY_COUNT] = {false};
	size_t first = g->plan_length;

	for (size_t i = 0; i < g->count; i++)
		for (size_t w = 0; w < g->members[i]->write_count; w++)
			used[g->members[i]->writes[w].query] = true;
	for (enum query q = 0; q < QUERY_COUNT; q++) {
		size_t at = g->plan_length;

		if (!used[q])
			continue;
		for (; at > first && query_texts[g->plan[at - 1]].write_rank > query_texts[q].write_rank;
		     at--)
			g->plan[at] = g->plan[at - 1];
		g->plan[at] = q;
		g->plan_length++;
	}
}

const struct segment_read *segment_reads(const struct segment *s)
{
	return s->wide ? s->wide : s->reads;
}

/* first: of each query that can be shared, the statement that asks it; SIZE_MAX: none yet. */
static void plan_read(struct group *g, const struct segment_read *read, size_t *first, struct place *ret)
{
	bool merges = query_texts[read->query].merges;
	bool is_shared = merges || read->arg_count == 0;

	if (!is_shared || first[read->query] == SIZE_MAX) {
		g->plan[g->plan_length++] = read->query;
		if (is_shared)
			first[read->query] = g->statement_count;
		ret->statement = g->statement_count++;
	} else {
		ret->statement = first[read->query];
	}
	g->statements[ret->statement].asked++;
	ret->number = merges ? g->statements[ret->statement].asked : 0;
}

static void plan_reads(struct group *g)
{
	size_t first[QUERY_COUNT], at = 0;

	memset(first, 0xff, sizeof first);
	for (size_t i = 0; i < g->count; i++)
		for (size_t r = 0; r < g->members[i]->read_count; r++)
			plan_read(g, &segment_reads(g->members[i])[r], first, &g->places[at++]);
}

bool group_plan(struct group *g)
{
	group_clear(g);
	g->plan = calloc(QUERY_COUNT + g->read_count + 2, sizeof *g->plan);
	g->statements = calloc(g->read_count + 1, sizeof *g->statements);
	g->places = calloc(g->read_count + 1, sizeof *g->places);
	g->slices = calloc(g->read_count + 1, sizeof *g->slices);
	if (!g->plan || !g->statements || !g->places || !g->slices)
		return false;
	if (g->writes || g->snapshot)
		g->plan[g->plan_length++] = g->writes ? Q_TRANSACTION_BEGIN : Q_TRANSACTION_BEGIN_SNAPSHOT;
	plan_writes(g);
	g->first_read = g->plan_length;
	plan_reads(g);
	if (g->writes || g->snapshot)
		g->plan[g->plan_length++] = Q_TRANSACTION_COMMIT;
	return true;
}

size_t group_columns(const struct group *g, enum query query, struct buf *columns)
{
	size_t rows = 0;

	columns_begin(columns, query);
	for (size_t i = 0; i < g->count; i++) {
		const struct segment *s = g->members[i];

		for (size_t w = 0; w < s->write_count; w++)
			if (s->writes[w].query == query)
				rows += columns_add(columns, query, 0, s->writes[w].rows);
	}
	return columns_end(columns, query, rows);
}

void group_rows(const struct group *g, enum query query, struct buf *out)
{
	const char *before = "[";

	for (size_t i = 0; i < g->count; i++) {
		const struct segment *s = g->members[i];

		for (size_t w = 0; w < s->write_count; w++) {
			if (s->writes[w].query != query)
				continue;
			buf_adds(out, before);
			buf_adds(out, s->writes[w].rows);
			before = ",";
		}
	}
	buf_adds(out, "]");
}

static void add_element(struct buf *out, const char *text)
{
	if (text)
		buf_element(out, text, strlen(text));
	else
		buf_adds(out, "NULL");
}

void group_array(const struct group *g, size_t statement, size_t parameter, struct buf *out)
{
	const struct place *place = g->places;
	char before = '{';

	for (size_t i = 0; i < g->count; i++) {
		const struct segment_read *reads = segment_reads(g->members[i]);

		for (size_t r = 0; r < g->members[i]->read_count; r++, place++) {
			if (place->statement != statement)
				continue;
			buf_addc(out, before);
			add_element(out, reads[r].args[parameter]);
			before = ',';
		}
	}
	buf_addc(out, '}');
}

size_t group_keys(const struct group *g, size_t statement, enum query query, struct buf *columns)
{
	const struct place *place = g->places;
	size_t rows = 0;

	columns_begin(columns, query);
	for (size_t i = 0; i < g->count; i++) {
		const struct segment_read *reads = segment_reads(g->members[i]);

		for (size_t r = 0; r < g->members[i]->read_count; r++, place++)
			if (place->statement == statement)
				rows += columns_add(columns, query, place->number, reads[r].args[0]);
	}
	return columns_end(columns, query, rows);
}

void group_take(struct group *g, size_t index, PGresult *result)
{
	size_t statement = index - g->first_read;

	if (index >= g->first_read && statement < g->statement_count)
		g->statements[statement].result = result;
	else
		PQclear(result);
}

static size_t asked_by(const PGresult *result, int row)
{
	return strtoul(PQgetvalue(result, row, 0), NULL, 10);
}

/* Rows are in the order of those who asked, and so are places; who was late is among the former only. */
static struct slice next_slice(struct read_statement *statement, size_t number)
{
	struct slice s = {.result = statement->result, .hidden = 1};
	int rows = PQntuples(s.result);

	while (statement->told < rows && asked_by(s.result, statement->told) < number)
		statement->told++;
	s.first = statement->told;
	while (statement->told < rows && asked_by(s.result, statement->told) == number)
		statement->told++;
	s.rows = statement->told - s.first;
	return s;
}

const struct slice *group_slices(struct group *g)
{
	for (size_t i = 0; i < g->read_count && g->slices; i++) {
		const struct place *p = &g->places[i];
		struct read_statement *statement = &g->statements[p->statement];

		if (p->number > 0)
			g->slices[i] = next_slice(statement, p->number);
		else
			g->slices[i] = (struct slice){.result = statement->result,
						      .rows = PQntuples(statement->result)};
	}
	return g->slices;
}

void group_clear(struct group *g)
{
	for (size_t i = 0; i < g->statement_count; i++)
		PQclear(g->statements[i].result);
	free(g->statements);
	free(g->places);
	free(g->slices);
	free(g->plan);
	g->statements = NULL;
	g->places = NULL;
	g->slices = NULL;
	g->plan = NULL;
	g->plan_length = g->statement_count = 0;
	g->sent = false;
}

void group_free(struct group *g)
{
	if (!g)
		return;
	group_clear(g);
	free(g);
}
