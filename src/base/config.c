/*
 * Settings: one table made from config.def, and three loops over it.
 */
#include "ciclo/base/config.h"

#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* Enough to recognise a mistyped value. */
enum { SHOWN_MAX = 100 };
/* Of a text setting, and of the name of a variable: the longest of ours has 25 characters, "_FILE" comes behind it. */
enum { TEXT_MAX = 2000, ENV_MAX = 64 };

enum kind { KIND_TEXT, KIND_INT, KIND_SECRET, KIND_LEVEL, KIND_ORIGINS };

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

#define DEFAULT_TEXT(def)    def
#define DEFAULT_INT(def)     #def
#define DEFAULT_SECRET(def)  def
#define DEFAULT_LEVEL(def)   def
#define DEFAULT_ORIGINS(def) def

static const struct setting settings[] = {
#define X(field, env, kind, def, min, max, unit, help)                                                       \
	{env, DEFAULT_##kind(def), min, max, unit, help, offsetof(struct config, field), KIND_##kind},
#include "ciclo/base/config.def"
#undef X
};

#define FITS_TEXT(field, max)                                                                                \
	_Static_assert((max) < sizeof(((struct config *)0)->field), #field " is too long for its array");
#define FITS_INT(field, max)
#define FITS_SECRET(field, max)                        FITS_TEXT(field, max)
#define FITS_LEVEL(field, max)                         FITS_TEXT(field, max)
#define FITS_ORIGINS(field, max)                       FITS_TEXT(field, max)
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

/* What was set, on one line whatever it holds. Not for secrets. */
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

static bool load_level(const struct setting *s, const char *value, void *field, FILE *complaints)
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

/* "https://shop.example:8443", as browsers send it: lower case, no path, not "null" and no "*". */
static bool is_origin(const char *text, size_t len)
{
	static const char *const schemes[] = {"https://", "http://"};

	for (size_t i = 0; i < COUNTOF(schemes); i++) {
		size_t scheme = strlen(schemes[i]);

		if (len > scheme && strncmp(text, schemes[i], scheme) == 0)
			return strspn(text + scheme, "abcdefghijklmnopqrstuvwxyz0123456789.-:[]") ==
			       len - scheme;
	}
	return false;
}

static bool load_origins(const struct setting *s, const char *value, void *field, FILE *complaints)
{
	for (const char *at = value; *at;) {
		size_t len = strcspn(at, ",");

		/* A comma at the end is a name that is missing. */
		if (!is_origin(at, len) || (at[len] && !at[len + 1])) {
			fprintf(complaints, "%s is ", s->env);
			print_value(value, complaints);
			fputs("; it must be origins such as https://shop.example, with commas between.\n",
			      complaints);
			return false;
		}
		at += len + (at[len] == ',');
	}
	return load_text(s, value, field, complaints);
}

/* The text in the file, without the end of its last line. One byte more than the limit tells a longer one. */
static bool read_file(const struct setting *s, const char *path, char text[TEXT_MAX + 2], FILE *complaints)
{
	FILE *file = fopen(path, "re");
	size_t len = file ? fread(text, 1, TEXT_MAX + 1, file) : 0;
	bool ok = file && !ferror(file);

	if (!ok)
		fprintf(complaints, "%s_FILE cannot be read: %s.\n", s->env, strerror(errno));
	if (file)
		fclose(file);
	if (ok && memchr(text, '\0', len)) {
		fprintf(complaints, "%s_FILE has a NUL byte.\n", s->env);
		ok = false;
	}
	if (len > 0 && text[len - 1] == '\n')
		len--;
	text[len] = '\0';
	return ok;
}

/* NAME, or what is in the file that NAME_FILE names. */
static bool load_secret(const struct setting *s, const char *value, void *field, FILE *complaints,
			bool *ret_file)
{
	char name[ENV_MAX], text[TEXT_MAX + 2];
	const char *path;

	snprintf(name, sizeof(name), "%s_FILE", s->env);
	path = getenv(name);
	if (!path)
		return load_text(s, value, field, complaints);
	if (getenv(s->env)) {
		fprintf(complaints, "%s and %s_FILE are both set; only one may be.\n", s->env, s->env);
		return false;
	}
	*ret_file = true;
	return read_file(s, path, text, complaints) && load_text(s, text, field, complaints);
}

static bool load(const struct setting *s, struct config *c, FILE *complaints)
{
	const char *value = getenv(s->env);
	void *field = (char *)c + s->offset;

	if (!value)
		value = s->def;
	switch (s->kind) {
	case KIND_INT:
		return load_int(s, value, field, complaints);
	case KIND_SECRET:
		return load_secret(s, value, field, complaints, &c->secret_files);
	case KIND_LEVEL:
		return load_level(s, value, field, complaints);
	case KIND_ORIGINS:
		return load_origins(s, value, field, complaints);
	case KIND_TEXT:
		break;
	}
	return load_text(s, value, field, complaints);
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
