/*
 * Bodies: the reader of the service against jansson, which is right by definition, and its writer against jansson's.
 * Input: the text.
 */
#include "fuzz.h"

#include "ciclo/contract/json.h"

#include "../../src/contract/json_parse.h"

enum { EXACT = JSON_ENCODE_ANY | JSON_COMPACT | JSON_REAL_PRECISION(17), AS_TYPED = 15, ANY_DOUBLE = 17 };

static size_t depth_of(const json_t *value)
{
	size_t deepest = 0;
	const char *name;
	json_t *each;
	size_t i;

	json_array_foreach(value, i, each)
	{
		size_t depth = depth_of(each);
		deepest = depth > deepest ? depth : deepest;
	}
	json_object_foreach(json_walkable(value), name, each)
	{
		size_t depth = depth_of(each);
		deepest = depth > deepest ? depth : deepest;
	}
	return json_is_array(value) || json_is_object(value) ? deepest + 1 : 0;
}

/* The same value, with members in the same order. */
static void must_be_same(const json_t *ours, const json_t *theirs, const char *what)
{
	char *left = json_dumps(ours, EXACT), *right = json_dumps(theirs, EXACT);

	must(left && right && strcmp(left, right) == 0 && json_equal(ours, theirs), what);
	free(left);
	free(right);
}

static bool survives(double real)
{
	char text[40];

	snprintf(text, sizeof text, "%.15g", real);
	return strtod(text, NULL) == real;
}

/* Of all reals, how many digits they need; 0: there is none. */
static size_t digits_of(const json_t *value)
{
	size_t most = 0;
	const char *name;
	json_t *each;
	size_t i;

	if (json_is_real(value))
		return survives(json_real_value(value)) ? AS_TYPED : ANY_DOUBLE;
	json_array_foreach(value, i, each)
	{
		size_t digits = digits_of(each);
		most = digits > most ? digits : most;
	}
	json_object_foreach(json_walkable(value), name, each)
	{
		size_t digits = digits_of(each);
		most = digits > most ? digits : most;
	}
	return most;
}

static void must_write(const json_t *value)
{
	char why[200], *ours = json_write(value), *canonical = json_write_canonical(value, NULL);
	size_t digits = digits_of(value), precision = digits > 0 ? digits : AS_TYPED;
	char *sorted = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT | JSON_SORT_KEYS |
						 JSON_REAL_PRECISION(precision));
	char *plain = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
	json_t *again = json_read(ours, strlen(ours), why, sizeof why);

	must(again != NULL, "what is written can be read");
	must_be_same(again, value, "what is written is what it was");
	must(digits > 0 || strcmp(ours, plain) == 0, "without reals, text is jansson's to the byte");
	must(strcmp(canonical, sorted) == 0, "canonical text is jansson's to the byte");
	json_decref(again);
	free(plain);
	free(sorted);
	free(canonical);
	free(ours);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	char why[200] = "";
	bool has_nul = size > 0 && memchr(data, '\0', size);
	json_t *theirs =
		has_nul ? NULL : json_loadb(text, size, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, NULL);
	json_t *fast = json_parse(text, size), *value = json_read(text, size, why, sizeof why);
	bool right = theirs && depth_of(theirs) <= JSON_DEPTH_MAX;

	must(!fast || right, "nothing is read that jansson refuses");
	must((value != NULL) == right, "everything else is read");
	must(value || (*why && is_utf8(why, strlen(why))), "a refusal has its sentence");
	if (fast)
		must_be_same(fast, theirs, "the fast reader reads what jansson reads");
	if (value) {
		must_be_same(value, theirs, "the reader reads what jansson reads");
		must_write(value);
	}
	json_decref(value);
	json_decref(fast);
	json_decref(theirs);
	return 0;
}
