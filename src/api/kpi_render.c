#include "kpi_render.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "ciclo/contract/json.h"
#include "kpi_members.h"

json_t *figure_json(struct figure figure, unsigned places)
{
	enum { INTEGER_DIGITS = 18 }; /* fit an int64 */
	char text[DECIMAL_TEXT];

	if (!figure.known || !decimal_format(figure.value, places, text))
		return json_null();
	if (!strchr(text, '.') && strlen(text) <= INTEGER_DIGITS)
		return json_integer(strtoll(text, NULL, 10));
	return json_real(strtod(text, NULL));
}

json_t *count_json(int64_t count)
{
	return json_integer(count);
}

json_t *day_json(int32_t day)
{
	char text[DAY_TEXT];

	day_format(day, text);
	return json_string(text);
}

static json_t *text_json(const char *text)
{
	return text ? json_string(text) : json_null();
}

json_t *confidence_json(struct confidence c)
{
	json_t *doc;

	if (!c.known)
		return json_null();
	doc = json_object();
	json_object_set_new(doc, "level", json_real(0.95));
	json_object_set_new(doc, "low", figure_json(figure_exact(c.low), SHARE_PLACES));
	json_object_set_new(doc, "high", figure_json(figure_exact(c.high), SHARE_PLACES));
	json_object_set_new(doc, "method", json_string(c.method));
	return doc;
}

static json_t *distribution_json(const int64_t distribution[NPS_SCORES])
{
	json_t *list = json_array();

	for (size_t score = 0; score < NPS_SCORES; score++)
		json_array_append_new(list, count_json(distribution[score]));
	return list;
}

/* What only this KPI has; null when it has nothing. */
static json_t *details_json(const struct kpi_frame *frame, const struct kpi_result *result)
{
	json_t *doc;

	if (!result->detail_count && !result->has_distribution && !frame->until)
		return json_null();
	doc = json_object();
	if (frame->until)
		json_object_set_new(doc, "until", json_string(frame->until));
	for (size_t i = 0; i < result->detail_count; i++)
		json_object_set_new(doc, result->details[i].name,
				    figure_json(result->details[i].figure, result->details[i].places));
	if (result->has_distribution)
		json_object_set_new(doc, "distribution", distribution_json(result->distribution));
	return doc;
}

static json_t *excluded_json(const struct kpi_result *result)
{
	json_t *doc = json_object();

	json_object_set_new(doc, "test", figure_json(figure_of(result->test), 0));
	json_object_set_new(doc, "unconverted_currency", figure_json(figure_of(result->unconverted), 0));
	return doc;
}

static json_t *definition_json(const struct kpi_frame *frame)
{
	json_t *doc = json_object();

	json_object_set_new(doc, "formula", json_string(frame->terms->formula));
	json_object_set_new(doc, "version", json_integer(frame->kpi->version));
	return doc;
}

static void set_window(json_t *doc, struct window window)
{
	json_object_set_new(doc, "from", day_json(window.from));
	json_object_set_new(doc, "to", day_json(window.to));
}

static void set_value(json_t *doc, const struct kpi *kpi, const struct kpi_result *result)
{
	json_object_set_new(doc, "value", figure_json(result->value, unit_places(kpi->unit)));
	json_object_set_new(doc, "numerator", figure_json(result->numerator, PART_PLACES));
	json_object_set_new(doc, "denominator", figure_json(result->denominator, PART_PLACES));
	json_object_set_new(doc, "reason", text_json(result->reason));
	json_object_set_new(doc, "confidence_interval", confidence_json(result->confidence));
}

json_t *kpi_document(const struct kpi_frame *frame, const struct kpi_result *result)
{
	const struct kpi *kpi = frame->kpi;
	bool money = kpi->unit == UNIT_MONEY;
	json_t *doc = json_object();

	json_object_set_new(doc, "kpi", json_string(kpi->name));
	json_object_set_new(doc, "stage", json_string(stage_name(kpi->stage)));
	json_object_set_new(doc, "unit", json_string(unit_name(kpi->unit)));
	json_object_set_new(doc, "currency", text_json(money ? frame->shop->base_currency : NULL));
	set_window(doc, frame->window);
	json_object_set_new(doc, "time_zone", json_string(frame->shop->time_zone));
	set_value(doc, kpi, result);
	json_object_set_new(doc, "excluded", excluded_json(result));
	json_object_set_new(doc, "definition", definition_json(frame));
	json_object_set_new(doc, "details", details_json(frame, result));
	json_object_set_new(doc, "as_of", json_string(frame->shop->as_of));
	return doc;
}

json_t *kpi_point(const struct kpi_frame *frame, const struct kpi_result *result)
{
	json_t *doc = json_object();

	set_window(doc, frame->window);
	set_value(doc, frame->kpi, result);
	return doc;
}

json_t *kpi_group(const struct kpi *kpi, const char *key, const struct kpi_result *result)
{
	json_t *doc = json_object();

	json_object_set_new(doc, "key", text_json(key));
	set_value(doc, kpi, result);
	return doc;
}

