/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * tlb - what a hub remembers of the page tables of a VMID: leaves as large as their fragments, and
 * entries that lead to tables.  What is full loses an entry at random.
 *
 * Leaves are in two caches, the first filled from the second (L1 stands for those of all engines
 * behind the hub).  Both have the same room here, so what one of them has is one entry.
 */
#include "model/amd/walk.h"

/* ---- leaves ---------------------------------------------------------------------------------- */

static bool covers(const struct tp_ahw_leaf *leaf, uint64_t va)
{
	return va - leaf->va < leaf->size;
}

static struct tp_ahw_leaf *used(struct tp_ahw_leaf *leaf)
{
	leaf->caches |= TP_AHW_L1;
	return leaf;
}

static unsigned *hint_of(struct tp_ahw_context *context, uint64_t va)
{
	return &context->hints[va >> TP_PAGE_SHIFT & (TP_AHW_HINTS - 1)];
}

/* What was found last is most often meant again: of commands, of what they read and write. */
struct tp_ahw_leaf *tp_ahw_tlb_find(struct tp_ahw_hub *hub, unsigned vmid, uint64_t va)
{
	struct tp_ahw_context *context = &hub->contexts[vmid];
	const unsigned n = hub->model->config.tlb_entries;
	unsigned *hint = hint_of(context, va);

	if (tp_likely(covers(&context->leaves[*hint], va)))
		return used(&context->leaves[*hint]);
	for (unsigned i = 0; i < n; i++) {
		if (!covers(&context->leaves[i], va))
			continue;
		*hint = i;
		return used(&context->leaves[i]);
	}
	return NULL;
}

void tp_ahw_tlb_fill(struct tp_ahw_hub *hub, unsigned vmid, const struct tp_ahw_leaf *leaf)
{
	struct tp_ahw_context *context = &hub->contexts[vmid];
	const unsigned n = hub->model->config.tlb_entries;
	unsigned slot = 0;

	while (slot < n && context->leaves[slot].size)
		slot++;
	if (slot == n)
		slot = (unsigned)tp_rng_below(&hub->rng, n);
	context->leaves[slot] = *leaf;
	context->leaves[slot].caches = TP_AHW_L1 | TP_AHW_L2;
	*hint_of(context, leaf->va) = slot;
}

/* ---- directories ----------------------------------------------------------------------------- */

const struct tp_ahw_walk_entry *tp_ahw_walks_find(struct tp_ahw_hub *hub,
						  struct tp_ahw_context *context, uint64_t va)
{
	const struct tp_ahw_walk_entry *best = NULL;

	va = tp_ahw_in_context(context, va);
	for (unsigned i = 0; i < hub->model->config.walk_entries; i++) {
		const struct tp_ahw_walk_entry *w = &context->walks[i];

		if (w->level && va - w->va < tp_ahw_walk_entry_size(w) &&
		    (!best || tp_ahw_walk_entry_size(w) < tp_ahw_walk_entry_size(best)))
			best = w;
	}
	return best;
}

void tp_ahw_walks_fill(struct tp_ahw_hub *hub, unsigned vmid, const struct tp_ahw_walk_entry *entry)
{
	struct tp_ahw_context *context = &hub->contexts[vmid];
	const unsigned n = hub->model->config.walk_entries;
	unsigned slot = 0;

	while (slot < n && context->walks[slot].level)
		slot++;
	if (slot == n)
		slot = (unsigned)tp_rng_below(&hub->rng, n);
	context->walks[slot] = *entry;
}

/* ---- walks that remember --------------------------------------------------------------------- */

/* T19: that there was nothing is remembered as a leaf without flags. */
static void remember_nothing(struct tp_ahw_hub *hub, unsigned vmid, uint64_t va)
{
	tp_ahw_tlb_fill(hub, vmid,
			&(struct tp_ahw_leaf){ .va = va & ~(uint64_t)(TP_PAGE_SIZE - 1),
					       .size = TP_PAGE_SIZE,
					       .born = hub->walk_count });
}

/* A leaf that was found by a remembered entry is as old as that. */
bool tp_ahw_walk_remembering(struct tp_ahw_hub *hub, unsigned vmid, uint64_t va,
			     struct tp_ahw_leaf *leaf, struct tp_ahw_way *way)
{
	struct tp_ahw_context *context = &hub->contexts[vmid];
	const struct tp_ahw_walk_entry *from = tp_ahw_walks_find(hub, context, va);
	struct tp_ahw_walk walk = { .m = hub->model,
				    .context = context,
				    .hub = hub,
				    .remembers = true,
				    .vmid = vmid,
				    .va = va,
				    .born = from ? from->born : hub->walk_count + 1 };
	bool found;

	hub->walk_count++;
	*way = (struct tp_ahw_way){ .why = 0 };
	if (from)
		way->from = *from;
	found = tp_ahw_walk_from(&walk, from ? &way->from : NULL, leaf);
	way->why = walk.why;
	if (found)
		tp_ahw_tlb_fill(hub, vmid, leaf);
	else if (hub->model->config.remembers_nothing)
		remember_nothing(hub, vmid, va);
	return found;
}

/* ---- forgetting ------------------------------------------------------------------------------ */

static bool drops_directories(uint32_t req, unsigned level)
{
	static const uint32_t bits[] = { 0, TP_AMD_INV_L2_PDE0, TP_AMD_INV_L2_PDE1,
					 TP_AMD_INV_L2_PDE2 };

	return req & bits[level];
}

static void drop_leaf(struct tp_ahw_leaf *leaf, unsigned caches)
{
	leaf->caches &= ~caches;
	if (!leaf->caches)
		leaf->size = 0;
}

static void drop(struct tp_ahw_hub *hub, struct tp_ahw_context *context, uint32_t req,
		 uint64_t before)
{
	const unsigned caches = (req & TP_AMD_INV_L1_PTES ? TP_AHW_L1 : 0) |
				(req & TP_AMD_INV_L2_PTES ? TP_AHW_L2 : 0);

	for (unsigned i = 0; caches && i < hub->model->config.tlb_entries; i++)
		if (context->leaves[i].born < before)
			drop_leaf(&context->leaves[i], caches);
	for (unsigned i = 0; i < hub->model->config.walk_entries; i++) {
		struct tp_ahw_walk_entry *w = &context->walks[i];

		if (w->level && w->born < before && drops_directories(req, w->level))
			w->level = 0;
	}
}

void tp_ahw_tlb_drop(struct tp_ahw_hub *hub, uint32_t vmids, uint32_t req, uint64_t before)
{
	tp_atomic_add(&hub->forgot, 1, TP_RELEASE);
	for (unsigned vmid = 0; vmid < TP_AMD_NR_VMIDS; vmid++)
		if (vmids >> vmid & 1)
			drop(hub, &hub->contexts[vmid], req, before);
}
