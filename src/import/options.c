#include "options.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "batch.h"

enum { RETRY_S = 60, RETRY_S_MAX = 86400 };

void options_help(FILE *out)
{
	fputs("usage: ciclo import [--as COLLECTION] [--url URL] [--batch LINES] [--errors FILE] FILE...\n\n"
	      "Sends the lines of files to a running service. NDJSON (.ndjson, .jsonl): one JSON object a "
	      "line. CSV\n"
	      "(.csv): the header names fields, such as external_id, customer.email or items.0.sku. - is "
	      "standard input.\n"
	      "Sending again doubles nothing: after an interruption the same command goes on where it "
	      "was.\n\n"
	      "  --as COLLECTION   where the lines go, such as orders or "
	      "surveys/external:nps-2026/responses;\n"
	      "                    without it what the file is called: orders.csv, orders-2024.ndjson\n"
	      "  --format FORMAT   ndjson or csv; without it by the end of the file's name, ndjson for -\n"
	      "  --url URL         the service; without it CICLO_URL, or http://127.0.0.1:8080\n"
	      "  --key KEY         API key. Better in CICLO_API_KEY: others can see command lines\n"
	      "  --batch LINES     lines of one request, 1 to 10000; without it 1000. Keep it the same for a "
	      "file\n"
	      "  --errors FILE     write every bad line there: {\"file\", \"line\", \"problem\"}, one a "
	      "line\n"
	      "  --retry SECONDS   how long a service that does not answer is tried; without it 60\n"
	      "  --restart         begin anew, whatever an earlier run has done\n\n"
	      "How far a run is stands in FILE.ciclo-import until all is in. Exit code: 0 all lines are in; "
	      "1 some were\n"
	      "refused; 2 not finished, 130 stopped by a signal: the same command goes on; 64 nothing was "
	      "sent.\n",
	      out);
}

static bool number(const char *option, const char *text, long long min, long long max, long long *ret)
{
	char *end;
	*ret = strtoll(text, &end, 10);
	if (end != text && *end == '\0' && *ret >= min && *ret <= max)
		return true;
	fprintf(stderr, "ciclo import: --%s takes a number of %lld to %lld\n", option, min, max);
	return false;
}

static bool read_format(const char *text, enum format *ret)
{
	*ret = strcmp(text, "csv") == 0      ? FORMAT_CSV
	       : strcmp(text, "ndjson") == 0 ? FORMAT_NDJSON
					     : FORMAT_NONE;
	if (*ret != FORMAT_NONE)
		return true;
	fputs("ciclo import: --format is ndjson or csv\n", stderr);
	return false;
}

static bool read_option(struct options *o, int which)
{
	long long value = 0;
	bool ok = true;

	switch (which) {
	case 'a':
		o->collection = optarg;
		break;
	case 'b':
		ok = number("batch", optarg, 1, BATCH_LINES_MAX, &value);
		o->batch = (size_t)value;
		break;
	case 'e':
		o->errors = optarg;
		break;
	case 'f':
		ok = read_format(optarg, &o->format);
		break;
	case 'h':
		o->help = true;
		break;
	case 'k':
		o->key = optarg;
		break;
	case 'r':
		ok = number("retry", optarg, 0, RETRY_S_MAX, &value);
		o->retry_ms = value * 1000;
		break;
	case 's':
		o->restart = true;
		break;
	case 'u':
		o->url = optarg;
		break;
	default:
		ok = false;
	}
	return ok;
}

static const char *from_environment(const char *name, const char *fallback)
{
	const char *value = getenv(name);
	return value != NULL && *value != '\0' ? value : fallback;
}

/* What concerns all files together. */
static bool check_files(const struct options *o)
{
	size_t standard = 0;
	for (size_t i = 0; i < o->file_count; i++)
		standard += strcmp(o->files[i], "-") == 0;
	if (o->file_count == 0)
		fputs("ciclo import: which file? See ciclo import --help\n", stderr);
	else if (standard > 1)
		fputs("ciclo import: there is one standard input\n", stderr);
	return o->file_count > 0 && standard <= 1;
}

bool options_read(struct options *ret, int argc, char **argv)
{
	static const struct option table[] = {
		{"as", required_argument, NULL, 'a'},     {"batch", required_argument, NULL, 'b'},
		{"errors", required_argument, NULL, 'e'}, {"format", required_argument, NULL, 'f'},
		{"help", no_argument, NULL, 'h'},         {"key", required_argument, NULL, 'k'},
		{"retry", required_argument, NULL, 'r'},  {"restart", no_argument, NULL, 's'},
		{"url", required_argument, NULL, 'u'},    {NULL, 0, NULL, 0},
	};
	int which;

	*ret = (struct options){
		.url = from_environment("CICLO_URL", "http://127.0.0.1:8080"),
		.key = from_environment("CICLO_API_KEY", NULL),
		.retry_ms = (int64_t)RETRY_S * 1000,
	};
	while ((which = getopt_long(argc, argv, "", table, NULL)) != -1)
		if (!read_option(ret, which))
			return false;
	ret->files = argv + optind;
	ret->file_count = (size_t)(argc - optind);
	return ret->help || check_files(ret);
}
