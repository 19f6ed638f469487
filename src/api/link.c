#include "link.h"

#include "document.h"

static json_t *link_row(const struct link *link, int64_t now_us)
{
	char identity[HASH_TEXT];
	json_t *row = json_object();
	text_hash(identity, link->kind, link->value, (char *)NULL);
	json_object_set_new(row, "customer_id", json_string(link->customer_id));
	json_object_set_new(row, "linked_to", json_string(link->person_id));
	json_object_set_new(row, "identity", json_string(identity));
	document_instant(row, "linked_at", now_us);
	return row;
}

static void add_id(json_t *rows, const char *name, const char *id, int64_t now_us)
{
	json_t *row = json_object();
	json_object_set_new(row, name, json_string(id));
	document_instant(row, "updated_at", now_us);
	json_array_append_new(rows, row);
}

static void write_rows(link_write_fn *write, void *cls, enum query how, size_t count,
		       const struct link *links, int64_t now_us)
{
	json_t *rows = json_array(), *customers = json_array(), *persons = json_array();
	for (size_t i = 0; i < count; i++) {
		json_array_append_new(rows, link_row(&links[i], now_us));
		add_id(customers, "customer_id", links[i].customer_id, now_us);
		add_id(customers, "customer_id", links[i].person_id, now_us);
		add_id(persons, "id", links[i].person_id, now_us);
	}
	write(cls, Q_CUSTOMER_GUARD, customers);
	write(cls, Q_CUSTOMER_LINK_LOCK, rows);
	write(cls, how, rows);
	write(cls, Q_CUSTOMER_PERSON_UPDATE, customers);
	write(cls, Q_CHANGED_CUSTOMER_INSERT, customers);
	write(cls, Q_CUSTOMER_TOUCH, persons);
	json_decref(rows);
	json_decref(customers);
	json_decref(persons);
}

void link_write(link_write_fn *write, void *cls, size_t count, const struct link *links, int64_t now_us)
{
	if (count > 0)
		write_rows(write, cls, Q_CUSTOMER_LINK_INSERT, count, links, now_us);
}

void link_remove(link_write_fn *write, void *cls, const struct link *link, int64_t now_us)
{
	write_rows(write, cls, Q_CUSTOMER_LINK_DELETE, 1, link, now_us);
}
