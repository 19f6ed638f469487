/*
 * What the process counts, as Prometheus reads it (text format 0.0.4). Each worker counts in a part of its own, which
 * nobody else writes, so counting takes no locks; whoever is asked adds all parts up. The number of series is bounded: routes are
 * templates of the contract, statuses are classes.
 */
#ifndef CICLO_HTTP_METRICS_H
#define CICLO_HTTP_METRICS_H

#include <stddef.h>
#include <stdint.h>

#include "ciclo/base/attr.h"
#include "ciclo/base/buf.h"
#include "ciclo/contract/contract.h"
#include "ciclo/db/db.h"

struct metrics;
/* The part of one worker. */
struct metrics_part;

/* NULL when memory is out. */
struct metrics *metrics_new(const struct contract *contract, size_t workers) NODISCARD;
/* NULL-safe. */
void metrics_free(struct metrics *m);
struct metrics_part *metrics_part(struct metrics *m, size_t worker) NODISCARD;

/* One request that is over. op NULL: of no operation. p NULL: nobody counts. */
void metrics_count(struct metrics_part *p, const struct operation *op, int status, int64_t us);
/* How the lanes of the worker are now. */
void metrics_lanes(struct metrics_part *p, const struct db *db);
/* All parts together, and the process. */
void metrics_render(const struct metrics *m, struct buf *out);

#endif
