/*
 * Patterns come from the contract, subjects from clients: the match limit keeps an unlucky pair from
 * holding the loop, and a compiled pattern is read-only, so threads share it.
 */
#include "pattern.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "ciclo/base/memory.h"

#include "compile.h"

/* `$` means the end only, \d and \w are ASCII, \uXXXX and [] are known: as in ECMA-262. */
enum {
	OPTIONS = PCRE2_UTF | PCRE2_DOLLAR_ENDONLY | PCRE2_ALT_BSUX | PCRE2_ALLOW_EMPTY_CLASS |
		  PCRE2_NEVER_BACKSLASH_C
};

/* About 5 ms at worst; the patterns of a contract need some hundreds of steps. */
enum { MATCH_LIMIT = 100000 };

struct pattern {
	pcre2_code *code;
	pcre2_match_context *context;
	struct pattern *next;
};

static bool compile(struct compiler *c, struct node n, struct pattern *p)
{
	const char *text = json_string_value(n.json);
	PCRE2_UCHAR message[120] = "";
	PCRE2_SIZE offset;
	int error;

	p->code = pcre2_compile((PCRE2_SPTR)text, PCRE2_ZERO_TERMINATED, OPTIONS, &error, &offset, NULL);
	if (!p->code) {
		pcre2_get_error_message(error, message, sizeof message);
		return compile_fail(c, n.place, "bad pattern at character %zu: %s", offset, (char *)message);
	}
	p->context = pcre2_match_context_create(NULL);
	if (!p->context)
		return compile_fail(c, n.place, "memory is out");
	pcre2_set_match_limit(p->context, MATCH_LIMIT);
	/* Without the JIT (no executable memory allowed) the interpreter runs: slower, same result. */
	pcre2_jit_compile(p->code, PCRE2_JIT_COMPLETE);
	return true;
}

const struct pattern *pattern_compile(struct compiler *c, struct node n)
{
	struct pattern *p;

	if (!json_is_string(n.json)) {
		compile_fail(c, n.place, "a pattern must be text");
		return NULL;
	}
	p = compile_alloc(c, 1, sizeof *p);
	if (!p)
		return NULL;
	p->next = c->contract->patterns;
	c->contract->patterns = p;
	return compile(c, n, p) ? p : NULL;
}

void patterns_free(struct pattern *first)
{
	for (struct pattern *p = first; p; p = p->next) {
		pcre2_match_context_free(p->context);
		pcre2_code_free(p->code);
	}
}

bool pattern_match(const struct pattern *p, const char *text, size_t len)
{
	/* One pair of offsets: only "does it match" is of interest. */
	pcre2_match_data *data = pcre2_match_data_create(1, NULL);
	int rc;

	if (!data) {
		memory_failed();
		return false;
	}
	rc = pcre2_match(p->code, (PCRE2_SPTR)text, len, 0, 0, data, p->context);
	pcre2_match_data_free(data);
	if (rc == PCRE2_ERROR_NOMEMORY)
		memory_failed();
	return rc >= 0;
}
