#include "support.h"

static const struct row {
	const char *format;
	const char *text;
	bool valid;
} rows[] = {
	{"date", "2024-02-29", true},
	{"date", "2023-02-29", false},
	{"date", "2026-1-1", false},
	{"date", "2026-01-01T00:00:00Z", false},
	{"date-time", "2026-01-01T09:00:00Z", true},
	{"date-time", "2026-01-01T09:00:00.123+01:00", true},
	{"date-time", "2026-01-01T09:00:00", false},
	{"date-time", "2026-01-01 09:00:00Z", false},
	{"date-time", "2026-01-01", false},
	{"uuid", "018f4c1e-7b1a-7c3d-9e2f-0123456789ab", true},
	{"uuid", "018f4c1e7b1a7c3d9e2f0123456789ab", false},
	{"uuid", "018f4c1e-7b1a-7c3d-9e2f-0123456789ag", false},
	{"currency", "EUR", true},
	{"currency", "JPY", true},
	{"currency", "eur", false},
	{"currency", "XXQ", false},
	{"currency", "EU", false},
	{"currency", "EURO", false},
	{"country", "GB", true},
	{"country", "UK", false},
	{"country", "XK", false},
	{"country", "gb", false},
	{"country", "GBR", false},
	{"country", "G", false},
	{"country", "G~", false},
	{"decimal", "0.85", true},
	{"decimal", "-12", true},
	{"decimal", "1,5", false},
	{"decimal", "", false},
	{"time-zone", "UTC", true},
	{"time-zone", "Europe/London", true},
	{"time-zone", "America/Argentina/Buenos_Aires", true},
	{"time-zone", "Etc/GMT+5", true},
	{"time-zone", "", false},
	{"time-zone", "/Europe", false},
	{"time-zone", "Europe/", false},
	{"time-zone", "Europe//London", false},
	{"time-zone", "../etc", false},
	{"time-zone", "Europe/London; DROP", false},
	{"time-zone", "a123456789a123456789a123456789a123456789a123456789a123456789abcd", true},
	{"time-zone", "a123456789a123456789a123456789a123456789a123456789a123456789abcde", false},
	{"customer-reference", "email:ann@example.com", true},
	{"customer-reference", "email:ann", false},
	{"customer-reference", "email:.ann@example.com", false},
	{"customer-reference", "external:ann", true},
	{"email", "ann@example.com", true},
	{"email", "a.b+tag@sub.example.co.uk", true},
	{"email", "o'hara@example.com", true},
	{"email", "ann@localhost", true},
	{"email", "\"a.b\\\"c\"@example.com", true},
	{"email", "", false},
	{"email", "@", false},
	{"email", "ann", false},
	{"email", "ann@", false},
	{"email", "@example.com", false},
	{"email", "ann@@example.com", false},
	{"email", "ann@a@example.com", false},
	{"email", ".ann@example.com", false},
	{"email", "ann.@example.com", false},
	{"email", "an..n@example.com", false},
	{"email", "an n@example.com", false},
	{"email", "ann\n@example.com", false},
	{"email", "ann@example.com\n", false},
	{"email", "ann@-example.com", false},
	{"email", "ann@example-.com", false},
	{"email", "ann@example..com", false},
	{"email", "ann@example.com.", false},
	{"email", "ann@exa_mple.com", false},
	{"email", "\"\"@example.com", false},
	{"email", "\"a\"b\"@example.com", false},
	{"email", "\"a b\"@example.com", false},
	{"email", "\"a\\\"@example.com", false},
	{"email", "\"@example.com", false},
	{"email", "a123456789a123456789a123456789a123456789a123456789a123456789abcd@example.com", true},
	{"email", "a123456789a123456789a123456789a123456789a123456789a123456789abcde@example.com", false},
	{"uri", "https://example.com/a?b=c#d", true},
	{"uri", "urn:uuid:018f4c1e-7b1a-7c3d-9e2f-0123456789ab", true},
	{"uri", "/a", false},
	{"uri", "https:", false},
	{"uri", "1http://x", false},
	{"uri", "http://a b", false},
	{"uri", "http://a/%zz", false},
	{"uri-reference", "/problems/not_found", true},
	{"uri-reference", "", true},
	{"uri-reference", "a/b:c", true},
	{"uri-reference", "1a:b", false},
	{"uri-reference", "<a>", false},
	{"uri-reference", "a%2", false},
};

static bool is_valid(const struct schema *s, const char *text)
{
	struct violations found = {.total = 0};
	json_t *value = json_string(text);
	bool valid;

	schema_validate(s, value, "", &found);
	valid = found.total == 0;
	violations_release(&found);
	json_decref(value);
	return valid;
}

START_TEST(tells_valid_text)
{
	char schema[64];
	struct contract *c;

	snprintf(schema, sizeof schema, "{format: %s}", rows[_i].format);
	c = contract_of(schema, "{}");
	ck_assert_msg(is_valid(body_schema(c), rows[_i].text) == rows[_i].valid, "%s \"%s\"", rows[_i].format,
		      rows[_i].text);
	contract_free(c);
}
END_TEST

/* ISO 3166-1 has 249 assigned codes. */
START_TEST(knows_all_countries)
{
	struct contract *c = contract_of("{format: country}", "{}");
	unsigned count = 0;

	for (char first = 'A'; first <= 'Z'; first++) {
		for (char second = 'A'; second <= 'Z'; second++)
			count += is_valid(body_schema(c), (char[]){first, second, '\0'});
	}
	ck_assert_uint_eq(count, 249);
	contract_free(c);
}
END_TEST

START_TEST(limits_an_address)
{
	struct contract *c = contract_of("{format: email}", "{}");
	char text[256];

	memset(text, 'a', sizeof text);
	text[1] = '@';
	for (size_t i = 50; i < 250; i += 50)
		text[i] = '.';
	text[254] = '\0';
	ck_assert(is_valid(body_schema(c), text));
	text[254] = 'a';
	text[255] = '\0';
	ck_assert(!is_valid(body_schema(c), text));
	contract_free(c);
}
END_TEST

START_TEST(looks_at_text_only)
{
	struct contract *c = contract_of("{format: date}", "{}");
	struct violations found = {.total = 0};

	schema_validate(body_schema(c), json_null(), "", &found);
	ck_assert_uint_eq(found.total, 0);
	contract_free(c);
}
END_TEST

Suite *format_suite(void)
{
	Suite *suite = suite_create("format");
	TCase *tcase = tcase_create("format");

	tcase_add_loop_test(tcase, tells_valid_text, 0, COUNTOF(rows));
	tcase_add_test(tcase, knows_all_countries);
	tcase_add_test(tcase, limits_an_address);
	tcase_add_test(tcase, looks_at_text_only);
	suite_add_tcase(suite, tcase);
	return suite;
}
