/*
 * The service: signals, what its workers share, their threads, and the end of it all.
 */
#include "serve.h"

#include <errno.h>
#include <jansson.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ciclo/api/api.h"
#include "ciclo/base/log.h"
#include "ciclo/base/memory.h"
#include "ciclo/contract/contract.h"
#include "ciclo/db/keys.h"
#include "ciclo/http/metrics.h"
#include "ciclo/http/rate.h"
#include "ciclo/http/server.h"
#include "ciclo/worker/notify.h"
#include "ciclo/worker/worker.h"
#include "openapi.h"

enum {
	WORKERS_MAX = 64, /* config.def */
	/* Beside the HTTP connections: PostgreSQL, epoll, eventfd, log, and room to answer 503 with. */
	DESCRIPTORS_BESIDE = 64
};

static enum log_level level_of(const char *name)
{
	static const char *const names[] = {"debug", "info", "warn", "error"};
	for (size_t i = 0; i < COUNTOF(names); i++)
		if (strcmp(names[i], name) == 0)
			return (enum log_level)i;
	return LOG_INFO;
}

struct contract *load_contract(void)
{
	char why[400];
	struct contract *contract = contract_load(openapi_yaml, openapi_yaml_length, why, sizeof why);
	if (contract != NULL && api_check(contract, why, sizeof why))
		return contract;
	log_event(LOG_ERROR, "contract", "%s", why);
	contract_free(contract);
	return NULL;
}

/* Enough descriptors for every connection that the settings allow. */
static bool raise_descriptors(const struct config *config)
{
	struct rlimit limit;
	rlim_t want = (rlim_t)(config->workers * (config->connection_limit + DESCRIPTORS_BESIDE));
	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return false;
	if (limit.rlim_cur >= want)
		return true;
	limit.rlim_cur = want < limit.rlim_max ? want : limit.rlim_max;
	if (limit.rlim_cur < want || setrlimit(RLIMIT_NOFILE, &limit) != 0) {
		log_event(LOG_ERROR, "descriptors",
			  "%llu file descriptors are needed (CICLO_WORKERS x "
			  "CICLO_CONNECTION_LIMIT), the limit is %llu",
			  (unsigned long long)want, (unsigned long long)limit.rlim_max);
		return false;
	}
	return true;
}

/* Whoever is not on this machine needs a key, so there must be one. */
static bool may_listen(const struct config *config, bool loopback)
{
	bool exists = false;
	if (loopback)
		return true;
	if (keys_exist(config->database_url, &exists, stderr) && exists)
		return true;
	log_event(LOG_ERROR, "no_key",
		  "%s is not a loopback address and there is no API key; make one first: "
		  "ciclo key create --scopes ...",
		  config->listen);
	return false;
}

struct thread {
	pthread_t id;
	struct worker *worker;
	bool drained;
};

static void *thread_run(void *cls)
{
	struct thread *t = cls;
	t->drained = worker_run(t->worker);
	return NULL;
}

static void set_port(struct sockaddr_storage *address, int port)
{
	if (address->ss_family == AF_INET6)
		((struct sockaddr_in6 *)address)->sin6_port = htons((in_port_t)port);
	else
		((struct sockaddr_in *)address)->sin_port = htons((in_port_t)port);
}

/*
 * Workers share the port with SO_REUSEPORT, and so would a second service started by mistake: half of all requests
 * would silently go to another database. A plain bind tells whether somebody is there.
 */
