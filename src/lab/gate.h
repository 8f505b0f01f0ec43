/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * gate - many may work on a machine, or one may check it; never both.
 *
 * Whoever works goes in and comes out, and may stay inside for as long as an offline takes.  A
 * check does not wait for that: it is done when nobody is inside, or not now.
 */
#ifndef TP_LAB_GATE_H
#define TP_LAB_GATE_H

#include "core/sync.h"

struct tp_gate {
	struct tp_mutex lock;
	struct tp_wait_queue opened;
	unsigned inside;
	bool closed;
};

void tp_gate_init(struct tp_gate *gate);
/* Waits while it is closed. */
void tp_gate_enter(struct tp_gate *gate);
void tp_gate_leave(struct tp_gate *gate);
/* False: somebody is inside, or it is closed already. */
bool tp_gate_try_close(struct tp_gate *gate);
void tp_gate_open(struct tp_gate *gate);

#endif
