/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * tlb - what an engine remembers of page tables: translations of pages, and directory entries.
 *
 * Both are found by address and root, whichever address space was meant: who loads a root that was
 * another's finds what is remembered of that.  What is full loses an entry at random.
 */
#include "model/intel/translate.h"

static struct tp_ihw_tlb *copy_of(struct tp_ihw_engine *e, uint64_t va)
{
	return &e->tlb[e->id.multicast ? va >> TP_PAGE_SHIFT & 1 : 0];
}

static unsigned nr_entries(const struct tp_ihw_engine *e)
{
	return e->model->config.tlb_entries;
}

static unsigned nr_walks(const struct tp_ihw_engine *e)
{
	return e->model->config.walk_entries;
}

/* Two ranges have something in common. */
static bool overlap(uint64_t a, uint64_t a_size, uint64_t b, uint64_t b_size)
{
	return a - b < b_size || b - a < a_size;
}

/* ---- translations ---------------------------------------------------------------------------- */

static bool covers(const struct tp_ihw_tlb_entry *entry, uint64_t root, uint64_t va)
{
	return va - entry->va < entry->size && entry->root == root;
}

static uint16_t *hint_of(struct tp_ihw_tlb *tlb, uint64_t va)
{
	return &tlb->hints[(va >> TP_PAGE_SHIFT) % TP_IHW_HINTS];
}

static struct tp_ihw_tlb_entry *search(struct tp_ihw_engine *e, struct tp_ihw_tlb *tlb, uint64_t va)
{
	for (unsigned i = 0; i < nr_entries(e); i++)
		if (covers(&tlb->entries[i], e->root, va)) {
			*hint_of(tlb, va) = (uint16_t)i;
			return &tlb->entries[i];
		}
	return NULL;
}

struct tp_ihw_tlb_entry *tp_ihw_tlb_find(struct tp_ihw_engine *e, uint64_t va)
{
	struct tp_ihw_tlb *tlb = copy_of(e, va);
	struct tp_ihw_tlb_entry *entry = &tlb->entries[*hint_of(tlb, va)];

	return tp_likely(covers(entry, e->root, va)) ? entry : search(e, tlb, va);
}

static unsigned slot_for_entry(struct tp_ihw_engine *e, const struct tp_ihw_tlb *tlb)
{
	for (unsigned i = 0; i < nr_entries(e); i++)
		if (!tlb->entries[i].size)
			return i;
	return (unsigned)tp_rng_below(&e->rng, nr_entries(e));
}

void tp_ihw_tlb_fill(struct tp_ihw_engine *e, uint64_t va, const struct tp_ihw_tlb_entry *entry)
{
	struct tp_ihw_tlb *tlb = copy_of(e, va);
	unsigned slot = slot_for_entry(e, tlb);

	tlb->entries[slot] = *entry;
	*hint_of(tlb, va) = (uint16_t)slot;
}

/* ---- directory entries ----------------------------------------------------------------------- */

const struct tp_ihw_walk_entry *tp_ihw_walks_find(struct tp_ihw_engine *e, uint64_t va)
{
	const struct tp_ihw_tlb *tlb = copy_of(e, va);
	const struct tp_ihw_walk_entry *best = NULL;

	for (unsigned i = 0; i < nr_walks(e); i++) {
		const struct tp_ihw_walk_entry *w = &tlb->walks[i];

		if (w->level && w->root == e->root && va - w->va < tp_ihw_span(w->level) &&
		    (!best || w->level < best->level))
			best = w;
	}
	return best;
}

static unsigned slot_for_walk(struct tp_ihw_engine *e, const struct tp_ihw_tlb *tlb)
{
	for (unsigned i = 0; i < nr_walks(e); i++)
		if (!tlb->walks[i].level)
			return i;
	return (unsigned)tp_rng_below(&e->rng, nr_walks(e));
}

void tp_ihw_walks_fill(struct tp_ihw_engine *e, uint64_t va, const struct tp_ihw_walk_entry *entry)
{
	struct tp_ihw_tlb *tlb = copy_of(e, va);

	tlb->walks[slot_for_walk(e, tlb)] = *entry;
}

/* ---- forgetting ------------------------------------------------------------------------------ */

static void forget_before(struct tp_ihw_engine *e, struct tp_ihw_tlb *tlb, uint64_t before)
{
	for (unsigned i = 0; i < nr_entries(e); i++)
		if (tlb->entries[i].born < before)
			tlb->entries[i].size = 0;
	for (unsigned i = 0; i < nr_walks(e); i++)
		if (tlb->walks[i].born < before)
			tlb->walks[i].level = 0;
}

#define for_each_copy(tlb, e)                                                          \
	for (struct tp_ihw_tlb *tlb = (e)->tlb; tlb < (e)->tlb + TP_IHW_COPIES; tlb++) \
		if (tlb->entries)

void tp_ihw_tlb_forget(struct tp_ihw_engine *e)
{
	for_each_copy(tlb, e) forget_before(e, tlb, UINT64_MAX);
}

void tp_ihw_tlb_empty(struct tp_ihw_engine *e)
{
	tp_ihw_tlb_forget(e);
	for_each_copy(tlb, e) tlb->due_ns = 0;
}

/* One that comes while another is under way joins it. */
void tp_ihw_tlb_request(struct tp_ihw_engine *e, unsigned copy, uint64_t due_ns)
{
	struct tp_ihw_tlb *tlb = &e->tlb[copy];

	if (!tlb->entries)
		return;
	tlb->before = e->walk_count + 1;
	tlb->due_ns = TP_MAX(TP_MAX(tlb->due_ns, due_ns), UINT64_C(1));
}

bool tp_ihw_tlb_finish(struct tp_ihw_engine *e, uint64_t now_ns)
{
	bool pending = false, any = false;

	for_each_copy(tlb, e)
	{
		if (tlb->due_ns && tlb->due_ns <= now_ns && !tlb->is_stuck) {
			forget_before(e, tlb, tlb->before);
			tlb->due_ns = 0;
			any = true;
		}
		pending |= tlb->due_ns;
	}
	e->stat.invalidations += any;
	return !pending;
}

void tp_ihw_tlb_drop_range(struct tp_ihw_engine *e, uint32_t asid, uint64_t va, uint64_t size)
{
	for_each_copy(tlb, e)
	{
		for (unsigned i = 0; i < nr_entries(e); i++) {
			struct tp_ihw_tlb_entry *t = &tlb->entries[i];

			if (t->asid == asid && overlap(t->va, t->size, va, size))
				t->size = 0;
		}
		for (unsigned i = 0; i < nr_walks(e); i++) {
			struct tp_ihw_walk_entry *w = &tlb->walks[i];

			if (w->asid == asid && overlap(w->va, tp_ihw_span(w->level), va, size))
				w->level = 0;
		}
	}
}

uint64_t tp_ihw_tlb_remembered(const struct tp_ihw_engine *e)
{
	uint64_t n = 0;

	for (unsigned copy = 0; copy < TP_IHW_COPIES; copy++) {
		const struct tp_ihw_tlb *tlb = &e->tlb[copy];

		for (unsigned i = 0; tlb->entries && i < nr_entries(e); i++)
			n += tlb->entries[i].size > 0;
		for (unsigned i = 0; tlb->entries && i < nr_walks(e); i++)
			n += tlb->walks[i].level > 0;
	}
	return n;
}
