/* Settings: defaults, every range, all complaints at once, the tables. */
#include "suites.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ciclo/base/config.h"

/* The list again: the test must see what the table says, not what the code made of it. */
struct row {
	const char *env;
	int64_t min, max;
	bool is_int;
};

#define IS_INT_INT     true
#define IS_INT_TEXT    false
#define IS_INT_SECRET  false
#define IS_INT_LEVEL   false
#define IS_INT_ORIGINS false
static const struct row rows[] = {
#define X(field, env, kind, def, min, max, unit, help) {env, min, max, IS_INT_##kind},
#include "ciclo/base/config.def"
#undef X
};

static struct config config;
static char *said;
static size_t said_len;
static char path[64];

static void setup(void)
{
	for (size_t i = 0; i < COUNTOF(rows); i++)
		unsetenv(rows[i].env);
	unsetenv("CICLO_DATABASE_URL_FILE");
	memset(&config, 0x5a, sizeof(config));
}

static void teardown(void)
{
	free(said);
	said = NULL;
}

static bool load(void)
{
	FILE *complaints;
	bool ok;

	free(said);
	complaints = open_memstream(&said, &said_len);
	ck_assert_ptr_nonnull(complaints);
	ok = config_load(&config, complaints);
	fclose(complaints);
	ck_assert_int_eq(ok, said_len == 0);
	return ok;
}

static void set_int(const char *env, int64_t value)
{
	char text[32];

	snprintf(text, sizeof(text), "%lld", (long long)value);
	setenv(env, text, 1);
}

START_TEST(defaults)
{
	ck_assert(load());
	ck_assert_str_eq(config.database_url, "dbname=ciclo");
	ck_assert_str_eq(config.listen, "127.0.0.1:8080");
	ck_assert_str_eq(config.log_level, "info");
	ck_assert_int_eq(config.workers, 1);
	ck_assert_int_eq(config.connection_limit, 1024);
	ck_assert_int_eq(config.drain_timeout_ms, 10000);
}
END_TEST

START_TEST(reads_the_environment)
{
	setenv("CICLO_DATABASE_URL", "postgresql://app@/ciclo?host=/tmp", 1);
	setenv("CICLO_WORKERS", "8", 1);
	setenv("CICLO_DRAIN_TIMEOUT_MS", "0", 1);
	setenv("CICLO_LOG_LEVEL", "debug", 1);
	ck_assert(load());
	ck_assert_str_eq(config.database_url, "postgresql://app@/ciclo?host=/tmp");
	ck_assert_int_eq(config.workers, 8);
	ck_assert_int_eq(config.drain_timeout_ms, 0);
	ck_assert_str_eq(config.log_level, "debug");
}
END_TEST

START_TEST(every_integer_keeps_its_range)
{
	for (size_t i = 0; i < COUNTOF(rows); i++) {
		if (!rows[i].is_int)
			continue;
		set_int(rows[i].env, rows[i].min);
		ck_assert(load());
		set_int(rows[i].env, rows[i].max);
		ck_assert(load());
		set_int(rows[i].env, rows[i].min - 1);
		ck_assert(!load());
		ck_assert_ptr_nonnull(strstr(said, rows[i].env));
		set_int(rows[i].env, rows[i].max + 1);
		ck_assert(!load());
		unsetenv(rows[i].env);
	}
}
END_TEST

START_TEST(integers_are_strict)
{
	static const char *const bad[] = {
		"",
		" 1",
		"1 ",
		"+1",
		"0x1",
		"1.0",
		"1e0",
		"one",
		"1ms",
		"-",
		"-1",
		"9223372036854775808",
		"18446744073709551617",
	};

	for (size_t i = 0; i < COUNTOF(bad); i++) {
		setenv("CICLO_WORKERS", bad[i], 1);
		ck_assert_msg(!load(), "%s", bad[i]);
	}
	setenv("CICLO_DRAIN_TIMEOUT_MS", "", 1);
	unsetenv("CICLO_WORKERS");
	ck_assert_msg(!load(), "an empty value is not 0");
	unsetenv("CICLO_DRAIN_TIMEOUT_MS");
	setenv("CICLO_WORKERS", bad[COUNTOF(bad) - 1], 1);
	ck_assert(!load());
	ck_assert_str_eq(said,
			 "CICLO_WORKERS is \"18446744073709551617\"; it must be a whole number from 1 to 64 "
			 "(threads).\n");
}
END_TEST

