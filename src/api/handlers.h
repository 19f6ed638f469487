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

/* metrics.c */
void metrics_get(struct api *api, struct call *call);

/* settings.c */
void settings_get(struct api *api, struct call *call);
void settings_replace(struct api *api, struct call *call);
void settings_update(struct api *api, struct call *call);

/* customers.c */
void customer_create(struct api *api, struct call *call);
void customer_batch(struct api *api, struct call *call);
void customer_list(struct api *api, struct call *call);
void customer_get(struct api *api, struct call *call);

/* identities.c */
void identity_link(struct api *api, struct call *call);
void identity_unlink(struct api *api, struct call *call);
void identity_preview(struct api *api, struct call *call);

/* lifecycle.c */
void lifecycle_stages_get(struct api *api, struct call *call);
void lifecycle_transitions_get(struct api *api, struct call *call);
void lifecycle_model_list(struct api *api, struct call *call);
void lifecycle_model_get(struct api *api, struct call *call);
void lifecycle_model_put(struct api *api, struct call *call);
void timeline_list(struct api *api, struct call *call);

/* customer_change.c */
void customer_put(struct api *api, struct call *call);
void customer_update(struct api *api, struct call *call);

/* privacy.c */
void customer_export(struct api *api, struct call *call);
void customer_erase(struct api *api, struct call *call);
void consent_list(struct api *api, struct call *call);

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
void refund_batch(struct api *api, struct call *call);
void refund_get(struct api *api, struct call *call);

/* spend.c */
void spend_create(struct api *api, struct call *call);
void spend_batch(struct api *api, struct call *call);
void spend_list(struct api *api, struct call *call);
void spend_get(struct api *api, struct call *call);

/* campaigns.c */
void campaign_create(struct api *api, struct call *call);
void campaign_batch(struct api *api, struct call *call);
void campaign_list(struct api *api, struct call *call);
void campaign_get(struct api *api, struct call *call);
void campaign_day_put(struct api *api, struct call *call);
void campaign_day_get(struct api *api, struct call *call);
void campaign_day_list(struct api *api, struct call *call);

/* social.c */
void social_day_put(struct api *api, struct call *call);
void social_day_batch(struct api *api, struct call *call);
void social_day_get(struct api *api, struct call *call);
void social_day_list(struct api *api, struct call *call);

/* touchpoints.c */
void touchpoint_create(struct api *api, struct call *call);
void touchpoint_batch(struct api *api, struct call *call);
void touchpoint_list(struct api *api, struct call *call);
void touchpoint_get(struct api *api, struct call *call);

/* carts.c */
void cart_put(struct api *api, struct call *call);
void cart_batch(struct api *api, struct call *call);
void cart_list(struct api *api, struct call *call);
void cart_get(struct api *api, struct call *call);
void cart_reminder_create(struct api *api, struct call *call);
void cart_reminder_list(struct api *api, struct call *call);

/* surveys.c */
void survey_create(struct api *api, struct call *call);
void survey_batch(struct api *api, struct call *call);
void survey_list(struct api *api, struct call *call);
void survey_get(struct api *api, struct call *call);

/* responses.c */
void response_create(struct api *api, struct call *call);
void response_batch(struct api *api, struct call *call);
void response_list(struct api *api, struct call *call);
void response_get(struct api *api, struct call *call);

/* reviews.c */
void review_create(struct api *api, struct call *call);
void review_batch(struct api *api, struct call *call);
void review_list(struct api *api, struct call *call);
void review_get(struct api *api, struct call *call);

/* referrals.c */
void referral_create(struct api *api, struct call *call);
void referral_batch(struct api *api, struct call *call);
void referral_list(struct api *api, struct call *call);
void referral_get(struct api *api, struct call *call);

/* loyalty.c */
void loyalty_member_create(struct api *api, struct call *call);
void loyalty_member_batch(struct api *api, struct call *call);
void loyalty_member_list(struct api *api, struct call *call);
void loyalty_member_get(struct api *api, struct call *call);
void loyalty_member_leave(struct api *api, struct call *call);
void loyalty_points_create(struct api *api, struct call *call);
void loyalty_points_batch(struct api *api, struct call *call);
void loyalty_points_list(struct api *api, struct call *call);
void loyalty_points_get(struct api *api, struct call *call);

/* subscriptions.c */
void subscription_create(struct api *api, struct call *call);
void subscription_batch(struct api *api, struct call *call);
void subscription_list(struct api *api, struct call *call);
void subscription_get(struct api *api, struct call *call);
void subscription_cancel(struct api *api, struct call *call);
void renewal_create(struct api *api, struct call *call);
void renewal_batch(struct api *api, struct call *call);
void renewal_list(struct api *api, struct call *call);
void renewal_get(struct api *api, struct call *call);

/* costs.c */
void cost_create(struct api *api, struct call *call);
void cost_batch(struct api *api, struct call *call);
void cost_list(struct api *api, struct call *call);
void cost_get(struct api *api, struct call *call);

/* kpis.c, nps.c, cohorts.c */
/* kpis.c, kpi_members.c, nps.c, cohorts.c */
void kpi_list(struct api *api, struct call *call);
void kpi_get(struct api *api, struct call *call);
void kpi_member_list(struct api *api, struct call *call);
void dashboard_get(struct api *api, struct call *call);
void nps_get(struct api *api, struct call *call);
void cohorts_get(struct api *api, struct call *call);

/* rfm.c, customer_value.c */
void rfm_get(struct api *api, struct call *call);
void customer_value_get(struct api *api, struct call *call);

/* respond.c: the problem for an answer that is not DB_OK (503, 504 or 500). */
void call_db_problem(struct call *call, const struct db_answer *answer);

#endif
