/* What makes lanes different, as a table; see lane.h. */
#include "lane.h"

/*
 * group_max: measured; more members gain little, and all of a group wait for its slowest. A report may
 * take seconds, so it goes alone. bulk is about few commits, not about latency.
 * waiting_max: what a lane answers well within the default request time-out, and the memory of as many requests;
 * bulk: two batches of 10,000 items.
 * lock_timeout: a write that waits for a lock holds those it has.
 */
/*
 * Statements of requests touch a few rows each and have an index for them. A plan that reads a whole table can only come
 * from statistics of a time when the table was small, and a prepared plan would keep to it while the table grows by
 * thousands of rows a second; so the planner is told. Reports do read much, and choose freely.
 */
const struct lane_traits lane_traits[LANE_COUNT] = {
	[LANE_WRITE] = {.name = "write",
			.group_max = 32,
			.waiting_max = 4096,
			.lock_timeout_ms = "5000",
			.read_only = "off",
			.plan_cache_mode = "auto",
			.whole_table = "off"},
	[LANE_READ] = {.name = "read",
		       .group_max = 16,
		       .waiting_max = 4096,
		       .lock_timeout_ms = "0",
		       .read_only = "off",
		       .plan_cache_mode = "auto",
		       .whole_table = "off"},
	/* Windows differ by orders of magnitude between calls, so no plan fits all. */
	[LANE_REPORT] = {.name = "report",
			 .group_max = 1,
			 .waiting_max = 256,
			 .lock_timeout_ms = "0",
			 .read_only = "on",
			 .plan_cache_mode = "force_custom_plan",
			 .whole_table = "on",
			 .plan = setup_plan_reports},
	[LANE_BULK] = {.name = "bulk",
		       .group_max = 512,
		       .waiting_max = 20000,
		       .lock_timeout_ms = "5000",
		       .read_only = "off",
		       .plan_cache_mode = "auto",
		       .whole_table = "off",
		       .yields = true},
	/* Alone, so that none keeps what it has locked while another works. */
	[LANE_DERIVE] = {.name = "derive",
			 .group_max = 1,
			 .waiting_max = 1024,
			 .lock_timeout_ms = "0",
			 .read_only = "off",
			 .plan_cache_mode = "auto",
			 .whole_table = "off",
			 .plan = setup_plan_deriving},
	/* LANE_REPORT on another server. */
	[LANE_REPLICA] = {.name = "replica",
			  .group_max = 1,
			  .waiting_max = 256,
			  .lock_timeout_ms = "0",
			  .read_only = "on",
			  .plan_cache_mode = "force_custom_plan",
			  .whole_table = "on",
			  .plan = setup_plan_reports},
};