struct comparison kpi_compare(const struct kpi_result *now, const struct kpi_result *before)
{
	return compare(now->value, now->sample, before->value, before->sample);
}

void set_comparison(json_t *doc, const struct comparison *c, const char *reason, unsigned places)
{
	json_object_set_new(doc, "change", figure_json(c->change, places));
	json_object_set_new(doc, "change_ratio", figure_json(c->change_ratio, SHARE_PLACES));
	json_object_set_new(doc, "significant", c->tested ? json_boolean(c->significant) : json_null());
	json_object_set_new(doc, "reason", text_json(reason ? reason : c->reason));
}

json_t *kpi_previous(const struct kpi_frame *frame, const struct kpi_result *now,
		     const struct kpi_result *before)
{
	struct comparison c = kpi_compare(now, before);
	json_t *doc = json_object();

	set_window(doc, frame->window);
	if (frame->until)
		json_object_set_new(doc, "until", json_string(frame->until));
	set_value(doc, frame->kpi, before);
	set_comparison(doc, &c, before->reason, unit_places(frame->kpi->unit));
	return doc;
}

/* Parameters that this KPI takes besides those that all take. */
static json_t *parameters_json(const struct kpi *kpi)
{
	json_t *list = json_array();

	for (size_t i = 0; i < KPI_CHOICES_MAX && kpi->choices[i].param; i++)
		json_array_append_new(list, json_string(kpi->choices[i].param));
	if (kpi->takes & TAKES_UNTIL)
		json_array_append_new(list, json_string("until"));
	if (kpi->takes & TAKES_LIFETIME)
		json_array_append_new(list, json_string("lifetime_months"));
	if (kpi->takes & TAKES_SURVEY)
		json_array_append_new(list, json_string("survey"));
	return list;
}

static json_t *dimensions_json(const struct kpi *kpi)
{
	unsigned dimensions = kpi_dimensions(kpi, &kpi->terms);
	json_t *list = json_array();

	for (enum dimension d = DIMENSION_NONE + 1; d < DIMENSION_COUNT; d++) {
		if (dimensions & 1U << d)
			json_array_append_new(list, json_string(dimension_name(d)));
	}
	return list;
}

/* The parts whose facts can be listed. */
static json_t *members_json(const struct kpi *kpi)
{
	json_t *list = json_array();

	for (enum kpi_part part = 0; part < PARTS; part++) {
		if (members_of(kpi, &kpi->terms, part).list)
			json_array_append_new(list, json_string(part_name(part)));
	}
	return list;
}

json_t *kpi_entry(const struct kpi *kpi)
{
	json_t *doc = json_object();

	json_object_set_new(doc, "name", json_string(kpi->name));
	json_object_set_new(doc, "title", json_string(kpi->title));
	json_object_set_new(doc, "stage", json_string(stage_name(kpi->stage)));
	json_object_set_new(doc, "unit", json_string(unit_name(kpi->unit)));
	json_object_set_new(doc, "formula", json_string(kpi->terms.formula));
	json_object_set_new(doc, "version", json_integer(kpi->version));
	json_object_set_new(doc, "parameters", parameters_json(kpi));
	json_object_set_new(doc, "group_by", dimensions_json(kpi));
	json_object_set_new(doc, "members", members_json(kpi));
	return doc;
}

/* Hash of the text without the places where it says when it was computed. */
static void content_hash(const char *text, const char *as_of, unsigned char *hash, size_t size)
{
	crypto_generichash_state state;
	const char *next;

	crypto_generichash_init(&state, NULL, 0, size);
	for (; (next = strstr(text, as_of)); text = next + strlen(as_of))
		crypto_generichash_update(&state, (const unsigned char *)text, (size_t)(next - text));
	crypto_generichash_update(&state, (const unsigned char *)text, strlen(text));
	crypto_generichash_final(&state, hash, size);
}

static void reply(struct call *call, const char *text, const char *etag)
{
	if (!text) {
		call_problem(call, PROBLEM_internal_error, NULL, "The answer does not fit into memory.");
		return;
	}
	report_headers(call, etag);
	call_reply_text(call, 200, "application/json", text, strlen(text));
}

void reply_report(struct call *call, json_t *doc, const char *etag)
{
	char *text = json_write(doc);

	reply(call, text, etag);
	free(text);
	json_decref(doc);
}

void reply_compared(struct call *call, json_t *doc, const char *as_of)
{
	unsigned char hash[16];
	char hex[2 * sizeof(hash) + 1], etag[sizeof(hex) + sizeof("W/\"\"")];
	char *text = json_write(doc);

	content_hash(text ? text : "", as_of, hash, sizeof(hash));
	sodium_bin2hex(hex, sizeof(hex), hash, sizeof(hash));
	/* Weak: two answers with it may differ in as_of. */
	snprintf(etag, sizeof(etag), "W/\"%s\"", hex);
	reply(call, text, etag);
	free(text);
	json_decref(doc);
}
