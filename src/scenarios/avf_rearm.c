/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * avf_rearm - the thread of a queue pair enables its interrupt after it has found nothing, while a
 * frame arrives whose interrupt nobody gets.
 *
 * The device is a stub that forgets interrupts which were due while they were off.  The model notes
 * them, so that nobody would miss the look (avf_irq).
 *
 * Must hold: the thread looks once more after it has enabled the interrupt, so that the frame is
 * delivered without another one that would wake it (L2).  The same if the thread is woken too early
 * to poll, and once more when it may: of two who ask for a poll none is overlooked (T6).
 */
#include "scenarios/avf_stub.h"

enum { RING = 4, FRAME_LEN = 60, VECTOR = 1 };

struct model {
	struct tp_avf_stub stub;
	struct tp_spinlock lock;
	bool enabled; /* under the lock */
	struct tp_wait_queue news;
	TP_ATOMIC(uint32_t) delivered;
};

/* ---- device and user ------------------------------------------------------------------------- */

static void write_register(struct tp_bus_device *bus, uint32_t offset, uint32_t value)
{
	struct model *m = tp_container_of(bus, struct model, stub.bus);

	if (offset != TP_AVF_DYN_CTLN(VECTOR))
		return;
	tp_spin_lock(&m->lock);
	m->enabled = value & TP_AVF_INTENA;
	tp_spin_unlock(&m->lock);
}

static const struct tp_bus_ops bus_ops = { .write = write_register };

static void raise(struct model *m)
{
	bool raised;

	tp_spin_lock(&m->lock);
	raised = m->enabled;
	m->enabled = false;
	tp_spin_unlock(&m->lock);
	if (raised)
		tp_avf_schedule(&m->stub.avf.queues[0]);
}

static void receive(void *arg, tp_unused unsigned queue, struct tp_netbuf **frames, unsigned n)
{
	struct model *m = arg;

	tp_netbuf_free_bulk(frames, n);
	tp_atomic_count(&m->delivered, n);
	tp_wake_all(&m->news);
}

static void *prepare(void)
{
	struct model *m = tp_sim_alloc(sizeof(*m));
	const struct tp_netdev_user user = { .name = "user", .receive = receive, .arg = m };

	tp_spinlock_init(&m->lock, TP_RANK_IRQ, 0);
	tp_wait_queue_init(&m->news);
	tp_avf_stub_init(&m->stub, RING, TP_NODE_NONE, 0, &bus_ops, &user);
	m->stub.avf.run = TP_AVF_RUN_INTERRUPT;
	TP_SCENE_MUST(tp_avf_run_start(&m->stub.avf));
	return m;
}

/* A frame is there, and no poll is let in yet. */
static void *prepare_quiesced(void)
{
	struct model *m = prepare();

	tp_avf_quiesce(&m->stub.avf);
	tp_atomic_store(&m->stub.avf.queues[0].scheduled, 0, TP_RELAXED);
	tp_avf_stub_write_frame(&m->stub, 0, FRAME_LEN);
	m->enabled = true;
	return m;
}

/* ---- tasks ----------------------------------------------------------------------------------- */

static void wait_and_stop(struct model *m)
{
	tp_wait_event(&m->news, tp_atomic_load(&m->delivered, TP_RELAXED) == 1);
	tp_avf_run_stop(&m->stub.avf);
}

static void bring(void *arg)
{
	struct model *m = arg;

	tp_avf_stub_write_frame(&m->stub, 0, FRAME_LEN);
	raise(m);
	wait_and_stop(m);
}

static void interrupt(void *arg)
{
	raise(arg);
}

static void let_in(void *arg)
{
	struct model *m = arg;

	tp_avf_unquiesce(&m->stub.avf);
	wait_and_stop(m);
}

/* ---- scenarios ------------------------------------------------------------------------------- */

static void start(void *state)
{
	tp_sim_start("device", bring, state);
}

static void start_quiesced(void *state)
{
	tp_sim_start("device", interrupt, state);
	tp_sim_start("reset", let_in, state);
}

TP_SCENARIO(frame_rearm, {
				 .name = "avf/frame-vs-rearm",
				 .summary = "a frame arrives whose interrupt is still off",
				 .prepare = prepare,
				 .start = start,
				 .memory = TP_MEMORY_C11,
				 .threads = true,
			 })

TP_SCENARIO(irq_unquiesce, {
				   .name = "avf/irq-vs-unquiesce",
				   .summary = "an interrupt comes just before polls are let in",
				   .prepare = prepare_quiesced,
				   .start = start_quiesced,
				   .memory = TP_MEMORY_C11,
				   .threads = true,
			   })
