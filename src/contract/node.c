/*
 * Walking the document: every step keeps its place, so that a fault can name it.
 */
#include "compile.h"

#include <stdarg.h>

#include "text.h"

bool compile_fail(struct compiler *c, const char *place, const char *fmt, ...)
{
	va_list args;
	int used = snprintf(c->why, c->size, "%s: ", place);

	va_start(args, fmt);
	if (used >= 0 && (size_t)used < c->size)
		vsnprintf(c->why + used, c->size - (size_t)used, fmt, args);
	va_end(args);
	return false;
}

void *compile_alloc(struct compiler *c, size_t count, size_t size)
{
	void *memory = arena_alloc(c->arena, count * size);

	if (!memory)
		compile_fail(c, "#", "the document is too large: memory is out");
	return memory;
}

static const char *place_below(struct compiler *c, const char *place, const char *key)
{
	size_t len = strlen(place);
	/* Escaping doubles a character at most; the slash and the NUL come on top. */
	size_t room = 2 * strlen(key) + 1;
	char *below = arena_alloc(c->arena, len + room + 1);

	if (!below)
		return place;
	memcpy(below, place, len);
	below[len + pointer_step(key, below + len, room)] = '\0';
	return below;
}

struct node node_get(struct compiler *c, struct node n, const char *key)
{
	struct node below = {.json = json_object_get(n.json, key), .place = n.place};

	if (below.json)
		below.place = place_below(c, n.place, key);
	return below;
}

struct node node_at(struct compiler *c, struct node n, size_t index)
{
	char key[24];

	snprintf(key, sizeof key, "%zu", index);
	return (struct node){.json = json_array_get(n.json, index), .place = place_below(c, n.place, key)};
}

/* Undoes the escaping of a pointer, in place. */
static void unescape(char *name)
{
	char *out = name;

	for (const char *in = name; *in; in++) {
		if (in[0] == '~' && (in[1] == '0' || in[1] == '1'))
			*out++ = *++in == '0' ? '~' : '/';
		else
			*out++ = *in;
	}
	*out = '\0';
}

static json_t *member(json_t *parent, const char *name)
{
	char *end;
	unsigned long index;

	if (!json_is_array(parent))
		return json_object_get(parent, name);
	index = strtoul(name, &end, 10);
	return *name && *end == '\0' ? json_array_get(parent, index) : NULL;
}

/* The value at a pointer such as "#/components/schemas/Order"; NULL if there is none. */
static json_t *find(struct compiler *c, const char *pointer)
{
	json_t *at = c->contract->doc;

	pointer++;
	while (at && *pointer == '/') {
		size_t len = strcspn(pointer + 1, "/");
		char *name = arena_strndup(c->arena, pointer + 1, len);

		if (!name)
			return NULL;
		unescape(name);
		at = member(at, name);
		pointer += len + 1;
	}
	return *pointer ? NULL : at;
}

bool node_follow(struct compiler *c, struct node ref, struct node *ret)
{
	const char *pointer = json_string_value(ref.json);
	json_t *target;

	if (!pointer || pointer[0] != '#' || pointer[1] != '/')
		return compile_fail(c, ref.place, "must be a local reference (\"#/...\")");
	target = find(c, pointer);
	if (!target)
		return compile_fail(c, ref.place, "dangling reference \"%s\"", pointer);
	*ret = (struct node){.json = target, .place = pointer};
	return true;
}

bool node_resolve(struct compiler *c, struct node *n)
{
	for (unsigned hops = 0; hops < REF_HOPS_MAX; hops++) {
		struct node ref = node_get(c, *n, "$ref");

		if (!ref.json)
			return true;
		if (!node_follow(c, ref, n))
			return false;
	}
	return compile_fail(c, n->place, "$ref goes in a circle");
}

const char *node_text(struct compiler *c, struct node n, const char *key)
{
	const char *text = json_string_value(json_object_get(n.json, key));

	if (!text || !*text) {
		compile_fail(c, n.place, "\"%s\" is missing or not text", key);
		return NULL;
	}
	return text;
}

bool node_flag(struct compiler *c, struct node n, const char *key, bool *ret)
{
	json_t *flag = json_object_get(n.json, key);

	if (flag && !json_is_boolean(flag))
		return compile_fail(c, n.place, "\"%s\" must be true or false", key);
	if (flag)
		*ret = json_is_true(flag);
	return true;
}

bool node_is_object(struct compiler *c, struct node n)
{
	return json_is_object(n.json) || compile_fail(c, n.place, "must be an object");
}

static bool listed(const char *key, const char *const *known)
{
	for (; *known; known++) {
		if (strcmp(key, *known) == 0)
			return true;
	}
	return strncmp(key, "x-", 2) == 0;
}

bool node_members(struct compiler *c, struct node n, const char *const *known)
{
	const char *key;
	json_t *value;

	if (!node_is_object(c, n))
		return false;
	json_object_foreach(n.json, key, value)
	{
		if (!listed(key, known))
			return compile_fail(c, n.place, "unsupported member \"%s\"", key);
	}
	return true;
}
