/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ihw_engine - engines of a simulated graphics device alone: page tables, a ring and memory that
 * are this test's, and none of the device's registers, power and firmware.
 *
 * Each I/O page is an allocation of its own, so that a sanitizer sees what goes beyond, and their
 * order in memory says nothing about their addresses.
 *
 * Include after <cmocka.h>.
 */
#ifndef TESTS_UNIT_IHW_ENGINE_H
#define TESTS_UNIT_IHW_ENGINE_H

#include <string.h>

#include "core/alloc.h"
#include "mm_machine.h"
#include "model/intel/internal.h"

enum {
	PAGE = TP_PAGE_SIZE,
	MAX_IO_PAGES = 256,
	BIG = TP_INTEL_BIG_PAGES * PAGE,
	HUGE = TP_INTEL_PTES * PAGE,
	RING_PAGES = 2,
	RING_BYTES = RING_PAGES * PAGE,
	RING_GGTT = 4 * PAGE, /* where the ring is in the global GTT */
	SLOT_GGTT = 9 * PAGE, /* and a page of data */
	RW = TP_INTEL_PTE_PRESENT | TP_INTEL_PTE_RW,
};

/* I/O addresses: of the ring, of the page behind SLOT_GGTT, of tables, of what tests map. */
static const uint64_t ring_dma = 16 * TP_PAGE_SIZE, slot_dma = 32 * TP_PAGE_SIZE,
		      tables_dma = 64 * TP_PAGE_SIZE, data_dma = 512 * TP_PAGE_SIZE;

struct io_page {
	struct tp_iommu *front;
	uint64_t dma;
	void *host; /* NULL: free, or not this struct's */
};

static struct rig {
	struct tp_intel_model *m;
	struct tp_ihw_engine *e; /* the first of two */
	struct tp_iommu *iommu, *local;
	struct io_page pages[MAX_IO_PAGES];
	uint64_t next_table;
	uint32_t tail;
	bool irq;
} rig;

/* ---- memory ---------------------------------------------------------------------------------- */

static inline struct io_page *io_page_of(struct tp_iommu *front, uint64_t dma)
{
	for (unsigned i = 0; i < MAX_IO_PAGES; i++)
		if (rig.pages[i].host && rig.pages[i].front == front && rig.pages[i].dma == dma)
			return &rig.pages[i];
	return NULL;
}

/* A page of the machine at I/O address @dma. */
static inline void map_io(uint64_t dma, const char *tag)
{
	struct io_page *page = rig.pages;

	while (page->host)
		page++;
	assert_true(page < rig.pages + MAX_IO_PAGES);
	*page = (struct io_page){ rig.iommu, dma, tp_zalloc_aligned(PAGE, PAGE) };
	assert_true(page->host);
	must(tp_iommu_set(rig.iommu, (tp_dma_addr){ dma }, page->host,
			  TP_IOMMU_READ | TP_IOMMU_WRITE, tag));
}

static inline void unmap_io(uint64_t dma)
{
	struct io_page *page = io_page_of(rig.iommu, dma);

	assert_true(page);
	tp_iommu_clear(rig.iommu, (tp_dma_addr){ dma });
	tp_free(page->host);
	page->host = NULL;
}

/* The page at @dma becomes somebody else's; it begins with zeroes. */
static inline void give_io(uint64_t dma, const char *tag)
{
	unmap_io(dma);
	map_io(dma, tag);
}

/* Where byte @dma is; the page is mapped. */
static inline void *io(uint64_t dma)
{
	const struct io_page *page = io_page_of(rig.iommu, dma & ~(uint64_t)(PAGE - 1));

	assert_true(page);
	return (char *)page->host + dma % PAGE;
}

static inline uint32_t word_at(uint64_t dma)
{
	return *(uint32_t *)io(dma);
}

