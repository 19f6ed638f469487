/* A group becomes a pipeline, and its results find their places; see group.h for the order. */
#include "lane.h"

#include <limits.h>

static void take_group_result(struct connection *c, size_t index, PGresult *result)
{
	struct group *g = c->group;

	/* COMMIT of a transaction that has failed succeeds, as a ROLLBACK. */
	if (g->plan[index] == Q_TRANSACTION_COMMIT && strcmp(PQcmdStatus(result), "COMMIT") != 0)
		c->failure = (struct failure){.set = true, .index = index, .sqlstate = "40000"};
	group_take(g, index, result);
}

/* A write, or the statement-th read. */
static bool send_columns(struct connection *c, const struct group *g, enum query query, size_t statement)
{
	struct buf columns[COLUMNS_MAX];
	bool failed = false;
	size_t count;

	for (size_t i = 0; i < COLUMNS_MAX; i++)
		buf_init(&columns[i], INT_MAX);
	count = query_texts[query].write_rank > 0 ? group_columns(g, query, columns)
						  : group_keys(g, statement, query, columns);
	for (size_t i = 0; i < count; i++)
		failed |= columns[i].failed;
	failed = failed || !connection_send_binary(c, query, count, columns);
	for (size_t i = 0; i < count; i++)
		buf_release(&columns[i]);
	return !failed;
}

static bool send_write(struct connection *c, const struct group *g, enum query query)
{
	struct buf rows CLEANUP(buf_release) = {0};

	if (query_texts[query].columns)
		return send_columns(c, g, query, 0);
	/* The group was bounded when it was formed. */
	buf_init(&rows, SIZE_MAX - 1);
	group_rows(g, query, &rows);
	return !rows.failed && connection_send(c, query, 1, (const char *const[]){rows.data});
}

static bool send_merged(struct connection *c, const struct group *g, size_t statement,
			const struct segment_read *read)
{
	struct buf arrays[READ_ARGS_MAX] = {0};
	const char *args[READ_ARGS_MAX];
	bool failed = false;

	if (query_texts[read->query].columns)
		return send_columns(c, g, read->query, statement);
	for (size_t a = 0; a < read->arg_count; a++) {
		buf_init(&arrays[a], SIZE_MAX - 1);
		group_array(g, statement, a, &arrays[a]);
		failed |= arrays[a].failed;
		args[a] = arrays[a].data;
	}
	failed = failed || !connection_send(c, read->query, read->arg_count, args);
	for (size_t a = 0; a < read->arg_count; a++)
		buf_release(&arrays[a]);
	return !failed;
}

/* With the first who asks it; the others have only their place. */
static bool send_reads(struct connection *c, const struct group *g)
{
	const struct place *place = g->places;
	size_t next = 0;

	for (size_t i = 0; i < g->count; i++) {
		const struct segment_read *read = segment_reads(g->members[i]);

		for (size_t r = 0; r < g->members[i]->read_count; r++, read++, place++) {
			if (place->statement != next)
				continue;
			if (place->number > 0 ? !send_merged(c, g, next, read)
					      : !connection_send(c, read->query, read->arg_count, read->args))
				return false;
			next++;
		}
	}
	return true;
}

bool send_group(struct connection *c, struct group *g)
{
	bool transaction = g->writes || g->snapshot;

	if (!group_plan(g))
		return false;
	connection_begin(c, take_group_result);
	if (transaction && !connection_send(c, g->plan[0], 0, NULL))
		return false;
	for (size_t i = transaction; i < g->first_read; i++)
		if (!send_write(c, g, g->plan[i]))
			return false;
	if (!send_reads(c, g))
		return false;
	if (transaction && !connection_send(c, Q_TRANSACTION_COMMIT, 0, NULL))
		return false;
	g->sent = true;
	return connection_sync(c);
}
