/* The suites of tests/unit/base: one for each header of include/ciclo/base. */
#ifndef TESTS_UNIT_BASE_SUITES_H
#define TESTS_UNIT_BASE_SUITES_H

#include <check.h>

Suite *arena_suite(void);
Suite *buf_suite(void);
Suite *config_suite(void);
Suite *decimal_suite(void);
Suite *log_suite(void);
Suite *money_suite(void);
Suite *problem_suite(void);
Suite *time_suite(void);
Suite *uuid7_suite(void);

#endif
