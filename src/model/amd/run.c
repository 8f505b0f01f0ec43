/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * run - who lets rings execute: whoever calls tp_amd_model_run(), or a thread of the device's own.
 *
 * The thread sleeps when no ring can go on.  One that waits, because it polls, is looked at again
 * after a pause, which grows while that is all there is.
 */
#include "core/invariant.h"
#include "model/amd/internal.h"

enum {
	BURST = 16, /* packets */
	ROUND = 64, /* of one ring, before the thread looks at the next */
	MIN_PAUSE_NS = 5000,
	MAX_PAUSE_NS = 200000,
};

/* ---- one ring -------------------------------------------------------------------------------- */

/* What is due happens before each burst.  Returns how many packets it executed. */
static unsigned run_ring(struct tp_ahw_ring *ring, unsigned packets)
{
	unsigned done = 0, now, n;

	do {
		unsigned vectors = 0;

		tp_ahw_look(ring->model);
		now = TP_MIN(packets - done, (unsigned)BURST);
		n = tp_ahw_ring_run(ring, now, &vectors);
		tp_ahw_raise(ring->model, vectors);
		done += n;
	} while (done < packets && n >= now);
	return done;
}

bool tp_amd_model_run_ring(struct tp_amd_model *m, enum tp_amd_ring_id ring, unsigned packets)
{
	TP_INVARIANT(ring < TP_AMD_NR_RINGS);
	return run_ring(&m->rings[ring], packets) > 0;
}

bool tp_amd_model_run(struct tp_amd_model *m, unsigned packets)
{
	bool some = false;

	tp_ahw_for_each_ring(ring, m) some |= run_ring(ring, packets) > 0;
	return some;
}

/* ---- the thread ------------------------------------------------------------------------------ */

static bool is_busy(struct tp_ahw_ring *ring)
{
	bool busy;

	tp_spin_lock(&ring->lock);
	busy = tp_ahw_ring_is_busy(ring);
	tp_spin_unlock(&ring->lock);
	return busy;
}

/* When something is over that nobody may be waiting for with a look at a register. */
static uint64_t next_due(struct tp_amd_model *m)
{
	uint64_t next;

	tp_spin_lock(&m->lock);
	next = m->flr_due_ns ? m->flr_due_ns : UINT64_MAX;
	tp_spin_unlock(&m->lock);
	return next;
}

/* One round; returns when the next one is wanted, 0: now. */
static uint64_t serve(struct tp_amd_model *m, uint64_t *pause_ns)
{
	bool waits = false, worked = tp_amd_model_run(m, ROUND);
	uint64_t next;

	if (worked) {
		*pause_ns = MIN_PAUSE_NS;
		return 0;
	}
	tp_ahw_for_each_ring(ring, m) waits |= is_busy(ring);
	next = next_due(m);
	if (waits) {
		next = TP_MIN(next, tp_clock_after(*pause_ns));
		*pause_ns = TP_MIN(*pause_ns * 2, (uint64_t)MAX_PAUSE_NS);
	}
	return next;
}

static bool is_stopping(struct tp_amd_model *m)
{
	return tp_atomic_load(&m->stopping, TP_ACQUIRE);
}

static void run_thread(void *arg)
{
	struct tp_amd_model *m = arg;
	uint64_t pause_ns = MIN_PAUSE_NS;

	while (!is_stopping(m)) {
		uint32_t ticket = tp_wait_prepare(&m->work);
		uint64_t next_ns = serve(m, &pause_ns);

		if (!next_ns || is_stopping(m))
			tp_wait_abandon(&m->work);
		else if (tp_wait_commit(&m->work, ticket, next_ns))
			pause_ns = MIN_PAUSE_NS;
	}
}

int tp_ahw_thread_start(struct tp_amd_model *m)
{
	int err;

	if (m->config.mode != TP_AMD_MODEL_THREAD)
		return 0;
	m->has_thread = true; /* before the thread looks */
	err = tp_thread_start(&m->thread, m->bus.name, run_thread, m);
	if (err)
		m->has_thread = false;
	return err;
}

void tp_ahw_thread_stop(struct tp_amd_model *m)
{
	if (!m->has_thread)
		return;
	tp_atomic_store(&m->stopping, 1, TP_RELEASE);
	tp_wake_all(&m->work);
	tp_thread_join(&m->thread);
	m->has_thread = false;
}

void tp_ahw_kick(struct tp_amd_model *m)
{
	if (m->has_thread)
		tp_wake_all(&m->work);
}
