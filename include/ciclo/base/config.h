/*
 * The settings of the process, read once from the environment into one const struct.
 */
#ifndef CICLO_BASE_CONFIG_H
#define CICLO_BASE_CONFIG_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "ciclo/base/attr.h"

#define CONFIG_FIELD_TEXT(field)    char field[2001];
#define CONFIG_FIELD_INT(field)     int64_t field;
#define CONFIG_FIELD_SECRET(field)  CONFIG_FIELD_TEXT(field)
#define CONFIG_FIELD_LEVEL(field)   CONFIG_FIELD_TEXT(field)
#define CONFIG_FIELD_ORIGINS(field) CONFIG_FIELD_TEXT(field)

struct config {
#define X(field, env, kind, def, min, max, unit, help) CONFIG_FIELD_##kind(field)
#include "ciclo/base/config.def"
#undef X
	bool secret_files; /* a secret came from a file: whoever runs the process wants it kept from others */
};

/* Reads the environment. Writes one line per bad value to `complaints`, all of them, and returns
 * false if there was one. */
bool config_load(struct config *ret, FILE *complaints) NODISCARD;
/* The table of `ciclo --help`: variable, default, unit, help. */
void config_describe(FILE *out);
/* The same as a Markdown table, for README. */
void config_describe_markdown(FILE *out);

#endif
