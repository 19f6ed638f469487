/*
 * One JSON object a line on standard error, written by a single write(2).
 * No bodies, query values, e-mail addresses or keys ever go in.
 */
#ifndef CICLO_BASE_LOG_H
#define CICLO_BASE_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "ciclo/base/attr.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

/* One line in the making; longer lines are cut, and stay valid JSON. */
struct log_line {
	char text[2048];
	unsigned len;
};

/* Spares whoever asks before the making of a line that would not be written. */
bool log_wants(enum log_level level);
/* event: a static, greppable name such as "request" or "db_lost". */
void log_begin(struct log_line *l, enum log_level level, const char *event);
/* Escapes control bytes and invalid UTF-8; NULL writes null. */
void log_str(struct log_line *l, const char *name, const char *value);
void log_int(struct log_line *l, const char *name, int64_t value);
void log_end(struct log_line *l);

/* A whole line: {"time", "level", "event", "detail"}. */
void log_event(enum log_level level, const char *event, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* Lines below this level are not written. Set once, before threads start. */
void log_set_level(enum log_level level);

#endif
