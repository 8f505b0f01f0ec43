/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* wish - what scripts and the control channel both ask for, by the same names and ranges. */
#ifndef TP_LAB_WISH_H
#define TP_LAB_WISH_H

#include "lab/script_option.h"
#include "lab/veto.h"

/* NULL-ended, in the order of their enums. */
extern const char *const tp_policy_names[], *const tp_device_kind_names[];

struct tp_plug_wish {
	const char *name; /* NULL: nobody gave one */
	uint64_t size, start;
	int64_t node, latency_ns, bandwidth_mbps;
	int kind, online;
};

extern const struct tp_option tp_plug_options[];

struct tp_device_config tp_plug_config(const struct tp_plug_wish *wish);

struct tp_veto_wish {
	const char *name, *event, *error;
	int64_t priority, times;
};

#define TP_VETO_WISH_INIT                                            \
	{                                                            \
		.name = "veto", .error = "EBUSY", .times = INT64_MAX \
	}

extern const struct tp_option tp_veto_options[];

enum { TP_WISH_TEXT = 256 };

/* -EINVAL: @why says what is wrong with it. */
int tp_veto_config(const struct tp_veto_wish *wish, struct tp_veto_config *config,
		   char why[TP_WISH_TEXT]);

#endif
