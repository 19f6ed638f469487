#include "list.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "ciclo/base/buf.h"
#include "ciclo/base/time.h"
#include "handlers.h"

enum {
	LIMIT_DEFAULT = 100, /* as openapi.yaml */
	CURSOR_TEXT = 128,   /* "v1 " + instant + " " + UUID is 68 bytes */
	/* 1,000 documents of the largest kind, an order of 5,000 lines each, would be 1 GiB: such pages are cut off by 503. */
	LIST_TEXT_MAX = 256 << 20,
	COLUMN_ID = 0,
	COLUMN_SORT_KEY = 1,
	COLUMN_DOCUMENT = 2
};

struct list {
	struct call *call;
	const struct list_kind *kind;
	struct reference parent;
	size_t limit;
	char limit_text[8];
	char sort_key[INSTANT_TEXT];
	char id[UUID_TEXT];
	struct lookup lookup;
	struct segment segment;
};

static void list_free(struct list *l)
{
	lookup_release(&l->lookup);
	free(l);
}

static bool sort_key_valid(enum list_order order, const char *text)
{
	int64_t us;
	int32_t day;
	return order == LIST_BY_INSTANT ? instant_parse(text, strlen(text), &us)
					: day_parse(text, strlen(text), &day);
}

/* "v1 SORT_KEY ID" in base64url. */
static bool cursor_read(struct list *l, const char *cursor)
{
	char text[CURSOR_TEXT];
	size_t len;
	if (sodium_base642bin((unsigned char *)text, sizeof text - 1, cursor, strlen(cursor), NULL, &len,
			      NULL, sodium_base64_VARIANT_URLSAFE_NO_PADDING) != 0)
		return false;
	text[len] = '\0';
	char *key = strncmp(text, "v1 ", 3) == 0 ? text + 3 : NULL;
	char *id = key != NULL ? strchr(key, ' ') : NULL;
	if (id == NULL || strlen(text) != len)
		return false;
	*id++ = '\0';
	if (strlen(key) >= sizeof l->sort_key || !sort_key_valid(l->kind->order, key) ||
	    !uuid_valid(id, strlen(id)))
		return false;
	memcpy(l->sort_key, key, strlen(key) + 1);
	memcpy(l->id, id, sizeof l->id);
	return true;
}

