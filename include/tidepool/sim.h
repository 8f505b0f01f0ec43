/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * sim - what code under exploration is written with: atomics, locks, waiting, tasks, choices.
 *
 * Every operation here is a point where the explorer (tidepool/explore.h) may let another task go
 * first.  What is not done through this header is not seen: a plain access to shared memory is
 * taken to be protected by a lock or to be private.  Link with libtidepool-sim (pkg-config
 * tidepool-sim).
 *
 * Each operation may be used by tasks and, directly and unexplored, by a scenario's prepare, start
 * and check functions.
 */
#ifndef TIDEPOOL_SIM_H
#define TIDEPOOL_SIM_H

#include <tidepool/types.h>

/* "expression@file:line", for stories. */
#define TP_SIM_AT(what)	     what "@" __FILE__ ":" TP_SIM_LINE(__LINE__)
#define TP_SIM_LINE(line)    TP_SIM_STRING(line)
#define TP_SIM_STRING(words) #words

/* ---- atomics --------------------------------------------------------------------------------- */

/* A variable that tasks share, of an integer or pointer type of up to 8 bytes. */
#define TP_ATOMIC(type) \
	struct {        \
		type v; \
	}

#define TP_RELAXED __ATOMIC_RELAXED
#define TP_ACQUIRE __ATOMIC_ACQUIRE
#define TP_RELEASE __ATOMIC_RELEASE
#define TP_ACQ_REL __ATOMIC_ACQ_REL
#define TP_SEQ_CST __ATOMIC_SEQ_CST

