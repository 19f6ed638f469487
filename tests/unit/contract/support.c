#include "support.h"

#include "ciclo/base/buf.h"

enum { WHY_SIZE = 512, TEXT_MAX = 1 << 16 };

static const char head[] = "openapi: 3.1.0\n"
			   "info: {title: t, version: '1'}\n"
			   "security: [{key: ['things:write']}]\n";

struct contract *load_rest(const char *rest, char *why)
{
	struct buf b;
	struct contract *c;

	buf_init(&b, TEXT_MAX);
	buf_adds(&b, head);
	buf_adds(&b, rest);
	ck_assert(!b.failed);
	why[0] = '\0';
	c = contract_load(b.data, b.len, why, WHY_SIZE);
	buf_release(&b);
	return c;
}

struct contract *try_contract_of(const char *schema, const char *components, char *why)
{
	struct buf b;
	struct contract *c;

	buf_init(&b, TEXT_MAX);
	buf_printf(&b,
		   "paths:\n"
		   "  /things:\n"
		   "    post:\n"
		   "      operationId: createThing\n"
		   "      requestBody: {content: {application/json: {schema: %s}}}\n"
		   "      responses: {'204': {description: done}}\n"
		   "components:\n"
		   "  securitySchemes: {key: {type: http, scheme: bearer}}\n"
		   "  schemas: %s\n",
		   schema, components);
	ck_assert(!b.failed);
	c = load_rest(b.data, why);
	buf_release(&b);
	return c;
}

struct contract *contract_of(const char *schema, const char *components)
{
	char why[WHY_SIZE];
	struct contract *c = try_contract_of(schema, components, why);

	ck_assert_msg(c, "%s: %s", schema, why);
	return c;
}

const struct schema *body_schema(const struct contract *c)
{
	const struct schema *schema = NULL;

	ck_assert(operation_takes(contract_find(c, "createThing"), "application/json", &schema));
	ck_assert_ptr_nonnull(schema);
	return schema;
}

char *found_text(struct violations *v)
{
	struct buf b;

	buf_init(&b, TEXT_MAX);
	buf_adds(&b, "");
	for (size_t i = 0; i < v->count; i++)
		buf_printf(&b, "%s%s %s", i ? ", " : "", v->item[i].where, v->item[i].code);
	violations_release(v);
	return b.data ? buf_take(&b, &(size_t){0}) : strdup("");
}
