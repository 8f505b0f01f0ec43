/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * thread - a device's own thread, which runs all its engines.
 *
 * It sleeps when nothing can go on.  What waits for memory to change, or does nothing but read, is
 * looked at again after a pause, which grows while that is all there is.
 */
#ifndef TP_MODEL_GPU_THREAD_H
#define TP_MODEL_GPU_THREAD_H

#include "core/sync.h"

/* What a round came to. */
struct tp_model_round {
	bool worked, waits; /* something went on; or something waits for memory to change */
	uint64_t next_ns;   /* when there is more to do at the latest; UINT64_MAX: nobody knows */
};

struct tp_model_thread {
	struct tp_model_round (*serve)(void *arg);
	void *arg;
	struct tp_thread thread;
	bool runs;
	bool watched; /* somebody else waits for @work: a task of a scenario that is the device */
	tp_atomic_u32 stopping;
	struct tp_wait_queue work;
};

void tp_model_thread_init(struct tp_model_thread *thread, struct tp_model_round (*serve)(void *arg),
			  void *arg);
/* -EAGAIN: no thread. */
int tp_model_thread_start(struct tp_model_thread *thread, const char *name);
/* Nothing, if it was not started. */
void tp_model_thread_stop(struct tp_model_thread *thread);
/* There is something new to do or to wait for. */
void tp_model_thread_kick(struct tp_model_thread *thread);

#endif
