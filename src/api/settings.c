/*
 * /v1/settings: one row. PUT gives every absent setting its default (the contract fills it in), PATCH keeps it.
 */
#include "change.h"
#include "changed.h"
#include "handlers.h"
#include "resource.h"

static const char *const members[] = {"base_currency",
				      "time_zone",
				      "week_start",
				      "default_gross_margin",
				      "abandoned_after_minutes",
				      "lost_after_days",
				      "loyal_after_orders",
				      "placeholder_emails",
				      NULL};

static void read_settings(struct change *c)
{
	c->segment.reads[c->segment.read_count++] = (struct segment_read){.query = Q_SETTINGS_DOCUMENT};
}

static enum problem apply(struct change *c)
{
	const json_t *body = call_body(c->call);
	json_t *doc = c->document = json_copy(c->current);
	for (size_t i = 0; members[i] != NULL; i++) {
		json_t *value = json_object_get(body, members[i]);
		if (value != NULL)
			json_object_set(doc, members[i], value);
	}
	if (json_equal(doc, c->current))
		return PROBLEM_NONE;
	document_instant(doc, "updated_at", c->now_us);
	json_t *row = json_copy(doc);
	json_object_set(row, "replaces", json_object_get(c->current, "updated_at"));
	change_write(c, Q_SETTINGS_UPDATE, row);
	json_decref(row);
	/* Days, stages and cart states of everybody may come out differently now. */
	row = json_pack("{s:s}", "customer_id", CHANGED_EVERYBODY);
	change_write(c, Q_CHANGED_CUSTOMER_INSERT, row);
	json_decref(row);
	return PROBLEM_NONE;
}

static const struct change_kind settings = {.read = read_settings, .apply = apply};

void settings_get(struct api *api, struct call *call)
{
	resource_get(api, call, Q_SETTINGS_DOCUMENT, 0, (const char *[]){NULL});
}

void settings_replace(struct api *api, struct call *call)
{
	change_run(api, call, &settings);
}

void settings_update(struct api *api, struct call *call)
{
	change_run(api, call, &settings);
}
