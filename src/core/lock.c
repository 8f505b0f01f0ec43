/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* lock - what ranked locks and wait queues are like under either backend. */
#include "core/invariant.h"
#include "core/sync.h"

void tp_mutex_init(struct tp_mutex *mutex, enum tp_lock_rank rank, uint32_t subrank)
{
	*mutex = (struct tp_mutex)TP_MUTEX_INIT(rank, subrank);
}

void tp_mutex_assert_held(const struct tp_mutex *mutex)
{
	TP_INVARIANT(tp_lockrank_held(mutex));
}

void tp_spinlock_init(struct tp_spinlock *lock, enum tp_lock_rank rank, uint32_t subrank)
{
	*lock = (struct tp_spinlock)TP_SPINLOCK_INIT(rank, subrank);
}

void tp_spin_assert_held(const struct tp_spinlock *lock)
{
	TP_INVARIANT(tp_lockrank_held(lock));
}

void tp_wait_queue_init(struct tp_wait_queue *wq)
{
	*wq = (struct tp_wait_queue){ 0 };
}
