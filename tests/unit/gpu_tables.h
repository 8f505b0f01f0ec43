/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * gpu_tables - page tables in memory of a machine or of a device whose window holds writes back,
 * and a walker that knows the bits of intel_regs.h and nothing of the driver.
 *
 * Include after <cmocka.h>.
 */
#ifndef TESTS_UNIT_GPU_TABLES_H
#define TESTS_UNIT_GPU_TABLES_H

#include <stdlib.h>
#include <string.h>

#include "core/rng.h"
#include "dma_machine.h"
#include "gpu/intel/table.h"

/* ---- a window that holds writes back and lets them out in any order -------------------------- */

enum { WINDOW_HELD = 24, WINDOW_BYTES = 4 << 20 };

struct window {
	struct tp_bus_device bus;
	struct tp_rng rng;
	unsigned nr_held;
	struct {
		uint64_t offset, word;
	} held[WINDOW_HELD];
	void (*watch)(void *arg); /* called when the device has seen something new, and */
	void *watch_arg;
	unsigned watch_one_in; /* of so many such moments */
	bool never_flush;      /* a driver that forgot to */
};

static inline struct window *window_of(struct tp_bus_device *bus)
{
	return tp_container_of(bus, struct window, bus);
}

static inline void window_let_out(struct window *w, unsigned i)
{
	memcpy(w->bus.memory + w->held[i].offset, &w->held[i].word, sizeof(w->held[i].word));
	w->held[i] = w->held[--w->nr_held];
	if (w->watch && tp_rng_below(&w->rng, w->watch_one_in) == 0)
		w->watch(w->watch_arg);
}

static inline void window_hold(struct window *w, uint64_t offset, uint64_t word)
{
	for (unsigned i = 0; i < w->nr_held; i++)
		if (w->held[i].offset == offset) {
			w->held[i].word = word;
			return;
		}
	if (w->nr_held == WINDOW_HELD)
		window_let_out(w, (unsigned)tp_rng_below(&w->rng, w->nr_held));
	w->held[w->nr_held].offset = offset;
	w->held[w->nr_held++].word = word;
}

static inline void window_fill(struct tp_bus_device *bus, uint64_t offset, uint64_t first,
			       uint64_t step, size_t n)
{
	for (size_t i = 0; i < n; i++)
		window_hold(window_of(bus), offset + i * sizeof(first), first + i * step);
}

static inline void window_write(struct tp_bus_device *bus, uint64_t offset, const void *from,
				size_t len)
{
	for (size_t i = 0; i < len / sizeof(uint64_t); i++)
		window_hold(window_of(bus), offset + i * sizeof(uint64_t),
			    ((const uint64_t *)from)[i]);
}

static inline void window_flush(struct tp_bus_device *bus)
{
	struct window *w = window_of(bus);

	while (w->nr_held && !w->never_flush)
		window_let_out(w, (unsigned)tp_rng_below(&w->rng, w->nr_held));
}

static inline void window_read(struct tp_bus_device *bus, uint64_t offset, void *to, size_t len)
{
	window_flush(bus);
	memcpy(to, bus->memory + offset, len);
}

static const struct tp_bus_ops window_ops = {
	.memory_fill = window_fill,
	.memory_write = window_write,
	.memory_read = window_read,
	.memory_flush = window_flush,
};

/* Its memory looks like tables that translate to nobody's memory, until it is written. */
static inline void make_window(struct window *w)
{
	*w = (struct window){ 0 };
	tp_bus_init(&w->bus, &window_ops, "gpu0");
	w->bus.memory_size = WINDOW_BYTES;
	w->bus.memory = aligned_alloc(4096, WINDOW_BYTES);
	assert_non_null(w->bus.memory);
	memset(w->bus.memory, 0x43, WINDOW_BYTES);
	tp_rng_init(&w->rng, 1);
}

static inline void end_window(struct window *w)
{
	free(w->bus.memory);
}

/* ---- the walker ------------------------------------------------------------------------------ */

struct walker {
	struct tp_iommu *iommu;
	const char *memory; /* the device's own */
	unsigned ver;	    /* of the platform: what some bits mean */
	uint64_t root;	    /* as in PDP0 */
};

struct walked {
	bool present, local;
	uint64_t address; /* of the byte */
	uint64_t leaf;	  /* bytes that one translation covers */
};

static inline bool walk_is_local(const struct walker *w, uint64_t entry)
{
	return w->ver >= 12 && (entry & TP_INTEL_PTE_LM);
}

static inline uint64_t walk_word(const struct walker *w, uint64_t table, uint64_t index)
{
	const uint64_t address = (table & TP_INTEL_PTE_ADDRESS) + index * 8;
	const tp_atomic_u64 *word;

	if (walk_is_local(w, table))
		word = (const void *)(w->memory + address);
	else
		word = tp_iommu_at(w->iommu, (tp_dma_addr){ address }, TP_IOMMU_READ);
	assert_non_null(word);
	return tp_atomic_load(word, TP_ACQUIRE);
}

