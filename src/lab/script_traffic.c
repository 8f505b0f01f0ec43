/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* script_traffic - m:traffic{...}: numbered frames from one network device to another. */
#include <lauxlib.h>
#include <stdio.h>

#include "lab/script_api.h"
#include "lab/script_option.h"
#include "lab/traffic.h"

struct traffic_options {
	const char *name, *from, *to;
	int64_t frame, min_frame, flows, mss, rate;
	bool csum, content;
};

#define FIELD(field) offsetof(struct traffic_options, field)

static const struct tp_option traffic_options[] = {
	TP_OPTION("name", TEXT, FIELD(name)),
	TP_OPTION("from", TEXT, FIELD(from), .needed = true),
	TP_OPTION("to", TEXT, FIELD(to), .needed = true),
	TP_OPTION("frame", NUMBER, FIELD(frame), .min = 60, .max = 65549),
	TP_OPTION("min_frame", NUMBER, FIELD(min_frame), .min = 60, .max = 65549),
	TP_OPTION("flows", NUMBER, FIELD(flows), .min = 1, .max = 1024),
	TP_OPTION("mss", NUMBER, FIELD(mss), .min = 64, .max = 9000),
	TP_OPTION("rate", NUMBER, FIELD(rate), .min = 1, .max = 1000000000),
	TP_OPTION("csum", FLAG, FIELD(csum)),
	TP_OPTION("content", FLAG, FIELD(content)),
	TP_OPTIONS_END,
};

#undef FIELD

static void describe(const struct tp_traffic_config *traffic, char detail[TP_STEP_TEXT])
{
	char least[16] = "";

	if (traffic->min_frame != traffic->max_frame)
		snprintf(least, sizeof(least), "%u to ", traffic->min_frame);
	snprintf(detail, TP_STEP_TEXT, "%s to %s, %s%u bytes each", traffic->from->name,
		 traffic->to->name, least, traffic->max_frame);
}

int tp_script_machine_traffic(lua_State *L)
{
	struct tp_lab_machine *lm = tp_script_machine(L, 1);
	struct traffic_options o = { .frame = 1514, .flows = 1, .csum = true, .content = true };
	struct tp_traffic_config traffic;
	struct tp_load_config config = { .node = TP_NODE_NONE, .threads = 1, .traffic = &traffic };
	char detail[TP_STEP_TEXT];

	tp_options_read(L, 2, "traffic", traffic_options, &o);
	traffic = (struct tp_traffic_config){
		.from = tp_script_nic_called(L, lm, "traffic", o.from),
		.to = tp_script_nic_called(L, lm, "traffic", o.to),
		.min_frame = (uint32_t)(o.min_frame ? o.min_frame : o.frame),
		.max_frame = (uint32_t)o.frame,
		.flows = (unsigned)o.flows,
		.mss = (unsigned)o.mss,
		.rate = (uint64_t)o.rate,
		.csum = o.csum,
		.content = o.content,
	};
	config.name = o.name;
	describe(&traffic, detail);
	return tp_script_start_load(L, lm, &tp_load_traffic, &config, detail);
}
