#include "input.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	LIMIT = RECORD_MAX + 2, /* with its line end */
	SIZE = 2 * LIMIT        /* and as much again to read into */
};

static enum input_event fill(struct input *in)
{
	ssize_t got;

	if (in->begin > 0) {
		memmove(in->data, in->data + in->begin, in->end - in->begin);
		in->end -= in->begin;
		in->begin = 0;
	}
	do {
		if (!stop_wait(in->stop, in->fd, -1))
			return INPUT_STOPPED;
		got = read(in->fd, in->data + in->end, SIZE - in->end);
	} while (got < 0 && (errno == EINTR || errno == EAGAIN));
	if (got < 0)
		return INPUT_FAILED;
	in->end += (size_t)got;
	in->eof = got == 0;
	return INPUT_RECORD;
}

bool input_open(struct input *in, int fd, enum format format, uint64_t offset, uint64_t line,
		struct stop *stop)
{
	*in = (struct input){.fd = fd, .format = format, .stop = stop, .offset = offset, .line = line};
	in->data = malloc(SIZE);
	return in->data != NULL && (format != FORMAT_CSV || csv_open(&in->row, LIMIT));
}

void input_close(struct input *in)
{
	csv_close(&in->row);
	free(in->data);
}

/* A byte order mark, at the beginning of a file only. false: it needs more bytes to tell. */
static bool pass_mark(struct input *in)
{
	static const char mark[] = {'\xef', '\xbb', '\xbf'};
	size_t have = in->end - in->begin;

	if (in->offset > 0)
		return true;
	if (have < sizeof mark)
		return in->eof;
	if (memcmp(in->data + in->begin, mark, sizeof mark) == 0) {
		in->begin += sizeof mark;
		in->offset += sizeof mark;
	}
	return true;
}

static bool is_blank(const char *text, size_t len)
{
	size_t i = 0;
	while (i < len && (text[i] == ' ' || text[i] == '\t' || text[i] == '\r'))
		i++;
	return i == len;
}

static size_t content_of(const char *text, size_t len)
{
	if (len > 0 && text[len - 1] == '\n')
		len--;
	if (len > 0 && text[len - 1] == '\r')
		len--;
	return len;
}

/* The line that begins here, as far as it is there. */
static void take_line(struct record *r, size_t have)
{
	const char *stop = memchr(r->text, '\n', have);
	r->len = stop != NULL ? (size_t)(stop - r->text) + 1 : have;
}

static void take_too_long(struct record *r, size_t have, enum format format)
{
	take_line(r, have);
	r->problem = PROBLEM_body_too_large;
	r->fault = format == FORMAT_CSV ? "the record is longer than 1 MiB; is a quote never closed?"
					: "the line is longer than 1 MiB";
}

static bool find_line(const struct input *in, struct record *r, size_t have)
{
	take_line(r, have);
	return r->text[r->len - 1] == '\n' || in->eof;
}

static bool find_row(struct input *in, struct record *r, size_t have)
{
	size_t seen = have < LIMIT ? have : LIMIT;

	switch (csv_read(&in->row, r->text, seen, in->eof && seen == have, &r->len)) {
	case CSV_MORE:
		return false;
	case CSV_BAD:
		take_line(r, have);
		r->problem = PROBLEM_validation_failed;
		r->fault = in->row.fault;
		break;
	case CSV_ROW:
		break;
	}
	return true;
}

/* false: it needs more bytes. */
static bool find_record(struct input *in, struct record *r, size_t have)
{
	if (have == 0)
		return false;
	if (in->skipping) {
		r->rest = true;
		take_line(r, have);
		return true;
	}
	bool found = in->format == FORMAT_CSV ? find_row(in, r, have) : find_line(in, r, have);
	r->content = found ? content_of(r->text, r->len) : 0;
	if (found ? r->content > RECORD_MAX && r->fault == NULL : have >= LIMIT) {
		take_too_long(r, have, in->format);
		return true;
	}
	r->blank = found && r->fault == NULL && is_blank(r->text, r->content);
	return found;
}

enum input_event input_peek(struct input *in, struct record *ret)
{
	for (;;) {
		if (pass_mark(in)) {
			*ret = (struct record){.text = in->data + in->begin};
			if (find_record(in, ret, in->end - in->begin))
				return INPUT_RECORD;
			if (in->eof)
				return INPUT_END;
		}
		enum input_event event = fill(in);
		if (event != INPUT_RECORD)
			return event;
	}
}

void input_take(struct input *in, const struct record *r)
{
	const char *at = r->text;
	const char *end = r->text + r->len;

	while ((at = memchr(at, '\n', (size_t)(end - at))) != NULL) {
		in->line++;
		at++;
	}
	in->begin += r->len;
	in->offset += r->len;
	in->skipping = (r->fault != NULL || r->rest) && r->text[r->len - 1] != '\n';
}
