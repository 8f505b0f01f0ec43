/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * avf_stub - what the scenarios of the AVF driver's data path begin with, where the whole driver
 * over the whole device would be too much to search: one queue pair with small rings, ready for
 * traffic, over a device that does only what the scenario lets it do.
 */
#ifndef TP_SCENARIOS_AVF_STUB_H
#define TP_SCENARIOS_AVF_STUB_H

#include "net/avf/avf_traffic.h"
#include "scenarios/scene.h"

struct tp_avf_stub {
	struct tp_scene *scene;
	struct tp_bus_device bus;
	struct tp_avf avf; /* as far as traffic needs it */
};

/*
 * Rings of @ring descriptors near @node, buffers posted one by one, in a machine of 4 blocks and
 * @blocks at node 1; @ops are the device's registers.
 */
void tp_avf_stub_init(struct tp_avf_stub *stub, unsigned ring, int node, unsigned blocks,
		      const struct tp_bus_ops *ops, const struct tp_netdev_user *user);
/* The device has written a frame of @len bytes to descriptor @at. */
void tp_avf_stub_write_frame(struct tp_avf_stub *stub, unsigned at, uint32_t len);

#endif
