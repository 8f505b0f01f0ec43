/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* owner - who owns which page: the table of owners, pins, and the freeze of a page that moves. */
#include "mm/owner.h"

#include <errno.h>

#include "core/error.h"
#include "core/invariant.h"
#include "core/mutant.h"

/*
 * A number is not free while callbacks of its last owner run: the pages they have in hand bear it,
 * and must not be taken for the next owner's.
 */
static bool is_taken(struct tp_machine *m, unsigned id)
{
	return m->owners[id] || tp_atomic_load(&m->owner_calls[id], TP_ACQUIRE);
}

int tp_owner_register(struct tp_machine *m, struct tp_owner *owner)
{
	unsigned id;

	if (!owner->name)
		return TP_ERR(-EINVAL, "an owner needs a name");
	tp_spin_lock(&m->owners_lock);
	for (id = 1; id < TP_MAX_OWNERS && is_taken(m, id); id++)
		;
	if (id < TP_MAX_OWNERS) {
		m->owners[id] = owner;
		owner->machine = m;
		owner->id = id;
	}
	tp_spin_unlock(&m->owners_lock);
	if (id == TP_MAX_OWNERS)
		return TP_ERR(-ENOSPC, "%u owners are registered", TP_MAX_OWNERS - 1);
	return 0;
}

static bool owns_pages(struct tp_machine *m, unsigned id)
{
	for (uint32_t pb = 0; pb < m->nr_pageblocks; pb++) {
		if (!tp_pfn_zone(m, tp_pb_start(pb)))
			continue;
		for (unsigned i = 0; i < TP_PAGEBLOCK_PAGES; i++) {
			uint64_t word = tp_word_load(m, (tp_pfn){ tp_pb_start(pb).v + i });

			if (word && tp_word_owner(word) == id)
				return true;
		}
	}
	return false;
}

static void wait_for_calls(struct tp_owner *owner)
{
	struct tp_machine *m = owner->machine;

	tp_wait_event(&m->owner_wq, !tp_atomic_load(&m->owner_calls[owner->id], TP_ACQUIRE));
}

int tp_owner_unregister(struct tp_owner *owner)
{
	struct tp_machine *m = owner->machine;

	TP_INVARIANT(m && m->owners[owner->id] == owner);
	/* A callback under way may hold a page in the owner's name that is nobody's after it. */
	if (owns_pages(m, owner->id)) {
		wait_for_calls(owner);
		if (owns_pages(m, owner->id))
			return TP_ERR_TEXT(-EBUSY, owner->name, "owner %s still has pages");
	}
	tp_spin_lock(&m->owners_lock);
	m->owners[owner->id] = NULL;
	tp_spin_unlock(&m->owners_lock);
	if (!TP_MUTANT(unregister_early))
		wait_for_calls(owner);
	owner->machine = NULL;
	return 0;
}

struct tp_owner *tp_owner_get(struct tp_machine *m, unsigned id)
{
	/* Whoever called before us may have freed the page that we come for: that must be seen. */
	int order = TP_MUTANT(get_relaxed) ? TP_RELAXED : TP_ACQUIRE;
	struct tp_owner *owner;

	tp_spin_lock(&m->owners_lock);
	owner = m->owners[id];
	if (owner)
		tp_atomic_add(&m->owner_calls[id], 1, order);
	tp_spin_unlock(&m->owners_lock);
	return owner;
}

void tp_owner_put(struct tp_machine *m, unsigned id)
{
	int order = TP_MUTANT(put_relaxed) ? TP_RELAXED : TP_ACQ_REL;

	if (tp_atomic_sub(&m->owner_calls[id], 1, order) == 1 && !TP_MUTANT(put_unwoken))
		tp_wake_all(&m->owner_wq);
}

