/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * worker - a thread of a driver's that makes a round now and then, and whenever it is asked to.
 *
 * Locking: none; a round runs without locks.  Asking may be done under any.
 */
#ifndef TP_GPU_WORKER_H
#define TP_GPU_WORKER_H

#include "core/sync.h"

struct tp_gpu_worker {
	uint64_t (*round)(void *arg); /* returns when it is to be made again */
	void *arg;
	struct tp_thread thread;
	bool runs;
	tp_atomic_u32 asked, stopping;
	struct tp_wait_queue wq;
};

void tp_gpu_worker_init(struct tp_gpu_worker *worker, uint64_t (*round)(void *arg), void *arg);
/* Make a round, soon.  If it does not run: when it does. */
void tp_gpu_worker_ask(struct tp_gpu_worker *worker);
/* -EAGAIN: no thread. */
int tp_gpu_worker_start(struct tp_gpu_worker *worker, const char *name);
/* When it returns no round is made any more. */
void tp_gpu_worker_stop(struct tp_gpu_worker *worker);

#endif
