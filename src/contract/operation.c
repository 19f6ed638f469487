/*
 * One operation of the document: its id, its scope and the extensions x-body-max and x-batch-item.
 */
#include "compile.h"

/* Enough for every JSON body of the contract; batches say more with x-body-max. */
enum { BODY_MAX_DEFAULT = 1 << 20, BODY_MAX_MOST = 1 << 30 };

static const char *const operation_members[] = {
	"deprecated", "description", "externalDocs", "operationId", "parameters", "requestBody",
	"responses",  "security",    "summary",      "tags",        NULL};

static bool compile_id(struct compiler *c, struct node op, struct operation *ret)
{
	ret->id = node_text(c, op, "operationId");
	if (!ret->id)
		return false;
	if (contract_find(c->contract, ret->id))
		return compile_fail(c, op.place, "operationId \"%s\" is used twice", ret->id);
	return true;
}

/* {scheme: [scope]}: more than one scheme or scope would be a rule that nobody enforces. */
static bool compile_requirement(struct compiler *c, struct node n, struct operation *ret)
{
	json_t *schemes = json_object_get(json_object_get(c->contract->doc, "components"), "securitySchemes");
	const char *scheme = json_object_iter_key(json_object_iter(n.json));
	const json_t *scopes;

	if (json_object_size(n.json) != 1)
		return compile_fail(c, n.place, "must name exactly one security scheme");
	if (!json_object_get(schemes, scheme))
		return compile_fail(c, n.place, "unknown security scheme \"%s\"", scheme);
	scopes = json_object_get(n.json, scheme);
	ret->scope = json_string_value(json_array_get(scopes, 0));
	if (json_array_size(scopes) != 1 || !ret->scope || !*ret->scope)
		return compile_fail(c, n.place, "must name exactly one scope");
	return true;
}

/* `security` of the operation, else of the document; [] is open to everybody, on purpose only. */
static bool compile_security(struct compiler *c, struct node op, struct operation *ret)
{
	struct node security = node_get(c, op, "security");

	if (!security.json)
		security = node_get(c, (struct node){.json = c->contract->doc, .place = "#"}, "security");
	if (!json_is_array(security.json))
		return compile_fail(c, op.place, "no list \"security\" here or at the top ([] means open)");
	if (json_array_size(security.json) == 0)
		return true;
	if (json_array_size(security.json) > 1)
		return compile_fail(c, security.place, "alternatives are not supported");
	return compile_requirement(c, node_at(c, security, 0), ret);
}

static bool compile_extensions(struct compiler *c, struct node op, struct operation *ret)
{
	struct node max = node_get(c, op, "x-body-max");
	struct node item = node_get(c, op, "x-batch-item");
	bool has_body = ret->body[0].name != NULL;

	ret->body_max = has_body ? BODY_MAX_DEFAULT : 0;
	if ((max.json || item.json) && !has_body)
		return compile_fail(c, op.place, "x-body-max and x-batch-item need a requestBody");
	if (max.json) {
		json_int_t bytes = json_integer_value(max.json);

		if (bytes < 1 || bytes > BODY_MAX_MOST)
			return compile_fail(c, max.place, "must be 1 to %d bytes", BODY_MAX_MOST);
		ret->body_max = (size_t)bytes;
	}
	if (item.json)
		ret->item = schema_want(c, item);
	return !item.json || ret->item;
}

bool operation_compile(struct compiler *c, struct path_item *item, struct node path, struct node op,
		       struct operation *ret)
{
	ret->path = item->path;
	return node_members(c, op, operation_members) && compile_id(c, op, ret) &&
	       compile_security(c, op, ret) && parameters_compile(c, item, path, op, ret) &&
	       body_compile(c, op, ret) && answers_compile(c, op, ret) && compile_extensions(c, op, ret);
}
