/*
 * The suites of this room, one per file.
 */
#ifndef CICLO_TESTS_UNIT_HTTP_SUITES_H
#define CICLO_TESTS_UNIT_HTTP_SUITES_H

#include <check.h>

Suite *guard_suite(void);
Suite *parts_suite(void);
Suite *protocol_suite(void);
Suite *checks_suite(void);
Suite *rate_suite(void);
Suite *wall_suite(void);
Suite *life_suite(void);

#endif
