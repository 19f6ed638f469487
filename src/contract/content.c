/*
 * Request bodies and responses of an operation: media types and their schemas.
 */
#include "compile.h"

static const char *const body_members[] = {"content", "description", "required", NULL};
static const char *const response_members[] = {"content", "description", "headers", "links", NULL};
static const char *const media_members[] = {"example", "examples", "schema", NULL};
static const char *const header_members[] = {"deprecated", "description", "example", "examples",
					     "required",   "schema",      NULL};

static bool compile_media(struct compiler *c, struct node n, const char *name, struct media_type *ret)
{
	struct node schema = node_get(c, n, "schema");

	if (!node_members(c, n, media_members))
		return false;
	ret->name = name;
	if (schema.json)
		ret->schema = schema_want(c, schema);
	return !schema.json || ret->schema;
}

/* content: {media type: {schema}}, in the order of the document. */
static bool compile_content(struct compiler *c, struct node content,
			    struct media_type ret[static MEDIA_TYPES_MAX])
{
	const char *key;
	json_t *value;
	size_t count = 0;

	if (json_object_size(content.json) == 0)
		return compile_fail(c, content.place, "must be an object of media types");
	/* The last entry stays empty: it ends the list. */
	if (json_object_size(content.json) >= MEDIA_TYPES_MAX)
		return compile_fail(c, content.place, "more than %d media types", MEDIA_TYPES_MAX - 1);
	json_object_foreach(content.json, key, value)
	{
		if (!compile_media(c, node_get(c, content, key), key, &ret[count++]))
			return false;
	}
	return true;
}

bool body_compile(struct compiler *c, struct node op, struct operation *ret)
{
	struct node body = node_get(c, op, "requestBody");
	struct node content;

	if (!body.json)
		return true;
	if (!node_resolve(c, &body) || !node_members(c, body, body_members) ||
	    !node_flag(c, body, "required", &ret->body_required))
		return false;
	content = node_get(c, body, "content");
	if (!content.json)
		return compile_fail(c, body.place, "\"content\" is missing");
	return compile_content(c, content, ret->body);
}

static bool compile_headers(struct compiler *c, struct node headers)
{
	const char *key;
	json_t *value;

	if (headers.json && !node_is_object(c, headers))
		return false;
	json_object_foreach(headers.json, key, value)
	{
		struct node header = node_get(c, headers, key);
		struct node schema;

		if (!node_resolve(c, &header) || !node_members(c, header, header_members))
			return false;
		schema = node_get(c, header, "schema");
		if (schema.json && !schema_want(c, schema))
			return false;
	}
	return true;
}

/* "200" and the like, not "2XX" or "default": every answer is spelled out. */
static bool is_status(const char *status)
{
	return strlen(status) == 3 && strspn(status, "0123456789") == 3 && status[0] >= '1' &&
	       status[0] <= '5';
}

/* Problems always are documents; a success is one unless its status says otherwise. */
static bool needs_content(const char *status)
{
	return status[0] >= '4' ||
	       (status[0] == '2' && strcmp(status, "204") != 0 && strcmp(status, "205") != 0);
}

static bool compile_answer(struct compiler *c, struct node n, const char *status, struct media_type *ret)
{
	struct node content;

	if (!is_status(status))
		return compile_fail(c, n.place, "\"%s\" is not an HTTP status", status);
	if (!node_resolve(c, &n) || !node_members(c, n, response_members) ||
	    !compile_headers(c, node_get(c, n, "headers")))
		return false;
	content = node_get(c, n, "content");
	if (!content.json && needs_content(status))
		return compile_fail(c, n.place, "a response %s needs content", status);
	return !content.json || compile_content(c, content, ret);
}

bool answers_compile(struct compiler *c, struct node op, struct operation *ret)
{
	struct node responses = node_get(c, op, "responses");
	bool success = false;
	const char *status;
	json_t *value;

	if (!json_is_object(responses.json))
		return compile_fail(c, op.place, "\"responses\" is missing or not an object");
	json_object_foreach(responses.json, status, value)
	{
		struct media_type unused[MEDIA_TYPES_MAX] = {{NULL, NULL}};
		bool first = status[0] == '2' && !success;

		success = success || first;
		if (!compile_answer(c, node_get(c, responses, status), status, first ? ret->answer : unused))
			return false;
	}
	return success || compile_fail(c, responses.place, "no response of 2xx");
}
