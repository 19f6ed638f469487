/*
 * /v1/campaigns and the daily figures that ad and mail platforms report for them.
 * PUT replaces a day as a whole, so sending it again is harmless by itself.
 */
#include <stdlib.h>
#include <string.h>

#include "ciclo/base/time.h"
#include "ciclo/contract/json.h"
#include "changed.h"
#include "fact.h"
#include "handlers.h"
#include "list.h"
#include "resource.h"

static void refer(struct fact *f)
{
	fact_refer_own(f, NULL);
}

static enum problem complete(struct fact *f)
{
	static const char *const fields[] = {"id", "external_id", "name", "channel", "created_at", NULL};
	fact_write(f, Q_CAMPAIGN_INSERT, fact_document(f, fields));
	return PROBLEM_NONE;
}

static const struct fact_kind campaigns = {
	.resource = "campaigns",
	.location = "/v1/campaigns/",
	.get = Q_CAMPAIGN_GET,
	.get_args = 2,
	.parent = REF_TABLES,
	.refer = refer,
	.complete = complete,
};

void campaign_create(struct api *api, struct call *call)
{
	fact_create(api, call, &campaigns);
}

void campaign_batch(struct api *api, struct call *call)
{
	fact_batch(api, call, &campaigns);
}

void campaign_get(struct api *api, struct call *call)
{
	resource_get_by(api, call, Q_CAMPAIGN_GET, "ref");
}

void campaign_list(struct api *api, struct call *call)
{
	static const struct list_kind list = {
		.query = Q_CAMPAIGN_LIST, .order = LIST_BY_INSTANT, .parent = REF_TABLES};
	list_get(api, call, &list);
}

/* ---- days ----------------------------------------------------------------------------------- */

struct day_put {
	struct api *api;
	struct call *call;
	struct reference campaign;
	struct lookup lookup;
	bool is_new;
	json_t *document;
	struct segment segment;
};

static void day_free(struct day_put *p)
{
	lookup_release(&p->lookup);
	json_decref(p->document);
	free(p);
}

static void day_written(void *cls, const struct db_answer *answer)
{
	struct day_put *p = cls;
	if (p->is_new && db_status(answer) == DB_OK)
		call_add_header(p->call, "Location", "/v1/campaigns/%s/days/%s", p->campaign.id,
				call_param(p->call, "date"));
	if (db_status(answer) == DB_OK)
		call_reply(p->call, p->is_new ? 201 : 200, json_incref(p->document));
	else
		call_db_problem(p->call, answer);
	day_free(p);
}

static enum problem day_document(struct day_put *p, const struct shop *shop, struct violations *v)
{
	static const char *const fields[] = {"campaign_id",   "date",          "spend",       "currency",
					     "exchange_rate", "base_currency", "base_spend",  "sent",
					     "bounced",       "unopened",      "impressions", "clicks",
					     "interactions",  "conversions",   "updated_at",  NULL};
	json_t *body = call_body(p->call);
	json_t *doc = p->document = json_object();
	struct exchange e;
	int64_t base = 0;
	bool spends = json_is_integer(json_object_get(body, "spend"));

	if (spends && !json_is_string(json_object_get(body, "currency"))) {
		violation_add(v, IN_BODY, "/currency", "required", "spend needs its currency");
		return PROBLEM_validation_failed;
	}
	enum problem problem = spends ? exchange_read(shop, body, &e, v) : PROBLEM_NONE;
	if (problem != PROBLEM_NONE)
		return problem;
	if (spends && !exchange_apply(&e, document_int(body, "spend", 0), &base)) {
		violation_add(v, IN_BODY, "/exchange_rate", "amount", "takes the spend out of range");
		return PROBLEM_validation_failed;
	}
	document_copy(doc, body, fields);
	json_object_set_new(doc, "campaign_id", json_string(p->campaign.id));
	json_object_set_new(doc, "date", json_string(call_param(p->call, "date")));
	json_object_set_new(doc, "exchange_rate", exchange_document(body));
	document_text(doc, "base_currency", spends ? e.base_currency : NULL);
	json_object_set_new(doc, "base_spend", spends ? json_integer(base) : json_null());
	document_instant(doc, "updated_at", clock_now_us());
	return PROBLEM_NONE;
}

