/*
 * Counters of the process; see ciclo/http/metrics.h. A counter has one writer, so that it is read and written, not
 * incremented atomically; readers may see it a moment late, and never torn.
 */
#include "ciclo/http/metrics.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "ciclo/base/time.h"

/* Upper bounds in microseconds, and as Prometheus wants them: from a cached report to the longest deadline. */
static const struct {
	int64_t us;
	const char *le;
} bounds[] = {
	{1000, "0.001"},  {2500, "0.0025"}, {5000, "0.005"},  {10000, "0.01"}, {25000, "0.025"},
	{50000, "0.05"},  {100000, "0.1"},  {250000, "0.25"}, {500000, "0.5"}, {1000000, "1"},
	{2500000, "2.5"}, {10000000, "10"}, {30000000, "30"},
};

enum {
	BOUNDS = sizeof(bounds) / sizeof(bounds[0]),
	CLASSES = 6 /* 0: no answer; 1 to 5: its first digit */
};

typedef _Atomic uint64_t counter;

struct route_counts {
	counter by_class[CLASSES];
	counter within[BOUNDS + 1]; /* not cumulative; the last is beyond all bounds */
	counter sum_us;
};

struct lane_counts {
	counter connections, up, waiting, groups, members;
};

struct metrics_part {
	struct lane_counts lanes[LANE_COUNT];
	struct route_counts *routes; /* one for each operation, and one for what is none */
};

struct metrics {
	const struct contract *contract;
	size_t route_count;
	int64_t began_us;
	size_t workers;
	struct metrics_part parts[];
};

static uint64_t get(const counter *c)
{
	return atomic_load_explicit(c, memory_order_relaxed);
}

static void set(counter *c, uint64_t value)
{
	atomic_store_explicit(c, value, memory_order_relaxed);
}

static void add(counter *c, uint64_t more)
{
	set(c, get(c) + more);
}

struct metrics *metrics_new(const struct contract *contract, size_t workers)
{
	struct metrics *m = calloc(1, sizeof(*m) + workers * sizeof(m->parts[0]));

	if (!m)
		return NULL;
	m->contract = contract;
	m->route_count = contract_operations(contract) + 1;
	m->began_us = clock_now_us();
	for (m->workers = 0; m->workers < workers; m->workers++) {
		m->parts[m->workers].routes = calloc(m->route_count, sizeof(struct route_counts));
		if (!m->parts[m->workers].routes) {
			metrics_free(m);
			return NULL;
		}
	}
	return m;
}

void metrics_free(struct metrics *m)
{
	if (!m)
		return;
	for (size_t i = 0; i < m->workers; i++)
		free(m->parts[i].routes);
	free(m);
}

struct metrics_part *metrics_part(struct metrics *m, size_t worker)
{
	return &m->parts[worker];
}

void metrics_count(struct metrics_part *p, const struct operation *op, int status, int64_t us)
{
	struct route_counts *r;
	size_t bound = 0;

	if (!p)
		return;
	/* The first is for requests of no operation. */
	r = &p->routes[op ? op->index + 1 : 0];
	while (bound < BOUNDS && us > bounds[bound].us)
		bound++;
	add(&r->by_class[status >= 100 && status <= 599 ? status / 100 : 0], 1);
	add(&r->within[bound], 1);
	add(&r->sum_us, (uint64_t)us);
}

void metrics_lanes(struct metrics_part *p, const struct db *db)
{
	for (enum lane lane = 0; lane < LANE_COUNT; lane++) {
		struct lane_numbers now;

		db_lane_numbers(db, lane, &now);
		set(&p->lanes[lane].connections, now.connections);
		set(&p->lanes[lane].up, now.up);
		set(&p->lanes[lane].waiting, now.waiting);
		set(&p->lanes[lane].groups, now.groups);
		set(&p->lanes[lane].members, now.members);
	}
}

/* ---- text -------------------------------------------------------------------------------------- */

