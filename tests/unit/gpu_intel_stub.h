/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * gpu_intel_stub - GTs and engines of any platform over a device that only has registers: it
 * answers forcewake, and requests to empty caches after some looks or never, and remembers what
 * was written.
 *
 * Engines are awake unless a test says otherwise.  Include after <cmocka.h>.
 *
 * Locking: a driver that keeps a domain awake may touch registers without its own lock, and does
 * while others read the same ones, so the device has a lock for its registers (rank MODEL).  It is
 * not held around on_request, on_look, on_doorbell: what they touch is their test's affair.
 */
#ifndef TESTS_UNIT_GPU_INTEL_STUB_H
#define TESTS_UNIT_GPU_INTEL_STUB_H

#include <string.h>

#include "core/clock.h"
#include "gpu/intel/intel_guc_regs.h"
#include "gpu/intel/internal.h"
#include "mm_machine.h"

enum { STUB_REGS = 64, STUB_WRITES = 4096 };

static struct stub {
	struct tp_machine *m;
	struct tp_bus_device bus;
	struct tp_intel gpu;
	/* the device */
	struct tp_spinlock lock; /* its registers, and what is counted and remembered of them */
	struct stub_reg {
		uint32_t reg, value;
		unsigned looks; /* until it is done */
	} regs[STUB_REGS];
	unsigned nr_regs;
	unsigned looks; /* that a request takes; 0: done at once */
	uint64_t pass;	/* requests that are answered; the others stay */
	bool mute;	/* forcewake is not answered */
	unsigned nr_writes;
	struct stub_write {
		uint32_t reg, value;
		bool locked; /* by the driver, against resets */
	} writes[STUB_WRITES];
	unsigned requests, dropped;
	void (*on_request)(void); /* after it was written, before it can be done */
	void (*on_look)(void);	  /* before a request is looked at */
	void (*on_doorbell)(void);
	bool no_firmware; /* it never gets ready */
} stub;

/* ---- the device ------------------------------------------------------------------------------ */

static inline struct stub_reg *stub_reg(uint32_t reg)
{
	unsigned i = 0;

	while (i < stub.nr_regs && stub.regs[i].reg != reg)
		i++;
	if (i == stub.nr_regs) {
		assert_true(i < STUB_REGS);
		stub.regs[stub.nr_regs++].reg = reg;
	}
	return &stub.regs[i];
}

static inline bool stub_is_invalidation(uint32_t reg)
{
	return (reg >= TP_INTEL_GEN8_RTCR && reg <= TP_INTEL_GEN8_GTCR) ||
	       (reg >= TP_INTEL_GEN12_GFX_TLB_INV && reg <= TP_INTEL_GEN12_BLT_TLB_INV) ||
	       reg == TP_INTEL_GEN12_COMPCTX_TLB_INV;
}

static inline uint32_t stub_ack_of(uint32_t reg)
{
	if (reg == TP_INTEL_FORCEWAKE_RENDER)
		return TP_INTEL_FORCEWAKE_ACK_RENDER;
	if (reg == TP_INTEL_FORCEWAKE_GT)
		return TP_INTEL_FORCEWAKE_ACK_GT;
	if (reg == TP_INTEL_FORCEWAKE_MEDIA)
		return TP_INTEL_FORCEWAKE_ACK_MEDIA;
	for (unsigned i = 0; i < 4; i++) {
		if (reg == TP_INTEL_FORCEWAKE_VDBOX(i))
			return TP_INTEL_FORCEWAKE_ACK_VDBOX(i);
		if (reg == TP_INTEL_FORCEWAKE_VEBOX(i))
			return TP_INTEL_FORCEWAKE_ACK_VEBOX(i);
	}
	return 0;
}

/* Whether what invalidation registers are in is awake: the GT's domain, of BDW the render one. */
static inline bool stub_is_awake(uint32_t gt)
{
	bool bdw = stub.gpu.platform->ver == 8;

	return stub_reg(gt + (bdw ? TP_INTEL_FORCEWAKE_ACK_RENDER : TP_INTEL_FORCEWAKE_ACK_GT))
		->value;
}

