/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * lockrank - what each thread holds, checked against the table of ranks.
 *
 * Locking: none; every thread looks at its own list only.  It stands on the zone lock's path and on
 * that of every batch of frames: a lock costs one comparison with the highest that is held.
 */
#include "core/invariant.h"
#include "core/lockrank.h"
#include "core/self.h"

static const char *rank_name(unsigned rank)
{
	switch (rank) {
#define RANK_NAME(name, value) \
	case value:            \
		return #name;
		TP_LOCK_RANKS(RANK_NAME)
#undef RANK_NAME
	default:
		return "no rank";
	}
}

/* Rank and subrank as one number that orders like the pair. */
static uint64_t order_of(const struct tp_lock_id *id)
{
	return (uint64_t)id->rank << 32 | id->subrank;
}

static _Noreturn tp_noinline void panic_order(const struct tp_lock_id *id)
{
	const struct tp_held_locks *held = &tp_self()->held;
	const struct tp_lock_id *other = &held->locks[0].id;

	for (unsigned i = 0; i < held->nr; i++)
		if (order_of(&held->locks[i].id) >= order_of(id))
			other = &held->locks[i].id;
	TP_PANIC("lock order: taking %s (rank %u.%u) while holding %s (rank %u.%u)",
		 rank_name(id->rank), id->rank, id->subrank, rank_name(other->rank), other->rank,
		 other->subrank);
}

void tp_lockrank_acquire(const struct tp_lock_id *id, const void *lock, bool trylock)
{
	struct tp_held_locks *held = &tp_self()->held;
	struct tp_held_lock *slot = &held->locks[held->nr];
	uint64_t order = order_of(id);

	TP_INVARIANT(id->rank != TP_RANK_NONE);
	/* A trylock never waits, so it cannot close a circle. */
	if (tp_unlikely(order <= held->highest && !trylock))
		panic_order(id);
	TP_INVARIANT(held->nr < TP_HELD_MAX);
	slot->lock = lock;
	slot->id = *id;
	slot->below = held->highest;
	held->nr++;
	held->nr_spin += id->is_spin;
	held->highest = TP_MAX(order, held->highest);
}

/*
 * Searched from the newest: locks are mostly given back in reverse.  TP_HELD_MAX: it is not held.
 */
static unsigned find_held(const void *lock)
{
	const struct tp_held_locks *held = &tp_self()->held;

	for (unsigned i = held->nr; i-- > 0;) {
		if (held->locks[i].lock == lock)
			return i;
	}
	return TP_HELD_MAX;
}

/* One that others were taken after: what they have above is to be found out anew. */
static tp_noinline void release_inner(struct tp_held_locks *held, unsigned i)
{
	uint64_t highest = held->locks[i].below;

	for (; i < held->nr; i++) {
		held->locks[i] = held->locks[i + 1];
		held->locks[i].below = highest;
		highest = TP_MAX(highest, order_of(&held->locks[i].id));
	}
	held->highest = highest;
}

void tp_lockrank_release(const void *lock)
{
	struct tp_held_locks *held = &tp_self()->held;
	unsigned i = find_held(lock);

	if (tp_unlikely(i == TP_HELD_MAX))
		TP_PANIC("unlocking a lock that this thread does not hold");
	held->nr_spin -= held->locks[i].id.is_spin;
	held->nr--;
	if (tp_likely(i == held->nr))
		held->highest = held->locks[i].below;
	else
		release_inner(held, i);
}

bool tp_lockrank_held(const void *lock)
{
	return find_held(lock) != TP_HELD_MAX;
}

static _Noreturn tp_noinline void panic_asleep(void)
{
	const struct tp_held_locks *held = &tp_self()->held;
	unsigned i = 0;

	while (!held->locks[i].id.is_spin)
		i++;
	TP_PANIC("about to sleep while holding spinlock %s (rank %u.%u)",
		 rank_name(held->locks[i].id.rank), held->locks[i].id.rank,
		 held->locks[i].id.subrank);
}

void tp_lockrank_may_sleep(void)
{
	if (tp_unlikely(tp_self()->held.nr_spin))
		panic_asleep();
}

unsigned tp_lockrank_depth(void)
{
	return tp_self()->held.nr;
}
