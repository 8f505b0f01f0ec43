/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * tlb - what a hub remembers of the page tables of a VMID: leaves as large as their fragments, and
 * entries of directories.  What is full loses an entry at random.
 */
#include "model/amd/walk.h"

/* ---- leaves ---------------------------------------------------------------------------------- */

static bool covers(const struct tp_ahw_leaf *leaf, uint64_t va)
{
	return va - leaf->va < leaf->size;
}

/* What was found last is most often meant again. */
struct tp_ahw_leaf *tp_ahw_tlb_find(struct tp_ahw_hub *hub, unsigned vmid, uint64_t va)
{
	struct tp_ahw_context *context = &hub->contexts[vmid];
	const unsigned n = hub->model->config.tlb_entries;

	if (tp_likely(covers(&context->leaves[context->hint], va)))
		return &context->leaves[context->hint];
	for (unsigned i = 0; i < n; i++) {
		if (!covers(&context->leaves[i], va))
			continue;
		context->hint = i;
		return &context->leaves[i];
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
	context->hint = slot;
}

/* ---- directories ----------------------------------------------------------------------------- */

const struct tp_ahw_walk_entry *tp_ahw_walks_find(struct tp_ahw_hub *hub,
						  struct tp_ahw_context *context, uint64_t va)
{
	const struct tp_ahw_walk_entry *best = NULL;

	for (unsigned i = 0; i < hub->model->config.walk_entries; i++) {
		const struct tp_ahw_walk_entry *w = &context->walks[i];

		if (w->level && va - w->va < UINT64_C(1) << tp_amd_level_shift(w->level) &&
		    (!best || w->level < best->level))
			best = w;
	}
	return best;
}

void tp_ahw_walks_fill(struct tp_ahw_hub *hub, struct tp_ahw_context *context,
		       const struct tp_ahw_walk_entry *entry)
{
	const unsigned n = hub->model->config.walk_entries;
	unsigned slot = 0;

	while (slot < n && context->walks[slot].level)
		slot++;
	if (slot == n)
		slot = (unsigned)tp_rng_below(&hub->rng, n);
	context->walks[slot] = *entry;
}

/* ---- walks that remember --------------------------------------------------------------------- */

/* A leaf that was found by a remembered entry is as old as that. */
static bool walk_user(struct tp_ahw_hub *hub, struct tp_ahw_context *context, uint64_t va,
		      struct tp_ahw_leaf *leaf, struct tp_ahw_way *way)
{
	const struct tp_ahw_walk_entry *from = tp_ahw_walks_find(hub, context, va);
	struct tp_ahw_walk walk = { .m = hub->model,
				    .hub = hub,
				    .context = context,
				    .va = va,
				    .level = from ? from->level - 1
						  : context->cntl >> TP_AMD_CNTL_DEPTH_SHIFT & 3,
				    .entry = from ? from->entry : context->pt_base,
				    .born = from ? from->born : hub->walk_count };
	bool found;

	if (from)
		way->from = *from;
	found = tp_ahw_is_in_range(context, va) && tp_ahw_walk_on(&walk, leaf);
	way->miss = walk.miss;
	return found;
}

/* T19: that there was nothing is remembered as a leaf without flags. */
static void remember_nothing(struct tp_ahw_hub *hub, unsigned vmid, uint64_t va)
{
	tp_ahw_tlb_fill(hub, vmid,
			&(struct tp_ahw_leaf){ .va = va & ~(uint64_t)(TP_PAGE_SIZE - 1),
					       .size = TP_PAGE_SIZE,
					       .born = hub->walk_count });
}

bool tp_ahw_walk_remembering(struct tp_ahw_hub *hub, unsigned vmid, uint64_t va,
			     struct tp_ahw_leaf *leaf, struct tp_ahw_way *way)
{
	struct tp_ahw_context *context = &hub->contexts[vmid];
	bool found;

	hub->walk_count++;
	*way = (struct tp_ahw_way){ .miss = { .level = 0 } };
	if (vmid)
		found = walk_user(hub, context, va, leaf, way);
	else
		found = tp_ahw_walk_kernel(hub->model, context, va, false, leaf);
	if (found && !vmid)
		leaf->born = hub->walk_count;
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

static void drop(struct tp_ahw_hub *hub, struct tp_ahw_context *context, uint32_t req,
		 uint64_t before)
{
	const bool leaves = req & TP_AMD_INV_L2_PTES && req & TP_AMD_INV_L1_PTES;

	for (unsigned i = 0; leaves && i < hub->model->config.tlb_entries; i++)
		if (context->leaves[i].born < before)
			context->leaves[i].size = 0;
	for (unsigned i = 0; i < hub->model->config.walk_entries; i++) {
		struct tp_ahw_walk_entry *w = &context->walks[i];

		if (w->level && w->born < before && drops_directories(req, w->level))
			w->level = 0;
	}
}

void tp_ahw_tlb_drop(struct tp_ahw_hub *hub, uint32_t vmids, uint32_t req, uint64_t before)
{
	for (unsigned vmid = 0; vmid < TP_AMD_NR_VMIDS; vmid++)
		if (vmids >> vmid & 1)
			drop(hub, &hub->contexts[vmid], req, before);
}
