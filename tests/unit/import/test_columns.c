#include <stdlib.h>
#include <string.h>

#include "../../../src/import/columns.h"
#include "ciclo/contract/json.h"
#include "suites.h"

static const char document[] =
	"openapi: 3.1.0\n"
	"info: {title: t, version: '1'}\n"
	"security: [{key: ['orders:write']}]\n"
	"paths:\n"
	"  /v1/orders/batch:\n"
	"    post:\n"
	"      operationId: batchOrders\n"
	"      x-batch-item: {$ref: '#/components/schemas/Order'}\n"
	"      requestBody: {content: {application/json: {schema: {type: array}}}}\n"
	"      responses: {'204': {description: done}}\n"
	"components:\n"
	"  securitySchemes: {key: {type: http, scheme: bearer}}\n"
	"  schemas:\n"
	"    Order:\n"
	"      type: object\n"
	"      additionalProperties: false\n"
	"      properties:\n"
	"        id: {type: string}\n"
	"        total: {type: integer}\n"
	"        test: {type: boolean}\n"
	"        customer: {oneOf: [{type: string}, {$ref: '#/components/schemas/Customer'}]}\n"
	"        items: {type: array, items: {type: object, properties: {sku: {type: string}, n: {type: "
	"integer}}}}\n"
	"        attributes: {type: object, additionalProperties: true}\n"
	"    Customer: {type: object, properties: {email: {type: string}, interests: {type: array, items: "
	"{type: string}}}}\n";

/* The object that a row becomes, as JSON text; or why not. */
static char *convert(const char *header, const char *row)
{
	char why[400] = "";
	struct csv_row names, cells;
	size_t len;
	struct contract *c = contract_load(document, strlen(document), why, sizeof why);

	ck_assert_msg(c != NULL, "%s", why);
	ck_assert(csv_open(&names, 1000) && csv_open(&cells, 1000));
	ck_assert_int_eq(csv_read(&names, header, strlen(header), true, &len), CSV_ROW);
	ck_assert_int_eq(csv_read(&cells, row, strlen(row), true, &len), CSV_ROW);
	struct columns *columns = columns_new(contract_operation(c, 0)->item, &names, why, sizeof why);
	json_t *object = columns != NULL ? columns_object(columns, &cells, why, sizeof why) : NULL;
	char *text = object != NULL ? json_write(object) : strdup(why);
	json_decref(object);
	columns_free(columns);
	csv_close(&names);
	csv_close(&cells);
	contract_free(c);
	return text;
}

static const struct row_case {
	const char *header;
	const char *row;
	const char *json;
} rows[] = {
	{"id,total,test", "7,12,TRUE", "{\"id\":\"7\",\"total\":12,\"test\":true}"},
	{"id,total,test", "7,,", "{\"id\":\"7\"}"},
	{"id,total", "\"\",\"\"", "{}"},
	{"id,total", ",twelve", "{\"total\":\"twelve\"}"},
	{"customer", "external:1", "{\"customer\":\"external:1\"}"},
	{"customer.email,id", "a@b.c,1", "{\"customer\":{\"email\":\"a@b.c\"},\"id\":\"1\"}"},
	{"customer.email,id", ",1", "{\"id\":\"1\"}"},
	{"customer.interests", "\"[\"\"a\"\", \"\"b\"\"]\"", "{\"customer\":{\"interests\":[\"a\",\"b\"]}}"},
	{"customer.interests.0,customer.interests.1", "a,b", "{\"customer\":{\"interests\":[\"a\",\"b\"]}}"},
	{"items.0.sku,items.0.n,items.1.sku", "a,1,b",
	 "{\"items\":[{\"sku\":\"a\",\"n\":1},{\"sku\":\"b\"}]}"},
	/* Places are in order, and close up. */
	{"items.10.sku,items.9.sku,items.2.sku", "c,b,a",
	 "{\"items\":[{\"sku\":\"a\"},{\"sku\":\"b\"},{\"sku\":\"c\"}]}"},
	{"items.0.sku,items.1.sku,items.2.sku", "a,,c", "{\"items\":[{\"sku\":\"a\"},{\"sku\":\"c\"}]}"},
	{"items", "\"[{\"\"sku\"\": \"\"a\"\"}]\"", "{\"items\":[{\"sku\":\"a\"}]}"},
	{"attributes.size,attributes.0", "5,x", "{\"attributes\":{\"size\":\"5\",\"0\":\"x\"}}"},
	{"id", "caf\xe9", "column 1 (\"id\") is not valid UTF-8"},
	{"id,total", "1", "the line has 1 cells, the header has 2"},
	{"id,total", "1,2,3", "the line has 3 cells, the header has 2"},
	{"id,colour", "1,2", "the header names \"colour\", which is no field here (see openapi.yaml)"},
	{"id,items.x.sku", "1,2",
	 "the header names \"items.x.sku\", which is no field here (see openapi.yaml)"},
	{"id,id", "1,2", "\"id\" is in the header twice, or has fields as well"},
	{"customer,customer.email", "1,2",
	 "\"customer.email\" is in the header twice, or has fields as well"},
	{"customer.email,customer", "1,2", "\"customer\" is in the header twice, or has fields as well"},
	{"id,", "1,2", "\"\" in the header is not a name, nor names with single dots between"},
	{"customer..email", "1",
	 "\"customer..email\" in the header is not a name, nor names with single dots between"},
	{"id,attributes.gr\xf6n", "1,2", "column 2 of the header is not valid UTF-8"},
	{"customer.", "1", "\"customer.\" in the header is not a name, nor names with single dots between"},
};

START_TEST(a_row_becomes_an_object)
{
	char *text = convert(rows[_i].header, rows[_i].row);

	ck_assert_str_eq(text, rows[_i].json);
	free(text);
}
END_TEST

Suite *columns_suite(void)
{
	Suite *suite = suite_create("columns");
	TCase *tc = tcase_create("columns");

	tcase_add_loop_test(tc, a_row_becomes_an_object, 0, COUNTOF(rows));
	suite_add_tcase(suite, tc);
	return suite;
}
