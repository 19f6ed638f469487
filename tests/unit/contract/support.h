/*
 * Small contracts for the tests, written inline.
 */
#ifndef CICLO_TESTS_CONTRACT_SUPPORT_H
#define CICLO_TESTS_CONTRACT_SUPPORT_H

#include <check.h>

#include "ciclo/contract/contract.h"

Suite *json_suite(void);
Suite *yaml_suite(void);
Suite *load_suite(void);
Suite *schema_suite(void);
Suite *validate_suite(void);
Suite *format_suite(void);
Suite *route_suite(void);
Suite *params_suite(void);
Suite *media_suite(void);
Suite *place_suite(void);

/* The head of a document, up to `paths:` and `components:`, which follow in `rest`. why: 512 bytes. */
struct contract *load_rest(const char *rest, char *why);
/* POST /things takes a body of this schema (YAML flow style), beside these components/schemas
 * ("{}" for none). Fails the test if it does not load. */
struct contract *contract_of(const char *schema, const char *components);
/* The same, when a fault is expected. */
struct contract *try_contract_of(const char *schema, const char *components, char *why);
const struct schema *body_schema(const struct contract *c);

/* "/items/0 type, limit maximum": what was found, in order; malloc'd. Releases v. */
char *found_text(struct violations *v);

#endif
