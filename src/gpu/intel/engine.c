/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * engine - an engine wakes up, runs its ring, stands, and is parked.
 *
 * Waking: forcewake, then `awake` is said, then what was skipped is forgotten, then the ring runs:
 * an invalidation that finds it asleep has said so before (gpu/intel/tlb.h).
 */
#include <errno.h>

#include "core/clock.h"
#include "core/error.h"
#include "core/mutant.h"
#include "gpu/intel/internal.h"

enum { STOP_NS = 1000000, STOP_SPIN_NS = 20000, RUNS_LONG = 8 };

/* ---- registers ------------------------------------------------------------------------------- */

static void write_ring(struct tp_intel_engine *engine, uint32_t reg, uint32_t value)
{
	tp_intel_write_fw(&engine->gt->uncore, engine->base + reg, value);
}

void tp_intel_engine_start(struct tp_intel_engine *engine)
{
	tp_spin_assert_held(&engine->lock);
	TP_INVARIANT(tp_list_empty(&engine->requests));
	engine->head = engine->tail = 0;
	write_ring(engine, TP_INTEL_RING_CTL, 0);
	write_ring(engine, TP_INTEL_RING_START, engine->ring_ggtt);
	write_ring(engine, TP_INTEL_RING_HEAD, 0);
	write_ring(engine, TP_INTEL_RING_TAIL, 0);
	write_ring(engine, TP_INTEL_RING_MI_MODE, TP_INTEL_MASKED_CLEAR(TP_INTEL_RING_STOP));
	write_ring(engine, TP_INTEL_RING_CTL,
		   (TP_INTEL_RING_BYTES - TP_PAGE_SIZE) | TP_INTEL_RING_VALID);
}

int tp_intel_engine_stop(struct tp_intel_engine *engine)
{
	int err;

	write_ring(engine, TP_INTEL_RING_MI_MODE, TP_INTEL_MASKED(TP_INTEL_RING_STOP));
	err = tp_intel_wait_register_fw(&engine->gt->uncore, engine->base + TP_INTEL_RING_MI_MODE,
					TP_INTEL_RING_IDLE, TP_INTEL_RING_IDLE, STOP_SPIN_NS,
					STOP_NS);
	write_ring(engine, TP_INTEL_RING_CTL, 0);
	return err ? TP_ERR_TEXT(err, engine->name, "%s does not stop") : 0;
}

/* ---- sleep ----------------------------------------------------------------------------------- */

static void power_off(struct tp_intel_engine *engine)
{
	tp_atomic_store(&engine->awake, 0, TP_RELEASE);
	tp_intel_forcewake_put(&engine->gt->uncore, engine->domain);
	tp_intel_gt_put(engine->gt);
}

static bool is_idle(const struct tp_intel_engine *engine)
{
	return tp_atomic_load(&engine->awake, TP_RELAXED) &&
	       (!engine->users || TP_MUTANT(park_unasked)) && tp_list_empty(&engine->requests);
}

uint64_t tp_intel_engine_park(struct tp_intel_engine *engine, uint64_t before_ns)
{
	uint64_t since_ns = 0;

	/* Who wakes it may wait for what only the service ends. */
	if (!tp_mutex_trylock(&engine->wake_lock))
		return 0;
	tp_spin_lock(&engine->lock);
	if (is_idle(engine))
		since_ns = TP_MAX(engine->idle_ns, UINT64_C(1)); /* time may begin with 0 */
	if (since_ns && since_ns <= before_ns)
		write_ring(engine, TP_INTEL_RING_CTL, 0);
	tp_spin_unlock(&engine->lock);
	if (since_ns && since_ns <= before_ns) {
		power_off(engine);
		since_ns = 0;
	}
	tp_mutex_unlock(&engine->wake_lock);
	return since_ns;
}

/* ---- waking ---------------------------------------------------------------------------------- */

static int start_if_running(struct tp_intel_engine *engine)
{
	bool runs;

	tp_spin_lock(&engine->lock);
	runs = tp_intel_gt_state(engine->gt) == TP_GPU_RUNNING;
	if (runs)
		tp_intel_engine_start(engine);
	tp_spin_unlock(&engine->lock);
	return runs ? 0
		    : TP_ERR_TEXT(-EIO, engine->name, "%s: its GT is being reset, or is wedged");
}

static int power_on(struct tp_intel_engine *engine)
{
	int err;

	tp_intel_gt_get(engine->gt);
	err = tp_intel_forcewake_get(&engine->gt->uncore, engine->domain);
	if (err) {
		tp_intel_gt_put(engine->gt);
		return err;
	}
	tp_atomic_store(&engine->awake, 1, TP_RELEASE);
	err = tp_intel_tlb_unpark(engine);
	if (!err)
		err = start_if_running(engine);
	if (err)
		power_off(engine);
	else
		tp_intel_kick(engine->gt->gpu); /* look at it from now on */
	return err;
}

static int try_unpark(struct tp_intel_engine *engine)
{
	int err = 0;

	tp_mutex_lock(&engine->wake_lock);
	if (!tp_atomic_load(&engine->awake, TP_RELAXED))
		err = power_on(engine);
	if (!err) {
		tp_spin_lock(&engine->lock);
		engine->users++;
		tp_spin_unlock(&engine->lock);
	}
	tp_mutex_unlock(&engine->wake_lock);
	return err;
}

