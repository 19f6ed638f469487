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

	{"getSettings", settings_get},
	{"replaceSettings", settings_replace},
	{"updateSettings", settings_update},

	{"createCustomer", customer_create},
	{"listCustomers", customer_list},
	{"batchCustomers", customer_batch},
	{"getCustomer", customer_get},
	{"putCustomer", customer_put},
	{"updateCustomer", customer_update},

	{"createOrder", order_create},
	{"listOrders", order_list},
	{"batchOrders", order_batch},
	{"getOrder", order_get},
	{"updateOrder", order_update},
	{"cancelOrder", order_cancel},
	{"createRefund", refund_create},
	{"listRefunds", refund_list},

	{"createSpend", spend_create},
	{"listSpend", spend_list},
	{"getSpend", spend_get},

	{"createCampaign", campaign_create},
	{"listCampaigns", campaign_list},
	{"getCampaign", campaign_get},
	{"putCampaignDay", campaign_day_put},
	{"getCampaignDay", campaign_day_get},
	{"listCampaignDays", campaign_day_list},

	{"createSurvey", survey_create},
	{"listSurveys", survey_list},
	{"getSurvey", survey_get},
	{"createResponse", response_create},
	{"listResponses", response_list},
	{"batchResponses", response_batch},
	{"getResponse", response_get},

	{"listKpis", kpi_list},
	{"getKpi", kpi_get},
	{"getDashboard", dashboard_get},
	{"getNps", nps_get},
	{"getCohorts", cohorts_get},
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
