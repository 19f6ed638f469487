/*
 * Schemas of the document -> struct schema. One row per keyword says who reads it and into which field;
 * a keyword without a row is a fault, so nothing the document demands is ever ignored.
 *
 * A schema that another one names is only wanted here and compiled later, so recursion in the
 * document is none in this code.
 */
#include "compile.h"

#include <stdint.h>

#include "format.h"

typedef bool read_fn(struct compiler *c, struct node n, void *field);

static bool read_types(struct compiler *c, struct node n, void *field)
{
	static const struct {
		const char *name;
		unsigned kinds;
	} table[] = {
		{"null", KIND_NULL},     {"boolean", KIND_BOOLEAN}, {"integer", KIND_INTEGER},
		{"number", KIND_NUMBER}, {"string", KIND_STRING},   {"array", KIND_ARRAY},
		{"object", KIND_OBJECT},
	};
	unsigned *kinds = field;
	size_t count = json_is_array(n.json) ? json_array_size(n.json) : 1;

	*kinds = 0;
	for (size_t i = 0; i < count; i++) {
		const json_t *entry = json_is_array(n.json) ? json_array_get(n.json, i) : n.json;
		const char *name = json_is_string(entry) ? json_string_value(entry) : "";
		size_t row = 0;

		while (row < COUNTOF(table) && strcmp(table[row].name, name) != 0)
			row++;
		if (row == COUNTOF(table))
			return compile_fail(c, n.place, "unknown type \"%s\"", name);
		*kinds |= table[row].kinds;
	}
	return count > 0 || compile_fail(c, n.place, "a list of types must not be empty");
}

static bool read_count(struct compiler *c, struct node n, void *field)
{
	size_t *count = field;

	if (!json_is_integer(n.json) || json_integer_value(n.json) < 0)
		return compile_fail(c, n.place, "must be an integer of 0 or more");
	*count = (size_t)json_integer_value(n.json);
	return true;
}

static bool read_number(struct compiler *c, struct node n, void *field)
{
	const json_t **number = field;

	*number = n.json;
	return json_is_number(n.json) || compile_fail(c, n.place, "must be a number");
}

static bool read_divisor(struct compiler *c, struct node n, void *field)
{
	const json_t **number = field;

	*number = n.json;
	return json_integer_value(n.json) > 0 ||
	       compile_fail(c, n.place, "multipleOf must be an integer above 0");
}

static bool read_flag(struct compiler *c, struct node n, void *field)
{
	bool *flag = field;

	*flag = json_is_true(n.json);
	return json_is_boolean(n.json) || compile_fail(c, n.place, "must be true or false");
}

static bool read_value(struct compiler *c, struct node n, void *field)
{
	const json_t **value = field;

	(void)c;
	*value = n.json;
	return true;
}

static bool read_choices(struct compiler *c, struct node n, void *field)
{
	const json_t **choices = field;

	*choices = n.json;
	return json_array_size(n.json) > 0 || compile_fail(c, n.place, "enum must be a list of values");
}

/* What every text is that gets here: bodies, targets and header fields with a NUL are refused. So it is not looked for. */
static const char any_text[] = "^[^\\u0000]*$";

static bool read_pattern(struct compiler *c, struct node n, void *field)
{
	const struct pattern **pattern = field;

	if (json_is_string(n.json) && strcmp(json_string_value(n.json), any_text) == 0)
		return true;
	*pattern = pattern_compile(c, n);
	return *pattern != NULL;
}

static bool read_format(struct compiler *c, struct node n, void *field)
{
	const struct format **format = field;
	const char *name = json_is_string(n.json) ? json_string_value(n.json) : "";

	*format = format_find(name);
	return *format || compile_fail(c, n.place, "unknown format \"%s\"", name);
}

static bool read_names(struct compiler *c, struct node n, void *field)
{
	struct names *names = field;

	if (!json_is_array(n.json))
		return compile_fail(c, n.place, "must be a list of names");
	names->item = compile_alloc(c, json_array_size(n.json), sizeof *names->item);
	if (!names->item)
		return false;
	for (size_t i = 0; i < json_array_size(n.json); i++) {
		const json_t *name = json_array_get(n.json, i);

		if (!json_is_string(name))
			return compile_fail(c, n.place, "must be a list of names");
		names->item[names->count++] = json_string_value(name);
	}
	return true;
}

static bool read_schema(struct compiler *c, struct node n, void *field)
{
	struct schema **schema = field;

	*schema = schema_want(c, n);
	return *schema != NULL;
}

static bool read_schemas(struct compiler *c, struct node n, void *field)
{
	struct schemas *schemas = field;
	size_t count = json_array_size(n.json);

	if (count == 0)
		return compile_fail(c, n.place, "must be a list of schemas");
	schemas->item = compile_alloc(c, count, sizeof *schemas->item);
	if (!schemas->item)
		return false;
	for (; schemas->count < count; schemas->count++) {
		if (!read_schema(c, node_at(c, n, schemas->count), &schemas->item[schemas->count]))
			return false;
	}
	return true;
}

/* A schema beside its $ref is taken as one more schema that must hold (OpenAPI 3.1). */
static bool read_ref(struct compiler *c, struct node n, void *field)
{
	struct node target;

	return node_follow(c, n, &target) && read_schema(c, target, field);
}

