/*
 * The rate limit of a call (ciclo/http/rate.h): one request before it is worked on; of a batch, when its items can be
 * counted, as many as it has. So a batch is let in as long as one request is left, and what it takes beyond that is
 * waited for afterwards. Open operations (health, documentation) are not limited: refusing would cost as much.
 */
#include "state.h"

#include <netinet/in.h>
#include <string.h>

#include "ciclo/base/time.h"

/* As many items as a batch may have (src/api/batch.c); what is longer is refused, and costs no more. */
enum { ITEMS_MAX = 10000 };

/* Whose bucket: the key's, or the address's on a service that needs none. Of IPv6 the network, as hosts choose the rest. */
static size_t bucket_of(const struct call *c, const void **ret)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(c->mhd, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	const struct sockaddr *address = info ? info->client_addr : NULL;

	*ret = c->key_id;
	if (c->key_id[0] || !address)
		return strlen(c->key_id);
	if (address->sa_family == AF_INET6) {
		*ret = &((const struct sockaddr_in6 *)address)->sin6_addr;
		return sizeof(struct in6_addr) / 2;
	}
	*ret = &((const struct sockaddr_in *)address)->sin_addr;
	return sizeof(struct in_addr);
}

enum step limit_check(struct call *c)
{
	struct rate *rate = c->server->options.rate;
	const void *who;
	size_t len;

	if (!rate || !c->match.operation->scope)
		return STEP_DONE;
	len = bucket_of(c, &who);
	c->limited = true;
	if (rate_take(rate, who, len, clock_monotonic_us(), &c->left))
		return STEP_DONE;
	call_add_header(c, "Retry-After", "%lld", (long long)c->left.retry_s);
	call_problem(c, PROBLEM_quota_exceeded, NULL,
		     "RateLimit-Policy says how many requests are given; there is one again in %lld s.",
		     (long long)c->left.retry_s);
	return STEP_ANSWERED;
}

static int64_t items_of(const struct call *c)
{
	const char *at = c->raw.data, *end = at + c->raw.len;
	int64_t count = 0;

	if (c->body)
		return (int64_t)json_array_size(c->body);
	for (; at && at < end && count < ITEMS_MAX; count++) {
		const char *stop = memchr(at, '\n', (size_t)(end - at));

		at = stop ? stop + 1 : end;
	}
	return count;
}

enum step limit_charge(struct call *c)
{
	const void *who;
	size_t len;
	int64_t count;

	if (!c->limited || !c->match.operation->item)
		return STEP_DONE;
	count = items_of(c);
	if (count > ITEMS_MAX)
		count = ITEMS_MAX;
	len = bucket_of(c, &who);
	/* The first was taken before. */
	if (count > 1)
		rate_charge(c->server->options.rate, who, len, count - 1, clock_monotonic_us(), &c->left);
	return STEP_DONE;
}
