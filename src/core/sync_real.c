/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * sync_real - locks and wait queues over C11 atomics and futexes.
 *
 * Invariants
 *  S1  A lock word is 2 whenever a thread sleeps on it or may be about to; only then does unlocking
 *      enter the kernel.
 *  S2  A waiter counts itself before it checks its condition, a waker changes the condition before
 *      it looks at the count, a full barrier on each side: at least one of them sees the other.
 */
#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <sched.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "core/sync.h"

enum { SPINS = 100 };

/* ---- futex --------------------------------------------------------------------------------- */

/* Sleep while *@word is @value; may return early.  False: the time was up. */
static bool futex_wait(tp_atomic_u32 *word, uint32_t value, uint64_t until_ns)
{
	struct timespec until = {
		.tv_sec = (time_t)(until_ns / UINT64_C(1000000000)),
		.tv_nsec = (long)(until_ns % UINT64_C(1000000000)),
	};
	long err =
		syscall(SYS_futex, &word->v, FUTEX_WAIT_BITSET_PRIVATE, value,
			until_ns == TP_WAIT_FOREVER ? NULL : &until, NULL, FUTEX_BITSET_MATCH_ANY);

	return !(err && errno == ETIMEDOUT);
}

static void futex_wake(tp_atomic_u32 *word, int threads)
{
	syscall(SYS_futex, &word->v, FUTEX_WAKE_PRIVATE, threads, NULL, NULL, 0);
}

/* ---- locks --------------------------------------------------------------------------------- */

static bool word_trylock(tp_atomic_u32 *word)
{
	uint32_t expected = 0;

	return tp_atomic_cas(word, &expected, 1, TP_ACQUIRE);
}

static tp_noinline void word_lock_slow(tp_atomic_u32 *word)
{
	for (int i = 0; i < SPINS; i++) {
		tp_cpu_relax();
		if (!tp_atomic_load(word, TP_RELAXED) && word_trylock(word))
			return;
	}
	/* Taken as 2 even when nobody else sleeps: this thread cannot know (S1). */
	while (tp_atomic_exchange(word, 2, TP_ACQUIRE))
		futex_wait(word, 2, TP_WAIT_FOREVER);
}

static void word_lock(tp_atomic_u32 *word)
{
	if (tp_unlikely(!word_trylock(word)))
		word_lock_slow(word);
}

static void word_unlock(tp_atomic_u32 *word)
{
	if (tp_unlikely(tp_atomic_exchange(word, 0, TP_RELEASE) == 2))
		futex_wake(word, 1);
}

void tp_mutex_lock(struct tp_mutex *mutex)
{
	tp_lockrank_may_sleep();
	tp_lockrank_acquire(&mutex->id, mutex, false);
	word_lock(&mutex->state);
}

bool tp_mutex_trylock(struct tp_mutex *mutex)
{
	if (!word_trylock(&mutex->state))
		return false;
	tp_lockrank_acquire(&mutex->id, mutex, true);
	return true;
}

void tp_mutex_unlock(struct tp_mutex *mutex)
{
	tp_lockrank_release(mutex);
	word_unlock(&mutex->state);
}

void tp_spin_lock(struct tp_spinlock *lock)
{
	tp_lockrank_acquire(&lock->id, lock, false);
	word_lock(&lock->state);
}

bool tp_spin_trylock(struct tp_spinlock *lock)
{
	if (!word_trylock(&lock->state))
		return false;
	tp_lockrank_acquire(&lock->id, lock, true);
	return true;
}

void tp_spin_unlock(struct tp_spinlock *lock)
{
	tp_lockrank_release(lock);
	word_unlock(&lock->state);
}

/* ---- wait queue ---------------------------------------------------------------------------- */

uint32_t tp_wait_prepare(struct tp_wait_queue *wq)
{
	tp_atomic_add(&wq->waiters, 1, TP_SEQ_CST);
	tp_full_barrier(&wq->waiters);
	/* After the count: a waker that does not see this waiter has not moved seq either. */
	return tp_atomic_load(&wq->seq, TP_ACQUIRE);
}

void tp_wait_abandon(struct tp_wait_queue *wq)
{
	tp_atomic_sub(&wq->waiters, 1, TP_RELAXED);
}

bool tp_wait_commit(struct tp_wait_queue *wq, uint32_t ticket, uint64_t until_ns)
{
	bool woken, in_time = true;

	tp_lockrank_may_sleep();
	while (!(woken = tp_atomic_load(&wq->seq, TP_ACQUIRE) != ticket) && in_time)
		in_time = futex_wait(&wq->seq, ticket, until_ns);
	tp_wait_abandon(wq);
	return woken;
}

void tp_wake_all(struct tp_wait_queue *wq)
{
	tp_full_barrier(&wq->waiters);
	if (!tp_atomic_load(&wq->waiters, TP_RELAXED))
		return;
	tp_atomic_add(&wq->seq, 1, TP_ACQ_REL);
	futex_wake(&wq->seq, INT_MAX);
}
