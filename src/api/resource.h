/*
 * Reading one resource: a statement that returns id, version (NULL: has none) and document.
 */
#ifndef CICLO_SRC_API_RESOURCE_H
#define CICLO_SRC_API_RESOURCE_H

#include "ciclo/api/api.h"
#include "reference.h"

/* Answers with the first read of a segment: the document, its version as ETag; or 404, or the database's problem. */
void resource_answer(struct call *call, const struct db_answer *answer);
/* The whole handler. args must live in the call (parameters do) or be static. */
void resource_get(struct api *api, struct call *call, enum query query, size_t arg_count,
		  const char *const *args);
/* For statements that take id and external id: the path argument called name. */
void resource_get_by(struct api *api, struct call *call, enum query query, const char *name);
/* Puts the two parameters (id or NULL, external id or NULL) that a path argument stands for into args. */
void resource_args(struct call *call, const char *name, const char *args[static 2]);

#endif
