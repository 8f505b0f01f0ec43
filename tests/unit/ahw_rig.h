/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ahw_rig - a simulated graphics device of AMD's before a driver that is this test: every page of
 * its own memory may be reached, and I/O page n is page n of the test's memory.
 *
 * VMID n (1 and 2) has tables of its own in video memory, through which VA(i) is data page i.
 * What takes time takes none, if the test does not say otherwise; what is to stay under way until
 * the test says so takes AGES.
 *
 * Include after <cmocka.h>.
 */
#ifndef TESTS_UNIT_AHW_RIG_H
#define TESTS_UNIT_AHW_RIG_H

#include "device_memory.h"
#include "model/amd/internal.h"

enum {
	VRAM_PAGES = 64,
	/* pages of video memory */
	RINGS = 8,   /* and on: one of each ring */
	TABLES = 16, /* and on: TP_AMD_LEVELS of each VMID, the root first */
	FREE = 32,   /* and on: the test's */
	/* I/O pages */
	DATA = 40,
	NR_DATA = 16,

	CPU_ENGINE = TP_AMD_CPU_INV_ENGINE,
};

#define AGES	TP_SECONDS(100000)
#define VA(n)	((uint64_t)(n)*PAGE)
#define VRAM(n) (TP_AMD_VRAM_START + (uint64_t)(n)*PAGE) /* as VMID 0 sees it */

static struct tp_amd_model *m;
static struct tp_bus_device *bus;
static tp_atomic_u32 interrupts; /* a bit for each vector */

/* ---- registers ------------------------------------------------------------------------------- */

static inline uint32_t rd(uint32_t reg)
{
	return tp_bus_read(bus, TP_AMD_OFFSET(reg));
}

static inline void wr(uint32_t reg, uint32_t value)
{
	tp_bus_write(bus, TP_AMD_OFFSET(reg), value);
}

static inline uint32_t hub_rd(enum tp_amd_hub_id hub, uint32_t reg)
{
	return rd(tp_amd_hub_reg(hub, reg));
}

static inline void hub_wr(enum tp_amd_hub_id hub, uint32_t reg, uint32_t value)
{
	wr(tp_amd_hub_reg(hub, reg), value);
}

static inline void hub_wr64(enum tp_amd_hub_id hub, uint32_t reg, uint64_t value)
{
	hub_wr(hub, reg, (uint32_t)value);
	hub_wr(hub, reg + 1, (uint32_t)(value >> 32));
}

static inline void note_interrupt(void *arg)
{
	tp_atomic_or(&interrupts, 1u << (uintptr_t)arg, TP_RELEASE);
}

static inline uint32_t interrupts_since(void)
{
	return tp_atomic_exchange(&interrupts, 0, TP_ACQ_REL);
}

/* ---- memory ---------------------------------------------------------------------------------- */

static inline tp_atomic_u64 *vram_word(unsigned page, unsigned n)
{
	return (tp_atomic_u64 *)(void *)(bus->memory + (size_t)page * PAGE) + n;
}

static inline uint64_t vram_get(unsigned page, unsigned n)
{
	return tp_atomic_load(vram_word(page, n), TP_ACQUIRE);
}

static inline void vram_put(unsigned page, unsigned n, uint64_t value)
{
	tp_atomic_store(vram_word(page, n), value, TP_RELEASE);
}

/* An entry's address of a page of video memory, and of an I/O page. */
static inline uint64_t vram_entry(unsigned page)
{
	return tp_amd_pte_of(((uint64_t)m->config.fb_offset << 24) + (uint64_t)page * PAGE);
}

static inline uint64_t data_pte(unsigned page)
{
	return tp_amd_pte_of((uint64_t)page * PAGE) | TP_AMD_PTE_VALID | TP_AMD_PTE_SYSTEM |
	       TP_AMD_PTE_READABLE | TP_AMD_PTE_WRITEABLE;
}

static inline unsigned table_page(unsigned vmid, unsigned level)
{
	return TABLES + (vmid - 1) * TP_AMD_LEVELS + (TP_AMD_LEVELS - 1 - level);
}

static inline uint64_t root_of(unsigned vmid)
{
	return vram_entry(table_page(vmid, TP_AMD_LEVELS - 1));
}

