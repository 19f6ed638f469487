/* The room that the facts of a request take; see FACTS_PAGE in fact.h. */
#include <stdlib.h>
#include <string.h>

#include "ciclo/base/time.h"
#include "fact.h"

struct fact *fact_at(const struct facts *facts, size_t index)
{
	struct fact *page = facts->page[index / FACTS_PAGE];
	return page != NULL ? &page[index % FACTS_PAGE] : NULL;
}

bool fact_open_page(struct facts *facts, size_t first)
{
	size_t left = facts->count - first, count = left < FACTS_PAGE ? left : FACTS_PAGE;
	struct fact *page = calloc(count, sizeof *page);
	for (size_t i = 0; page != NULL && i < count; i++) {
		page[i].facts = facts;
		page[i].index = first + i;
	}
	facts->page[first / FACTS_PAGE] = page;
	return page != NULL;
}

void fact_release(struct fact *f)
{
	struct facts *facts = f->facts;
	size_t index = f->index;
	json_decref(f->document);
	if (facts->owns_inputs)
		json_decref(f->input);
	if (f->violations != NULL)
		violations_release(f->violations);
	f->document = f->input = NULL;
	f->violations = NULL;
	/* They go in their order. */
	if (index % FACTS_PAGE == FACTS_PAGE - 1 || index + 1 == facts->count) {
		free(facts->page[index / FACTS_PAGE]);
		facts->page[index / FACTS_PAGE] = NULL;
	}
}

void facts_free(struct facts *facts)
{
	for (size_t i = 0; i < facts->count; i++)
		if (fact_at(facts, i) != NULL)
			fact_release(fact_at(facts, i));
	lookup_release(&facts->lookup);
	json_decref(facts->claimed);
	buf_release(&facts->results);
	free(facts->page);
	free(facts);
}

struct facts *facts_new(struct api *api, struct call *call, const struct fact_kind *kind, size_t count)
{
	struct facts *facts = calloc(1, sizeof *facts);
	struct fact **page = calloc((count + FACTS_PAGE - 1) / FACTS_PAGE, sizeof(struct fact *));
	if (facts != NULL && page != NULL)
		*facts = (struct facts){.api = api, .call = call, .kind = kind, .page = page, .count = count};
	if (facts == NULL || page == NULL || !fact_open_page(facts, 0)) {
		free(facts);
		free(page);
		call_out_of_memory(call);
		return NULL;
	}
	facts->now_us = clock_now_us();
	/* PUT says how something is from now on: to replay an old answer would hide what came in between. */
	if (strcmp(call_operation(call)->method, "POST") == 0)
		idempotency_init(&facts->idempotency, call);
	if (kind->parent != REF_TABLES)
		reference_parent(&facts->parent, kind->parent, call);
	return facts;
}
