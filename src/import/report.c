#include "report.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ciclo/base/buf.h"
#include "ciclo/contract/json.h"

enum { SHOWN_BYTES = 1000 };

/* Cuts a file back to its first `keep` bytes and stands behind them. What is no file, such as a pipe, has no such place. */
static bool cut(int fd, uint64_t keep)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return false;
	if (!S_ISREG(st.st_mode))
		return true;
	if ((uint64_t)st.st_size < keep) {
		errno = ESTALE;
		return false;
	}
	return ftruncate(fd, (off_t)keep) == 0 && lseek(fd, 0, SEEK_END) >= 0;
}

bool report_open(struct report *r, const char *errors, uint64_t keep)
{
	*r = (struct report){.errors = NULL};
	if (errors == NULL)
		return true;
	int fd = open(errors, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
	if (fd < 0)
		return false;
	r->errors = cut(fd, keep) ? fdopen(fd, "w") : NULL;
	if (r->errors == NULL) {
		int why = errno;
		close(fd);
		errno = why;
	}
	return r->errors != NULL;
}

void report_close(struct report *r)
{
	if (r->errors != NULL)
		fclose(r->errors);
	r->errors = NULL;
}

json_t *report_problem(enum problem problem, const char *detail)
{
	return json_pack("{s:o, s:s, s:i, s:s, s:s}", "type",
			 json_sprintf("/problems/%s", problem_slug(problem)), "title", problem_title(problem),
			 "status", problem_status(problem), "detail", detail, "code", problem_slug(problem));
}

static const char *text_of(const json_t *object, const char *member)
{
	const char *text = json_string_value(json_object_get(object, member));
	return text != NULL ? text : "";
}

static void show(const char *file, uint64_t line, const json_t *problem)
{
	const json_t *errors = json_object_get(problem, "errors");
	struct buf b;

	buf_init(&b, SHOWN_BYTES);
	/* Where there are errors, the detail does not say more than to see them. */
	buf_printf(&b, "%lld %s %s", (long long)json_integer_value(json_object_get(problem, "status")),
		   text_of(problem, "code"), json_array_size(errors) == 0 ? text_of(problem, "detail") : "");
	for (size_t i = 0; i < json_array_size(errors); i++) {
		const json_t *error = json_array_get(errors, i);
		buf_printf(&b, "%s%s: %s", i == 0 ? "(" : "; ", text_of(error, "pointer"),
			   text_of(error, "detail"));
	}
	if (json_array_size(errors) > 0)
		buf_adds(&b, b.failed ? "" : ")");
	/* What a file says is not for the terminal to obey. */
	for (size_t i = 0; i < b.len; i++)
		if ((unsigned char)b.data[i] < ' ' || b.data[i] == 0x7f)
			b.data[i] = '?';
	fprintf(stderr, "%s:%llu: %s%s\n", file, (unsigned long long)line, b.data != NULL ? b.data : "",
		b.failed ? " ..." : "");
	buf_release(&b);
}

void report_bad(struct report *r, const char *file, uint64_t line, const json_t *problem)
{
	if (r->shown < REPORT_SHOWN_MAX)
		show(file, line, problem);
	else if (r->shown == REPORT_SHOWN_MAX)
		fprintf(stderr, "More bad lines are not shown%s.\n",
			r->errors != NULL ? "; all are in the file of --errors"
					  : "; --errors FILE takes them all");
	r->shown++;
	if (r->errors == NULL)
		return;
	json_t *name = json_string(file);
	char *name_text = name != NULL ? json_write(name) : NULL;
	char *text = json_write(problem);
	fprintf(r->errors, "{\"file\":%s,\"line\":%llu,\"problem\":%s}\n",
		name_text != NULL ? name_text : "null", (unsigned long long)line,
		text != NULL ? text : "null");
	free(name_text);
	free(text);
	json_decref(name);
}

bool report_flush(struct report *r, uint64_t *ret_bytes)
{
	if (r->errors == NULL)
		return true;
	if (fflush(r->errors) != 0)
		return false;
	/* What cannot be flushed to a disk, such as a pipe, need not be. */
	if (fdatasync(fileno(r->errors)) != 0 && errno != EINVAL && errno != EROFS)
		return false;
	off_t at = lseek(fileno(r->errors), 0, SEEK_CUR);
	*ret_bytes = at > 0 ? (uint64_t)at : 0;
	return true;
}
