/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * run - who lets engines execute: whoever calls tp_intel_model_run(), or a thread of the device's
 * own.
 *
 * Invariants
 *  X4 of internal.h holds without a look: an engine gets work while its domain is awake, and keeps
 *  it so.
 *
 * Locking: engines under their own locks, in short bursts; interrupts are raised without any.
 */
#include "core/clock.h"
#include "core/invariant.h"
#include "model/intel/internal.h"

enum {
	BURST = 16, /* commands */
	ROUND = 64, /* of one engine, before the thread looks at the next */
};

/* ---- one engine ------------------------------------------------------------------------------ */

static void interrupt(struct tp_ihw_engine *e)
{
	struct tp_intel_model *m = e->model;
	unsigned irqs;

	tp_spin_lock(&m->lock);
	irqs = tp_ihw_interrupt(m, e->id.gt, e->irq_bit);
	tp_spin_unlock(&m->lock);
	tp_ihw_raise(m, irqs);
}

static unsigned burst(struct tp_ihw_engine *e, unsigned commands)
{
	bool irq = false;
	unsigned n;

	tp_spin_lock(&e->lock);
	n = tp_ihw_engine_run(e, commands, &irq);
	tp_spin_unlock(&e->lock);
	if (irq)
		interrupt(e);
	return n;
}

/* What is due happens before each burst.  Returns how many commands it executed. */
static unsigned run_engine(struct tp_ihw_engine *e, unsigned commands)
{
	unsigned done = 0, now, n;

	do {
		tp_ihw_look(e->model);
		now = TP_MIN(commands - done, (unsigned)BURST);
		n = burst(e, now);
		done += n;
	} while (done < commands && n >= now);
	return done;
}

bool tp_intel_model_run_engine(struct tp_intel_model *m, unsigned engine, unsigned commands)
{
	TP_INVARIANT(engine < m->nr_engines);
	return run_engine(&m->engines[engine], commands) > 0;
}

bool tp_intel_model_run(struct tp_intel_model *m, unsigned commands)
{
	bool some = false;

	tp_ihw_for_each_engine(e, m) some |= run_engine(e, commands) > 0;
	return some;
}

/* ---- the thread ------------------------------------------------------------------------------ */

/* What an engine has to show for a round. */
enum progress { IDLE, WAITS, WORKED };

struct look {
	uint64_t stores;
	bool busy;
};

static struct look look_at(struct tp_ihw_engine *e)
{
	struct look look;

	tp_spin_lock(&e->lock);
	look.stores = e->stat.stores;
	look.busy = tp_ihw_engine_is_busy(e) && !e->hung;
	tp_spin_unlock(&e->lock);
	return look;
}

static enum progress serve_engine(struct tp_ihw_engine *e)
{
	struct look before = look_at(e), after;

	if (!before.busy)
		return IDLE;
	run_engine(e, ROUND);
	after = look_at(e);
	if (after.stores != before.stores || !after.busy)
		return WORKED;
	return WAITS;
}

static enum progress serve_engines(struct tp_intel_model *m)
{
	enum progress most = IDLE;

	tp_ihw_for_each_engine(e, m) most = TP_MAX(most, serve_engine(e));
	return most;
}

/* When the firmware of a GT has something to do, at the earliest. */
static uint64_t serve_firmware(struct tp_intel_model *m)
{
	uint64_t next = UINT64_MAX;

	tp_ihw_look(m);
	tp_spin_lock(&m->lock);
	for (unsigned gt = 0; gt < m->nr_gts; gt++)
		if (m->gts[gt].firmware.due_ns)
			next = TP_MIN(next, m->gts[gt].firmware.due_ns);
	tp_spin_unlock(&m->lock);
	return next;
}

struct tp_model_round tp_ihw_serve(void *arg)
{
	struct tp_intel_model *m = arg;
	const enum progress progress = serve_engines(m);

	return (struct tp_model_round){ .worked = progress == WORKED,
					.waits = progress == WAITS,
					.next_ns = serve_firmware(m) };
}
