/*
 * Settings: one table made from config.def, and three loops over it.
 */
#include "ciclo/base/config.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* Enough to recognise a mistyped value. */
enum { SHOWN_MAX = 100 };

enum kind { KIND_TEXT, KIND_INT };

struct setting {
	const char *env;
	/* As one would write it in the environment, so that defaults pass the same checks. */
	const char *def;
	int64_t min;
	int64_t max;
	const char *unit;
	const char *help;
	size_t offset;
	enum kind kind;
};

#define DEFAULT_TEXT(def) def
#define DEFAULT_INT(def)  #def

static const struct setting settings[] = {
#define X(field, env, kind, def, min, max, unit, help)                                                       \
	{env, DEFAULT_##kind(def), min, max, unit, help, offsetof(struct config, field), KIND_##kind},
#include "ciclo/base/config.def"
#undef X
};

#define FITS_TEXT(field, max)                                                                                \
	_Static_assert((max) < sizeof(((struct config *)0)->field), #field " is too long for its array");
#define FITS_INT(field, max)
#define X(field, env, kind, def, min, max, unit, help) FITS_##kind(field, max)
#include "ciclo/base/config.def"
#undef X

static const char *const log_levels[] = {"debug", "info", "warn", "error"};

/* Digits only: no sign (nothing here is negative), no blanks, no "0x", no units. */
static bool parse_int(const char *text, int64_t *ret)
{
	if (!*text || strspn(text, "0123456789") != strlen(text))
		return false;
	/* What is too large becomes INT64_MAX, which is outside of every range. */
	*ret = strtoll(text, NULL, 10);
	return true;
}

/* What was set, on one line whatever it holds. Not for database_url, which may hold a password. */
static void print_value(const char *value, FILE *out)
{
	fputc('"', out);
	for (size_t i = 0; i < SHOWN_MAX && value[i]; i++)
		fputc((unsigned char)value[i] < ' ' ? '?' : value[i], out);
	fputs(strlen(value) > SHOWN_MAX ? "...\"" : "\"", out);
}

static bool load_int(const struct setting *s, const char *value, void *field, FILE *complaints)
{
	int64_t number;

	if (parse_int(value, &number) && number >= s->min && number <= s->max) {
		memcpy(field, &number, sizeof(number));
		return true;
	}
	fprintf(complaints, "%s is ", s->env);
	print_value(value, complaints);
	fprintf(complaints, "; it must be a whole number from %" PRId64 " to %" PRId64 "%s%s%s.\n", s->min,
		s->max, *s->unit ? " (" : "", s->unit, *s->unit ? ")" : "");
	return false;
}

static bool load_text(const struct setting *s, const char *value, void *field, FILE *complaints)
{
	size_t len = strlen(value);

	if (len >= (size_t)s->min && len <= (size_t)s->max) {
		memcpy(field, value, len + 1);
		return true;
	}
	fprintf(complaints, "%s has %zu bytes; it must have %" PRId64 " to %" PRId64 ".\n", s->env, len,
		s->min, s->max);
	return false;
}

static bool load_log_level(const struct setting *s, const char *value, void *field, FILE *complaints)
{
	for (size_t i = 0; i < COUNTOF(log_levels); i++) {
		if (strcmp(log_levels[i], value) == 0)
			return load_text(s, value, field, complaints);
	}
	fprintf(complaints, "%s is ", s->env);
	print_value(value, complaints);
	fprintf(complaints, "; it must be %s.\n", s->help);
	return false;
}

static bool load(const struct setting *s, struct config *c, FILE *complaints)
{
	const char *value = getenv(s->env);
	void *field = (char *)c + s->offset;

	if (!value)
		value = s->def;
	if (s->offset == offsetof(struct config, log_level))
		return load_log_level(s, value, field, complaints);
	return s->kind == KIND_INT ? load_int(s, value, field, complaints)
				   : load_text(s, value, field, complaints);
}

bool config_load(struct config *ret, FILE *complaints)
{
	struct config c;
	bool ok = true;

	memset(&c, 0, sizeof(c));
	for (size_t i = 0; i < COUNTOF(settings); i++)
		ok = load(&settings[i], &c, complaints) && ok;
	if (ok)
		*ret = c;
	return ok;
}

void config_describe(FILE *out)
{
	for (size_t i = 0; i < COUNTOF(settings); i++) {
		const struct setting *s = &settings[i];

		fprintf(out, "  %-26s %-16s %s%s%s%s\n", s->env, s->def, s->help, *s->unit ? " (" : "",
			s->unit, *s->unit ? ")" : "");
	}
}

void config_describe_markdown(FILE *out)
{
	fputs("| variable | default | range | unit | meaning |\n|---|---|---|---|---|\n", out);
	for (size_t i = 0; i < COUNTOF(settings); i++) {
		const struct setting *s = &settings[i];

		fprintf(out, "| `%s` | %s%s%s | ", s->env, *s->def ? "`" : "", s->def, *s->def ? "`" : "");
		if (s->kind == KIND_INT)
			fprintf(out, "%" PRId64 " to %" PRId64, s->min, s->max);
		fprintf(out, " | %s | %s |\n", s->unit, s->help);
	}
}
