/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * notifier - a chain of callbacks with priorities, vetoes and exact rollback.
 *
 * The chain does not know event types: its user wraps it with types of its own (T7).  An event is
 * an announcement (may be refused; remembers who accepted), a cancel of the newest announcement
 * that is still open, or a statement (never refused).  Several announcements may be open at once,
 * as when many runs of memory change together.  The first statement commits: it settles all that
 * are open, and none of them can be cancelled any more.
 *
 * Invariants
 *  N1  An announcement that is refused has been cancelled, in reverse order, for exactly those
 *      entries that accepted it before tp_notifier_announce() returns; tp_notifier_cancel() does
 *      the same for an announcement all accepted.
 *  N2  Between an announcement and its cancel or statement the set of entries does not change:
 *      registering and unregistering wait, or fail with -EDEADLK in the thread that is announcing.
 *  N3  After tp_notifier_unregister() returned, no call of that entry runs or will.
 *  N4  Callbacks run with the chain's session held and no lock of the chain.
 */
#ifndef TP_CORE_NOTIFIER_H
#define TP_CORE_NOTIFIER_H

#include "core/list.h"
#include "core/sync.h"

/*
 * What a callback may answer to an announcement beside 0 and a negative errno: accepted, and nobody
 * after me is asked.  Answers to cancels and statements are ignored, this one too (T11).
 */
enum { TP_NOTIFY_STOP = 1 };

/* How many announcements may be open at once. */
enum { TP_NOTIFIER_DEPTH = 64 };

struct tp_notifier_entry {
	struct tp_list link;
	/* @event is the wrapper's own struct. */
	int (*call)(struct tp_notifier_entry *entry, const void *event);
	int priority;
	const char *name;
	void *owner;	   /* the wrapper's object; what unregister looks for */
	uint64_t accepted; /* bit n: the n-th open announcement */
	/* For the balance check: announcements accepted, and what became of them. */
	uint64_t nr_announced, nr_cancelled, nr_stated;
};

struct tp_notifier_chain {
	struct tp_mutex lock; /* session_thread; the rest is the session's */
	struct tp_wait_queue idle;
	struct tp_list entries;	 /* by decreasing priority, then registration */
	uint32_t session_thread; /* 0: none */
	unsigned depth;		 /* announcements open */
	const char *vetoed_by;	 /* who refused the last announcement; valid in its session */
};

void tp_notifier_chain_init(struct tp_notifier_chain *chain, uint32_t subrank);

/* A session spans one operation, from before its first announcement until after its last statement
 * (N2). */
void tp_notifier_session_begin(struct tp_notifier_chain *chain);
void tp_notifier_session_end(struct tp_notifier_chain *chain);

/*
 * The entry is the caller's storage.  @replay, if not NULL, is called with the session held before
 * the entry joins; its error undoes all.  -EEXIST (same owner), -EDEADLK (this thread's session).
 */
int tp_notifier_register(struct tp_notifier_chain *chain, struct tp_notifier_entry *entry,
			 int (*replay)(struct tp_notifier_entry *entry, void *arg), void *arg);
/* Returns the entry whose owner is @owner, removed.  -ENOENT, -EDEADLK. */
int tp_notifier_unregister(struct tp_notifier_chain *chain, const void *owner,
			   struct tp_notifier_entry **entry);

/* All three: in a session only.  @cancel is the event that takes @event back. */
int tp_notifier_announce(struct tp_notifier_chain *chain, const void *event, const void *cancel);
void tp_notifier_cancel(struct tp_notifier_chain *chain, const void *cancel);
void tp_notifier_state(struct tp_notifier_chain *chain, const void *event);

/*
 * Between sessions every accepted announcement was cancelled or settled by a statement; the number
 * of entries for which that is not so.  Waits for another thread's session.
 */
unsigned tp_notifier_unbalanced(struct tp_notifier_chain *chain);

#endif
