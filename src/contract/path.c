/*
 * `paths` of the document -> the tree of route.c and the operations.
 */
#include "compile.h"

#include <ctype.h>

#include "text.h"

/* What a path item may say beside its methods. */
static const char *const path_members[] = {"delete",     "get",     "patch",       "post", "put",
					   "parameters", "summary", "description", NULL};

/* "{ref}": an argument is a whole segment. */
static bool is_argument(struct span s)
{
	return s.len > 2 && s.text[0] == '{' && s.text[s.len - 1] == '}';
}

static struct junction *add_argument(struct compiler *c, struct node path, struct junction *at, struct span s,
				     struct path_item *item)
{
	char *name = arena_strndup(c->arena, s.text + 1, s.len - 2);

	if (item->arg_count == PATH_ARGS_MAX) {
		compile_fail(c, path.place, "more than %d arguments in the path", PATH_ARGS_MAX);
		return NULL;
	}
	for (size_t i = 0; name && i < item->arg_count; i++) {
		if (strcmp(item->args[i], name) == 0) {
			compile_fail(c, path.place, "the path names \"%s\" twice", name);
			return NULL;
		}
	}
	if (!at->argument)
		at->argument = compile_alloc(c, 1, sizeof *at->argument);
	item->args[item->arg_count++] = name;
	return name ? at->argument : NULL;
}

static struct junction *add_literal(struct compiler *c, struct node path, struct junction *at, struct span s)
{
	struct branch *b = at->literals;

	if (memchr(s.text, '{', s.len) || memchr(s.text, '}', s.len) || memchr(s.text, '%', s.len)) {
		compile_fail(c, path.place, "an argument must be a whole segment, and literals plain text");
		return NULL;
	}
	while (b && (b->len != s.len || memcmp(b->text, s.text, s.len) != 0))
		b = b->next;
	if (b)
		return &b->to;
	b = compile_alloc(c, 1, sizeof *b);
	if (!b)
		return NULL;
	*b = (struct branch){.text = s.text, .len = s.len, .next = at->literals};
	at->literals = b;
	return &b->to;
}

/* Puts item at the end of its path. */
static bool add_path(struct compiler *c, struct node path, struct path_item *item)
{
	struct span rest = {item->path + 1, strlen(item->path) - 1};
	struct junction *at = &c->contract->root;
	struct span segment;

	while (span_next(&rest, '/', &segment)) {
		at = is_argument(segment) ? add_argument(c, path, at, segment, item)
					  : add_literal(c, path, at, segment);
		if (!at)
			return false;
	}
	if (at->end)
		return compile_fail(c, path.place, "cannot be told apart from path \"%s\"", at->end->path);
	at->end = item;
	return true;
}

/* "GET, HEAD, OPTIONS, POST": HEAD comes with GET, OPTIONS is answered for every path. */
static void write_allow(struct path_item *item)
{
	static const struct {
		const char *name;
		enum method needs; /* METHOD_COUNT: nothing */
	} table[] = {
		{"DELETE", METHOD_DELETE}, {"GET", METHOD_GET},     {"HEAD", METHOD_GET},
		{"OPTIONS", METHOD_COUNT}, {"PATCH", METHOD_PATCH}, {"POST", METHOD_POST},
		{"PUT", METHOD_PUT},
	};
	size_t used = 0;

	for (size_t i = 0; i < COUNTOF(table); i++) {
		if (table[i].needs == METHOD_COUNT || item->by_method[table[i].needs])
			used += (size_t)snprintf(item->allow + used, sizeof item->allow - used, "%s%s",
						 used ? ", " : "", table[i].name);
	}
}

static const char *member_name(enum method m, char out[static 8])
{
	size_t i = 0;

	for (const char *name = method_name(m); i < 7 && name[i]; i++)
		out[i] = (char)tolower((unsigned char)name[i]);
	out[i] = '\0';
	return out;
}

static bool add_operations(struct compiler *c, struct node path, struct path_item *item)
{
	char member[8];

	for (enum method m = 0; m < METHOD_COUNT; m++) {
		struct operation *op = &c->contract->operations[c->contract->operation_count];
		struct node n = node_get(c, path, member_name(m, member));

		if (!n.json)
			continue;
		op->method = method_name(m);
		if (!operation_compile(c, item, path, n, op))
			return false;
		op->index = c->contract->operation_count++;
		item->by_method[m] = op;
	}
	write_allow(item);
	return true;
}

static bool add_path_item(struct compiler *c, struct node path, const char *text)
{
	struct path_item *item = compile_alloc(c, 1, sizeof *item);

	if (!item)
		return false;
	if (text[0] != '/')
		return compile_fail(c, path.place, "a path must start with a slash");
	item->path = text;
	return node_members(c, path, path_members) && add_path(c, path, item) &&
	       add_operations(c, path, item);
}

bool path_compile(struct compiler *c, struct node paths)
{
	const char *key;
	json_t *value;

	if (!node_is_object(c, paths))
		return compile_fail(c, "#/paths", "is missing or not an object");
	c->contract->operations = compile_alloc(c, json_object_size(paths.json) * METHOD_COUNT,
						sizeof *c->contract->operations);
	if (!c->contract->operations)
		return false;
	json_object_foreach(paths.json, key, value)
	{
		if (!add_path_item(c, node_get(c, paths, key), key))
			return false;
	}
	return true;
}
