/*
 * Parameters of an operation in the document -> struct parameter.
 */
#include "compile.h"

#include <ctype.h>
#include <strings.h>

static const char *const parameter_members[] = {"deprecated", "description", "example", "examples", "in",
						"name",       "required",    "schema",  NULL};

/* OpenAPI 3.1 §4.8.12.2: described elsewhere in the document, so ignored here. */
static const char *const reserved_headers[] = {"accept", "authorization", "content-type"};

static bool compile_in(struct compiler *c, struct node n, struct parameter *p)
{
	static const struct {
		const char *name;
		enum violation_in in;
	} table[] = {{"path", IN_PATH}, {"query", IN_QUERY}, {"header", IN_HEADER}};
	const char *in = node_text(c, n, "in");

	for (size_t i = 0; in && i < COUNTOF(table); i++) {
		if (strcmp(table[i].name, in) == 0) {
			p->in = table[i].in;
			return true;
		}
	}
	return in && compile_fail(c, n.place, "parameters in \"%s\" are not supported", in);
}

static bool compile_key(struct compiler *c, struct node n, struct parameter *p)
{
	char *key;

	p->key = p->name;
	if (p->in != IN_HEADER)
		return true;
	key = arena_strndup(c->arena, p->name, strlen(p->name));
	if (!key)
		return compile_fail(c, n.place, "memory is out");
	for (char *ch = key; *ch; ch++)
		*ch = (char)tolower((unsigned char)*ch);
	p->key = key;
	for (size_t i = 0; i < COUNTOF(reserved_headers); i++) {
		if (strcmp(reserved_headers[i], key) == 0)
			return compile_fail(c, n.place, "header \"%s\" cannot be a parameter", p->name);
	}
	return true;
}

/* A path argument must be in the template and required. */
static bool compile_arg(struct compiler *c, struct node n, const struct path_item *item, struct parameter *p)
{
	if (p->in != IN_PATH)
		return true;
	while (p->arg < item->arg_count && strcmp(item->args[p->arg], p->name) != 0)
		p->arg++;
	if (p->arg == item->arg_count)
		return compile_fail(c, n.place, "path parameter \"%s\" is not in \"%s\"", p->name,
				    item->path);
	return p->required ||
	       compile_fail(c, n.place, "path parameter \"%s\" must be required: true", p->name);
}

static bool compile_one(struct compiler *c, struct node n, const struct path_item *item, struct parameter *p)
{
	struct node schema;

	*p = (struct parameter){.name = NULL};
	if (!node_resolve(c, &n) || !node_members(c, n, parameter_members))
		return false;
	p->place = n.place;
	p->name = node_text(c, n, "name");
	if (!p->name || !compile_in(c, n, p) || !node_flag(c, n, "required", &p->required) ||
	    !compile_key(c, n, p) || !compile_arg(c, n, item, p))
		return false;
	schema = node_get(c, n, "schema");
	if (!schema.json)
		return compile_fail(c, n.place, "parameter \"%s\" has no schema", p->name);
	p->schema = schema_want(c, schema);
	return p->schema != NULL;
}

/* The parameter of that key, so far; list ends with name NULL. */
static struct parameter *find_key(struct parameter *list, const char *key)
{
	while (list->name && strcmp(list->key, key) != 0)
		list++;
	return list;
}

/* Adds those of one list; what the operation says replaces what its path says (`shared` of them). */
static bool compile_list(struct compiler *c, struct node n, const struct path_item *item,
			 struct parameter *list, size_t shared)
{
	for (size_t i = 0; i < json_array_size(n.json); i++) {
		struct parameter p;
		struct parameter *slot;

		if (!compile_one(c, node_at(c, n, i), item, &p))
			return false;
		slot = find_key(list, p.key);
		if (slot->name && ((size_t)(slot - list) >= shared || slot->in != p.in))
			return compile_fail(c, p.place, "two parameters are named \"%s\"", p.name);
		*slot = p;
	}
	return true;
}

static bool check_args(struct compiler *c, struct node op, const struct path_item *item,
		       struct parameter *list)
{
	for (size_t i = 0; i < item->arg_count; i++) {
		const struct parameter *p = find_key(list, item->args[i]);

		if (!p->name || p->in != IN_PATH)
			return compile_fail(c, op.place, "\"%s\" of the path has no parameter",
					    item->args[i]);
	}
	return true;
}

bool parameters_compile(struct compiler *c, const struct path_item *item, struct node path, struct node op,
			struct operation *ret)
{
	struct node shared = node_get(c, path, "parameters");
	struct node own = node_get(c, op, "parameters");
	size_t count = json_array_size(shared.json) + json_array_size(own.json);
	/* One more than count: name NULL ends the list. */
	struct parameter *list = compile_alloc(c, count + 1, sizeof *list);

	if (!list)
		return false;
	if ((shared.json && !json_is_array(shared.json)) || (own.json && !json_is_array(own.json)))
		return compile_fail(c, op.place, "\"parameters\" must be a list");
	ret->parameters = list;
	return compile_list(c, shared, item, list, 0) &&
	       compile_list(c, own, item, list, json_array_size(shared.json)) &&
	       check_args(c, op, item, list);
}
