/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * avf_poll - who polls the queues, and when: the user, a thread that does nothing else, or a thread
 * per queue pair that an interrupt wakes.
 *
 * Invariants
 *  L1  Whatever a poll leaves undone is asked for again: it returns its budget, and the caller, or
 *      the loop here, comes back without an interrupt (T5, T6, T7).
 *  L2  A thread goes to sleep only after it armed the interrupt and then saw nothing to do: what
 *      the device wrote before is seen, for what it writes after there is an interrupt.
 *
 * Locking: poll_lock.  Interrupt handlers take no lock.
 */
#include <stdio.h>

#include "core/clock.h"
#include "net/avf/avf_traffic.h"

enum {
	BUDGET = 64,
	RETRY_MS = 1, /* after a refill that found no memory */
};

/* ---- one poll -------------------------------------------------------------------------------- */

unsigned tp_avf_poll(struct tp_netdev *nd, unsigned queue, unsigned budget)
{
	struct tp_avf_queue *q = tp_avf_queue_of(nd, queue);
	unsigned done = 0;

	tp_mutex_lock(&q->poll_lock);
	if (tp_likely(tp_atomic_load(&tp_avf_of(nd)->running, TP_ACQUIRE) && q->rx.count)) {
		bool sent_all = tp_avf_tx_clean(q);

		done = tp_avf_rx_clean(q, budget);
		if (!sent_all)
			done = budget;
	}
	tp_mutex_unlock(&q->poll_lock);
	return done;
}

void tp_avf_schedule(struct tp_avf_queue *q)
{
	tp_avf_ask(&q->scheduled, &q->wake);
}

static bool stopping(struct tp_avf *avf)
{
	return tp_atomic_load(&avf->run_stopping, TP_ACQUIRE);
}

/* ---- polling without a pause ----------------------------------------------------------------- */

static void poll_loop(void *arg)
{
	struct tp_avf *avf = arg;

	while (!stopping(avf)) {
		unsigned done = 0;

		for (unsigned i = 0; i < avf->run_queues; i++)
			done += tp_avf_poll(&avf->nd, i, BUDGET);
		if (!done)
			tp_yield();
	}
}

/* ---- polling after an interrupt -------------------------------------------------------------- */

static bool has_work(struct tp_avf_queue *q)
{
	bool work;

	tp_mutex_lock(&q->poll_lock);
	work = tp_atomic_load(&q->rx.avf->running, TP_ACQUIRE) && q->rx.count &&
	       (tp_avf_rx_waiting(&q->rx) || tp_avf_tx_waiting(&q->tx));
	tp_mutex_unlock(&q->poll_lock);
	return work;
}

/* Wait for memory, or for anything else that wants a poll. */
static void wait_for_memory(struct tp_avf_queue *q)
{
	uint32_t ticket = tp_wait_prepare(&q->wake);

	if (stopping(q->rx.avf))
		tp_wait_abandon(&q->wake);
	else
		tp_wait_commit(&q->wake, ticket, tp_clock_after(TP_MILLISECONDS(RETRY_MS)));
}

/* Poll until there is nothing left, then let the device interrupt again. */
static void serve(struct tp_avf_queue *q)
{
	struct tp_avf *avf = q->rx.avf;
	bool writes_back = false;

	while (tp_avf_poll(&avf->nd, q->rx.index, BUDGET) == BUDGET && !stopping(avf)) {
		if (!writes_back)
			tp_avf_irq_wb(avf, q->rx.index);
		writes_back = true;
		if (tp_atomic_load(&q->rx.refill_failed, TP_RELAXED))
			wait_for_memory(q);
	}
	if (!tp_atomic_load(&avf->running, TP_ACQUIRE))
		return;
	tp_avf_irq_enable(avf, q->rx.index);
	if (!TP_MUTANT(rearm_unlooked) && has_work(q)) /* L2 */
		tp_avf_schedule(q);
}

static void interrupt_loop(void *arg)
{
	struct tp_avf_queue *q = arg;

	while (!stopping(q->rx.avf)) {
		uint32_t ticket = tp_wait_prepare(&q->wake);

		if (!tp_atomic_load(&q->scheduled, TP_RELAXED) && !stopping(q->rx.avf)) {
			tp_wait_commit(&q->wake, ticket, TP_WAIT_FOREVER);
			continue;
		}
		tp_wait_abandon(&q->wake);
		if (tp_avf_take(&q->scheduled))
			serve(q);
		if (TP_MUTANT(schedule_taken_late))
			tp_avf_take(&q->scheduled);
	}
}

/* ---- their threads --------------------------------------------------------------------------- */

static int start_poll_thread(struct tp_avf *avf)
{
	int err = tp_thread_start(&avf->poll_thread, "avf poll", poll_loop, avf);

	avf->has_poll_thread = !err;
	return err;
}

static int start_queue_threads(struct tp_avf *avf)
{
	for (unsigned i = 0; i < avf->run_queues; i++) {
		struct tp_avf_queue *q = &avf->queues[i];
		char name[sizeof(q->thread.name)];
		int err;

		snprintf(name, sizeof(name), "avf queue %u", i % TP_AVF_MAX_QUEUES);
		err = tp_thread_start(&q->thread, name, interrupt_loop, q);
		q->has_thread = !err;
		if (err)
			return err;
	}
	return 0;
}

int tp_avf_run_start(struct tp_avf *avf)
{
	int err = 0;

	tp_atomic_store(&avf->run_stopping, 0, TP_RELEASE);
	avf->run_queues = avf->nd.config.queues;
	if (avf->run == TP_AVF_RUN_POLL)
		err = start_poll_thread(avf);
	else if (avf->run == TP_AVF_RUN_INTERRUPT)
		err = start_queue_threads(avf);
	if (err)
		tp_avf_run_stop(avf);
	return err;
}

void tp_avf_run_stop(struct tp_avf *avf)
{
	tp_atomic_store(&avf->run_stopping, 1, TP_RELEASE);
	if (avf->has_poll_thread)
		tp_thread_join(&avf->poll_thread);
	avf->has_poll_thread = false;
	for (unsigned i = 0; i < TP_AVF_MAX_QUEUES; i++) {
		struct tp_avf_queue *q = &avf->queues[i];

		if (!q->has_thread)
			continue;
		tp_wake_all(&q->wake);
		tp_thread_join(&q->thread);
		q->has_thread = false;
	}
}

/* ---- with their interrupts ------------------------------------------------------------------- */

int tp_avf_crew_start(struct tp_avf *avf)
{
	int err = tp_avf_irqs_request(avf);

	if (err)
		return err;
	err = tp_avf_run_start(avf);
	if (err)
		tp_avf_irqs_free(avf);
	return err;
}

void tp_avf_crew_stop(struct tp_avf *avf)
{
	tp_avf_run_stop(avf);
	tp_avf_irqs_free(avf);
}
