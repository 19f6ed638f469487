/*
 * The handlers that src/api/routes.c binds to operations, and the answers that several of them share.
 */
#ifndef CICLO_SRC_API_HANDLERS_H
#define CICLO_SRC_API_HANDLERS_H

#include "ciclo/api/api.h"

/* service.c */
void service_get(struct api *api, struct call *call);
void health_get(struct api *api, struct call *call);
void ready_get(struct api *api, struct call *call);
void openapi_yaml_get(struct api *api, struct call *call);
void openapi_json_get(struct api *api, struct call *call);
void problem_get(struct api *api, struct call *call);

/* settings.c */
void settings_get(struct api *api, struct call *call);
void settings_replace(struct api *api, struct call *call);
void settings_update(struct api *api, struct call *call);

/* customers.c */
void customer_create(struct api *api, struct call *call);
void customer_batch(struct api *api, struct call *call);
void customer_list(struct api *api, struct call *call);
void customer_get(struct api *api, struct call *call);

/* customer_change.c */
void customer_put(struct api *api, struct call *call);
void customer_update(struct api *api, struct call *call);

/* orders.c */
void order_create(struct api *api, struct call *call);
void order_batch(struct api *api, struct call *call);
void order_list(struct api *api, struct call *call);
void order_get(struct api *api, struct call *call);

/* order_change.c */
void order_update(struct api *api, struct call *call);
void order_cancel(struct api *api, struct call *call);

/* refunds.c */
void refund_create(struct api *api, struct call *call);
void refund_list(struct api *api, struct call *call);

/* spend.c */
void spend_create(struct api *api, struct call *call);
void spend_list(struct api *api, struct call *call);
void spend_get(struct api *api, struct call *call);

/* campaigns.c */
void campaign_create(struct api *api, struct call *call);
void campaign_list(struct api *api, struct call *call);
void campaign_get(struct api *api, struct call *call);
void campaign_day_put(struct api *api, struct call *call);
void campaign_day_get(struct api *api, struct call *call);
void campaign_day_list(struct api *api, struct call *call);

/* surveys.c */
void survey_create(struct api *api, struct call *call);
void survey_list(struct api *api, struct call *call);
void survey_get(struct api *api, struct call *call);

/* responses.c */
void response_create(struct api *api, struct call *call);
void response_batch(struct api *api, struct call *call);
void response_list(struct api *api, struct call *call);
void response_get(struct api *api, struct call *call);

/* kpis.c, nps.c, cohorts.c */
void kpi_list(struct api *api, struct call *call);
void kpi_get(struct api *api, struct call *call);
void dashboard_get(struct api *api, struct call *call);
void nps_get(struct api *api, struct call *call);
void cohorts_get(struct api *api, struct call *call);

/* respond.c: the problem for an answer that is not DB_OK (503, 504 or 500). */
void call_db_problem(struct call *call, const struct db_answer *answer);

#endif
