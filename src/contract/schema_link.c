/*
 * Second pass over the schemas, when all are compiled: what needs to see other schemas.
 */
#include "compile.h"

static bool link_one(struct compiler *c, struct schema *s);

/* Schemas that are applied to the same value as s. */
static bool link_list(struct compiler *c, const struct schemas *list)
{
	for (size_t i = 0; i < list->count; i++) {
		if (!link_one(c, list->item[i]))
			return false;
	}
	return true;
}

static unsigned union_of(const struct schemas *list)
{
	unsigned kinds = list->count ? 0 : KIND_ANY;

	for (size_t i = 0; i < list->count; i++)
		kinds |= list->item[i]->accepts;
	return kinds;
}

/* Depth first: a schema that is met again while it is open applies to itself without end. */
static bool link_one(struct compiler *c, struct schema *s)
{
	if (s->link == LINK_OPEN)
		return compile_fail(c, s->place, "the schema refers to itself in a circle");
	if (s->link == LINK_DONE)
		return true;
	s->link = LINK_OPEN;
	if ((s->ref && !link_one(c, s->ref)) || (s->no && !link_one(c, s->no)) || !link_list(c, &s->all) ||
	    !link_list(c, &s->any) || !link_list(c, &s->one))
		return false;
	s->accepts = s->kinds & union_of(&s->any) & union_of(&s->one);
	if (s->ref)
		s->accepts &= s->ref->accepts;
	if (s->ref && !s->fill)
		s->fill = s->ref->fill;
	for (size_t i = 0; i < s->all.count; i++)
		s->accepts &= s->all.item[i]->accepts;
	s->link = LINK_DONE;
	if (s->accepts == 0)
		return compile_fail(c, s->place, "no value can satisfy the types asked for");
	return true;
}

static bool collect_fills(struct compiler *c, struct schema *s)
{
	s->fills.item = compile_alloc(c, s->properties.count, sizeof *s->fills.item);
	if (!s->fills.item)
		return false;
	for (size_t i = 0; i < s->properties.count; i++) {
		struct property *p = &s->properties.item[i];

		p->fill = p->schema->fill;
		if (p->fill)
			s->fills.item[s->fills.count++] = *p;
	}
	return true;
}

/* A default that its own schema refuses would make the service break its contract. */
static bool check_default(struct compiler *c, const struct schema *s)
{
	struct violations found = {.total = 0};
	json_t *value;
	bool sound;

	if (!s->fill)
		return true;
	value = json_deep_copy(s->fill);
	if (!value)
		return compile_fail(c, s->place, "memory is out");
	schema_validate(s, value, "", &found);
	sound = found.total == 0;
	if (!sound)
		compile_fail(c, s->place, "the default does not satisfy its own schema");
	violations_release(&found);
	json_decref(value);
	return sound;
}

bool schema_link(struct compiler *c)
{
	for (struct schema *s = c->contract->schemas; s; s = s->next) {
		if (!link_one(c, s))
			return false;
	}
	for (struct schema *s = c->contract->schemas; s; s = s->next) {
		if (!collect_fills(c, s))
			return false;
	}
	for (const struct schema *s = c->contract->schemas; s; s = s->next) {
		if (!check_default(c, s))
			return false;
	}
	return true;
}
