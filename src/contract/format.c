/*
 * The table of formats, and the checkers that need no file of their own.
 */
#include "format.h"

#include "ciclo/base/decimal.h"
#include "ciclo/base/money.h"
#include "ciclo/base/time.h"
#include "ciclo/base/uuid7.h"

/* ISO 3166-1 alpha-2, officially assigned: second letters by first letter. */
static const char *const countries[26] = {
	['A' - 'A'] = "DEFGILMOQRSTUWXZ",
	['B' - 'A'] = "ABDEFGHIJLMNOQRSTVWYZ",
	['C' - 'A'] = "ACDFGHIKLMNORUVWXYZ",
	['D' - 'A'] = "EJKMOZ",
	['E' - 'A'] = "CEGHRST",
	['F' - 'A'] = "IJKMOR",
	['G' - 'A'] = "ABDEFGHILMNPQRSTUWY",
	['H' - 'A'] = "KMNRTU",
	['I' - 'A'] = "DELMNOQRST",
	['J' - 'A'] = "EMOP",
	['K' - 'A'] = "EGHIMNPRWYZ",
	['L' - 'A'] = "ABCIKRSTUVY",
	['M' - 'A'] = "ACDEFGHKLMNOPQRSTUVWXYZ",
	['N' - 'A'] = "ACEFGILOPRUZ",
	['O' - 'A'] = "M",
	['P' - 'A'] = "AEFGHKLMNRSTWY",
	['Q' - 'A'] = "A",
	['R' - 'A'] = "EOSUW",
	['S' - 'A'] = "ABCDEGHIJKLMNORSTVXYZ",
	['T' - 'A'] = "CDFGHJKLMNORTVWZ",
	['U' - 'A'] = "AGMSYZ",
	['V' - 'A'] = "ACEGINU",
	['W' - 'A'] = "FS",
	['X' - 'A'] = "",
	['Y' - 'A'] = "ET",
	['Z' - 'A'] = "AMW",
};

/* The longest name of the time zone database has 32 characters. */
enum { TIME_ZONE_MAX = 64 };

static bool date_valid(const char *text, size_t len)
{
	int32_t day;

	return day_parse(text, len, &day);
}

static bool date_time_valid(const char *text, size_t len)
{
	int64_t us;

	return instant_parse(text, len, &us);
}

static bool country_valid(const char *text, size_t len)
{
	return len == 2 && text[0] >= 'A' && text[0] <= 'Z' && strchr(countries[text[0] - 'A'], text[1]);
}

static bool currency_valid(const char *text, size_t len)
{
	char code[4] = "";

	if (len != 3)
		return false;
	memcpy(code, text, 3);
	return currency_exponent(code) >= 0;
}

static bool decimal_valid(const char *text, size_t len)
{
	struct ratio r;

	(void)len;
	return decimal_parse(text, &r);
}

/* The pattern beside it says the rest. */
static bool customer_reference_valid(const char *text, size_t len)
{
	static const char email[] = "email:";
	const size_t kind = sizeof email - 1;

	return strncmp(text, email, kind) != 0 || email_valid(text + kind, len - kind);
}

/* How wide an integer is, for clients that are generated; minimum and maximum say more, and are checked. */
static bool width_valid(const char *text, size_t len)
{
	(void)text;
	(void)len;
	return true;
}

/* Syntax only: which zones exist is for PostgreSQL to say. */
static bool time_zone_valid(const char *text, size_t len)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+-";

	if (len > TIME_ZONE_MAX)
		return false;
	for (;;) {
		size_t part = strspn(text, letters);

		if (part == 0)
			return false;
		text += part;
		if (*text != '/')
			return *text == '\0';
		text++;
	}
}

static const struct format formats[] = {
	{"country", country_valid, "must be a country code (ISO 3166-1 alpha-2, upper case)"},
	{"currency", currency_valid, "must be a currency code (ISO 4217, upper case)"},
	{"customer-reference", customer_reference_valid, "must have an e-mail address after email:"},
	{"date", date_valid, "must be a date (YYYY-MM-DD)"},
	{"date-time", date_time_valid, "must be an instant with an offset (RFC 3339)"},
	{"decimal", decimal_valid, "must be a decimal number"},
	{"email", email_valid, "must be an e-mail address"},
	{"int32", width_valid, "must be an integer of 32 bits"},
	{"int64", width_valid, "must be an integer of 64 bits"},
	{"time-zone", time_zone_valid, "must be the name of a time zone"},
	{"uri", uri_valid, "must be a URI"},
	{"uri-reference", uri_reference_valid, "must be a URI reference"},
	{"uuid", uuid_valid, "must be a UUID"},
};

const struct format *format_find(const char *name)
{
	for (size_t i = 0; i < COUNTOF(formats); i++) {
		if (strcmp(formats[i].name, name) == 0)
			return &formats[i];
	}
	return NULL;
}
