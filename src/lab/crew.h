/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * crew - the threads of a load: they work in small turns and can be halted between two of them.
 *
 * Invariants
 *  C1  After tp_crew_halt() no thread of the crew works, and the caller sees what they did.
 *  C2  Only one thread, the one that runs the script, gives orders to a crew.
 */
#ifndef TP_LAB_CREW_H
#define TP_LAB_CREW_H

#include "core/rng.h"
#include "core/sync.h"

enum { TP_CREW_MAX = 16 };

struct tp_crew;

struct tp_worker {
	struct tp_crew *crew;
	unsigned index;
	struct tp_rng rng;
	struct tp_thread thread;
};

struct tp_crew {
	unsigned nr;
	tp_atomic_u32 order; /* enum in crew.c */
	tp_atomic_u32 halted;
	struct tp_wait_queue wq;
	void (*turn)(void *arg, struct tp_worker *worker);
	void *arg;
	struct tp_worker workers[TP_CREW_MAX];
};

/*
 * Start @nr threads that call @turn again and again, each with random numbers of its own.
 * -EAGAIN: a thread cannot be had; none is left behind.
 */
int tp_crew_start(struct tp_crew *crew, const char *name, unsigned nr, uint64_t seed,
		  void (*turn)(void *arg, struct tp_worker *worker), void *arg);
void tp_crew_halt(struct tp_crew *crew);
void tp_crew_resume(struct tp_crew *crew);
/* End and join the threads; a crew that never started, or has ended, is fine. */
void tp_crew_stop(struct tp_crew *crew);

#endif
