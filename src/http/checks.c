/*
 * What stands between a complete request and its handler, in the order in which faults are reported.
 * The contract decides; this file only asks it.
 */
#include "state.h"

#include <string.h>

#include "ciclo/contract/json.h"

/* RFC 9110 §9.3, PATCH (RFC 5789) and QUERY, which OpenAPI names too; any other method is 501. */
static const char *const methods[] = {
	"GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH", "QUERY",
};

void call_set_method(struct call *c, const char *method)
{
	for (size_t i = 0; i < COUNTOF(methods) && !c->known_method; i++)
		if (strcmp(methods[i], method) == 0)
			c->known_method = methods[i];
}

static enum step check_open(struct call *c)
{
	if (!c->server->stopping)
		return STEP_DONE;
	call_problem(c, PROBLEM_draining, NULL, "The service is shutting down; try again.");
	return STEP_ANSWERED;
}

/* What a page may send, if its site is one of CICLO_CORS_ORIGINS. Browsers keep that for Max-Age, 10 minutes: no longer,
 * so that what is taken off the list is soon forgotten. */
static void answer_preflight(struct call *c, const char *allow)
{
	if (!c->origin || !call_header(c, "Access-Control-Request-Method"))
		return;
	call_add_header(c, "Access-Control-Allow-Methods", "%s", allow);
	call_add_header(c, "Access-Control-Allow-Headers",
			"Accept, Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, "
			"X-Request-Id");
	call_add_header(c, "Access-Control-Max-Age", "600");
}

static enum step answer_options(struct call *c, const char *allow)
{
	call_add_header(c, "Allow", "%s", allow);
	answer_preflight(c, allow);
	call_answer(c, 204, NULL, NULL, 0);
	return STEP_ANSWERED;
}

static enum step refuse_method(struct call *c)
{
	if (!c->known_method) {
		call_problem(c, PROBLEM_not_implemented, NULL, "This method is not known here.");
		return STEP_ANSWERED;
	}
	if (strcmp(c->known_method, "OPTIONS") == 0)
		return answer_options(c, c->match.allow);
	call_add_header(c, "Allow", "%s", c->match.allow);
	call_problem(c, PROBLEM_method_not_allowed, NULL, "This resource allows %s.", c->match.allow);
	return STEP_ANSWERED;
}

static enum step check_route(struct call *c)
{
	/* "OPTIONS *" asks about the server as a whole. */
	if (strcmp(c->path, "*") == 0)
		return answer_options(c, c->server->methods);
	switch (c->route) {
	case ROUTE_FOUND:
		return STEP_DONE;
	case ROUTE_NO_METHOD:
		return refuse_method(c);
	case ROUTE_NO_PATH:
		call_problem(c, PROBLEM_not_found, NULL, "There is nothing at this path.");
		break;
	case ROUTE_BAD_PATH:
		call_problem(c, PROBLEM_malformed_request, NULL, "The path is not validly encoded.");
		break;
	}
	return STEP_ANSWERED;
}

static enum step check_body_kept(struct call *c)
{
	size_t max = c->match.operation->body_max;

	if (c->refuse == PROBLEM_NONE)
		return STEP_DONE;
	c->close = true;
	if (problem_status(c->refuse) == 401 || problem_status(c->refuse) == 403)
		auth_refuse(c, c->refuse);
	else if (c->refuse != PROBLEM_body_too_large)
		call_problem(c, c->refuse, NULL, "Too many large requests at once; try again.");
	else if (max == 0)
		call_problem(c, c->refuse, NULL, "This operation takes no body.");
	else
		call_problem(c, c->refuse, NULL, "A body may have %zu bytes here.", max);
	return STEP_ANSWERED;
}

static enum step check_json(struct call *c)
{
	char why[256];

	if (!c->body_type || !media_is_json(c->body_type))
		return STEP_DONE;
	c->body = json_read(c->raw.data, c->raw.len, why, sizeof(why));
	if (c->body)
		return STEP_DONE;
	call_problem(c, PROBLEM_invalid_json, NULL, "%s", why);
	return STEP_ANSWERED;
}

static const char *read_header(void *cls, const char *name)
{
	const struct call *c = cls;

	return call_header(c, name);
}

static enum step report(struct call *c, enum problem code, struct violations *v)
{
	enum step step = STEP_DONE;

	if (v->total) {
		call_problem(c, code, v, "%zu %s found; see errors.", v->total,
			     v->total == 1 ? "fault was" : "faults were");
		step = STEP_ANSWERED;
	}
	violations_release(v);
	return step;
}

static enum step check_parameters(struct call *c)
{
	struct violations v = {.count = 0};
	enum step step;

	c->params = contract_parameters(c->match.operation, &c->match, c->query, read_header, c, &v);
	step = report(c, PROBLEM_invalid_parameter, &v);
	if (step != STEP_DONE || c->params)
		return step;
	call_out_of_memory(c);
	return STEP_ANSWERED;
}

static enum step validate_body(struct call *c)
{
	const struct operation *op = c->match.operation;
	const struct schema *schema = NULL;
	struct violations v = {.count = 0};

	if (op->item) {
		/* A batch: the handler validates item by item, because a bad one must not spoil the good ones. */
		if (!json_is_array(c->body))
			violation_add(&v, IN_BODY, "", "type", "A batch is an array.");
	} else if (operation_takes(op, c->body_type, &schema) && schema) {
		schema_validate(schema, c->body, "", &v);
	}
	return report(c, PROBLEM_validation_failed, &v);
}

static enum step check_body(struct call *c)
{
	return c->body ? validate_body(c) : STEP_DONE;
}

static enum step run_handler(struct call *c)
{
	const struct server_options *o = &c->server->options;

	c->busy = true;
	o->handle(o->cls, c);
	return c->answered ? STEP_ANSWERED : STEP_WAITING;
}

static enum step (*const steps[])(struct call *) = {
	check_open,       check_route, check_body_kept, auth_check,       limit_check, media_check_accept,
	media_check_type, check_json,  limit_charge,    check_parameters, check_body,  run_handler,
};

void checks_run(struct call *c)
{
	enum step step = STEP_DONE;

	while (step == STEP_DONE && c->step < COUNTOF(steps))
		step = steps[c->step++](c);
}
