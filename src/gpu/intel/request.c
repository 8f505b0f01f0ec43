/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * request - what a request is in a ring, and its end.
 *
 * In the ring: wait for others, forget translations, load the root, run the batch, write the
 * number, interrupt.  Commands do not go over the end of the ring, which is filled up with
 * commands that do nothing.
 */
#include <errno.h>

#include "core/alloc.h"
#include "core/clock.h"
#include "gpu/intel/intel_command_regs.h"
#include "gpu/intel/internal.h"

enum {
	WORDS = 22, /* without waits; even, so that the tail is aligned to 8 bytes */
	WAIT_WORDS = 4,
	MAX_WORDS = WORDS + TP_INTEL_MAX_DEPENDS * WAIT_WORDS,
	GAP = 8, /* a full ring must not look like an empty one */
};

_Static_assert(2 * MAX_WORDS * 4 <= TP_INTEL_RING_BYTES - GAP,
	       "a request has room in an empty ring, wherever that begins");

/* ---- words ----------------------------------------------------------------------------------- */

static void put(struct tp_intel_engine *engine, uint32_t word)
{
	tp_atomic_u32 *ring = engine->ring.address;

	tp_atomic_store(&ring[engine->tail / 4], word, TP_RELAXED);
	engine->tail = (engine->tail + 4) % TP_INTEL_RING_BYTES;
}

static void put_address(struct tp_intel_engine *engine, uint64_t address)
{
	put(engine, (uint32_t)address);
	put(engine, (uint32_t)(address >> 32));
}

static void load_register(struct tp_intel_engine *engine, uint32_t reg, uint32_t value)
{
	put(engine, TP_INTEL_MI_LOAD_REGISTER);
	put(engine, reg);
	put(engine, value);
}

static void flush(struct tp_intel_engine *engine, uint32_t flags, uint64_t address, uint32_t data)
{
	put(engine, TP_INTEL_MI_FLUSH | flags);
	put_address(engine, address);
	put(engine, data);
}

static void wait_for(struct tp_intel_engine *engine, const struct tp_intel_point *point)
{
	put(engine, TP_INTEL_MI_SEMAPHORE_WAIT | TP_INTEL_MI_GGTT);
	put(engine, point->seqno);
	put_address(engine, point->slot_ggtt);
}

static void fill(struct tp_intel_engine *engine, const struct tp_intel_request *request)
{
	uint64_t root = tp_intel_tables_root(&request->vm->tables);

	for (unsigned i = 0; i < request->nr_depends; i++)
		wait_for(engine, &request->depends[i]);
	flush(engine, TP_INTEL_MI_FLUSH_TLB, 0, 0);
	load_register(engine, TP_INTEL_RING_PDP0_LO, (uint32_t)root);
	load_register(engine, TP_INTEL_RING_PDP0_HI, (uint32_t)(root >> 32));
	load_register(engine, TP_INTEL_RING_ASID, request->vm->asid);
	put(engine, TP_INTEL_MI_BATCH_START);
	put_address(engine, request->batch);
	flush(engine, TP_INTEL_MI_FLUSH_STORE | TP_INTEL_MI_GGTT, engine->slot_ggtt,
	      request->fence->seqno);
	put(engine, TP_INTEL_MI_USER_INTERRUPT);
	put(engine, TP_INTEL_MI_NOOP);
}

/* ---- the ring -------------------------------------------------------------------------------- */

/* What has to be skipped because @bytes do not fit before its end. */
static uint32_t padding(const struct tp_intel_engine *engine, uint32_t bytes)
{
	uint32_t left = TP_INTEL_RING_BYTES - engine->tail;

	return bytes > left ? left : 0;
}

static uint32_t room(const struct tp_intel_engine *engine)
{
	return (engine->head - engine->tail - GAP) % TP_INTEL_RING_BYTES;
}

bool tp_intel_request_emit(struct tp_intel_engine *engine, struct tp_intel_request *request)
{
	uint32_t bytes = (WORDS + request->nr_depends * WAIT_WORDS) * 4;
	uint32_t pad = padding(engine, bytes);

	tp_spin_assert_held(&engine->lock);
	if (pad + bytes > room(engine))
		return false;
	tp_fence_begin(request->fence, &engine->timeline);
	for (; pad; pad -= 4)
		put(engine, TP_INTEL_MI_NOOP);
	fill(engine, request);
	request->tail = engine->tail;
	tp_list_add_before(&engine->requests, &request->link);
	tp_quiet_add(&engine->submitted, 1);
	tp_intel_write_fw(&engine->gt->uncore, engine->base + TP_INTEL_RING_TAIL, engine->tail);
	return true;
}

/* ---- the end --------------------------------------------------------------------------------- */

void tp_intel_request_free(struct tp_intel_request *request)
{
	tp_intel_vm_drop(request->vm);
	tp_fence_put(request->fence);
	tp_free(request);
}

static void take_ended(struct tp_intel_engine *engine, struct tp_list *ended)
{
	tp_list_for_each_safe(request, &engine->requests, struct tp_intel_request, link) {
		if (!tp_fence_is_signaled(request->fence))
			return;
		engine->head = request->tail;
		engine->idle_ns = tp_clock_now();
		tp_quiet_add(tp_fence_error(request->fence) ? &engine->failed : &engine->completed,
			     1);
		tp_list_remove(&request->link);
		tp_list_add_before(ended, &request->link);
	}
}

bool tp_intel_engine_retire(struct tp_intel_engine *engine)
{
	struct tp_list ended;
	bool is_left;

	tp_list_init(&ended);
	tp_spin_lock(&engine->lock);
	take_ended(engine, &ended);
	is_left = !tp_list_empty(&engine->requests);
	tp_spin_unlock(&engine->lock);
	if (tp_list_empty(&ended))
		return is_left;
	/* Their interrupt may have been lost, with a ring that was turned off for instance. */
	tp_timeline_wake(&engine->timeline);
	tp_wake_all(&engine->room);
	tp_list_for_each_safe(request, &ended, struct tp_intel_request, link)
		tp_intel_request_free(request);
	tp_intel_ask_bury(engine->gt->gpu);
	return is_left;
}

void tp_intel_engine_cancel(struct tp_intel_engine *engine, bool guilty)
{
	int err = guilty ? -EIO : -ECANCELED;

	tp_spin_lock(&engine->lock);
	tp_list_for_each(request, &engine->requests, struct tp_intel_request, link) {
		if (tp_fence_is_signaled(request->fence))
			continue;
		tp_fence_fail(request->fence, err);
		err = -ECANCELED;
	}
	engine->begun_ns = 0;
	tp_timeline_force(&engine->timeline, tp_atomic_load(&engine->timeline.last, TP_RELAXED));
	tp_spin_unlock(&engine->lock);
	tp_intel_engine_retire(engine);
	tp_wake_all(&engine->room);
}
