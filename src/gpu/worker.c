/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* worker - threads that make rounds. */
#include "gpu/worker.h"

static bool is_stopping(const struct tp_gpu_worker *worker)
{
	return tp_atomic_load(&worker->stopping, TP_ACQUIRE);
}

static void wait_for_work(struct tp_gpu_worker *worker, uint64_t until_ns)
{
	uint32_t ticket = tp_wait_prepare(&worker->wq);

	if (is_stopping(worker) || tp_atomic_load(&worker->asked, TP_ACQUIRE))
		tp_wait_abandon(&worker->wq);
	else
		tp_wait_commit(&worker->wq, ticket, until_ns);
}

static void work(void *arg)
{
	struct tp_gpu_worker *worker = arg;

	while (!is_stopping(worker)) {
		tp_atomic_exchange(&worker->asked, 0, TP_ACQ_REL);
		wait_for_work(worker, worker->round(worker->arg));
	}
}

void tp_gpu_worker_init(struct tp_gpu_worker *worker, uint64_t (*round)(void *arg), void *arg)
{
	worker->round = round;
	worker->arg = arg;
	tp_wait_queue_init(&worker->wq);
}

void tp_gpu_worker_ask(struct tp_gpu_worker *worker)
{
	tp_atomic_exchange(&worker->asked, 1, TP_ACQ_REL);
	tp_wake_all(&worker->wq);
}

int tp_gpu_worker_start(struct tp_gpu_worker *worker, const char *name)
{
	int err;

	tp_atomic_store(&worker->stopping, 0, TP_RELEASE);
	err = tp_thread_start(&worker->thread, name, work, worker);
	worker->runs = !err;
	return err;
}

void tp_gpu_worker_stop(struct tp_gpu_worker *worker)
{
	if (!worker->runs)
		return;
	tp_atomic_store(&worker->stopping, 1, TP_RELEASE);
	tp_wake_all(&worker->wq);
	tp_thread_join(&worker->thread);
	worker->runs = false;
}
