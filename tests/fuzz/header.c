/*
 * Header fields: the protocol guard, content negotiation, entity tags, API keys.
 * Input: lines. The first is an operationId, the second the HTTP version, each after that "Name: value".
 */
#include "fuzz.h"

#include <strings.h>

#include "../../src/http/bearer.h"
#include "../../src/http/guard.h"
#include "../../src/http/state.h"

static bool is_answer(const struct operation *op, const char *type)
{
	for (size_t i = 0; i < MEDIA_TYPES_MAX && op->answer[i].name; i++) {
		if (op->answer[i].name == type)
			return true;
	}
	return !op->answer[0].name && *type == '\0';
}

static void negotiate(const struct operation *op, const char *value)
{
	const char *type = operation_answers(op, value);
	const struct schema *schema = NULL;

	must(!type || is_answer(op, type), "an answer has a type that the operation has");
	must(!operation_takes(op, value, &schema) || op->body[0].name,
	     "a body is for operations that have one");
}

/* Whatever stands behind it, a tag in front is seen. */
static void tags(const char *value)
{
	size_t len = strlen(value);
	char *list = malloc(len + 16);

	must(list != NULL, "memory is enough");
	snprintf(list, len + 16, "W/\"mine\",%s", value);
	must(etag_listed(list, "\"mine\""), "a tag of the list is found");
	must(!etag_listed(value, "\"\n\"") || strcmp(value, "*") == 0,
	     "a tag that is not there is not found");
	free(list);
}

static void key(const char *value)
{
	struct bearer b;
	struct api_key other = {.revoked = false};

	if (!bearer_parse(value, &b))
		return;
	must(strlen(b.id) == KEY_ID_LENGTH, "the id of a key has its length");
	must(strstr(value, b.id) != NULL, "the id of a key is in the field");
	must(!bearer_matches(&b, NULL) && !bearer_matches(&b, &other), "nobody's key opens nothing");
}

static void field(struct guard *g, const struct operation *op, char *line)
{
	size_t name = strcspn(line, ":");
	const char *value = line[name] ? line + name + 1 : line + name;

	value += strspn(value, " \t");
	guard_field(g, line, name, value, strlen(value));
	negotiate(op, value);
	tags(value);
	key(value);
	must(!scopes_have(value, "\n"), "a scope that is not there is not found");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input_text in = {(const char *)data, size};
	char *id = next_line(&in), *version = next_line(&in);
	const struct operation *op = some_operation(id);
	struct guard g = {.fault = PROBLEM_NONE};
	unsigned lengths = 0, codings = 0;
	enum problem verdict;

	while (in.len > 0) {
		char *line = next_line(&in);

		lengths += strncasecmp(line, "content-length:", 15) == 0;
		codings += strncasecmp(line, "transfer-encoding:", 18) == 0;
		field(&g, op, line);
		free(line);
	}
	verdict = guard_verdict(&g, version);
	must((verdict == PROBLEM_NONE) == (g.why == NULL), "a refusal has its sentence");
	must(lengths + codings < 2 || verdict != PROBLEM_NONE, "no body has two ends");
	free(version);
	free(id);
	return 0;
}
