/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* migrate - empty isolated pageblocks. */
#include "mm/migrate.h"

#include <errno.h>
#include <stdio.h>

#include "core/error.h"
#include "core/fault.h"
#include "core/invariant.h"
#include "mm/owner.h"
#include "mm/zone.h"

/* One page in use, as the walk found it. */
struct used_page {
	tp_pfn pfn;
	uint64_t word;
	struct tp_owner *owner;
};

static unsigned order_of(const struct used_page *p)
{
	return tp_word_order(p->word);
}

/* ---- blockers -------------------------------------------------------------------------------- */

static void describe(const struct used_page *p, struct tp_blocker *b, const char *reason)
{
	*b = (struct tp_blocker){
		.pfn = p->pfn, .order = order_of(p), .pins = tp_word_pins(p->word), .reason = reason
	};
	if (!p->owner)
		return;
	snprintf(b->owner, sizeof(b->owner), "%s", p->owner->name);
	if (p->owner->ops && p->owner->ops->describe)
		p->owner->ops->describe(p->owner, tp_word_cookie(p->word), p->pfn, b->what,
					sizeof(b->what));
}

static void blocked(struct tp_evacuation *e, const struct used_page *p, const char *reason)
{
	e->left += UINT64_C(1) << order_of(p);
	if (e->blockers && e->nr_blockers < TP_REPORT_BLOCKERS)
		describe(p, &e->blockers[e->nr_blockers], reason);
	e->nr_blockers++;
}

/* ---- one page -------------------------------------------------------------------------------- */

static int target_alloc(struct tp_evacuation *e, const struct used_page *p, tp_pfn *new)
{
	struct tp_alloc request = {
		.owner = p->owner,
		.cookie = tp_word_cookie(p->word),
		.order = order_of(p),
		.type = TP_MIGRATE_MOVABLE,
		.node = e->node,
		.nodes = e->targets,
		.flags = TP_ALLOC_NORECLAIM,
	};

	if (TP_FAULT("mm/migrate-target"))
		return TP_ERR(-ENOMEM, "page to move to: fault injected");
	return tp_pages_alloc(e->machine, &request, new);
}

/* The old page's content is elsewhere: give it to its isolated block. */
static void free_old(struct tp_machine *m, const struct used_page *p)
{
	TP_INVARIANT(tp_word_state(tp_word_load(m, p->pfn)) == TP_WORD_FROZEN);
	tp_pages_free(m, p->pfn, order_of(p));
}

static void count_moved(struct tp_evacuation *e, const struct used_page *p, tp_pfn new)
{
	struct tp_node_counts *counts = tp_counts_of(e->machine, p->pfn);
	uint64_t n = UINT64_C(1) << order_of(p);

	e->moved += n;
	tp_atomic_count(&e->machine->pages_migrated, n);
	tp_quiet_add(&counts->migrated, n);
	if (e->demotion) {
		tp_atomic_count(&e->machine->pages_demoted, n);
		tp_quiet_add(&counts->demoted, n);
	}
	tp_trace(e->machine->trace, TP_TRACE_migrate, p->pfn.v, new.v, order_of(p));
}

/* With the page frozen: let the owner move it to @new.  G2. */
static int move_frozen(struct tp_evacuation *e, const struct used_page *p, tp_pfn new)
{
	struct tp_machine *m = e->machine;
	int err = TP_FAULT("mm/migrate")
			  ? TP_ERR(-EAGAIN, "migration of pfn %x: fault injected", p->pfn.v)
			  : p->owner->ops->migrate(p->owner, tp_word_cookie(p->word), p->pfn, new,
						   order_of(p));

	if (!err) {
		free_old(m, p);
		count_moved(e, p, new);
		return 0;
	}
	tp_page_thaw(m, p->pfn, p->word);
	tp_pages_free(m, new, order_of(p));
	tp_atomic_count(&m->migrate_failures, 1);
	tp_quiet_add(&tp_counts_of(m, p->pfn)->migrate_failures, 1);
	tp_trace(m->trace, TP_TRACE_migrate_fail, p->pfn.v, (uint64_t)-err, order_of(p));
	return err;
}

