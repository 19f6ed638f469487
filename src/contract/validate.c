/*
 * Values against schemas: dispatch, scalars and reporting. All faults are reported; details name
 * what the contract asks for and never what the client sent.
 */
#include "validate.h"

#include <inttypes.h>
#include <stdarg.h>

#include "format.h"
#include "pattern.h"
#include "text.h"

/* A place deeper or longer than this is reported at the nearest enclosing value that fits. */
enum { POINTER_MAX = 512, DETAIL_MAX = 256 };

static const struct limit_words length_words = {"min_length", "max_length", "characters"};

bool run_over(const struct run *r)
{
	return r->failed && !r->found;
}

/* Appends one step, whole or not at all; 0 when it does not fit. */
static size_t write_step(const struct step *s, char *out, size_t size)
{
	char index[24];

	snprintf(index, sizeof index, "%zu", s->index);
	return pointer_step(s->name ? s->name : index, out, size);
}

/* Returns the length so far; *full once a step did not fit. */
static size_t write_pointer(const struct step *s, char *out, size_t used, bool *full)
{
	size_t len;

	if (!s)
		return used;
	used = write_pointer(s->up, out, used, full);
	if (*full)
		return used;
	len = write_step(s, out + used, POINTER_MAX - 1 - used);
	*full = len == 0;
	return used + len;
}

void report(struct run *r, const struct step *at, const char *code, const char *fmt, ...)
{
	char pointer[POINTER_MAX];
	char detail[DETAIL_MAX];
	bool full = r->in != IN_BODY;
	size_t used;
	va_list args;

	r->failed = true;
	if (!r->found)
		return;
	used = strnlen(r->where, sizeof pointer - 1);
	memcpy(pointer, r->where, used);
	if (!full)
		used = write_pointer(at, pointer, used, &full);
	pointer[used] = '\0';
	va_start(args, fmt);
	vsnprintf(detail, sizeof detail, fmt, args);
	va_end(args);
	violation_add(r->found, r->in, pointer, code, "%s", detail);
}

void check_limits(struct run *r, const struct step *at, size_t count, const struct limits *limits,
		  const struct limit_words *words)
{
	if (count < limits->min)
		report(r, at, words->too_few, "must have at least %zu %s", limits->min, words->unit);
	if (count > limits->max)
		report(r, at, words->too_many, "must have at most %zu %s", limits->max, words->unit);
}

/* Code points: bytes that do not continue one. */
static size_t count_characters(const char *text, size_t len)
{
	size_t count = 0;

	for (size_t i = 0; i < len; i++)
		count += ((unsigned char)text[i] & 0xc0) != 0x80;
	return count;
}

static void check_string(struct run *r, const struct schema *s, json_t *value, const struct step *at)
{
	const char *text = json_string_value(value);
	size_t len = json_string_length(value);

	check_limits(r, at, count_characters(text, len), &s->length, &length_words);
	if (s->pattern && !pattern_match(s->pattern, text, len))
		report(r, at, "pattern", "does not have the required form");
	if (s->format && !s->format->valid(text, len))
		report(r, at, "format", "%s", s->format->detail);
}

/* -1, 0, 1. Exact for two integers. */
static int compare(const json_t *a, const json_t *b)
{
	if (json_is_integer(a) && json_is_integer(b))
		return (json_integer_value(a) > json_integer_value(b)) -
		       (json_integer_value(a) < json_integer_value(b));
	return (json_number_value(a) > json_number_value(b)) - (json_number_value(a) < json_number_value(b));
}

static void check_bound(struct run *r, const struct step *at, const json_t *bound, bool kept,
			const char *code, const char *words)
{
	if (!bound || kept)
		return;
	if (json_is_integer(bound))
		report(r, at, code, "must be %s %" PRId64, words, (int64_t)json_integer_value(bound));
	else
		report(r, at, code, "must be %s %.15g", words, json_real_value(bound));
}

static bool is_multiple(const json_t *value, const json_t *divisor)
{
	return !json_is_real(value) && json_integer_value(value) % json_integer_value(divisor) == 0;
}

static void check_number(struct run *r, const struct schema *s, json_t *value, const struct step *at)
{
	check_bound(r, at, s->minimum, s->minimum && compare(value, s->minimum) >= 0, "minimum", "at least");
	check_bound(r, at, s->maximum, s->maximum && compare(value, s->maximum) <= 0, "maximum", "at most");
	check_bound(r, at, s->above, s->above && compare(value, s->above) > 0, "exclusive_minimum", "above");
	check_bound(r, at, s->below, s->below && compare(value, s->below) < 0, "exclusive_maximum", "below");
	check_bound(r, at, s->multiple_of, s->multiple_of && is_multiple(value, s->multiple_of),
		    "multiple_of", "a multiple of");
}

static int write_choice(const json_t *choice, const char *separator, char *out, size_t size)
{
	char *text = json_is_string(choice) ? NULL : json_dumps(choice, JSON_ENCODE_ANY | JSON_COMPACT);
	const char *shown = json_is_string(choice) ? json_string_value(choice) : text;
	int len = snprintf(out, size, "%s%s", separator, shown ? shown : "?");

	free(text);
	return len;
}

/* "must be one of: monday, sunday"; ends in "..." when the list is long. */
static void report_choices(struct run *r, const struct step *at, const json_t *choices)
{
	static const char more[] = ", ...";
	char list[DETAIL_MAX - 32];
	size_t room = sizeof list - sizeof more;
	size_t used = 0;

	for (size_t i = 0; i < json_array_size(choices); i++) {
		int len =
			write_choice(json_array_get(choices, i), used ? ", " : "", list + used, room - used);

		if (len < 0 || (size_t)len >= room - used) {
			memcpy(list + used, more, sizeof more);
			break;
		}
		used += (size_t)len;
	}
	report(r, at, "enum", "must be one of: %s", list);
}

static void check_choices(struct run *r, const struct schema *s, const json_t *value, const struct step *at)
{
	size_t count = json_array_size(s->choices);
	size_t i = 0;

	if (s->constant && !json_equal(s->constant, value))
		report(r, at, "const", "must be the one value that is allowed here");
	while (i < count && !json_equal(json_array_get(s->choices, i), value))
		i++;
	if (s->choices && i == count)
		report_choices(r, at, s->choices);
}

static void report_type(struct run *r, const struct schema *s, const struct step *at)
{
	char words[80] = "";

	if (r->found)
		kind_words(s->kinds, words, sizeof words);
	report(r, at, "type", "must be %s", words);
}

void check(struct run *r, const struct schema *s, json_t *value, const struct step *at)
{
	unsigned kind = kind_of(value);

	if (!(s->kinds & kind)) {
		report_type(r, s, at);
		return;
	}
	if (s->choices || s->constant)
		check_choices(r, s, value, at);
	if (kind & KIND_STRING)
		check_string(r, s, value, at);
	else if (kind & KIND_NUMBER)
		check_number(r, s, value, at);
	else if (kind == KIND_ARRAY)
		check_array(r, s, value, at);
	else if (kind == KIND_OBJECT)
		check_object(r, s, value, at);
	if (!run_over(r))
		check_combined(r, s, value, at);
	if (kind == KIND_OBJECT && r->found)
		fill_defaults(r, s, value, at);
}

void schema_check(const struct schema *s, json_t *value, enum violation_in in, const char *where,
		  struct violations *v)
{
	struct run r = {.in = in, .where = where, .found = v};

	check(&r, s, value, NULL);
}

void schema_validate(const struct schema *s, json_t *value, const char *pointer, struct violations *v)
{
	schema_check(s, value, IN_BODY, pointer, v);
}