/* A page of the device's own memory is somebody's. */
static inline void map_local(uint64_t offset, const char *tag)
{
	must(tp_iommu_set(rig.local, (tp_dma_addr){ offset }, rig.m->bus.memory + offset,
			  TP_IOMMU_READ | TP_IOMMU_WRITE, tag));
}

/* ---- page tables ----------------------------------------------------------------------------- */

static inline uint64_t new_table(void)
{
	uint64_t dma = rig.next_table;

	rig.next_table += PAGE;
	map_io(dma, "tables");
	return dma;
}

/* The entry at @level that translates @va, under @root; tables above it are made. */
static inline uint64_t *entry_under(uint64_t root, uint64_t va, unsigned level)
{
	uint64_t table = root;

	for (unsigned l = TP_INTEL_LEVELS - 1;; l--) {
		uint64_t span = (uint64_t)PAGE << l * TP_INTEL_PT_BITS;
		uint64_t *entry = io(table + va / span % TP_INTEL_PTES * 8);

		if (l == level)
			return entry;
		if (!*entry)
			*entry = new_table() | RW;
		table = *entry & TP_INTEL_PTE_ADDRESS;
	}
}

static inline uint64_t *entry_of(uint64_t va, unsigned level)
{
	return entry_under(rig.e->root, va, level);
}

/* @va is the page at @dma. */
static inline void map_va(uint64_t va, uint64_t dma)
{
	*entry_of(va, 0) = dma | RW;
}

/* ---- the device ------------------------------------------------------------------------------ */

static inline void make_cache(struct tp_ihw_tlb *tlb)
{
	tlb->entries = tp_zalloc_array(rig.m->config.tlb_entries, sizeof(*tlb->entries));
	tlb->walks = tp_zalloc_array(rig.m->config.walk_entries, sizeof(*tlb->walks));
	assert_true(tlb->entries && tlb->walks);
}

static inline void make_engine(unsigned index, bool multicast)
{
	struct tp_ihw_engine *e = &rig.m->engines[index];

	e->model = rig.m;
	e->index = index;
	e->id.multicast = multicast;
	snprintf(e->stat.name, sizeof(e->stat.name), "rcs%u", index);
	tp_spinlock_init(&e->lock, TP_RANK_MODEL_TX, index);
	tp_rng_fork(&e->rng, rig.m->config.seed, index);
	for (unsigned copy = 0; copy < (multicast ? TP_IHW_COPIES : 1); copy++)
		make_cache(&e->tlb[copy]);
}

static inline struct tp_iommu *make_front(const char *name)
{
	struct tp_iommu *front = tp_zalloc_aligned(64, sizeof(*front));

	assert_true(front);
	tp_iommu_init(front, name);
	return front;
}

static inline void end_front(struct tp_iommu *front)
{
	tp_iommu_fini(front);
	tp_free(front);
}

/* As a driver would: an empty ring, a root. */
static inline void start_engine(struct tp_ihw_engine *e)
{
	e->start = RING_GGTT;
	e->ctl = (RING_PAGES - 1) << TP_PAGE_SHIFT | TP_INTEL_RING_VALID;
	e->root = tables_dma;
	e->asid = 1;
	rig.tail = 0;
}

static inline void make_shared(void)
{
	for (unsigned i = 0; i < RING_PAGES; i++) {
		map_io(ring_dma + i * PAGE, "ring");
		tp_atomic_store(&rig.m->ggtt[RING_GGTT / PAGE + i],
				(ring_dma + i * PAGE) | TP_INTEL_PTE_PRESENT, TP_RELAXED);
	}
	map_io(slot_dma, "slots");
	tp_atomic_store(&rig.m->ggtt[SLOT_GGTT / PAGE], slot_dma | TP_INTEL_PTE_PRESENT,
			TP_RELAXED);
	rig.next_table = tables_dma;
	new_table();
}

