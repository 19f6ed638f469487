/*
 * The operations about the service itself: health, the contract, and what each problem means.
 */
#include <string.h>

#include "handlers.h"

void service_get(struct api *api, struct call *call)
{
	(void)api;
	static const char text[] = "{\"name\":\"Ciclo\",\"version\":\"" CICLO_VERSION
				   "\",\"openapi\":\"/openapi.yaml\",\"kpis\":\"/v1/kpis\"}";
	call_reply_fixed(call, "application/json", text, sizeof text - 1, NULL);
}

void health_get(struct api *api, struct call *call)
{
	(void)api;
	static const char text[] = "{\"status\":\"ok\"}";
	call_reply_fixed(call, "application/json", text, sizeof text - 1, NULL);
}

void ready_get(struct api *api, struct call *call)
{
	const char *why = NULL;
	static const char text[] = "{\"status\":\"ok\"}";
	if (api->draining != NULL && api->draining(api->cls))
		call_problem(call, PROBLEM_draining, NULL,
			     "requests under way are answered, new ones are not taken");
	else if (!db_is_ready(api->db, &why))
		call_problem(call, PROBLEM_database_unavailable, NULL, "%s", why);
	else if (api->ready != NULL && !api->ready(api->cls))
		call_problem(call, PROBLEM_database_unavailable, NULL,
			     "a worker of the process is not connected yet");
	else
		call_reply_fixed(call, "application/json", text, sizeof text - 1, NULL);
}

void openapi_yaml_get(struct api *api, struct call *call)
{
	size_t len;
	const char *text = contract_yaml(api->contract, &len);
	call_reply_fixed(call, "application/yaml", text, len, "public, max-age=300");
}

void openapi_json_get(struct api *api, struct call *call)
{
	size_t len;
	const char *text = contract_json(api->contract, &len);
	call_reply_fixed(call, "application/json", text, len, "public, max-age=300");
}

void problem_get(struct api *api, struct call *call)
{
	(void)api;
	enum problem problem = problem_from_slug(call_param(call, "code"));
	if (problem == PROBLEM_NONE) {
		call_problem(call, PROBLEM_not_found, NULL, "there is no such problem type");
		return;
	}
	json_t *doc = json_object();
	json_object_set_new(doc, "code", json_string(problem_slug(problem)));
	json_object_set_new(doc, "title", json_string(problem_title(problem)));
	json_object_set_new(doc, "status", json_integer(problem_status(problem)));
	json_object_set_new(doc, "description", json_string(problem_meaning(problem)));
	call_add_header(call, "Cache-Control", "public, max-age=300");
	call_reply(call, 200, doc);
}