static int migrate_page(struct tp_evacuation *e, const struct used_page *p, tp_pfn new)
{
	if (!tp_page_freeze(e->machine, p->pfn, p->word)) {
		tp_pages_free(e->machine, new, order_of(p));
		return -EAGAIN;
	}
	return move_frozen(e, p, new);
}

/* An owner may promise and free later; what counts is what is free. */
static int release_page(struct tp_evacuation *e, const struct used_page *p)
{
	int err = p->owner->ops->release(p->owner, tp_word_cookie(p->word), p->pfn, order_of(p));

	if (!err && !tp_word_load(e->machine, p->pfn)) {
		e->released += UINT64_C(1) << order_of(p);
		if (e->demotion)
			tp_quiet_add(&tp_counts_of(e->machine, p->pfn)->released,
				     UINT64_C(1) << order_of(p));
	}
	return err;
}

/* True: the walk will find single pages here. */
static bool split_page(struct tp_machine *m, const struct used_page *p)
{
	const struct tp_owner_ops *ops = p->owner->ops;

	if (!order_of(p) || !ops->split ||
	    ops->split(p->owner, tp_word_cookie(p->word), p->pfn, order_of(p)))
		return false;
	/* An owner who said yes without tp_page_split() would be asked for ever. */
	TP_INVARIANT(tp_word_load(m, p->pfn) != p->word);
	return true;
}

static const char *why(int err)
{
	return err == -ENOMEM	? "owner is out of memory"
	       : err == -EAGAIN ? "busy this moment"
				: "owner refused";
}

/*
 * Returns how many pages the walk may step over: none if the allocation was split and is to be
 * looked at again.
 */
static unsigned evacuate_page(struct tp_evacuation *e, const struct used_page *p)
{
	const struct tp_owner_ops *ops = p->owner->ops;
	bool no_target = false;
	int err = -EOPNOTSUPP;
	tp_pfn new;

	if (ops->migrate && e->targets.v) {
		no_target = target_alloc(e, p, &new);
		/* Demotion is a wish; it is not worth a huge page. */
		if (no_target && !e->demotion && split_page(e->machine, p))
			return 0;
		err = no_target ? -ENOMEM : migrate_page(e, p, new);
	}
	if (err && err != -ENOENT && err != -EAGAIN && ops->release && e->may_release)
		err = release_page(e, p);
	if (err && err != -ENOENT) {
		e->no_memory |= err == -ENOMEM;
		blocked(e, p, no_target ? "no memory to move it to" : why(err));
	}
	return 1u << order_of(p);
}

static bool can_try(struct tp_evacuation *e, const struct used_page *p)
{
	if (!p->owner || !tp_owner_can_move(p->owner)) {
		e->unmovable = true;
		blocked(e, p, "owner cannot move it");
		return false;
	}
	if (tp_word_pins(p->word)) {
		blocked(e, p, "pinned");
		return false;
	}
	return true;
}

/* ---- the walk -------------------------------------------------------------------------------- */

/* Pins come and go, and what is left in the end must be named all the same. */
static bool is_same_allocation(uint64_t word, uint64_t before)
{
	return tp_word_owner(word) == tp_word_owner(before) &&
	       tp_word_order(word) == tp_word_order(before);
}

static unsigned visit_page(struct tp_evacuation *e, tp_pfn pfn, uint64_t word, bool plan)
{
	struct used_page p = { .pfn = pfn,
			       .word = word,
			       .owner = tp_owner_get(e->machine, tp_word_owner(word)) };
	unsigned step = 1u << order_of(&p);

	/* Only this word is sure to speak of this owner, and of no other before him. */
	p.word = tp_word_load(e->machine, pfn);
	if (!is_same_allocation(p.word, word)) {
		e->left += step;
	} else if (can_try(e, &p)) {
		if (plan)
			e->left += step;
		else
			step = evacuate_page(e, &p);
	}
	if (p.owner)
		tp_owner_put(e->machine, tp_word_owner(word));
	return step;
}

