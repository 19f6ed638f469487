#include "stop.h"

#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "ciclo/base/time.h"

bool stop_open(struct stop *s)
{
	sigset_t signals;

	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGHUP);
	pthread_sigmask(SIG_BLOCK, &signals, NULL);
	*s = (struct stop){.fd = signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC)};
	return s->fd >= 0;
}

bool stop_asked(struct stop *s)
{
	struct signalfd_siginfo info;

	while (read(s->fd, &info, sizeof info) == (ssize_t)sizeof info)
		if (s->count++ == 0)
			s->abandon_ms = clock_monotonic_ms() + STOP_GRACE_MS;
	return s->count > 0;
}

bool stop_now(struct stop *s)
{
	return stop_asked(s) && (s->count > 1 || clock_monotonic_ms() >= s->abandon_ms);
}

bool stop_wait(struct stop *s, int fd, int64_t ms)
{
	struct pollfd fds[] = {{.fd = s->fd, .events = POLLIN}, {.fd = fd, .events = POLLIN}};

	if (stop_asked(s))
		return false;
	poll(fds, COUNTOF(fds), ms > INT_MAX ? INT_MAX : (int)ms);
	return !stop_asked(s);
}

void stop_close(struct stop *s)
{
	close(s->fd);
}