static inline void set_entry(unsigned vmid, unsigned level, unsigned n, uint64_t value)
{
	vram_put(table_page(vmid, level), n, value);
}

static inline void make_tables(unsigned vmid)
{
	for (unsigned level = TP_AMD_LEVELS - 1; level; level--)
		vram_put(table_page(vmid, level), 0,
			 vram_entry(table_page(vmid, level - 1)) | TP_AMD_PTE_VALID);
	for (unsigned n = 0; n < NR_DATA; n++)
		vram_put(table_page(vmid, 0), n, data_pte(DATA + n));
}

static inline void enable_context(enum tp_amd_hub_id hub, unsigned vmid)
{
	hub_wr64(hub, TP_AMD_CONTEXT0_PT_BASE + 2 * vmid, root_of(vmid) | TP_AMD_PT_BASE_VALID);
	hub_wr64(hub, TP_AMD_CONTEXT0_PT_START + 2 * vmid, 0);
	hub_wr64(hub, TP_AMD_CONTEXT0_PT_END + 2 * vmid, TP_AMD_VA_MASK >> TP_PAGE_SHIFT);
	hub_wr(hub, TP_AMD_CONTEXT0_CNTL + vmid,
	       TP_AMD_CNTL_ENABLE | (TP_AMD_LEVELS - 1) << TP_AMD_CNTL_DEPTH_SHIFT);
}

/* ---- rings ----------------------------------------------------------------------------------- */

static inline void start_ring(enum tp_amd_ring_id ring)
{
	const unsigned bits = TP_AMD_PT_BITS + 1; /* a page's dwords */

	wr(tp_amd_ring_reg(ring, TP_AMD_SDMA_F32_CNTL), 0);
	wr(tp_amd_ring_reg(ring, TP_AMD_SDMA_RB_BASE), (uint32_t)(VRAM(RINGS + ring) >> 8));
	wr(tp_amd_ring_reg(ring, TP_AMD_SDMA_RB_BASE + 1), (uint32_t)(VRAM(RINGS + ring) >> 40));
	for (unsigned half = 0; half < 2; half++) {
		wr(tp_amd_ring_reg(ring, TP_AMD_SDMA_RB_RPTR + half), 0);
		wr(tp_amd_ring_reg(ring, TP_AMD_SDMA_RB_WPTR + half), 0);
	}
	wr(tp_amd_ring_reg(ring, TP_AMD_SDMA_RB_CNTL),
	   TP_AMD_RB_ENABLE | bits << TP_AMD_RB_SIZE_SHIFT);
}

static inline uint32_t wptr_of(enum tp_amd_ring_id ring)
{
	return rd(tp_amd_ring_reg(ring, TP_AMD_SDMA_RB_WPTR));
}

static inline bool is_idle(enum tp_amd_ring_id ring)
{
	return rd(tp_amd_ring_reg(ring, TP_AMD_SDMA_STATUS)) & 1;
}

static inline void submit(enum tp_amd_ring_id ring, const uint32_t *words, unsigned n)
{
	tp_atomic_u32 *at = (tp_atomic_u32 *)(void *)vram_word(RINGS + ring, 0);
	const uint32_t wptr = wptr_of(ring);

	for (unsigned i = 0; i < n; i++)
		tp_atomic_store(&at[(wptr / 4 + i) % (PAGE / 4)], words[i], TP_RELEASE);
	wr(tp_amd_ring_reg(ring, TP_AMD_SDMA_RB_WPTR), wptr + 4 * n);
}

#define SUBMIT(ring, ...)                                                \
	do {                                                             \
		const uint32_t words_[] = { __VA_ARGS__ };               \
		submit((ring), words_, (unsigned)TP_ARRAY_SIZE(words_)); \
	} while (0)

static inline void run_dry(void)
{
	while (tp_amd_model_run(m, 100))
		;
}

/* A store by VMID 0 to page @page of video memory. */
static inline void submit_store(enum tp_amd_ring_id ring, unsigned page, uint32_t value)
{
	SUBMIT(ring, TP_SDMA_HEADER(TP_SDMA_WRITE, TP_SDMA_KIND_LINEAR), (uint32_t)VRAM(page),
	       (uint32_t)(VRAM(page) >> 32), 0, value);
}

