/*
 * Request targets: the path finds its operation, path arguments, query and header fields become typed values.
 * Input: a line "METHOD target", then a line that every header field has as its value.
 */
#include "fuzz.h"

#include "ciclo/base/buf.h"

#include "../../src/contract/parts.h"
#include "../../src/http/guard.h"

enum { TEXT_MAX = 1 << 20 };

static const char *every_field(void *cls, const char *name)
{
	const char *value = cls;

	(void)name;
	return *value ? value : NULL;
}

static void add_escaped(struct buf *out, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		buf_printf(out, "%%%02x", (unsigned)(unsigned char)text[i]);
}

/* The path of the match, every byte of its arguments escaped. */
static void add_path(struct buf *out, const struct route_match *m)
{
	size_t arg = 0;

	for (const char *at = m->operation->path; *at; at++) {
		if (*at != '{') {
			buf_addc(out, *at);
			continue;
		}
		add_escaped(out, m->args[arg], strlen(m->args[arg]));
		arg++;
		at += strcspn(at, "}");
	}
	must(arg == m->arg_count, "a match has the arguments of its path");
}

static void add_pair(struct buf *out, const struct parameter *p, const json_t *value)
{
	char *text =
		json_is_string(value) ? NULL : json_dumps(value, JSON_ENCODE_ANY | JSON_REAL_PRECISION(17));
	const char *shown = text ? text : json_string_value(value);

	buf_addc(out, '&');
	add_escaped(out, p->name, strlen(p->name));
	buf_addc(out, '=');
	add_escaped(out, shown, strlen(shown));
	free(text);
}

/* Sent again in the most careful way, the request means the same. */
static void must_mean_the_same(const struct route_match *m, json_t *values, char *field)
{
	struct buf path, query;
	struct route_match again;
	struct violations v = {.item = NULL};
	json_t *same;

	buf_init(&path, TEXT_MAX);
	buf_init(&query, TEXT_MAX);
	buf_adds(&query, "&");
	add_path(&path, m);
	for (const struct parameter *p = m->operation->parameters; p->name; p++) {
		if (p->in == IN_QUERY && json_object_get(values, p->key))
			add_pair(&query, p, json_object_get(values, p->key));
	}
	must(!path.failed && !query.failed, "memory is enough");
	must(contract_route(the_contract(), m->operation->method, path.data, path.len, &again) ==
			     ROUTE_FOUND &&
		     again.operation == m->operation,
	     "an escaped path leads to the same operation");
	for (size_t i = 0; i < m->arg_count; i++)
		must(strcmp(m->args[i], again.args[i]) == 0, "arguments are what they were");
	same = contract_parameters(again.operation, &again, query.data, every_field, field, &v);
	must(same && v.total == 0 && json_equal(same, values), "parameters are what they were");
	json_decref(same);
	route_release(&again);
	buf_release(&query);
	buf_release(&path);
}

static void read_parameters(const struct route_match *m, const char *query, char *field)
{
	struct violations v = {.item = NULL};
	json_t *values = contract_parameters(m->operation, m, query, every_field, field, &v);

	must(values != NULL, "memory is enough");
	if (v.total == 0)
		must_mean_the_same(m, values, field);
	must_make_a_problem(PROBLEM_invalid_parameter, &v, "see errors");
	json_decref(values);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input_text in = {(const char *)data, size};
	char *line = next_line(&in), *field = next_line(&in);
	size_t method_len = strcspn(line, " ");
	char *target = line[method_len] ? line + method_len + 1 : line + method_len;
	const char *path;
	struct route_match m;

	line[method_len] = '\0';
	path = guard_target(line, target);
	if (path) {
		size_t len = strcspn(path, "?");
		enum route route = contract_route(the_contract(), line, path, len, &m);

		must((route == ROUTE_FOUND) == (m.operation != NULL), "what is found is an operation");
		must((m.allow[0] != '\0') == (route == ROUTE_FOUND || route == ROUTE_NO_METHOD), "Allow");
		if (route == ROUTE_FOUND)
			read_parameters(&m, path[len] ? path + len + 1 : NULL, field);
		route_release(&m);
	}
	free(field);
	free(line);
	return 0;
}
