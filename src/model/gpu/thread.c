/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* thread - rounds, and pauses between them. */
#include "model/gpu/thread.h"

#include "core/clock.h"

enum { MIN_PAUSE_NS = 5000, MAX_PAUSE_NS = 200000 };

/* How often it looks for more to do before it sleeps, and how long it lets pass in between: some 50
 * microseconds, in which work comes that follows other work.  An explorer's tasks need none. */
#ifdef TP_SIM
enum { LOOKS = 0, RELAXES = 0 };
#else
enum { LOOKS = 16, RELAXES = 64 };
#endif

void tp_model_thread_init(struct tp_model_thread *t, struct tp_model_round (*serve)(void *arg),
			  void *arg)
{
	t->serve = serve;
	t->arg = arg;
	tp_wait_queue_init(&t->work);
}

static bool is_stopping(struct tp_model_thread *t)
{
	return tp_atomic_load(&t->stopping, TP_ACQUIRE);
}

/* One round; returns when the next one is wanted, 0: now. */
static uint64_t serve(struct tp_model_thread *t, uint64_t *pause_ns)
{
	const struct tp_model_round round = t->serve(t->arg);
	uint64_t next_ns = round.next_ns;

	if (round.worked) {
		*pause_ns = MIN_PAUSE_NS;
		return 0;
	}
	if (round.waits) {
		next_ns = TP_MIN(next_ns, tp_clock_after(*pause_ns));
		*pause_ns = TP_MIN(*pause_ns * 2, (uint64_t)MAX_PAUSE_NS);
	}
	return next_ns;
}

/* All there is to do; without a ticket, so that nobody has to wake who is awake. */
static void work(struct tp_model_thread *t)
{
	for (int looks = 0; looks < LOOKS && !is_stopping(t); looks++) {
		if (t->serve(t->arg).worked)
			looks = 0;
		for (int i = 0; looks && i < RELAXES; i++)
			tp_cpu_relax();
	}
}

static void run(void *arg)
{
	struct tp_model_thread *t = arg;
	uint64_t pause_ns = MIN_PAUSE_NS;

	while (!is_stopping(t)) {
		uint32_t ticket;
		uint64_t next_ns;

		work(t);
		ticket = tp_wait_prepare(&t->work);
		next_ns = serve(t, &pause_ns);
		if (!next_ns || is_stopping(t))
			tp_wait_abandon(&t->work);
		else if (tp_wait_commit(&t->work, ticket, next_ns))
			pause_ns = MIN_PAUSE_NS;
	}
}

int tp_model_thread_start(struct tp_model_thread *t, const char *name)
{
	int err;

	t->runs = true; /* before the thread looks */
	err = tp_thread_start(&t->thread, name, run, t);
	if (err)
		t->runs = false;
	return err;
}

void tp_model_thread_stop(struct tp_model_thread *t)
{
	if (!t->runs)
		return;
	tp_atomic_store(&t->stopping, 1, TP_RELEASE);
	tp_wake_all(&t->work);
	tp_thread_join(&t->thread);
	t->runs = false;
}

void tp_model_thread_kick(struct tp_model_thread *t)
{
	if (t->runs || t->watched)
		tp_wake_all(&t->work);
}