static bool port_is_free(const struct sockaddr_storage *address, socklen_t len)
{
	int on = 1;
	int fd = socket(address->ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return false;
	/* Connections of an earlier service that linger in TIME_WAIT are nobody. */
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	bool is_free = bind(fd, (const struct sockaddr *)address, len) == 0;
	int why = errno;
	close(fd);
	errno = why;
	return is_free;
}

/* All workers on one port: the kernel chooses it for the first when it is 0. Returns how many are up. */
static size_t start_workers(struct process *process, struct thread *threads)
{
	const struct config *config = process->config;
	struct sockaddr_storage address;
	socklen_t len;
	bool loopback;
	if (!listen_parse(config->listen, &address, &len, &loopback)) {
		log_event(LOG_ERROR, "listen", "CICLO_LISTEN is not address:port");
		return 0;
	}
	if (!port_is_free(&address, len)) {
		log_event(LOG_ERROR, "listen", "cannot bind %s: %s", config->listen, strerror(errno));
		return 0;
	}
	if (!may_listen(config, loopback))
		return 0;
	for (int64_t i = 0; i < config->workers; i++) {
		threads[i].worker = worker_new(process, (const struct sockaddr *)&address, len, !loopback);
		if (threads[i].worker == NULL)
			return 0;
		set_port(&address, worker_port(threads[i].worker));
	}
	struct log_line line;
	log_begin(&line, LOG_INFO, "listening");
	log_str(&line, "listen", config->listen);
	log_int(&line, "port", worker_port(threads[0].worker));
	log_int(&line, "workers", config->workers);
	log_end(&line);
	return (size_t)config->workers;
}

/* Runs until SIGTERM or SIGINT; a second one ends at once. */
static bool run_workers(struct thread *threads, size_t count, const sigset_t *signals)
{
	int signal;
	bool drained = true;
	for (size_t i = 0; i < count; i++)
		if (pthread_create(&threads[i].id, NULL, thread_run, &threads[i]) != 0)
			return false;
	notify_manager("READY=1");
	sigwait(signals, &signal);
	notify_manager("STOPPING=1");
	log_event(LOG_INFO, "draining", "signal %d", signal);
	pthread_sigmask(SIG_UNBLOCK, signals, NULL);
	for (size_t i = 0; i < count; i++)
		worker_stop(threads[i].worker);
	for (size_t i = 0; i < count; i++) {
		pthread_join(threads[i].id, NULL);
		drained &= threads[i].drained;
	}
	return drained;
}

/* SIGTERM and SIGINT wait until run_workers takes them. */
static void block_signals(sigset_t *signals)
{
	signal(SIGPIPE, SIG_IGN);
	signal(SIGHUP, SIG_IGN); /* there is nothing to read anew, and a lost terminal is no reason to end */
	sigemptyset(signals);
	sigaddset(signals, SIGTERM);
	sigaddset(signals, SIGINT);
	pthread_sigmask(SIG_BLOCK, signals, NULL);
}

/* What the workers share, beside the configuration. */
static bool prepare(struct process *process)
{
	const struct config *config = process->config;
	/* Not for others of the same user to look into, nor to be written to a core file. */
	if (config->secret_files && prctl(PR_SET_DUMPABLE, 0) != 0)
		return false;
	if (process->contract == NULL || !raise_descriptors(config))
		return false;
	process->metrics = metrics_new(process->contract, (size_t)config->workers);
	if (process->metrics == NULL)
		return false;
	if (config->rate_limit > 0)
		process->rate = rate_new(config->rate_limit, config->rate_window_s);
	return config->rate_limit == 0 || process->rate != NULL;
}

bool serve_until_stopped(const struct config *config)
{
	struct process process = {.config = config};
	struct thread threads[WORKERS_MAX] = {0};
	sigset_t signals;
	bool drained = false;

	log_set_level(level_of(config->log_level));
	json_object_seed(0);
	json_set_alloc_funcs(memory_alloc, free);
	block_signals(&signals);
	struct contract *contract = load_contract();
	process.contract = contract;
	size_t count = prepare(&process) ? start_workers(&process, threads) : 0;
	if (count > 0) {
		drained = run_workers(threads, count, &signals);
		log_event(LOG_INFO, "stopped", "%s", drained ? "drained" : "not all was answered");
	}
	for (size_t i = 0; i < WORKERS_MAX; i++)
		worker_free(threads[i].worker);
	metrics_free(process.metrics);
	rate_free(process.rate);
	contract_free(contract);
	return drained;
}
