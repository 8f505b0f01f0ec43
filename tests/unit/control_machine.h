/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* control_machine - the machine that requests are made of, over a socket or by a fuzzer. */
#ifndef TESTS_UNIT_CONTROL_MACHINE_H
#define TESTS_UNIT_CONTROL_MACHINE_H

#include <tidepool/hotplug.h>
#include <tidepool/machine.h>

#include "core/compiler.h"

static const struct tp_machine_config control_machine = {
	.nr_nodes = 3,
	.nodes = { { .dram = TP_MIB(16), .cpus = 1 }, { .dram = TP_MIB(16), .cpus = 1 } },
	.block_size = TP_MIB(4),
	.hotplug_size = TP_MIB(32),
	.dma_size = TP_MIB(4),
	.dma32_size = TP_MIB(8),
	.uevents = true,
};

/* For requests that name no policy. */
static inline enum tp_online_policy control_policy(tp_unused void *arg)
{
	return TP_ONLINE_MOVABLE;
}

#endif
