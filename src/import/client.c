#include "client.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

enum {
	URL_MAX = 2000,
	FIELD_MAX = 400,
	CONNECT_MS = 10000,
	TICK_MS = 200 /* the progress bar moves while an answer is awaited */
};

struct client {
	CURL *easy;
	CURLM *multi;
	struct stop *stop;
	void (*tick)(void *cls);
	void *tick_cls;
	char url[URL_MAX];
	char bearer[FIELD_MAX]; /* the header field with the API key, "" without one */
	char error[CURL_ERROR_SIZE];
};

/* ---- the URL ---------------------------------------------------------------------------------- */

static bool has_part(CURLU *u, CURLUPart part)
{
	char *text = NULL;
	bool has = curl_url_get(u, part, &text, 0) == CURLUE_OK && *text != '\0';
	curl_free(text);
	return has;
}

/* scheme://host[:port][/prefix], without a slash at its end. */
static bool url_spell(CURLU *u, char *out, size_t size)
{
	char *text = NULL;
	bool ok = curl_url_get(u, CURLUPART_URL, &text, 0) == CURLUE_OK && strlen(text) < size &&
		  (strncmp(text, "http://", 7) == 0 || strncmp(text, "https://", 8) == 0);

	/* A password would end up in the notes beside the file; a query has no meaning here. */
	ok = ok && !has_part(u, CURLUPART_USER) && !has_part(u, CURLUPART_QUERY) &&
	     !has_part(u, CURLUPART_FRAGMENT);
	if (ok)
		snprintf(out, size, "%s", text);
	for (size_t len = ok ? strlen(out) : 0; len > 0 && out[len - 1] == '/'; len--)
		out[len - 1] = '\0';
	curl_free(text);
	return ok;
}

static bool is_loopback(CURLU *u)
{
	static const char *const names[] = {"localhost", "127.0.0.1", "[::1]"};
	char *host = NULL;
	bool is = false;

	for (size_t i = 0; i < COUNTOF(names) && curl_url_get(u, CURLUPART_HOST, &host, 0) == CURLUE_OK;
	     i++) {
		is |= strcmp(host, names[i]) == 0;
		curl_free(host);
		host = NULL;
	}
	return is;
}

/* ---- opening ---------------------------------------------------------------------------------- */

static size_t take(const char *bytes, size_t size, size_t count, void *cls)
{
	struct buf *body = cls;
	buf_add(body, bytes, size * count);
	return body->failed ? 0 : size * count;
}

