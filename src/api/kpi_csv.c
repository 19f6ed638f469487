/*
 * The CSV side of kpi_render.h.
 */
#include "kpi_render.h"

#include <string.h>

const char kpi_csv_header[] = "kpi,stage,unit,currency,from,to,time_zone,value,numerator,denominator,reason,"
			      "low,high," CSV_EXTRA_HEADER;

void csv_init(struct csv *csv, const char *header)
{
	buf_init(&csv->text, CSV_TEXT_MAX);
	csv->started = false;
	buf_adds(&csv->text, header);
	buf_adds(&csv->text, "\r\n");
}

static void next_cell(struct csv *csv)
{
	if (csv->started)
		buf_adds(&csv->text, ",");
	csv->started = true;
}

void csv_text(struct csv *csv, const char *text)
{
	/* Spreadsheets run such cells as formulas. */
	const char *guard = text && *text && strchr("=+-@\t\r", *text) ? "'" : "";

	next_cell(csv);
	if (!text)
		return;
	if (!strpbrk(text, ",\"\r\n")) {
		buf_printf(&csv->text, "%s%s", guard, text);
		return;
	}
	buf_printf(&csv->text, "\"%s", guard);
	for (; *text; text++)
		buf_add(&csv->text, *text == '"' ? "\"\"" : text, *text == '"' ? 2 : 1);
	buf_adds(&csv->text, "\"");
}

void csv_figure(struct csv *csv, struct figure figure, unsigned places)
{
	char text[DECIMAL_TEXT];

	next_cell(csv);
	if (figure.known && decimal_format(figure.value, places, text))
		buf_adds(&csv->text, text);
}

void csv_count(struct csv *csv, int64_t count)
{
	csv_figure(csv, figure_of(count), 0);
}

void csv_day(struct csv *csv, int32_t day)
{
	char text[DAY_TEXT];

	day_format(day, text);
	csv_text(csv, text);
}

void csv_confidence(struct csv *csv, struct confidence c)
{
	csv_figure(csv, (struct figure){.known = c.known, .value = c.low}, SHARE_PLACES);
	csv_figure(csv, (struct figure){.known = c.known, .value = c.high}, SHARE_PLACES);
}

static void csv_window(struct csv *csv, const struct window *window)
{
	if (window) {
		csv_day(csv, window->from);
		csv_day(csv, window->to);
	} else {
		csv_text(csv, NULL);
		csv_text(csv, NULL);
	}
}

void csv_extra(struct csv *csv, const struct csv_extra *extra, unsigned places)
{
	const struct comparison *c = &extra->comparison;

	csv_text(csv, extra->group);
	csv_window(csv, extra->window);
	csv_figure(csv, extra->previous, places);
	csv_figure(csv, c->change, places);
	csv_figure(csv, c->change_ratio, SHARE_PLACES);
	csv_text(csv, !c->tested ? NULL : c->significant ? "true" : "false");
}

void csv_end(struct csv *csv)
{
	buf_adds(&csv->text, "\r\n");
	csv->started = false;
}

void csv_reply(struct csv *csv, struct call *call, const char *etag)
{
	if (csv->text.failed) {
		call_problem(call, PROBLEM_internal_error, NULL, "The answer does not fit into 16 MiB.");
		return;
	}
	report_headers(call, etag);
	call_reply_text(call, 200, "text/csv", csv->text.data, csv->text.len);
}

void csv_release(struct csv *csv)
{
	buf_release(&csv->text);
}

void kpi_csv_row(struct csv *csv, const struct kpi_frame *frame, const struct kpi_result *result,
		 const struct csv_extra *extra)
{
	const struct kpi *kpi = frame->kpi;

	csv_text(csv, kpi->name);
	csv_text(csv, stage_name(kpi->stage));
	csv_text(csv, unit_name(kpi->unit));
	csv_text(csv, kpi->unit == UNIT_MONEY ? frame->shop->base_currency : NULL);
	csv_day(csv, frame->window.from);
	csv_day(csv, frame->window.to);
	csv_text(csv, frame->shop->time_zone);
	csv_figure(csv, result->value, unit_places(kpi->unit));
	csv_figure(csv, result->numerator, PART_PLACES);
	csv_figure(csv, result->denominator, PART_PLACES);
	csv_text(csv, result->reason);
	csv_confidence(csv, result->confidence);
	csv_extra(csv, extra, unit_places(kpi->unit));
	csv_end(csv);
}
