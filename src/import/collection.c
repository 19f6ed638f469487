#include "collection.h"

#include <ctype.h>
#include <string.h>

static const char head[] = "/v1/", tail[] = "/batch";

/* The length of the collection's name, which is at path + strlen(head); 0: the operation takes no batch. */
static size_t name_of(const struct operation *op)
{
	size_t around = strlen(head) + strlen(tail);
	size_t len = strlen(op->path);
	bool is_batch = op->item != NULL && strcmp(op->method, "POST") == 0 && len > around &&
			strncmp(op->path, head, strlen(head)) == 0 &&
			strcmp(op->path + len - strlen(tail), tail) == 0;
	return is_batch ? len - around : 0;
}

/* All that has a meaning in a path, or none at all in a URL, is escaped, but for what separates segments. */
static bool encode(char *out, size_t size, const char *name)
{
	static const char plain[] = "-._~/:@!$&'()*+,;=";
	size_t used = 0;

	for (; *name != '\0' && used + 4 < size; name++) {
		bool is_plain = isalnum((unsigned char)*name) || strchr(plain, *name) != NULL;
		used += (size_t)snprintf(out + used, size - used, is_plain ? "%c" : "%%%02X",
					 (unsigned char)*name);
	}
	out[used] = '\0';
	return *name == '\0';
}

bool collection_find(struct collection *ret, const struct contract *contract, const char *name)
{
	char encoded[sizeof ret->path - sizeof head - sizeof tail];
	struct route_match match;

	*ret = (struct collection){.operation = NULL};
	if (strlen(name) >= sizeof ret->name || !encode(encoded, sizeof encoded, name))
		return false;
	snprintf(ret->name, sizeof ret->name, "%s", name);
	snprintf(ret->path, sizeof ret->path, "%s%s%s", head, encoded, tail);
	if (contract_route(contract, "POST", ret->path, strlen(ret->path), &match) == ROUTE_FOUND &&
	    match.operation->item != NULL)
		ret->operation = match.operation;
	route_release(&match);
	return ret->operation != NULL;
}

static bool begins_with(const char *file, const char *name, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		bool same = tolower((unsigned char)file[i]) == name[i];
		if (!same && !(name[i] == '/' && (file[i] == '-' || file[i] == '_')))
			return false;
	}
	return !isalnum((unsigned char)file[len]);
}

bool collection_guess(struct collection *ret, const struct contract *contract, const char *file)
{
	const char *slash = strrchr(file, '/');
	const char *base = slash != NULL ? slash + 1 : file;
	char name[sizeof ret->name] = "";

	for (size_t i = 0; i < contract_operations(contract); i++) {
		const struct operation *op = contract_operation(contract, i);
		size_t len = name_of(op);
		if (len > strlen(name) && len < sizeof name &&
		    begins_with(base, op->path + strlen(head), len))
			snprintf(name, sizeof name, "%.*s", (int)len, op->path + strlen(head));
	}
	return name[0] != '\0' && collection_find(ret, contract, name);
}

void collection_list(const struct contract *contract, FILE *out)
{
	const char *comma = "";
	for (size_t i = 0; i < contract_operations(contract); i++) {
		const struct operation *op = contract_operation(contract, i);
		size_t len = name_of(op);
		if (len == 0)
			continue;
		fprintf(out, "%s%.*s", comma, (int)len, op->path + strlen(head));
		comma = ", ";
	}
}
