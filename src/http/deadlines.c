/*
 * Queues of connections by phase; see deadlines.h.
 */
#include "deadlines.h"

#include <stddef.h>

enum {
	/* A handler that keeps its own deadline answers 504 itself, with a better reason; only after
	 * this much more is the answer taken out of its hands. */
	ANSWER_GRACE_MS = 1000,
	MS_PER_S = 1000
};

void deadlines_init(struct deadlines *d, const struct config *config)
{
	*d = (struct deadlines){
		.limit_ms =
			{
				[PHASE_HEADER] = config->header_timeout_ms,
				[PHASE_BODY] = config->body_timeout_ms,
				[PHASE_ANSWER] = config->request_timeout_ms + ANSWER_GRACE_MS,
				/* An answer may take as long to leave as a body to come in. */
				[PHASE_SEND] = config->body_timeout_ms,
				/* libmicrohttpd closes what is really idle. What is still here later
	                         * drips in a request line, whose first byte nobody tells us of. */
				[PHASE_IDLE] = config->idle_timeout_s * MS_PER_S + config->header_timeout_ms,
			},
	};
}

static void leave(struct deadlines *d, struct connection *c)
{
	if (c->phase == PHASE_NONE)
		return;
	if (c->previous)
		c->previous->next = c->next;
	else
		d->oldest[c->phase] = c->next;
	if (c->next)
		c->next->previous = c->previous;
	else
		d->newest[c->phase] = c->previous;
	c->previous = NULL;
	c->next = NULL;
	c->phase = PHASE_NONE;
}

void deadlines_enter(struct deadlines *d, struct connection *c, enum phase phase, int64_t now_ms)
{
	leave(d, c);
	if (phase == PHASE_NONE)
		return;
	c->phase = phase;
	c->since_ms = now_ms;
	c->previous = d->newest[phase];
	if (c->previous)
		c->previous->next = c;
	else
		d->oldest[phase] = c;
	d->newest[phase] = c;
}

static int64_t left(const struct deadlines *d, enum phase phase, int64_t now_ms)
{
	return d->oldest[phase]->since_ms + d->limit_ms[phase] - now_ms;
}

struct connection *deadlines_expired(const struct deadlines *d, int64_t now_ms)
{
	for (enum phase phase = 0; phase < PHASE_COUNT; phase++)
		if (d->oldest[phase] && left(d, phase, now_ms) <= 0)
			return d->oldest[phase];
	return NULL;
}

int64_t deadlines_next(const struct deadlines *d, int64_t now_ms)
{
	int64_t next = -1;

	for (enum phase phase = 0; phase < PHASE_COUNT; phase++) {
		int64_t ms;

		if (!d->oldest[phase])
			continue;
		ms = left(d, phase, now_ms);
		if (ms < 0)
			ms = 0;
		if (next < 0 || ms < next)
			next = ms;
	}
	return next;
}
