#include <jansson.h>
#include <string.h>

#include "../../../src/api/amounts.h"
#include "ciclo/base/attr.h"
#include "suites.h"

/* Orders as the contract hands them over, and what they come to. */
static const struct {
	const char *order;
	struct amounts want;
} sums[] = {
	/* 2 x 12.50 + 3.00 shipping */
	{"{'items':[{'quantity':2,'unit_price':1250,'unit_cost':400,'discount':0}],'discount':0,'shipping':"
	 "300,'tax':0}",
	 {.total = 2800, .net = 2500, .cost = 800, .net_with_cost = 2500}},
	/* tax on top, line discount, order discount: 2000 - 100 - 190 = 1710, + 342 tax */
	{"{'items':[{'quantity':2,'unit_price':1000,'discount':100}],'discount':190,'shipping':0,'tax':342}",
	 {.total = 2052, .net = 1710}},
	/* tax inside the prices: net is what is left */
	{"{'items':[{'quantity':1,'unit_price':1200,'unit_cost':500,'discount':0}],'tax':200,'tax_included':"
	 "true}",
	 {.total = 1200, .net = 1000, .cost = 500, .net_with_cost = 1000}},
	/* half of the lines have a cost: order discount is shared, 900 * 500/1000 = 450 */
	{"{'items':[{'quantity':1,'unit_price':500,'unit_cost':100},{'quantity':1,'unit_price':500}],'"
	 "discount':100}",
	 {.total = 900, .net = 900, .cost = 100, .net_with_cost = 450}},
	/* half-even: 5 * 1/2 = 2.5 -> 2 */
	{"{'items':[{'quantity':1,'unit_price':3,'unit_cost':0},{'quantity':1,'unit_price':3}],'discount':1}",
	 {.total = 5, .net = 5, .cost = 0, .net_with_cost = 2}},
	/* no items: the total says it all */
	{"{'total':6000,'shipping':500,'tax':500}", {.total = 6000, .net = 5000}},
	/* a free order */
	{"{'items':[{'quantity':1,'unit_price':0,'unit_cost':0}]}", {0}},
};

static const struct {
	const char *order;
	const char *pointer;
} faults[] = {
	{"{}", "/total"},
	{"{'items':[{'quantity':1,'unit_price':100}],'total':99}", "/total"},
	{"{'items':[{'quantity':1,'unit_price':100,'discount':101}]}", "/items/0"},
	{"{'items':[{'quantity':1,'unit_price':100}],'discount':101}", "/discount"},
	{"{'items':[{'quantity':1000000000,'unit_price':9007199254740991}]}", "/items/0"},
	{"{'total':100,'shipping':60,'tax':60}", "/total"},
};

static json_t *order_of(const char *text)
{
	char json[400];
	snprintf(json, sizeof json, "%s", text);
	for (char *c = json; *c != '\0'; c++)
		if (*c == '\'')
			*c = '"';
	json_t *order = json_loads(json, 0, NULL);
	ck_assert_ptr_nonnull(order);
	return order;
}

START_TEST(comes_to)
{
	struct violations v = {0};
	struct amounts got = {0};
	json_t *order = order_of(sums[_i].order);
	ck_assert_int_eq(amounts_read(order, &got, &v), PROBLEM_NONE);
	ck_assert_int_eq(got.total, sums[_i].want.total);
	ck_assert_int_eq(got.net, sums[_i].want.net);
	ck_assert_int_eq(got.cost, sums[_i].want.cost);
	ck_assert_int_eq(got.net_with_cost, sums[_i].want.net_with_cost);
	json_decref(order);
}
END_TEST

START_TEST(refuses)
{
	struct violations v = {0};
	struct amounts got;
	json_t *order = order_of(faults[_i].order);
	ck_assert_int_eq(amounts_read(order, &got, &v), PROBLEM_validation_failed);
	ck_assert_uint_eq(v.count, 1);
	ck_assert_str_eq(v.item[0].where, faults[_i].pointer);
	violations_release(&v);
	json_decref(order);
}
END_TEST

Suite *amounts_suite(void)
{
	Suite *suite = suite_create("amounts");
	TCase *tcase = tcase_create("amounts");
	tcase_add_loop_test(tcase, comes_to, 0, COUNTOF(sums));
	tcase_add_loop_test(tcase, refuses, 0, COUNTOF(faults));
	suite_add_tcase(suite, tcase);
	return suite;
}
