/* The engine of one worker: its lanes, and the one place from which callbacks run; see ciclo/db/db.h. */
#include "ciclo/db/db.h"

#include "ciclo/base/time.h"
#include "lane.h"
#include "outbox.h"

struct db {
	char database_url[sizeof((struct config *)0)->database_url];
	char replica_url[sizeof((struct config *)0)->report_database_url];
	struct outbox outbox;
	struct lane_state lanes[LANE_COUNT];
};

struct db *db_new(const struct config *config, db_watch_fn *watch, void *loop)
{
	struct db *db = calloc(1, sizeof *db);

	if (!db)
		return NULL;
	memcpy(db->database_url, config->database_url, sizeof db->database_url);
	memcpy(db->replica_url, config->report_database_url, sizeof db->replica_url);
	for (enum lane i = 0; i < LANE_COUNT; i++) {
		const char *url = i == LANE_REPLICA ? db->replica_url : db->database_url;

		if (!lane_init(&db->lanes[i], i, config, url, &db->outbox, watch, loop)) {
			db_free(db);
			return NULL;
		}
	}
	for (enum lane i = 0; i < LANE_COUNT; i++)
		lane_tick(&db->lanes[i], clock_monotonic_ms());
	return db;
}

void db_submit(struct db *db, struct segment *s)
{
	enum db_status status = lane_submit(&db->lanes[s->lane], s, clock_monotonic_ms());

	s->attempts = 0;
	db->outbox.pending[s->lane]++;
	if (status != DB_OK)
		outbox_refuse(&db->outbox, s, status);
}

void db_refuse(struct db *db, struct segment *s)
{
	db->outbox.pending[s->lane]++;
	outbox_refuse(&db->outbox, s, DB_OVERLOADED);
}

static void dispatch(struct db *db, int64_t now_ms)
{
	for (enum lane i = 0; i < LANE_COUNT; i++)
		lane_dispatch(&db->lanes[i], now_ms);
}

/* There are few connections, fewer than a table by fd would have empty places. */
static struct connection *find_connection(struct db *db, int fd, struct lane_state **ret_lane)
{
	for (enum lane i = 0; i < LANE_COUNT; i++) {
		struct lane_state *l = &db->lanes[i];

		for (size_t j = 0; j < l->connection_count; j++) {
			if (l->connections[j].fd != fd)
				continue;
			*ret_lane = l;
			return &l->connections[j];
		}
	}
	return NULL;
}

void db_ready(struct db *db, int fd, bool readable, bool writable)
{
	struct lane_state *l;
	struct connection *c = find_connection(db, fd, &l);
	int64_t now_ms = clock_monotonic_ms();

	/* libpq itself finds out which of the two it was. */
	if (!c || (!readable && !writable))
		return;
	lane_ready(l, c, now_ms);
	/* First the server gets its next group, then callbacks run while it works. */
	lane_dispatch(l, now_ms);
	outbox_deliver(&db->outbox);
}

int64_t db_tick(struct db *db, int64_t now_ms)
{
	int64_t wake_ms = INT64_MAX;

	for (enum lane i = 0; i < LANE_COUNT; i++)
		lane_tick(&db->lanes[i], now_ms);
	dispatch(db, now_ms);
	outbox_deliver(&db->outbox);
	dispatch(db, now_ms);
	if (!outbox_is_empty(&db->outbox))
		return 0;
	for (enum lane i = 0; i < LANE_COUNT; i++) {
		int64_t lane_ms = lane_wake_ms(&db->lanes[i]);

		wake_ms = lane_ms < wake_ms ? lane_ms : wake_ms;
	}
	if (wake_ms == INT64_MAX)
		return -1;
	return wake_ms > now_ms ? wake_ms - now_ms : 0;
}

bool db_is_ready(const struct db *db, const char **ret_why)
{
	for (enum lane i = 0; i < LANE_COUNT; i++) {
		if (db->lanes[i].up_count > 0 || i == LANE_REPLICA)
			continue;
		*ret_why = db->lanes[i].why_down;
		return false;
	}
	return true;
}

bool db_has_replica(const struct db *db)
{
	return db->lanes[LANE_REPLICA].connection_count > 0;
}

void db_lane_numbers(const struct db *db, enum lane lane, struct lane_numbers *ret)
{
	const struct lane_state *l = &db->lanes[lane];

	*ret = (struct lane_numbers){
		.connections = l->connection_count,
		.up = l->up_count,
		.waiting = l->waiting.count,
		.groups = l->groups,
		.members = l->members,
	};
}

const char *lane_name(enum lane lane)
{
	return lane_traits[lane].name;
}

size_t db_pending(const struct db *db)
{
	size_t pending = 0;

	for (enum lane i = 0; i < LANE_COUNT; i++)
		pending += db->outbox.pending[i];
	return pending;
}

size_t db_pending_in(const struct db *db, enum lane lane)
{
	return db->outbox.pending[lane];
}

uint64_t db_written(const struct db *db)
{
	return db->outbox.written;
}

void db_free(struct db *db)
{
	if (!db)
		return;
	for (enum lane i = 0; i < LANE_COUNT; i++)
		lane_close(&db->lanes[i], clock_monotonic_ms());
	/* What callbacks submit now is refused, and told as well. */
	while (!outbox_is_empty(&db->outbox))
		outbox_deliver(&db->outbox);
	free(db);
}
