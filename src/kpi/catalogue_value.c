/*
 * The KPIs of the stage value. Money over the life of a customer; the arithmetic is in value.c.
 */
#include "catalogue.h"

static const struct kpi rows[] = {
	{
		.name = "gross_margin",
		.title = "Gross margin",
		.stage = STAGE_VALUE,
		.unit = UNIT_MONEY,
		.version = 1,
		.terms =
			{.formula =
				 "net sales - cost of goods; the declared margin where the cost is not known",
			 .unconverted = {MEASURE_unconverted_orders, MEASURE_unconverted_refunds}},
		.test = MEASURE_test_orders,
		.families = FAMILY_BIT(ORDERS),
		.model = model_gross_margin,
	},
	{
		.name = "clv_simple",
		.title = "Customer lifetime value, simple",
		.stage = STAGE_VALUE,
		.unit = UNIT_MONEY,
		.version = 2,
		.terms = {.formula = "(net sales - costs of service, returns, acquisition and tools) until a "
				     "day, of customers acquired in the window / those customers",
			  .num = MEASURE_acquired_net, /* the model takes acquired_costs off */
			  .den = MEASURE_acquired_customers,
			  .unconverted = {MEASURE_unconverted_acquired, MEASURE_unconverted_costs}},
		.empty = "no_new_customers",
		.test = MEASURE_test_orders,
		.families = FAMILY_BIT(VALUE) | FAMILY_BIT(COSTS),
		.takes = TAKES_UNTIL,
		.model = model_clv_simple,
	},
	{
		.name = "clv_historic",
		.title = "Customer lifetime value, historic",
		.stage = STAGE_VALUE,
		.unit = UNIT_MONEY,
		.version = 2,
		.terms = {.formula = "(gross margin - costs of service, returns, acquisition and tools) "
				     "until a day, of customers acquired in the window / those customers",
			  .unconverted = {MEASURE_unconverted_acquired, MEASURE_unconverted_costs}},
		.empty = "no_new_customers",
		.test = MEASURE_test_orders,
		.families = FAMILY_BIT(VALUE) | FAMILY_BIT(COSTS),
		.takes = TAKES_UNTIL,
		.model = model_clv_historic,
	},
	{
		.name = "clv_predictive",
		.title = "Customer lifetime value, predictive",
		.stage = STAGE_VALUE,
		.unit = UNIT_MONEY,
		.version = 1,
		.terms = {.formula = "orders per active customer and month x average order value x gross "
				     "margin share x lifetime in months (lifetime_months, else months of the "
				     "window / churn rate)",
			  .unconverted = {MEASURE_unconverted_orders, MEASURE_unconverted_refunds}},
		.empty = "no_orders",
		.test = MEASURE_test_orders,
		.families = FAMILY_BIT(ORDERS) | FAMILY_BIT(CUSTOMERS),
		.takes = TAKES_LIFETIME,
		.model = model_clv_predictive,
	},
	{
		.name = "clv_to_cac",
		.title = "Lifetime value to acquisition cost",
		.stage = STAGE_VALUE,
		.unit = UNIT_NUMBER,
		.version = 2,
		.terms = {.formula = "clv_historic / customer_acquisition_cost",
			  .unconverted = {MEASURE_unconverted_acquired, MEASURE_unconverted_costs,
					  MEASURE_unconverted_spend}},
		.empty = "no_new_customers",
		.test = MEASURE_test_orders,
		.families =
			FAMILY_BIT(VALUE) | FAMILY_BIT(COSTS) | FAMILY_BIT(MARKETING) | FAMILY_BIT(SEQUENCE),
		.takes = TAKES_UNTIL,
		.model = model_clv_to_cac,
	},
	{
		.name = "cac_payback_months",
		.title = "Months to pay back the acquisition cost",
		.stage = STAGE_VALUE,
		.unit = UNIT_MONTHS,
		.version = 2,
		.terms = {.formula = "mean months from first order to the end of until x "
				     "customer_acquisition_cost / clv_historic",
			  .unconverted = {MEASURE_unconverted_acquired, MEASURE_unconverted_costs,
					  MEASURE_unconverted_spend}},
		.empty = "no_new_customers",
		.test = MEASURE_test_orders,
		.families =
			FAMILY_BIT(VALUE) | FAMILY_BIT(COSTS) | FAMILY_BIT(MARKETING) | FAMILY_BIT(SEQUENCE),
		.takes = TAKES_UNTIL,
		.model = model_payback,
	},
};

const struct kpi_list kpis_value = {.rows = rows, .count = COUNTOF(rows)};