/* The bitmap as it is now; false: everything is free. */
static bool snapshot(const struct tp_range *range, uint32_t pb, struct tp_pb_bitmap *bitmap)
{
	struct tp_machine *m = range->zone->machine;
	bool used;

	tp_spin_lock(&range->zone->lock);
	*bitmap = m->bitmaps[pb];
	used = m->pageblocks[pb].nr_free < TP_PAGEBLOCK_PAGES;
	tp_spin_unlock(&range->zone->lock);
	return used;
}

/* Returns the page after the one at @pfn that was dealt with. */
static tp_pfn visit_at(struct tp_evacuation *e, tp_pfn pfn, bool plan)
{
	tp_pfn head;
	uint64_t word = tp_word_find(e->machine, pfn, &head);

	if (!word) {
		e->left++; /* between a list and its owner */
		return (tp_pfn){ pfn.v + 1 };
	}
	/* One that was split may begin in the block before: only its part in this one is ours. */
	head.v += visit_page(e, head, word, plan);
	return head.v > pfn.v ? head : pfn;
}

static bool contains(const struct tp_range *range, uint32_t pb)
{
	return tp_pb_start(pb).v - range->start.v < range->nr_pages;
}

/* The half outside @range of an allocation of the highest order that @pfn is part of. */
static bool reaches_out(struct tp_evacuation *e, const struct tp_range *range, tp_pfn pfn,
			struct tp_range *half)
{
	uint32_t buddy = tp_pb_of(pfn) ^ 1;
	tp_pfn head;
	uint64_t word = tp_word_find(e->machine, pfn, &head);

	*half = (struct tp_range){ tp_pb_start(buddy), TP_PAGEBLOCK_PAGES, range->zone };
	return word && tp_word_order(word) == TP_MAX_ORDER && !contains(range, buddy);
}

static tp_pfn visit(struct tp_evacuation *e, const struct tp_range *range, tp_pfn pfn, bool plan)
{
	struct tp_range half;

	if (plan || !reaches_out(e, range, pfn, &half))
		return visit_at(e, pfn, plan);
	/* It freezes as a whole, so as a whole it must be isolated (O2). */
	if (tp_isolate_range(&half)) {
		e->left++;
		return tp_pb_start(tp_pb_of(pfn) + 1);
	}
	pfn = visit_at(e, pfn, plan);
	tp_unisolate_range(&half);
	return pfn;
}

static void walk_pageblock(struct tp_evacuation *e, const struct tp_range *range, uint32_t pb,
			   bool plan)
{
	struct tp_pb_bitmap bitmap;
	tp_pfn end = tp_pb_start(pb + 1);

	if (!snapshot(range, pb, &bitmap))
		return;
	for (tp_pfn pfn = tp_pb_start(pb); pfn.v < end.v;) {
		bool stop;

		if (tp_pb_test(&bitmap, tp_pb_index(pfn))) {
			pfn.v++;
			continue;
		}
		/* When told to stop, touch nothing more but say who else stands in the way. */
		stop = !plan && e->stop && e->stop(e->arg);
		if (stop && (!e->blockers || e->nr_blockers >= TP_REPORT_BLOCKERS)) {
			e->left++;
			return;
		}
		pfn = visit(e, range, pfn, plan || stop);
	}
}

static void walk(struct tp_evacuation *e, const struct tp_range *range, bool plan)
{
	uint32_t first = tp_pb_of(range->start),
		 n = (uint32_t)(range->nr_pages >> TP_PAGEBLOCK_ORDER);

	for (uint32_t pb = first; pb < first + n; pb++)
		walk_pageblock(e, range, pb, plan);
}

void tp_evacuate_begin(struct tp_evacuation *e)
{
	e->left = 0;
	e->unmovable = e->no_memory = false;
	e->nr_blockers = 0;
}

void tp_evacuate(struct tp_evacuation *e, const struct tp_range *range)
{
	walk(e, range, false);
}

void tp_evacuate_plan(struct tp_evacuation *e, const struct tp_range *range)
{
	walk(e, range, true);
}
