/*
 * The problem document (RFC 9457).
 */
#include "state.h"

#include "ciclo/contract/json.h"

/* Text that is not UTF-8 would leave its member out, and clients rely on all of them. */
static json_t *sound(const char *text)
{
	json_t *value = json_string(text);

	return value ? value : json_string("(not valid UTF-8)");
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
	char *pointer = v->in == IN_BODY ? violation_pointer(v) : NULL;

	json_object_set_new(error, member[v->in], sound(pointer ? pointer : v->where));
	json_object_set_new(error, "code", json_string(v->code));
	json_object_set_new(error, "detail", sound(v->detail ? v->detail : ""));
	free(pointer);
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
	json_object_set_new(doc, "detail", sound(detail));
	json_object_set_new(doc, "instance", json_sprintf("urn:ciclo:request:%s", request_id));
	json_object_set_new(doc, "code", json_string(problem_slug(code)));
	add_violations(doc, v);
	text = doc ? json_write(doc) : NULL;
	json_decref(doc);
	return text;
}