/* False: whoever has to answer it sleeps. */
static inline bool stub_request(uint32_t gt, uint32_t reg, uint32_t value)
{
	struct stub_reg *r = stub_reg(gt + reg);

	if (!gt && !stub_is_awake(gt)) {
		stub.dropped++;
		return false;
	}
	stub.requests++;
	r->value |= value & 0xffff;
	r->looks = stub.pass ? stub.looks : UINT_MAX;
	stub.pass -= stub.pass && stub.pass != UINT64_MAX;
	return true;
}

/* Returns whom to tell, once nothing is locked; NULL: nobody. */
static inline void (*stub_write(uint32_t offset, uint32_t value))(void)
{
	uint32_t gt = offset >= TP_INTEL_MEDIA_GT ? TP_INTEL_MEDIA_GT : 0, reg = offset - gt;
	struct tp_spinlock *lock = &stub.gpu.gts[!!gt].uncore.lock;
	uint32_t ack = stub_ack_of(reg);

	assert_true(stub.nr_writes < STUB_WRITES);
	stub.writes[stub.nr_writes++] =
		(struct stub_write){ offset, value, tp_lockrank_held(lock) };
	if (ack && !stub.mute)
		stub_reg(gt + ack)->value = value & 1;
	else if (stub_is_invalidation(reg))
		return stub_request(gt, reg, value) ? stub.on_request : NULL;
	else if (reg == TP_INTEL_GUC_CT && !stub.no_firmware)
		stub_reg(gt + TP_INTEL_GUC_STATUS)->value = value & TP_INTEL_GUC_CT_VALID;
	else if (reg == TP_INTEL_GUC_DOORBELL && stub.on_doorbell)
		return stub.on_doorbell;
	else if (!ack)
		stub_reg(offset)->value = value;
	return NULL;
}

static inline void stub_bus_write(tp_unused struct tp_bus_device *bus, uint32_t offset,
				  uint32_t value)
{
	void (*tell)(void);

	tp_spin_lock(&stub.lock);
	tell = stub_write(offset, value);
	tp_spin_unlock(&stub.lock);
	if (tell)
		tell();
}

static inline uint32_t stub_bus_read(tp_unused struct tp_bus_device *bus, uint32_t offset)
{
	bool is_look = stub_is_invalidation(offset % TP_INTEL_MEDIA_GT);
	struct stub_reg *r;
	uint32_t value;

	if (is_look && stub.on_look)
		stub.on_look();
	tp_spin_lock(&stub.lock);
	r = stub_reg(offset);
	if (is_look && !r->looks)
		r->value = 0;
	else if (is_look && r->looks != UINT_MAX)
		r->looks--;
	value = r->value;
	tp_spin_unlock(&stub.lock);
	return value;
}

static const struct tp_bus_ops stub_bus_ops = { .read = stub_bus_read, .write = stub_bus_write };

/* Of what was written, the first request after the first @from; STUB_WRITES: none. */
static inline unsigned stub_find_request(unsigned from)
{
	for (unsigned i = from; i < stub.nr_writes; i++)
		if (stub_is_invalidation(stub.writes[i].reg % TP_INTEL_MEDIA_GT))
			return i;
	return STUB_WRITES;
}

/* ---- the driver's side ----------------------------------------------------------------------- */

