/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* gpu_tlb_stub - an engine that remembers one translation, and its driver's registers. */
#include "scenarios/gpu_tlb_stub.h"

#include "mm/machine.h"

enum { DONE_BIT = 1, RESET_NS = 2000000 };

/* ---- the device ------------------------------------------------------------------------------ */

static struct tp_tlb_stub *stub_of(struct tp_bus_device *bus)
{
	return tp_container_of(bus, struct tp_tlb_stub, bus);
}

/* X3: what was read since the request stays. */
static void finish(struct tp_tlb_stub *s)
{
	if (s->born <= s->before)
		s->entry = 0;
	s->pending = false;
}

static void request(struct tp_tlb_stub *s)
{
	if (s->asleep)
		return;
	s->pending = true;
	s->before = s->walks;
	if (s->may_stick && tp_sim_choose("the request is never done", 2)) {
		s->stuck = true;
		s->may_stick = false;
	}
}

static void write_register(struct tp_bus_device *bus, uint32_t offset, uint32_t value)
{
	struct tp_tlb_stub *s = stub_of(bus);

	tp_spin_lock(&s->lock);
	if (offset == TP_INTEL_GEN8_RTCR)
		request(s);
	else if (offset == TP_INTEL_FORCEWAKE_GT)
		s->asleep = !(value & TP_INTEL_FORCEWAKE_KERNEL);
	tp_spin_unlock(&s->lock);
	if (offset == TP_INTEL_GUC_DOORBELL && s->on_doorbell)
		s->on_doorbell(s);
}

static uint32_t read_register(struct tp_bus_device *bus, uint32_t offset)
{
	struct tp_tlb_stub *s = stub_of(bus);
	uint32_t value = 0;

	tp_spin_lock(&s->lock);
	if (offset == TP_INTEL_GEN8_RTCR) {
		if (s->pending && !s->stuck)
			finish(s);
		value = s->pending ? DONE_BIT : 0;
	} else if (offset == TP_INTEL_FORCEWAKE_ACK_GT) {
		value = s->asleep ? 0 : TP_INTEL_FORCEWAKE_KERNEL;
	}
	tp_spin_unlock(&s->lock);
	return value;
}

static const struct tp_bus_ops bus_ops = { .read = read_register, .write = write_register };

void tp_tlb_stub_access(struct tp_tlb_stub *s)
{
	tp_spin_lock(&s->lock);
	if (!s->stands) {
		if (!s->entry) {
			s->entry = tp_atomic_load(&s->pte, TP_ACQUIRE);
			s->born = ++s->walks;
		}
		if (s->entry == TP_TLB_STUB_PAGE)
			TP_EXPECT(!tp_atomic_load(&s->gone, TP_ACQUIRE));
	}
	tp_spin_unlock(&s->lock);
}

void tp_tlb_stub_run(void *stub)
{
	tp_tlb_stub_access(stub);
	tp_tlb_stub_access(stub);
}

void tp_tlb_stub_run_on(void *stub)
{
	struct tp_tlb_stub *s = stub;

	tp_tlb_stub_access(s);
	while (!tp_atomic_load(&s->gone, TP_ACQUIRE))
		tp_cpu_relax();
	tp_tlb_stub_access(s);
}

/* ---- the driver ------------------------------------------------------------------------------ */

static void init_gt(struct tp_intel *gpu, enum tp_intel_tlb_rule rule)
{
	struct tp_intel_gt *gt = &gpu->gts[0];

	gt->gpu = gpu;
	tp_intel_uncore_init(&gt->uncore, gpu->bus, 0, TP_INTEL_SKL, false, &gpu->config.patience);
	gt->uncore.domains = 0;
	tp_intel_tlb_init(gt, rule);
}

static void init_engine(struct tp_intel *gpu)
{
	struct tp_intel_engine *engine = &gpu->engines[0];

	engine->gt = &gpu->gts[0];
	engine->id = (struct tp_intel_engine_id){ .class = TP_INTEL_RENDER };
	engine->invalidation = tp_intel_invalidation(TP_INTEL_SKL, &engine->id, false);
	tp_intel_engine_name(&engine->id, engine->name);
	tp_intel_gt_get(engine->gt);
	tp_atomic_store(&engine->awake, 1, TP_RELAXED);
}

struct tp_tlb_stub *tp_tlb_stub_make(enum tp_intel_tlb_rule rule)
{
	struct tp_tlb_stub *s = tp_sim_alloc(sizeof(*s));
	struct tp_intel *gpu = &s->gpu;

