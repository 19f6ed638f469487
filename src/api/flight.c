#include "flight.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "ciclo/base/time.h"
#include "ciclo/kpi/kpi.h"
#include "handlers.h"

enum {
	/* Every flight has a call of its own, so this is more than the default CICLO_CONNECTION_LIMIT lets in; it bounds the
	 * look through the list when that is set higher. */
	FLIGHTS_MAX = 1024,
	/* "Everybody" may have been waiting, and somebody else may have made customers of it just before we came: those are
	 * newer than what we saw. */
	DERIVE_ROUNDS = 2,
	/* Changes that one transaction of fresh.c derives. */
	BRIEF_MAX = 500,
	READ_STATE = 0,
	READ_CLOCK = 1
};

/*
 * Not a few seconds: what was written and acknowledged is in the very next answer, and a browser that does not ask does not
 * know that. Asking costs next to nothing.
 */
static const char cache_control[] = "private, max-age=0, must-revalidate";

void report_headers(struct call *call, const char *etag)
{
	call_add_header(call, "ETag", "%s", etag);
	call_add_header(call, "Cache-Control", "%s", cache_control);
}

/* ---- hashes ---- */

static void hash_text(crypto_generichash_state *state, const char *text)
{
	crypto_generichash_update(state, (const unsigned char *)text, strlen(text) + 1);
}

/* The operation, its parameters in one order with their defaults, and the media type. Which ETags a client has is
 * no matter of the report. false: memory is out. */
static bool key_of(const struct call *call, unsigned char key[FLIGHT_KEY])
{
	crypto_generichash_state state;
	json_t *params = json_copy(call_params(call));
	char *text;

	json_object_del(params, "if-none-match");
	text = json_dumps(params, JSON_COMPACT | JSON_SORT_KEYS);
	json_decref(params);
	if (!text)
		return false;
	crypto_generichash_init(&state, NULL, 0, FLIGHT_KEY);
	hash_text(&state, call_operation(call)->id);
	hash_text(&state, call_answer_type(call));
	hash_text(&state, text);
	crypto_generichash_final(&state, key, FLIGHT_KEY);
	free(text);
	return true;
}

static void hash_definitions(crypto_generichash_state *state)
{
	hash_text(state, CICLO_VERSION);
	for (size_t i = 0; i < kpi_count(); i++) {
		const struct kpi *kpi = kpi_at(i);

		hash_text(state, kpi->name);
		hash_text(state, kpi->terms.formula);
		crypto_generichash_update(state, (const unsigned char *)&kpi->version, sizeof(kpi->version));
	}
}

/* ---- the state of the data ---- */

/* As report_state.sql says; the texts live as long as the answer. */
struct state {
	char version[VERSION_TEXT];
	const char *newest; /* NULL: nothing waits */
	int64_t waiting;    /* no more than so many changes do */
	bool rebuilding;    /* sums are not what they will be */
	const char *today;
	const char *now;
	int64_t now_us;
};

static const char *cell(const struct db_answer *answer, size_t read, const char *name)
{
	for (size_t column = 0; column < db_columns(answer, read); column++) {
		if (strcmp(db_column_name(answer, read, column), name) == 0)
			return db_cell(answer, read, 0, column);
	}
	return NULL;
}

/* The history is that of the database which was asked first: a replica may come to know of it later. */
static bool state_read(struct flight *f, const struct db_answer *answer, size_t read, struct state *ret)
{
	const char *version, *history;
	struct state s = {0};

	if (db_status(answer) != DB_OK || db_rows(answer, read) != 1)
		return false;
	version = cell(answer, read, "version");
	history = cell(answer, read, "history");
	s.newest = cell(answer, read, "newest");
	s.waiting = s.newest ? strtoll(cell(answer, read, "waiting"), NULL, 10) : 0;
	s.rebuilding = s.newest && *cell(answer, read, "rebuilding") == 't';
	s.today = cell(answer, read, "today");
	s.now = cell(answer, read, "now");
	if (!version || !history || !s.today || !s.now || !instant_parse(s.now, strlen(s.now), &s.now_us))
		return false;
	if (!f->history[0])
		snprintf(f->history, sizeof(f->history), "%s", history);
	if (cell(answer, read, "place"))
		snprintf(f->place, sizeof(f->place), "%s", cell(answer, read, "place"));
	snprintf(s.version, sizeof(s.version), "%s-%s", f->history, version);
	*ret = s;
	return true;
}

