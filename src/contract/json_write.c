/*
 * JSON values as text, byte for byte what jansson writes with JSON_COMPACT (hashes of facts are made of it), in a fifth of
 * the time: writing is the larger part of what a create costs here. Reals are left to jansson.
 */
#include <stdlib.h>
#include <string.h>

#include "ciclo/base/buf.h"
#include "ciclo/base/memory.h"
#include "ciclo/contract/json.h"

enum {
	/* What was typed with up to 15 digits comes back as it was; some doubles need 17 to come back at all. */
	DIGITS_AS_TYPED = 15,
	DIGITS_OF_ANY_DOUBLE = 17,
	/* Members up to which insertion beats qsort. */
	FEW = 40
};

struct writer {
	struct buf out;
	bool sorted;
	const char *const *without; /* names that the object has not; NULL: it has all */
	size_t digits;              /* of reals; 0: each as many as it needs */
	bool lossy;                 /* a real needs more */
};

static bool survives_as_typed(double real)
{
	char text[40];

	snprintf(text, sizeof text, "%.*g", DIGITS_AS_TYPED, real);
	return strtod(text, NULL) == real;
}

static void write_real(struct writer *w, const json_t *value)
{
	bool survives = survives_as_typed(json_real_value(value));
	size_t needed = survives ? DIGITS_AS_TYPED : DIGITS_OF_ANY_DOUBLE;
	char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_REAL_PRECISION(w->digits ? w->digits : needed));

	w->lossy |= !survives;
	w->out.failed |= !text;
	buf_adds(&w->out, text ? text : "");
	free(text);
}

static void write_value(struct writer *w, json_t *value);

struct member {
	const char *name;
	size_t len;
	json_t *value;
};

static struct member member_at(void *iter)
{
	return (struct member){json_object_iter_key(iter), json_object_iter_key_len(iter),
			       json_object_iter_value(iter)};
}

static void write_member(struct writer *w, const struct member *m, bool is_first)
{
	if (!is_first)
		buf_addc(&w->out, ',');
	buf_json_string(&w->out, m->name, m->len);
	buf_addc(&w->out, ':');
	write_value(w, m->value);
}

static int by_name(const void *a, const void *b)
{
	const struct member *left = a, *right = b;

	/* Most differ there; a call costs more. */
	if (*left->name != *right->name)
		return (unsigned char)*left->name < (unsigned char)*right->name ? -1 : 1;
	return strcmp(left->name, right->name);
}

/* As documents are: few members, of which many are in order. */
static void sort_few(struct member *members, size_t count)
{
	for (size_t i = 1; i < count; i++) {
		struct member m = members[i];
		size_t at = i;

		for (; at > 0 && by_name(&members[at - 1], &m) > 0; at--)
			members[at] = members[at - 1];
		members[at] = m;
	}
}

static bool is_among(const char *const *names, const char *name)
{
	while (names && *names && (**names != *name || strcmp(*names, name) != 0))
		names++;
	return names && *names;
}

static void write_sorted(struct writer *w, json_t *object)
{
	size_t count = 0;
	const char *const *without = w->without;
	struct member *members = memory_alloc((json_object_size(object) + 1) * sizeof *members);

	if (!members) {
		w->out.failed = true;
		return;
	}
	for (void *iter = json_object_iter(object); iter; iter = json_object_iter_next(object, iter))
		if (!is_among(without, json_object_iter_key(iter)))
			members[count++] = member_at(iter);
	if (count > FEW)
		qsort(members, count, sizeof *members, by_name);
	else
		sort_few(members, count);
	w->without = NULL; /* is about the outermost only */
	for (size_t i = 0; i < count; i++)
		write_member(w, &members[i], i == 0);
	w->without = without;
	free(members);
}

static void write_as_is(struct writer *w, json_t *object)
{
	bool is_first = true;

	for (void *iter = json_object_iter(object); iter; iter = json_object_iter_next(object, iter)) {
		struct member m = member_at(iter);

		write_member(w, &m, is_first);
		is_first = false;
	}
}

static void write_object(struct writer *w, json_t *object)
{
	buf_addc(&w->out, '{');
	if (w->sorted)
		write_sorted(w, object);
	else
		write_as_is(w, object);
	buf_addc(&w->out, '}');
}

static void write_array(struct writer *w, json_t *array)
{
	json_t *item;
	size_t i;

	buf_addc(&w->out, '[');
	json_array_foreach(array, i, item)
	{
		if (i)
			buf_addc(&w->out, ',');
		write_value(w, item);
	}
	buf_addc(&w->out, ']');
}

/* The depth is bounded by json_read(). */
static void write_value(struct writer *w, json_t *value)
{
	switch (json_typeof(value)) {
	case JSON_OBJECT:
		write_object(w, value);
		break;
	case JSON_ARRAY:
		write_array(w, value);
		break;
	case JSON_STRING:
		buf_json_string(&w->out, json_string_value(value), json_string_length(value));
		break;
	case JSON_INTEGER:
		buf_int(&w->out, json_integer_value(value));
		break;
	case JSON_REAL:
		write_real(w, value);
		break;
	case JSON_TRUE:
		buf_add(&w->out, "true", 4);
		break;
	case JSON_FALSE:
		buf_add(&w->out, "false", 5);
		break;
	case JSON_NULL:
		buf_add(&w->out, "null", 4);
	}
}

json_t *json_walkable(const json_t *value)
{
	json_t *walked;

	memcpy(&walked, &value, sizeof walked);
	return walked;
}

char *json_write(const json_t *value)
{
	struct writer w = {0};

	if (!value)
		return NULL;
	buf_init(&w.out, SIZE_MAX / 2);
	write_value(&w, json_walkable(value));
	return buf_take(&w.out, NULL);
}

/* One real that needs more digits than the others gives them all as many. */
char *json_write_canonical(const json_t *value, const char *const *without)
{
	struct writer w = {.sorted = true, .without = without, .digits = DIGITS_AS_TYPED};

	buf_init(&w.out, SIZE_MAX / 2);
	write_value(&w, json_walkable(value));
	if (w.lossy) {
		buf_release(&w.out);
		w.digits = DIGITS_OF_ANY_DOUBLE;
		write_value(&w, json_walkable(value));
	}
	return buf_take(&w.out, NULL);
}
