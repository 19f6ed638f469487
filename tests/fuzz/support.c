/*
 * See fuzz.h.
 */
#include "fuzz.h"

#include "openapi.h"

#include "../../src/contract/text.h"
#include "../../src/http/state.h"

char *next_line(struct input_text *in)
{
	const char *end = in->len > 0 ? memchr(in->at, '\n', in->len) : NULL;
	size_t len = end ? (size_t)(end - in->at) : in->len;
	char *line = malloc(len + 1);

	must(line != NULL, "memory is enough");
	if (len > 0)
		memcpy(line, in->at, len);
	line[len] = '\0';
	len += end != NULL;
	in->at += len;
	in->len -= len;
	return line;
}

char *the_rest(const struct input_text *in)
{
	char *rest = malloc(in->len > 0 ? in->len : 1);

	must(rest != NULL, "memory is enough");
	if (in->len > 0)
		memcpy(rest, in->at, in->len);
	return rest;
}

const struct contract *the_contract(void)
{
	static const struct contract *contract;
	char why[512] = "";

	if (!contract)
		contract = contract_load(openapi_yaml, openapi_yaml_length, why, sizeof why);
	must(contract != NULL, why);
	return contract;
}

const struct operation *some_operation(const char *id)
{
	const struct contract *c = the_contract();
	const struct operation *op = contract_find(c, id);
	size_t sum = 0;

	for (; *id; id++)
		sum = sum * 31 + (unsigned char)*id;
	return op ? op : contract_operation(c, sum % contract_operations(c));
}

bool is_utf8(const char *text, size_t len)
{
	struct utf8 u = {.need = 0};

	for (size_t i = 0; i < len; i++) {
		if (!utf8_step(&u, (unsigned char)text[i]))
			return false;
	}
	return u.need == 0;
}

static void must_be_text(const json_t *doc, const char *member)
{
	must(json_is_string(json_object_get(doc, member)), member);
}

static void must_be_error(const json_t *error)
{
	const char *pointer = json_string_value(json_object_get(error, "pointer"));

	must_be_text(error, "code");
	must_be_text(error, "detail");
	must(pointer || json_object_get(error, "parameter") || json_object_get(error, "header"),
	     "an error says where it is");
	must(!pointer || pointer[0] == '#', "a pointer is a fragment");
}

void must_make_a_problem(enum problem code, struct violations *v, const char *detail)
{
	static const char *const members[] = {"type", "title", "detail", "instance", "code"};
	char *text = problem_text(code, "0198f2c4-0000-7000-8000-000000000000", v, detail);
	json_t *doc = text ? json_loads(text, JSON_REJECT_DUPLICATES, NULL) : NULL;
	json_t *errors = json_object_get(doc, "errors");

	must(doc != NULL, "a problem is one JSON text");
	must(is_utf8(text, strlen(text)), "a problem is UTF-8");
	for (size_t i = 0; i < COUNTOF(members); i++)
		must_be_text(doc, members[i]);
	must(json_integer_value(json_object_get(doc, "status")) == problem_status(code), "the status");
	must(json_array_size(errors) == v->count && v->count <= VIOLATIONS_MAX, "every violation is there");
	for (size_t i = 0; i < v->count; i++)
		must_be_error(json_array_get(errors, i));
	json_decref(doc);
	free(text);
	violations_release(v);
}