static inline struct walked walk_leaf(const struct walker *w, uint64_t entry, uint64_t va,
				      uint64_t size)
{
	return (struct walked){
		.present = entry & TP_INTEL_PTE_PRESENT,
		.local = walk_is_local(w, entry),
		.address = (entry & TP_INTEL_PTE_ADDRESS & ~(size - 1)) + va % size,
		.leaf = size,
	};
}

static inline struct walked walk_table(const struct walker *w, uint64_t pde, uint64_t va)
{
	const uint64_t page = va / TP_PAGE_SIZE % TP_INTEL_PTES, big = TP_PAGE_SIZE * 16;
	uint64_t entry;

	if (w->ver >= 12 && (pde & TP_INTEL_PDE_64K))
		return walk_leaf(w, walk_word(w, pde, page / 16), va, big);
	if (w->ver < 12 && (pde & TP_INTEL_PDE_IPS))
		return walk_leaf(w, walk_word(w, pde, page / 16 * 16), va, big);
	entry = walk_word(w, pde, page);
	return walk_leaf(w, entry, va,
			 w->ver >= 12 && (entry & TP_INTEL_PTE_PS64) ? big : TP_PAGE_SIZE);
}

static inline struct walked walk(const struct walker *w, uint64_t va)
{
	uint64_t entry = w->root;

	for (unsigned level = TP_INTEL_LEVELS - 1; level; level--) {
		const unsigned shift = TP_PAGE_SHIFT + level * TP_INTEL_PT_BITS;

		entry = walk_word(w, entry, (va >> shift) % TP_INTEL_PTES);
		if (!(entry & TP_INTEL_PTE_PRESENT))
			return (struct walked){ .present = false };
		if (level == 1 && (entry & TP_INTEL_PDE_PS_2M))
			return walk_leaf(w, entry, va, UINT64_C(1) << shift);
	}
	return walk_table(w, entry, va);
}

/* ---- tables over both ------------------------------------------------------------------------ */

struct gpu_tables {
	struct dma_machine dm;
	struct window window;
	struct tp_vram *vram;
	struct tp_intel_platform_info platform;
	struct tp_intel_tables t;
	struct walker walker;
};

static inline void make_gpu_memory(struct gpu_tables *g, unsigned ver, unsigned rel,
				   unsigned page_sizes)
{
	*g = (struct gpu_tables){ .dm = make_dma_machine() };
	g->platform =
		(struct tp_intel_platform_info){ .ver = ver, .rel = rel, .page_sizes = page_sizes };
	make_window(&g->window);
	must(tp_vram_create(&g->window.bus, &g->vram));
}

static inline int init_tables(struct gpu_tables *g, bool local)
{
	return tp_intel_tables_init(&g->t, g->dm.domain, &g->window.bus, local ? g->vram : NULL,
				    &g->platform, TP_NODE_NONE);
}

static inline void aim_walker(struct gpu_tables *g)
{
	g->walker = (struct walker){ tp_dma_iommu(g->dm.domain), g->window.bus.memory,
				     g->platform.ver, tp_intel_tables_root(&g->t) };
}

static inline void end_gpu_memory(struct gpu_tables *g)
{
	tp_vram_destroy(g->vram);
	end_window(&g->window);
	end_dma_machine(&g->dm);
}

static inline struct gpu_tables *make_gpu_tables(unsigned ver, unsigned rel, unsigned page_sizes,
						 bool local)
{
	static struct gpu_tables g;

	make_gpu_memory(&g, ver, rel, page_sizes);
	must(init_tables(&g, local));
	aim_walker(&g);
	return &g;
}

static inline void free_stale(struct tp_intel_tables *t)
{
	tp_intel_tables_free(t, tp_intel_tables_take_stale(t));
}

static inline void end_gpu_tables(struct gpu_tables *g)
{
	tp_intel_tables_fini(&g->t);
	end_gpu_memory(g);
}

static inline int try_reserve(struct gpu_tables *g, uint64_t va, uint64_t size)
{
	struct tp_intel_spares spares = { 0 };
	int err = 0;

	while (!err && !tp_intel_tables_reserve(&g->t, va, size, &spares))
		err = tp_intel_tables_stock(&g->t, &spares);
	tp_intel_tables_unstock(&g->t, &spares);
	return err;
}

static inline void split_at(struct gpu_tables *g, uint64_t va)
{
	struct tp_intel_spares spares = { 0 };

	tp_intel_tables_want_split(&g->t, va, &spares);
	must(tp_intel_tables_stock(&g->t, &spares));
	tp_intel_tables_split(&g->t, va, &spares);
	tp_intel_tables_unstock(&g->t, &spares);
}

/* Whether there can be a scratch page of 64 KiB; not where runs of pages are short. */
static inline bool has_big_scratch(void)
{
	return TP_INTEL_BIG_PAGE <= TP_PAGE_SIZE << TP_MAX_ORDER;
}

static inline bool is_scratch(const struct gpu_tables *g, const struct walked *w)
{
	return w->present && !w->local &&
	       w->address - g->t.scratch_page.dma.v < g->t.scratch_page.size;
}

#endif
