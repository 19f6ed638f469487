#include "batch.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "ciclo/contract/json.h"

bool batch_open(struct batch *b, size_t limit)
{
	*b = (struct batch){.limit = limit, .line = calloc(limit, sizeof *b->line)};
	buf_init(&b->body, BATCH_BYTES_MAX);
	return b->line != NULL;
}

static void clear(struct batch *b)
{
	for (size_t i = 0; i < b->count; i++)
		free(b->line[i].fault);
	b->count = 0;
	b->sent = 0;
	b->body.len = 0;
	b->body.failed = false;
}

void batch_close(struct batch *b)
{
	if (b->line != NULL)
		clear(b);
	free(b->line);
	buf_release(&b->body);
}

/* What is wrong with a record; fault NULL: nothing. */
struct fault {
	enum problem problem;
	const char *fault;
	char text[200];
};

/* A row of CSV as JSON text, malloc'd. NULL, or too long: see f. */
static char *row_text(const struct source *source, struct fault *f)
{
	json_t *object = columns_object(source->columns, &source->input.row, f->text, sizeof f->text);
	char *text = object != NULL ? json_write(object) : NULL;

	json_decref(object);
	if (text == NULL) {
		f->problem = PROBLEM_validation_failed;
		f->fault = f->text;
	} else if (strlen(text) > RECORD_MAX) {
		f->problem = PROBLEM_body_too_large;
		f->fault = "the record as JSON is longer than 1 MiB";
	}
	return text;
}

static void add_line(struct batch *b, uint64_t number, const struct fault *f)
{
	b->line[b->count++] = (struct batch_line){
		.number = number,
		.problem = f->problem,
		.fault = f->fault != NULL ? strdup(f->fault) : NULL,
	};
}

/* Adds one record. false: there is no room left in the body. */
static bool add(struct batch *b, const struct source *source, const struct record *r)
{
	struct fault f = {.problem = r->problem, .fault = r->fault, .text = "memory is out"};
	char *row = NULL;
	const char *text = r->text;
	size_t len = r->content;
	bool fits = true;

	if (f.fault == NULL && source->format == FORMAT_CSV) {
		row = row_text(source, &f);
		text = row;
		len = row != NULL ? strlen(row) : 0;
	}
	if (f.fault != NULL) {
		add_line(b, source->input.line, &f);
	} else if (len < BATCH_BYTES_MAX - b->body.len) {
		buf_add(&b->body, text, len);
		buf_adds(&b->body, "\n");
		add_line(b, source->input.line, &f);
		b->sent++;
	} else {
		fits = false;
	}
	free(row);
	return fits;
}

/* The parts are set apart by their NULs; the offset is text as well, so that no machine says it differently. */
static void key_begin(crypto_generichash_state *state, const struct source *source)
{
	char head[sizeof source->collection.name + DIGEST_TEXT + 100];
	int len = snprintf(head, sizeof head, "ciclo import 1%c%s%c%s%c%s%c%llu%c", '\0',
			   source->collection.name, '\0', source->format == FORMAT_CSV ? "csv" : "ndjson",
			   '\0', source->header, '\0', (unsigned long long)source->input.offset, '\0');

	crypto_generichash_init(state, NULL, 0, BATCH_KEY_BYTES);
	crypto_generichash_update(state, (const unsigned char *)head, (unsigned long long)len);
}

static void key_end(crypto_generichash_state *state, struct batch *b)
{
	unsigned char hash[BATCH_KEY_BYTES];

	crypto_generichash_final(state, hash, sizeof hash);
	sodium_bin2hex(b->key, sizeof b->key, hash, sizeof hash);
}

enum input_event batch_read(struct batch *b, struct source *source)
{
	struct input *in = &source->input;
	crypto_generichash_state state;
	enum input_event event = INPUT_RECORD;
	struct record r;

	clear(b);
	key_begin(&state, source);
	/* A line that was too long is passed over to its end, so that no run goes on in the middle of one. */
	while (b->count < b->limit || in->skipping) {
		event = input_peek(in, &r);
		if (event != INPUT_RECORD)
			break;
		if (!r.blank && !r.rest && !add(b, source, &r))
			break;
		crypto_generichash_update(&state, (const unsigned char *)r.text, r.len);
		input_take(in, &r);
	}
	key_end(&state, b);
	if (b->body.failed) {
		errno = ENOMEM;
		return INPUT_FAILED;
	}
	return event == INPUT_END && b->count > 0 ? INPUT_RECORD : event;
}
