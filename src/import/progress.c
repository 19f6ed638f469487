#include "progress.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "ciclo/base/buf.h"
#include "ciclo/base/time.h"

enum {
	DRAW_MS = 100,
	WIDTH = 80,        /* of a terminal that does not say */
	LINE_BYTES = 4096, /* a file name has 255 at most */
	BAR_MIN = 10,
	BAR_MAX = 40
};

void progress_begin(struct progress *p, const char *name, uint64_t size, uint64_t at)
{
	const char *terminal = getenv("TERM");
	const char *slash = strrchr(name, '/');
	*p = (struct progress){.name = slash != NULL ? slash + 1 : name,
			       .size = size,
			       .begun = at,
			       .at = at,
			       .start_ms = clock_monotonic_ms(),
			       .on = isatty(STDERR_FILENO) && terminal != NULL &&
				     strcmp(terminal, "dumb") != 0};
}

void progress_move(struct progress *p, uint64_t at, uint64_t lines)
{
	/* A file may grow while it is read. */
	p->at = p->size > 0 && at > p->size ? p->size : at;
	p->lines = lines;
}

static size_t width_of_terminal(void)
{
	struct winsize size;
	size_t width = WIDTH;

	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
		width = size.ws_col;
	return width;
}

/* "1:02:03", "2:03" */
static void format_time(int64_t seconds, char *out, size_t size)
{
	int h = (int)(seconds / 3600), m = (int)(seconds / 60 % 60), s = (int)(seconds % 60);

	if (h > 0)
		snprintf(out, size, "%d:%02d:%02d", h, m, s);
	else
		snprintf(out, size, "%d:%02d", m, s);
}

/* " 43 %  18532 lines  1290 lines/s  0:12 left" */
static void format_numbers(const struct progress *p, int64_t now_ms, char *out, size_t size)
{
	int64_t ms = now_ms - p->start_ms > 0 ? now_ms - p->start_ms : 1;
	uint64_t bytes = p->at - p->begun;
	char share[16] = "", left[48] = "";

	if (p->size > 0)
		snprintf(share, sizeof share, "%3llu %%  ", (unsigned long long)(p->at * 100 / p->size));
	if (p->size > 0 && bytes > 0) {
		char time[24];
		double rest = (double)(p->size - p->at) * (double)ms / (double)bytes / 1000;
		format_time((int64_t)rest, time, sizeof time);
		snprintf(left, sizeof left, "  %s left", time);
	}
	snprintf(out, size, "%s%llu lines  %llu lines/s%s", share, (unsigned long long)p->lines,
		 (unsigned long long)(p->lines * 1000 / (uint64_t)ms), left);
}

void progress_tick(void *progress)
{
	struct progress *p = progress;
	int64_t now_ms = clock_monotonic_ms();
	char numbers[160], bar[BAR_MAX + 3] = "";
	struct buf line;

	if (!p->on || (p->drawn && now_ms - p->drawn_ms < DRAW_MS))
		return;
	format_numbers(p, now_ms, numbers, sizeof numbers);
	size_t width = width_of_terminal() - 1;
	size_t text = strlen(p->name) + strlen(numbers) + 5;
	if (p->size > 0 && text + BAR_MIN <= width) {
		size_t room = width - text < BAR_MAX ? width - text : BAR_MAX;
		memset(bar, ' ', room + 2);
		memset(bar + 1, '=', room * p->at / p->size);
		bar[0] = '[';
		bar[room + 1] = ']';
		bar[room + 2] = '\0';
	}
	buf_init(&line, LINE_BYTES);
	buf_printf(&line, "%s %s%s%s", p->name, bar, bar[0] != '\0' ? " " : "", numbers);
	fprintf(stderr, "\r%.*s\x1b[K", (int)width, line.data != NULL ? line.data : "");
	buf_release(&line);
	p->drawn = true;
	p->drawn_ms = now_ms;
}

void progress_clear(struct progress *p)
{
	if (p->drawn)
		fputs("\r\x1b[K", stderr);
	p->drawn = false;
}
