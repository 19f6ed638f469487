/*
 * E-mail addresses and URIs: pragmatic checks that refuse what cannot be one. Whether a mailbox or
 * a page exists is not a question of syntax.
 */
#include "format.h"

#include <ctype.h>

/* RFC 5321 §4.5.3.1 (and erratum 1690 for the whole address). */
enum { EMAIL_MAX = 254, EMAIL_LOCAL_MAX = 64, DOMAIN_LABEL_MAX = 63 };

/* ASCII only, in any locale. */
static bool is_alnum(char ch)
{
	return (ch >= '0' && ch <= '9') || (ch >= 'A' && ch <= 'Z') || (ch >= 'a' && ch <= 'z');
}

static bool is_one_of(char ch, const char *set)
{
	return ch && strchr(set, ch);
}

/* RFC 5322 §3.2.3: words of atext, joined by single dots. */
static bool dot_atom_valid(const char *text, size_t len)
{
	bool dot = true;

	for (size_t i = 0; i < len; i++) {
		if (text[i] == '.' && dot)
			return false;
		dot = text[i] == '.';
		if (!dot && !is_alnum(text[i]) && !is_one_of(text[i], "!#$%&'*+-/=?^_`{|}~"))
			return false;
	}
	return !dot;
}

/* "..." of visible ASCII; a backslash quotes the next character. */
static bool quoted_valid(const char *text, size_t len)
{
	if (len < 3 || text[0] != '"' || text[len - 1] != '"')
		return false;
	for (size_t i = 1; i < len - 1; i++) {
		if (text[i] == '\\')
			i++;
		else if (text[i] == '"')
			return false;
		if (i == len - 1 || text[i] <= ' ' || text[i] >= 0x7f)
			return false;
	}
	return true;
}

static bool label_valid(const char *text, size_t len)
{
	if (len == 0 || len > DOMAIN_LABEL_MAX || text[0] == '-' || text[len - 1] == '-')
		return false;
	for (size_t i = 0; i < len; i++) {
		if (!is_alnum(text[i]) && text[i] != '-')
			return false;
	}
	return true;
}

static bool domain_valid(const char *text)
{
	for (;;) {
		size_t len = strcspn(text, ".");

		if (!label_valid(text, len))
			return false;
		text += len;
		if (*text == '\0')
			return true;
		text++;
	}
}

bool email_valid(const char *text, size_t len)
{
	const char *at = strchr(text, '@');
	size_t local;

	if (!at || len > EMAIL_MAX)
		return false;
	local = (size_t)(at - text);
	if (local == 0 || local > EMAIL_LOCAL_MAX || !domain_valid(at + 1))
		return false;
	return text[0] == '"' ? quoted_valid(text, local) : dot_atom_valid(text, local);
}

/* Length of "scheme:" (RFC 3986 §3.1), 0 without one. */
static size_t scheme_length(const char *text)
{
	size_t len = 0;

	while (is_alnum(text[len]) || is_one_of(text[len], "+-."))
		len++;
	if (len == 0 || text[len] != ':' || isdigit((unsigned char)text[0]) || is_one_of(text[0], "+-."))
		return 0;
	return len + 1;
}

/* Only characters of RFC 3986 §2, and every % starts an escape. */
static bool uri_characters_valid(const char *text)
{
	for (; *text; text++) {
		if (*text == '%') {
			if (!isxdigit((unsigned char)text[1]) || !isxdigit((unsigned char)text[2]))
				return false;
		} else if (!is_alnum(*text) && !strchr("-._~:/?#[]@!$&'()*+,;=", *text)) {
			return false;
		}
	}
	return true;
}

bool uri_valid(const char *text, size_t len)
{
	return scheme_length(text) > 0 && scheme_length(text) < len && uri_characters_valid(text);
}

bool uri_reference_valid(const char *text, size_t len)
{
	(void)len;
	/* A colon in the first segment would make it a scheme (RFC 3986 §4.2). */
	if (scheme_length(text) == 0 && text[strcspn(text, ":/?#")] == ':')
		return false;
	return uri_characters_valid(text);
}
