#include "job.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "ciclo/base/time.h"
#include "ciclo/import/import.h"

/* ---- before anything is sent ------------------------------------------------------------------ */

static bool refuse(const struct job *j, const char *why, const char *advice)
{
	fprintf(stderr, "ciclo import: %s: %s%s\n", j->source.name, why, advice);
	return false;
}

/* What must be the same when a run goes on. */
static json_t *ties_of(const struct job *j, const struct run *run)
{
	const struct source *s = &j->source;
	return json_pack("{s:s, s:s, s:s, s:I, s:s?, s:I, s:I, s:s}", "collection", s->collection.name, "url",
			 client_url(run->client), "format", s->format == FORMAT_CSV ? "csv" : "ndjson",
			 "batch", (json_int_t)j->batch, "errors", run->options.errors, "size",
			 (json_int_t)s->size, "modified_ns", (json_int_t)s->modified_ns, "head", s->head);
}

/* As said, else as an earlier run had it: other borders would make other keys. */
static size_t batch_of(const struct source *s, const struct options *o)
{
	json_int_t earlier = o->batch == 0 && s->regular ? state_peek(s->file, "batch") : 0;

	if (o->batch > 0)
		return o->batch;
	return earlier > 0 && earlier <= BATCH_LINES_MAX ? (size_t)earlier : BATCH_LINES;
}

static bool check_state(struct job *j, const struct run *run)
{
	char why[300] = "";
	char which[100];
	json_t *ties = ties_of(j, run);
	enum state_end end = state_load(&j->state, j->source.file, ties, why, sizeof why);

	if (ties == NULL || j->state.path == NULL)
		return refuse(j, "memory is out", "");
	if (run->options.restart) {
		state_forget(&j->state);
		return true;
	}
	if (end == STATE_OTHER)
		return refuse(j, why, "; go on with that, or --restart to begin anew");
	/* The service keeps the keys of one API key apart from those of another. */
	if (j->state.found && !j->state.done && j->state.unanswered &&
	    strcmp(j->state.key_id, run->key_id) != 0) {
		snprintf(which, sizeof which, "API key %s",
			 j->state.key_id[0] != '\0' ? j->state.key_id : "(none)");
		snprintf(why, sizeof why, "the batch from line %" PRIu64 " on may be in under %s",
			 j->state.line, which);
		return refuse(j, why, "; go on with that key, or --restart if all lines have an external_id");
	}
	return true;
}

bool job_check(struct job *j, struct run *run, const char *file)
{
	*j = (struct job){.batch = 0};
	if (!source_describe(&j->source, run->contract, &run->options, file)) {
		refuse(j, j->source.why, "");
		if (j->source.collection.operation == NULL && j->source.format != FORMAT_NONE) {
			fputs("The collections are: ", stderr);
			collection_list(run->contract, stderr);
			fputs("\n", stderr);
		}
		return false;
	}
	j->batch = batch_of(&j->source, &run->options);
	/* What can be read once only is looked at when its turn comes. */
	if (!j->source.regular)
		return true;
	enum input_event event = source_open(&j->source, &run->stop);
	if (event == INPUT_FAILED)
		refuse(j, j->source.why, "");
	bool ok = event == INPUT_RECORD && check_state(j, run);
	source_close(&j->source);
	return ok;
}

void job_release(struct job *j)
{
	if (j->source.file != NULL)
		source_close(&j->source);
	state_release(&j->state);
}

/* ---- sending ---------------------------------------------------------------------------------- */

static void say(struct run *run, const struct job *j, const char *what)
{
	progress_clear(&run->progress);
	fprintf(stderr, "ciclo import: %s: %s\n", j->source.name, what);
}

/* What was reported and how far it is, in this order: a report may be ahead of the state, and is cut back then. */
static bool keep(struct job *j, struct run *run)
{
	char why[300];

	if (!report_flush(&run->report, &j->state.errors_bytes)) {
		snprintf(why, sizeof why, "%s: %s", run->options.errors, strerror(errno));
		say(run, j, why);
		return false;
	}
	if (!state_save(&j->state) && !j->warned) {
		snprintf(why, sizeof why, "%s: %s; if interrupted, it would begin again further up",
			 j->state.path, strerror(errno));
		say(run, j, why);
		j->warned = true;
	}
	return true;
}

static void report_line(struct run *run, struct job *j, uint64_t line, const json_t *problem)
{
	progress_clear(&run->progress);
	report_bad(&run->report, j->source.name, line, problem);
	j->state.tally.failed++;
}

/* What became of each line. created_counts: what the answer calls created was created by this import. */
static void account(struct job *j, struct run *run, const struct batch *b, bool created_counts)
{
	const json_t *results = json_object_get(run->delivery.answer, "results");
	size_t item = 0;

	for (size_t i = 0; i < b->count; i++) {
		const struct batch_line *line = &b->line[i];
		if (line->problem != PROBLEM_NONE) {
			json_t *problem =
				report_problem(line->problem, line->fault != NULL ? line->fault : "");
			report_line(run, j, line->number, problem);
			json_decref(problem);
			continue;
		}
		const json_t *result = json_array_get(results, item++);
		json_int_t status = json_integer_value(json_object_get(result, "status"));
		if (status == 201 && created_counts)
			j->state.tally.created++;
		else if (status == 200 || status == 201)
			j->state.tally.unchanged++;
		else
			report_line(run, j, line->number, json_object_get(result, "problem"));
	}
	j->lines += b->count;
}

