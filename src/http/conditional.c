/*
 * If-None-Match (RFC 9110 §13.1.2): "*" or a list of entity tags, compared weakly.
 */
#include "state.h"

#include <string.h>

static const char *without_weak(const char *etag)
{
	return strncmp(etag, "W/", 2) == 0 ? etag + 2 : etag;
}

/* The end of the quoted string that starts here, or NULL. */
static const char *tag_end(const char *tag)
{
	const char *end = *tag == '"' ? strchr(tag + 1, '"') : NULL;

	return end ? end + 1 : NULL;
}

bool etag_listed(const char *field, const char *etag)
{
	const char *wanted = without_weak(etag);
	size_t len = strlen(wanted);

	if (strcmp(field, "*") == 0)
		return true;
	while (*field) {
		const char *tag, *end;

		field += strspn(field, " \t,");
		tag = without_weak(field);
		end = tag_end(tag);
		if (!end)
			return false;
		if ((size_t)(end - tag) == len && memcmp(tag, wanted, len) == 0)
			return true;
		field = end;
	}
	return false;
}
