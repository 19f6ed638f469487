/*
 * What may stand at a place of a schema, and text as a value of it: for readers of formats without types.
 */
#include "parts.h"

#include <strings.h>

#include "ciclo/contract/json.h"

static unsigned kinds_at(const struct schema *s, const char *const *names, size_t count);

static int compare_property(const void *name, const void *property)
{
	return strcmp(name, ((const struct property *)property)->name);
}

static unsigned kinds_of_member(const struct schema *s, const char *const *names, size_t count)
{
	const struct property *p = s->properties.count > 0
					   ? bsearch(names[0], s->properties.item, s->properties.count,
						     sizeof *s->properties.item, compare_property)
					   : NULL;
	if (p)
		return kinds_at(p->schema, names + 1, count - 1);
	if (s->additional.refused)
		return 0;
	return s->additional.schema ? kinds_at(s->additional.schema, names + 1, count - 1) : KIND_ANY;
}

static bool is_number(const char *name)
{
	return *name && strspn(name, "0123456789") == strlen(name);
}

/* By the keywords of s itself. */
static unsigned kinds_of_own(const struct schema *s, const char *const *names, size_t count)
{
	unsigned kinds = 0;

	if (s->kinds & KIND_OBJECT)
		kinds |= kinds_of_member(s, names, count);
	if ((s->kinds & KIND_ARRAY) && is_number(names[0]))
		kinds |= s->each ? kinds_at(s->each, names + 1, count - 1) : KIND_ANY;
	return kinds;
}

static unsigned kinds_of_any(const struct schemas *list, const char *const *names, size_t count)
{
	unsigned kinds = list->count > 0 ? 0 : KIND_ANY;

	for (size_t i = 0; i < list->count; i++)
		kinds |= kinds_at(list->item[i], names, count);
	return kinds;
}

/* Ends: names get fewer, and schemas on the same value are no circle (schema_link.c). */
static unsigned kinds_at(const struct schema *s, const char *const *names, size_t count)
{
	unsigned kinds;

	if (count == 0)
		return s->accepts;
	kinds = kinds_of_own(s, names, count) & kinds_of_any(&s->any, names, count) &
		kinds_of_any(&s->one, names, count);
	if (s->ref)
		kinds &= kinds_at(s->ref, names, count);
	for (size_t i = 0; i < s->all.count; i++)
		kinds &= kinds_at(s->all.item[i], names, count);
	return kinds;
}

unsigned schema_kinds(const struct schema *s, const char *const *names, size_t count)
{
	return kinds_at(s, names, count);
}

/* Spreadsheets shout: TRUE. */
static json_t *read_boolean(const char *text, size_t len)
{
	if (len == 4 && strncasecmp(text, "true", len) == 0)
		return json_true();
	return len == 5 && strncasecmp(text, "false", len) == 0 ? json_false() : NULL;
}

json_t *schema_text(unsigned kinds, const char *text, size_t len)
{
	char why[160];
	json_t *value = NULL;

	if (!(kinds & KIND_STRING) && (kinds & KIND_BOOLEAN))
		value = read_boolean(text, len);
	if (!(kinds & KIND_STRING) && !value)
		value = json_read(text, len, why, sizeof why);
	/* An empty place is absent, so null is text as well. */
	if (value && (kind_of(value) & kinds & ~(unsigned)KIND_NULL))
		return value;
	json_decref(value);
	return json_stringn(text, len);
}
