/*
 * Reports of KPIs: what they have to read, and their answers.
 */
#ifndef CICLO_SRC_API_KPI_ANSWER_H
#define CICLO_SRC_API_KPI_ANSWER_H

#include "report.h"

report_plan_fn kpi_plan;
report_answer_fn kpi_answer_one, kpi_answer_all;

#endif
