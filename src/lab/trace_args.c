/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* trace_args - names for the numbers in an event, by what the argument is called. */
#include "lab/trace_args.h"

#include <stdio.h>
#include <string.h>

#include <tidepool/notifier.h>

#include "lab/trace_json.h"
#include "numa/numa.h"

json_t *tp_trace_errno(uint64_t err)
{
	const char *name = err ? strerrorname_np((int)err) : NULL;

	return name ? json_string(name) : json_null();
}

void tp_trace_bar_name(char *name, size_t size, const char *what, uint64_t err)
{
	const char *why = err ? strerrorname_np((int)err) : NULL;

	snprintf(name, size, "%s%s%s", what, why ? ": " : "", why ? why : "");
}

const char *tp_trace_event_type(uint64_t type)
{
	return type >= TP_NODE_BECOMING_MEM_AWARE
		       ? tp_node_event_name((enum tp_node_event_type)type)
		       : tp_memory_event_name((enum tp_memory_event_type)type);
}

static json_t *changes_json(uint64_t changes)
{
	json_t *list = json_array();

	if (changes & TP_NODE_HAS_MEMORY)
		json_array_append_new(list, json_string("memory"));
	if (changes & TP_NODE_HAS_NORMAL_MEMORY)
		json_array_append_new(list, json_string("normal memory"));
	return list;
}

static json_t *number(uint64_t n)
{
	return json_integer((json_int_t)n);
}

static json_t *tier_json(uint64_t tier)
{
	return tier == TP_TIER_NONE ? json_null() : number(tier);
}

static json_t *type_json(uint64_t type)
{
	return json_string(tp_trace_event_type(type));
}

static json_t *argument(const char *name, uint64_t value)
{
	static const struct {
		const char *name;
		json_t *(*json)(uint64_t value);
	} kinds[] = {
		{ "type", type_json },
		{ "err", tp_trace_errno },
		{ "changes", changes_json },
		{ "tier", tier_json },
	};

	for (size_t i = 0; i < TP_ARRAY_SIZE(kinds); i++) {
		if (!strcmp(name, kinds[i].name))
			return kinds[i].json(value);
	}
	return number(value);
}

static json_t *name_json(const struct tp_trace_event *event)
{
	char text[TP_TRACE_NAME + 1];

	tp_trace_name(text, event->args[1], event->args[2]);
	return tp_trace_text(text);
}

json_t *tp_trace_args(const struct tp_trace_event *event)
{
	const struct tp_trace_info *info = tp_trace_info((enum tp_trace_id)event->id);
	json_t *args = json_object();

	for (unsigned i = 0; i < TP_ARRAY_SIZE(event->args); i++) {
		const char *name = info->args[i];

		if (!strcmp(name, "name"))
			json_object_set_new(args, name, name_json(event));
		else if (strcmp(name, "-"))
			json_object_set_new(args, name, argument(name, event->args[i]));
	}
	return args;
}