/* Is it known when time alone changes something next, and has that not come yet? */
static bool clock_holds(const struct flights *all, const struct state *s)
{
	return strcmp(all->clock_version, s->version) == 0 && s->now_us >= all->since_us &&
	       s->now_us < all->until_us;
}

/* What waits is a part of some facts and none of others: the state has no name, and no other snapshot is like it. */
static bool has_name(const struct flight *f, const struct state *s)
{
	return !s->newest && (!(f->depends & DEPENDS_TIME) || clock_holds(&f->api->flights, s));
}

static void set_etag(struct flight *f, const struct state *s)
{
	unsigned char hash[FLIGHT_KEY];
	char hex[2 * FLIGHT_KEY + 1];
	crypto_generichash_state state;
	int64_t since_us = f->depends & DEPENDS_TIME ? f->api->flights.since_us : 0;
	bool once = !has_name(f, s);

	crypto_generichash_init(&state, NULL, 0, sizeof(hash));
	hash_definitions(&state);
	crypto_generichash_update(&state, f->key, sizeof(f->key));
	hash_text(&state, s->version);
	hash_text(&state, f->depends & DEPENDS_TODAY ? s->today : "");
	crypto_generichash_update(&state, (const unsigned char *)&since_us, sizeof(since_us));
	hash_text(&state, once ? s->now : "");
	crypto_generichash_final(&state, hash, sizeof(hash));
	sodium_bin2hex(hex, sizeof(hex), hash, sizeof(hash));
	snprintf(f->etag, sizeof(f->etag), "W/\"%s\"", hex);
}

void flight_tag(struct flight *f, const struct db_answer *answer, size_t read)
{
	struct state s;

	if (state_read(f, answer, read, &s))
		set_etag(f, &s);
}

/* ---- the way of a flight ---- */

static struct flight *find(struct api *api, const unsigned char key[FLIGHT_KEY])
{
	for (struct flight *f = api->flights.first; f; f = f->next) {
		if (memcmp(f->key, key, FLIGHT_KEY) == 0)
			return f;
	}
	return NULL;
}

bool flight_wait(struct api *api, struct call *call)
{
	unsigned char key[FLIGHT_KEY];
	struct flight *f = key_of(call, key) ? find(api, key) : NULL;

	if (!f)
		return false;
	if (f->waiting)
		f->waiting = call_awaited(f->waiting);
	if (f->waiting)
		call_follow(call, f->waiting);
	else
		f->waiting = call;
	return true;
}

static void ask(struct flight *f, enum lane lane, size_t reads, db_done_fn *done)
{
	f->segment = (struct segment){
		.lane = lane,
		.read_count = reads,
		.reads = {[READ_STATE] = {.query = Q_REPORT_STATE}, [READ_CLOCK] = {.query = Q_REPORT_CLOCK}},
		.snapshot = reads > 1,
		.deadline_ms = call_deadline_ms(f->call),
		.done = done,
		.cls = f,
	};
	db_submit(f->api->db, &f->segment);
}

/* 304 for those who have it; the report for the others. */
static void hand_out(struct flight *f, const struct db_answer *answer, const struct state *s)
{
	if (has_name(f, s)) {
		set_etag(f, s);
		f->call = call_unchanged(f->call, f->etag, cache_control);
	} else {
		f->call = call_awaited(f->call);
	}
	f->ready(f->cls, f->call, answer);
}

