/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ihw_rig - a simulated graphics device before a driver that is this test, and memory that it can
 * reach: I/O page n is page n of the test's memory.
 *
 * What takes time takes none, if the test does not say otherwise; what is to stay under way until
 * the test says so takes AGES.
 *
 * Include after <cmocka.h>.
 */
#ifndef TESTS_UNIT_IHW_RIG_H
#define TESTS_UNIT_IHW_RIG_H

#include <string.h>

#include "device_memory.h"
#include "model/intel/internal.h"

enum {
	/* I/O pages */
	TABLES = 1, /* root, and a table of each lower level */
	LEAVES = TABLES + 3,
	RING = 8, /* and on: one of each engine */
	SLOT = 32,
	FIRMWARE = 33,
	DATA = 40,
	NR_DATA = 16,
	FIRMWARE_B = 56,
};

#define AGES TP_SECONDS(100000)
/* Virtual address of data page @n; a table's worth of pages from there on can be bound. */
#define VA(n) ((uint64_t)(n)*PAGE)

static struct tp_intel_model *m;
static struct tp_bus_device *bus;
static tp_atomic_u32 interrupts[TP_IHW_GTS];

/* ---- registers and memory -------------------------------------------------------------------- */

static inline uint32_t rd(uint32_t offset)
{
	return tp_bus_read(bus, offset);
}

static inline void wr(uint32_t offset, uint32_t value)
{
	tp_bus_write(bus, offset, value);
}

static inline uint32_t gt_offset(unsigned gt)
{
	return gt ? TP_INTEL_MEDIA_GT : 0;
}

static inline uint64_t pte(unsigned page)
{
	return (uint64_t)page * PAGE | TP_INTEL_PTE_PRESENT | TP_INTEL_PTE_RW;
}

/* Entry @n of the global GTT, not flushed. */
static inline void write_ggtt(unsigned n, uint64_t entry)
{
	wr(TP_INTEL_GSM + 8 * n, (uint32_t)entry);
	wr(TP_INTEL_GSM + 8 * n + 4, (uint32_t)(entry >> 32));
}

/* ---- life ------------------------------------------------------------------------------------ */

static inline void count_primary(tp_unused void *arg)
{
	tp_atomic_count(&interrupts[0], 1);
}

static inline void count_media(tp_unused void *arg)
{
	tp_atomic_count(&interrupts[1], 1);
}

static inline uint32_t interrupts_of(unsigned gt)
{
	return tp_atomic_exchange(&interrupts[gt], 0, TP_ACQ_REL);
}

static inline void wake_all(void)
{
	for (unsigned i = 0; i < m->nr_domains; i++)
		wr(m->domains[i].reg + gt_offset(m->domains[i].gt), TP_INTEL_MASKED(1));
	for (unsigned i = 0; i < m->nr_domains; i++)
		while (!rd(m->domains[i].ack + gt_offset(m->domains[i].gt)))
			tp_cpu_relax();
}

/* Tables of one address space, through which VA(n) is data page n; every I/O page is in the global
 * GTT, at its own number. */
static inline void make_tables(void)
{
	for (unsigned level = 0; level < 3; level++)
		put_entry(TABLES + level, 0, pte(TABLES + level + 1));
	for (unsigned n = 0; n < NR_DATA; n++)
		put_entry(LEAVES, n, pte(DATA + n));
	for (unsigned i = 0; i < PAGES; i++)
		write_ggtt(i, pte(i));
	wr(TP_INTEL_GFX_FLSH_CNTL, 1);
}

static inline void begin_asleep(struct tp_intel_model_config config)
{
	static void (*const fns[])(void *) = { count_primary, count_media };

	config.name = "gpu0";
	config.invalidate_ns = config.invalidate_ns ? config.invalidate_ns : TP_INTEL_MODEL_AT_ONCE;
	config.reset_ns = config.reset_ns ? config.reset_ns : TP_INTEL_MODEL_AT_ONCE;
	config.wake_ns = config.wake_ns ? config.wake_ns : TP_INTEL_MODEL_AT_ONCE;
	must(tp_intel_model_create(&config, &m));
	bus = tp_intel_model_bus(m);
	make_memory(bus);
	tp_bus_power_get(bus);
	for (unsigned gt = 0; gt < m->nr_gts; gt++) {
		tp_atomic_store(&interrupts[gt], 0, TP_RELAXED);
		must(tp_bus_irq_request(bus, gt, fns[gt], NULL));
	}
	make_tables();
}

static inline void begin(struct tp_intel_model_config config)
{
	begin_asleep(config);
	wake_all();
}

/* A device of @platform in which nothing happens but in tp_intel_model_run(). */
static inline void begin_manual(enum tp_intel_platform platform)
{
	begin((struct tp_intel_model_config){ .platform = platform,
					      .mode = TP_INTEL_MODEL_MANUAL });
}

