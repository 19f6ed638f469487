/*
 * Faults on demand, for LD_PRELOAD: the n-th call of a kind fails, signals interrupt, the wall clock steps.
 *
 * The test and the process share one page, CICLO_FAULTS (a file), laid out as struct faults; tests/support/faults.py is
 * the other side. Nothing happens before the page is armed, so that a running service can be taken through its calls one by
 * one: arm(n), send a request, look at what came of it.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* Bits of faults.kinds. */
enum kind {
	KIND_MEMORY = 1,
	KIND_RECV = 2,
	KIND_SEND = 4,
	KIND_EPOLL_WAIT = 8,
	KIND_EPOLL_CTL = 16,
	KIND_ACCEPT = 32,
	KIND_SOCKET = 64
};

/* 64-bit words, as the test writes them. */
struct faults {
	_Atomic int64_t kinds;    /* which calls count */
	_Atomic int64_t before;   /* so many still succeed */
	_Atomic int64_t fails;    /* then so many fail; 0: not armed */
	_Atomic int64_t error;    /* with this errno */
	_Atomic int64_t failed;   /* so many have failed since the page was made */
	_Atomic int64_t clock_us; /* how far the wall clock is off */
};

/* Some call this before any constructor ran, the loader among them: without a page they just succeed. */
static struct faults *page;

static void interrupted(int number)
{
	(void)number;
}

__attribute__((constructor)) static void open_page(void)
{
	/* SIGUSR1 for a storm of EINTR: a handler, and no SA_RESTART. */
	const struct sigaction action = {.sa_handler = interrupted};
	const char *name = getenv("CICLO_FAULTS");
	int fd = name ? open(name, O_RDWR | O_CLOEXEC) : -1;
	void *at = fd < 0 ? MAP_FAILED
			  : mmap(NULL, sizeof(struct faults), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (at == MAP_FAILED)
		abort();
	close(fd);
	page = at;
	sigaction(SIGUSR1, &action, NULL);
}

/* Is this the call that fails? Then errno is set. */
static bool fails(enum kind kind)
{
	struct faults *f = page;

	if (!f || !(f->kinds & kind) || f->fails <= 0)
		return false;
	if (f->before > 0 && atomic_fetch_sub(&f->before, 1) > 0)
		return false;
	if (atomic_fetch_sub(&f->fails, 1) <= 0)
		return false;
	f->failed++;
	errno = (int)f->error;
	return true;
}

/* The same for a socket. Where the other side has gone, it has gone for all calls that follow. */
static bool fails_on(enum kind kind, int fd)
{
	if (!fails(kind))
		return false;
	if (errno == EPIPE || errno == ECONNRESET) {
		int kept = errno;

		shutdown(fd, SHUT_RDWR);
		errno = kept;
	}
	return true;
}

/* The function that this library stands before, found once; a data race finds it twice. */
static void *next(void **known, const char *name)
{
	if (!*known)
		*known = dlsym(RTLD_NEXT, name);
	return *known;
}

/* A call of the function that comes next, of the type of this one. */
#define NEXT(name)                                                                                           \
	static void *known;                                                                                  \
	__typeof__(&name) real;                                                                              \
	*(void **)&real = next(&known, #name)

void *malloc(size_t size)
{
	NEXT(malloc);
	return fails(KIND_MEMORY) ? NULL : real(size);
}

/* dlsym may want calloc while it looks for calloc: what it then gets is never given back. */
static char early[4096];
static size_t early_used;

void *calloc(size_t count, size_t size)
{
	static void *known;
	static bool looking;
	void *(*real)(size_t, size_t);

	if (looking && !known) {
		size_t at = early_used;

		early_used += (count * size + 15) / 16 * 16;
		return early_used <= sizeof(early) ? early + at : NULL;
	}
	looking = true;
	*(void **)&real = next(&known, "calloc");
	looking = false;
	return fails(KIND_MEMORY) ? NULL : real(count, size);
}

void *realloc(void *block, size_t size)
{
	NEXT(realloc);
	return fails(KIND_MEMORY) ? NULL : real(block, size);
}

ssize_t recv(int fd, void *to, size_t size, int flags)
{
	NEXT(recv);
	return fails_on(KIND_RECV, fd) ? -1 : real(fd, to, size, flags);
}

/* What glibc makes of recv where it knows how much room there is. */
ssize_t __recv_chk(int fd, void *to, size_t size, size_t room, int flags);
ssize_t __recv_chk(int fd, void *to, size_t size, size_t room, int flags)
{
	return size > room ? (abort(), -1) : recv(fd, to, size, flags);
}

ssize_t send(int fd, const void *from, size_t size, int flags)
{
	NEXT(send);
	return fails_on(KIND_SEND, fd) ? -1 : real(fd, from, size, flags);
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
	NEXT(sendmsg);
	return fails_on(KIND_SEND, fd) ? -1 : real(fd, message, flags);
}

int epoll_wait(int fd, struct epoll_event *events, int count, int ms)
{
	NEXT(epoll_wait);
	return fails(KIND_EPOLL_WAIT) ? -1 : real(fd, events, count, ms);
}

int epoll_ctl(int fd, int op, int what, struct epoll_event *event)
{
	NEXT(epoll_ctl);
	/* To forget a descriptor takes nothing that could be missing; libmicrohttpd ends the process if it fails. */
	return op != EPOLL_CTL_DEL && fails(KIND_EPOLL_CTL) ? -1 : real(fd, op, what, event);
}

int accept4(int fd, __SOCKADDR_ARG address, socklen_t *restrict len, int flags)
{
	NEXT(accept4);
	return fails(KIND_ACCEPT) ? -1 : real(fd, address, len, flags);
}

int socket(int domain, int type, int protocol)
{
	NEXT(socket);
	return fails(KIND_SOCKET) ? -1 : real(domain, type, protocol);
}

int clock_gettime(clockid_t which, struct timespec *ret)
{
	NEXT(clock_gettime);
	int result = real(which, ret);

	if (result == 0 && page && which == CLOCK_REALTIME)
		ret->tv_sec += (time_t)(page->clock_us / 1000000);
	return result;
}
