/*
 * The problem document (RFC 9457).
 */
#include "state.h"

#include "ciclo/contract/json.h"

/* A pointer into the body as a URI fragment (RFC 6901 §6): what a fragment cannot hold is percent-encoded. */
static json_t *fragment(const char *pointer)
{
	static const char plain[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~!$&'()*+,;=:@/?";
	struct buf b;
	json_t *text;

	buf_init(&b, 4096); /* pointers hold names that the client chose; nobody needs longer ones */
	buf_adds(&b, "#");
	for (const char *c = pointer; *c; c++) {
		if (strchr(plain, *c))
			buf_add(&b, c, 1);
		else
			buf_printf(&b, "%%%02X", (unsigned)(unsigned char)*c);
	}
	text = json_string(b.data ? b.data : "#");
	buf_release(&b);
	return text;
}

static json_t *violation_document(const struct violation *v)
{
	static const char *const member[] = {
		[IN_BODY] = "pointer",
		[IN_PATH] = "parameter",
		[IN_QUERY] = "parameter",
		[IN_HEADER] = "header",
	};
	json_t *error = json_object();

	json_object_set_new(error, member[v->in],
			    v->in == IN_BODY ? fragment(v->where) : json_string(v->where));
	json_object_set_new(error, "code", json_string(v->code));
	json_object_set_new(error, "detail", json_string(v->detail ? v->detail : ""));
	return error;
}

static void add_violations(json_t *doc, const struct violations *v)
{
	json_t *errors;

	if (!v || v->count == 0)
		return;
	errors = json_array();
	for (size_t i = 0; i < v->count; i++)
		json_array_append_new(errors, violation_document(&v->item[i]));
	json_object_set_new(doc, "errors", errors);
	if (v->total > v->count)
		json_object_set_new(doc, "errors_omitted", json_integer((json_int_t)(v->total - v->count)));
}

char *problem_text(enum problem code, const char *request_id, const struct violations *v, const char *detail)
{
	json_t *doc = json_object();
	char *text;

	json_object_set_new(doc, "type", json_sprintf("/problems/%s", problem_slug(code)));
	json_object_set_new(doc, "title", json_string(problem_title(code)));
	json_object_set_new(doc, "status", json_integer(problem_status(code)));
	json_object_set_new(doc, "detail", json_string(detail));
	json_object_set_new(doc, "instance", json_sprintf("urn:ciclo:request:%s", request_id));
	json_object_set_new(doc, "code", json_string(problem_slug(code)));
	add_violations(doc, v);
	text = doc ? json_write(doc) : NULL;
	json_decref(doc);
	return text;
}
