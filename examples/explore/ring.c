/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ring.c - a scenario: three values go through a ring of two slots, and come out in order.
 *
 * "tidepool explore --load ./ring.so" finds it by its constructor; see README.md.
 */
#include <tidepool/explore.h>
#include <tidepool/sim.h>

#include "ring.h"

enum { VALUES = 3 };

/* Once.  What lies in memory of tp_sim_alloc() is put back to this before every run. */
static void *prepare(void)
{
	return tp_sim_alloc(sizeof(struct ring));
}

/* A loop that waits for another task says so; else it would be explored round after round. */
static void push_all(void *ring)
{
	for (int value = 1; value <= VALUES; value++)
		while (!ring_push(ring, value))
			tp_sim_relax();
}

static void pop_all(void *ring)
{
	int value;

	for (int expected = 1; expected <= VALUES; expected++) {
		while (!ring_pop(ring, &value))
			tp_sim_relax();
		TP_EXPECT(value == expected);
	}
}

/* At the beginning of every run. */
static void start(void *ring)
{
	tp_sim_start("push", push_all, ring);
	tp_sim_start("pop", pop_all, ring);
}

/* When all tasks have ended. */
static void check(void *ring)
{
	int value;

	TP_EXPECT(!ring_pop(ring, &value));
}

TP_SCENARIO(ring_spsc, {
			       .name = "ring/push-vs-pop",
			       .summary = "a value is popped before it is there, or out of order",
			       .prepare = prepare,
			       .start = start,
			       .check = check,
			       .memory = TP_MEMORY_C11,
		       })
