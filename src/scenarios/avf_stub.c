/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* avf_stub - making the part of a driver that carries traffic. */
#include "scenarios/avf_stub.h"

#include <string.h>

enum { BOOT = 4 };

static void init_driver(struct tp_avf *avf, unsigned ring, int node)
{
	strcpy(avf->nd.name, "net0");
	avf->nd.config = (struct tp_net_config){
		.mtu = TP_NET_MIN_MTU, .queues = 1, .rx_ring = ring, .tx_ring = ring
	};
	avf->node = node;
	tp_avf_queues_init(avf);
	tp_wait_queue_init(&avf->service_wake);
	tp_sq_stats_init(&avf->nd.sq_stats[0]);
	tp_rq_stats_init(&avf->nd.rq_stats[0]);
}

void tp_avf_stub_init(struct tp_avf_stub *stub, unsigned ring, int node, unsigned blocks,
		      const struct tp_bus_ops *ops, const struct tp_netdev_user *user)
{
	struct tp_avf *avf = &stub->avf;

	stub->scene = tp_scene_make(BOOT, blocks);
	tp_bus_init(&stub->bus, ops, "dev0");
	init_driver(avf, ring, node);
	avf->nd.machine = stub->scene->machine;
	avf->nd.user = *user;
	avf->bus = &stub->bus;
	TP_SCENE_MUST(tp_dma_domain_create(stub->scene->machine, "dev0", &avf->domain));
	TP_SCENE_MUST(tp_avf_rings_alloc(avf));
	avf->queues[0].rx.fill_step = 1;
	tp_avf_rings_fill(avf);
	tp_avf_unquiesce(avf);
}

void tp_avf_stub_write_frame(struct tp_avf_stub *stub, unsigned at, uint32_t len)
{
	tp_atomic_store(&stub->avf.queues[0].rx.desc[at].qw1,
			TP_AVF_RXD_DD | TP_AVF_RXD_EOP | (uint64_t)len << TP_AVF_RXD_LEN_SHIFT,
			TP_RELEASE);
}
