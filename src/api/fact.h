/*
 * How facts get in: one engine for single requests and batches of every resource.
 *
 * A round looks up everything that the open facts refer to (natural keys, identities, parents), then decides
 * each fact: already here with the same content (200), here with other content (409), refers to
 * something unknown (422), or new. New ones are completed into their document and written, each in a segment
 * of its own (the database engine merges them). A fact that lost a race against another request,
 * or that needs what an earlier fact of the same batch is about to create, goes into the next round, where
 * the look-up finds what was missing.
 *
 * Everything that a resource adds is in its struct fact_kind: what it refers to, and how its document is completed.
 */
#ifndef CICLO_SRC_API_FACT_H
#define CICLO_SRC_API_FACT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ciclo/api/api.h"
#include "ciclo/base/buf.h"
#include "document.h"
#include "idempotency.h"
#include "reference.h"
#include "shop.h"

enum {
	/* Own key, three identities, who referred, a parent, an order. */
	FACT_REFS_MAX = 8,
	/* 10,000 facts of one batch that all wait for each other are settled in three rounds; more means that somebody else
	 * keeps writing the same keys. */
	FACT_ROUNDS_MAX = 8
};

struct facts;

enum fact_state {
	FACT_OPEN,    /* to be looked at in the next round */
	FACT_WRITING, /* its segment is under way */
	FACT_CREATED,
	FACT_UNCHANGED, /* was here before, with the same content */
	FACT_FAILED     /* see problem */
};

/* One fact on its way in. */
struct fact {
	struct facts *facts;
	size_t index;  /* its place in the request */
	json_t *input; /* valid by the contract; borrowed from the request */
	enum fact_state state;

	struct reference refs[FACT_REFS_MAX];
	size_t ref_count;
	struct reference *own; /* natural key; NULL: has none */
	struct reference
		*customer[3];       /* external, email, visitor identity, or one reference; NULL: not given */
	struct reference *referrer; /* referred_by */
	struct reference *parent;   /* what the path names; shared by all facts of a request */
	struct reference *order;
	struct reference *about; /* what else the kind refers to */

	char id[UUID_TEXT];
	char customer_id[UUID_TEXT]; /* "" until known */
	json_t *document;
	json_t *content;        /* what the hash covers, when it is not the document; borrowed */
	bool instant_defaulted; /* kind->instant was not given */
	bool answer_from_read;  /* the segment's first read is the answer, not the document */
	bool reread;            /* kind->answer answers, not the document */
	bool replaced;          /* kind->replaces, and what the natural key names was there before */
	bool names_customer;    /* customer_id was looked up: nothing is written if it is erased meanwhile */

	enum problem problem;
	struct violations *violations; /* arena; NULL when there are none */
	struct segment segment;
};

struct fact_kind {
	const char *resource; /* in external_ids and as a problem's noun */
	const char *location; /* path of one is this and its id; NULL: none of its own */
	const char *child;    /* of a parent: path of one is location, parent's id, child and its id */
	const char *instant;  /* member that defaults to now; NULL: none */
	enum query
		get; /* the stored document: arguments id, null, id of the parent, null; document in column 2 */
	size_t get_args;             /* how many of these it takes */
	enum reference_table parent; /* table of the path argument {ref}; REF_TABLES: none */
	bool parent_first; /* refer() needs to know the parent: it is looked up in a round of its own */
	/* PUT: the natural key names a thing, and each fact says how it is from now on. A known key is no repetition then:
	 * the fact takes its id and is written; the answer is 200 and what is stored, 201 for the first. */
	bool replaces;
	/* A new one is an order that changes nothing which is derived of days before its instant, and nothing of carts: see
	 * changed_customers. */
	bool (*later_only)(const struct fact *f);
	/* Adds what the fact refers to with fact_refer(). */
	void (*refer)(struct fact *f);
	/* Answers a single request once the fact is there, where the document alone cannot: what was here before, and facts
	 * with `reread`. id lives as long as the call. NULL: the document, or what get reads. */
	void (*answer)(struct api *api, struct call *call, const char *id, int status);
	/* All references are answered: completes f->document and adds the writes. */
	enum problem (*complete)(struct fact *f);
};

