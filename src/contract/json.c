/*
 * Reading JSON. What json_parse() does not take is for jansson to read or to refuse; the depth is counted before, because
 * jansson would recurse 2048 levels deep, and its messages are replaced, because they quote the body.
 */
#include "ciclo/contract/json.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "ciclo/base/buf.h"

#include "json_parse.h"

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

static json_t *read_slowly(const char *text, size_t len, char *why, size_t size)
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

json_t *json_read(const char *text, size_t len, char *why, size_t size)
{
	json_t *value = json_parse(text, len);

	return value ? value : read_slowly(text, len, why, size);
}
