/*
 * Loading a document: YAML -> JSON -> struct contract, and the life of the result.
 */
#include "compile.h"

#include "ciclo/contract/json.h"

#include "yaml_read.h"

/* Schemas, places and routes of a document of 1 MiB take about 8 MiB. */
enum { CONTRACT_MEMORY_MAX = 64 << 20 };

static const char *const document_members[] = {"components", "externalDocs", "info", "openapi", "paths",
					       "security",   "servers",      "tags", NULL};

static bool check_top(struct compiler *c, struct node doc)
{
	const char *version = json_string_value(json_object_get(doc.json, "openapi"));

	if (!version || strncmp(version, "3.1.", 4) != 0)
		return compile_fail(c, "#/openapi", "must be \"3.1.x\" as text");
	return node_members(c, doc, document_members);
}

/* Also those that only answers use: the tests validate answers against them. */
static bool want_components(struct compiler *c, struct node doc)
{
	struct node schemas = node_get(c, node_get(c, doc, "components"), "schemas");
	const char *key;
	json_t *value;

	if (schemas.json && !node_is_object(c, schemas))
		return false;
	json_object_foreach(schemas.json, key, value)
	{
		if (!schema_want(c, node_get(c, schemas, key)))
			return false;
	}
	return true;
}

/* Text of a target or a header field is one value: no list, no object. */
static bool check_parameters(struct compiler *c)
{
	for (size_t i = 0; i < c->contract->operation_count; i++) {
		for (const struct parameter *p = c->contract->operations[i].parameters; p->name; p++) {
			if (p->schema->accepts & (KIND_ARRAY | KIND_OBJECT))
				return compile_fail(c, p->place, "parameter \"%s\" must be of a simple type",
						    p->name);
		}
	}
	return true;
}

static bool compile_document(struct compiler *c)
{
	struct node doc = {.json = c->contract->doc, .place = "#"};

	return check_top(c, doc) && want_components(c, doc) && path_compile(c, node_get(c, doc, "paths")) &&
	       schema_compile(c) && schema_link(c) && check_parameters(c);
}

static bool keep_texts(struct contract *c, const char *yaml, size_t len)
{
	c->yaml = arena_strndup(c->arena, yaml, len);
	c->yaml_len = len;
	c->json = json_write(c->doc);
	c->json_len = c->json ? strlen(c->json) : 0;
	return c->yaml && c->json;
}

static bool load(struct contract *contract, const char *yaml, size_t len, char *why, size_t size)
{
	struct compiler *c;
	bool done;

	contract->doc = yaml_read(yaml, len, why, size);
	if (!contract->doc)
		return false;
	snprintf(why, size, "memory is out");
	contract->arena = arena_new(CONTRACT_MEMORY_MAX);
	if (!contract->arena || !keep_texts(contract, yaml, len))
		return false;
	c = calloc(1, sizeof *c);
	if (!c)
		return false;
	*c = (struct compiler){.contract = contract,
			       .arena = contract->arena,
			       .why = why,
			       .size = size,
			       .tail = &contract->schemas};
	done = compile_document(c);
	free(c);
	return done;
}

struct contract *contract_load(const char *yaml, size_t len, char *why, size_t size)
{
	struct contract *c = calloc(1, sizeof *c);

	if (!c) {
		snprintf(why, size, "memory is out");
		return NULL;
	}
	if (load(c, yaml, len, why, size))
		return c;
	contract_free(c);
	return NULL;
}

void contract_free(struct contract *c)
{
	if (!c)
		return;
	patterns_free(c->patterns);
	arena_free(c->arena);
	free(c->json);
	json_decref(c->doc);
	free(c);
}

size_t contract_operations(const struct contract *c)
{
	return c->operation_count;
}

const struct operation *contract_operation(const struct contract *c, size_t index)
{
	return index < c->operation_count ? &c->operations[index] : NULL;
}

const struct operation *contract_find(const struct contract *c, const char *operation_id)
{
	for (size_t i = 0; i < c->operation_count; i++) {
		if (strcmp(c->operations[i].id, operation_id) == 0)
			return &c->operations[i];
	}
	return NULL;
}

const char *contract_yaml(const struct contract *c, size_t *ret_len)
{
	*ret_len = c->yaml_len;
	return c->yaml;
}

const char *contract_json(const struct contract *c, size_t *ret_len)
{
	*ret_len = c->json_len;
	return c->json;
}
