/*
 * Answers that never change: the response of libmicrohttpd is made for the first call and serves all others, with another
 * request id each time.
 *
 * libmicrohttpd writes the header of an answer as soon as the access handler that queued it has returned, in the same
 * thread, so that a field can be exchanged before the next one is queued, whatever still is on its way.
 */
#include "state.h"

#include <string.h>

#include "ciclo/base/log.h"

static const char id_field[] = "X-Request-Id";

static struct fixed *find(struct server *s, const char *text)
{
	for (size_t i = 0; i < FIXED_MAX; i++)
		if (!s->fixed[i].text || s->fixed[i].text == text)
			return &s->fixed[i];
	return NULL;
}

/* Would the answer to this call differ from the others in more than its request id, or come second? */
static bool is_special(const struct call *c)
{
	return c->answered || c->close || c->server->draining || c->header_count > 0 || c->origin ||
	       c->limited || call_header(c, "If-None-Match");
}

void call_reply_fixed(struct call *c, const char *media_type, const char *text, size_t len,
		      const char *cache_control)
{
	bool plain = !is_special(c);
	struct fixed *f = plain ? find(c->server, text) : NULL;

	if (f && f->response) {
		c->fixed = f;
		call_settle(c, 200, len);
		return;
	}
	if (cache_control)
		call_add_header(c, "Cache-Control", "%s", cache_control);
	call_reply_text(c, 200, media_type, text, len);
	if (!f || !c->response || c->status != 200)
		return;
	/* The answer to this call stays. */
	f->text = text;
	f->response = c->response;
	memcpy(f->request_id, c->request_id, sizeof(f->request_id));
	c->response = NULL;
	c->fixed = f;
}

struct MHD_Response *fixed_response(struct fixed *f, const char *request_id)
{
	if (!f->response)
		return NULL;
	MHD_del_response_header(f->response, id_field, f->request_id);
	memcpy(f->request_id, request_id, strlen(request_id) + 1);
	if (MHD_add_response_header(f->response, id_field, request_id) == MHD_YES)
		return f->response;
	/* Memory is out: no answer without its id, and the next call makes a response anew. */
	log_event(LOG_WARN, "header_dropped", "%s", id_field);
	MHD_destroy_response(f->response);
	f->response = NULL;
	return NULL;
}

void fixed_free(struct fixed *f)
{
	if (f->response)
		MHD_destroy_response(f->response);
}
