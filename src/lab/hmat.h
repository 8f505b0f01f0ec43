/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* hmat - what a script and the control channel say of a node's performance, as firmware would. */
#ifndef TP_LAB_HMAT_H
#define TP_LAB_HMAT_H

#include <tidepool/tidepool.h>

#include "lab/script_option.h"

struct tp_hmat_options {
	int64_t node, latency_ns, bandwidth_mbps;
	int64_t access_class;	/* -1: both */
	tp_nodemask initiators; /* none: the nearest nodes with CPUs */
};

#define TP_HMAT_OPTIONS_INIT       \
	{                          \
		.access_class = -1 \
	}

extern const struct tp_option tp_hmat_options[];

/* Errors as tp_hmat_set(). */
int tp_hmat_apply(struct tp_machine *machine, const struct tp_hmat_options *options);

#endif
