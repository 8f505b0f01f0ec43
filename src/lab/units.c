/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * units - sizes and durations as people write and read them.
 *
 * Parsing is exact: "0.1K" is refused, for no byte can be cut in ten.
 */
#include "lab/units.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/error.h"

struct unit {
	const char *name;
	uint64_t factor;
};

static const struct unit size_units[] = {
	{ "", 1 },
	{ "B", 1 },
	{ "K", UINT64_C(1) << 10 },
	{ "KiB", UINT64_C(1) << 10 },
	{ "M", UINT64_C(1) << 20 },
	{ "MiB", UINT64_C(1) << 20 },
	{ "G", UINT64_C(1) << 30 },
	{ "GiB", UINT64_C(1) << 30 },
	{ "T", UINT64_C(1) << 40 },
	{ "TiB", UINT64_C(1) << 40 },
	{ NULL, 0 },
};

static const struct unit duration_units[] = {
	{ "ns", 1 },
	{ "us", 1000 },
	{ "ms", 1000000 },
	{ "s", 1000000000 },
	{ "min", UINT64_C(60000000000) },
	{ NULL, 0 },
};

/* digits[.digits] as value / scale.  Returns what follows, or NULL. */
static const char *parse_decimal(const char *text, unsigned __int128 *value, uint64_t *scale)
{
	const char *p = text;
	int point = 0;

	*value = 0;
	*scale = 1;
	for (; isdigit((unsigned char)*p) || (*p == '.' && !point && p > text); p++) {
		if (*p == '.') {
			point = 1;
			continue;
		}
		*value = *value * 10 + (unsigned)(*p - '0');
		*scale *= point ? 10 : 1;
		if (*value > UINT64_MAX || *scale > 1000000000)
			return NULL;
	}
	return p > text && p[-1] != '.' ? p : NULL;
}

static const struct unit *find_unit(const struct unit *units, const char *name)
{
	while (*name == ' ')
		name++;
	for (; units->name; units++) {
		if (!strcmp(units->name, name))
			return units;
	}
	return NULL;
}

static int parse(const char *text, const struct unit *units, uint64_t *result)
{
	unsigned __int128 value;
	uint64_t scale;
	const char *rest = parse_decimal(text, &value, &scale);
	const struct unit *unit = rest ? find_unit(units, rest) : NULL;

	if (!unit)
		return -EINVAL;
	value *= unit->factor;
	if (value % scale)
		return -EINVAL;
	value /= scale;
	if (value > UINT64_MAX)
		return -ERANGE;
	*result = (uint64_t)value;
	return 0;
}

int tp_size_parse(const char *text, uint64_t *bytes)
{
	int err = parse(text, size_units, bytes);

	return err ? TP_ERR_TEXT(err, text, "\"%s\" is no size (try 512M or 1.5G)") : 0;
}

int tp_duration_parse(const char *text, uint64_t *ns)
{
	int err = parse(text, duration_units, ns);

	return err ? TP_ERR_TEXT(err, text, "\"%s\" is no duration (try 100ms or 5s)") : 0;
}

/* Three digits of @value, without zeroes that say nothing. */
static const char *format(char buf[TP_UNIT_TEXT], double value, const char *unit)
{
	int decimals = value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
	int length = snprintf(buf, TP_UNIT_TEXT, "%.*f", decimals, value);

	if (decimals) {
		while (buf[length - 1] == '0')
			length--;
		if (buf[length - 1] == '.')
			length--;
	}
	snprintf(buf + length, (size_t)(TP_UNIT_TEXT - length), " %s", unit);
	return buf;
}

const char *tp_size_format(char buf[TP_UNIT_TEXT], uint64_t bytes)
{
	static const char *const names[] = { "B", "KiB", "MiB", "GiB", "TiB" };
	double value = (double)bytes;
	unsigned i = 0;

	if (!bytes)
		return strcpy(buf, "0");
	for (; value >= 1024 && i + 1 < TP_ARRAY_SIZE(names); i++)
		value /= 1024;
	/* 999.6 to 1023 would need a fourth digit */
	return format(buf, value, names[i]);
}

const char *tp_duration_format(char buf[TP_UNIT_TEXT], uint64_t ns)
{
	static const char *const names[] = { "ns", "us", "ms", "s" };
	double value = (double)ns;
	unsigned i = 0;

	for (; value >= 999.5 && i + 1 < TP_ARRAY_SIZE(names); i++)
		value /= 1000;
	return format(buf, value, names[i]);
}

const char *tp_count_format(char buf[TP_UNIT_TEXT], uint64_t count)
{
	static const char *const names[] = { "thousand", "million", "billion" };
	double value = (double)count;
	unsigned i = 0;

	if (count < 10000) {
		snprintf(buf, TP_UNIT_TEXT, "%u", (unsigned)count);
		return buf;
	}
	for (value /= 1000; value >= 999.5 && i + 1 < TP_ARRAY_SIZE(names); i++)
		value /= 1000;
	return format(buf, value, names[i]);
}