uint64_t tp_word_find(struct tp_machine *m, tp_pfn pfn, tp_pfn *head)
{
	for (unsigned order = 0; order <= TP_MAX_ORDER; order++) {
		uint64_t word;

		*head = (tp_pfn){ pfn.v & ~((UINT64_C(1) << order) - 1) };
		word = tp_word_load(m, *head);
		if (word)
			return tp_word_order(word) >= order ? word : 0;
	}
	return 0;
}

bool tp_page_freeze(struct tp_machine *m, tp_pfn pfn, uint64_t word)
{
	if (tp_word_state(word) != TP_WORD_ALLOCATED || tp_word_pins(word))
		return false;
	return tp_atomic_cas(&m->words[pfn.v], &word, tp_word_in(word, TP_WORD_FROZEN),
			     TP_ACQ_REL) ||
	       TP_MUTANT(freeze_unchecked);
}

bool tp_page_thaw(struct tp_machine *m, tp_pfn pfn, uint64_t word)
{
	uint64_t frozen =
		TP_MUTANT(thaw_blind) ? tp_word_load(m, pfn) : tp_word_in(word, TP_WORD_FROZEN);

	return tp_atomic_cas(&m->words[pfn.v], &frozen, tp_word_in(word, TP_WORD_ALLOCATED),
			     TP_ACQ_REL);
}

int tp_page_pin(struct tp_machine *m, tp_pfn pfn)
{
	uint64_t word;

	if (pfn.v >= m->nr_pfns)
		return TP_ERR(-ENOENT, "pfn %x is not of this machine", pfn.v);
	word = tp_word_load(m, pfn);
	do {
		if (!word)
			return TP_ERR(-ENOENT, "pfn %x is not the head of an allocation", pfn.v);
		if (tp_word_state(word) == TP_WORD_FROZEN)
			return TP_ERR(-EAGAIN, "pfn %x is being moved", pfn.v);
		if (tp_word_pins(word) == UINT16_MAX)
			return TP_ERR(-EOVERFLOW, "pfn %x has %u pins", pfn.v, UINT16_MAX);
	} while (!tp_atomic_cas(&m->words[pfn.v], &word, word + TP_WORD_PIN, TP_ACQ_REL));
	return 0;
}

void tp_page_unpin(struct tp_machine *m, tp_pfn pfn)
{
	TP_INVARIANT(pfn.v < m->nr_pfns);
	TP_INVARIANT(tp_word_pins(tp_atomic_sub(&m->words[pfn.v], TP_WORD_PIN, TP_RELEASE)));
}

static uint64_t single_word(uint64_t word, uint32_t i)
{
	return tp_word_make(TP_WORD_ALLOCATED, tp_word_owner(word), 0, tp_word_cookie(word) + i);
}

/* Tails first: once the head says single, each page may be freed by itself. */
static void set_single_words(struct tp_machine *m, tp_pfn pfn, uint64_t word)
{
	uint64_t head;

	for (uint32_t i = 1; i < 1u << tp_word_order(word); i++)
		tp_atomic_store(&m->words[pfn.v + i], single_word(word, i), TP_RELEASE);
	head = tp_atomic_exchange(&m->words[pfn.v], single_word(word, 0), TP_ACQ_REL);
	TP_INVARIANT(head == tp_word_in(word, TP_WORD_FROZEN)); /* O1 */
}

int tp_page_split(struct tp_machine *m, tp_pfn pfn, unsigned order)
{
	uint64_t word = pfn.v < m->nr_pfns ? tp_word_load(m, pfn) : 0;

	if (!word || tp_word_order(word) != order)
		return TP_ERR(-ENOENT, "pfn %x is not the head of an allocation of order %u", pfn.v,
			      order);
	/* Frozen, so that nobody pins or moves the whole while its parts come to be. */
	if (!tp_page_freeze(m, pfn, word))
		return TP_ERR(-EBUSY, "pfn %x is pinned or being moved", pfn.v);
	set_single_words(m, pfn, word);
	return 0;
}
