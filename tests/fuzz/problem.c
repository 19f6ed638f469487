/*
 * Problem documents: whatever a violation or a detail says, the answer is JSON in UTF-8 and has all its members.
 * Input: lines. The first is the detail, each after that a violation: place, a tab, what is wrong.
 */
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const enum violation_in places[] = {IN_BODY, IN_PATH, IN_QUERY, IN_HEADER};
	struct input_text in = {(const char *)data, size};
	char *detail = next_line(&in);
	struct violations v = {.item = NULL};
	size_t count = 0;

	for (; in.len > 0; count++) {
		char *line = next_line(&in);
		size_t where = strcspn(line, "\t");
		const char *wrong = line[where] ? line + where + 1 : line + where;
		enum violation_in place = places[(unsigned char)*wrong % COUNTOF(places)];

		line[where] = '\0';
		violation_add(&v, place, line, "format", "%s", wrong);
		free(line);
	}
	must(v.total == count, "every violation counts");
	must_make_a_problem((enum problem)(1 + size % (PROBLEM_COUNT - 1)), &v, detail);
	free(detail);
	return 0;
}