	tp_bus_init(&s->bus, &bus_ops, "gpu0");
	tp_spinlock_init(&s->lock, TP_RANK_MODEL, 0);
	gpu->bus = &s->bus;
	gpu->nr_gts = gpu->nr_engines = 1;
	gpu->platform = tp_intel_platform(TP_INTEL_SKL);
	gpu->config.patience = (struct tp_intel_patience){ .poll_ns = 1,
							   .tlb_ns = 1,
							   .guc_ns = 1000,
							   .reset_ns = 10 * RESET_NS,
							   .awake_ns = 1000 };
	/* All it is asked for is where events go. */
	gpu->gpu.machine = tp_sim_alloc(sizeof(*gpu->gpu.machine));
	gpu->gpu.machine->trace = tp_trace_create();
	tp_intel_service_init(gpu);
	init_gt(gpu, rule);
	init_engine(gpu);
	tp_atomic_store(&s->pte, TP_TLB_STUB_PAGE, TP_RELAXED);
	return s;
}

void tp_tlb_stub_set_numbers(struct tp_tlb_stub *s, uint32_t number)
{
	struct tp_intel_tlb *tlb = &tp_tlb_stub_gt(s)->tlb;

	tp_atomic_store(&tlb->started, number, TP_RELAXED);
	tp_atomic_store(&tlb->completed, number, TP_RELAXED);
}

void tp_tlb_stub_cut(struct tp_tlb_stub *s, struct tp_intel_tlb_note *note)
{
	tp_atomic_store(&s->pte, TP_TLB_STUB_SCRATCH, TP_RELEASE);
	tp_intel_tlb_note(&s->gpu, note);
}

void tp_tlb_stub_let_go(struct tp_tlb_stub *s)
{
	tp_atomic_store(&s->gone, 1, TP_RELEASE);
}

void tp_tlb_stub_release(void *stub)
{
	struct tp_tlb_stub *s = stub;
	struct tp_intel_tlb_note note;

	tp_tlb_stub_cut(s, &note);
	TP_SCENE_MUST(tp_intel_tlb_forget(&s->gpu, &note));
	tp_tlb_stub_let_go(s);
}

void tp_tlb_stub_invalidate(void *stub)
{
	TP_SCENE_MUST(tp_intel_tlb_invalidate_full(tp_tlb_stub_gt(stub)));
}

void tp_tlb_stub_park(struct tp_tlb_stub *s)
{
	tp_atomic_store(&s->gpu.engines[0].awake, 0, TP_RELEASE);
	tp_intel_gt_put(tp_tlb_stub_gt(s));
}

void tp_tlb_stub_unpark(struct tp_tlb_stub *s)
{
	tp_intel_gt_get(tp_tlb_stub_gt(s));
	tp_atomic_store(&s->gpu.engines[0].awake, 1, TP_RELEASE);
	TP_SCENE_MUST(tp_intel_tlb_unpark(&s->gpu.engines[0]));
}

/*
 * The hardware's part: it begins with what becomes of the bits of requests, which is a choice of
 * the device's; the engine goes on until its end.
 */
static void begin_device_reset(struct tp_tlb_stub *s)
{
	struct tp_intel_uncore *uncore = &tp_tlb_stub_gt(s)->uncore;

	tp_spin_lock(&uncore->lock);
	tp_spin_lock(&s->lock);
	if (s->pending)
		s->pending = s->stuck = tp_sim_choose("the request's bit stays set", 2);
	tp_spin_unlock(&s->lock);
	tp_spin_unlock(&uncore->lock);
}

static void end_device_reset(struct tp_tlb_stub *s)
{
	tp_spin_lock(&s->lock);
	s->stands = true;
	s->entry = 0;
	tp_spin_unlock(&s->lock);
}

static void go_on(struct tp_tlb_stub *s)
{
	tp_spin_lock(&s->lock);
	s->stands = s->stuck = false;
	tp_spin_unlock(&s->lock);
}

void tp_tlb_stub_reset(void *stub)
{
	struct tp_tlb_stub *s = stub;
	struct tp_intel_gt *gt = tp_tlb_stub_gt(s);

	tp_atomic_add(&gt->resets, 1, TP_ACQ_REL);
	begin_device_reset(s);
	tp_sim_sleep(RESET_NS);
	end_device_reset(s);
	tp_intel_tlb_emptied(gt);
	tp_atomic_add(&gt->resets, 1, TP_ACQ_REL);
	go_on(s);
}