static inline void stub_add_engines(enum tp_intel_platform platform)
{
	struct tp_intel_engine_id ids[TP_GPU_MAX_ENGINES];
	struct tp_intel *gpu = &stub.gpu;

	gpu->nr_engines = tp_intel_platform_engines(platform, true, ids);
	for (unsigned i = 0; i < gpu->nr_engines; i++) {
		struct tp_intel_engine *engine = &gpu->engines[i];

		engine->id = ids[i];
		engine->index = i;
		engine->gt = &gpu->gts[ids[i].gt];
		engine->invalidation = tp_intel_invalidation(platform, &ids[i], false);
		tp_intel_engine_name(&ids[i], engine->name);
		tp_atomic_store(&engine->awake, 1, TP_RELAXED);
		/* Which is what keeps it awake (K1). */
		tp_atomic_add(&engine->gt->wakerefs, 1, TP_RELAXED);
	}
}

static inline void stub_begin(enum tp_intel_platform platform, enum tp_intel_tlb_rule rule)
{
	struct tp_intel *gpu = &stub.gpu;

	memset(&stub, 0, sizeof(stub));
	stub.pass = UINT64_MAX;
	tp_spinlock_init(&stub.lock, TP_RANK_MODEL, 0);
	stub.m = make_machine(small_machine(4));
	tp_bus_init(&stub.bus, &stub_bus_ops, "gpu0");
	gpu->gpu.machine = stub.m;
	gpu->bus = &stub.bus;
	gpu->platform = tp_intel_platform(platform);
	gpu->config = (struct tp_intel_config){
		.platform = platform,
		.gt3 = true,
		.rule = rule,
		.patience = { .poll_ns = 100000,
			      .tlb_ns = 400000,
			      .guc_ns = 20000000,
			      .reset_ns = 20000000,
			      .awake_ns = 1000000,
			      .delay_ns = 1000000 },
	};
	gpu->nr_gts = gpu->platform->nr_gts;
	tp_spinlock_init(&gpu->ggtt_lock, TP_RANK_GPU_VRAM, 1);
	tp_intel_service_init(gpu);
	for (unsigned i = 0; i < gpu->nr_gts; i++) {
		struct tp_intel_gt *gt = &gpu->gts[i];

		gt->gpu = gpu;
		gt->id = i;
		tp_intel_uncore_init(&gt->uncore, &stub.bus, i, platform, true,
				     &gpu->config.patience);
		tp_intel_tlb_init(gt, rule);
	}
	stub_add_engines(platform);
}

static inline void stub_end(void)
{
	for (unsigned i = 0; i < stub.gpu.nr_gts; i++)
		tp_intel_forcewake_run(&stub.gpu.gts[i].uncore);
	end_machine(stub.m);
}

static inline struct tp_intel_gt *stub_gt(void)
{
	return &stub.gpu.gts[0];
}

static inline void stub_park(struct tp_intel_engine *engine)
{
	tp_atomic_store(&engine->awake, 0, TP_RELEASE);
	tp_atomic_sub(&engine->gt->wakerefs, 1, TP_RELAXED);
}

static inline int stub_unpark(struct tp_intel_engine *engine)
{
	tp_atomic_add(&engine->gt->wakerefs, 1, TP_RELAXED);
	tp_atomic_store(&engine->awake, 1, TP_RELAXED);
	return tp_intel_tlb_unpark(engine);
}

static inline struct tp_intel_tlb_note stub_note(void)
{
	struct tp_intel_tlb_note note = { { 0 } };

	tp_intel_tlb_note(&stub.gpu, &note);
	return note;
}

static inline struct tp_gpu_tlb_stats stub_stats(unsigned gt)
{
	struct tp_gpu_tlb_stats stats;

	tp_intel_tlb_stats(&stub.gpu.gts[gt], &stats);
	assert_int_equal(stats.requested, stats.elided + stats.asleep + stats.full + stats.range);
	return stats;
}

/* Numbers begin here instead of at 0. */
static inline void stub_set_numbers(uint32_t number)
{
	for (unsigned i = 0; i < stub.gpu.nr_gts; i++) {
		tp_atomic_store(&stub.gpu.gts[i].tlb.started, number, TP_RELAXED);
		tp_atomic_store(&stub.gpu.gts[i].tlb.completed, number, TP_RELAXED);
	}
}

#endif
