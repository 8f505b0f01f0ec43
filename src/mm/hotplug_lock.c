/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * hotplug_lock - one hotplug operation at a time; whoever waits keeps his deadline and can be
 * cancelled (T17).
 */
#include <errno.h>

#include "core/alloc.h"
#include "core/clock.h"
#include "core/error.h"
#include "core/invariant.h"
#include "core/mutant.h"
#include "mm/hotplug.h"

/* A cancel request has no wait queue of its own: who may be cancelled looks this often. */
static const uint64_t cancel_poll_ns = TP_MILLISECONDS(5);

static bool try_take(struct tp_hotplug_lock *lock)
{
	uint32_t idle = 0;

	if (TP_MUTANT(hotplug_torn) && !tp_atomic_load(&lock->busy, TP_ACQUIRE)) {
		tp_atomic_store(&lock->busy, 1, TP_RELAXED);
		return true;
	}
	return tp_atomic_cas(&lock->busy, &idle, 1, TP_ACQUIRE);
}

static int wait_turn(struct tp_hotplug_lock *lock, uint64_t until_ns,
		     const struct tp_cancel *cancel)
{
	for (;;) {
		uint32_t ticket = tp_wait_prepare(&lock->wq);
		uint64_t now = tp_clock_now();

		if (try_take(lock)) {
			tp_wait_abandon(&lock->wq);
			return 0;
		}
		if (now >= until_ns || tp_cancelled(cancel)) {
			tp_wait_abandon(&lock->wq);
			return now >= until_ns ? -ETIMEDOUT : -ECANCELED;
		}
		if (TP_MUTANT(hotplug_late_ticket))
			ticket = tp_wait_prepare(&lock->wq);
		tp_wait_commit(&lock->wq, ticket,
			       cancel ? TP_MIN(until_ns, now + cancel_poll_ns) : until_ns);
	}
}

int tp_hotplug_begin(struct tp_machine *m, uint64_t until_ns, struct tp_cancel *cancel)
{
	int err;

	if (tp_lockrank_held(&m->hotplug))
		TP_PANIC("a hotplug callback called what waits for the operation it runs in");
	tp_lockrank_may_sleep();
	err = try_take(&m->hotplug) ? 0 : wait_turn(&m->hotplug, until_ns, cancel);
	if (err == -ETIMEDOUT)
		return TP_ERR(err, "deadline passed while another hotplug operation was under way");
	if (err)
		return TP_ERR(err, "cancelled while another hotplug operation was under way");
	tp_lockrank_acquire(&m->hotplug.id, &m->hotplug, false);
	return 0;
}

void tp_hotplug_end(struct tp_machine *m)
{
	tp_lockrank_release(&m->hotplug);
	tp_atomic_store(&m->hotplug.busy, 0, TP_RELEASE);
	tp_wake_all(&m->hotplug.wq);
}

int tp_cancel_create(struct tp_cancel **cancel)
{
	*cancel = tp_zalloc(sizeof(**cancel));
	return *cancel ? 0 : TP_ERR(-ENOMEM, "cancel token");
}

void tp_cancel_destroy(struct tp_cancel *cancel)
{
	tp_free(cancel);
}

void tp_cancel_request(struct tp_cancel *cancel)
{
	tp_atomic_store(&cancel->requested, 1, TP_RELEASE);
}

bool tp_cancel_requested(const struct tp_cancel *cancel)
{
	return tp_cancelled(cancel);
}

void tp_cancel_reset(struct tp_cancel *cancel)
{
	tp_atomic_store(&cancel->requested, 0, TP_RELEASE);
}