START_TEST(texts_keep_their_length)
{
	char text[2002];

	memset(text, 'x', sizeof(text));
	text[2001] = '\0';
	setenv("CICLO_DATABASE_URL", text, 1);
	ck_assert(!load());
	/* It may hold a password: never shown. */
	ck_assert_str_eq(said, "CICLO_DATABASE_URL has 2001 bytes; it must have 1 to 2000.\n");
	text[2000] = '\0';
	setenv("CICLO_DATABASE_URL", text, 1);
	ck_assert(load());
	ck_assert_str_eq(config.database_url, text);
	setenv("CICLO_LISTEN", "", 1);
	ck_assert(!load());
}
END_TEST

START_TEST(all_complaints_at_once)
{
	struct config before = config;

	setenv("CICLO_WORKERS", "0", 1);
	setenv("CICLO_LOG_LEVEL", "loud\nCICLO", 1);
	setenv("CICLO_IDLE_TIMEOUT_S", "soon", 1);
	ck_assert(!load());
	ck_assert_str_eq(said,
			 "CICLO_WORKERS is \"0\"; it must be a whole number from 1 to 64 (threads).\n"
			 "CICLO_IDLE_TIMEOUT_S is \"soon\"; it must be a whole number from 1 to 3600 (s).\n"
			 "CICLO_LOG_LEVEL is \"loud?CICLO\"; it must be debug, info, warn or error.\n");
	ck_assert_mem_eq(&before, &config, sizeof(config));
}
END_TEST

START_TEST(log_level_is_one_of_four)
{
	static const char *const good[] = {"debug", "info", "warn", "error"};
	static const char *const bad[] = {"", "INFO", "infos", "warning", "none", "deb"};

	for (size_t i = 0; i < COUNTOF(good); i++) {
		setenv("CICLO_LOG_LEVEL", good[i], 1);
		ck_assert(load());
		ck_assert_str_eq(config.log_level, good[i]);
	}
	for (size_t i = 0; i < COUNTOF(bad); i++) {
		setenv("CICLO_LOG_LEVEL", bad[i], 1);
		ck_assert_msg(!load(), "%s", bad[i]);
	}
}
END_TEST

/* A file with this in it, named by CICLO_DATABASE_URL_FILE until teardown. */
static void put_file(const char *bytes, size_t len)
{
	int fd;

	snprintf(path, sizeof(path), "/tmp/ciclo-config-XXXXXX");
	fd = mkstemp(path);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, bytes, len), (ssize_t)len);
	close(fd);
	setenv("CICLO_DATABASE_URL_FILE", path, 1);
}

START_TEST(secrets_come_from_files)
{
	static const char url[] = "postgresql://app:secret@db/ciclo";
	static const char *const ends[] = {"", "\n"};

	ck_assert(load());
	ck_assert(!config.secret_files);
	for (size_t i = 0; i < COUNTOF(ends); i++) {
		char text[64];
		int len = snprintf(text, sizeof(text), "%s%s", url, ends[i]);

		put_file(text, (size_t)len);
		ck_assert(load());
		ck_assert_str_eq(config.database_url, url);
		ck_assert(config.secret_files);
		unlink(path);
	}
}
END_TEST

