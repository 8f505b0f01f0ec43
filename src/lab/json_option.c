/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* json_option - read a JSON object by a table of options. */
#include "lab/json_option.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <tidepool/types.h>

#include "core/compiler.h"
#include "lab/units.h"

/* One member of the object, and where it goes. */
struct reading {
	const struct tp_option *option;
	const json_t *value;
	void *field;
	char *error;
};

static int refuse(const struct reading *r, const char *wanted)
{
	snprintf(r->error, TP_OPTION_ERROR, "option \"%s\" must be %s", r->option->name, wanted);
	return -EINVAL;
}

/* A whole number, as one or as text. */
static bool whole_number(const json_t *value, int64_t *n)
{
	const char *text = json_string_value(value);
	char *end;

	if (json_is_integer(value)) {
		*n = json_integer_value(value);
		return true;
	}
	if (!text || !*text)
		return false;
	errno = 0;
	*n = strtoll(text, &end, 0);
	return !errno && !*end;
}

static int check_range(const struct reading *r, int64_t n)
{
	char wanted[64];

	if (n >= r->option->min && (!r->option->max || n <= r->option->max))
		return 0;
	snprintf(wanted, sizeof(wanted), "from %" PRId64 " to %" PRId64, r->option->min,
		 r->option->max ? r->option->max : INT64_MAX);
	return refuse(r, wanted);
}

static int read_number(const struct reading *r)
{
	int64_t n;
	int err;

	if (!whole_number(r->value, &n))
		return refuse(r, "a whole number");
	err = check_range(r, n);
	if (!err)
		*(int64_t *)r->field = n;
	return err;
}

static int read_size(const struct reading *r)
{
	const char *text = json_string_value(r->value);
	uint64_t size;
	int64_t n;
	int err;

	if (text ? tp_size_parse(text, &size) : !whole_number(r->value, &n) || n < 0)
		return refuse(r, "a size (try \"512M\")");
	if (!text)
		size = (uint64_t)n;
	err = size > INT64_MAX ? refuse(r, "less than 8 EiB") : check_range(r, (int64_t)size);
	if (!err)
		*(uint64_t *)r->field = size;
	return err;
}

static int read_duration(const struct reading *r)
{
	const char *text = json_string_value(r->value);
	uint64_t ns;

	if (text && !strcmp(text, "never"))
		ns = UINT64_MAX;
	else if (!text || tp_duration_parse(text, &ns))
		return refuse(r, "a duration (try \"5s\" or \"never\")");
	*(uint64_t *)r->field = ns;
	return 0;
}

static int read_flag(const struct reading *r)
{
	const char *text = json_string_value(r->value);

	if (text ? strcmp(text, "true") && strcmp(text, "false") : !json_is_boolean(r->value))
		return refuse(r, "true or false");
	*(bool *)r->field = text ? !strcmp(text, "true") : json_is_true(r->value);
	return 0;
}

static int read_choice(const struct reading *r)
{
	const char *text = json_string_value(r->value);
	char wanted[TP_OPTION_ERROR / 2] = "one of";

	for (int i = 0; r->option->choices[i]; i++) {
		if (text && !strcmp(r->option->choices[i], text)) {
			*(int *)r->field = i;
			return 0;
		}
		strncat(wanted, " ", sizeof(wanted) - strlen(wanted) - 1);
		strncat(wanted, r->option->choices[i], sizeof(wanted) - strlen(wanted) - 1);
	}
	return refuse(r, wanted);
}

static int read_text(const struct reading *r)
{
	if (!json_is_string(r->value))
		return refuse(r, "text");
	*(const char **)r->field = json_string_value(r->value);
	return 0;
}

static bool add_node(const json_t *value, uint64_t *nodes)
{
	int64_t node;

	if (!whole_number(value, &node) || node < 0 || node >= TP_MAX_NODES)
		return false;
	*nodes |= UINT64_C(1) << node;
	return true;
}

static int read_nodes(const struct reading *r)
{
	uint64_t nodes = 0;
	bool ok = true;

	if (!json_is_array(r->value))
		ok = add_node(r->value, &nodes);
	for (size_t i = 0; i < json_array_size(r->value) && ok; i++)
		ok = add_node(json_array_get(r->value, i), &nodes);
	if (!ok)
		return refuse(r, "a node or a list of nodes");
	((tp_nodemask *)r->field)->v = nodes;
	return 0;
}

static int read_one(const struct reading *r)
{
	static int (*const readers[])(const struct reading *r) = {
		[TP_OPTION_SIZE] = read_size,	  [TP_OPTION_DURATION] = read_duration,
		[TP_OPTION_NUMBER] = read_number, [TP_OPTION_TEXT] = read_text,
		[TP_OPTION_FLAG] = read_flag,	  [TP_OPTION_CHOICE] = read_choice,
		[TP_OPTION_NODES] = read_nodes,
	};

	return readers[r->option->type](r);
}

static const struct tp_option *find(const struct tp_option *options, const char *name)
{
	while (options->name && strcmp(options->name, name))
		options++;
	return options->name ? options : NULL;
}

static int check_needed(const json_t *object, const struct tp_option *options, char *error)
{
	for (; options->name; options++) {
		if (!options->needed || json_object_get(object, options->name))
			continue;
		snprintf(error, TP_OPTION_ERROR, "option \"%s\" is missing", options->name);
		return -EINVAL;
	}
	return 0;
}

int tp_json_options_read(const json_t *object, const struct tp_option *options, void *config,
			 char error[TP_OPTION_ERROR])
{
	const char *name;
	json_t *value;

	json_object_foreach((json_t *)object, name, value)
	{
		struct reading r = { .option = find(options, name),
				     .value = value,
				     .error = error };
		int err;

		if (!strcmp(name, "cmd") || !strcmp(name, "id"))
			continue;
		if (!r.option) {
			snprintf(error, TP_OPTION_ERROR, "there is no option \"%.64s\"", name);
			return -EINVAL;
		}
		r.field = (char *)config + r.option->offset;
		err = read_one(&r);
		if (err)
			return err;
	}
	return check_needed(object, options, error);
}