struct facts {
	struct api *api;
	struct call *call;
	const struct fact_kind *kind;
	bool batch;
	struct fact **page; /* see fact_at() */
	size_t count;
	enum problem cut_off; /* why count is less than what was sent; PROBLEM_NONE: it is not */
	size_t writing;       /* segments under way */
	bool owns_inputs;     /* of NDJSON; others are the request's */
	int round;
	bool refers;   /* kind->refer() is called in this round, */
	bool referred; /* or was before */
	int64_t now_us;
	struct shop shop;
	struct reference parent;
	struct idempotency idempotency;
	struct later later; /* going through the items: */
	size_t next;        /* the one that comes next */
	bool walks;
	/* Of a round, so many items have been looked up, have their answers, are decided; in this order. */
	size_t asked, known, decided;
	void (*take)(struct fact *f); /* of a batch: reads the item and checks it; each in its turn, once */
	size_t taken;
	const char *rest, *end; /* the lines that are not read yet */
	struct buf results;     /* text of those that the answer has already; they are gone */
	size_t failed;          /* of the whole answer */
	json_t *claimed;        /* keys that facts of this round are about to create */
	struct lookup lookup;
	struct segment segment;
	/* Called once, when no fact is open or writing any more; answers, and ends with facts_free. */
	void (*finish)(struct facts *facts);
};

/* A request with one fact in its body: the whole handler. */
void fact_create(struct api *api, struct call *call, const struct fact_kind *kind);
/* A request with many: the whole handler (batch.c). */
void fact_batch(struct api *api, struct call *call, const struct fact_kind *kind);

/* --- for batch.c ------------------------------------------------------------------------------- */

/* For count facts; NULL (and the call answered) when memory is out. */
struct facts *facts_new(struct api *api, struct call *call, const struct fact_kind *kind,
			size_t count) NODISCARD;
/* Facts take 3 KB each: room for all at once would be 30 MB, and clearing that holds everybody up for 15 ms. So they come in
 * pages, each when its first one is taken. NULL: it has not been taken yet. */
enum { FACTS_PAGE = 64 };
struct fact *fact_at(const struct facts *facts, size_t index);
/* Goes through the items from one on, as long as step says true. */
void facts_walk(struct facts *facts, size_t first, bool (*step)(void *cls));
/* Starts the rounds over all items that are FACT_OPEN. */
void facts_run(struct facts *facts);
void facts_free(struct facts *facts);
/* What one of ten thousand items holds is let go as soon as its result is said; f may be gone then. */
void fact_release(struct fact *f);
/* What to tell the client beside the violations. */
const char *fact_advice(enum problem problem);

/* --- between the parts of the engine ------------------------------------------------------------- */

/* The page that begins with this item; false: memory is out. */
bool fact_open_page(struct facts *facts, size_t first) NODISCARD;
/* All references are answered: settles the fact, or sends its writes. */
void fact_decide(struct fact *f);
void fact_fail(struct fact *f, enum problem problem);
/* What a segment that ended so means for its fact; not for DB_OK. */
enum problem fact_problem_of(enum db_status status);
/* No segment is under way any more: starts the next round or ends. */
void facts_round_finish(struct facts *facts);

/* --- for the kinds ----------------------------------------------------------------------------- */

/* Adds a reference to look up; copies what r says. NULL when there is no room. */
struct reference *fact_refer(struct fact *f, struct reference r);
/* The natural key: external_id below prefix (NULL: none), if the input has one. */
void fact_refer_own(struct fact *f, const char *prefix);
/* The `order` member, if the input has one. */
void fact_refer_order(struct fact *f);
/* Says so when that order is not there. */
enum problem fact_check_order(struct fact *f);
/* Adds a write of one row (object) or of all rows of an array; fact_fail when memory is out. */
void fact_write(struct fact *f, enum query query, const json_t *rows);
/* The same of the cells of one row: see document_cells(). */
void fact_write_cells(struct fact *f, enum query query, size_t count, const char *const *cells);
/* The same of text that is there already, in the arena of the call; NULL: memory is out. */
void fact_write_text(struct fact *f, enum query query, const char *text);
/* Gives the fact the violations that were found, and returns the problem. A batch holds ten thousand facts, so only bad
 * ones carry a list. */
enum problem fact_refuse(struct fact *f, enum problem problem, struct violations *found);
/* One violation and the problem to return. */
enum problem fact_problem(struct fact *f, enum problem problem, const char *where, const char *code,
			  const char *fmt, ...) PRINTF_LIKE(5, 6);
/* What the kind's instant is: as the input has it, else now. */
json_t *fact_instant(struct fact *f) NODISCARD;
/* A new document: all fields of the answer in their order (NULL ends), from the input where it has them, else null until
 * the kind sets them; id, the kind's instant and created_at are set. */
json_t *fact_document(struct fact *f, const char *const *fields);

#endif
