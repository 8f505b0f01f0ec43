/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * uevent - a ring of what happened.
 *
 * Invariants
 *  E1  Event number n lies at n % TP_UEVENTS until number n + TP_UEVENTS overwrites it.
 *  E2  The ring is there from before the machine is shown to anybody until it goes: the pointer to
 *      it needs no lock.
 *
 * Locking: one spinlock of the highest rank for all of it.
 */
#include "mm/uevent.h"

#include <errno.h>

#include "core/alloc.h"
#include "core/clock.h"
#include "core/error.h"

/* Where nothing will ever come, whoever asks in a loop shall rest in between. */
static const uint64_t no_news_ns = TP_MILLISECONDS(50);

struct tp_uevents {
	struct tp_spinlock lock;
	struct tp_wait_queue wq;
	tp_atomic_u64 next; /* number of the next event; written under the lock */
	struct tp_uevent ring[TP_UEVENTS];
};

const char *tp_uevent_action_name(enum tp_uevent_action action)
{
	static const char *const names[] = { "add", "remove", "online", "offline", "change" };

	return (unsigned)action < TP_ARRAY_SIZE(names) ? names[action] : NULL;
}

int tp_uevents_init(struct tp_machine *m)
{
	struct tp_uevents *u = tp_zalloc(sizeof(*u));

	if (!u)
		return TP_ERR(-ENOMEM, "uevents");
	tp_spinlock_init(&u->lock, TP_RANK_CORE, 1);
	tp_wait_queue_init(&u->wq);
	tp_atomic_store(&u->next, 1, TP_RELAXED);
	m->uevents = u;
	return 0;
}

void tp_uevents_fini(struct tp_machine *m)
{
	tp_free(m->uevents);
}

void tp_uevent_emit(struct tp_machine *m, enum tp_uevent_action action,
		    enum tp_uevent_subject subject, unsigned id)
{
	struct tp_uevents *u = m->uevents;
	uint64_t seq;

	if (!u)
		return;
	tp_spin_lock(&u->lock);
	seq = tp_atomic_load(&u->next, TP_RELAXED);
	u->ring[seq % TP_UEVENTS] = (struct tp_uevent){ seq, action, subject, id };
	tp_atomic_store(&u->next, seq + 1, TP_RELEASE);
	tp_spin_unlock(&u->lock);
	tp_wake_all(&u->wq);
}

void tp_uevent_blocks(struct tp_machine *m, enum tp_uevent_action action, tp_pfn start,
		      uint64_t nr_pages)
{
	unsigned first = (unsigned)(start.v / m->block_pages);
	unsigned n = (unsigned)(nr_pages / m->block_pages);

	for (unsigned id = first; m->uevents && id < first + n; id++)
		tp_uevent_emit(m, action, TP_UEVENT_BLOCK, id);
}

uint64_t tp_uevents_next(struct tp_machine *m)
{
	return m->uevents ? tp_atomic_load(&m->uevents->next, TP_ACQUIRE) : 0;
}

size_t tp_uevents_read(struct tp_machine *m, uint64_t *next, struct tp_uevent *events, size_t max,
		       uint64_t *lost)
{
	struct tp_uevents *u = m->uevents;
	uint64_t end, oldest;
	size_t n = 0;

	if (!u)
		return 0;
	tp_spin_lock(&u->lock);
	end = tp_atomic_load(&u->next, TP_RELAXED);
	oldest = end > TP_UEVENTS ? end - TP_UEVENTS : 1;
	if (*next < oldest) {
		*lost += oldest - *next;
		*next = oldest;
	}
	while (*next < end && n < max)
		events[n++] = u->ring[(*next)++ % TP_UEVENTS];
	tp_spin_unlock(&u->lock);
	return n;
}

void tp_uevents_wait(struct tp_machine *m, uint64_t next, uint64_t timeout_ns)
{
	struct tp_uevents *u = m->uevents;
	uint32_t ticket;

	if (!u) {
		tp_sleep_ns(TP_MIN(timeout_ns, no_news_ns));
		return;
	}
	ticket = tp_wait_prepare(&u->wq);
	if (tp_atomic_load(&u->next, TP_ACQUIRE) > next)
		tp_wait_abandon(&u->wq);
	else
		tp_wait_commit(&u->wq, ticket, tp_clock_after(timeout_ns));
}

void tp_uevents_wake(struct tp_machine *m)
{
	if (m->uevents)
		tp_wake_all(&m->uevents->wq);
}