/* A command stream of @vmid's, in its last data page, that stores @value to word 0 of VA(@n). */
static inline void submit_vm_store(enum tp_amd_ring_id ring, unsigned vmid, unsigned n,
				   uint32_t value)
{
	const uint32_t stream[TP_SDMA_IB_ALIGN_DW] = {
		TP_SDMA_HEADER(TP_SDMA_WRITE, TP_SDMA_KIND_LINEAR),
		(uint32_t)VA(n),
		(uint32_t)(VA(n) >> 32),
		0,
		value,
	};
	const unsigned page = NR_DATA - 1;
	uint32_t nop = (wptr_of(ring) / 4 + TP_SDMA_INDIRECT_DW) % TP_SDMA_IB_ALIGN_DW;

	for (unsigned i = 0; i < TP_SDMA_IB_ALIGN_DW; i++)
		put(DATA + page, i, stream[i]);
	for (; nop && nop < TP_SDMA_IB_ALIGN_DW; nop++)
		SUBMIT(ring, TP_SDMA_HEADER(TP_SDMA_NOP, 0));
	SUBMIT(ring, TP_SDMA_INDIRECT | vmid << 16, (uint32_t)VA(page), (uint32_t)(VA(page) >> 32),
	       TP_SDMA_IB_ALIGN_DW, 0, 0);
}

/* ---- caches ---------------------------------------------------------------------------------- */

static inline struct tp_amd_model_stat stat_of(void)
{
	struct tp_amd_model_stat stat;

	tp_amd_model_stat(m, &stat);
	return stat;
}

static inline bool knows_leaf(enum tp_amd_hub_id id, unsigned vmid, uint64_t va)
{
	struct tp_ahw_hub *hub = &m->hubs[id];
	bool known = false;

	tp_spin_lock(&hub->lock);
	for (unsigned i = 0; i < m->config.tlb_entries; i++)
		known |= va - hub->contexts[vmid].leaves[i].va < hub->contexts[vmid].leaves[i].size;
	tp_spin_unlock(&hub->lock);
	return known;
}

static inline bool knows_directory(enum tp_amd_hub_id id, unsigned vmid, unsigned level)
{
	struct tp_ahw_hub *hub = &m->hubs[id];
	bool known = false;

	tp_spin_lock(&hub->lock);
	for (unsigned i = 0; i < m->config.walk_entries; i++)
		known |= hub->contexts[vmid].walks[i].level == level;
	tp_spin_unlock(&hub->lock);
	return known;
}

/* Where @va of @vmid leads @ring; NULL: nowhere, refused, or (*@prt) nothing that is a page. */
static inline void *lead_prt(enum tp_amd_ring_id id, unsigned vmid, uint64_t va, bool write,
			     bool *prt)
{
	struct tp_ahw_ring *ring = &m->rings[id];
	uint64_t len = 1;
	void *host;

	tp_spin_lock(&ring->lock);
	ring->vmid = vmid;
	tp_iommu_enter(bus->iommu, id);
	tp_iommu_enter(bus->local, id);
	host = tp_ahw_translate(ring, va, &len, write, prt);
	tp_iommu_leave(bus->local, id);
	tp_iommu_leave(bus->iommu, id);
	ring->vmid = 0;
	tp_spin_unlock(&ring->lock);
	return host;
}

static inline void *lead(unsigned vmid, uint64_t va, bool write)
{
	bool prt;

	return lead_prt(TP_AMD_RING_SDMA0, vmid, va, write, &prt);
}

/* Let the hub of @ring remember VA(@n) of @vmid. */
static inline void use(enum tp_amd_ring_id ring, unsigned vmid, unsigned n)
{
	submit_vm_store(ring, vmid, n, 1);
	run_dry();
	assert_true(is_idle(ring));
	assert_true(knows_leaf(tp_amd_ring_hub(ring), vmid, VA(n)));
}

/* Ask invalidation engine @engine; MMHUB's semaphore is the caller's affair. */
static inline void invalidate(enum tp_amd_hub_id hub, unsigned engine, uint32_t req)
{
	hub_wr(hub, TP_AMD_INV_ENG0_REQ + engine, req);
}

