/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* wish - tables of options, and what becomes of them. */
#include "lab/wish.h"

#include <errno.h>
#include <stdio.h>

#include <tidepool/hotplug.h>

const char *const tp_policy_names[] = { "none", "auto", "kernel", "movable", NULL };
const char *const tp_device_kind_names[] = { "dram", "private", NULL };

#define FIELD(field) offsetof(struct tp_plug_wish, field)

const struct tp_option tp_plug_options[] = {
	TP_OPTION("name", TEXT, FIELD(name)),
	TP_OPTION("size", SIZE, FIELD(size), .needed = true),
	TP_OPTION("node", NUMBER, FIELD(node), .needed = true, .max = TP_MAX_NODES - 1),
	TP_OPTION("start", SIZE, FIELD(start)),
	TP_OPTION("online", CHOICE, FIELD(online), .choices = tp_policy_names),
	TP_OPTION("kind", CHOICE, FIELD(kind), .choices = tp_device_kind_names),
	TP_OPTION("latency_ns", NUMBER, FIELD(latency_ns), .min = 1, .max = 1000000),
	TP_OPTION("bandwidth_mbps", NUMBER, FIELD(bandwidth_mbps), .min = 1, .max = 100000000),
	TP_OPTIONS_END,
};

#undef FIELD

struct tp_device_config tp_plug_config(const struct tp_plug_wish *wish)
{
	return (struct tp_device_config){
		.name = wish->name,
		.kind = (enum tp_device_kind)wish->kind,
		.node = (int)wish->node,
		.size = wish->size,
		.start = wish->start,
		.online = (enum tp_online_policy)wish->online,
		.latency_ns = (unsigned)wish->latency_ns,
		.bandwidth_mbps = (unsigned)wish->bandwidth_mbps,
	};
}

#define FIELD(field) offsetof(struct tp_veto_wish, field)

const struct tp_option tp_veto_options[] = {
	TP_OPTION("name", TEXT, FIELD(name)),
	TP_OPTION("event", TEXT, FIELD(event), .needed = true),
	TP_OPTION("errno", TEXT, FIELD(error)),
	TP_OPTION("priority", NUMBER, FIELD(priority), .min = -1000, .max = 1000),
	TP_OPTION("times", NUMBER, FIELD(times), .min = 1),
	TP_OPTIONS_END,
};

#undef FIELD

int tp_veto_config(const struct tp_veto_wish *wish, struct tp_veto_config *config,
		   char why[TP_WISH_TEXT])
{
	*config = (struct tp_veto_config){ .name = wish->name,
					   .err = -tp_veto_errno(wish->error),
					   .priority = (int)wish->priority,
					   .times = (uint64_t)wish->times };
	if (!config->err) {
		snprintf(why, TP_WISH_TEXT, "\"%.32s\" is no error (try \"EBUSY\")", wish->error);
		return -EINVAL;
	}
	if (!tp_veto_event(wish->event, &config->event))
		return 0;
	snprintf(why, TP_WISH_TEXT,
		 "\"%.32s\" is no event that may be refused; those are PREPARE_ONLINE, "
		 "GOING_ONLINE, GOING_OFFLINE, BECOMING_MEM_AWARE, BECOMING_MEMORYLESS",
		 wish->event);
	return -EINVAL;
}
