/*
 * libyaml events -> jansson values, by recursive descent with a depth cap.
 *
 * Invariant: r->event holds one event or none (YAML_NO_EVENT); next_event() releases the old one.
 */
#include "yaml_read.h"

#include <stdarg.h>
#include <stdbool.h>
#include <yaml.h>

/* An OpenAPI document needs about 25; the cap keeps the recursion off the end of the stack. */
enum { YAML_DEPTH_MAX = 64 };

struct reader {
	yaml_parser_t parser;
	yaml_event_t event;
	char *why;
	size_t size;
};

static json_t *read_node(struct reader *r, unsigned depth);

/* Always NULL, so that callers can return it. */
static json_t *PRINTF_LIKE(3, 4) fault(struct reader *r, size_t line, const char *fmt, ...)
{
	va_list args;
	int used = snprintf(r->why, r->size, "line %zu: ", line + 1);

	va_start(args, fmt);
	if (used >= 0 && (size_t)used < r->size)
		vsnprintf(r->why + used, r->size - (size_t)used, fmt, args);
	va_end(args);
	return NULL;
}

static size_t line_of(const struct reader *r)
{
	return r->event.start_mark.line;
}

static bool next_event(struct reader *r)
{
	yaml_event_delete(&r->event);
	if (yaml_parser_parse(&r->parser, &r->event))
		return true;
	r->event.type = YAML_NO_EVENT;
	fault(r, r->parser.problem_mark.line, "%s", r->parser.problem ? r->parser.problem : "memory is out");
	return false;
}

/* Why the node that starts with this event is not taken; NULL if it is. */
static const char *refusal(const yaml_event_t *e)
{
	bool anchor = false;
	bool tag = false;

	switch (e->type) {
	case YAML_SCALAR_EVENT:
		anchor = e->data.scalar.anchor != NULL;
		tag = e->data.scalar.tag != NULL;
		break;
	case YAML_SEQUENCE_START_EVENT:
		anchor = e->data.sequence_start.anchor != NULL;
		tag = e->data.sequence_start.tag != NULL;
		break;
	case YAML_MAPPING_START_EVENT:
		anchor = e->data.mapping_start.anchor != NULL;
		tag = e->data.mapping_start.tag != NULL;
		break;
	case YAML_ALIAS_EVENT:
		anchor = true;
		break;
	default:
		return "a value is missing";
	}
	if (anchor)
		return "anchors and aliases are not supported, use $ref";
	return tag ? "tags are not supported" : NULL;
}

static const char *scalar_text(const struct reader *r)
{
	return (const char *)r->event.data.scalar.value;
}

static bool scalar_has_nul(const struct reader *r)
{
	return strlen(scalar_text(r)) != r->event.data.scalar.length;
}

static json_t *read_scalar(struct reader *r)
{
	bool plain = r->event.data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
	json_t *value;

	if (scalar_has_nul(r))
		return fault(r, line_of(r), "NUL is not supported");
	value = plain ? yaml_plain(scalar_text(r)) : json_string(scalar_text(r));
	return value ? value : fault(r, line_of(r), "a number that JSON cannot hold");
}

static json_t *read_sequence(struct reader *r, unsigned depth)
{
	json_t *array = json_array();

	while (next_event(r)) {
		if (r->event.type == YAML_SEQUENCE_END_EVENT)
			return array;
		if (json_array_append_new(array, read_node(r, depth + 1)) != 0)
			break;
	}
	json_decref(array);
	return NULL;
}

/* The current event is the key; reads its value, too. */
static bool read_member(struct reader *r, json_t *object, unsigned depth)
{
	const char *refused = refusal(&r->event);
	size_t line = line_of(r);
	char *key;
	bool done = false;

	if (!refused && (r->event.type != YAML_SCALAR_EVENT || scalar_has_nul(r)))
		refused = "a key must be text without NUL";
	if (refused) {
		fault(r, line, "%s", refused);
		return false;
	}
	if (json_object_get(object, scalar_text(r))) {
		fault(r, line, "duplicate key \"%s\"", scalar_text(r));
		return false;
	}
	key = strdup(scalar_text(r));
	if (key && next_event(r))
		done = json_object_set_new(object, key, read_node(r, depth + 1)) == 0;
	free(key);
	return done;
}

static json_t *read_mapping(struct reader *r, unsigned depth)
{
	json_t *object = json_object();

	while (next_event(r)) {
		if (r->event.type == YAML_MAPPING_END_EVENT)
			return object;
		if (!read_member(r, object, depth))
			break;
	}
	json_decref(object);
	return NULL;
}

/* The current event starts the node. */
static json_t *read_node(struct reader *r, unsigned depth)
{
	const char *refused = refusal(&r->event);

	if (refused)
		return fault(r, line_of(r), "%s", refused);
	if (depth > YAML_DEPTH_MAX)
		return fault(r, line_of(r), "nested more than %d levels deep", YAML_DEPTH_MAX);
	if (r->event.type == YAML_SCALAR_EVENT)
		return read_scalar(r);
	if (r->event.type == YAML_SEQUENCE_START_EVENT)
		return read_sequence(r, depth);
	return read_mapping(r, depth);
}

/* STREAM-START DOCUMENT-START node DOCUMENT-END STREAM-END */
static json_t *read_stream(struct reader *r)
{
	json_t *value;

	if (!next_event(r) || !next_event(r))
		return NULL;
	if (r->event.type != YAML_DOCUMENT_START_EVENT)
		return fault(r, 0, "the document is empty");
	if (!next_event(r))
		return NULL;
	value = read_node(r, 0);
	if (value && next_event(r) && next_event(r) && r->event.type == YAML_STREAM_END_EVENT)
		return value;
	if (value && r->event.type == YAML_DOCUMENT_START_EVENT)
		fault(r, line_of(r), "more than one document");
	json_decref(value);
	return NULL;
}

json_t *yaml_read(const char *text, size_t len, char *why, size_t size)
{
	struct reader r = {.why = why, .size = size};
	json_t *value;

	snprintf(why, size, "memory is out");
	if (!yaml_parser_initialize(&r.parser))
		return NULL;
	yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&r.parser, (const unsigned char *)text, len);
	value = read_stream(&r);
	yaml_event_delete(&r.event);
	yaml_parser_delete(&r.parser);
	return value;
}
