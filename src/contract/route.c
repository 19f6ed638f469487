/*
 * Request targets -> operations, over the tree that path.c built. Segments are compared decoded, so
 * "/v1/%6Frders" is "/v1/orders" (RFC 3986 §6.2.2.2); only the arguments of a match are copied.
 */
#include "ciclo/base/memory.h"

#include "parts.h"
#include "text.h"

static const char *const method_names[METHOD_COUNT] = {
	[METHOD_DELETE] = "DELETE", [METHOD_GET] = "GET", [METHOD_PATCH] = "PATCH",
	[METHOD_POST] = "POST",     [METHOD_PUT] = "PUT",
};

const char *method_name(enum method m)
{
	return method_names[m];
}

enum method method_find(const char *name)
{
	enum method m = 0;

	while (m < METHOD_COUNT && strcmp(method_names[m], name) != 0)
		m++;
	return m;
}

static bool is_dots(struct span s)
{
	size_t dots = 0;

	while (s.len > 0 && dots < 3 && percent_next(&s) == '.')
		dots++;
	return s.len == 0 && (dots == 1 || dots == 2);
}

/* Escapes, UTF-8, control bytes, encoded slashes and dot segments of one segment. */
static bool segment_sound(struct span s)
{
	struct utf8 state = {.need = 0};

	if (is_dots(s))
		return false;
	while (s.len > 0) {
		int byte = percent_next(&s);

		if (byte < 0x20 || byte == 0x7f || byte == '/' || !utf8_step(&state, (unsigned char)byte))
			return false;
	}
	return state.need == 0;
}

static bool path_sound(struct span path)
{
	struct span segment;

	while (span_next(&path, '/', &segment)) {
		if (!segment_sound(segment))
			return false;
	}
	return true;
}

static bool segment_is(struct span s, const struct branch *b)
{
	for (size_t i = 0; i < b->len; i++) {
		if (s.len == 0 || percent_next(&s) != (unsigned char)b->text[i])
			return false;
	}
	return s.len == 0;
}

/*
 * rest: the segments to come. A literal is tried first; when it leads nowhere, the argument is tried,
 * so depth is that of the document and the cost two ways per argument at most.
 */
static const struct path_item *walk(const struct junction *at, struct span rest, struct span *args)
{
	const struct path_item *found = NULL;
	struct span segment;

	if (!span_next(&rest, '/', &segment))
		return at->end;
	for (const struct branch *b = at->literals; b && !found; b = b->next) {
		if (segment_is(segment, b))
			found = walk(&b->to, rest, args);
	}
	if (found || !at->argument || segment.len == 0)
		return found;
	found = walk(at->argument, rest, args + 1);
	if (found)
		*args = segment;
	return found;
}

static bool copy_args(const struct path_item *item, const struct span *args, struct route_match *ret)
{
	for (; ret->arg_count < item->arg_count; ret->arg_count++) {
		struct span arg = args[ret->arg_count];
		char *text = memory_alloc(arg.len + 1);
		size_t len;

		if (!text || !percent_decode(arg, false, text, &len)) {
			free(text);
			return false;
		}
		ret->args[ret->arg_count] = text;
	}
	return true;
}

enum route contract_route(const struct contract *c, const char *method, const char *path, size_t len,
			  struct route_match *ret)
{
	/* One more than a match can have: walk() goes by pointer. */
	struct span args[PATH_ARGS_MAX + 1] = {{NULL, 0}};
	const struct path_item *item;
	enum method m = method_find(strcmp(method, "HEAD") == 0 ? "GET" : method);

	*ret = (struct route_match){.operation = NULL};
	if (len == 0 || path[0] != '/' || !path_sound((struct span){path, len}))
		return ROUTE_BAD_PATH;
	item = walk(&c->root, (struct span){path + 1, len - 1}, args);
	if (!item)
		return ROUTE_NO_PATH;
	memcpy(ret->allow, item->allow, sizeof ret->allow);
	if (m == METHOD_COUNT || !item->by_method[m])
		return ROUTE_NO_METHOD;
	/* Fails only when memory is out: the path was found sound above. */
	if (!copy_args(item, args, ret))
		return ROUTE_BAD_PATH;
	ret->operation = item->by_method[m];
	return ROUTE_FOUND;
}

void route_release(struct route_match *m)
{
	for (size_t i = 0; i < m->arg_count; i++)
		free(m->args[i]);
	m->arg_count = 0;
}
