/*
 * Media types: what an operation takes and what it answers with (RFC 9110 §8.3, §12.5.1).
 * Parameters of a media type other than q do not tell representations apart here.
 */
#include "parts.h"
#include "text.h"

#include <strings.h>

/* One element of an Accept field, such as "text/csv;q=0.5". */
struct range {
	struct span type;
	struct span subtype;
	int quality; /* thousandths */
};

static struct span trim(struct span s)
{
	while (s.len > 0 && (s.text[0] == ' ' || s.text[0] == '\t')) {
		s.text++;
		s.len--;
	}
	while (s.len > 0 && (s.text[s.len - 1] == ' ' || s.text[s.len - 1] == '\t'))
		s.len--;
	return s;
}

static bool same(struct span a, struct span b)
{
	return a.len == b.len && strncasecmp(a.text, b.text, a.len) == 0;
}

static bool is_star(struct span s)
{
	return s.len == 1 && s.text[0] == '*';
}

/* 0 to 1 with up to three decimals; -1 if it is not that. */
static int read_quality(struct span s)
{
	int quality = 0;
	int scale = 1000;

	if (s.len == 0 || s.len > 5 || (s.text[0] != '0' && s.text[0] != '1') ||
	    (s.len > 1 && s.text[1] != '.'))
		return -1;
	for (size_t i = 0; i < s.len; i++) {
		if (i == 1)
			continue;
		if (s.text[i] < '0' || s.text[i] > '9')
			return -1;
		quality += (s.text[i] - '0') * scale;
		scale /= 10;
	}
	return quality <= 1000 ? quality : -1;
}

/* ;a=b;q=0.5 -> 500; without q 1000. A q that cannot be read counts as 0: it was not meant as a wish. */
static int find_quality(struct span parameters)
{
	struct span parameter;

	while (span_next(&parameters, ';', &parameter)) {
		parameter = trim(parameter);
		if (parameter.len >= 2 && strncasecmp(parameter.text, "q=", 2) == 0) {
			int quality = read_quality((struct span){parameter.text + 2, parameter.len - 2});

			return quality < 0 ? 0 : quality;
		}
	}
	return 1000;
}

/* One element of an Accept field; false: it is none. */
static bool read_range(struct span element, struct range *ret)
{
	struct span name;

	if (!span_next(&element, ';', &name))
		return false;
	name = trim(name);
	if (!span_next(&name, '/', &ret->type) || !name.text || name.len == 0 || ret->type.len == 0)
		return false;
	ret->subtype = name;
	ret->quality = find_quality(element);
	return true;
}

/* Like span_next for commas, but not those within quotes. */
static bool element_next(struct span *rest, struct span *ret)
{
	bool quoted = false;
	size_t len = 0;

	if (!rest->text)
		return false;
	for (; len < rest->len && (quoted || rest->text[len] != ','); len++) {
		if (rest->text[len] == '"')
			quoted = !quoted;
		else if (quoted && rest->text[len] == '\\' && len + 1 < rest->len)
			len++;
	}
	*ret = (struct span){rest->text, len};
	*rest = len < rest->len ? (struct span){rest->text + len + 1, rest->len - len - 1}
				: (struct span){NULL, 0};
	return true;
}

/* 3: names the type, 2: its main type, 1: anything, 0: not this one. */
static int specificity(const struct range *r, struct span type, struct span subtype)
{
	if (is_star(r->type))
		return is_star(r->subtype) ? 1 : 0;
	if (!same(r->type, type))
		return 0;
	if (is_star(r->subtype))
		return 2;
	return same(r->subtype, subtype) ? 3 : 0;
}

/* What the most specific range says about the media type; 0: not acceptable. */
static int quality_of(const char *accept, const char *name)
{
	struct span rest = {accept, strlen(accept)};
	struct span subtype = {name, strlen(name)};
	struct span type;
	struct span element;
	int best = 0;
	int quality = 0;

	if (!span_next(&subtype, '/', &type))
		return 0;
	while (element_next(&rest, &element)) {
		struct range r;
		int rank = read_range(element, &r) ? specificity(&r, type, subtype) : 0;

		if (rank > best) {
			best = rank;
			quality = r.quality;
		}
	}
	return quality;
}

static bool is_blank(const char *text)
{
	return text[strspn(text, " \t,")] == '\0';
}

const char *operation_answers(const struct operation *op, const char *accept)
{
	const char *chosen = NULL;
	int best = 0;

	if (!op->answer[0].name)
		return "";
	if (!accept || is_blank(accept))
		return op->answer[0].name;
	for (size_t i = 0; i < MEDIA_TYPES_MAX && op->answer[i].name; i++) {
		int quality = quality_of(accept, op->answer[i].name);

		if (quality > best) {
			best = quality;
			chosen = op->answer[i].name;
		}
	}
	return chosen;
}

bool operation_takes(const struct operation *op, const char *media_type, const struct schema **ret)
{
	struct span wanted = trim((struct span){media_type, strlen(media_type)});

	for (size_t i = 0; i < MEDIA_TYPES_MAX && op->body[i].name; i++) {
		if (same(wanted, (struct span){op->body[i].name, strlen(op->body[i].name)})) {
			*ret = op->body[i].schema;
			return true;
		}
	}
	return false;
}
