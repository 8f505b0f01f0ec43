/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * gpu_vram - a page of video memory changes hands while an engine is in a burst.
 *
 * Must hold: the engine reaches the page as long as it is the first owner's, and no other's (R2 of
 * vram): what it found before the page was given back it has used when another gets it.
 */
#include <string.h>

#include "core/alloc.h"
#include "gpu/vram.h"
#include "scenarios/scene.h"

enum { PAGES = 2, ENGINE = 1 };

struct card {
	struct tp_bus_device bus;
	struct tp_vram *vram;
	uint64_t page, other;
	tp_atomic_u32 given; /* to somebody else */
};

static const struct tp_bus_ops ops;

static void *prepare(void)
{
	struct card *c = tp_sim_alloc(sizeof(*c));

	tp_bus_init(&c->bus, &ops, "gpu0");
	c->bus.memory_size = PAGES * TP_PAGE_SIZE;
	c->bus.memory = tp_zalloc_aligned(TP_PAGE_SIZE, c->bus.memory_size);
	TP_SCENE_MUST(tp_vram_create(&c->bus, &c->vram));
	TP_SCENE_MUST(tp_vram_alloc(c->vram, 0, "tex0", &c->page));
	TP_SCENE_MUST(tp_vram_alloc(c->vram, 0, "tex1", &c->other));
	return c;
}

/* It has the address from before, and does not ask whether it may. */
static void engine(void *arg)
{
	struct card *c = arg;

	tp_iommu_enter(c->bus.local, ENGINE);
	if (tp_iommu_at(c->bus.local, (tp_dma_addr){ c->page }, TP_IOMMU_WRITE) &&
	    !strcmp(tp_iommu_tag(c->bus.local, (tp_dma_addr){ c->page }), "tex0"))
		TP_EXPECT(!tp_atomic_load(&c->given, TP_ACQUIRE));
	tp_iommu_leave(c->bus.local, ENGINE);
}

static void exchange(void *arg)
{
	struct card *c = arg;
	uint64_t page;

	tp_vram_free(c->vram, c->page, 0);
	tp_atomic_store(&c->given, 1, TP_RELEASE);
	TP_SCENE_MUST(tp_vram_alloc(c->vram, 0, "tex2", &page));
	TP_EXPECT(page == c->page);
}

static void start(void *state)
{
	tp_sim_start("engine", engine, state);
	tp_sim_start("owner", exchange, state);
}

static void check(void *state)
{
	struct card *c = state;

	tp_vram_free(c->vram, c->page, 0);
	tp_vram_free(c->vram, c->other, 0);
	tp_vram_destroy(c->vram);
}

TP_SCENARIO(free_burst, {
				.name = "gpu/vram-free-vs-burst",
				.summary = "video memory changes hands under an engine's burst",
				.prepare = prepare,
				.start = start,
				.check = check,
			})
