/*
 * Plain scalars by the core schema of YAML 1.2 (§10.3.2). libyaml itself leaves them as text, and
 * the rules of YAML 1.1 (yes, on, 010, 1:30) do not apply.
 */
#include "yaml_read.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <strings.h>

static const struct word {
	const char *text;
	json_t *(*make)(void);
} words[] = {
	{"", json_null},       {"~", json_null},      {"null", json_null},   {"Null", json_null},
	{"NULL", json_null},   {"true", json_true},   {"True", json_true},   {"TRUE", json_true},
	{"false", json_false}, {"False", json_false}, {"FALSE", json_false},
};

static const char *skip_digits(const char *text)
{
	while (isdigit((unsigned char)*text))
		text++;
	return text;
}

static const char *skip_sign(const char *text)
{
	return *text == '-' || *text == '+' ? text + 1 : text;
}

/* 0 when text is no integer. */
static int integer_base(const char *text)
{
	const char *digits = skip_sign(text);

	if (text[0] == '0' && text[1] == 'o' && text[2] && strspn(text + 2, "01234567") == strlen(text + 2))
		return 8;
	if (text[0] == '0' && text[1] == 'x' && isxdigit((unsigned char)text[2]) &&
	    text[2 + strspn(text + 2, "0123456789abcdefABCDEF")] == '\0')
		return 16;
	return *digits && *skip_digits(digits) == '\0' ? 10 : 0;
}

/* [-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )? */
static bool is_real(const char *text)
{
	const char *whole = skip_sign(text);
	const char *at = skip_digits(whole);
	const char *exponent;

	if (*at == '.') {
		at = skip_digits(at + 1);
		if (at == whole + 1)
			return false;
	} else if (at == whole) {
		return false;
	}
	if (*at != 'e' && *at != 'E')
		return *at == '\0';
	exponent = skip_sign(at + 1);
	return *exponent && *skip_digits(exponent) == '\0';
}

/* .inf, -.Inf, .nan and their spellings: JSON has none of them. */
static bool is_not_finite(const char *text)
{
	const char *name = skip_sign(text);

	return strcasecmp(name, ".inf") == 0 || strcasecmp(text, ".nan") == 0;
}

static json_t *integer_of(const char *text, int base)
{
	long long value;

	errno = 0;
	value = strtoll(base == 8 ? text + 2 : text, NULL, base);
	return errno ? NULL : json_integer(value);
}

json_t *yaml_plain(const char *text)
{
	int base = integer_base(text);

	for (size_t i = 0; i < COUNTOF(words); i++) {
		if (strcmp(words[i].text, text) == 0)
			return words[i].make();
	}
	if (base)
		return integer_of(text, base);
	if (is_real(text)) {
		double real = strtod(text, NULL);

		return isfinite(real) ? json_real(real) : NULL;
	}
	return is_not_finite(text) ? NULL : json_string(text);
}