START_TEST(bad_secret_files_are_told_without_the_secret)
{
	char text[2002];

	memset(text, 's', sizeof(text));
	put_file(text, 2001);
	ck_assert(!load());
	ck_assert_str_eq(said, "CICLO_DATABASE_URL has 2001 bytes; it must have 1 to 2000.\n");
	unlink(path);
	put_file("secret\0", 7);
	ck_assert(!load());
	ck_assert_str_eq(said, "CICLO_DATABASE_URL_FILE has a NUL byte.\n");
	/* Two that do not agree are a mistake, whichever would win. */
	setenv("CICLO_DATABASE_URL", "secret", 1);
	ck_assert(!load());
	ck_assert_str_eq(said,
			 "CICLO_DATABASE_URL and CICLO_DATABASE_URL_FILE are both set; only one may be.\n");
	unsetenv("CICLO_DATABASE_URL");
	unlink(path);
	ck_assert(!load());
	ck_assert_ptr_nonnull(strstr(said, "CICLO_DATABASE_URL_FILE cannot be read: No such file"));
	setenv("CICLO_DATABASE_URL_FILE", "/", 1);
	ck_assert(!load());
	ck_assert_ptr_nonnull(strstr(said, "cannot be read"));
}
END_TEST

START_TEST(origins_are_exact)
{
	static const char *const good[] = {"", "https://shop.example",
					   "https://shop.example,http://127.0.0.1:3000,http://[::1]:3000"};
	static const char *const bad[] = {"*",
					  "null",
					  "https://*",
					  "https://",
					  "shop.example",
					  "https://shop.example/",
					  "https://Shop.example",
					  "https://shop.example,",
					  ",https://shop.example",
					  "https://a.example, https://b.example",
					  "https://a.example\r\nX: y",
					  "ftp://a.example"};

	for (size_t i = 0; i < COUNTOF(good); i++) {
		setenv("CICLO_CORS_ORIGINS", good[i], 1);
		ck_assert_msg(load(), "%s", good[i]);
		ck_assert_str_eq(config.cors_origins, good[i]);
	}
	for (size_t i = 0; i < COUNTOF(bad); i++) {
		setenv("CICLO_CORS_ORIGINS", bad[i], 1);
		ck_assert_msg(!load(), "%s", bad[i]);
	}
}
END_TEST

static size_t lines_of(void (*describe)(FILE *out))
{
	size_t lines = 0;
	FILE *out;

	free(said);
	out = open_memstream(&said, &said_len);
	describe(out);
	fclose(out);
	for (size_t i = 0; i < COUNTOF(rows); i++)
		ck_assert_ptr_nonnull(strstr(said, rows[i].env));
	for (size_t i = 0; i < said_len; i++)
		lines += said[i] == '\n';
	return lines;
}

START_TEST(describes_every_setting)
{
	ck_assert_uint_eq(lines_of(config_describe), COUNTOF(rows));
	ck_assert_ptr_nonnull(strstr(said, "127.0.0.1:8080"));
	/* Two lines of head. */
	ck_assert_uint_eq(lines_of(config_describe_markdown), COUNTOF(rows) + 2);
	ck_assert_ptr_nonnull(strstr(said, "\n| `CICLO_WORKERS` | `1` | 1 to 64 | threads | workers;"));
}
END_TEST

Suite *config_suite(void)
{
	Suite *suite = suite_create("config");
	TCase *tc = tcase_create("config");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, defaults);
	tcase_add_test(tc, reads_the_environment);
	tcase_add_test(tc, every_integer_keeps_its_range);
	tcase_add_test(tc, integers_are_strict);
	tcase_add_test(tc, texts_keep_their_length);
	tcase_add_test(tc, all_complaints_at_once);
	tcase_add_test(tc, log_level_is_one_of_four);
	tcase_add_test(tc, secrets_come_from_files);
	tcase_add_test(tc, bad_secret_files_are_told_without_the_secret);
	tcase_add_test(tc, origins_are_exact);
	tcase_add_test(tc, describes_every_setting);
	suite_add_tcase(suite, tc);
	return suite;
}
