#include "source.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <string.h>
#include <strings.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* A file that begins otherwise is another file; with its size and time, enough to tell one from another. */
enum { HEAD_BYTES = 64 << 10, DIGEST_BYTES = (DIGEST_TEXT - 1) / 2 };

static bool complain(struct source *s, const char *fmt, ...) PRINTF_LIKE(2, 3);

static bool complain(struct source *s, const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	vsnprintf(s->why, sizeof s->why, fmt, args);
	va_end(args);
	return false;
}

static enum format format_of(const char *file)
{
	static const struct {
		const char *end;
		enum format format;
	} table[] = {{".ndjson", FORMAT_NDJSON}, {".jsonl", FORMAT_NDJSON}, {".csv", FORMAT_CSV}};
	size_t len = strlen(file);

	for (size_t i = 0; i < COUNTOF(table); i++) {
		size_t end = strlen(table[i].end);
		if (len > end && strcasecmp(file + len - end, table[i].end) == 0)
			return table[i].format;
	}
	return FORMAT_NONE;
}

bool source_describe(struct source *s, const struct contract *contract, const struct options *options,
		     const char *file)
{
	bool standard = strcmp(file, "-") == 0;
	struct stat st;

	*s = (struct source){.file = file, .name = standard ? "standard input" : file, .fd = -1};
	s->format = options->format;
	if (s->format == FORMAT_NONE)
		s->format = standard ? FORMAT_NDJSON : format_of(file);
	if (s->format == FORMAT_NONE)
		return complain(
			s, "its name does not end in .ndjson, .jsonl or .csv; say --format ndjson or csv");
	if (options->collection != NULL && !collection_find(&s->collection, contract, options->collection))
		return complain(s, "there is no collection \"%.100s\" that takes many at once",
				options->collection);
	if (options->collection == NULL && !collection_guess(&s->collection, contract, file))
		return complain(s, "its name does not begin with a collection; say --as COLLECTION");
	if (standard)
		return true;
	if (stat(file, &st) != 0)
		return complain(s, "%s", strerror(errno));
	if (S_ISDIR(st.st_mode))
		return complain(s, "is a directory");
	s->regular = S_ISREG(st.st_mode);
	return true;
}

static void digest(char out[DIGEST_TEXT], const void *bytes, size_t len)
{
	unsigned char hash[DIGEST_BYTES];
	crypto_generichash(hash, sizeof hash, bytes, len, NULL, 0);
	sodium_bin2hex(out, DIGEST_TEXT, hash, sizeof hash);
}

static bool digest_head(struct source *s)
{
	unsigned char head[HEAD_BYTES];
	ssize_t got = pread(s->fd, head, sizeof head, 0);

	if (got >= 0)
		digest(s->head, head, (size_t)got);
	return got >= 0;
}

static void identify(struct source *s, const struct stat *st)
{
	s->size = (uint64_t)st->st_size;
	s->modified_ns = (int64_t)st->st_mtim.tv_sec * 1000000000 + st->st_mtim.tv_nsec;
	s->device = st->st_dev;
	s->inode = st->st_ino;
}

static bool open_file(struct source *s)
{
	struct stat st;

	s->fd = strcmp(s->file, "-") == 0 ? dup(STDIN_FILENO) : open(s->file, O_RDONLY | O_CLOEXEC);
	if (s->fd < 0)
		return complain(s, "%s", strerror(errno));
	if (!s->regular)
		return true;
	if (fstat(s->fd, &st) != 0)
		return complain(s, "%s", strerror(errno));
	identify(s, &st);
	/* Two that send the same file would do no harm, but their notes of how far they are would. */
	if (flock(s->fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK)
		return complain(s, "is being imported by another process");
	return digest_head(s) || complain(s, "%s", strerror(errno));
}

/* INPUT_RECORD: the header is read and will do. */
static enum input_event read_header(struct source *s)
{
	struct record r;
	enum input_event event;

	while ((event = input_peek(&s->input, &r)) == INPUT_RECORD && r.blank)
		input_take(&s->input, &r);
	if (event == INPUT_END) {
		complain(s, "has no header");
		return INPUT_FAILED;
	}
	if (event != INPUT_RECORD)
		return event;
	if (r.fault != NULL) {
		complain(s, "the header: %s", r.fault);
		return INPUT_FAILED;
	}
	s->columns = columns_new(s->collection.operation->item, &s->input.row, s->why, sizeof s->why);
	if (s->columns == NULL)
		return INPUT_FAILED;
	digest(s->header, r.text, r.content);
	input_take(&s->input, &r);
	return INPUT_RECORD;
}

enum input_event source_open(struct source *s, struct stop *stop)
{
	if (!open_file(s))
		return INPUT_FAILED;
	if (!input_open(&s->input, s->fd, s->format, 0, 1, stop)) {
		complain(s, "memory is out");
		return INPUT_FAILED;
	}
	return s->format == FORMAT_CSV ? read_header(s) : INPUT_RECORD;
}

bool source_seek(struct source *s, uint64_t offset, uint64_t line)
{
	struct stop *stop = s->input.stop;

	input_close(&s->input);
	return lseek(s->fd, (off_t)offset, SEEK_SET) >= 0 &&
	       input_open(&s->input, s->fd, s->format, offset, line, stop);
}

bool source_changed(const struct source *s)
{
	struct source now = *s;
	struct stat st;

	if (!s->regular)
		return false;
	if (fstat(s->fd, &st) != 0)
		return true;
	identify(&now, &st);
	return now.size != s->size || now.modified_ns != s->modified_ns;
}

void source_close(struct source *s)
{
	input_close(&s->input);
	columns_free(s->columns);
	s->columns = NULL;
	s->input = (struct input){.fd = -1};
	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
}
