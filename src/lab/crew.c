/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * crew - threads that work in turns.
 *
 * Locking: none; an order is an atomic, and halted threads are counted.
 */
#include "lab/crew.h"

#include "core/invariant.h"

enum { WORK, HALT, QUIT };

static uint32_t order_of(struct tp_crew *crew)
{
	return tp_atomic_load(&crew->order, TP_ACQUIRE);
}

static void give_order(struct tp_crew *crew, uint32_t order)
{
	tp_atomic_store(&crew->order, order, TP_RELEASE);
	tp_wake_all(&crew->wq);
}

static void stay_halted(struct tp_crew *crew)
{
	tp_atomic_add(&crew->halted, 1, TP_ACQ_REL);
	tp_wake_all(&crew->wq);
	tp_wait_event(&crew->wq, order_of(crew) != HALT);
	tp_atomic_sub(&crew->halted, 1, TP_ACQ_REL);
}

static void work(void *arg)
{
	struct tp_worker *worker = arg;
	struct tp_crew *crew = worker->crew;

	for (;;) {
		switch (order_of(crew)) {
		case WORK:
			crew->turn(crew->arg, worker);
			break;
		case HALT:
			stay_halted(crew);
			break;
		default:
			return;
		}
	}
}

int tp_crew_start(struct tp_crew *crew, const char *name, unsigned nr, uint64_t seed,
		  void (*turn)(void *arg, struct tp_worker *worker), void *arg)
{
	int err;

	TP_INVARIANT(nr <= TP_CREW_MAX);
	*crew = (struct tp_crew){ .turn = turn, .arg = arg };
	tp_wait_queue_init(&crew->wq);
	for (unsigned i = 0; i < nr; i++) {
		struct tp_worker *worker = &crew->workers[i];

		worker->crew = crew;
		worker->index = i;
		tp_rng_fork(&worker->rng, seed, i);
		err = tp_thread_start(&worker->thread, name, work, worker);
		if (err) {
			tp_crew_stop(crew);
			return err;
		}
		crew->nr++;
	}
	return 0;
}

void tp_crew_halt(struct tp_crew *crew)
{
	if (!crew->nr)
		return;
	give_order(crew, HALT);
	tp_wait_event(&crew->wq, tp_atomic_load(&crew->halted, TP_ACQUIRE) == crew->nr);
}

void tp_crew_resume(struct tp_crew *crew)
{
	if (crew->nr)
		give_order(crew, WORK);
}

void tp_crew_stop(struct tp_crew *crew)
{
	if (!crew->nr)
		return;
	give_order(crew, QUIT);
	while (crew->nr)
		tp_thread_join(&crew->workers[--crew->nr].thread);
}
