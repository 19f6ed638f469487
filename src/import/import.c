#include "ciclo/import/import.h"

#include <curl/curl.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "job.h"

/* ---- the file of --errors ----------------------------------------------------------------------- */

static bool is_input(const char *path, const struct job *jobs, size_t count)
{
	struct stat st;
	if (stat(path, &st) != 0)
		return false;
	for (size_t i = 0; i < count; i++) {
		const struct source *s = &jobs[i].source;
		if (s->regular && s->device == st.st_dev && s->inode == st.st_ino)
			return true;
	}
	return false;
}

/*
 * The files report into it one after the other. What the last of those that were begun had reported stays, so they must
 * come in the same order again.
 */
static bool open_errors(struct run *run, const struct job *jobs, size_t count)
{
	const char *errors = run->options.errors;
	uint64_t keep = 0;
	bool open = false; /* a file that is not done yet has come */

	if (errors == NULL)
		return report_open(&run->report, NULL, 0);
	if (is_input(errors, jobs, count)) {
		fputs("ciclo import: --errors would write over a file that is to be read\n", stderr);
		return false;
	}
	for (size_t i = 0; i < count; i++) {
		if (jobs[i].state.found && open) {
			fputs("ciclo import: with --errors the files that were begun come first, in the same "
			      "order\n",
			      stderr);
			return false;
		}
		keep = jobs[i].state.found ? jobs[i].state.errors_bytes : keep;
		open |= !jobs[i].state.done;
	}
	if (report_open(&run->report, errors, keep))
		return true;
	fprintf(stderr, "ciclo import: %s: %s\n", errors,
		errno == ESTALE ? "is shorter than the earlier run left it; --restart begins anew"
				: strerror(errno));
	return false;
}

/* ---- the command -------------------------------------------------------------------------------- */

/* ciclo_<id>_<secret>: the id is no secret. */
static void take_key_id(struct run *run)
{
	static const char prefix[] = "ciclo_";
	enum { ID_LENGTH = 12 };
	const char *key = run->options.key;

	if (key != NULL && strncmp(key, prefix, strlen(prefix)) == 0 &&
	    strlen(key) > strlen(prefix) + ID_LENGTH)
		snprintf(run->key_id, sizeof run->key_id, "%.*s", ID_LENGTH, key + strlen(prefix));
}

static void on_retry(void *cls, const char *why)
{
	struct run *run = cls;
	progress_clear(&run->progress);
	fprintf(stderr, "ciclo import: %s: %s; trying again for %lld s\n", client_url(run->client), why,
		(long long)run->options.retry_ms / 1000);
}

static bool open_run(struct run *run)
{
	char why[200];

	if (!stop_open(&run->stop)) {
		fprintf(stderr, "ciclo import: %s\n", strerror(errno));
		return false;
	}
	take_key_id(run);
	run->client = client_new(run->options.url, run->options.key, &run->stop, why, sizeof why);
	if (run->client == NULL) {
		fprintf(stderr, "ciclo import: %s\n", why);
		return false;
	}
	client_on_wait(run->client, progress_tick, &run->progress);
	run->delivery = (struct delivery){.client = run->client,
					  .stop = &run->stop,
					  .retry_ms = run->options.retry_ms,
					  .wait = on_retry,
					  .cls = run};
	delivery_open(&run->delivery);
	return true;
}

/* Every file in turn, until one cannot be finished. When all are, nothing is left beside them. */
static int run_jobs(struct run *run, struct job *jobs, size_t count)
{
	int code = IMPORT_DONE;

	for (size_t i = 0; i < count; i++) {
		int one = job_run(&jobs[i], run);
		if (one > IMPORT_BAD_LINES)
			return one;
		code = one > code ? one : code;
	}
	for (size_t i = 0; i < count; i++)
		state_remove(&jobs[i].state);
	return code;
}

int import_main(const struct contract *contract, int argc, char **argv)
{
	struct run run = {.contract = contract, .stop.fd = -1};
	struct job *jobs = NULL;
	int code = IMPORT_USAGE;
	bool ok;

	if (!options_read(&run.options, argc, argv))
		return IMPORT_USAGE;
	if (run.options.help) {
		options_help(stdout);
		return IMPORT_DONE;
	}
	signal(SIGPIPE, SIG_IGN);
	curl_global_init(CURL_GLOBAL_DEFAULT);
	size_t count = run.options.file_count;
	jobs = calloc(count, sizeof *jobs);
	ok = open_run(&run) && jobs != NULL;
	for (size_t i = 0; i < count && ok; i++)
		ok = job_check(&jobs[i], &run, run.options.files[i]);
	if (ok && open_errors(&run, jobs, count))
		code = run_jobs(&run, jobs, count);
	else if (run.stop.fd >= 0 && stop_asked(&run.stop))
		code = IMPORT_STOPPED;
	for (size_t i = 0; i < count && jobs != NULL; i++)
		job_release(&jobs[i]);
	free(jobs);
	report_close(&run.report);
	delivery_close(&run.delivery);
	client_free(run.client);
	stop_close(&run.stop);
	curl_global_cleanup();
	return code;
}
