/*
 * Bodies against the schemas of openapi.yaml.
 * Input: a line with an operationId, then the body (of a batch, one item).
 */
#include "fuzz.h"

#include "ciclo/contract/json.h"

#include "../../src/contract/validate.h"

static const struct schema *schema_of(const struct operation *op)
{
	const struct schema *schema = op->item;

	for (size_t i = 0; i < MEDIA_TYPES_MAX && op->body[i].name && !schema; i++)
		schema = op->body[i].schema;
	return schema;
}

/* The index that a step of a pointer is; -1: it is none. */
static long index_of(const char *step)
{
	size_t digits = strspn(step, "0123456789");

	return digits > 0 && digits < 10 && step[digits] == '\0' ? strtol(step, NULL, 10) : -1;
}

static const json_t *step_into(const json_t *value, const char *step)
{
	long index = index_of(step);

	if (json_is_object(value))
		return json_object_get(value, step);
	return json_is_array(value) && index >= 0 ? json_array_get(value, (size_t)index) : NULL;
}

/* One step of a JSON pointer (RFC 6901), unescaped; *at moves behind it. */
static void read_step(const char **at, char *out)
{
	for (++*at; **at && **at != '/'; ++*at) {
		bool escaped = **at == '~' && ((*at)[1] == '0' || (*at)[1] == '1');

		*out++ = escaped ? ((*at)[1] == '0' ? '~' : '/') : **at;
		*at += escaped;
	}
	*out = '\0';
}

/* A violation is at a value of the body, or at a member that is missing in one. */
static void must_be_there(const json_t *body, const struct violation *v)
{
	char *step = malloc(strlen(v->where) + 1);
	const json_t *value = body;
	const char *at = v->where;

	must(step != NULL, "memory is enough");
	while (*at == '/' && value) {
		const json_t *parent = value;

		read_step(&at, step);
		value = step_into(parent, step);
		must(value || (strcmp(v->code, "required") == 0 && json_is_object(parent) && !*at),
		     "a violation is at a place that there is");
	}
	must(*at == '\0', "a place is a JSON pointer");
	free(step);
}

/* A valid body stays as it is from here on, also as text. */
static void must_stay_valid(const struct schema *s, json_t *body)
{
	struct violations v = {.item = NULL};
	json_t *before = json_deep_copy(body);
	char why[200], *text = json_write(body);
	json_t *again = text ? json_read(text, strlen(text), why, sizeof why) : NULL;

	schema_validate(s, body, "", &v);
	must(v.total == 0 && json_equal(body, before), "what is valid stays valid and the same");
	must(again != NULL && json_equal(again, body), "what is valid can be written and read");
	schema_validate(s, again, "", &v);
	must(v.total == 0, "what is valid is valid as text");
	json_decref(again);
	json_decref(before);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input_text in = {(const char *)data, size};
	char why[200], *id = next_line(&in), *text = the_rest(&in);
	const struct schema *schema = schema_of(some_operation(id));
	json_t *body = schema ? json_read(text, in.len, why, sizeof why) : NULL;
	struct violations v = {.item = NULL};
	struct run trial = {.in = IN_BODY, .where = ""};

	if (body) {
		check(&trial, schema, body, NULL);
		schema_validate(schema, body, "", &v);
		must(trial.failed == (v.total > 0), "asking whether and asking why agree");
		for (size_t i = 0; i < v.count; i++)
			must_be_there(body, &v.item[i]);
		if (v.total == 0)
			must_stay_valid(schema, body);
		must_make_a_problem(PROBLEM_validation_failed, &v, "see errors");
	}
	json_decref(body);
	free(text);
	free(id);
	return 0;
}
