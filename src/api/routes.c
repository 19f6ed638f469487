/*
 * Every operation of openapi.yaml and what runs it. Read this file first.
 */
#include <stdio.h>
#include <string.h>

#include "handlers.h"

static const struct route_row routes[] = {
	{"getService", service_get},
	{"getHealth", health_get},
	{"getReady", ready_get},
	{"getOpenapiYaml", openapi_yaml_get},
	{"getOpenapiJson", openapi_json_get},
	{"getProblem", problem_get},
	{"getMetrics", metrics_get},

	{"getSettings", settings_get},
	{"replaceSettings", settings_replace},
	{"updateSettings", settings_update},

	{"createCustomer", customer_create},
	{"listCustomers", customer_list},
	{"batchCustomers", customer_batch},
	{"getCustomer", customer_get},
	{"putCustomer", customer_put},
	{"updateCustomer", customer_update},
	{"linkIdentity", identity_link},
	{"unlinkIdentity", identity_unlink},
	{"previewIdentity", identity_preview},
	{"listTimeline", timeline_list},
	{"exportCustomer", customer_export},
	{"eraseCustomer", customer_erase},
	{"listConsents", consent_list},

	{"getLifecycleStages", lifecycle_stages_get},
	{"getLifecycleTransitions", lifecycle_transitions_get},
	{"listLifecycleModels", lifecycle_model_list},
	{"getLifecycleModel", lifecycle_model_get},
	{"putLifecycleModel", lifecycle_model_put},

	{"createOrder", order_create},
	{"listOrders", order_list},
	{"batchOrders", order_batch},
	{"getOrder", order_get},
	{"updateOrder", order_update},
	{"cancelOrder", order_cancel},
	{"createRefund", refund_create},
	{"listRefunds", refund_list},
	{"batchRefunds", refund_batch},
	{"getRefund", refund_get},

	{"createSpend", spend_create},
	{"batchSpend", spend_batch},
	{"listSpend", spend_list},
	{"getSpend", spend_get},

	{"createCampaign", campaign_create},
	{"batchCampaigns", campaign_batch},
	{"listCampaigns", campaign_list},
	{"getCampaign", campaign_get},
	{"putCampaignDay", campaign_day_put},
	{"getCampaignDay", campaign_day_get},
	{"listCampaignDays", campaign_day_list},

	{"batchSocialDays", social_day_batch},
	{"listSocialDays", social_day_list},
	{"getSocialDay", social_day_get},
	{"putSocialDay", social_day_put},

	{"createTouchpoint", touchpoint_create},
	{"listTouchpoints", touchpoint_list},
	{"batchTouchpoints", touchpoint_batch},
	{"getTouchpoint", touchpoint_get},

	{"listCarts", cart_list},
	{"batchCarts", cart_batch},
	{"getCart", cart_get},
	{"putCart", cart_put},
	{"createReminder", cart_reminder_create},
	{"listReminders", cart_reminder_list},

	{"createSurvey", survey_create},
	{"batchSurveys", survey_batch},
	{"listSurveys", survey_list},
	{"getSurvey", survey_get},
	{"createResponse", response_create},
	{"listResponses", response_list},
	{"batchResponses", response_batch},
	{"getResponse", response_get},

	{"createReview", review_create},
	{"listReviews", review_list},
	{"batchReviews", review_batch},
	{"getReview", review_get},

	{"createReferral", referral_create},
	{"listReferrals", referral_list},
	{"batchReferrals", referral_batch},
	{"getReferral", referral_get},

	{"createLoyaltyMember", loyalty_member_create},
	{"listLoyaltyMembers", loyalty_member_list},
	{"batchLoyaltyMembers", loyalty_member_batch},
	{"getLoyaltyMember", loyalty_member_get},
	{"leaveLoyalty", loyalty_member_leave},
	{"createLoyaltyPoints", loyalty_points_create},
	{"listLoyaltyPoints", loyalty_points_list},
	{"batchLoyaltyPoints", loyalty_points_batch},
	{"getLoyaltyPoints", loyalty_points_get},

	{"createSubscription", subscription_create},
	{"listSubscriptions", subscription_list},
	{"batchSubscriptions", subscription_batch},
	{"getSubscription", subscription_get},
	{"cancelSubscription", subscription_cancel},
	{"createRenewal", renewal_create},
	{"listRenewals", renewal_list},
	{"batchRenewals", renewal_batch},
	{"getRenewal", renewal_get},

	{"createCost", cost_create},
	{"listCosts", cost_list},
	{"batchCosts", cost_batch},
	{"getCost", cost_get},

	{"listKpis", kpi_list},
	{"getKpi", kpi_get},
	{"listKpiMembers", kpi_member_list},
	{"getDashboard", dashboard_get},
	{"getNps", nps_get},
	{"getCohorts", cohorts_get},
	{"getRfm", rfm_get},
	{"getCustomerValue", customer_value_get},
};

static handler_fn *handler_of(const char *operation_id)
{
	for (size_t i = 0; i < COUNTOF(routes); i++)
		if (strcmp(routes[i].operation_id, operation_id) == 0)
			return routes[i].handler;
	return NULL;
}

bool api_check(const struct contract *contract, char *why, size_t size)
{
	for (size_t i = 0; i < contract_operations(contract); i++) {
		const char *id = contract_operation(contract, i)->id;
		if (handler_of(id) == NULL) {
			snprintf(why, size, "operation %s of openapi.yaml has no handler", id);
			return false;
		}
	}
	for (size_t i = 0; i < COUNTOF(routes); i++) {
		if (contract_find(contract, routes[i].operation_id) == NULL) {
			snprintf(why, size, "handler of %s has no operation in openapi.yaml",
				 routes[i].operation_id);
			return false;
		}
	}
	return true;
}

void api_handle(void *cls, struct call *call)
{
	handler_of(call_operation(call)->id)(cls, call);
}
