/*
 * Kinds of JSON values, and their names in English.
 */
#include "parts.h"

#include <math.h>

/* Every whole double up to here is exact, and so are its neighbours. */
static const double WHOLE_MAX = 9007199254740992.0;

static bool is_whole(const json_t *value)
{
	double real = json_real_value(value);

	return fabs(real) <= WHOLE_MAX && floor(real) >= real;
}

unsigned kind_of(const json_t *value)
{
	static const unsigned kinds[] = {
		[JSON_OBJECT] = KIND_OBJECT,   [JSON_ARRAY] = KIND_ARRAY,   [JSON_STRING] = KIND_STRING,
		[JSON_INTEGER] = KIND_INTEGER, [JSON_REAL] = KIND_FRACTION, [JSON_TRUE] = KIND_BOOLEAN,
		[JSON_FALSE] = KIND_BOOLEAN,   [JSON_NULL] = KIND_NULL,
	};

	if (json_is_real(value) && is_whole(value))
		return KIND_INTEGER;
	return kinds[json_typeof(value)];
}

json_t *whole_number(const json_t *value)
{
	if (!json_is_real(value) || !is_whole(value))
		return NULL;
	return json_integer((json_int_t)json_real_value(value));
}

void kind_words(unsigned kinds, char *out, size_t size)
{
	static const struct {
		unsigned kinds;
		const char *words;
	} table[] = {
		{KIND_OBJECT, "an object"}, {KIND_ARRAY, "an array"},     {KIND_STRING, "a string"},
		{KIND_NUMBER, "a number"},  {KIND_INTEGER, "an integer"}, {KIND_BOOLEAN, "true or false"},
		{KIND_NULL, "null"},
	};
	size_t used = 0;

	out[0] = '\0';
	for (size_t i = 0; i < COUNTOF(table) && used < size; i++) {
		if ((kinds & table[i].kinds) != table[i].kinds)
			continue;
		kinds &= ~table[i].kinds;
		used += (size_t)snprintf(out + used, size - used, "%s%s", used ? " or " : "", table[i].words);
	}
}
