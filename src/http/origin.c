/*
 * Names of sites; see origin.h.
 */
#include "origin.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

bool origin_listed(const char *list, const char *origin)
{
	size_t len = strlen(origin);

	while (*list) {
		size_t part = strcspn(list, ",");

		if (part == len && memcmp(list, origin, len) == 0)
			return true;
		list += part;
		list += *list == ',';
	}
	return false;
}

/* Length of the name in "name:port"; an address in brackets counts with them. */
static size_t name_length(const char *host)
{
	return *host == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":");
}

static bool is_localhost(const char *name, size_t len)
{
	static const char local[] = "localhost";
	size_t tail = strlen(local);

	if (len < tail || strncasecmp(name + len - tail, local, tail) != 0)
		return false;
	return len == tail || name[len - tail - 1] == '.';
}

static bool is_ipv4(const char *name, size_t len)
{
	return len > 0 && strspn(name, "0123456789.") >= len;
}

bool origin_is_local(const char *origin)
{
	const char *host = strstr(origin, "://");
	size_t len;

	if (!host)
		return false;
	host += strlen("://");
	len = name_length(host);
	return is_localhost(host, len) || (is_ipv4(host, len) && strncmp(host, "127.", 4) == 0) ||
	       (len == 5 && memcmp(host, "[::1]", len) == 0);
}

bool host_is_public(const char *host)
{
	size_t len = name_length(host);

	if (*host == '[' || is_ipv4(host, len) || is_localhost(host, len))
		return false;
	return memchr(host, '.', len) != NULL;
}