static void head(struct buf *out, const char *name, const char *type, const char *help)
{
	buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

/* All workers' counts of one route. */
struct route_sum {
	uint64_t by_class[CLASSES];
	uint64_t within[BOUNDS + 1];
	uint64_t sum_us;
	uint64_t count;
};

static void sum_route(const struct metrics *m, size_t route, struct route_sum *ret)
{
	*ret = (struct route_sum){.count = 0};
	for (size_t i = 0; i < m->workers; i++) {
		const struct route_counts *r = &m->parts[i].routes[route];

		for (size_t k = 0; k < CLASSES; k++)
			ret->by_class[k] += get(&r->by_class[k]);
		for (size_t k = 0; k <= BOUNDS; k++)
			ret->within[k] += get(&r->within[k]);
		ret->sum_us += get(&r->sum_us);
	}
	/* What a histogram says has to agree with itself. */
	for (size_t k = 0; k <= BOUNDS; k++)
		ret->count += ret->within[k];
}

static void put_labels(const struct metrics *m, size_t route, char *text, size_t size)
{
	const struct operation *op = route ? contract_operation(m->contract, route - 1) : NULL;

	snprintf(text, size, "method=\"%s\",route=\"%s\"", op ? op->method : "", op ? op->path : "");
}

static void render_requests(const struct metrics *m, struct buf *out)
{
	head(out, "ciclo_http_requests_total", "counter",
	     "Requests by route and class of status; no route: nothing is at the path, or HTTP was broken; "
	     "0xx: no "
	     "answer.");
	for (size_t route = 0; route < m->route_count; route++) {
		struct route_sum sum;
		char labels[256];

		sum_route(m, route, &sum);
		put_labels(m, route, labels, sizeof(labels));
		for (size_t k = 0; k < CLASSES; k++)
			if (sum.by_class[k])
				buf_printf(out,
					   "ciclo_http_requests_total{%s,status=\"%zuxx\"} %" PRIu64 "\n",
					   labels, k, sum.by_class[k]);
	}
}

static void render_durations(const struct metrics *m, struct buf *out)
{
	static const char name[] = "ciclo_http_request_duration_seconds";

	head(out, name, "histogram", "From the request line to the end of the answer.");
	for (size_t route = 0; route < m->route_count; route++) {
		struct route_sum sum;
		uint64_t cumulated = 0;
		char labels[256];

		sum_route(m, route, &sum);
		if (sum.count == 0)
			continue;
		put_labels(m, route, labels, sizeof(labels));
		for (size_t k = 0; k <= BOUNDS; k++) {
			cumulated += sum.within[k];
			buf_printf(out, "%s_bucket{%s,le=\"%s\"} %" PRIu64 "\n", name, labels,
				   k < BOUNDS ? bounds[k].le : "+Inf", cumulated);
		}
		buf_printf(out, "%s_sum{%s} %" PRIu64 ".%06" PRIu64 "\n%s_count{%s} %" PRIu64 "\n", name,
			   labels, sum.sum_us / 1000000, sum.sum_us % 1000000, name, labels, sum.count);
	}
}

static void render_lanes(const struct metrics *m, struct buf *out)
{
	static const struct {
		const char *name, *type, *help;
		size_t at;
	} rows[] = {
		{"ciclo_database_connections", "gauge", "Connections that a lane has, up or not.",
		 offsetof(struct lane_counts, connections)},
		{"ciclo_database_connections_up", "gauge", "Those that are up.",
		 offsetof(struct lane_counts, up)},
		{"ciclo_database_waiting", "gauge", "Pieces of work that wait for a connection.",
		 offsetof(struct lane_counts, waiting)},
		{"ciclo_database_groups_total", "counter", "Groups that were sent, each as one transaction.",
		 offsetof(struct lane_counts, groups)},
		{"ciclo_database_group_members_total", "counter", "Pieces of work in those groups.",
		 offsetof(struct lane_counts, members)},
	};

	for (size_t row = 0; row < COUNTOF(rows); row++) {
		head(out, rows[row].name, rows[row].type, rows[row].help);
		for (enum lane lane = 0; lane < LANE_COUNT; lane++) {
			uint64_t sum = 0;

			for (size_t i = 0; i < m->workers; i++) {
				const char *counts = (const char *)&m->parts[i].lanes[lane];

				sum += get((const counter *)(const void *)(counts + rows[row].at));
			}
			buf_printf(out, "%s{lane=\"%s\"} %" PRIu64 "\n", rows[row].name, lane_name(lane),
				   sum);
		}
	}
}

/* Of the process itself; -1: the kernel does not say. */
static int64_t open_files(void)
{
	DIR *directory = opendir("/proc/self/fd");
	int64_t count = -3; /* ".", ".." and the directory itself */

	if (!directory)
		return -1;
	while (readdir(directory))
		count++;
	closedir(directory);
	return count;
}

static int64_t resident_bytes(void)
{
	FILE *file = fopen("/proc/self/statm", "re");
	char line[128] = "";
	char *end;

	if (!file || !fgets(line, sizeof(line), file))
		line[0] = '\0';
	if (file)
		fclose(file);
	strtoll(line, &end, 10);
	return *end ? strtoll(end, NULL, 10) * sysconf(_SC_PAGESIZE) : -1;
}

static void render_process(const struct metrics *m, struct buf *out)
{
	struct rusage used = {0};

	getrusage(RUSAGE_SELF, &used);
	head(out, "process_open_fds", "gauge", "Open file descriptors.");
	buf_printf(out, "process_open_fds %" PRId64 "\n", open_files());
	head(out, "process_resident_memory_bytes", "gauge", "Memory in use.");
	buf_printf(out, "process_resident_memory_bytes %" PRId64 "\n", resident_bytes());
	head(out, "process_cpu_seconds_total", "counter", "CPU time, user and system.");
	buf_printf(out, "process_cpu_seconds_total %.3f\n",
		   (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
			   (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6);
	head(out, "process_start_time_seconds", "gauge", "When the process began, in seconds since 1970.");
	buf_printf(out, "process_start_time_seconds %" PRId64 "\n", m->began_us / 1000000);
	head(out, "ciclo_workers", "gauge", "Workers of the process.");
	buf_printf(out, "ciclo_workers %zu\n", m->workers);
	head(out, "ciclo_build_info", "gauge", "Always 1; the version is a label.");
	buf_printf(out, "ciclo_build_info{version=\"%s\"} 1\n", CICLO_VERSION);
}

void metrics_render(const struct metrics *m, struct buf *out)
{
	render_requests(m, out);
	render_durations(m, out);
	render_lanes(m, out);
	render_process(m, out);
}
