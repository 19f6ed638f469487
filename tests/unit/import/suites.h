#ifndef CICLO_TESTS_UNIT_IMPORT_SUITES_H
#define CICLO_TESTS_UNIT_IMPORT_SUITES_H

#include <check.h>

Suite *csv_suite(void);
Suite *input_suite(void);
Suite *columns_suite(void);
Suite *collection_suite(void);

#endif
