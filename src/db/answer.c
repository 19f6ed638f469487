/* The answer to one segment, as the callback sees it, and its way there; see outbox.h. */
#include "outbox.h"

struct db_answer {
	enum db_status status;
	const char *sqlstate;
	const struct slice *reads;
	size_t read_count;
};

void outbox_refuse(struct outbox *o, struct segment *s, enum db_status status)
{
	segments_push(&o->refused[status], s);
}

void outbox_finish(struct outbox *o, struct group *g, enum db_status status, const char *sqlstate)
{
	g->status = status;
	g->next = NULL;
	snprintf(g->sqlstate, sizeof g->sqlstate, "%s", sqlstate);
	if (status != DB_OK)
		group_clear(g);
	if (o->last_finished)
		o->last_finished->next = g;
	else
		o->finished = g;
	o->last_finished = g;
}

bool outbox_is_empty(const struct outbox *o)
{
	for (size_t i = 0; i < COUNTOF(o->refused); i++)
		if (o->refused[i].count > 0)
			return false;
	return !o->finished;
}

static void tell(struct outbox *o, struct segment *s, const struct db_answer *answer)
{
	o->pending[s->lane]--;
	o->written += answer->status == DB_OK && s->write_count > 0;
	if (s->done)
		s->done(s->cls, answer);
}

static void tell_group(struct outbox *o, struct group *g)
{
	const struct slice *slice = group_slices(g);

	for (size_t i = 0; i < g->count; i++) {
		struct segment *s = g->members[i];
		struct db_answer answer = {.status = g->status, .sqlstate = g->sqlstate};

		if (slice) {
			answer.reads = slice;
			answer.read_count = s->read_count;
			slice += s->read_count;
		}
		/* From here on s may be gone. */
		tell(o, s, &answer);
	}
}

void outbox_deliver(struct outbox *o)
{
	struct outbox now = *o;

	*o = (struct outbox){.written = now.written};
	memcpy(o->pending, now.pending, sizeof(o->pending));
	for (size_t i = 0; i < COUNTOF(now.refused); i++) {
		struct db_answer answer = {.status = (enum db_status)i, .sqlstate = ""};
		struct segment *s;

		while ((s = segments_pop(&now.refused[i])))
			tell(o, s, &answer);
	}
	while (now.finished) {
		struct group *g = now.finished;

		now.finished = g->next;
		tell_group(o, g);
		group_free(g);
	}
}

enum db_status db_status(const struct db_answer *a)
{
	return a->status;
}

const char *db_sqlstate(const struct db_answer *a)
{
	return a->sqlstate;
}

/* libpq answers 0 for a NULL result. */
static struct slice slice_of(const struct db_answer *a, size_t read)
{
	return read < a->read_count ? a->reads[read] : (struct slice){0};
}

size_t db_rows(const struct db_answer *a, size_t read)
{
	return (size_t)slice_of(a, read).rows;
}

size_t db_columns(const struct db_answer *a, size_t read)
{
	struct slice s = slice_of(a, read);

	return (size_t)(PQnfields(s.result) - s.hidden);
}

const char *db_column_name(const struct db_answer *a, size_t read, size_t column)
{
	struct slice s = slice_of(a, read);

	return PQfname(s.result, (int)column + s.hidden);
}

enum db_type db_column_type(const struct db_answer *a, size_t read, size_t column)
{
	/* pg_type.dat: these never change, and libpq has no names for them. */
	static const struct {
		Oid oid;
		enum db_type type;
	} table[] = {
		{16, DB_BOOL},  {20, DB_NUMBER},   {21, DB_NUMBER}, {23, DB_NUMBER},
		{114, DB_JSON}, {1700, DB_NUMBER}, {3802, DB_JSON},
	};
	struct slice s = slice_of(a, read);
	Oid oid = PQftype(s.result, (int)column + s.hidden);

	for (size_t i = 0; i < COUNTOF(table); i++)
		if (table[i].oid == oid)
			return table[i].type;
	return DB_TEXT;
}

/* libpq complains on standard error about cells that are not there, so it is not asked for them. */
static bool find_cell(const struct db_answer *a, size_t read, size_t row, size_t column, struct slice *ret)
{
	if (row >= db_rows(a, read) || column >= db_columns(a, read))
		return false;
	*ret = slice_of(a, read);
	return !PQgetisnull(ret->result, ret->first + (int)row, ret->hidden + (int)column);
}

const char *db_cell(const struct db_answer *a, size_t read, size_t row, size_t column)
{
	struct slice s;

	if (!find_cell(a, read, row, column, &s))
		return NULL;
	return PQgetvalue(s.result, s.first + (int)row, s.hidden + (int)column);
}

size_t db_cell_length(const struct db_answer *a, size_t read, size_t row, size_t column)
{
	struct slice s;

	if (!find_cell(a, read, row, column, &s))
		return 0;
	return (size_t)PQgetlength(s.result, s.first + (int)row, s.hidden + (int)column);
}
