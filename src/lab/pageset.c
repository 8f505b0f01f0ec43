/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * pageset - stamped pages and the owner operations on them.
 *
 * Locking: the set's own, of rank OWNER (S2).
 */
#include "lab/pageset.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/alloc.h"
#include "core/invariant.h"

enum { STAMPS_PER_PAGE = 16, STAMP_STEP = TP_PAGE_SIZE / 8 / STAMPS_PER_PAGE };

static uint64_t stamp_word(uint64_t stamp, uint64_t n)
{
	return stamp + n * UINT64_C(0x9e3779b97f4a7c15);
}

static void write_stamps(struct tp_pageset *set, const struct tp_page_slot *slot)
{
	uint64_t *word = tp_page_address(set->machine, slot->pfn);

	for (uint64_t n = 0; n < (uint64_t)STAMPS_PER_PAGE << slot->order; n++)
		word[n * STAMP_STEP] = stamp_word(slot->stamp, n);
}

static void check_stamps(struct tp_pageset *set, uint32_t index, const struct tp_page_slot *slot)
{
	const uint64_t *word = tp_page_address(set->machine, slot->pfn);

	for (uint64_t n = 0; n < (uint64_t)STAMPS_PER_PAGE << slot->order; n++) {
		if (word[n * STAMP_STEP] == stamp_word(slot->stamp, n))
			continue;
		tp_findings_add(set->findings,
				"%s: slot %u, page 0x%" PRIx64 ": content lost %" PRIu64
				" bytes into it",
				set->owner.name, index, slot->pfn.v, n * STAMP_STEP * 8);
		return;
	}
}

static struct tp_pageset *set_of(struct tp_owner *owner)
{
	return tp_container_of(owner, struct tp_pageset, owner);
}

/* 0 if the slot is @pfn's, else what the callback shall answer.  Under the lock. */
static int match(struct tp_pageset *set, uint32_t cookie, tp_pfn pfn, unsigned order)
{
	struct tp_page_slot *slot = &set->slots[cookie];

	tp_mutex_assert_held(&set->lock);
	if (slot->state == TP_SLOT_TAKING)
		return -EAGAIN;
	if (slot->state == TP_SLOT_HELD && slot->pfn.v == pfn.v && slot->order == order)
		return 0;
	return -ENOENT;
}

static int set_migrate(struct tp_owner *owner, uint32_t cookie, tp_pfn old, tp_pfn new,
		       unsigned order)
{
	struct tp_pageset *set = set_of(owner);
	int err;

	tp_mutex_lock(&set->lock);
	err = match(set, cookie, old, order);
	if (!err) {
		tp_page_copy(set->machine, new, old, order);
		set->slots[cookie].pfn = new;
		tp_atomic_add(&set->moved, UINT64_C(1) << order, TP_RELAXED);
	}
	tp_mutex_unlock(&set->lock);
	return err;
}

/* The slot empties under the lock; its page is checked and freed after (S2). */
static int take_out(struct tp_pageset *set, uint32_t index, const struct tp_page_slot *expected)
{
	struct tp_page_slot slot;
	int err = 0;

	tp_mutex_lock(&set->lock);
	slot = set->slots[index];
	if (expected)
		err = match(set, index, expected->pfn, expected->order);
	else if (slot.state != TP_SLOT_HELD)
		err = -ENOENT;
	if (!err)
		set->slots[index].state = TP_SLOT_EMPTY;
	tp_mutex_unlock(&set->lock);
	if (err)
		return err;
	check_stamps(set, index, &slot);
	tp_pages_free(set->machine, slot.pfn, slot.order);
	tp_atomic_sub(&set->pages, UINT64_C(1) << slot.order, TP_RELAXED);
	return 0;
}

static int set_release(struct tp_owner *owner, uint32_t cookie, tp_pfn pfn, unsigned order)
{
	struct tp_pageset *set = set_of(owner);
	int err = take_out(set, cookie, &(struct tp_page_slot){ .pfn = pfn, .order = order });

	if (!err)
		tp_atomic_add(&set->released, UINT64_C(1) << order, TP_RELAXED);
	return err;
}

