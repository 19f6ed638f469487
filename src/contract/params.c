/*
 * Path, query and header of a request -> one object of typed values.
 *
 * The query is read as application/x-www-form-urlencoded, as every client library writes it: pairs
 * apart by '&', '+' is a space, and a name without '=' has the empty value.
 */
#include "ciclo/base/memory.h"

#include "parts.h"
#include "text.h"

/* Enough to recognise one's own misspelt name in an answer; an answer is no echo service. */
enum { NAME_SHOWN_MAX = 64 };

struct query {
	const struct parameter *parameters;
	json_t *values;
	struct violations *found;
	char *scratch; /* room for the decoded query */
	bool failed;   /* memory is out */
};

/* RFC 8259 §6. jansson also takes blanks around the number, so these are looked for. */
static json_t *read_number(const char *text, size_t len)
{
	json_t *number;
	json_t *whole;

	if (len == 0 || strspn(text, "+-.0123456789eE") != len)
		return NULL;
	number = json_loadb(text, len, JSON_DECODE_ANY, NULL);
	whole = number ? whole_number(number) : NULL;
	if (!whole)
		return number;
	json_decref(number);
	return whole;
}

/*
 * The text as a value of a kind that the schema takes. What is none of them stays text, and the
 * schema refuses it with the right words.
 */
static json_t *read_value(const struct schema *s, const char *text, size_t len)
{
	json_t *value = NULL;

	if ((s->accepts & KIND_BOOLEAN) && strcmp(text, "true") == 0)
		return json_true();
	if ((s->accepts & KIND_BOOLEAN) && strcmp(text, "false") == 0)
		return json_false();
	if (s->accepts & KIND_NUMBER)
		value = read_number(text, len);
	return value ? value : json_stringn_nocheck(text, len);
}

/* Steals nothing; text is valid UTF-8. false: memory is out. */
static bool take(const struct parameter *p, const char *text, size_t len, json_t *values,
		 struct violations *v)
{
	json_t *value = read_value(p->schema, text, len);

	if (!value)
		return false;
	schema_check(p->schema, value, p->in, p->name, v);
	return json_object_set_new(values, p->key, value) == 0;
}

/* null keeps the place, so that the parameter is not called missing as well. */
static bool take_undecodable(const struct parameter *p, json_t *values, struct violations *v)
{
	violation_add(v, p->in, p->name, "encoding", "is not properly encoded UTF-8");
	return json_object_set_new(values, p->key, json_null()) == 0;
}

static const struct parameter *find_query(const struct parameter *p, const char *name)
{
	while (p->name && (p->in != IN_QUERY || strcmp(p->name, name) != 0))
		p++;
	return p->name ? p : NULL;
}

/* Cut at a character, not within one. */
static void add_unknown(struct violations *v, const char *name)
{
	char shown[NAME_SHOWN_MAX + 1];
	size_t len = strnlen(name, NAME_SHOWN_MAX + 1);

	if (len > NAME_SHOWN_MAX) {
		len = NAME_SHOWN_MAX;
		while (len > 0 && ((unsigned char)name[len] & 0xc0) == 0x80)
			len--;
	}
	memcpy(shown, name, len);
	shown[len] = '\0';
	violation_add(v, IN_QUERY, shown, "unknown_parameter", "is not a parameter of this operation");
}

/* name=value, still encoded. */
static void read_pair(struct query *q, struct span pair)
{
	const struct parameter *p;
	char *value;
	struct span name;
	size_t len;

	if (!span_next(&pair, '=', &name) || !percent_decode(name, true, q->scratch, &len)) {
		violation_add(q->found, IN_QUERY, "", "encoding", "a parameter name is not properly encoded");
		return;
	}
	p = find_query(q->parameters, q->scratch);
	if (!p) {
		add_unknown(q->found, q->scratch);
		return;
	}
	value = q->scratch + len + 1;
	if (json_object_get(q->values, p->key))
		violation_add(q->found, IN_QUERY, p->name, "repeated_parameter", "is given more than once");
	else if (!percent_decode(pair, true, value, &len))
		q->failed = !take_undecodable(p, q->values, q->found);
	else
		q->failed = !take(p, value, len, q->values, q->found);
}

static bool read_query(const struct operation *op, const char *query, json_t *values, struct violations *v)
{
	struct span rest = {query, strlen(query)};
	/* A pair needs two NULs: for the name and for the value. */
	struct query q = {.parameters = op->parameters,
			  .values = values,
			  .found = v,
			  .scratch = memory_alloc(rest.len + 2)};
	struct span pair;

	while (q.scratch && !q.failed && span_next(&rest, '&', &pair)) {
		if (pair.len > 0)
			read_pair(&q, pair);
	}
	q.failed = q.failed || !q.scratch;
	free(q.scratch);
	return !q.failed;
}

static bool is_utf8(const char *text)
{
	struct utf8 state = {.need = 0};

	for (; *text; text++) {
		if (!utf8_step(&state, (unsigned char)*text))
			return false;
	}
	return state.need == 0;
}

static bool read_text(const struct parameter *p, const char *text, json_t *values, struct violations *v)
{
	if (!text)
		return true;
	return is_utf8(text) ? take(p, text, strlen(text), values, v) : take_undecodable(p, values, v);
}

/* What the request did not give: its default, or a violation. */
static bool complete(const struct parameter *p, json_t *values, struct violations *v)
{
	if (json_object_get(values, p->key))
		return true;
	if (p->schema->fill)
		return json_object_set_new(values, p->key, json_deep_copy(p->schema->fill)) == 0;
	if (p->required)
		violation_add(v, p->in, p->name, "required", "is required");
	return true;
}

json_t *contract_parameters(const struct operation *op, const struct route_match *m, const char *query,
			    header_fn *header, void *cls, struct violations *v)
{
	json_t *values = json_object();
	bool done = values && (!query || read_query(op, query, values, v));

	for (const struct parameter *p = op->parameters; p->name && done; p++) {
		if (p->in == IN_PATH && p->arg < m->arg_count)
			done = read_text(p, m->args[p->arg], values, v);
		else if (p->in == IN_HEADER && header)
			done = read_text(p, header(cls, p->name), values, v);
		done = done && complete(p, values, v);
	}
	if (done)
		return values;
	json_decref(values);
	return NULL;
}
