/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * model_lost_wakeup - a sleeper that looks, then takes its ticket, then sleeps.
 *
 * What is done between the look and the ticket wakes nobody: the sleeper sleeps for ever.  Taken
 * before the look, the ticket is out of date when he commits it, and he does not sleep at all.
 */
#include <tidepool/explore.h>
#include <tidepool/sim.h>

struct model {
	bool ticket_first;
	TP_ATOMIC(uint32_t) work;
	struct tp_wait_queue wq;
};

static void produce(void *arg)
{
	struct model *m = arg;

	tp_atomic_store(&m->work, 1, TP_RELEASE);
	tp_wake_all(&m->wq);
}

static void consume(void *arg)
{
	struct model *m = arg;
	uint32_t ticket = 0;

	for (;;) {
		if (m->ticket_first)
			ticket = tp_wait_prepare(&m->wq);
		if (tp_atomic_load(&m->work, TP_ACQUIRE))
			break;
		if (!m->ticket_first)
			ticket = tp_wait_prepare(&m->wq);
		tp_wait_commit(&m->wq, ticket, TP_WAIT_FOREVER);
	}
	if (m->ticket_first)
		tp_wait_abandon(&m->wq);
}

static void *prepare(bool ticket_first)
{
	struct model *m = tp_sim_alloc(sizeof(*m));

	m->ticket_first = ticket_first;
	return m;
}

static void *prepare_broken(void)
{
	return prepare(false);
}

static void *prepare_right(void)
{
	return prepare(true);
}

static void start(void *state)
{
	tp_sim_start("produce", produce, state);
	tp_sim_start("consume", consume, state);
}

TP_SCENARIO(lost_wakeup_broken, {
					.name = "model/lost-wakeup-broken",
					.summary = "a look, then the ticket, then the sleep",
					.prepare = prepare_broken,
					.start = start,
				})

TP_SCENARIO(lost_wakeup, {
				 .name = "model/lost-wakeup",
				 .summary = "the ticket, then the look, then the sleep",
				 .prepare = prepare_right,
				 .start = start,
			 })
