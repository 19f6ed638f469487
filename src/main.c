/*
 * argv -> serve | migrate | check | import | key. Wiring and signals only.
 */
#include <errno.h>
#include <jansson.h>
#include <pthread.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ciclo/api/api.h"
#include "ciclo/base/config.h"
#include "ciclo/base/log.h"
#include "ciclo/contract/contract.h"
#include "ciclo/db/check.h"
#include "ciclo/db/keys.h"
#include "ciclo/db/migrate.h"
#include "ciclo/http/server.h"
#include "ciclo/import/import.h"
#include "ciclo/kpi/kpi.h"
#include "ciclo/worker/worker.h"
#include "openapi.h"

enum {
	EXIT_USAGE = 2,
	WORKERS_MAX = 64, /* config.def */
	/* Beside the HTTP connections: PostgreSQL, epoll, eventfd, log, and room to answer 503 with. */
	DESCRIPTORS_BESIDE = 64
};

static int usage(FILE *out)
{
	fputs("usage: ciclo serve                      run the service\n"
	      "       ciclo migrate                    bring the database schema up to date\n"
	      "       ciclo check                      rebuild what is derived and compare\n"
	      "       ciclo import FILE...             send NDJSON or CSV files to a service\n"
	      "       ciclo key create --scopes A,B [--name NAME]\n"
	      "       ciclo key list | revoke ID\n"
	      "       ciclo describe config | kpis     the tables of the documentation\n"
	      "       ciclo --help | --version\n\n"
	      "Settings come from the environment:\n",
	      out);
	config_describe(out);
	return out == stdout ? EXIT_SUCCESS : EXIT_USAGE;
}

static enum log_level level_of(const char *name)
{
	static const char *const names[] = {"debug", "info", "warn", "error"};
	for (size_t i = 0; i < COUNTOF(names); i++)
		if (strcmp(names[i], name) == 0)
			return (enum log_level)i;
	return LOG_INFO;
}

static struct contract *load_contract(void)
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
static size_t start_workers(const struct config *config, const struct contract *contract,
			    atomic_uint *unready, struct thread *threads)
{
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
		threads[i].worker = worker_new(config, contract, unready, (const struct sockaddr *)&address,
					       len, !loopback);
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
	sigwait(signals, &signal);
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

static int serve(void)
{
	struct config config;
	struct thread threads[WORKERS_MAX] = {0};
	struct contract *contract = NULL;
	atomic_uint unready = 0;
	sigset_t signals;
	int status = EXIT_FAILURE;

	if (!config_load(&config, stderr))
		return EXIT_USAGE;
	log_set_level(level_of(config.log_level));
	json_object_seed(0);
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	pthread_sigmask(SIG_BLOCK, &signals, NULL);
	contract = load_contract();
	if (contract == NULL || !raise_descriptors(&config))
		goto out;
	size_t count = start_workers(&config, contract, &unready, threads);
	if (count == 0)
		goto out;
	if (run_workers(threads, count, &signals))
		status = EXIT_SUCCESS;
	log_event(LOG_INFO, "stopped", "%s", status == EXIT_SUCCESS ? "drained" : "not all was answered");
out:
	for (size_t i = 0; i < WORKERS_MAX; i++)
		worker_free(threads[i].worker);
	contract_free(contract);
	return status;
}

static int migrate(void)
{
	struct config config;
	if (!config_load(&config, stderr))
		return EXIT_USAGE;
	return migrate_run(config.database_url, stdout) ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int check(void)
{
	struct config config;
	if (!config_load(&config, stderr))
		return EXIT_USAGE;
	return check_run(config.database_url, stdout) ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int import(int argc, char **argv)
{
	json_object_seed(0);
	struct contract *contract = load_contract();
	int status = contract != NULL ? import_main(contract, argc, argv) : EXIT_FAILURE;
	contract_free(contract);
	return status;
}

/* The scopes that openapi.yaml knows, each once, NULL-terminated; free() the list. */
static const char **known_scopes(const struct contract *contract)
{
	size_t count = 0;
	const char **scopes = calloc(contract_operations(contract) + 1, sizeof *scopes);
	for (size_t i = 0; scopes != NULL && i < contract_operations(contract); i++) {
		const char *scope = contract_operation(contract, i)->scope;
		bool known = scope == NULL;
		for (size_t k = 0; k < count && !known; k++)
			known = strcmp(scopes[k], scope) == 0;
		if (!known)
			scopes[count++] = scope;
	}
	return scopes;
}

static const char *option(int argc, char **argv, const char *name, const char *fallback)
{
	for (int i = 0; i + 1 < argc; i++)
		if (strcmp(argv[i], name) == 0)
			return argv[i + 1];
	return fallback;
}

static int key_create(const struct config *config, int argc, char **argv)
{
	const char *scopes = option(argc, argv, "--scopes", NULL);
	struct contract *contract = load_contract();
	const char **known = contract != NULL ? known_scopes(contract) : NULL;
	bool ok = false;
	if (scopes == NULL)
		fputs("ciclo key create needs --scopes A,B\n", stderr);
	else if (known != NULL)
		ok = keys_create(config->database_url, option(argc, argv, "--name", "unnamed"), scopes, known,
				 stdout, stderr);
	free(known);
	contract_free(contract);
	return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int key(int argc, char **argv)
{
	struct config config;
	bool ok;
	if (!config_load(&config, stderr))
		return EXIT_USAGE;
	if (argc >= 1 && strcmp(argv[0], "create") == 0)
		return key_create(&config, argc - 1, argv + 1);
	if (argc == 1 && strcmp(argv[0], "list") == 0)
		ok = keys_list(config.database_url, stdout, stderr);
	else if (argc == 2 && strcmp(argv[0], "revoke") == 0)
		ok = keys_revoke(config.database_url, argv[1], stderr);
	else
		return usage(stderr);
	return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int describe(const char *what)
{
	if (strcmp(what, "config") == 0) {
		config_describe_markdown(stdout);
		return EXIT_SUCCESS;
	}
	if (strcmp(what, "kpis") != 0)
		return usage(stderr);
	puts("| stage | KPI | title | unit | formula |\n|---|---|---|---|---|");
	for (size_t i = 0; i < kpi_count(); i++) {
		const struct kpi *kpi = kpi_at(i);
		printf("| %s | `%s` | %s | %s | %s |\n", stage_name(kpi->stage), kpi->name, kpi->title,
		       unit_name(kpi->unit), kpi->terms.formula);
	}
	return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	const char *command = argc > 1 ? argv[1] : "";
	if (sodium_init() < 0)
		return EXIT_FAILURE;
	if (strcmp(command, "serve") == 0 && argc == 2)
		return serve();
	if (strcmp(command, "migrate") == 0 && argc == 2)
		return migrate();
	if (strcmp(command, "check") == 0 && argc == 2)
		return check();
	if (strcmp(command, "import") == 0)
		return import(argc - 1, argv + 1);
	if (strcmp(command, "key") == 0)
		return key(argc - 2, argv + 2);
	if (strcmp(command, "describe") == 0 && argc == 3)
		return describe(argv[2]);
	if (strcmp(command, "--help") == 0)
		return usage(stdout);
	if (strcmp(command, "--version") == 0) {
		puts("ciclo " CICLO_VERSION);
		return EXIT_SUCCESS;
	}
	return usage(stderr);
}
