/*
 * The OpenAPI document as a compiled structure: it is the route table, the validator,
 * the list of scopes and what GET /openapi.yaml serves.
 *
 * Loaded once, read-only afterwards, so every worker shares one. Supported schema keywords:
 * type (also a list), required, enum, const, minimum, maximum, exclusiveMinimum, exclusiveMaximum,
 * multipleOf (integers), minLength, maxLength, pattern (PCRE2, UTF), format (date, date-time, uuid, email,
 * country, currency, customer-reference, decimal, time-zone syntax, uri, uri-reference; int32 and int64 say a width and check
 * nothing), items, minItems, maxItems, uniqueItems, properties, additionalProperties (true, false or a schema), propertyNames,
 * minProperties, maxProperties, oneOf, anyOf, allOf, not, $ref (local), default. Annotations (title, description, examples, example,
 * deprecated, readOnly, writeOnly, discriminator is not one of them) are skipped. Anything else is an error at load.
 */
#ifndef CICLO_CONTRACT_CONTRACT_H
#define CICLO_CONTRACT_CONTRACT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "ciclo/base/attr.h"
#include "ciclo/base/problem.h"

struct contract;
struct schema;

enum { PATH_ARGS_MAX = 4, MEDIA_TYPES_MAX = 4 };

/* Sets of JSON kinds. A value is of one kind; a real with a whole value is an integer, as JSON Schema says. */
enum kind {
	KIND_NULL = 1 << 0,
	KIND_BOOLEAN = 1 << 1,
	KIND_INTEGER = 1 << 2,
	KIND_FRACTION = 1 << 3,
	KIND_STRING = 1 << 4,
	KIND_ARRAY = 1 << 5,
	KIND_OBJECT = 1 << 6,
	KIND_NUMBER = KIND_INTEGER | KIND_FRACTION,
	KIND_ANY = (1 << 7) - 1
};

struct media_type {
	const char *name;            /* "application/json" */
	const struct schema *schema; /* NULL when the document gives none */
};

/* One operation; the strings live as long as the contract. */
struct operation {
	const char *id;     /* operationId */
	const char *method; /* upper case: "GET" */
	const char *path;   /* template: "/v1/orders/{ref}"; what logs show instead of the raw path */
	const char *scope;  /* from `security`; NULL: open to everybody */
	size_t index;       /* 0 .. contract_operations()-1, for tables beside this one */
	size_t body_max;    /* bytes, `x-body-max`, default 1 MiB; 0 when there is no requestBody */
	bool body_required;
	struct media_type body[MEDIA_TYPES_MAX]; /* request media types, name NULL ends */
	struct media_type
		answer[MEDIA_TYPES_MAX]; /* media types of the first 2xx response; the first is the default */
	const struct schema *item; /* `x-batch-item: {$ref}`: schema of one item of a batch; NULL elsewhere */
	const struct parameter *parameters; /* private to src/contract */
};

/*
 * Parses and compiles. On a fault returns NULL and writes a message that names the place in the
 * document ("#/paths/~1v1~1orders/post: unsupported keyword \"if\"") to why.
 */
struct contract *contract_load(const char *yaml, size_t len, char *why, size_t size) NODISCARD;
void contract_free(struct contract *c);

size_t contract_operations(const struct contract *c);
const struct operation *contract_operation(const struct contract *c, size_t index);
const struct operation *contract_find(const struct contract *c, const char *operation_id);
/* The document itself, for /openapi.yaml and /openapi.json. */
const char *contract_yaml(const struct contract *c, size_t *ret_len);
const char *contract_json(const struct contract *c, size_t *ret_len);

enum route { ROUTE_FOUND, ROUTE_NO_PATH, ROUTE_NO_METHOD, ROUTE_BAD_PATH };

/* The match of one request target. */
struct route_match {
	const struct operation *operation; /* ROUTE_FOUND */
	char allow[64];                    /* ROUTE_FOUND and ROUTE_NO_METHOD: "GET, HEAD, OPTIONS, POST" */
	char *args[PATH_ARGS_MAX];         /* decoded path arguments in template order; malloc'd */
	size_t arg_count;
};

/*
 * path: the raw target up to '?'. Segments are split first and percent-decoded after, so an encoded
 * slash can never split one. ROUTE_BAD_PATH: bad escape, NUL, control byte, invalid UTF-8, encoded
 * slash, "." or ".." segment, or memory is out. HEAD matches GET; OPTIONS matches any path that exists
 * (ROUTE_NO_METHOD with allow filled: the caller answers 204). Literal segments win over
 * arguments. Release with route_release in every case.
 */
enum route contract_route(const struct contract *c, const char *method, const char *path, size_t len,
			  struct route_match *ret) NODISCARD;
void route_release(struct route_match *m);

/* Reads one header field of the request: its value with outer white space trimmed, or NULL. */
typedef const char *header_fn(void *cls, const char *name);

/*
 * Decodes and validates path arguments, query (raw, after '?', may be NULL) and header parameters.
 * Unknown or repeated query parameters, bad escapes and values out of schema are violations.
 * Returns a new object {name: typed value} with defaults filled in (header names in lower case),
 * also when violations were added; NULL when memory is out.
 */
json_t *contract_parameters(const struct operation *op, const struct route_match *m, const char *query,
			    header_fn *header, void *cls, struct violations *v) NODISCARD;

/*
 * Validates value against s, fills in `default` of absent properties, and adds every violation with
 * its JSON pointer below `pointer` ("" for the whole body).
 */
void schema_validate(const struct schema *s, json_t *value, const char *pointer, struct violations *v);

/*
 * The kinds of values that s takes at a place: names from the root, a number for a place in an array ("items", "0",
 * "sku"). KIND_ANY where it does not say; 0 where nothing may be. Of several ways (oneOf, anyOf) all count.
 */
unsigned schema_kinds(const struct schema *s, const char *const *names, size_t count);
/*
 * Text as a value of one of these kinds, for what knows no types (CSV): a string where strings are taken, else the JSON
 * value that the text is; what is none of them stays a string, for the schema to refuse. NULL: not UTF-8, or memory is out.
 */
json_t *schema_text(unsigned kinds, const char *text, size_t len) NODISCARD;

/* What `format: email` takes, for a name that is an address only by what stands beside it. */
bool email_valid(const char *text, size_t len) NODISCARD;

/* The request schema for a media type without parameters ("application/json"); false if the operation does not take it. */
bool operation_takes(const struct operation *op, const char *media_type, const struct schema **ret) NODISCARD;

/* The first media type that the operation answers with and an Accept field allows (q-values and
 * wildcards, RFC 9110 §12.5.1); accept NULL allows all. NULL: 406. "" when its answer has no content. */
const char *operation_answers(const struct operation *op, const char *accept) NODISCARD;

#endif
