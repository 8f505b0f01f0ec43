/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * model_restarts - a send queue is started again by its senders and by its poll, and both count it.
 *
 * As it was posted for iavf both add to one counter under one sequence number, which each makes odd
 * and even again as if it were alone: restarts get lost, and the number may be left odd, which
 * holds up every reader for ever.  Right, each writer has a counter and a number of his own, and
 * who reads adds up.
 */
#include <tidepool/explore.h>
#include <tidepool/sim.h>

enum { WRITERS = 2, RESTARTS = 2 };

struct model {
	bool shared;
	struct group {
		TP_ATOMIC(uint32_t) seq;
		TP_ATOMIC(uint64_t) restarts;
	} groups[WRITERS];
};

static void restart(struct group *g)
{
	tp_atomic_store(&g->seq, tp_atomic_load(&g->seq, TP_RELAXED) + 1, TP_RELAXED);
	tp_fence(TP_RELEASE);
	tp_atomic_store(&g->restarts, tp_atomic_load(&g->restarts, TP_RELAXED) + 1, TP_RELAXED);
	tp_atomic_store(&g->seq, tp_atomic_load(&g->seq, TP_RELAXED) + 1, TP_RELEASE);
}

static void poll(void *arg)
{
	struct model *m = arg;

	for (unsigned i = 0; i < RESTARTS; i++)
		restart(&m->groups[0]);
}

static void send(void *arg)
{
	struct model *m = arg;

	for (unsigned i = 0; i < RESTARTS; i++)
		restart(&m->groups[m->shared ? 0 : 1]);
}

static void *prepare(bool shared)
{
	struct model *m = tp_sim_alloc(sizeof(*m));

	m->shared = shared;
	return m;
}

static void *prepare_broken(void)
{
	return prepare(true);
}

static void *prepare_right(void)
{
	return prepare(false);
}

static void start(void *state)
{
	tp_sim_start("poll", poll, state);
	tp_sim_start("send", send, state);
}

static void check(void *state)
{
	struct model *m = state;
	uint64_t sum = 0;

	for (unsigned i = 0; i < WRITERS; i++) {
		TP_EXPECT(tp_atomic_load(&m->groups[i].seq, TP_RELAXED) % 2 == 0);
		sum += tp_atomic_load(&m->groups[i].restarts, TP_RELAXED);
	}
	TP_EXPECT(sum == WRITERS * RESTARTS);
}

TP_SCENARIO(restarts_broken,
	    {
		    .name = "model/restarts-two-writers-broken",
		    .summary = "two writers of one counter behind one sequence number",
		    .prepare = prepare_broken,
		    .start = start,
		    .check = check,
	    })

TP_SCENARIO(restarts, {
			      .name = "model/restarts-two-writers",
			      .summary = "a counter and a number for each of them",
			      .prepare = prepare_right,
			      .start = start,
			      .check = check,
			      .memory = TP_MEMORY_C11,
		      })
