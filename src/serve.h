/* ciclo serve */
#ifndef CICLO_SRC_SERVE_H
#define CICLO_SRC_SERVE_H

#include <stdbool.h>

#include "ciclo/base/attr.h"
#include "ciclo/base/config.h"

struct contract;

/* The embedded openapi.yaml, with a handler for each operation. NULL: said why in the log. contract_free() it. */
struct contract *load_contract(void) NODISCARD;
/* Serves until SIGTERM or SIGINT. false: it could not start (the log says why), or not all was answered in time. */
bool serve_until_stopped(const struct config *config) NODISCARD;

#endif
