/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * pageset - a table of stamped pages with one owner, which moves them, gives them up, or neither.
 *
 * Invariants
 *  S1  A page in state HELD carries its slot's stamp in every 256th byte; whoever takes it out of
 *      that state, or moves it, looks under the set's lock.
 *  S2  The lock is never held while allocating or freeing: both may call back into migrate or
 *      release of this very set.
 */
#ifndef TP_LAB_PAGESET_H
#define TP_LAB_PAGESET_H

#include <tidepool/page.h>

#include "core/sync.h"
#include "lab/findings.h"

enum tp_pageset_kind {
	TP_PAGESET_MOVES,
	TP_PAGESET_RELEASES,
	TP_PAGESET_STAYS,
};

enum tp_slot_state { TP_SLOT_EMPTY, TP_SLOT_TAKING, TP_SLOT_HELD };

struct tp_page_slot {
	enum tp_slot_state state;
	unsigned order;
	tp_pfn pfn;
	uint64_t stamp;
};

struct tp_pageset {
	struct tp_machine *machine;
	struct tp_owner owner;
	struct tp_mutex lock; /* the slots */
	struct tp_page_slot *slots;
	uint32_t nr_slots;
	struct tp_findings *findings;
	tp_atomic_u64 pages, moved, released;
};

/* @name must live as long as the set.  -ENOMEM, -ENOSPC. */
int tp_pageset_init(struct tp_pageset *set, struct tp_machine *machine, const char *name,
		    enum tp_pageset_kind kind, uint32_t nr_slots, struct tp_findings *findings);
/* Gives all pages back; none may be pinned. */
void tp_pageset_fini(struct tp_pageset *set);

/*
 * Fill the empty slot @index as @request says (owner and cookie are the set's affair) and stamp it.
 * What tp_pages_alloc() says.
 */
int tp_pageset_take(struct tp_pageset *set, uint32_t index, const struct tp_alloc *request,
		    uint64_t stamp);
/* Check the stamp and free the page; false: the slot was empty. */
bool tp_pageset_give(struct tp_pageset *set, uint32_t index);
/* Keep a held page where it is, or let it move again.  -EOVERFLOW: too many pins. */
int tp_pageset_pin(struct tp_pageset *set, uint32_t index);
void tp_pageset_unpin(struct tp_pageset *set, uint32_t index);
bool tp_pageset_holds(struct tp_pageset *set, uint32_t index);
/* Check every stamp; returns how many bytes the pages have. */
uint64_t tp_pageset_verify(struct tp_pageset *set);

#endif