static bool read_additional(struct compiler *c, struct node n, void *field)
{
	struct additional *additional = field;

	additional->refused = json_is_false(n.json);
	return json_is_boolean(n.json) || read_schema(c, n, &additional->schema);
}

static int compare_properties(const void *a, const void *b)
{
	return strcmp(((const struct property *)a)->name, ((const struct property *)b)->name);
}

static bool read_properties(struct compiler *c, struct node n, void *field)
{
	struct properties *properties = field;
	const char *key;
	json_t *value;

	if (!node_is_object(c, n))
		return false;
	properties->item = compile_alloc(c, json_object_size(n.json), sizeof *properties->item);
	if (!properties->item)
		return false;
	json_object_foreach(n.json, key, value)
	{
		struct property *p = &properties->item[properties->count++];

		p->name = key;
		if (!read_schema(c, node_get(c, n, key), &p->schema))
			return false;
	}
	qsort(properties->item, properties->count, sizeof *properties->item, compare_properties);
	return true;
}

#define FIELD(member) offsetof(struct schema, member)

static const struct keyword {
	const char *name;
	read_fn *read; /* NULL: an annotation */
	size_t field;
} keywords[] = {
	{"$ref", read_ref, FIELD(ref)},
	{"additionalProperties", read_additional, FIELD(additional)},
	{"allOf", read_schemas, FIELD(all)},
	{"anyOf", read_schemas, FIELD(any)},
	{"const", read_value, FIELD(constant)},
	{"default", read_value, FIELD(fill)},
	{"enum", read_choices, FIELD(choices)},
	{"exclusiveMaximum", read_number, FIELD(below)},
	{"exclusiveMinimum", read_number, FIELD(above)},
	{"format", read_format, FIELD(format)},
	{"items", read_schema, FIELD(each)},
	{"maxItems", read_count, FIELD(items.max)},
	{"maxLength", read_count, FIELD(length.max)},
	{"maxProperties", read_count, FIELD(members.max)},
	{"maximum", read_number, FIELD(maximum)},
	{"minItems", read_count, FIELD(items.min)},
	{"minLength", read_count, FIELD(length.min)},
	{"minProperties", read_count, FIELD(members.min)},
	{"minimum", read_number, FIELD(minimum)},
	{"multipleOf", read_divisor, FIELD(multiple_of)},
	{"not", read_schema, FIELD(no)},
	{"oneOf", read_schemas, FIELD(one)},
	{"pattern", read_pattern, FIELD(pattern)},
	{"properties", read_properties, FIELD(properties)},
	{"propertyNames", read_schema, FIELD(name)},
	{"required", read_names, FIELD(required)},
	{"type", read_types, FIELD(kinds)},
	{"uniqueItems", read_flag, FIELD(unique)},
	{"deprecated", NULL, 0},
	{"description", NULL, 0},
	{"example", NULL, 0},
	{"examples", NULL, 0},
	{"readOnly", NULL, 0},
	{"title", NULL, 0},
	{"writeOnly", NULL, 0},
};

static const struct keyword *keyword_find(const char *name)
{
	for (size_t i = 0; i < COUNTOF(keywords); i++) {
		if (strcmp(keywords[i].name, name) == 0)
			return &keywords[i];
	}
	return NULL;
}

static bool compile_one(struct compiler *c, struct schema *s)
{
	struct node n = {.json = s->source, .place = s->place};
	const char *key;
	json_t *value;

	json_object_foreach(n.json, key, value)
	{
		const struct keyword *k = keyword_find(key);

		if (!k)
			return compile_fail(c, n.place, "unsupported keyword \"%s\"", key);
		if (k->read && !k->read(c, node_get(c, n, key), (char *)s + k->field))
			return false;
	}
	return true;
}

/* {$ref} and nothing beside it stands for its target. */
static bool skip_plain_refs(struct compiler *c, struct node *n)
{
	for (unsigned hops = 0; hops < REF_HOPS_MAX; hops++) {
		struct node ref = node_get(c, *n, "$ref");

		if (!ref.json || json_object_size(n->json) > 1)
			return true;
		if (!node_follow(c, ref, n))
			return false;
	}
	return compile_fail(c, n->place, "$ref goes in a circle");
}

static struct schema *add_schema(struct compiler *c, struct node n, struct schema **bucket)
{
	struct schema *s = compile_alloc(c, 1, sizeof *s);

	if (!s)
		return NULL;
	*s = (struct schema){
		.kinds = KIND_ANY,
		.length.max = SIZE_MAX,
		.items.max = SIZE_MAX,
		.members.max = SIZE_MAX,
		.source = n.json,
		.place = n.place,
		.neighbour = *bucket,
	};
	*bucket = s;
	*c->tail = s;
	c->tail = &s->next;
	return s;
}

struct schema *schema_want(struct compiler *c, struct node n)
{
	struct schema **bucket;
	struct schema *s;

	if (!skip_plain_refs(c, &n) || !node_is_object(c, n))
		return NULL;
	bucket = &c->buckets[(uintptr_t)n.json / sizeof(json_t) % SCHEMA_BUCKETS];
	s = *bucket;
	while (s && s->source != n.json)
		s = s->neighbour;
	return s ? s : add_schema(c, n, bucket);
}

bool schema_compile(struct compiler *c)
{
	for (struct schema *s = c->contract->schemas; s; s = s->next) {
		if (!compile_one(c, s))
			return false;
	}
	return true;
}
