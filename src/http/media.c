/*
 * Content negotiation: what the body is (Content-Type) and what the answer shall be (Accept).
 */
#include "state.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

bool media_is_json(const char *type)
{
	size_t len = strlen(type);

	return strcmp(type, "application/json") == 0 || (len > 5 && strcmp(type + len - 5, "+json") == 0);
}

enum step media_check_accept(struct call *c)
{
	const struct operation *op = c->match.operation;

	if (!op->answer[0].name)
		return STEP_DONE;
	c->answer_type = operation_answers(op, call_header(c, "Accept"));
	if (c->answer_type)
		return STEP_DONE;
	call_problem(c, PROBLEM_not_acceptable, NULL, "The answer can be %s%s%s.", op->answer[0].name,
		     op->answer[1].name ? " or " : "", op->answer[1].name ? op->answer[1].name : "");
	return STEP_ANSWERED;
}

/* "Application/JSON; charset=utf-8" -> "application/json"; NULL when memory is out. */
static const char *type_name(struct call *c, const char *field)
{
	size_t len = strcspn(field, "; \t");
	char *name = arena_strndup(c->arena, field, len);

	for (size_t i = 0; name && i < len; i++)
		name[i] = (char)tolower((unsigned char)name[i]);
	return name;
}

/* All text that we take is UTF-8; a charset parameter may say so, but nothing else. */
static bool charset_is_utf8(const char *field)
{
	const char *charset = strcasestr(field, "charset=");

	if (!charset)
		return true;
	charset += strlen("charset=");
	charset += strspn(charset, "\"");
	return strncasecmp(charset, "utf-8", 5) == 0 &&
	       strspn(charset + 5, "\"; \t") == strcspn(charset + 5, "abcdefghijklmnopqrstuvwxyz0123456789-");
}

static enum step refuse_type(struct call *c)
{
	const struct operation *op = c->match.operation;
	const char *field = strcmp(op->method, "POST") == 0    ? "Accept-Post"
			    : strcmp(op->method, "PATCH") == 0 ? "Accept-Patch"
							       : "Accept";
	struct buf list;

	buf_init(&list, 1024);
	for (size_t i = 0; i < MEDIA_TYPES_MAX && op->body[i].name; i++)
		buf_printf(&list, "%s%s", i ? ", " : "", op->body[i].name);
	call_add_header(c, field, "%s", list.data ? list.data : "");
	call_problem(c, PROBLEM_unsupported_media_type, NULL, "Content-Type must be one of: %s.",
		     list.data ? list.data : "");
	buf_release(&list);
	return STEP_ANSWERED;
}

enum step media_check_type(struct call *c)
{
	const struct operation *op = c->match.operation;
	const struct schema *schema;
	const char *field;

	if (c->raw.len == 0) {
		if (!op->body_required)
			return STEP_DONE;
		call_problem(c, PROBLEM_invalid_json, NULL, "This operation needs a body.");
		return STEP_ANSWERED;
	}
	field = call_header(c, "Content-Type");
	c->body_type = field ? type_name(c, field) : NULL;
	if (!c->body_type || !operation_takes(op, c->body_type, &schema) || !charset_is_utf8(field))
		return refuse_type(c);
	return STEP_DONE;
}
