/*
 * The compiled contract: what compile.h builds and what routing and validation walk.
 *
 * Everything here lives in the arena of the contract and points into its document; nothing is
 * written after contract_load, so threads share it. Schemas point at each other and may form
 * circles, but only through properties and items (schema_link.c refuses the others).
 */
#ifndef CICLO_CONTRACT_PARTS_H
#define CICLO_CONTRACT_PARTS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "ciclo/base/arena.h"
#include "ciclo/base/problem.h"
#include "ciclo/contract/contract.h"

struct format;
struct pattern;
struct schema;

unsigned kind_of(const json_t *value);
/* "a string", "an integer or null". */
void kind_words(unsigned kinds, char *out, size_t size);
/* A new json_integer for a real that is whole and within 2^53; NULL for all else. */
json_t *whole_number(const json_t *value) NODISCARD;

struct limits {
	size_t min;
	size_t max; /* SIZE_MAX: none */
};

struct property {
	const char *name;
	struct schema *schema;
	const json_t *fill; /* its default, NULL when it has none */
};

struct properties {
	struct property *item; /* sorted by name */
	size_t count;
};

struct names {
	const char **item;
	size_t count;
};

struct schemas {
	struct schema **item;
	size_t count;
};

/* additionalProperties */
struct additional {
	bool refused;
	struct schema *schema; /* NULL: anything */
};

struct schema {
	unsigned kinds;        /* `type`, KIND_ANY without */
	unsigned accepts;      /* kinds, narrowed by $ref, allOf, anyOf and oneOf */
	const json_t *choices; /* enum */
	const json_t *constant;
	const json_t *fill;                              /* default; that of $ref if it has none */
	const json_t *minimum, *maximum, *above, *below; /* the last two are the exclusive ones */
	const json_t *multiple_of;
	struct limits length; /* code points */
	struct limits items;
	struct limits members;
	bool unique;
	const struct pattern *pattern;
	const struct format *format;
	struct schema *each; /* items */
	struct schema *name; /* propertyNames */
	struct properties properties;
	struct properties fills; /* those of properties with a default */
	struct additional additional;
	struct names required;
	struct schema *ref;
	struct schema *no; /* not */
	struct schemas all, any, one;

	/* Of use while loading. */
	json_t *source;
	const char *place;
	enum { LINK_NEW, LINK_OPEN, LINK_DONE } link;
	struct schema *next;      /* of all schemas, in the order of compilation */
	struct schema *neighbour; /* same bucket of the compiler's table */
};

struct parameter {
	const char *name; /* as documented; NULL ends the list */
	const char *key;  /* in the object of contract_parameters: name, header fields in lower case */
	const char *place;
	enum violation_in in;
	size_t arg; /* IN_PATH: index into the arguments of the route */
	bool required;
	const struct schema *schema;
};

/* Alphabetical, because `Allow` is. */
enum method { METHOD_DELETE, METHOD_GET, METHOD_PATCH, METHOD_POST, METHOD_PUT, METHOD_COUNT };

struct path_item {
	const char *path; /* template */
	const char *args[PATH_ARGS_MAX];
	size_t arg_count;
	char allow[sizeof(((struct route_match *)NULL)->allow)];
	const struct operation *by_method[METHOD_COUNT];
};

/* The tree of paths: one level per segment. */
struct junction {
	struct branch *literals;
	struct junction *argument; /* where any other segment leads */
	struct path_item *end;     /* the path that ends here */
};

struct branch {
	const char *text;
	size_t len;
	struct junction to;
	struct branch *next;
};

struct contract {
	struct arena *arena;
	json_t *doc;
	const char *yaml;
	size_t yaml_len;
	char *json;
	size_t json_len;
	struct operation *operations;
	size_t operation_count;
	struct junction root;
	struct schema *schemas;
	struct pattern *patterns;
};

const char *method_name(enum method m);
/* METHOD_COUNT when the contract knows no such method. */
enum method method_find(const char *name);

/* Validates a parameter: violations carry `in` and `where` as they are. IN_BODY: where is a JSON
 * pointer that the place within the value is appended to. */
void schema_check(const struct schema *s, json_t *value, enum violation_in in, const char *where,
		  struct violations *v);

#endif
