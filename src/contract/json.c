/*
 * JSON at the border. jansson parses; the depth is counted before, because jansson would
 * recurse 2048 levels deep, and its messages are replaced, because they quote the body.
 */
#include "ciclo/contract/json.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "ciclo/base/buf.h"

enum {
	WRITE_FLAGS = JSON_COMPACT | JSON_ENCODE_ANY,
	/* Up to 15 significant digits come back as they were typed; a double with more needs 17 to come back at all. */
	DIGITS_AS_TYPED = 15,
	DIGITS_OF_ANY_DOUBLE = 17
};

static const char *const sentences[] = {
	[json_error_out_of_memory] = "memory is out",
	[json_error_stack_overflow] = "nested too deeply",
	[json_error_invalid_utf8] = "not valid UTF-8",
	[json_error_premature_end_of_input] = "the text ends too early",
	[json_error_end_of_input_expected] = "there is more text behind the value",
	[json_error_invalid_syntax] = "invalid syntax",
	[json_error_null_character] = "NUL is not allowed in text",
	[json_error_null_byte_in_key] = "NUL is not allowed in a name",
	[json_error_duplicate_key] = "a name occurs twice in one object",
	[json_error_numeric_overflow] = "a number is out of range",
};

static const char *sentence_of(const json_error_t *error)
{
	size_t code = (size_t)json_error_code(error);

	if (code < COUNTOF(sentences) && sentences[code])
		return sentences[code];
	return "invalid syntax";
}

/* Just behind the string that starts before `at`. */
static const char *skip_string(const char *at, const char *end)
{
	for (; at < end && *at != '"'; at++) {
		if (*at == '\\' && at + 1 < end)
			at++;
	}
	return at;
}

/* Counts brackets outside strings; says nothing about the syntax otherwise. */
static bool too_deep(const char *text, size_t len)
{
	const char *end = text + len;
	unsigned depth = 0;

	for (const char *at = text; at < end; at++) {
		if (*at == '"')
			at = skip_string(at + 1, end);
		else if (*at == '[' || *at == '{')
			depth++;
		else if ((*at == ']' || *at == '}') && depth > 0)
			depth--;
		if (depth > JSON_DEPTH_MAX)
			return true;
		if (at == end)
			break;
	}
	return false;
}

json_t *json_read(const char *text, size_t len, char *why, size_t size)
{
	json_error_t error;
	json_t *value;

	if (too_deep(text, len)) {
		snprintf(why, size, "The JSON text is nested more than %d levels deep.", JSON_DEPTH_MAX);
		return NULL;
	}
	/* jansson would take a NUL behind the value for the end of the text. */
	if (memchr(text, '\0', len)) {
		snprintf(why, size, "The JSON text is not valid: it holds a NUL byte.");
		return NULL;
	}
	value = json_loadb(text, len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
	if (value)
		return value;
	if (error.line > 0)
		snprintf(why, size, "The JSON text is not valid at line %d, column %d: %s.", error.line,
			 error.column, sentence_of(&error));
	else
		snprintf(why, size, "The JSON text is not valid: %s.", sentence_of(&error));
	return NULL;
}

static bool survives_as_typed(double real)
{
	char text[40];

	snprintf(text, sizeof text, "%.*g", DIGITS_AS_TYPED, real);
	return strtod(text, NULL) == real;
}

/* Whether every real in value survives; the depth is bounded by json_read(). */
static bool all_as_typed(json_t *value)
{
	const char *name;
	json_t *member;
	size_t i;

	if (json_is_real(value))
		return survives_as_typed(json_real_value(value));
	if (json_is_object(value)) {
		json_object_foreach(value, name, member)
		{
			if (!all_as_typed(member))
				return false;
		}
	}
	json_array_foreach(value, i, member)
	{
		if (!all_as_typed(member))
			return false;
	}
	return true;
}

/* One real among others may need more digits than the rest; jansson has one precision for all. */
static void write_each(struct buf *out, json_t *value);

static void write_leaf(struct buf *out, const json_t *value, size_t digits)
{
	char *text = json_dumps(value, WRITE_FLAGS | JSON_REAL_PRECISION(digits));

	out->failed |= !text;
	buf_adds(out, text ? text : "");
	free(text);
}

static void write_members(struct buf *out, json_t *object)
{
	const char *name, *comma = "";
	json_t *member;

	json_object_foreach(object, name, member)
	{
		json_t *text = json_string(name);

		buf_adds(out, comma);
		write_leaf(out, text, DIGITS_AS_TYPED);
		buf_adds(out, ":");
		write_each(out, member);
		json_decref(text);
		comma = ",";
	}
}

static void write_each(struct buf *out, json_t *value)
{
	json_t *item;
	size_t i;

	if (json_is_object(value)) {
		buf_adds(out, "{");
		write_members(out, value);
		buf_adds(out, "}");
	} else if (json_is_array(value)) {
		buf_adds(out, "[");
		json_array_foreach(value, i, item)
		{
			buf_adds(out, i ? "," : "");
			write_each(out, item);
		}
		buf_adds(out, "]");
	} else {
		bool exact = !json_is_real(value) || survives_as_typed(json_real_value(value));

		write_leaf(out, value, exact ? DIGITS_AS_TYPED : DIGITS_OF_ANY_DOUBLE);
	}
}

/* jansson walks a value through a non-const pointer and does not change it; a cast would be refused. */
static json_t *walkable(const json_t *value)
{
	json_t *walked;

	memcpy(&walked, &value, sizeof walked);
	return walked;
}

char *json_write(const json_t *value)
{
	struct buf out;

	if (all_as_typed(walkable(value)))
		return json_dumps(value, WRITE_FLAGS | JSON_REAL_PRECISION(DIGITS_AS_TYPED));
	buf_init(&out, SIZE_MAX / 2);
	write_each(&out, walkable(value));
	return buf_take(&out, NULL);
}

char *json_write_canonical(const json_t *value)
{
	size_t digits = all_as_typed(walkable(value)) ? DIGITS_AS_TYPED : DIGITS_OF_ANY_DOUBLE;

	return json_dumps(value, WRITE_FLAGS | JSON_SORT_KEYS | JSON_REAL_PRECISION(digits));
}
