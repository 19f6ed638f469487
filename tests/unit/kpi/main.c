/* Runs the suites of the kpi room. */
#include <stdlib.h>

#include "suites.h"

struct kpi_result compute(const char *name, const struct measures *facts, const struct kpi_context *context)
{
	const struct kpi *kpi = kpi_find(name);
	struct kpi_context year = year_2026();
	struct kpi_input in = {.facts = facts, .context = context ? context : &year};

	ck_assert_ptr_nonnull(kpi);
	in.kpi = kpi;
	in.terms = &kpi->terms;
	return kpi_compute(&in);
}

const char *text_of(struct figure figure, unsigned places)
{
	static char text[DECIMAL_TEXT];

	if (!figure.known)
		return "null";
	ck_assert(decimal_format(figure.value, places, text));
	return text;
}

const char *detail_of(const struct kpi_result *result, const char *name)
{
	for (size_t i = 0; i < result->detail_count; i++) {
		if (strcmp(result->details[i].name, name) == 0)
			return text_of(result->details[i].figure, result->details[i].places);
	}
	ck_abort_msg("no detail %s", name);
	return NULL;
}

struct kpi_context year_2026(void)
{
	const int32_t new_year_2026 = 20454, new_year_2027 = 20819; /* days since 1970 */

	return (struct kpi_context){.window = {.from = new_year_2026, .to = new_year_2027},
				    .declared_margin = {.num = 1, .den = 1}};
}

int main(void)
{
	SRunner *runner = srunner_create(window_suite());
	int failed;

	srunner_add_suite(runner, customer_suite());
	srunner_add_suite(runner, confidence_suite());
	srunner_add_suite(runner, catalogue_suite());
	srunner_add_suite(runner, value_suite());
	srunner_add_suite(runner, compare_suite());
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