static inline struct tp_intel_model_stat stat_of(void)
{
	struct tp_intel_model_stat stat;

	tp_intel_model_stat(m, &stat);
	return stat;
}

static inline unsigned nr_pending(void)
{
	unsigned n = 0;

	tp_ihw_for_each_engine(e, m)
	{
		const struct tp_ihw_gt *g = &m->gts[e->id.gt];
		unsigned i = e->invalidation;

		n += ((g->requests[0][i] | g->requests[1][i]) & e->id.bit) != 0;
	}
	for (unsigned gt = 0; gt < m->nr_gts; gt++)
		n += m->gts[gt].firmware.due_ns && !m->gts[gt].firmware.is_over;
	return n;
}

/* Each request to empty a cache is somewhere, once. */
static inline void check_requests(void)
{
	const struct tp_intel_model_stat stat = stat_of();

	assert_int_equal(stat.requests, stat.done + stat.lost + nr_pending());
}

static inline void finish(void)
{
	check_requests();
	for (unsigned gt = 0; gt < m->nr_gts; gt++)
		tp_bus_irq_free(bus, gt);
	tp_bus_power_put(bus);
	tp_intel_model_destroy(m);
	free_memory();
}

/* After each test. */
static inline int end(void **state)
{
	(void)state;
	finish();
	return 0;
}

/* ---- engines --------------------------------------------------------------------------------- */

static inline struct tp_ihw_engine *engine(const char *name)
{
	tp_ihw_for_each_engine(e, m) if (!strcmp(e->stat.name, name)) return e;
	fail_msg("no engine %s", name);
	return NULL;
}

static inline uint32_t engine_reg(const struct tp_ihw_engine *e, uint32_t reg)
{
	return gt_offset(e->id.gt) + e->id.base + reg;
}

/* Its ring, empty, and the tables of make_tables(). */
static inline void start_ring(const struct tp_ihw_engine *e)
{
	wr(engine_reg(e, TP_INTEL_RING_PDP0_LO), TABLES * PAGE);
	wr(engine_reg(e, TP_INTEL_RING_START), (RING + e->index) * PAGE);
	wr(engine_reg(e, TP_INTEL_RING_HEAD), 0);
	wr(engine_reg(e, TP_INTEL_RING_TAIL), 0);
	wr(engine_reg(e, TP_INTEL_RING_CTL), TP_INTEL_RING_VALID);
}

/* Let it execute @words, a multiple of none, from where its tail is. */
static inline void submit(const struct tp_ihw_engine *e, const uint32_t *words, unsigned n)
{
	uint32_t tail = rd(engine_reg(e, TP_INTEL_RING_TAIL)) / 4;

	for (unsigned i = 0; i < n; i++)
		put(RING + e->index, (tail + i) % (PAGE / 4), words[i]);
	wr(engine_reg(e, TP_INTEL_RING_TAIL), (tail + n) % (PAGE / 4) * 4);
}

#define SUBMIT(e, ...)                                                \
	do {                                                          \
		const uint32_t words_[] = { __VA_ARGS__ };            \
		submit((e), words_, (unsigned)TP_ARRAY_SIZE(words_)); \
	} while (0)

/* Store @value to a virtual address. */
static inline void submit_store(const struct tp_ihw_engine *e, uint64_t va, uint32_t value)
{
	SUBMIT(e, TP_INTEL_MI_STORE_DWORD, (uint32_t)va, (uint32_t)(va >> 32), value);
}

static inline bool is_idle(const struct tp_ihw_engine *e)
{
	return rd(engine_reg(e, TP_INTEL_RING_MI_MODE)) & TP_INTEL_RING_IDLE;
}

static inline void run_dry(void)
{
	while (tp_intel_model_run(m, 100))
		;
}

/* Let it remember the translations of data pages 0 and 1, one in each copy. */
static inline void remember(struct tp_ihw_engine *e)
{
	start_ring(e);
	submit_store(e, VA(0), e->index);
	submit_store(e, VA(1), e->index);
	run_dry();
	assert_true(is_idle(e));
}

static inline uint64_t remembered(struct tp_ihw_engine *e)
{
	return stat_of().engine[e->index].entries;
}

/* ---- time ------------------------------------------------------------------------------------ */

/* What was requested of its caches is due. */
static inline void caches_are_due(struct tp_ihw_engine *e)
{
	tp_spin_lock(&e->lock);
	for (unsigned copy = 0; copy < TP_IHW_COPIES; copy++)
		if (e->tlb[copy].due_ns)
			e->tlb[copy].due_ns = 1;
	tp_spin_unlock(&e->lock);
}

static inline void reset_is_due(unsigned gt)
{
	tp_spin_lock(&m->lock);
	if (m->gts[gt].reset_due_ns != UINT64_MAX)
		m->gts[gt].reset_due_ns = 1;
	tp_spin_unlock(&m->lock);
}

#endif
