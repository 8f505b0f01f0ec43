/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * owner - the owner word of every page, and the table of owners.
 *
 *	63      48 47    46 45   42 41     32 31            0
 *	   pins     state    order    owner       cookie
 *
 * Only the head page of an allocation has a word; every other page's is 0.
 *
 *	        alloc               freeze (pins = 0)
 *	FREE ----------> ALLOCATED -----------------> FROZEN
 *	  ^--- free -----'  ^------- thaw --------------'  |
 *	  ^------------------ free / migrated --------------'
 *
 * Invariants
 *  O1  The second free of a page finds 0 and stops the program; of two frees at the same moment
 *      both may pass, and then the program stops before the page is handed out twice.
 *  O2  A page is FROZEN only while its pageblock is isolated: freed meanwhile, it cannot be handed
 *      out again before the mover has looked, so the mover never takes a new allocation for the old
 *      one.  Or while its owner splits it; an owner does not free a page that it splits.
 *  O3  pins > 0 only in state ALLOCATED; a pinned page never freezes, a frozen page is not pinned.
 *  O4  An owner in the table whose call count is not 0 is not freed by its owner (unregister
 *      waits).
 *
 * Locking: words are atomics; the table stands under owners_lock.
 */
#ifndef TP_MM_OWNER_H
#define TP_MM_OWNER_H

#include "mm/machine.h"

enum tp_word_state { TP_WORD_FREE, TP_WORD_ALLOCATED, TP_WORD_FROZEN };

enum {
	TP_WORD_ORDER_SHIFT = 42,
	TP_WORD_OWNER_SHIFT = 32,
	TP_WORD_STATE_SHIFT = 46,
	TP_WORD_PIN_SHIFT = 48
};

#define TP_WORD_PIN ((uint64_t)1 << TP_WORD_PIN_SHIFT)

static inline uint64_t tp_word_make(enum tp_word_state state, unsigned owner, unsigned order,
				    uint32_t cookie)
{
	return (uint64_t)state << TP_WORD_STATE_SHIFT | (uint64_t)order << TP_WORD_ORDER_SHIFT |
	       (uint64_t)owner << TP_WORD_OWNER_SHIFT | cookie;
}

static inline enum tp_word_state tp_word_state(uint64_t word)
{
	return (enum tp_word_state)(word >> TP_WORD_STATE_SHIFT & 3);
}

static inline unsigned tp_word_order(uint64_t word)
{
	return word >> TP_WORD_ORDER_SHIFT & 15;
}

static inline unsigned tp_word_owner(uint64_t word)
{
	return word >> TP_WORD_OWNER_SHIFT & (TP_MAX_OWNERS - 1);
}

static inline uint32_t tp_word_cookie(uint64_t word)
{
	return (uint32_t)word;
}

static inline unsigned tp_word_pins(uint64_t word)
{
	return (unsigned)(word >> TP_WORD_PIN_SHIFT);
}

/* @word in another state. */
static inline uint64_t tp_word_in(uint64_t word, enum tp_word_state state)
{
	return (word & ~((uint64_t)3 << TP_WORD_STATE_SHIFT)) | (uint64_t)state
									<< TP_WORD_STATE_SHIFT;
}

static inline uint64_t tp_word_load(struct tp_machine *m, tp_pfn pfn)
{
	return tp_atomic_load(&m->words[pfn.v], TP_ACQUIRE);
}

/* The head of the allocation that @pfn lies in and its word, or 0 if it is free or in flight. */
uint64_t tp_word_find(struct tp_machine *m, tp_pfn pfn, tp_pfn *head);

/* Freeze an unpinned page for its mover.  False: it changed since @word was read. */
bool tp_page_freeze(struct tp_machine *m, tp_pfn pfn, uint64_t word);
/* False: its owner freed it meanwhile. */
bool tp_page_thaw(struct tp_machine *m, tp_pfn pfn, uint64_t word);

/* The owner with this id, kept from going away until put; NULL: none. */
struct tp_owner *tp_owner_get(struct tp_machine *m, unsigned id);
void tp_owner_put(struct tp_machine *m, unsigned id);

static inline bool tp_owner_can_move(const struct tp_owner *owner)
{
	return owner->ops && (owner->ops->migrate || owner->ops->release);
}

#endif
