/*
 * JSON text to jansson's values in a fifth of jansson's time.
 */
#ifndef CICLO_CONTRACT_JSON_PARSE_H
#define CICLO_CONTRACT_JSON_PARSE_H

#include <jansson.h>
#include <stddef.h>

#include "ciclo/base/attr.h"

/*
 * The value that jansson would make of the text, at most JSON_DEPTH_MAX levels deep. NULL: jansson has to be asked, because
 * the text is none, or has something rare: escapes in names, integers of more than 18 digits.
 */
json_t *json_parse(const char *text, size_t len) NODISCARD;

#endif
