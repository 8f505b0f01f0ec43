/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * sync - the one seam through which all shared state is touched.
 *
 * Everything two threads may touch goes through an atomic of this header or stands under a lock of
 * it; nothing outside core uses pthreads or _Atomic.  Two backends offer these names: the real one
 * (sync_real.h: C11 atomics, futexes) and the simulated one (sync_sim.h: fibers that an explorer
 * schedules), which is why even relaxed loads are spelled out.
 *
 * Invariants
 *  I1  Locks are taken by increasing rank (core/lockrank.h); two of one rank by increasing subrank.
 *      Checked at run time.
 *  I2  Nothing sleeps (wait queue, sleep, mutex, join) while holding a spinlock.  Checked at run
 *      time.
 *  I3  A wait queue loses no wake-up: a waiter takes a ticket, checks its condition, then commits
 *      with the ticket.
 *
 * Names in parentheses are macros in the simulated backend.
 */
#ifndef TP_CORE_SYNC_H
#define TP_CORE_SYNC_H

#include "core/compiler.h"
#include "core/lockrank.h"

#ifdef TP_SIM
#include "core/sync_sim.h"
#else
#include "core/sync_real.h"
#endif

typedef TP_ATOMIC(uint8_t) tp_atomic_u8;
typedef TP_ATOMIC(uint32_t) tp_atomic_u32;
typedef TP_ATOMIC(uint64_t) tp_atomic_u64;
typedef TP_ATOMIC(void *) tp_atomic_ptr;

/* ---- quiet words: no step of the explorer ---------------------------------------------------- */

/*
 * A word that is read and written whole and orders nothing: statistics, and settings that any
 * moment may change.  The same in both backends: nobody waits for it or decides by two of them, so
 * that a search which tried its orders would only find itself with more to do.
 */
typedef struct {
	uint64_t v;
} tp_quiet;

static inline uint64_t tp_quiet_load(const tp_quiet *q)
{
	return __atomic_load_n(&q->v, __ATOMIC_RELAXED);
}

static inline void tp_quiet_store(tp_quiet *q, uint64_t value)
{
	__atomic_store_n(&q->v, value, __ATOMIC_RELAXED);
}

static inline void tp_quiet_add(tp_quiet *q, uint64_t value)
{
	__atomic_fetch_add(&q->v, value, __ATOMIC_RELAXED);
}

static inline void tp_quiet_sub(tp_quiet *q, uint64_t value)
{
	__atomic_fetch_sub(&q->v, value, __ATOMIC_RELAXED);
}

/* ---- full barrier ---------------------------------------------------------------------------- */

/*
 * Orders everything before it against everything after it, for two threads that both pass @shared.
 * (ThreadSanitizer does not follow stand-alone fences.  Under it the ordering rides on an atomic
 * addition to the word, which is at least as strong.)
 */
static inline void tp_full_barrier(tp_atomic_u32 *shared)
{
#if TP_TSAN
	tp_atomic_add(shared, 0, TP_SEQ_CST);
#else
	(void)shared;
	tp_fence(TP_SEQ_CST);
#endif
}

/* ---- mutex: may sleep ------------------------------------------------------------------------ */

struct tp_mutex {
	tp_atomic_u32 state; /* 0 free, 1 held, 2 held with waiters */
	struct tp_lock_id id;
};

#define TP_MUTEX_INIT(lock_rank, lock_subrank)                                    \
	{                                                                         \
		.id = {.rank = (uint16_t)(lock_rank), .subrank = (lock_subrank) } \
	}

void tp_mutex_init(struct tp_mutex *mutex, enum tp_lock_rank rank, uint32_t subrank);
void(tp_mutex_lock)(struct tp_mutex *mutex);
bool(tp_mutex_trylock)(struct tp_mutex *mutex);
void(tp_mutex_unlock)(struct tp_mutex *mutex);
void tp_mutex_assert_held(const struct tp_mutex *mutex);

/* ---- spinlock: short sections only; waiters spin briefly, then sleep in the kernel ----------- */

struct tp_spinlock {
	tp_atomic_u32 state;
	struct tp_lock_id id;
};

#define TP_SPINLOCK_INIT(lock_rank, lock_subrank)                                               \
	{                                                                                       \
		.id = {.rank = (uint16_t)(lock_rank), .is_spin = 1, .subrank = (lock_subrank) } \
	}

void tp_spinlock_init(struct tp_spinlock *lock, enum tp_lock_rank rank, uint32_t subrank);
void(tp_spin_lock)(struct tp_spinlock *lock);
bool(tp_spin_trylock)(struct tp_spinlock *lock);
void(tp_spin_unlock)(struct tp_spinlock *lock);
void tp_spin_assert_held(const struct tp_spinlock *lock);

/* ---- wait queue ------------------------------------------------------------------------------ */

#ifndef TP_SIM
struct tp_wait_queue {
	tp_atomic_u32 seq;
	tp_atomic_u32 waiters;
};

#define TP_WAIT_FOREVER UINT64_MAX
#endif

void tp_wait_queue_init(struct tp_wait_queue *wq);
/* Take a ticket, then check the condition; if it does not hold, sleep with the ticket. */
uint32_t(tp_wait_prepare)(struct tp_wait_queue *wq);
/* Forget the ticket: the condition held. */
void(tp_wait_abandon)(struct tp_wait_queue *wq);
/* Sleep until a wake that came after the ticket, or until tp_clock_now() >= until_ns.  False: the
 * time was up. */
bool(tp_wait_commit)(struct tp_wait_queue *wq, uint32_t ticket, uint64_t until_ns);
void(tp_wake_all)(struct tp_wait_queue *wq);

/* Wait until @condition holds; condition may use any atomics. */
#define tp_wait_event(wq, condition)                             \
	do {                                                     \
		uint32_t tp_ticket_ = tp_wait_prepare(wq);       \
		if (condition) {                                 \
			tp_wait_abandon(wq);                     \
			break;                                   \
		}                                                \
		tp_wait_commit(wq, tp_ticket_, TP_WAIT_FOREVER); \
	} while (1)

/* ---- sequence counter: many readers, writers under a lock of the caller's -------------------- */

struct tp_seqcount {
	tp_atomic_u32 seq;
};

void tp_seqcount_init(struct tp_seqcount *s);
void tp_seqcount_write_begin(struct tp_seqcount *s);
void tp_seqcount_write_end(struct tp_seqcount *s);
uint32_t tp_seqcount_read_begin(const struct tp_seqcount *s);
bool tp_seqcount_read_retry(const struct tp_seqcount *s, uint32_t begin);

/* ---- threads and CPUs ------------------------------------------------------------------------ */

struct tp_thread {
	uint64_t handle;
	void (*fn)(void *arg);
	void *arg;
	char name[16];
};

/* Run fn(arg) on a new thread; @thread is the caller's storage until join.  -EAGAIN (fault site
 * core/thread). */
int tp_thread_start(struct tp_thread *thread, const char *name, void (*fn)(void *), void *arg);
void tp_thread_join(struct tp_thread *thread);
void(tp_yield)(void);
void tp_sleep_ns(uint64_t ns);
void(tp_cpu_relax)(void); /* in a spin loop */
/* A number that no other living thread has, from 1. */
uint32_t tp_thread_id(void);

/* CPUs this process may meet: tp_cpu_current() is always below. */
unsigned tp_cpu_count(void);
unsigned tp_cpu_current(void);

#endif
