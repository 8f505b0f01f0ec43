/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * gpu_device - the simulated graphics device itself: an engine stores through a page table while
 * its driver takes the page away, by an invalidation or by a reset.
 *
 * Must hold: once the register says that the invalidation is done (X3), or the reset of the bus has
 * returned (X5), nothing is stored to the page that the tables no longer lead to.
 */
#include "core/alloc.h"
#include "gpu/intel/intel_command_regs.h"
#include "scenarios/gpu_scene.h"

/* I/O pages, and pages of the global GTT. */
enum { ROOT, DIRECTORY = 3, LEAF = 3, RING, OLD, NEW, PAGES };

enum { STORES = 2, WORDS = 4, OURS = 1, OTHERS = 7 };

struct card {
	struct tp_intel_model *model;
	struct tp_bus_device *bus;
	struct tp_iommu iommu;
	char *memory;
};

static void *page_of(const struct card *c, unsigned page)
{
	return c->memory + page * TP_PAGE_SIZE;
}

static tp_atomic_u32 *word(const struct card *c, unsigned page, unsigned n)
{
	return (tp_atomic_u32 *)page_of(c, page) + n;
}

static uint64_t pte(unsigned page)
{
	return page * TP_PAGE_SIZE | TP_INTEL_PTE_PRESENT | TP_INTEL_PTE_RW;
}

static void set_pte(const struct card *c, unsigned table, unsigned page)
{
	tp_atomic_store((tp_atomic_u64 *)page_of(c, table), pte(page), TP_RELEASE);
}

static void wr(const struct card *c, uint32_t offset, uint32_t value)
{
	tp_bus_write(c->bus, offset, value);
}

/* ---- before ---------------------------------------------------------------------------------- */

static void make_memory(struct card *c)
{
	c->memory = tp_zalloc_aligned(TP_PAGE_SIZE, PAGES * TP_PAGE_SIZE);
	tp_iommu_init(&c->iommu, "gpu0");
	for (unsigned i = 0; i < PAGES; i++)
		TP_SCENE_MUST(tp_iommu_set(&c->iommu, (tp_dma_addr){ i * TP_PAGE_SIZE },
					   page_of(c, i), TP_IOMMU_PERMS, "test"));
	for (unsigned i = 0; i < DIRECTORY; i++)
		set_pte(c, i, i + 1);
	set_pte(c, LEAF, OLD);
	c->bus->iommu = &c->iommu;
}

static void write_ring(const struct card *c)
{
	const uint32_t store[WORDS] = { TP_INTEL_MI_STORE_DWORD, 0, 0, OURS };

	for (unsigned i = 0; i < STORES * WORDS; i++)
		tp_atomic_store(word(c, RING, i), store[i % WORDS], TP_RELEASE);
}

static void start_engine(const struct card *c)
{
	wr(c, TP_INTEL_FORCEWAKE_RENDER, TP_INTEL_MASKED(TP_INTEL_FORCEWAKE_KERNEL));
	wr(c, TP_INTEL_GSM + 8 * RING, (uint32_t)pte(RING));
	wr(c, TP_INTEL_GFX_FLSH_CNTL, 1);
	wr(c, TP_INTEL_RENDER_RING + TP_INTEL_RING_PDP0_LO, ROOT * TP_PAGE_SIZE);
	wr(c, TP_INTEL_RENDER_RING + TP_INTEL_RING_START, RING * TP_PAGE_SIZE);
	wr(c, TP_INTEL_RENDER_RING + TP_INTEL_RING_CTL, TP_INTEL_RING_VALID);
	wr(c, TP_INTEL_RENDER_RING + TP_INTEL_RING_TAIL, STORES * WORDS * 4);
}

static void *prepare(void)
{
	const struct tp_intel_model_config config = {
		.platform = TP_INTEL_BDW, .tlb_entries = 2, .walk_entries = 1, .no_check = true
	};
	struct card *c = tp_sim_alloc(sizeof(*c));

	c->model = tp_intel_scene_device(config);
	c->bus = tp_intel_model_bus(c->model);
	tp_bus_power_get(c->bus);
	make_memory(c);
	write_ring(c);
	start_engine(c);
	return c;
}

/* ---- at once --------------------------------------------------------------------------------- */

static void run(void *arg)
{
	struct card *c = arg;

	for (unsigned i = 0; i < STORES; i++)
		tp_intel_model_run_engine(c->model, 0, 1);
}

/* The page is somebody else's. */
static void give_away(struct card *c)
{
	tp_atomic_store(word(c, OLD, 0), OTHERS, TP_RELEASE);
}

static void invalidate(void *arg)
{
	struct card *c = arg;

	set_pte(c, LEAF, NEW);
	wr(c, TP_INTEL_GEN8_RTCR, 1);
	while (tp_bus_read(c->bus, TP_INTEL_GEN8_RTCR))
		tp_cpu_relax();
	give_away(c);
}

static void reset(void *arg)
{
	struct card *c = arg;

	c->bus->ops->reset(c->bus);
	give_away(c);
}

static void start_invalidate(void *state)
{
	tp_sim_start("engine", run, state);
	tp_sim_start("driver", invalidate, state);
}

static void start_reset(void *state)
{
	tp_sim_start("engine", run, state);
	tp_sim_start("driver", reset, state);
}

static void check(void *state)
{
	struct card *c = state;

	TP_EXPECT(tp_atomic_load(word(c, OLD, 0), TP_ACQUIRE) == OTHERS);
	TP_EXPECT(!tp_quiet_load(&c->iommu.nr_faults));
	tp_intel_model_destroy(c->model);
	tp_iommu_fini(&c->iommu);
	tp_free(c->memory);
}

TP_SCENE_PLAY(device_invalidate, "gpu/device-run-vs-invalidate",
	      "a simulated engine stores while its cache is emptied", prepare, start_invalidate,
	      check)
TP_SCENE_PLAY(device_reset, "gpu/device-run-vs-reset",
	      "a simulated engine stores while its device is reset", prepare, start_reset, check)
