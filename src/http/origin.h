/*
 * What browsers say of the page that makes a request, and what follows from it.
 *
 * CORS (https://fetch.spec.whatwg.org/#http-cors-protocol) is off until CICLO_CORS_ORIGINS names sites, each exactly.
 * Credentials in its sense (cookies) are never allowed: there are none; keys are sent by those who have them.
 *
 * A service without keys is open to this machine, and so to every page that a browser on it shows. Such a page cannot
 * read answers, but could send requests that need no preflight; and under a name of its own that it makes point to
 * 127.0.0.1 (DNS rebinding) it could read as well. Both can be told from what the browser sends.
 */
#ifndef CICLO_HTTP_ORIGIN_H
#define CICLO_HTTP_ORIGIN_H

#include <stdbool.h>

#include "ciclo/base/attr.h"

/* Is origin one of a comma-separated list? */
bool origin_listed(const char *list, const char *origin) NODISCARD;
/* Is it a page of this machine? */
bool origin_is_local(const char *origin) NODISCARD;
/* Host: could the name be somebody else's in the DNS? Not so for addresses, names without a dot, and localhost. */
bool host_is_public(const char *host) NODISCARD;

#endif
