#include "page.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "ciclo/base/buf.h"
#include "row.h"

enum {
	LIMIT_DEFAULT = 100, /* as openapi.yaml */
	CURSOR_TEXT = 128,   /* "v1 " + instant + " " + UUID is 68 bytes */
	/* 1,000 documents of the largest kind, an order of 5,000 lines each, would be 1 GiB: such pages are cut off by 503. */
	LIST_TEXT_MAX = 256 << 20,
	COLUMN_ID = 0,
	COLUMN_SORT_KEY = 1,
	COLUMN_DOCUMENT = 2
};

/* As PostgreSQL takes it: a cursor that somebody else made may have an offset that is too large for it. */
static bool sort_key_read(struct page *p, const char *text)
{
	int64_t us;
	int32_t day;
	size_t len = strlen(text);
	if (p->order == LIST_BY_INSTANT && instant_parse(text, len, &us)) {
		instant_format(us, p->sort_key);
		return true;
	}
	if (p->order == LIST_BY_INSTANT || len >= sizeof p->sort_key || !day_parse(text, len, &day))
		return false;
	memcpy(p->sort_key, text, len + 1);
	return true;
}

/* "v1 SORT_KEY ID" in base64url. */
static bool cursor_read(struct page *p, const char *cursor)
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
	if (!uuid_valid(id, strlen(id)) || !sort_key_read(p, key))
		return false;
	memcpy(p->id, id, sizeof p->id);
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

/* Is this pair of a query the cursor? Names may be escaped as well; that they are escaped properly is known by now. */
static bool is_cursor(const char *pair)
{
	for (const char *name = "cursor"; *name != '\0'; name++) {
		char byte = *pair++;
		if (byte == '%' && *pair != '\0') {
			const char digits[] = {pair[0], pair[1], '\0'};
			byte = (char)strtol(digits, NULL, 16);
			pair += 2;
		}
		if (byte != *name)
			return false;
	}
	return *pair == '=';
}

/* The target of the next page: this one's, with the new cursor. */
static void link_next(struct call *call, const char *cursor)
{
	struct buf target;
	const char *now = call_target(call);
	size_t path = strcspn(now, "?");
	buf_init(&target, 8192);
	buf_add(&target, now, path);
	buf_printf(&target, "?cursor=%s", cursor);
	for (const char *p = now[path] == '?' ? now + path + 1 : ""; *p != '\0';) {
		size_t len = strcspn(p, "&");
		if (len > 0 && !is_cursor(p))
			buf_printf(&target, "&%.*s", (int)len, p);
		p += len + (p[len] == '&');
	}
	if (!target.failed)
		call_add_header(call, "Link", "<%s>; rel=\"next\"", target.data);
	buf_release(&target);
}

bool page_open(struct page *p, struct call *call, enum list_order order)
{
	const char *cursor = call_param(call, "cursor");
	struct violations v = {0};

	*p = (struct page){
		.call = call, .order = order, .limit = (size_t)call_param_int(call, "limit", LIMIT_DEFAULT)};
	/* One more than is shown says whether there is a next page. */
	snprintf(p->limit_text, sizeof p->limit_text, "%zu", p->limit + 1);
	if (cursor == NULL || cursor_read(p, cursor))
		return true;
	violation_add(&v, IN_QUERY, "cursor", "format", "is not a cursor of this list");
	call_problem(call, PROBLEM_invalid_parameter, &v, "take the cursor from `next` as it is");
	violations_release(&v);
	return false;
}

void page_args(const struct page *p, const char *args[static PAGE_ARGS])
{
	bool first = p->id[0] == '\0';

	args[0] = p->limit_text;
	args[1] = first ? NULL : p->sort_key;
	args[2] = first ? NULL : p->id;
}

void page_reply(const struct page *p, const struct db_answer *answer, size_t read)
{
	struct buf text;
	size_t rows = db_rows(answer, read);
	bool more = rows > p->limit;
	const char *cursor = NULL;

	buf_init(&text, LIST_TEXT_MAX);
	buf_adds(&text, "{\"items\":[");
	for (size_t row = 0; row < rows && row < p->limit; row++) {
		buf_adds(&text, row > 0 ? "," : "");
		row_document(&text, answer, read, row, COLUMN_DOCUMENT);
	}
	if (more)
		cursor = cursor_write(call_arena(p->call),
				      db_cell(answer, read, p->limit - 1, COLUMN_SORT_KEY),
				      db_cell(answer, read, p->limit - 1, COLUMN_ID));
	if (cursor != NULL) {
		link_next(p->call, cursor);
		buf_printf(&text, "],\"next\":\"%s\"}", cursor);
	} else {
		buf_adds(&text, "],\"next\":null}");
	}
	if (text.failed)
		call_problem(p->call, PROBLEM_overloaded, NULL,
			     "this page is too large; ask for fewer items");
	else
		call_reply_text(p->call, 200, "application/json", text.data, text.len);
	buf_release(&text);
}