static char *cursor_write(struct arena *arena, const char *sort_key, const char *id)
{
	char text[CURSOR_TEXT];
	int len = snprintf(text, sizeof text, "v1 %s %s", sort_key, id);
	size_t size = sodium_base64_ENCODED_LEN((size_t)len, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	char *cursor = arena_alloc(arena, size);
	if (cursor != NULL)
		sodium_bin2base64(cursor, size, (const unsigned char *)text, (size_t)len,
				  sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	return cursor;
}

/* The target of the next page: this one's, with the new cursor. */
static void link_next(const struct list *l, const char *cursor)
{
	struct buf target;
	const char *now = call_target(l->call);
	size_t path = strcspn(now, "?");
	buf_init(&target, 8192);
	buf_add(&target, now, path);
	buf_printf(&target, "?cursor=%s", cursor);
	for (const char *p = now[path] == '?' ? now + path + 1 : ""; *p != '\0';) {
		size_t len = strcspn(p, "&");
		if (len > 0 && strncmp(p, "cursor=", 7) != 0)
			buf_printf(&target, "&%.*s", (int)len, p);
		p += len + (p[len] == '&');
	}
	if (!target.failed)
		call_add_header(l->call, "Link", "<%s>; rel=\"next\"", target.data);
	buf_release(&target);
}

static void list_page(struct list *l, const struct db_answer *answer, size_t read)
{
	struct buf text;
	size_t rows = db_rows(answer, read);
	bool more = rows > l->limit;
	const char *cursor = NULL;

	buf_init(&text, LIST_TEXT_MAX);
	buf_adds(&text, "{\"items\":[");
	for (size_t row = 0; row < rows && row < l->limit; row++) {
		buf_adds(&text, row > 0 ? "," : "");
		buf_add(&text, db_cell(answer, read, row, COLUMN_DOCUMENT),
			db_cell_length(answer, read, row, COLUMN_DOCUMENT));
	}
	if (more)
		cursor = cursor_write(call_arena(l->call),
				      db_cell(answer, read, l->limit - 1, COLUMN_SORT_KEY),
				      db_cell(answer, read, l->limit - 1, COLUMN_ID));
	if (cursor != NULL) {
		link_next(l, cursor);
		buf_printf(&text, "],\"next\":\"%s\"}", cursor);
	} else {
		buf_adds(&text, "],\"next\":null}");
	}
	if (text.failed)
		call_problem(l->call, PROBLEM_overloaded, NULL,
			     "this page is too large; ask for fewer items");
	else
		call_reply_text(l->call, 200, "application/json", text.data, text.len);
	buf_release(&text);
}

static void list_answered(void *cls, const struct db_answer *answer)
{
	struct list *l = cls;
	bool has_parent = l->kind->parent != REF_TABLES;
	if (db_status(answer) != DB_OK)
		call_db_problem(l->call, answer);
	else if (has_parent && db_rows(answer, 0) == 0)
		call_problem(l->call, PROBLEM_not_found, NULL, "nothing here has this reference");
	else
		list_page(l, answer, has_parent ? 1 : 0);
	list_free(l);
}

static bool add_customer(struct list *l, struct segment_read *read, const char *text)
{
	struct reference r = {0};
	if (text != NULL && reference_customer(&r, text, call_arena(l->call)) == NULL)
		return false;
	bool by_id = text != NULL && r.table == REF_CUSTOMER;
	read->args[read->arg_count++] = by_id ? r.value : NULL;
	read->args[read->arg_count++] = by_id ? NULL : r.kind;
	read->args[read->arg_count++] = by_id ? NULL : r.value;
	return true;
}

static bool list_reads(struct list *l)
{
	struct segment *s = &l->segment;
	bool has_parent = l->kind->parent != REF_TABLES;
	if (!lookup_init(&l->lookup, 1, call_arena(l->call)))
		return false;
	if (has_parent)
		lookup_add(&l->lookup,
			   reference_resource(&l->parent, l->kind->parent, call_param(l->call, "ref")));
	if (!lookup_reads(&l->lookup, s))
		return false;

	struct segment_read *read = &s->reads[s->read_count++];
	*read = (struct segment_read){.query = l->kind->query, .arg_count = 3, .args = {l->limit_text}};
	if (l->id[0] != '\0') {
		read->args[1] = l->sort_key;
		read->args[2] = l->id;
	}
	if (has_parent) {
		bool by_id = strcmp(l->parent.kind, "id") == 0;
		read->args[read->arg_count++] = by_id ? l->parent.value : NULL;
		read->args[read->arg_count++] = by_id ? NULL : l->parent.value;
	}
	for (const struct list_filter *f = l->kind->filters; f->name != NULL; f++) {
		const char *value = call_param(l->call, f->name);
		if (f->kind == FILTER_CUSTOMER && !add_customer(l, read, value))
			return false;
		if (f->kind == FILTER_TEXT)
			read->args[read->arg_count++] = value;
	}
	return true;
}

void list_get(struct api *api, struct call *call, const struct list_kind *kind)
{
	const char *cursor = call_param(call, "cursor");
	struct list *l = calloc(1, sizeof *l);
	if (l == NULL) {
		call_problem(call, PROBLEM_internal_error, NULL, "out of memory");
		return;
	}
	*l = (struct list){
		.call = call, .kind = kind, .limit = (size_t)call_param_int(call, "limit", LIMIT_DEFAULT)};
	snprintf(l->limit_text, sizeof l->limit_text, "%zu", l->limit + 1);
	l->segment = (struct segment){
		.lane = LANE_REPORT, .deadline_ms = call_deadline_ms(call), .done = list_answered, .cls = l};
	if (cursor != NULL && !cursor_read(l, cursor)) {
		struct violations v = {0};
		violation_add(&v, IN_QUERY, "cursor", "format", "is not a cursor of this list");
		call_problem(call, PROBLEM_invalid_parameter, &v, "take the cursor from `next` as it is");
		violations_release(&v);
		list_free(l);
	} else if (!list_reads(l)) {
		call_problem(call, PROBLEM_internal_error, NULL, "out of memory");
		list_free(l);
	} else {
		db_submit(api->db, &l->segment);
	}
}
