/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* run - who lets rings execute: tp_amd_model_run(), or a thread of the device's own. */
#include "core/invariant.h"
#include "model/amd/internal.h"

enum {
	BURST = 64,  /* packets */
	ROUND = 128, /* of one ring, before the thread looks at the next */
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

/* When something is over that only the thread does, or that nobody may be looking for. */
static uint64_t next_due(struct tp_amd_model *m)
{
	uint64_t next;

	tp_spin_lock(&m->lock);
	next = m->flr_due_ns ? m->flr_due_ns : UINT64_MAX;
	if (m->mode1_due_ns)
		next = TP_MIN(next, m->mode1_due_ns);
	if (m->resetting) /* somebody else loses memory just now */
		next = TP_MIN(next, tp_clock_after(TP_MICROSECONDS(100)));
	tp_spin_unlock(&m->lock);
	return next;
}

struct tp_model_round tp_ahw_serve(void *arg)
{
	struct tp_amd_model *m = arg;
	struct tp_model_round round;

	tp_ahw_look_as_thread(m);
	round = (struct tp_model_round){ .worked = tp_amd_model_run(m, ROUND) };
	if (round.worked)
		return round;
	tp_ahw_for_each_ring(ring, m) round.waits |= is_busy(ring);
	round.next_ns = next_due(m);
	return round;
}
