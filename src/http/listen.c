/*
 * Where to listen: the address as text, and the socket.
 */
#include "listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <string.h>
#include <unistd.h>

#include "ciclo/base/log.h"
#include "ciclo/http/server.h"

/* Connections that the kernel completes while the loop is busy: a burst of one per allowed connection. */
enum { BACKLOG = 1024 };

static bool is_loopback(const struct sockaddr_storage *address)
{
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)address;
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)address;

	if (address->ss_family == AF_INET)
		return ntohl(v4->sin_addr.s_addr) >> 24 == 127;
	return address->ss_family == AF_INET6 && IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr);
}

/* "[::1]:80" -> "::1", "80"; both parts must be there. */
static bool split(const char *text, char host[256], char port[8])
{
	const char *colon = strrchr(text, ':');
	size_t len = colon ? (size_t)(colon - text) : 0;

	if (len == 0 || len > 255 || strlen(colon + 1) == 0 || strlen(colon + 1) > 5 ||
	    strspn(colon + 1, "0123456789") != strlen(colon + 1))
		return false;
	if (text[0] == '[') {
		if (len < 3 || text[len - 1] != ']')
			return false;
		text++;
		len -= 2;
	} else if (memchr(text, ':', len)) {
		return false; /* IPv6 without brackets: where would the port begin? */
	}
	memcpy(host, text, len);
	host[len] = '\0';
	memcpy(port, colon + 1, strlen(colon + 1) + 1);
	return strtol(port, NULL, 10) <= 65535;
}

bool listen_parse(const char *text, struct sockaddr_storage *ret, socklen_t *ret_len, bool *ret_loopback)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV | AI_PASSIVE};
	struct addrinfo *found = NULL;
	char host[256], port[8];
	bool ok;

	if (!split(text, host, port) || getaddrinfo(host, port, &hints, &found) != 0)
		return false;
	ok = found->ai_addrlen <= sizeof(*ret);
	if (ok) {
		memset(ret, 0, sizeof(*ret));
		memcpy(ret, found->ai_addr, found->ai_addrlen);
		*ret_len = found->ai_addrlen;
		*ret_loopback = is_loopback(ret);
	}
	freeaddrinfo(found);
	return ok;
}

int listen_open(const struct sockaddr *address, socklen_t len)
{
	const int on = 1;
	int fd = socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	/* SO_REUSEPORT: every worker has a socket of its own on the same port, and the kernel spreads. */
	if (fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0 &&
	    setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)) == 0 && bind(fd, address, len) == 0 &&
	    listen(fd, BACKLOG) == 0)
		return fd;
	log_event(LOG_ERROR, "listen_failed", "%s", strerror(errno));
	if (fd >= 0)
		close(fd);
	return -1;
}

int listen_port(int fd)
{
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	} address = {.v6 = {.sin6_port = 0}};
	socklen_t len = sizeof(address);

	if (getsockname(fd, &address.any, &len) != 0)
		return -1;
	return ntohs(address.any.sa_family == AF_INET6 ? address.v6.sin6_port : address.v4.sin_port);
}
