/*
 * What stands behind the KPI discovery_channels: two ranked lists, which no measure can hold.
 */
#ifndef CICLO_SRC_API_DISCOVERY_H
#define CICLO_SRC_API_DISCOVERY_H

#include <jansson.h>

#include "report.h"

/* In a plan: adds the statement of the lists, and of the survey if the request names one. false: no room for them. */
bool discovery_read(struct report *r) NODISCARD;
/* false: the survey that the request names cannot be this one, and the call was answered. */
bool discovery_survey(const struct report *r, const struct db_answer *answer) NODISCARD;
/* Sets the `details` of the KPI's document. */
void discovery_details(const struct report *r, const struct db_answer *answer, json_t *doc);

#endif
