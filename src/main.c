/*
 * argv -> serve | migrate | check | import | key.
 */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ciclo/base/config.h"
#include "ciclo/contract/contract.h"
#include "ciclo/db/check.h"
#include "ciclo/db/db.h"
#include "ciclo/db/keys.h"
#include "ciclo/db/migrate.h"
#include "ciclo/import/import.h"
#include "ciclo/kpi/kpi.h"
#include "serve.h"

enum { EXIT_USAGE = 2 };

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

/* All that is wrong is said at once, also of what only libpq can judge. */
static bool load_config(struct config *config)
{
	const struct {
		const char *name;
		const char *url;
	} urls[] = {{"CICLO_DATABASE_URL", config->database_url},
		    {"CICLO_REPORT_DATABASE_URL", config->report_database_url}};
	bool ok = config_load(config, stderr);
	for (size_t i = 0; ok && i < COUNTOF(urls); i++) {
		if (database_url_is_valid(urls[i].url))
			continue;
		fprintf(stderr, "%s is not a connection string or URI.\n", urls[i].name);
		return false;
	}
	return ok;
}

static int serve(void)
{
	struct config config;
	if (!load_config(&config))
		return EXIT_USAGE;
	return serve_until_stopped(&config) ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int migrate(void)
{
	struct config config;
	if (!load_config(&config))
		return EXIT_USAGE;
	return migrate_run(config.database_url, stdout) ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int check(void)
{
	struct config config;
	if (!load_config(&config))
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
	if (!load_config(&config))
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
