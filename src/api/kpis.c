/*
 * /v1/kpis and /v1/dashboard.
 */
#include <stdlib.h>
#include <string.h>

#include "ciclo/contract/json.h"
#include "handlers.h"
#include "kpi_answer.h"
#include "kpi_params.h"
#include "kpi_render.h"

void kpi_list(struct api *api, struct call *call)
{
	json_t *items = json_array(), *doc = json_object();
	char *text;

	(void)api;
	for (size_t i = 0; i < kpi_count(); i++)
		json_array_append_new(items, kpi_entry(kpi_at(i)));
	json_object_set_new(doc, "items", items);
	json_object_set_new(doc, "next", json_null());
	text = json_write(doc);
	if (text)
		call_reply_text(call, 200, "application/json", text, strlen(text));
	else
		call_out_of_memory(call);
	free(text);
	json_decref(doc);
}

void kpi_get(struct api *api, struct call *call)
{
	const struct kpi *kpi;
	struct report *r;

	if (flight_wait(api, call))
		return;
	kpi = kpi_param(call);
	r = kpi ? report_new(api, call) : NULL;
	if (!r)
		return;
	r->plan = kpi_plan;
	r->answer = kpi_answer_one;
	r->kpi = kpi;
	if (kpi_params_read(r) && kpi_lifetime_read(r))
		report_share(r);
	else
		report_free(r);
}

void dashboard_get(struct api *api, struct call *call)
{
	struct report *r;

	if (flight_wait(api, call))
		return;
	r = report_new(api, call);
	if (!r)
		return;
	r->plan = kpi_plan;
	r->answer = kpi_answer_all;
	r->every_kpi = true;
	r->buckets_max = DASHBOARD_BUCKETS_MAX;
	if (kpi_lifetime_read(r))
		report_share(r);
	else
		report_free(r);
}
