/*
 * The rules of the protocol guard, one by one.
 */
#include <string.h>

#include "../../../src/http/guard.h"
#include "suites.h"

struct field {
	const char *name;
	const char *value;
};

static const struct {
	struct field fields[3];
	const char *version;
	enum problem fault;
} cases[] = {
	{{{"Content-Length", "5"}}, "HTTP/1.1", PROBLEM_NONE},
	{{{"Transfer-Encoding", "chunked"}}, "HTTP/1.1", PROBLEM_NONE},
	{{{"Transfer-Encoding", "chunked"}}, "HTTP/1.0", PROBLEM_malformed_request},
	{{{"Transfer-Encoding", "gzip, chunked"}}, "HTTP/1.1", PROBLEM_malformed_request},
	{{{"Transfer-Encoding", "chunked "}}, "HTTP/1.1", PROBLEM_malformed_request},
	{{{"Transfer-Encoding", "identity"}}, "HTTP/1.1", PROBLEM_malformed_request},
	{{{"Transfer-Encoding ", "chunked"}}, "HTTP/1.1", PROBLEM_malformed_request},
	{{{"Transfer-Encoding", "chunked"}, {"Content-Length", "5"}}, "HTTP/1.1", PROBLEM_malformed_request},
	{{{"content-length", "5"}, {"Transfer-Encoding", "chunked"}}, "HTTP/1.1", PROBLEM_malformed_request},
	{{{"Content-Length", "0"}, {"Content-Length", "5"}}, "HTTP/1.1", PROBLEM_malformed_request},
	{{{"Content-Length", "5"}, {"Content-Length", "5"}}, "HTTP/1.1", PROBLEM_malformed_request},
	{{{"Content-Length", "+5"}}, "HTTP/1.1", PROBLEM_malformed_request},
	{{{"Content-Length", "5,5"}}, "HTTP/1.1", PROBLEM_malformed_request},
	{{{"Content-Length", "0x5"}}, "HTTP/1.1", PROBLEM_malformed_request},
	{{{"Content-Length", ""}}, "HTTP/1.1", PROBLEM_malformed_request},
	{{{"Content-Length", "99999999999999999999"}}, "HTTP/1.1", PROBLEM_malformed_request},
	{{{"Host", "a"}, {"Host", "b"}}, "HTTP/1.1", PROBLEM_malformed_request},
	{{{"Authorization", "a"}, {"authorization", "a"}}, "HTTP/1.1", PROBLEM_malformed_request},
	{{{"Idempotency-Key", "a"}, {"Idempotency-Key", "b"}}, "HTTP/1.1", PROBLEM_malformed_request},
	{{{"Content-Type", "a/b"}, {"Content-Type", "a/b"}}, "HTTP/1.1", PROBLEM_malformed_request},
	{{{"If-Match", "*"}, {"If-Match", "*"}}, "HTTP/1.1", PROBLEM_malformed_request},
	{{{"X-Any", "a"}, {"X-Any", "b"}}, "HTTP/1.1", PROBLEM_NONE},
	{{{"X-Any", "a\tb"}}, "HTTP/1.1", PROBLEM_NONE},
	{{{"X-Any", "a\x01"}}, "HTTP/1.1", PROBLEM_malformed_request},
	{{{"X-Any", "a\x7f"}}, "HTTP/1.1", PROBLEM_malformed_request},
	{{{"X-Any", "a\rb"}}, "HTTP/1.1", PROBLEM_malformed_request},
	{{{"X Any", "a"}}, "HTTP/1.1", PROBLEM_malformed_request},
	{{{"", "a"}}, "HTTP/1.1", PROBLEM_malformed_request},
	{{{"X(Any)", "a"}}, "HTTP/1.1", PROBLEM_malformed_request},
	{{{"Content-Encoding", "gzip"}}, "HTTP/1.1", PROBLEM_unsupported_media_type},
	{{{"Content-Encoding", "identity"}}, "HTTP/1.1", PROBLEM_NONE},
};

START_TEST(test_fields)
{
	struct guard g = {0};

	for (size_t i = 0; i < 3 && cases[_i].fields[i].name; i++) {
		const struct field *f = &cases[_i].fields[i];

		guard_field(&g, f->name, strlen(f->name), f->value, strlen(f->value));
	}
	ck_assert_msg(guard_verdict(&g, cases[_i].version) == cases[_i].fault, "%s: %s",
		      cases[_i].fields[0].name, cases[_i].fields[0].value);
}
END_TEST

START_TEST(test_length)
{
	struct guard g = {0};

	guard_field(&g, "content-LENGTH", 14, "1048577", 7);
	guard_field(&g, "Expect", 6, "100-Continue", 12);
	ck_assert_int_eq(guard_verdict(&g, "HTTP/1.1"), PROBLEM_NONE);
	ck_assert_uint_eq(g.length, 1048577);
	ck_assert(g.expects);
	ck_assert(!g.chunked);
}
END_TEST

static const struct {
	const char *method;
	const char *target;
	const char *path;
} targets[] = {
	{"GET", "/a?b=c", "/a?b=c"},
	{"GET", "http://host:80/a?b", "/a?b"},
	{"GET", "HTTPS://host/", "/"},
	{"GET", "http://host", "/"},
	{"GET", "*", NULL},
	{"OPTIONS", "*", "*"},
	{"CONNECT", "host:80", NULL},
	{"GET", "a", NULL},
	{"GET", "", NULL},
	{"GET", "ftp://host/a", NULL},
	{"GET", "/a#b", NULL},
	{"GET", "/a\x01", NULL},
	{"GET", "/\xc3\xa4", NULL},
};

START_TEST(test_target)
{
	const char *path = guard_target(targets[_i].method, targets[_i].target);

	if (targets[_i].path)
		ck_assert_str_eq(path, targets[_i].path);
	else
		ck_assert_ptr_null(path);
}
END_TEST

Suite *guard_suite(void)
{
	Suite *s = suite_create("guard");
	TCase *t = tcase_create("guard");

	tcase_add_loop_test(t, test_fields, 0, COUNTOF(cases));
	tcase_add_test(t, test_length);
	tcase_add_loop_test(t, test_target, 0, COUNTOF(targets));
	suite_add_tcase(s, t);
	return s;
}
