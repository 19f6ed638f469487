#include "idempotency.h"

#include <stdlib.h>
#include <string.h>

#include "ciclo/base/time.h"
#include "ciclo/contract/json.h"

void idempotency_init(struct idempotency *i, const struct call *call)
{
	const char *key = call_header(call, "Idempotency-Key");
	size_t len;
	const char *body = call_raw_body(call, &len);

	*i = (struct idempotency){.used = key != NULL};
	if (key == NULL)
		return;
	/* The draft's quoted form and the bare form that most clients send are the same key. */
	size_t key_len = strlen(key);
	char bare[256];
	bool quoted = key_len >= 2 && key[0] == '"' && key[key_len - 1] == '"';
	snprintf(bare, sizeof bare, "%.*s", (int)(quoted ? key_len - 2 : key_len), quoted ? key + 1 : key);
	text_hash(i->key_hash, call_key_id(call), call_operation(call)->method, call_target(call), bare,
		  (char *)NULL);
	const char *type = call_body_type(call);
	text_hash(i->fingerprint, type != NULL ? type : "", body != NULL ? body : "", (char *)NULL);
}

void idempotency_read(struct idempotency *i, struct segment *s)
{
	if (!i->used)
		return;
	i->read = s->read_count;
	s->reads[s->read_count++] =
		(struct segment_read){.query = Q_IDEMPOTENCY_GET, .arg_count = 1, .args = {i->key_hash}};
}

enum { FINGERPRINT, STATUS, ANSWER };

static bool is_stored(const struct idempotency *i, const struct db_answer *answer)
{
	return i->used && db_rows(answer, i->read) > 0;
}

const char *idempotency_stored_id(const struct idempotency *i, struct call *call,
				  const struct db_answer *answer)
{
	char why[128];
	if (!is_stored(i, answer) || strcmp(db_cell(answer, i->read, 0, FINGERPRINT), i->fingerprint) != 0)
		return NULL;
	json_t *doc = json_read(db_cell(answer, i->read, 0, ANSWER),
				db_cell_length(answer, i->read, 0, ANSWER), why, sizeof why);
	const char *id = json_string_value(json_object_get(doc, "id"));
	const char *kept = id != NULL ? arena_strndup(call_arena(call), id, strlen(id)) : NULL;
	json_decref(doc);
	return kept;
}

bool idempotency_replay(const struct idempotency *i, struct call *call, const struct db_answer *answer)
{
	if (!is_stored(i, answer))
		return false;
	if (strcmp(db_cell(answer, i->read, 0, FINGERPRINT), i->fingerprint) != 0) {
		call_problem(call, PROBLEM_idempotency_mismatch, NULL,
			     "this key was used within 24 hours with another body");
		return true;
	}
	call_add_header(call, "Idempotent-Replayed", "true");
	call_reply_text(call, (int)strtol(db_cell(answer, i->read, 0, STATUS), NULL, 10), "application/json",
			db_cell(answer, i->read, 0, ANSWER), db_cell_length(answer, i->read, 0, ANSWER));
	return true;
}

const char *idempotency_row(const struct idempotency *i, struct call *call, int status, const char *answer,
			    const char *customer_id)
{
	json_t *row = json_object();
	json_object_set_new(row, "key_hash", json_string(i->key_hash));
	json_object_set_new(row, "fingerprint", json_string(i->fingerprint));
	json_object_set_new(row, "status", json_integer(status));
	json_object_set_new(row, "answer", json_string(answer));
	document_text(row, "customer_id", customer_id);
	document_instant(row, "created_at", clock_now_us());
	char *text = json_write(row);
	const char *kept = text != NULL ? arena_strndup(call_arena(call), text, strlen(text)) : NULL;
	free(text);
	json_decref(row);
	return kept;
}
