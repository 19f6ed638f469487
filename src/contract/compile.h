/*
 * The compiler: walks the document and fills struct contract. It stops at the first fault and
 * says where it is.
 */
#ifndef CICLO_CONTRACT_COMPILE_H
#define CICLO_CONTRACT_COMPILE_H

#include "parts.h"

enum {
	SCHEMA_BUCKETS = 1024,
	REF_HOPS_MAX = 16 /* a $ref to a $ref is rare; more hops than this are a circle */
};

struct compiler {
	struct contract *contract;
	struct arena *arena; /* that of the contract */
	char *why;
	size_t size;
	struct schema **tail;                   /* where the next schema is linked */
	struct schema *buckets[SCHEMA_BUCKETS]; /* by source: a schema is compiled once */
};

/* A value of the document and its place there ("#/paths/~1healthz"). json is NULL when absent. */
struct node {
	json_t *json;
	const char *place;
};

/* Says why and where; always false, so that callers can return it. */
bool compile_fail(struct compiler *c, const char *place, const char *fmt, ...) PRINTF_LIKE(3, 4);
/* Zeroed memory of the contract; NULL after compile_fail. */
void *compile_alloc(struct compiler *c, size_t count, size_t size) NODISCARD;

struct node node_get(struct compiler *c, struct node n, const char *key);
struct node node_at(struct compiler *c, struct node n, size_t index);
/* ref: the text of a local $ref; *ret: what it names. */
bool node_follow(struct compiler *c, struct node ref, struct node *ret) NODISCARD;
/* Follows $refs, if n is one, to their end. */
bool node_resolve(struct compiler *c, struct node *n) NODISCARD;
/* The member as text that lives with the document; NULL after compile_fail. */
const char *node_text(struct compiler *c, struct node n, const char *key) NODISCARD;
/* An optional boolean member. */
bool node_flag(struct compiler *c, struct node n, const char *key, bool *ret) NODISCARD;
bool node_is_object(struct compiler *c, struct node n) NODISCARD;
/* Every member is in the list (NULL ends it) or starts with "x-". */
bool node_members(struct compiler *c, struct node n, const char *const *known) NODISCARD;

/* The schema at n, to be compiled by schema_compile; NULL after compile_fail. */
struct schema *schema_want(struct compiler *c, struct node n) NODISCARD;
/* Compiles every schema that is wanted, and what these want. */
bool schema_compile(struct compiler *c) NODISCARD;
/* After schema_compile: refuses circles, collects defaults and checks them. */
bool schema_link(struct compiler *c) NODISCARD;

bool path_compile(struct compiler *c, struct node paths) NODISCARD;
bool operation_compile(struct compiler *c, struct path_item *item, struct node path, struct node op,
		       struct operation *ret) NODISCARD;
bool parameters_compile(struct compiler *c, const struct path_item *item, struct node path, struct node op,
			struct operation *ret) NODISCARD;
bool body_compile(struct compiler *c, struct node op, struct operation *ret) NODISCARD;
bool answers_compile(struct compiler *c, struct node op, struct operation *ret) NODISCARD;

/* The pattern, freed with the contract; NULL after compile_fail. */
const struct pattern *pattern_compile(struct compiler *c, struct node n) NODISCARD;
void patterns_free(struct pattern *first);

#endif
