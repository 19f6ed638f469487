/*
 * KPIs as JSON and as rows of CSV: the same figures at the same places.
 */
#ifndef CICLO_SRC_API_KPI_RENDER_H
#define CICLO_SRC_API_KPI_RENDER_H

#include <jansson.h>

#include "ciclo/base/buf.h"
#include "report.h"

/* What stands around a value. */
struct kpi_frame {
	const struct kpi *kpi;
	const struct kpi_terms *terms;
	const struct report_shop *shop;
	const char *until; /* NULL: this KPI does not look at it */
	struct window window;
};

/* A number at most `places` decimals long, or null. */
json_t *figure_json(struct figure figure, unsigned places) NODISCARD;
json_t *count_json(int64_t count) NODISCARD;
json_t *day_json(int32_t day) NODISCARD;
/* null when it is not known. */
json_t *confidence_json(struct confidence c) NODISCARD;

/* What changed between two results of a KPI. */
struct comparison kpi_compare(const struct kpi_result *now, const struct kpi_result *before);

/* The whole answer, without series, groups and previous. */
json_t *kpi_document(const struct kpi_frame *frame, const struct kpi_result *result) NODISCARD;
/* One point of a series. */
json_t *kpi_point(const struct kpi_frame *frame, const struct kpi_result *result) NODISCARD;
/* One group; its key may be NULL. */
json_t *kpi_group(const struct kpi *kpi, const char *key, const struct kpi_result *result) NODISCARD;
/* The earlier window, which frame is of, and what changed since. */
json_t *kpi_previous(const struct kpi_frame *frame, const struct kpi_result *now,
		     const struct kpi_result *before) NODISCARD;
/* Sets change, change_ratio, significant and, unless reason says more, why that is null. places: of the change. */
void set_comparison(json_t *doc, const struct comparison *c, const char *reason, unsigned places);
/* One entry of the catalogue. */
json_t *kpi_entry(const struct kpi *kpi) NODISCARD;

/* Answers with doc and the ETag of its flight. Steals doc. */
void reply_report(struct call *call, json_t *doc, const char *etag);
/* The same for one that does not fly: its ETag is made of what it says but for `as_of`. */
void reply_compared(struct call *call, json_t *doc, const char *as_of);

/* The names of csv_extra(), for the end of a header. */
#define CSV_EXTRA_HEADER "group,previous_from,previous_to,previous_value,change,change_ratio,significant"

/* CSV (RFC 4180). Cells are added from left to right; csv_end() ends the row. */
struct csv {
	struct buf text;
	bool started; /* the row has a cell */
};

void csv_init(struct csv *csv, const char *header);
/* Quoted if it has to be, and never a formula: a cell that begins with = + - @ gets a ' in front. NULL is empty. */
void csv_text(struct csv *csv, const char *text);
void csv_figure(struct csv *csv, struct figure figure, unsigned places);
void csv_count(struct csv *csv, int64_t count);
void csv_day(struct csv *csv, int32_t day);
void csv_confidence(struct csv *csv, struct confidence c);
void csv_end(struct csv *csv);
/* Answers with the text and the ETag of its flight. */
void csv_reply(struct csv *csv, struct call *call, const char *etag);
void csv_release(struct csv *csv);

/* The columns at the end of each table, empty unless asked for: CSV_EXTRA_HEADER, in that order. */
struct csv_extra {
	const char *group;
	const struct window *window; /* what is compared with; NULL: not compared */
	struct figure previous;
	struct comparison comparison;
};

void csv_extra(struct csv *csv, const struct csv_extra *extra, unsigned places);

extern const char kpi_csv_header[];
void kpi_csv_row(struct csv *csv, const struct kpi_frame *frame, const struct kpi_result *result,
		 const struct csv_extra *extra);

#endif
