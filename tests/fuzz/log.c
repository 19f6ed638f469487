/*
 * Lines of the log: whatever the values are, one line, which is JSON in UTF-8 with all that came before it was full.
 * Input: lines, of which each is a value.
 */
#include "fuzz.h"

#include "ciclo/base/log.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input_text in = {(const char *)data, size};
	struct log_line line;
	char text[sizeof line.text + 1];
	json_t *doc;

	log_begin(&line, LOG_ERROR, "fuzz");
	while (in.len > 0) {
		char name[16], *value = next_line(&in);

		/* No name may come twice. */
		snprintf(name, sizeof name, "m%zu", in.len);
		if (*value == '#')
			log_int(&line, name, (int64_t)in.len);
		else
			log_str(&line, name, value);
		free(value);
	}
	/* As log_end() ends it; that would write it as well. */
	must(line.len > 0 && line.len + 2 <= sizeof line.text, "a line has room for its end");
	snprintf(text, sizeof text, "%.*s}", (int)line.len, line.text);
	doc = json_loads(text, 0, NULL);
	must(doc != NULL, "a line is JSON");
	must(!strchr(text, '\n') && is_utf8(text, strlen(text)), "a line is one, in UTF-8");
	must(strcmp(json_string_value(json_object_get(doc, "event")), "fuzz") == 0, "a line has its event");
	json_decref(doc);
	return 0;
}