/* A reset that came between is no reason to fail. */
int tp_intel_engine_unpark(struct tp_intel_engine *engine)
{
	struct tp_intel_gt *gt = engine->gt;

	for (;;) {
		uint32_t before = tp_atomic_load(&gt->resets, TP_ACQUIRE);
		int err = tp_intel_gt_state(gt) == TP_GPU_WEDGED
				  ? TP_ERR_TEXT(-EIO, engine->name, "%s: the GPU is wedged")
				  : try_unpark(engine);

		if (!err || tp_intel_gt_state(gt) == TP_GPU_WEDGED ||
		    (before % 2 == 0 && tp_atomic_load(&gt->resets, TP_ACQUIRE) == before))
			return err;
		tp_intel_wait_reset(gt->gpu);
	}
}

void tp_intel_engine_let_park(struct tp_intel_engine *engine)
{
	tp_spin_lock(&engine->lock);
	TP_INVARIANT(engine->users > 0);
	engine->users--;
	engine->idle_ns = tp_clock_now();
	tp_spin_unlock(&engine->lock);
}

/* ---- hang check ------------------------------------------------------------------------------ */

/* It stands because others do. */
static bool is_waiting(const struct tp_intel_request *request)
{
	for (unsigned i = 0; i < request->nr_depends; i++) {
		const struct tp_intel_point *point = &request->depends[i];
		uint32_t now = tp_atomic_load(point->timeline->slot, TP_ACQUIRE);

		if ((int32_t)(now - point->seqno) < 0)
			return true;
	}
	return false;
}

static bool look(struct tp_intel_engine *engine, uint64_t now_ns)
{
	uint32_t acthd = tp_intel_read_fw(&engine->gt->uncore, engine->base + TP_INTEL_RING_ACTHD);
	uint32_t seqno = tp_atomic_load(engine->timeline.slot, TP_ACQUIRE);
	uint64_t hang_ns = engine->gt->gpu->config.patience.hang_ns;

	if (!engine->begun_ns || seqno != engine->seen_seqno)
		engine->begun_ns = engine->stands_ns = now_ns;
	if (acthd != engine->seen_acthd)
		engine->stands_ns = now_ns;
	engine->seen_seqno = seqno;
	engine->seen_acthd = acthd;
	return now_ns - engine->stands_ns >= hang_ns ||
	       now_ns - engine->begun_ns >= RUNS_LONG * hang_ns;
}

bool tp_intel_engine_hangs(struct tp_intel_engine *engine)
{
	bool hangs = false;

	tp_spin_lock(&engine->lock);
	if (tp_list_empty(&engine->requests) ||
	    is_waiting(tp_list_entry(engine->requests.next, struct tp_intel_request, link)))
		engine->begun_ns = 0;
	else
		hangs = look(engine, tp_clock_now());
	tp_spin_unlock(&engine->lock);
	return hangs;
}

/* ---- beginning and end ----------------------------------------------------------------------- */

int tp_intel_engine_init(struct tp_intel_engine *engine, struct tp_intel *gpu, unsigned index,
			 const struct tp_intel_engine_id *id)
{
	const struct tp_intel_config *config = &gpu->config;
	uint32_t slot = index * TP_INTEL_SLOT_BYTES;
	int err;

	engine->gt = &gpu->gts[id->gt];
	engine->id = *id;
	engine->index = index;
	tp_intel_engine_name(id, engine->name);
	engine->base = tp_intel_engine_base(config->platform, id);
	engine->domain = tp_intel_engine_domain(gpu->platform, id);
	engine->invalidation = tp_intel_invalidation(config->platform, id, config->as_posted);
	engine->slot_ggtt = gpu->slots_ggtt + slot;
	tp_timeline_init(&engine->timeline, engine->name,
			 (tp_atomic_u32 *)(void *)((char *)gpu->slots.address + slot));
	tp_mutex_init(&engine->wake_lock, TP_RANK_GPU_QUEUE, index + 1);
	tp_spinlock_init(&engine->lock, TP_RANK_GPU_ENGINE, index);
	tp_wait_queue_init(&engine->room);
	tp_list_init(&engine->requests);
	err = tp_dma_alloc(gpu->bos.domain, TP_INTEL_RING_BYTES, config->node, engine->name,
			   &engine->ring);
	if (!err)
		err = tp_intel_ggtt_insert(gpu, engine->ring.dma, 1, &engine->ring_ggtt);
	if (err)
		tp_dma_free(&engine->ring);
	return err;
}

void tp_intel_engine_fini(struct tp_intel_engine *engine)
{
	if (!engine->ring.address)
		return;
	TP_INVARIANT(tp_list_empty(&engine->requests));
	if (tp_atomic_load(&engine->awake, TP_ACQUIRE))
		power_off(engine);
	tp_intel_ggtt_remove(engine->gt->gpu, engine->ring_ggtt, 1);
	tp_dma_free(&engine->ring);
}
