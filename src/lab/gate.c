/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* gate - a count of those inside, and a door. */
#include "lab/gate.h"

#include "core/invariant.h"

void tp_gate_init(struct tp_gate *gate)
{
	*gate = (struct tp_gate){ .closed = false };
	tp_mutex_init(&gate->lock, TP_RANK_LAB, 2);
	tp_wait_queue_init(&gate->opened);
}

static bool try_enter(struct tp_gate *gate)
{
	bool open;

	tp_mutex_lock(&gate->lock);
	open = !gate->closed;
	gate->inside += open;
	tp_mutex_unlock(&gate->lock);
	return open;
}

void tp_gate_enter(struct tp_gate *gate)
{
	for (;;) {
		uint32_t ticket = tp_wait_prepare(&gate->opened);

		if (try_enter(gate)) {
			tp_wait_abandon(&gate->opened);
			return;
		}
		tp_wait_commit(&gate->opened, ticket, TP_WAIT_FOREVER);
	}
}

void tp_gate_leave(struct tp_gate *gate)
{
	tp_mutex_lock(&gate->lock);
	TP_INVARIANT(gate->inside);
	gate->inside--;
	tp_mutex_unlock(&gate->lock);
}

bool tp_gate_try_close(struct tp_gate *gate)
{
	bool ok;

	tp_mutex_lock(&gate->lock);
	ok = !gate->inside && !gate->closed;
	gate->closed |= ok;
	tp_mutex_unlock(&gate->lock);
	return ok;
}

void tp_gate_open(struct tp_gate *gate)
{
	tp_mutex_lock(&gate->lock);
	gate->closed = false;
	tp_mutex_unlock(&gate->lock);
	tp_wake_all(&gate->opened);
}