static void day_write(struct day_put *p)
{
	char *text = json_write(p->document);
	const char *row = text != NULL ? arena_strndup(call_arena(p->call), text, strlen(text)) : NULL;
	json_t *nobody = json_pack("{s:s}", "customer_id", CHANGED_NOBODY);
	const char *changed = document_rows(Q_CHANGED_CUSTOMER_INSERT, nobody, call_arena(p->call));
	free(text);
	json_decref(nobody);
	if (row == NULL || changed == NULL) {
		call_out_of_memory(p->call);
		day_free(p);
		return;
	}
	p->segment =
		(struct segment){.lane = LANE_WRITE,
				 .write_count = 2,
				 .writes = {{Q_CAMPAIGN_DAY_PUT, row}, {Q_CHANGED_CUSTOMER_INSERT, changed}},
				 .lock_key = p->campaign.id,
				 .deadline_ms = call_deadline_ms(p->call),
				 .done = day_written,
				 .cls = p};
	call_submit(p->call, p->api->db, &p->segment);
}

/* Reads: settings, the day as it is, the campaign. */
static void day_known(void *cls, const struct db_answer *answer)
{
	struct day_put *p = cls;
	struct shop shop;
	struct violations v = {0};

	if (db_status(answer) != DB_OK) {
		call_db_problem(p->call, answer);
	} else if (!lookup_answer(&p->lookup, answer) || !shop_read(&shop, answer, 0)) {
		call_out_of_memory(p->call);
	} else if (!p->campaign.found) {
		call_problem(p->call, PROBLEM_not_found, NULL, "nothing here has this reference");
	} else {
		p->is_new = db_rows(answer, 1) == 0;
		enum problem problem = day_document(p, &shop, &v);
		if (problem == PROBLEM_NONE) {
			day_write(p);
			return;
		}
		call_problem(p->call, problem, &v, "see errors; nothing was stored");
		violations_release(&v);
	}
	day_free(p);
}

void campaign_day_put(struct api *api, struct call *call)
{
	struct day_put *p = calloc(1, sizeof *p);
	if (p == NULL || !lookup_init(&p->lookup, 1, call_arena(call))) {
		free(p);
		call_out_of_memory(call);
		return;
	}
	struct segment *s = &p->segment;
	p->api = api;
	p->call = call;
	*s = (struct segment){.lane = LANE_READ,
			      .deadline_ms = call_deadline_ms(call),
			      .done = day_known,
			      .cls = p,
			      .read_count = 2};
	s->reads[0] = (struct segment_read){.query = Q_SETTINGS_GET};
	s->reads[1] = (struct segment_read){.query = Q_CAMPAIGN_DAY_GET, .arg_count = 3};
	resource_args(call, "ref", s->reads[1].args);
	s->reads[1].args[2] = call_param(call, "date");
	lookup_add(&p->lookup, reference_resource(&p->campaign, REF_CAMPAIGN, call_param(call, "ref")));
	if (!lookup_reads(&p->lookup, s)) {
		call_out_of_memory(call);
		day_free(p);
		return;
	}
	db_submit(api->db, s);
}

void campaign_day_get(struct api *api, struct call *call)
{
	const char *args[3];
	resource_args(call, "ref", args);
	args[2] = call_param(call, "date");
	resource_get(api, call, Q_CAMPAIGN_DAY_GET, COUNTOF(args), args);
}

void campaign_day_list(struct api *api, struct call *call)
{
	static const struct list_kind list = {
		.query = Q_CAMPAIGN_DAY_LIST,
		.order = LIST_BY_DAY,
		.parent = REF_CAMPAIGN,
		.filters = {{"from", FILTER_TEXT}, {"to", FILTER_TEXT}},
	};
	list_get(api, call, &list);
}
