/*
 * Log lines: JSON objects with the members time, level and event first, then what the caller adds.
 *
 * Invariant: a line in the making is valid JSON but for the line_end that log_end adds, and there is always
 * room for it. A value that does not fit is cut and ends in "..."; a member without room is left out.
 * Names and events are literals of ours and not escaped. A line below the level is empty: len == 0.
 */
#include "ciclo/base/log.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ciclo/base/time.h"

enum {
	/* Room that a member needs behind its name: an int64, or a text cut to nothing. */
	VALUE_MIN = 24,
	/* "\u001f" and the NUL of snprintf; as it is, a character has at most four bytes. */
	ENCODED_MAX = 8
};

static const char line_end[] = "}\n";
static const char cut_mark[] = "...\"";
static const char *const levels[] = {
	[LOG_DEBUG] = "debug", [LOG_INFO] = "info", [LOG_WARN] = "warn", [LOG_ERROR] = "error"};

/* The one global variable of the program: set once, before threads start, and only read from then on.
 * Carrying it through every call that may log would cost more than it explains. */
static enum log_level threshold = LOG_INFO;

void log_set_level(enum log_level level)
{
	threshold = level;
}

bool log_wants(enum log_level level)
{
	return level >= threshold;
}

static size_t room(const struct log_line *l)
{
	return sizeof(l->text) - l->len - (sizeof(line_end) - 1);
}

static void put(struct log_line *l, const char *text, size_t len)
{
	memcpy(l->text + l->len, text, len);
	l->len += (unsigned)len;
}

static void put_text(struct log_line *l, const char *text)
{
	put(l, text, strlen(text));
}

/* The name of a member; false if the line is not wanted, or full. */
static bool put_name(struct log_line *l, const char *name)
{
	size_t len = strlen(name);

	if (l->len == 0 || len + sizeof(",\"\":") - 1 + VALUE_MIN > room(l))
		return false;
	if (l->len > 1)
		put_text(l, ",");
	put_text(l, "\"");
	put(l, name, len);
	put_text(l, "\":");
	return true;
}

/* Length of the well-formed UTF-8 sequence (RFC 3629) at s and its code point; 0 if there is none. */
static size_t utf8_decode(const unsigned char *s, uint32_t *ret)
{
	/* By the five highest bits of the first byte; 0: it cannot be first. */
	static const unsigned char lengths[32] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
						  0, 0, 0, 0, 0, 0, 0, 0, 2, 2, 2, 2, 3, 3, 4, 0};
	/* A shorter form exists for what is below. */
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t len = lengths[s[0] >> 3];
	uint32_t point = len == 1 ? s[0] : s[0] & (0x7fU >> len);

	for (size_t i = 1; i < len; i++) {
		/* The NUL at the end of the text is not a continuation byte either. */
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		point = point << 6 | (s[i] & 0x3f);
	}
	if (len == 0 || point < least[len] || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff))
		return 0;
	*ret = point;
	return len;
}

/* The character at *at as it stands in a JSON string; moves *at behind it. */
static size_t encode(const unsigned char **at, char out[ENCODED_MAX])
{
	uint32_t point = 0xfffd;
	size_t len = utf8_decode(*at, &point);
	/* C1 controls drive terminals as C0 ones do. */
	bool control = point < 0x20 || (point >= 0x7f && point < 0xa0);

	if (len == 0 || control) {
		*at += len ? len : 1;
		return (size_t)snprintf(out, ENCODED_MAX, "\\u%04" PRIx32, point & 0xffff);
	}
	if (point == '"' || point == '\\') {
		out[0] = '\\';
		out[1] = (char)point;
		*at += 1;
		return 2;
	}
	memcpy(out, *at, len);
	*at += len;
	return len;
}

void log_str(struct log_line *l, const char *name, const char *value)
{
	const unsigned char *at = (const unsigned char *)value;
	char one[ENCODED_MAX];

	if (!put_name(l, name))
		return;
	if (!value) {
		put_text(l, "null");
		return;
	}
	put_text(l, "\"");
	while (*at) {
		size_t len = encode(&at, one);

		if (len + sizeof(cut_mark) - 1 > room(l)) {
			put_text(l, cut_mark);
			return;
		}
		put(l, one, len);
	}
	put_text(l, "\"");
}

void log_int(struct log_line *l, const char *name, int64_t value)
{
	char digits[VALUE_MIN];

	if (!put_name(l, name))
		return;
	snprintf(digits, sizeof(digits), "%" PRId64, value);
	put_text(l, digits);
}

void log_begin(struct log_line *l, enum log_level level, const char *event)
{
	char now[INSTANT_TEXT];

	l->len = 0;
	if (!log_wants(level))
		return;
	instant_format(clock_now_us(), now);
	put_text(l, "{");
	log_str(l, "time", now);
	log_str(l, "level", levels[level]);
	log_str(l, "event", event);
}

void log_end(struct log_line *l)
{
	ssize_t written;

	if (l->len == 0)
		return;
	put_text(l, line_end);
	/* One call, so that lines of threads do not mix. When it fails there is nobody left to tell. */
	written = write(STDERR_FILENO, l->text, l->len);
	(void)written;
	l->len = 0;
}

void log_event(enum log_level level, const char *event, const char *fmt, ...)
{
	/* A detail is a sentence; what is longer than a line is cut by log_str anyway. */
	char detail[sizeof(((struct log_line *)0)->text)];
	struct log_line line;
	va_list args;

	log_begin(&line, level, event);
	if (line.len == 0)
		return;
	va_start(args, fmt);
	vsnprintf(detail, sizeof(detail), fmt, args);
	va_end(args);
	log_str(&line, "detail", detail);
	log_end(&line);
}
