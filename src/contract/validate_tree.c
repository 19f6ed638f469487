/*
 * Arrays, objects and combined schemas. Numbers such as 1.0 that are integers by value become
 * integers on the way, in their parent, so that later code never sees a real where it asks for an integer.
 */
#include "validate.h"

#include <stdint.h>

static const struct limit_words items_words = {"min_items", "max_items", "items"};
static const struct limit_words members_words = {"min_properties", "max_properties", "properties"};

/* By text with sorted names in a hash table: linear, also for an array that the client made long. */
static void check_unique(struct run *r, json_t *array, const struct step *at)
{
	json_t *seen = json_object();
	bool twice = false;

	for (size_t i = 0; i < json_array_size(array) && !twice; i++) {
		char *text =
			json_dumps(json_array_get(array, i), JSON_ENCODE_ANY | JSON_COMPACT | JSON_SORT_KEYS);

		twice = !text || json_object_get(seen, text) ||
			json_object_set_new(seen, text, json_true()) != 0;
		free(text);
	}
	json_decref(seen);
	if (twice)
		report(r, at, "unique_items", "must not have equal items");
}

static void check_items(struct run *r, const struct schema *each, json_t *array, const struct step *at)
{
	for (size_t i = 0; i < json_array_size(array) && !run_over(r); i++) {
		struct step step = {.up = at, .index = i};
		json_t *whole = whole_number(json_array_get(array, i));

		if (whole)
			json_array_set_new(array, i, whole);
		check(r, each, json_array_get(array, i), &step);
	}
}

void check_array(struct run *r, const struct schema *s, json_t *value, const struct step *at)
{
	check_limits(r, at, json_array_size(value), &s->items, &items_words);
	if (s->each)
		check_items(r, s->each, value, at);
	if (s->unique && !run_over(r))
		check_unique(r, value, at);
}

static const struct property *find_property(const struct properties *list, const char *name)
{
	size_t low = 0;
	size_t high = list->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const char *there = list->item[middle].name;
		/* Most differ there; a call costs more. */
		int order =
			*name != *there ? (unsigned char)*name - (unsigned char)*there : strcmp(name, there);

		if (order == 0)
			return &list->item[middle];
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

static void check_name(struct run *r, const struct schema *s, const char *name, const struct step *at)
{
	struct run trial = {.in = r->in, .where = ""};
	json_t *text = json_string(name);

	if (text)
		check(&trial, s, text, NULL);
	if (!text || trial.failed)
		report(r, at, "property_name", "this name is not allowed here");
	json_decref(text);
}

static void check_member(struct run *r, const struct schema *s, json_t *object, void *iter,
			 const struct step *at)
{
	const struct property *p = find_property(&s->properties, at->name);
	const struct schema *expected = p ? p->schema : s->additional.schema;
	json_t *whole = expected ? whole_number(json_object_iter_value(iter)) : NULL;

	if (whole)
		json_object_iter_set_new(object, iter, whole);
	if (s->name)
		check_name(r, s->name, at->name, at);
	if (expected)
		check(r, expected, json_object_iter_value(iter), at);
	else if (s->additional.refused)
		report(r, at, "unknown_property", "is not a known property");
}

void check_object(struct run *r, const struct schema *s, json_t *value, const struct step *at)
{
	check_limits(r, at, json_object_size(value), &s->members, &members_words);
	for (size_t i = 0; i < s->required.count; i++) {
		struct step step = {.up = at, .name = s->required.item[i]};

		if (!json_object_get(value, step.name))
			report(r, &step, "required", "is required");
	}
	for (void *iter = json_object_iter(value); iter && !run_over(r);
	     iter = json_object_iter_next(value, iter)) {
		struct step step = {.up = at, .name = json_object_iter_key(iter)};

		check_member(r, s, value, iter, &step);
	}
}

void fill_defaults(struct run *r, const struct schema *s, json_t *value, const struct step *at)
{
	for (size_t i = 0; i < s->fills.count; i++) {
		const struct property *p = &s->fills.item[i];
		struct step step = {.up = at, .name = p->name};

		if (json_object_get(value, p->name))
			continue;
		if (json_object_set_new_nocheck(value, p->name, json_deep_copy(p->fill)) != 0)
			report(r, &step, "required", "the default could not be set, memory is out");
	}
}

static bool is_valid(const struct run *r, const struct schema *s, json_t *value)
{
	struct run trial = {.in = r->in, .where = ""};

	check(&trial, s, value, NULL);
	return !trial.failed;
}

/* How many of the list hold; *ret is the first of them. */
static size_t count_valid(const struct run *r, const struct schemas *list, json_t *value,
			  const struct schema **ret)
{
	size_t count = 0;

	for (size_t i = 0; i < list->count; i++) {
		if (is_valid(r, list->item[i], value) && count++ == 0)
			*ret = list->item[i];
	}
	return count;
}

/* The only one that takes values of this kind: its faults are what the client wants to hear of. */
static const struct schema *only_candidate(const struct schemas *list, const json_t *value)
{
	const struct schema *found = NULL;

	for (size_t i = 0; i < list->count; i++) {
		if (!(list->item[i]->accepts & kind_of(value)))
			continue;
		if (found)
			return NULL;
		found = list->item[i];
	}
	return found;
}

/*
 * No alternative holds. When each only asks for members, which ones is what the client wants to know.
 */
static void report_none(struct run *r, const struct schemas *list, const struct step *at, const char *code)
{
	char names[200] = "";
	size_t len = 0;

	for (size_t i = 0; i < list->count && len < sizeof names; i++) {
		const struct schema *each = list->item[i];

		if (!each || each->required.count == 0) {
			report(r, at, code, "matches none of the allowed forms");
			return;
		}
		len += (size_t)snprintf(names + len, sizeof names - len, "%s%s", i ? ", " : "",
					each->required.item[0]);
	}
	report(r, at, code, "needs one of: %s", names);
}

/*
 * anyOf (most: SIZE_MAX) and oneOf (most: 1). Where one alternative alone takes values of this kind, it decides; else the one
 * that holds is run again, to fill in its defaults.
 */
static void check_alternatives(struct run *r, const struct schemas *list, json_t *value,
			       const struct step *at, size_t most, const char *code)
{
	const struct schema *chosen = only_candidate(list, value);
	size_t count;

	if (chosen) {
		check(r, chosen, value, at);
		return;
	}
	count = count_valid(r, list, value, &chosen);
	if (count > most)
		report(r, at, code, "matches more than one of the allowed forms");
	else if (count == 0)
		report_none(r, list, at, code);
	else if (r->found)
		check(r, chosen, value, at);
}

void check_combined(struct run *r, const struct schema *s, json_t *value, const struct step *at)
{
	if (s->no && is_valid(r, s->no, value))
		report(r, at, "not", "matches a form that is not allowed");
	if (s->ref)
		check(r, s->ref, value, at);
	for (size_t i = 0; i < s->all.count && !run_over(r); i++)
		check(r, s->all.item[i], value, at);
	if (s->any.count && !run_over(r))
		check_alternatives(r, &s->any, value, at, SIZE_MAX, "any_of");
	if (s->one.count && !run_over(r))
		check_alternatives(r, &s->one, value, at, 1, "one_of");
}