static bool set_options(struct client *c, bool loopback)
{
	bool ok = curl_easy_setopt(c->easy, CURLOPT_ERRORBUFFER, c->error) == CURLE_OK &&
		  curl_easy_setopt(c->easy, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK &&
		  curl_easy_setopt(c->easy, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
		  curl_easy_setopt(c->easy, CURLOPT_USERAGENT, "ciclo/" CICLO_VERSION) == CURLE_OK &&
		  curl_easy_setopt(c->easy, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS) == CURLE_OK &&
		  curl_easy_setopt(c->easy, CURLOPT_TIMEOUT_MS, (long)REQUEST_MS) == CURLE_OK &&
		  curl_easy_setopt(c->easy, CURLOPT_WRITEFUNCTION, take) == CURLE_OK;
	/* A proxy of the environment is for what is elsewhere. */
	return ok && (!loopback || curl_easy_setopt(c->easy, CURLOPT_PROXY, "") == CURLE_OK);
}

struct client *client_new(const char *url, const char *key, struct stop *stop, char *why, size_t size)
{
	struct client *c = calloc(1, sizeof *c);
	CURLU *u = curl_url();
	bool ok = false;

	snprintf(why, size, "memory is out");
	if (c == NULL || u == NULL)
		goto out;
	c->stop = stop;
	if (curl_url_set(u, CURLUPART_URL, url, 0) != CURLUE_OK || !url_spell(u, c->url, sizeof c->url)) {
		snprintf(why, size,
			 "the URL of the service has the form http://host:port, without a user or a query");
		goto out;
	}
	c->easy = curl_easy_init();
	c->multi = curl_multi_init();
	if (c->easy == NULL || c->multi == NULL || !set_options(c, is_loopback(u)))
		goto out;
	snprintf(c->bearer, sizeof c->bearer, "%s%s", key != NULL ? "Authorization: Bearer " : "",
		 key != NULL ? key : "");
	ok = strpbrk(c->bearer, "\r\n") == NULL && strlen(c->bearer) + 1 < sizeof c->bearer;
	if (!ok)
		snprintf(why, size, "the API key is not of the form of a key");
out:
	curl_url_cleanup(u);
	if (ok)
		return c;
	client_free(c);
	return NULL;
}

void client_free(struct client *c)
{
	if (c == NULL)
		return;
	curl_easy_cleanup(c->easy);
	curl_multi_cleanup(c->multi);
	free(c);
}

const char *client_url(const struct client *c)
{
	return c->url;
}

void client_on_wait(struct client *c, void (*tick)(void *cls), void *cls)
{
	c->tick = tick;
	c->tick_cls = cls;
}

/* ---- a request -------------------------------------------------------------------------------- */

/* What a transfer without an answer means; any other code: it was lost on the way. */
static enum exchange exchange_of(CURLcode code)
{
	static const struct {
		CURLcode code;
		enum exchange exchange;
	} table[] = {
		{CURLE_OK, EXCHANGE_DONE},
		{CURLE_COULDNT_CONNECT, EXCHANGE_UNREACHED},
		{CURLE_COULDNT_RESOLVE_HOST, EXCHANGE_UNREACHED},
		{CURLE_COULDNT_RESOLVE_PROXY, EXCHANGE_UNREACHED},
		{CURLE_UNSUPPORTED_PROTOCOL, EXCHANGE_BROKEN},
		{CURLE_URL_MALFORMAT, EXCHANGE_BROKEN},
		{CURLE_OUT_OF_MEMORY, EXCHANGE_BROKEN},
		{CURLE_WRITE_ERROR, EXCHANGE_BROKEN},
		{CURLE_PEER_FAILED_VERIFICATION, EXCHANGE_BROKEN},
		{CURLE_SSL_CACERT_BADFILE, EXCHANGE_BROKEN},
	};
	for (size_t i = 0; i < COUNTOF(table); i++)
		if (table[i].code == code)
			return table[i].exchange;
	return EXCHANGE_LOST;
}

/* Runs the transfer to its end. false: a signal said now. */
static bool perform(struct client *c, CURLcode *ret)
{
	struct curl_waitfd signals = {.fd = c->stop->fd, .events = CURL_WAIT_POLLIN};
	int running = 1;

	*ret = CURLE_FAILED_INIT;
	for (;;) {
		if (curl_multi_perform(c->multi, &running) != CURLM_OK)
			return true;
		if (running == 0)
			break;
		if (stop_now(c->stop))
			return false;
		if (c->tick != NULL)
			c->tick(c->tick_cls);
		curl_multi_poll(c->multi, &signals, 1, TICK_MS, NULL);
	}
	int left;
	for (CURLMsg *m; (m = curl_multi_info_read(c->multi, &left)) != NULL;)
		if (m->msg == CURLMSG_DONE)
			*ret = m->data.result;
	return true;
}

static void read_head(struct client *c, struct reply *ret)
{
	struct curl_header *field;
	curl_off_t seconds = 0;

	curl_easy_getinfo(c->easy, CURLINFO_RESPONSE_CODE, &ret->status);
	curl_easy_getinfo(c->easy, CURLINFO_RETRY_AFTER, &seconds);
	ret->retry_after_ms = seconds > REQUEST_MS / 1000 ? REQUEST_MS : (int64_t)seconds * 1000;
	ret->replayed =
		curl_easy_header(c->easy, "Idempotent-Replayed", 0, CURLH_HEADER, -1, &field) == CURLHE_OK &&
		strcmp(field->value, "true") == 0;
}

/* NULL: memory is out. */
static struct curl_slist *make_fields(const struct client *c, const char *idempotency_key)
{
	char key[FIELD_MAX];
	/* An empty Expect: nothing is gained by asking first whether the body may come. */
	const char *const fields[] = {"Content-Type: application/x-ndjson", "Accept: application/json",
				      "Expect:", key, c->bearer};
	struct curl_slist *list = NULL;

	snprintf(key, sizeof key, "Idempotency-Key: %s", idempotency_key);
	for (size_t i = 0; i < COUNTOF(fields); i++) {
		struct curl_slist *longer = fields[i][0] != '\0' ? curl_slist_append(list, fields[i]) : list;
		if (longer == NULL) {
			curl_slist_free_all(list);
			return NULL;
		}
		list = longer;
	}
	return list;
}

static bool prepare(struct client *c, const char *path, const struct curl_slist *fields,
		    const struct buf *body, struct reply *ret)
{
	char url[URL_MAX * 2];

	snprintf(url, sizeof url, "%s%s", c->url, path);
	return curl_easy_setopt(c->easy, CURLOPT_URL, url) == CURLE_OK &&
	       curl_easy_setopt(c->easy, CURLOPT_HTTPHEADER, fields) == CURLE_OK &&
	       curl_easy_setopt(c->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body->len) == CURLE_OK &&
	       curl_easy_setopt(c->easy, CURLOPT_POSTFIELDS, body->data) == CURLE_OK &&
	       curl_easy_setopt(c->easy, CURLOPT_WRITEDATA, &ret->body) == CURLE_OK &&
	       curl_multi_add_handle(c->multi, c->easy) == CURLM_OK;
}

enum exchange client_post(struct client *c, const char *path, const char *idempotency_key,
			  const struct buf *body, struct reply *ret)
{
	struct curl_slist *fields = make_fields(c, idempotency_key);
	enum exchange exchange = EXCHANGE_BROKEN;
	CURLcode code;

	buf_release(&ret->body);
	ret->status = 0;
	ret->retry_after_ms = 0;
	ret->replayed = false;
	c->error[0] = '\0';
	snprintf(ret->why, sizeof ret->why, "memory is out");
	if (fields == NULL || !prepare(c, path, fields, body, ret))
		goto out;
	exchange = perform(c, &code) ? exchange_of(code) : EXCHANGE_ABANDONED;
	if (exchange == EXCHANGE_DONE)
		read_head(c, ret);
	else
		snprintf(ret->why, sizeof ret->why, "%s",
			 ret->body.failed      ? "the answer is longer than any answer to a batch"
			 : c->error[0] != '\0' ? c->error
					       : curl_easy_strerror(code));
	curl_multi_remove_handle(c->multi, c->easy);
out:
	curl_slist_free_all(fields);
	return exchange;
}