static inline void begin_rig(struct tp_intel_model_config config, bool multicast)
{
	memset(&rig, 0, sizeof(rig));
	rig.m = tp_zalloc_aligned(64, sizeof(*rig.m));
	assert_true(rig.m);
	config.tlb_entries = config.tlb_entries ? config.tlb_entries : 64;
	config.walk_entries = config.walk_entries ? config.walk_entries : 16;
	rig.m->config = config;
	rig.m->nr_engines = 2;
	tp_model_harms_init(&rig.m->harms);
	must(tp_model_window_create(&rig.m->bus, rig.m->config.memory, rig.m->config.combine,
				    &rig.m->window));
	rig.m->bus.iommu = rig.iommu = make_front("gpu0");
	if (config.memory)
		rig.m->bus.local = rig.local = make_front("gpu0-local");
	rig.e = rig.m->engines;
	for (unsigned i = 0; i < 2; i++)
		make_engine(i, multicast);
	make_shared();
	start_engine(rig.e);
}

static inline void begin_on(enum tp_intel_platform platform)
{
	begin_rig((struct tp_intel_model_config){ .platform = platform }, false);
}

static inline void end_rig(void)
{
	for (unsigned i = 0; i < 2 * TP_IHW_COPIES; i++) {
		tp_free(rig.m->engines[i / TP_IHW_COPIES].tlb[i % TP_IHW_COPIES].entries);
		tp_free(rig.m->engines[i / TP_IHW_COPIES].tlb[i % TP_IHW_COPIES].walks);
	}
	for (unsigned i = 0; i < MAX_IO_PAGES; i++)
		tp_free(rig.pages[i].host);
	end_front(rig.iommu);
	if (rig.local)
		end_front(rig.local);
	tp_model_window_destroy(&rig.m->bus, rig.m->window);
	tp_free(rig.m);
}

/* After each test. */
static inline int end(void **state)
{
	(void)state;
	end_rig();
	return 0;
}

/* ---- what engines do ------------------------------------------------------------------------- */

/* Up to @commands; returns how many were executed. */
static inline unsigned run_engine(struct tp_ihw_engine *e, unsigned commands)
{
	unsigned n;

	tp_spin_lock(&e->lock);
	n = tp_ihw_engine_run(e, commands, &rig.irq);
	tp_spin_unlock(&e->lock);
	return n;
}

/* Where @va leads the first engine; NULL: it stops, and was reset but for its caches. */
static inline void *lead(uint64_t va, bool write)
{
	void *host;

	tp_spin_lock(&rig.e->lock);
	tp_ihw_burst_begin(rig.m, rig.e->index);
	host = tp_ihw_translate(rig.e, va, write);
	tp_ihw_burst_end(rig.m, rig.e->index);
	tp_spin_unlock(&rig.e->lock);
	assert_int_equal(!host, rig.e->hung);
	rig.e->hung = false;
	return host;
}

static inline uint64_t nr_faults(void)
{
	return tp_quiet_load(&rig.iommu->nr_faults);
}

static inline uint64_t nr_harms(void)
{
	return tp_intel_model_harms(rig.m, NULL, 0);
}

/* ---- the ring -------------------------------------------------------------------------------- */

#define LO_HI(address) (uint32_t)(address), (uint32_t)((uint64_t)(address) >> 32)

static inline void put_words(uint64_t dma, const uint32_t *words, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		*(uint32_t *)io(dma + 4 * i) = words[i];
}

static inline void emit_words(const uint32_t *words, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		put_words(ring_dma + rig.tail, words + i, 1);
		rig.tail = (rig.tail + 4) % RING_BYTES;
	}
	rig.e->tail = rig.tail;
}

#define NR_WORDS(...) (sizeof((const uint32_t[]){ __VA_ARGS__ }) / sizeof(uint32_t))
/* Commands into the first engine's ring; into a page. */
#define EMIT(...)     emit_words((const uint32_t[]){ __VA_ARGS__ }, NR_WORDS(__VA_ARGS__))
#define PUT(dma, ...) put_words(dma, (const uint32_t[]){ __VA_ARGS__ }, NR_WORDS(__VA_ARGS__))

#endif
