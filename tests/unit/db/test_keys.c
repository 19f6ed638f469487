/* API keys: made, listed, revoked; the secret is shown once and kept nowhere. */
#include "ciclo/db/keys.h"

#include <sodium.h>

#include "support.h"

static const char *const known[] = {"orders:read", "orders:write", NULL};

enum { KEY_TEXT = 6 + 12 + 1 + 43 + 1 }; /* "ciclo_", id, "_", secret, newline */

struct said {
	char *out;
	char *complaints;
	size_t size[2];
	FILE *file[2];
};

static void listen_to(struct said *s)
{
	s->file[0] = open_memstream(&s->out, &s->size[0]);
	s->file[1] = open_memstream(&s->complaints, &s->size[1]);
	ck_assert(s->file[0] && s->file[1]);
}

static void hear(struct said *s)
{
	fclose(s->file[0]);
	fclose(s->file[1]);
}

static void release(struct said *s)
{
	free(s->out);
	free(s->complaints);
}

static bool any_key(void)
{
	bool any;

	ck_assert(keys_exist(fixture_url(), &any, stderr));
	return any;
}

/* What the server will do with a key that is shown to it. */
static void hash_of(const char *secret, char hex[65])
{
	unsigned char hash[32];

	crypto_generichash(hash, sizeof hash, (const unsigned char *)secret, 43, NULL, 0);
	sodium_bin2hex(hex, 65, hash, sizeof hash);
}

START_TEST(life_of_a_key)
{
	struct said made, list;
	struct loop loop;
	struct probe p;
	char id[13], hex[65];

	/* Also empties the table. */
	loop_start(&loop);
	ck_assert(!any_key());
	listen_to(&made);
	ck_assert(keys_create(fixture_url(), "till", "orders:read,orders:write", known, made.file[0],
			      made.file[1]));
	hear(&made);
	ck_assert_uint_eq(strlen(made.out), KEY_TEXT);
	ck_assert(strncmp(made.out, "ciclo_", 6) == 0 && made.out[18] == '_');
	ck_assert(any_key());
	snprintf(id, sizeof id, "%.12s", made.out + 6);

	probe_init(&p, LANE_READ);
	p.segment.read_count = 1;
	p.segment.reads[0] = (struct segment_read){.query = Q_API_KEY_GET, .arg_count = 1, .args = {id}};
	probe_run(&p, &loop);
	ck_assert_uint_eq(p.read_rows[0], 1);
	ck_assert_str_eq(p.cell[0], "till");
	loop_close(&loop);

	hash_of(made.out + 19, hex);
	listen_to(&list);
	ck_assert(keys_list(fixture_url(), list.file[0], list.file[1]));
	ck_assert(keys_revoke(fixture_url(), id, list.file[1]));
	hear(&list);
	ck_assert_ptr_nonnull(strstr(list.out, id));
	ck_assert_ptr_nonnull(strstr(list.out, "orders:read,orders:write"));
	ck_assert_ptr_null(strstr(list.out, hex));
	ck_assert(!any_key());
	release(&made);
	release(&list);
}
END_TEST

START_TEST(only_a_hash_is_stored)
{
	PGconn *conn = admin_connect(fixture_url());
	char text[200], hex[65];
	struct said made;

	listen_to(&made);
	ck_assert(keys_create(fixture_url(), "hash", "orders:read", known, made.file[0], made.file[1]));
	hear(&made);
	hash_of(made.out + 19, hex);
	snprintf(text, sizeof text, "SELECT count(*) FROM api_keys WHERE secret_hash = '%s'", hex);
	ck_assert_int_eq(admin_number(conn, text), 1);
	PQfinish(conn);
	release(&made);
}
END_TEST

START_TEST(bad_arguments)
{
	static const struct {
		const char *name, *scopes, *complaint;
	} cases[] = {
		{"n", "orders:all", "orders:all"}, {"n", "orders:read,", "unknown scope \"\""},
		{"n", "", "unknown scope"},        {"n", "orders:rea", "unknown scope"},
		{"", "orders:read", "name"},       {"a\tb", "orders:read", "name"},
	};

	for (size_t i = 0; i < COUNTOF(cases); i++) {
		struct said said;

		listen_to(&said);
		ck_assert(!keys_create(fixture_url(), cases[i].name, cases[i].scopes, known, said.file[0],
				       said.file[1]));
		hear(&said);
		ck_assert_msg(strstr(said.complaints, cases[i].complaint) != NULL, "%s", said.complaints);
		ck_assert_str_eq(said.out, "");
		release(&said);
	}
}
END_TEST

START_TEST(revoking_nobody)
{
	struct said said;

	listen_to(&said);
	ck_assert(!keys_revoke(fixture_url(), "nosuchkey000", said.file[1]));
	hear(&said);
	ck_assert_ptr_nonnull(strstr(said.complaints, "nosuchkey000"));
	release(&said);
}
END_TEST

Suite *suite_keys(void)
{
	Suite *s = suite_create("keys");
	TCase *t = tcase_create("keys");

	tcase_add_test(t, life_of_a_key);
	tcase_add_test(t, only_a_hash_is_stored);
	tcase_add_test(t, bad_arguments);
	tcase_add_test(t, revoking_nobody);
	suite_add_tcase(s, t);
	return s;
}
