#ifndef CICLO_TESTS_UNIT_API_SUITES_H
#define CICLO_TESTS_UNIT_API_SUITES_H

#include <check.h>

Suite *amounts_suite(void);
Suite *document_suite(void);
Suite *later_suite(void);
Suite *reference_suite(void);
Suite *routes_suite(void);
Suite *shop_suite(void);

#endif
