#include "state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ciclo/base/buf.h"
#include "ciclo/contract/json.h"

enum { STATE_MAX = 64 << 10, VERSION = 1 };

static const char suffix[] = ".ciclo-import";

/* What a change of it means, in the words of who meets it; with what the earlier run had, if that says anything. */
static const struct {
	const char *member;
	const char *words;
	bool shown;
} ties_known[] = {
	{"collection", "was begun for the collection ", true},
	{"url", "was begun with --url ", true},
	{"format", "was begun as ", true},
	{"batch", "was begun with --batch ", true},
	{"errors", "was begun with another --errors: ", true},
	{"size", "has changed since it was begun", false},
	{"modified_ns", "has changed since it was begun", false},
	{"head", "has changed since it was begun", false},
};

static char *path_of(const char *file)
{
	struct buf b;
	buf_init(&b, STATE_MAX);
	buf_printf(&b, "%s%s", file, suffix);
	return buf_take(&b, NULL);
}

/* NULL: there is none, or it cannot be read. */
static json_t *read_file(const char *path)
{
	char why[160];
	char *text = malloc(STATE_MAX);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got = fd >= 0 && text != NULL ? read(fd, text, STATE_MAX) : -1;
	json_t *doc = got > 0 ? json_read(text, (size_t)got, why, sizeof why) : NULL;

	if (fd >= 0)
		close(fd);
	free(text);
	if (json_integer_value(json_object_get(doc, "version")) == VERSION)
		return doc;
	json_decref(doc);
	return NULL;
}

static uint64_t number(const json_t *doc, const char *member)
{
	return (uint64_t)json_integer_value(json_object_get(doc, member));
}

static void take(struct state *s, const json_t *doc)
{
	const char *key_id = json_string_value(json_object_get(doc, "key_id"));

	s->found = true;
	s->offset = number(doc, "offset");
	s->line = number(doc, "line");
	s->tally = (struct tally){number(doc, "created"), number(doc, "unchanged"), number(doc, "failed")};
	s->errors_bytes = number(doc, "errors_bytes");
	s->unanswered = json_is_true(json_object_get(doc, "unanswered"));
	s->done = json_is_true(json_object_get(doc, "done"));
	snprintf(s->key_id, sizeof s->key_id, "%s", key_id != NULL ? key_id : "");
}

enum state_end state_load(struct state *s, const char *file, json_t *ties, char *why, size_t size)
{
	*s = (struct state){.path = path_of(file), .ties = ties};
	json_t *doc = s->path != NULL ? read_file(s->path) : NULL;
	enum state_end end = doc != NULL ? STATE_FOUND : STATE_NONE;

	for (size_t i = 0; i < COUNTOF(ties_known) && end == STATE_FOUND; i++) {
		const char *member = ties_known[i].member;
		if (json_equal(json_object_get(doc, member), json_object_get(ties, member)))
			continue;
		/* A file that was done, and is another one now, is a new one. */
		end = json_is_true(json_object_get(doc, "done")) ? STATE_NONE : STATE_OTHER;
		char *had = ties_known[i].shown ? json_dumps(json_object_get(doc, member), JSON_ENCODE_ANY)
						: NULL;
		snprintf(why, size, "%s%s", ties_known[i].words, had != NULL ? had : "");
		free(had);
	}
	if (end == STATE_FOUND)
		take(s, doc);
	json_decref(doc);
	return end;
}

json_int_t state_peek(const char *file, const char *member)
{
	char *path = path_of(file);
	json_t *doc = path != NULL ? read_file(path) : NULL;
	json_t *value = json_object_get(doc, member);
	json_int_t number_there = json_is_integer(value) ? json_integer_value(value) : -1;

	json_decref(doc);
	free(path);
	return number_there;
}

static char *text_of(const struct state *s)
{
	json_t *doc =
		json_pack("{s:i, s:I, s:I, s:I, s:I, s:I, s:I, s:s, s:b, s:b}", "version", VERSION, "offset",
			  (json_int_t)s->offset, "line", (json_int_t)s->line, "created",
			  (json_int_t)s->tally.created, "unchanged", (json_int_t)s->tally.unchanged, "failed",
			  (json_int_t)s->tally.failed, "errors_bytes", (json_int_t)s->errors_bytes, "key_id",
			  s->key_id, "unanswered", s->unanswered, "done", s->done);
	char *text = NULL;

	if (doc != NULL && json_object_update(doc, s->ties) == 0)
		text = json_dumps(doc, JSON_INDENT(1));
	json_decref(doc);
	return text;
}

static bool write_whole(int fd, const char *text, size_t len)
{
	while (len > 0) {
		ssize_t put = write(fd, text, len);
		if (put < 0 && errno != EINTR)
			return false;
		text += put > 0 ? put : 0;
		len -= put > 0 ? (size_t)put : 0;
	}
	return fsync(fd) == 0;
}

bool state_save(const struct state *s)
{
	struct buf beside;
	char *text;
	int fd = -1;
	bool ok = false;

	if (s->path == NULL)
		return true;
	buf_init(&beside, STATE_MAX);
	buf_printf(&beside, "%s.new", s->path);
	text = text_of(s);
	errno = ENOMEM;
	if (text == NULL || beside.failed)
		goto out;
	fd = open(beside.data, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	ok = fd >= 0 && write_whole(fd, text, strlen(text));
	if (fd >= 0 && close(fd) != 0)
		ok = false;
	ok = ok && rename(beside.data, s->path) == 0;
out:
	free(text);
	buf_release(&beside);
	return ok;
}

void state_remove(const struct state *s)
{
	if (s->path != NULL)
		unlink(s->path);
}

void state_forget(struct state *s)
{
	*s = (struct state){.path = s->path, .ties = s->ties};
}

void state_release(struct state *s)
{
	free(s->path);
	json_decref(s->ties);
	*s = (struct state){.path = NULL};
}
