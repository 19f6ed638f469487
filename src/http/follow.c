/*
 * One answer for several calls. Followers hang on the call that leads them; what answers it answers them (respond.c), each
 * under its own request id.
 *
 * Invariants: a follower waits for its leader and for nobody else, so it is not busy: when its client goes, or its
 * time is up, it just leaves. A leader that nobody waits for any more lives on for its followers.
 */
#include "state.h"

/* The fields that say what the answer is, not whose it is. */
static void copy_headers(struct call *to, const struct call *from)
{
	to->header_count = 0;
	for (size_t i = 0; i < from->header_count; i++)
		call_add_header(to, from->headers[i].name, "%s", from->headers[i].value);
}

void call_follow(struct call *follower, struct call *leader)
{
	follower->leader = leader;
	follower->busy = false;
	follower->next_follower = leader->followers;
	if (leader->followers)
		leader->followers->previous_follower = follower;
	leader->followers = follower;
}

void call_unfollow(struct call *c)
{
	if (!c->leader)
		return;
	if (c->previous_follower)
		c->previous_follower->next_follower = c->next_follower;
	else
		c->leader->followers = c->next_follower;
	if (c->next_follower)
		c->next_follower->previous_follower = c->previous_follower;
	c->leader = c->previous_follower = c->next_follower = NULL;
}

struct call *call_next_follower(struct call *leader)
{
	struct call *c = leader->followers;

	if (!c)
		return NULL;
	call_unfollow(c);
	copy_headers(c, leader);
	return c;
}

/* One of the followers leads the others from now on; NULL: there are none. */
static struct call *hand_over(struct call *leader)
{
	struct call *heir = leader->followers;

	if (!heir)
		return NULL;
	call_unfollow(heir);
	heir->busy = true;
	heir->followers = leader->followers;
	leader->followers = NULL;
	for (struct call *c = heir->followers; c; c = c->next_follower)
		c->leader = heir;
	return heir;
}

struct call *call_awaited(struct call *c)
{
	struct call *heir;

	if (!c->abandoned)
		return c;
	heir = hand_over(c);
	call_release(c);
	return heir;
}

static bool has(const struct call *c, const char *etag)
{
	const char *field = call_is_get(c) ? call_header(c, "If-None-Match") : NULL;

	return field && etag_listed(field, etag);
}

struct call *call_unchanged(struct call *c, const char *etag, const char *cache_control)
{
	struct call *next, *heir;

	c = call_awaited(c);
	if (!c)
		return NULL;
	for (struct call *f = c->followers; f; f = next) {
		next = f->next_follower;
		if (!has(f, etag))
			continue;
		call_unfollow(f);
		call_not_modified(f, etag, cache_control);
	}
	if (!has(c, etag))
		return c;
	heir = hand_over(c);
	call_not_modified(c, etag, cache_control);
	return heir;
}
