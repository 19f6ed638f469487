/*
 * The protocol guard; see guard.h. The rules are RFC 9110 §5 and RFC 9112 §6.
 */
#include "guard.h"

#include <string.h>
#include <strings.h>

static void fail(struct guard *g, enum problem fault, const char *why)
{
	if (g->fault != PROBLEM_NONE)
		return;
	g->fault = fault;
	g->why = why;
}

static void check_length(struct guard *g, const char *value, size_t len)
{
	uint64_t sum = 0;

	/* libmicrohttpd refuses what does not fit 64 bits; 18 digits always do. */
	if (len == 0 || len > 18)
		goto bad;
	for (size_t i = 0; i < len; i++) {
		if (value[i] < '0' || value[i] > '9')
			goto bad;
		sum = sum * 10 + (uint64_t)(value[i] - '0');
	}
	g->length = sum;
	return;
bad:
	fail(g, PROBLEM_malformed_request, "Content-Length is not a number of bytes.");
}

static void check_transfer_encoding(struct guard *g, const char *value, size_t len)
{
	g->chunked = true;
	if (len != strlen("chunked") || memcmp(value, "chunked", len) != 0)
		fail(g, PROBLEM_malformed_request, "The only Transfer-Encoding is chunked.");
}

static void check_content_encoding(struct guard *g, const char *value, size_t len)
{
	if (len != strlen("identity") || strncasecmp(value, "identity", len) != 0)
		fail(g, PROBLEM_unsupported_media_type, "Send the body without Content-Encoding.");
}

static void check_expect(struct guard *g, const char *value, size_t len)
{
	g->expects = len == strlen("100-continue") && strncasecmp(value, "100-continue", len) == 0;
}

/* Values of libmicrohttpd end with a NUL; has_control refuses those that have one before. */
static void keep_host(struct guard *g, const char *value, size_t len)
{
	(void)len;
	g->host = value;
}

static void keep_origin(struct guard *g, const char *value, size_t len)
{
	(void)len;
	g->origin = value;
}

/* Fields that must not come twice: two readers could each believe in another one. */
static const struct {
	const char *name;
	size_t len;
	void (*check)(struct guard *g, const char *value, size_t len);
} single[] = {
	{"content-length", 14, check_length},
	{"transfer-encoding", 17, check_transfer_encoding},
	{"host", 4, keep_host},
	{"authorization", 13, NULL},
	{"idempotency-key", 15, NULL},
	{"content-type", 12, NULL},
	{"if-match", 8, NULL},
	{"content-encoding", 16, check_content_encoding},
	{"expect", 6, check_expect},
	{"origin", 6, keep_origin},
};

/* Positions in the table above. */
enum { CONTENT_LENGTH = 0, TRANSFER_ENCODING = 1 };

/* RFC 9110 §5.6.2: tchar. A space before the colon arrives as part of the name. */
static bool is_token(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		char c = text[i];

		if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'))
			continue;
		if (c == '\0' || !strchr("!#$%&'*+-.^_`|~", c))
			return false;
	}
	return len > 0;
}

static bool has_control(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		if ((c < 0x20 && c != '\t') || c == 0x7f)
			return true;
	}
	return false;
}

static void check_single(struct guard *g, size_t field, const char *value, size_t len)
{
	unsigned bit = 1U << field;

	if (g->seen & bit)
		fail(g, PROBLEM_malformed_request, "A header field that may come once came twice.");
	g->seen |= bit;
	if (single[field].check)
		single[field].check(g, value, len);
}

void guard_field(struct guard *g, const char *name, size_t name_len, const char *value, size_t value_len)
{
	if (!is_token(name, name_len))
		fail(g, PROBLEM_malformed_request, "The name of a header field is not a token.");
	if (has_control(value, value_len))
		fail(g, PROBLEM_malformed_request, "The value of a header field has a control character.");
	for (size_t i = 0; i < COUNTOF(single); i++)
		if (single[i].len == name_len && strncasecmp(single[i].name, name, name_len) == 0)
			check_single(g, i, value, value_len);
}

enum problem guard_verdict(struct guard *g, const char *version)
{
	bool length = g->seen & (1U << CONTENT_LENGTH);
	bool coded = g->seen & (1U << TRANSFER_ENCODING);

	if (length && coded)
		fail(g, PROBLEM_malformed_request,
		     "Transfer-Encoding and Content-Length exclude each other.");
	if (coded && strcmp(version, "HTTP/1.1") != 0)
		fail(g, PROBLEM_malformed_request, "Transfer-Encoding needs HTTP/1.1.");
	return g->fault;
}

const char *guard_target(const char *method, const char *target)
{
	static const char *const schemes[] = {"http://", "https://"};

	for (const char *c = target; *c; c++)
		if ((unsigned char)*c <= 0x20 || (unsigned char)*c >= 0x7f || *c == '#')
			return NULL;
	if (*target == '/')
		return target;
	if (strcmp(target, "*") == 0)
		return strcmp(method, "OPTIONS") == 0 ? target : NULL;
	for (size_t i = 0; i < COUNTOF(schemes); i++) {
		const char *path;

		if (strncasecmp(target, schemes[i], strlen(schemes[i])) != 0)
			continue;
		path = target + strlen(schemes[i]);
		path += strcspn(path, "/?");
		/* "http://host" means "/", as RFC 9112 §3.2.1 has it; with a query but no path it is so rare
		 * that it may fail. */
		return *path == '/' ? path : *path == '\0' ? "/" : NULL;
	}
	return NULL;
}
