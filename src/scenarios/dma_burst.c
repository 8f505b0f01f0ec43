/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * dma_burst - memory is taken away from a device that may be in the middle of a burst (D2).
 *
 * The device finds an entry, and uses what it found a few steps later; meanwhile the entry is
 * cleared.  Whoever clears it may let the memory go when the burst has ended, and must not wait for
 * one that begins afterwards.
 *
 * Must hold: the device never uses memory that has been let go.
 */
#include "dma/dma.h"
#include "scenarios/scene.h"

enum { ENGINE = 1, BURSTS = 2, VALID = 0x5a, GONE = 0x11 };

struct burst {
	struct tp_scene *scene;
	struct tp_dma_domain *domain;
	tp_pfn pfn;
	unsigned char *memory;
	tp_dma_addr dma;
	tp_atomic_u32 gone;
};

static void *prepare(void)
{
	struct burst *b = tp_sim_alloc(sizeof(*b));

	b->scene = tp_scene_make(1, 1);
	TP_SCENE_MUST(tp_dma_domain_create(b->scene->machine, "dev0", &b->domain));
	b->pfn = tp_scene_loose_fill(b->scene, 0);
	b->memory = tp_page_address(b->scene->machine, b->pfn);
	*b->memory = VALID;
	TP_SCENE_MUST(tp_dma_map(b->domain, b->memory, TP_PAGE_SIZE, TP_DMA_BIDIRECTIONAL, "frame",
				 &b->dma));
	return b;
}

/* Nobody keeps the page: its block can go while it is mapped. */
static void *prepare_unkept(void)
{
	struct burst *b = prepare();

	tp_pages_free(b->scene->machine, b->pfn, 0);
	return b;
}

static void run_device(void *arg)
{
	struct burst *b = arg;
	struct tp_iommu *iommu = tp_dma_iommu(b->domain);

	for (unsigned i = 0; i < BURSTS; i++) {
		const unsigned char *found;

		tp_iommu_enter(iommu, ENGINE);
		found = tp_iommu_at(iommu, b->dma, TP_IOMMU_READ);
		if (found) {
			TP_EXPECT(!tp_atomic_load(&b->gone, TP_ACQUIRE));
			TP_EXPECT(*found == VALID);
		}
		tp_iommu_leave(iommu, ENGINE);
	}
}

static void unmap(void *arg)
{
	struct burst *b = arg;

	tp_dma_unmap(b->domain, b->dma, TP_PAGE_SIZE);
	*b->memory = GONE;
	tp_atomic_store(&b->gone, 1, TP_RELEASE);
}

static void take_offline(void *arg)
{
	struct burst *b = arg;

	TP_SCENE_MUST(tp_blocks_offline(b->scene->machine, b->scene->first_block, 1, NULL, NULL));
	tp_atomic_store(&b->gone, 1, TP_RELEASE);
}

static void start_unmap(void *state)
{
	tp_sim_start("device", run_device, state);
	tp_sim_start("unmap", unmap, state);
}

static void start_offline(void *state)
{
	tp_sim_start("device", run_device, state);
	tp_sim_start("offline", take_offline, state);
}

static void end(struct burst *b)
{
	tp_dma_domain_destroy(b->domain);
	tp_scene_check(b->scene);
}

static void check_unmap(void *state)
{
	struct burst *b = state;
	struct tp_dma_stat stat;

	tp_dma_stat(b->domain, &stat);
	TP_EXPECT(!stat.mapped_pages && stat.faults <= BURSTS);
	tp_pages_free(b->scene->machine, b->pfn, 0);
	end(b);
}

/* M3: it is known whose the page was, and the addresses are his until he gives them back. */
static void check_offline(void *state)
{
	struct burst *b = state;
	struct tp_dma_fault fault;

	TP_EXPECT(tp_dma_faults(b->domain, &fault, 1) >= 1);
	TP_EXPECT(fault.mapped && fault.address.v == b->dma.v);
	tp_dma_unmap(b->domain, b->dma, TP_PAGE_SIZE);
	end(b);
}

TP_SCENARIO(unmap_burst, {
				 .name = "dma/unmap-vs-burst",
				 .summary = "memory is unmapped and reused while a device reads it",
				 .prepare = prepare,
				 .start = start_unmap,
				 .check = check_unmap,
			 })

TP_SCENARIO(offline_burst,
	    {
		    .name = "dma/offline-vs-burst",
		    .summary = "memory goes offline while it is mapped and a device reads it",
		    .prepare = prepare_unkept,
		    .start = start_offline,
		    .check = check_offline,
	    })
