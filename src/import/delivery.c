#include "delivery.h"

#include <string.h>

#include "ciclo/base/time.h"
#include "ciclo/contract/json.h"

enum {
	FIRST_WAIT_MS = 250,
	LONGEST_WAIT_MS = 10000,
	EXCERPT = 120 /* of an answer that is not the service's */
};

enum verdict { TAKEN, AGAIN, REFUSED, BROKEN, STOPPED };

void delivery_open(struct delivery *d)
{
	buf_init(&d->reply.body, REPLY_BYTES_MAX);
}

void delivery_close(struct delivery *d)
{
	buf_release(&d->reply.body);
	json_decref(d->answer);
	d->answer = NULL;
}

static json_t *read_body(const struct buf *body)
{
	char why[160];
	return body->data != NULL ? json_read(body->data, body->len, why, sizeof why) : NULL;
}

/* Every item has its result, in order. */
static bool is_answer(const json_t *answer, size_t count)
{
	const json_t *results = json_object_get(answer, "results");

	if (json_array_size(results) != count)
		return false;
	for (size_t i = 0; i < count; i++) {
		const json_t *result = json_array_get(results, i);
		json_int_t status = json_integer_value(json_object_get(result, "status"));
		if (json_integer_value(json_object_get(result, "index")) != (json_int_t)i ||
		    (status != 200 && status != 201 && !json_is_object(json_object_get(result, "problem"))))
			return false;
	}
	return true;
}

/* An item lost against other requests: nothing is wrong with it. */
static bool has_lost(const json_t *answer)
{
	const json_t *results = json_object_get(answer, "results");
	const json_t *result;
	size_t i;

	json_array_foreach(results, i, result)
	{
		const char *code =
			json_string_value(json_object_get(json_object_get(result, "problem"), "code"));
		if (code != NULL && strcmp(code, problem_slug(PROBLEM_write_conflict)) == 0)
			return true;
	}
	return false;
}

static void say_problem(struct delivery *d)
{
	json_t *problem = read_body(&d->reply.body);
	const char *code = json_string_value(json_object_get(problem, "code"));
	const char *detail = json_string_value(json_object_get(problem, "detail"));

	if (code != NULL)
		snprintf(d->why, sizeof d->why, "%ld %s: %s", d->reply.status, code,
			 detail != NULL ? detail : "");
	else
		snprintf(d->why, sizeof d->why, "%ld, and not as Ciclo does: %.*s", d->reply.status, EXCERPT,
			 d->reply.body.data != NULL ? d->reply.body.data : "");
	json_decref(problem);
}

static enum verdict judge(struct delivery *d, size_t count)
{
	long status = d->reply.status;

	json_t *answer = status == 200 ? read_body(&d->reply.body) : NULL;

	json_decref(d->answer);
	d->answer = is_answer(answer, count) ? json_incref(answer) : NULL;
	json_decref(answer);
	if (d->answer != NULL) {
		snprintf(d->why, sizeof d->why, "other requests keep writing the same keys");
		return has_lost(d->answer) ? AGAIN : TAKEN;
	}
	say_problem(d);
	/* Too slow, lost against others, too much, or a fault over there: all of these may pass. */
	return status == 408 || status == 409 || status == 429 || status >= 500 ? AGAIN : REFUSED;
}

static enum verdict try_once(struct delivery *d, const char *path, const struct batch *b)
{
	enum exchange exchange = client_post(d->client, path, b->key, &b->body, &d->reply);

	d->sent |= exchange != EXCHANGE_UNREACHED;
	if (exchange == EXCHANGE_DONE)
		return judge(d, b->sent);
	if (exchange == EXCHANGE_ABANDONED)
		return STOPPED;
	snprintf(d->why, sizeof d->why, "%s", d->reply.why);
	return exchange == EXCHANGE_BROKEN ? BROKEN : AGAIN;
}

/* Waits before the next try. AGAIN: it is time. */
static enum verdict rest(struct delivery *d, int64_t pause_ms, int64_t give_up_ms)
{
	if (clock_monotonic_ms() + pause_ms > give_up_ms)
		/* Items that lose for so long are reported like bad ones. */
		return d->answer != NULL ? TAKEN : BROKEN;
	if (!d->repeated)
		d->wait(d->cls, d->why);
	d->repeated = true;
	return stop_wait(d->stop, -1, pause_ms) ? AGAIN : STOPPED;
}

enum delivery_end delivery_send(struct delivery *d, const char *path, const struct batch *b)
{
	static const enum delivery_end ends[] = {[TAKEN] = DELIVERED,
						 [REFUSED] = DELIVERY_REFUSED,
						 [BROKEN] = DELIVERY_FAILED,
						 [STOPPED] = DELIVERY_STOPPED};
	int64_t give_up_ms = clock_monotonic_ms() + d->retry_ms;
	int64_t wait_ms = FIRST_WAIT_MS;
	enum verdict verdict;

	d->repeated = false;
	d->sent = false;
	json_decref(d->answer);
	d->answer = NULL;
	while ((verdict = try_once(d, path, b)) == AGAIN) {
		int64_t pause_ms = d->reply.retry_after_ms > wait_ms ? d->reply.retry_after_ms : wait_ms;

		/* It answers, and says when there is more to be had: that is no lack of patience. */
		if (d->reply.status == problem_status(PROBLEM_quota_exceeded))
			give_up_ms += pause_ms;
		verdict = rest(d, pause_ms, give_up_ms);
		if (verdict != AGAIN)
			break;
		wait_ms = wait_ms * 2 < LONGEST_WAIT_MS ? wait_ms * 2 : LONGEST_WAIT_MS;
	}
	return ends[verdict];
}