static int unfinished(struct job *j, struct run *run, int code, const char *why)
{
	char text[900];

	snprintf(text, sizeof text, "%s at line %" PRIu64 "%s%s; %s",
		 code == IMPORT_STOPPED ? "stopped" : "not finished", j->state.line, *why != '\0' ? ": " : "",
		 why,
		 j->source.regular ? "the same command goes on from there"
				   : "send the same input again: what is in is not doubled");
	say(run, j, text);
	return code;
}

/* An exit code; IMPORT_DONE: the batch is in. */
static int send_batch(struct job *j, struct run *run, const struct batch *b, bool maybe_sent)
{
	struct delivery *d = &run->delivery;
	enum delivery_end end = b->sent > 0 ? delivery_send(d, j->source.collection.path, b) : DELIVERED;

	if (end == DELIVERY_STOPPED)
		return unfinished(j, run, IMPORT_STOPPED, "");
	if (end != DELIVERED) {
		j->state.unanswered = end == DELIVERY_FAILED && (maybe_sent || d->sent);
		if (!keep(j, run))
			return IMPORT_NOT_FINISHED;
		return unfinished(j, run, IMPORT_NOT_FINISHED, d->why);
	}
	account(j, run, b, maybe_sent || d->repeated || !d->reply.replayed);
	j->state.offset = j->source.input.offset;
	j->state.line = j->source.input.line;
	progress_move(&run->progress, j->state.offset, j->lines);
	progress_tick(&run->progress);
	return keep(j, run) ? IMPORT_DONE : IMPORT_NOT_FINISHED;
}

/* All batches. IMPORT_DONE: the end of the file has been reached. */
static int send_all(struct job *j, struct run *run, struct batch *b)
{
	bool maybe_sent = j->state.found && j->state.unanswered;

	j->state.unanswered = true;
	snprintf(j->state.key_id, sizeof j->state.key_id, "%s", run->key_id);
	if (!keep(j, run))
		return IMPORT_NOT_FINISHED;
	for (;;) {
		enum input_event event = batch_read(b, &j->source);
		if (event == INPUT_END)
			return IMPORT_DONE;
		if (event == INPUT_FAILED)
			return unfinished(j, run, IMPORT_NOT_FINISHED, strerror(errno));
		int code = event == INPUT_STOPPED ? IMPORT_DONE : send_batch(j, run, b, maybe_sent);
		maybe_sent = false;
		if (code != IMPORT_DONE)
			return code;
		if (stop_asked(&run->stop)) {
			j->state.unanswered = false;
			return keep(j, run) ? unfinished(j, run, IMPORT_STOPPED, "") : IMPORT_NOT_FINISHED;
		}
	}
}

static void summarize(struct job *j, struct run *run)
{
	const struct tally *t = &j->state.tally;

	progress_clear(&run->progress);
	printf("%s: %" PRIu64 " lines: %" PRIu64 " created, %" PRIu64 " unchanged, %" PRIu64 " failed",
	       j->source.name, t->created + t->unchanged + t->failed, t->created, t->unchanged, t->failed);
	if (j->start_ms == 0)
		puts(", all by an earlier run");
	else
		printf(" in %.1f s%s\n", (double)(clock_monotonic_ms() - j->start_ms) / 1000,
		       j->state.found ? ", begun by an earlier run" : "");
	fflush(stdout);
}

static int finish(struct job *j, struct run *run)
{
	if (source_changed(&j->source)) {
		say(run, j, "changed while it was read, so lines may be missing; --restart begins anew");
		return IMPORT_NOT_FINISHED;
	}
	j->state.done = true;
	j->state.unanswered = false;
	if (!keep(j, run))
		return IMPORT_NOT_FINISHED;
	summarize(j, run);
	return j->state.tally.failed > 0 ? IMPORT_BAD_LINES : IMPORT_DONE;
}

/* Opens the source where the run begins. */
static int open_at(struct job *j, struct run *run)
{
	enum input_event event = source_open(&j->source, &run->stop);

	if (event == INPUT_STOPPED)
		return unfinished(j, run, IMPORT_STOPPED, "");
	if (event != INPUT_RECORD)
		return unfinished(j, run, IMPORT_NOT_FINISHED, j->source.why);
	if (j->state.found && !source_seek(&j->source, j->state.offset, j->state.line))
		return unfinished(j, run, IMPORT_NOT_FINISHED, strerror(errno));
	j->state.offset = j->source.input.offset;
	j->state.line = j->source.input.line;
	return IMPORT_DONE;
}

int job_run(struct job *j, struct run *run)
{
	struct batch batch;
	int code;

	if (j->state.done) {
		summarize(j, run);
		return j->state.tally.failed > 0 ? IMPORT_BAD_LINES : IMPORT_DONE;
	}
	j->start_ms = clock_monotonic_ms();
	code = open_at(j, run);
	if (code != IMPORT_DONE)
		return code;
	progress_begin(&run->progress, j->source.name, j->source.size, j->state.offset);
	if (batch_open(&batch, j->batch))
		code = send_all(j, run, &batch);
	else
		code = unfinished(j, run, IMPORT_NOT_FINISHED, "memory is out");
	batch_close(&batch);
	code = code == IMPORT_DONE ? finish(j, run) : code;
	source_close(&j->source);
	return code;
}
