/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * dma_machine - a machine with a node of kernel memory and one of movable memory that can go, and a
 * domain for a device called "dev0".
 *
 * Include after <cmocka.h>.
 */
#ifndef TESTS_UNIT_DMA_MACHINE_H
#define TESTS_UNIT_DMA_MACHINE_H

#include "dma/dma.h"
#include "mm_machine.h"

/* Some hundred pages here and there, whatever the order of a pageblock. */
enum {
	FAR_NODE = 1,
	FAR_BLOCKS = TP_CONST_MAX(2, 256 / (2 * TP_PAGEBLOCK_PAGES)),
	NEAR_BLOCKS = 4 * FAR_BLOCKS,
};

struct dma_machine {
	struct tp_machine *m;
	struct tp_device *far; /* FAR_BLOCKS movable blocks at FAR_NODE */
	unsigned first_block;  /* of it */
	struct tp_dma_domain *domain;
};

static inline void plug_far(struct dma_machine *dm, unsigned blocks)
{
	const struct tp_device_config config = { .node = FAR_NODE,
						 .size = blocks * SMALL_BLOCK,
						 .online = TP_ONLINE_MOVABLE };
	struct tp_device_info info;

	must(tp_device_plug(dm->m, &config, &dm->far));
	tp_device_info(dm->far, &info);
	dm->first_block = info.first_block;
}

static inline struct dma_machine make_dma_machine(void)
{
	struct tp_machine_config config = small_machine(NEAR_BLOCKS);
	struct dma_machine dm;

	config.nr_nodes = 2;
	config.hotplug_size = TP_MIB(256);
	dm.m = make_machine(config);
	plug_far(&dm, FAR_BLOCKS);
	must(tp_dma_domain_create(dm.m, "dev0", &dm.domain));
	return dm;
}

static inline void end_dma_machine(struct dma_machine *dm)
{
	tp_dma_domain_destroy(dm->domain);
	end_machine(dm->m);
}

static inline struct tp_dma_stat dma_stat(struct tp_dma_domain *domain)
{
	struct tp_dma_stat stat;

	tp_dma_stat(domain, &stat);
	return stat;
}

/* Owners, room for TP_MAX_OWNERS, until the machine takes no more; returns how many it took. */
static inline unsigned register_many(struct dma_machine *dm, struct tp_owner *owners)
{
	unsigned n = 0;

	for (owners[0].name = "one of many"; !tp_owner_register(dm->m, &owners[n]); n++)
		owners[n + 1].name = "one of many";
	return n;
}

static inline void unregister_many(struct tp_owner *owners, unsigned n)
{
	while (n--)
		must(tp_owner_unregister(&owners[n]));
}

/* Byte @i of the memory of a test that numbers its bytes. */
static inline unsigned char pattern(size_t i)
{
	return (unsigned char)(i * 7 + i / 4096);
}

static inline bool can_read(struct tp_dma_domain *domain, tp_dma_addr dma)
{
	unsigned char byte;

	return tp_iommu_read(tp_dma_iommu(domain), dma, &byte, 1);
}

#endif
