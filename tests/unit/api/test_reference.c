#include "../../../src/api/reference.h"
#include "suites.h"

static const struct {
	const char *text;
	enum reference_table table;
	const char *kind;
	const char *value;
} customers[] = {
	{"external:C-1", REF_IDENTITY, "external", "C-1"},
	{"external:email:x", REF_IDENTITY, "external", "email:x"},
	{"email:Ann@Example.COM", REF_IDENTITY, "email", "ann@example.com"},
	{"visitor:Abc", REF_IDENTITY, "visitor", "Abc"},
	{"01890a5d-ac96-774b-bcce-b302099a8057", REF_CUSTOMER, "id", "01890a5d-ac96-774b-bcce-b302099a8057"},
};

START_TEST(names_customers)
{
	struct reference r;
	struct arena *arena = arena_new(4096);
	ck_assert_ptr_nonnull(reference_customer(&r, customers[_i].text, arena));
	ck_assert_int_eq(r.table, customers[_i].table);
	ck_assert_str_eq(r.kind, customers[_i].kind);
	ck_assert_str_eq(r.value, customers[_i].value);
	arena_free(arena);
}
END_TEST

START_TEST(names_resources)
{
	struct reference r;
	reference_resource(&r, REF_ORDER, "external:A/1");
	ck_assert_str_eq(r.kind, "external");
	ck_assert_str_eq(r.value, "A/1");
	reference_resource(&r, REF_ORDER, "01890a5d-ac96-774b-bcce-b302099a8057");
	ck_assert_str_eq(r.kind, "id");
	ck_assert_int_eq(r.table, REF_ORDER);
}
END_TEST

Suite *reference_suite(void)
{
	Suite *suite = suite_create("reference");
	TCase *tcase = tcase_create("reference");
	tcase_add_loop_test(tcase, names_customers, 0, COUNTOF(customers));
	tcase_add_test(tcase, names_resources);
	suite_add_tcase(suite, tcase);
	return suite;
}