static void set_describe(struct tp_owner *owner, uint32_t cookie, tp_pfn pfn, char *buf, size_t len)
{
	(void)owner;
	(void)pfn;
	snprintf(buf, len, "slot %u", cookie);
}

static const struct tp_owner_ops ops[] = {
	[TP_PAGESET_MOVES] = { .migrate = set_migrate, .describe = set_describe },
	[TP_PAGESET_RELEASES] = { .release = set_release, .describe = set_describe },
	[TP_PAGESET_STAYS] = { .describe = set_describe },
};

int tp_pageset_init(struct tp_pageset *set, struct tp_machine *machine, const char *name,
		    enum tp_pageset_kind kind, uint32_t nr_slots, struct tp_findings *findings)
{
	int err;

	*set = (struct tp_pageset){ .machine = machine,
				    .owner = { .name = name, .ops = &ops[kind] },
				    .nr_slots = nr_slots,
				    .findings = findings };
	tp_mutex_init(&set->lock, TP_RANK_OWNER, 0);
	set->slots = tp_zalloc_array(nr_slots, sizeof(*set->slots));
	if (!set->slots)
		return -ENOMEM;
	err = tp_owner_register(machine, &set->owner);
	if (err)
		tp_free(set->slots);
	return err;
}

void tp_pageset_fini(struct tp_pageset *set)
{
	int err;

	for (uint32_t i = 0; i < set->nr_slots; i++)
		tp_pageset_give(set, i);
	err = tp_owner_unregister(&set->owner);
	TP_INVARIANT(!err);
	tp_free(set->slots);
}

static void set_state(struct tp_pageset *set, uint32_t index, const struct tp_page_slot *slot)
{
	tp_mutex_lock(&set->lock);
	set->slots[index] = *slot;
	tp_mutex_unlock(&set->lock);
}

int tp_pageset_take(struct tp_pageset *set, uint32_t index, const struct tp_alloc *request,
		    uint64_t stamp)
{
	struct tp_page_slot slot = { .state = TP_SLOT_TAKING,
				     .order = request->order,
				     .stamp = stamp };
	struct tp_alloc own = *request;
	int err;

	own.owner = &set->owner;
	own.cookie = index;
	set_state(set, index, &slot);
	err = tp_pages_alloc(set->machine, &own, &slot.pfn);
	if (err) {
		set_state(set, index, &(struct tp_page_slot){ .state = TP_SLOT_EMPTY });
		return err;
	}
	write_stamps(set, &slot);
	slot.state = TP_SLOT_HELD;
	tp_atomic_add(&set->pages, UINT64_C(1) << slot.order, TP_RELAXED);
	set_state(set, index, &slot);
	return 0;
}

bool tp_pageset_give(struct tp_pageset *set, uint32_t index)
{
	return !take_out(set, index, NULL);
}

bool tp_pageset_holds(struct tp_pageset *set, uint32_t index)
{
	bool held;

	tp_mutex_lock(&set->lock);
	held = set->slots[index].state == TP_SLOT_HELD;
	tp_mutex_unlock(&set->lock);
	return held;
}

int tp_pageset_pin(struct tp_pageset *set, uint32_t index)
{
	int err;

	for (;;) {
		tp_mutex_lock(&set->lock);
		err = tp_page_pin(set->machine, set->slots[index].pfn);
		tp_mutex_unlock(&set->lock);
		if (err != -EAGAIN)
			return err;
		/* A move is under way; it needs the lock to end. */
		tp_yield();
	}
}

void tp_pageset_unpin(struct tp_pageset *set, uint32_t index)
{
	/* A pinned page does not move: no lock is needed to know where it is. */
	tp_page_unpin(set->machine, set->slots[index].pfn);
}

uint64_t tp_pageset_verify(struct tp_pageset *set)
{
	uint64_t pages = 0;

	for (uint32_t i = 0; i < set->nr_slots; i++) {
		tp_mutex_lock(&set->lock);
		if (set->slots[i].state == TP_SLOT_HELD) {
			check_stamps(set, i, &set->slots[i]);
			pages += UINT64_C(1) << set->slots[i].order;
		}
		tp_mutex_unlock(&set->lock);
	}
	return pages * TP_PAGE_SIZE;
}