#define tp_atomic_load(a, order) \
	((TP_SIM_TYPE(a))tp_sim_load(&(a)->v, sizeof((a)->v), order, TP_SIM_AT(#a)))
#define tp_atomic_store(a, value, order)                                                \
	tp_sim_store(&(a)->v, sizeof((a)->v), (uint64_t)(TP_SIM_TYPE(a))(value), order, \
		     TP_SIM_AT(#a))
#define tp_atomic_exchange(a, value, order) TP_SIM_CHANGE(TP_SIM_EXCHANGE, a, value, order)
/* These return the old value. */
#define tp_atomic_add(a, value, order) TP_SIM_CHANGE(TP_SIM_ADD, a, value, order)
#define tp_atomic_sub(a, value, order) TP_SIM_CHANGE(TP_SIM_SUB, a, value, order)
#define tp_atomic_or(a, value, order)  TP_SIM_CHANGE(TP_SIM_OR, a, value, order)
#define tp_atomic_and(a, value, order) TP_SIM_CHANGE(TP_SIM_AND, a, value, order)
/* On failure *expected is what was found (acquire). */
#define tp_atomic_cas(a, expected, value, order)                                                  \
	tp_sim_cas(&(a)->v, sizeof((a)->v), (expected), (uint64_t)(TP_SIM_TYPE(a))(value), order, \
		   TP_SIM_AT(#a))
/*
 * Add to a counter whose old value nobody looks at: relaxed.  Two of these commute, so the explorer
 * need not try both orders.
 */
#define tp_atomic_count(a, value) \
	tp_sim_count(&(a)->v, sizeof((a)->v), (uint64_t)(value), TP_SIM_AT(#a))
#define tp_fence(order) tp_sim_fence(order, TP_SIM_AT("fence"))

/* The type of the variable without its qualifiers. */
#define TP_SIM_TYPE(a) __typeof__(((void)0, (a)->v))
/* A statement expression, so that nobody has to look at the value. */
#define TP_SIM_CHANGE(what, a, value, order)                                                    \
	__extension__({                                                                         \
		(TP_SIM_TYPE(a))                                                                \
			tp_sim_change(what, &(a)->v, sizeof((a)->v),                            \
				      (uint64_t)(TP_SIM_TYPE(a))(value), order, TP_SIM_AT(#a)); \
	})

enum tp_sim_change { TP_SIM_EXCHANGE, TP_SIM_ADD, TP_SIM_SUB, TP_SIM_OR, TP_SIM_AND };

TP_API uint64_t tp_sim_load(const volatile void *at, size_t size, int order, const char *where);
TP_API void tp_sim_store(volatile void *at, size_t size, uint64_t value, int order,
			 const char *where);
TP_API uint64_t tp_sim_change(enum tp_sim_change what, volatile void *at, size_t size,
			      uint64_t operand, int order, const char *where);
TP_API bool tp_sim_cas(volatile void *at, size_t size, void *expected, uint64_t value, int order,
		       const char *where);
TP_API void tp_sim_count(volatile void *at, size_t size, uint64_t value, const char *where);
TP_API void tp_sim_fence(int order, const char *where);

/* ---- locks ----------------------------------------------------------------------------------- */

/* Zero: free.  Not recursive.  Taking orders everything the last holder did before. */
struct tp_sim_lock {
	uint32_t holder; /* task number + 1 */
};

#define tp_sim_lock(l)	  tp_sim_lock_take(&(l)->holder, TP_SIM_AT(#l))
#define tp_sim_trylock(l) tp_sim_lock_try(&(l)->holder, TP_SIM_AT(#l))
#define tp_sim_unlock(l)  tp_sim_lock_give(&(l)->holder, TP_SIM_AT(#l))

TP_API void tp_sim_lock_take(uint32_t *holder, const char *where);
TP_API bool tp_sim_lock_try(uint32_t *holder, const char *where);
TP_API void tp_sim_lock_give(uint32_t *holder, const char *where);

/* ---- waiting --------------------------------------------------------------------------------- */

/* Zero: nobody waits. */
struct tp_wait_queue {
	uint32_t seq;
};

#define TP_WAIT_FOREVER UINT64_MAX

/*
 * Take a ticket, then check the condition; if it does not hold, sleep with the ticket.  A wake
 * between ticket and commit is not lost.
 */
#define tp_wait_prepare(wq) tp_sim_wait_prepare(wq, TP_SIM_AT(#wq))
/* Forget the ticket: the condition held. */
#define tp_wait_abandon(wq) ((void)(wq))
/*
 * Sleep until a wake that came after the ticket, or until virtual time reaches until_ns.  False:
 * the time was up.
 */
#define tp_wait_commit(wq, ticket, until_ns) \
	tp_sim_wait_commit(wq, ticket, until_ns, TP_SIM_AT(#wq))
#define tp_wake_all(wq) tp_sim_wake_all(wq, TP_SIM_AT(#wq))

TP_API uint32_t tp_sim_wait_prepare(struct tp_wait_queue *wq, const char *where);
TP_API bool tp_sim_wait_commit(struct tp_wait_queue *wq, uint32_t ticket, uint64_t until_ns,
			       const char *where);
TP_API void tp_sim_wake_all(struct tp_wait_queue *wq, const char *where);

/*
 * In a loop that polls: wait until another task writes to something this one read since it last
 * relaxed.  So a polling loop is finite, and one that nobody ends is found.
 */
#define tp_sim_relax() tp_sim_relax_at(TP_SIM_AT("relax"))
TP_API void tp_sim_relax_at(const char *where);

/* Virtual time in nanoseconds.  It passes only when no task can run, or as the explorer chooses. */
TP_API uint64_t tp_sim_now(void);
TP_API void tp_sim_sleep(uint64_t ns);

/* ---- tasks ----------------------------------------------------------------------------------- */

enum { TP_SIM_MAX_TASKS = 16, TP_SIM_NAME = 16 };

/*
 * Begin a task, in start() or from a task; up to TP_SIM_MAX_TASKS in one run.  @name is cut to 15
 * bytes.  Returns its number, from 0 in order of starting.
 */
TP_API unsigned tp_sim_start(const char *name, void (*fn)(void *arg), void *arg);
/* Wait for its end. */
TP_API void tp_sim_join(unsigned task);
/* The number of the calling task; TP_SIM_MAX_TASKS outside tasks. */
TP_API unsigned tp_sim_self(void);

/* ---- what may differ between two runs -------------------------------------------------------- */

/* 0 to n-1, as the explorer chooses; 1 <= n <= 255. */
TP_API unsigned tp_sim_choose(const char *what, unsigned n);
/* True: the step called @site is to fail this time.  Bounded by the options' number of faults. */
TP_API bool tp_sim_fault(const char *site);

/* ---- saying something ------------------------------------------------------------------------ */

/* A line in the story, if one is being written. */
TP_API void tp_sim_note(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* End the run: this is a finding. */
TP_API _Noreturn void tp_sim_fail(const char *where, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#define TP_EXPECT(condition)                                                               \
	do {                                                                               \
		if (!(condition))                                                          \
			tp_sim_fail(__FILE__ ":" TP_SIM_LINE(__LINE__), "%s", #condition); \
	} while (0)

/* What types of cache lines of their own ask for. */
enum { TP_SIM_ALIGN = 64 };
/*
 * Zeroed memory at a multiple of TP_SIM_ALIGN, put back to what it was after prepare before every
 * run.
 */
TP_API void *tp_sim_alloc(size_t size);
TP_API void tp_sim_free(void *memory);

#endif