static inline uint32_t ack_of(enum tp_amd_hub_id hub, unsigned engine)
{
	return hub_rd(hub, TP_AMD_INV_ENG0_ACK + engine);
}

/* ---- time ------------------------------------------------------------------------------------ */

static inline void end_soon(uint64_t *due_ns)
{
	if (*due_ns && *due_ns != UINT64_MAX)
		*due_ns = 1;
}

/* What was requested of hubs' caches is due. */
static inline void caches_are_due(void)
{
	tp_spin_lock(&m->lock);
	tp_ahw_for_each_hub(hub, m) for (unsigned i = 0; i < TP_AMD_NR_INV_ENGINES; i++)
		end_soon(&hub->requests[i].due_ns);
	tp_spin_unlock(&m->lock);
}

/* The next poll of @id's packet is due. */
static inline void poll_is_due(enum tp_amd_ring_id id)
{
	struct tp_ahw_ring *ring = &m->rings[id];

	tp_spin_lock(&ring->lock);
	end_soon(&ring->poll_ns);
	tp_spin_unlock(&ring->lock);
}

static inline void resets_are_due(void)
{
	tp_spin_lock(&m->lock);
	end_soon(&m->soft_due_ns);
	end_soon(&m->mode1_due_ns);
	end_soon(&m->flr_due_ns);
	tp_spin_unlock(&m->lock);
}

/* ---- life ------------------------------------------------------------------------------------ */

/* As after a reset: rings run, and VMIDs 1 and 2 are translated on both hubs. */
static inline void start_all(void)
{
	for (unsigned vmid = 1; vmid <= 2; vmid++) {
		make_tables(vmid);
		for (unsigned hub = 0; hub < TP_AMD_NR_HUBS; hub++)
			enable_context((enum tp_amd_hub_id)hub, vmid);
	}
	for (unsigned ring = 0; ring < TP_AMD_NR_RINGS; ring++)
		start_ring((enum tp_amd_ring_id)ring);
}

static inline void begin(struct tp_amd_model_config config)
{
	config.name = "gpu0";
	config.memory = config.memory ? config.memory : (uint64_t)VRAM_PAGES * PAGE;
	config.invalidate_ns = tp_or_usual(config.invalidate_ns, TP_AMD_MODEL_AT_ONCE);
	config.reset_ns = tp_or_usual(config.reset_ns, TP_AMD_MODEL_AT_ONCE);
	config.mode1_ns = tp_or_usual(config.mode1_ns, TP_AMD_MODEL_AT_ONCE);
	config.cycle_ns = tp_or_usual(config.cycle_ns, TP_AMD_MODEL_AT_ONCE);
	must(tp_amd_model_create(&config, &m));
	bus = tp_amd_model_bus(m);
	make_memory(bus);
	bus->local = make_front(bus->memory, VRAM_PAGES, "vram");
	tp_bus_power_get(bus);
	tp_atomic_store(&interrupts, 0, TP_RELAXED);
	for (unsigned i = 0; i < TP_AMD_NR_VECTORS; i++)
		must(tp_bus_irq_request(bus, i, note_interrupt, (void *)(uintptr_t)i));
	start_all();
}

/* A device in which nothing happens but in tp_amd_model_run(). */
static inline int begin_manual(void **state)
{
	(void)state;
	begin((struct tp_amd_model_config){ .mode = TP_AMD_MODEL_MANUAL });
	return 0;
}

/* Invalidations and resets end when the test says so. */
static inline int begin_slow(void **state)
{
	(void)state;
	begin((struct tp_amd_model_config){ .mode = TP_AMD_MODEL_MANUAL,
					    .invalidate_ns = AGES,
					    .reset_ns = AGES,
					    .mode1_ns = AGES,
					    .cycle_ns = AGES });
	return 0;
}

/* After each test: nobody used what was another's. */
static inline int end(void **state)
{
	struct tp_iommu *local = bus->local;

	(void)state;
	assert_int_equal(tp_amd_model_harms(m, NULL, 0), 0);
	for (unsigned i = 0; i < TP_AMD_NR_VECTORS; i++)
		tp_bus_irq_free(bus, i);
	tp_bus_power_put(bus);
	tp_amd_model_destroy(m);
	free_front(local);
	free_memory();
	return 0;
}

#endif