/* Of a snapshot in which something waits, the clock may be of facts that the version does not count yet. */
static void keep_clock(struct flights *all, const struct state *s, const struct db_answer *answer)
{
	const char *since = db_cell(answer, READ_CLOCK, 0, 0), *until = db_cell(answer, READ_CLOCK, 0, 1);

	if (s->newest)
		return;
	memcpy(all->clock_version, s->version, sizeof(s->version));
	all->since_us = since ? strtoll(since, NULL, 10) : INT64_MIN;
	all->until_us = until ? strtoll(until, NULL, 10) : INT64_MAX;
}

static void on_clock(void *cls, const struct db_answer *answer)
{
	struct flight *f = cls;
	struct state s;

	if (!state_read(f, answer, READ_STATE, &s) || db_rows(answer, READ_CLOCK) != 1) {
		f->ready(f->cls, f->call, answer);
		return;
	}
	keep_clock(&f->api->flights, &s, answer);
	hand_out(f, answer, &s);
}

static void on_state(void *cls, const struct db_answer *answer);

static void on_fresh(void *cls, const struct db_answer *failure)
{
	struct flight *f = cls;

	/* Who needs nothing of it goes on without. */
	f->derived = failure ? DERIVE_ROUNDS : f->derived + 1;
	if (failure && f->depends & DEPENDS_DERIVED)
		f->ready(f->cls, f->call, failure);
	else
		ask(f, LANE_READ, 1, on_state);
}

/* Once, and again while "everybody" is. Reports that do not read what is derived need it for a name alone: not worth it while
 * much comes in. */
static bool must_derive(const struct flight *f, const struct state *s)
{
	return s->newest && (f->derived == 0 || (s->rebuilding && f->derived < DERIVE_ROUNDS)) &&
	       (f->depends & DEPENDS_DERIVED || s->waiting <= BRIEF_MAX);
}

/* What was committed before this was asked is derived; what comes while that is done is not waited for. */
static void on_state(void *cls, const struct db_answer *answer)
{
	struct flight *f = cls;
	struct state s;

	if (!state_read(f, answer, READ_STATE, &s))
		f->ready(f->cls, f->call, answer);
	else if (must_derive(f, &s))
		fresh_until(&f->fresh, f->api->db, call_deadline_ms(f->call), s.newest,
			    !(f->depends & DEPENDS_DERIVED), on_fresh, f);
	else if (!s.newest && f->depends & DEPENDS_TIME && !clock_holds(&f->api->flights, &s))
		ask(f, LANE_REPORT, 2, on_clock);
	else
		hand_out(f, answer, &s);
}

bool flight_begin(struct flight *f, struct api *api, struct call *call, unsigned depends,
		  flight_ready_fn *ready, void *cls)
{
	if (api->flights.count >= FLIGHTS_MAX) {
		call_problem(call, PROBLEM_overloaded, NULL, "too many different reports at once; try again");
		return false;
	}
	if (!key_of(call, f->key)) {
		call_out_of_memory(call);
		return false;
	}
	f->api = api;
	f->call = call;
	f->depends = depends;
	f->ready = ready;
	f->cls = cls;
	f->next = api->flights.first;
	api->flights.first = f;
	api->flights.count++;
	ask(f, LANE_READ, 1, on_state);
	return true;
}

void flight_submit(struct flight *f, struct segment *report)
{
	replica_submit(&f->replica, f->api->db, report, f->place[0] ? f->place : NULL);
}

void flight_land(struct flight *f)
{
	struct call *waiting;

	if (!f->api)
		return;
	for (struct flight **at = &f->api->flights.first; *at; at = &(*at)->next) {
		if (*at == f) {
			*at = f->next;
			break;
		}
	}
	f->api->flights.count--;
	waiting = f->waiting ? call_awaited(f->waiting) : NULL;
	if (waiting)
		api_handle(f->api, waiting);
}
