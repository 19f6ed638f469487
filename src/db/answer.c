/* The answer to one segment, as the callback sees it, and its way there; see outbox.h. */
#include "outbox.h"

struct db_answer {
	enum db_status status;
	const char *sqlstate;
	PGresult *const *results;
	size_t result_count;
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
	o->pending--;
	if (s->done)
		s->done(s->cls, answer);
}

static void tell_group(struct outbox *o, const struct group *g)
{
	PGresult *const *results = g->results;

	for (size_t i = 0; i < g->count; i++) {
		struct segment *s = g->members[i];
		struct db_answer answer = {.status = g->status, .sqlstate = g->sqlstate};

		if (results) {
			answer.results = results;
			answer.result_count = s->read_count;
			results += s->read_count;
		}
		/* From here on s may be gone. */
		tell(o, s, &answer);
	}
}

void outbox_deliver(struct outbox *o)
{
	struct outbox now = *o;

	*o = (struct outbox){.pending = now.pending};
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

static const PGresult *result_of(const struct db_answer *a, size_t read)
{
	return read < a->result_count ? a->results[read] : NULL;
}

/* libpq answers 0 for a NULL result. */
size_t db_rows(const struct db_answer *a, size_t read)
{
	return (size_t)PQntuples(result_of(a, read));
}

size_t db_columns(const struct db_answer *a, size_t read)
{
	return (size_t)PQnfields(result_of(a, read));
}

const char *db_column_name(const struct db_answer *a, size_t read, size_t column)
{
	return PQfname(result_of(a, read), (int)column);
}

/* libpq complains on standard error about cells that are not there, so it is not asked for them. */
static bool has_value(const struct db_answer *a, size_t read, size_t row, size_t column)
{
	return row < db_rows(a, read) && column < db_columns(a, read) &&
	       !PQgetisnull(result_of(a, read), (int)row, (int)column);
}

const char *db_cell(const struct db_answer *a, size_t read, size_t row, size_t column)
{
	return has_value(a, read, row, column) ? PQgetvalue(result_of(a, read), (int)row, (int)column) : NULL;
}

size_t db_cell_length(const struct db_answer *a, size_t read, size_t row, size_t column)
{
	return has_value(a, read, row, column)
		       ? (size_t)PQgetlength(result_of(a, read), (int)row, (int)column)
		       : 0;
}
