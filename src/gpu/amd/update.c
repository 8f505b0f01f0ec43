/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* update - entries of mappings, holes, and directories, by whatever backend. */
#include <errno.h>

#include "core/error.h"
#include "gpu/amd/vm.h"

enum { INDEX_MASK = TP_AMD_PTES - 1 };

static uint32_t index_at(uint64_t page, unsigned level)
{
	return (uint32_t)(page >> level * TP_AMD_PT_BITS) & INDEX_MASK;
}

static uint64_t pages_of_entry(const struct tp_amd_pt *pt)
{
	return tp_amd_pt_pages(pt) >> TP_AMD_PT_BITS;
}

static void set(struct tp_amd_update *update, struct tp_amd_pt *pt, uint32_t index, uint32_t n,
		uint64_t first, uint64_t step)
{
	update->backend->set(update, pt, index, n, first, step);
	tp_amd_shadow_set(pt, index, n, first, step);
	update->entries += n;
}

/* ---- begin and end --------------------------------------------------------------------------- */

void tp_amd_update_begin(struct tp_amd_update *update, struct tp_amd_vm *vm)
{
	*update = (struct tp_amd_update){ .vm = vm,
					  .backend = vm->backend,
					  .generation = tp_amd_generation(vm->gpu) };
	tp_atomic_add(&vm->tlb_seq, 1, TP_ACQ_REL);
}

int tp_amd_update_end(struct tp_amd_update *update)
{
	struct tp_amd_vm *vm = update->vm;

	update->backend->commit(update);
	tp_atomic_add(&vm->tlb_seq, 1, TP_ACQ_REL);
	vm->stat.entries += update->entries;
	tp_quiet_add(&vm->gpu->counts.entries, (int64_t)update->entries);
	if (update->last) {
		tp_fence_put(vm->last_update);
		vm->last_update = tp_fence_get(update->last);
	}
	if (update->err)
		tp_amd_vm_update_failed(vm);
	return update->err;
}

void tp_amd_update_release(struct tp_amd_update *update)
{
	tp_fence_put(update->last);
	update->last = NULL;
}

/* ---- mappings -------------------------------------------------------------------------------- */

/* Some mapping that is written now fills all of it. */
static bool is_filled(const struct tp_amd_pt *pt)
{
	const uint64_t first = tp_amd_pt_first_page(pt);
	const struct tp_amd_mapping *mapping = tp_amd_mapping_first(&pt->base.vm->mappings, first);

	return !pt->level && mapping && mapping->start <= first &&
	       mapping->last >= first + tp_amd_pt_pages(pt) - 1 && mapping->bo_va->writing;
}

static struct tp_amd_pt *descend(struct tp_amd_update *update, uint64_t page, unsigned level,
				 struct tp_amd_spares *spares)
{
	struct tp_amd_pt *pt = update->vm->root;

	while (pt->level > level) {
		const uint32_t index = index_at(page, pt->level);
		struct tp_amd_pt *child = pt->children[index];

		if (!child) {
			child = tp_amd_pt_add(pt, index, spares);
			if (!is_filled(child))
				set(update, child, 0, TP_AMD_PTES, tp_amd_pt_cleared(child), 0);
		}
		pt = child;
	}
	return pt;
}

/* Where a leaf of a directory will be, no table is needed below. */
static void kill_below(struct tp_amd_pt *pt, uint32_t index, uint32_t n)
{
	for (uint32_t i = index; pt->level && pt->nr_children && i < index + n; i++)
		if (pt->children[i])
			tp_amd_pt_kill(pt->children[i]);
}

static void write_piece(struct tp_amd_update *update, const struct tp_amd_piece *piece,
			struct tp_amd_spares *spares)
{
	struct tp_amd_pt *pt = descend(update, piece->page, piece->level, spares);
	const uint32_t index = index_at(piece->page, piece->level);

	kill_below(pt, index, piece->n);
	if (!piece->scattered) {
		set(update, pt, index, piece->n, piece->pte, piece->step);
		return;
	}
	update->backend->set_pages(update, pt, index, piece->n, piece->scattered, piece->pte);
	tp_amd_shadow_set_pages(pt, index, piece->n, piece->scattered, piece->pte);
	update->entries += piece->n;
}

void tp_amd_update_map(struct tp_amd_update *update, const struct tp_amd_mapping *mapping,
		       struct tp_amd_spares *spares)
{
	struct tp_amd_pieces pieces;
	struct tp_amd_piece piece;

	tp_amd_pieces_begin(&pieces, mapping);
	while (tp_amd_pieces_next(&pieces, &piece)) {
		update->to_come = mapping->last + 1 - piece.page;
		write_piece(update, &piece, spares);
	}
	update->to_come = 0;
}

/* ---- how many tables it takes ---------------------------------------------------------------- */

/* Pieces come by address: of each level the table that was counted last is known. */
static void count_piece(struct tp_amd_vm *vm, const struct tp_amd_piece *piece,
			struct tp_amd_spares *spares)
{
	const struct tp_amd_pt *pt = vm->root;

	for (unsigned level = TP_AMD_LEVELS - 1; level > piece->level; level--) {
		const uint64_t table = piece->page >> level * TP_AMD_PT_BITS;

		pt = pt ? pt->children[index_at(piece->page, level)] : NULL;
		if (pt || spares->counted[level - 1] == table + 1)
			continue;
		spares->counted[level - 1] = table + 1;
		spares->wanted[level > 1 ? TP_AMD_SPARE_DIRECTORY : TP_AMD_SPARE_TABLE]++;
	}
}

/* Whatever it is made of: there are tables of all levels for it, as when it is written again. */
static bool has_all_tables(const struct tp_amd_pt *pt, uint64_t start, uint64_t last)
{
	uint64_t page = start;

	while (pt->level && page <= last) {
		const struct tp_amd_pt *child = pt->children[index_at(page, pt->level)];
		const uint64_t end = page | (pages_of_entry(pt) - 1);

		if (!child || !has_all_tables(child, page, TP_MIN(end, last)))
			return false;
		page = end + 1;
	}
	return true;
}

void tp_amd_pt_count(struct tp_amd_vm *vm, const struct tp_amd_mapping *mapping,
		     struct tp_amd_spares *spares)
{
	struct tp_amd_pieces pieces;
	struct tp_amd_piece piece;

	if (has_all_tables(vm->root, mapping->start, mapping->last))
		return;
	tp_amd_pieces_begin(&pieces, mapping);
	while (tp_amd_pieces_next(&pieces, &piece))
		count_piece(vm, &piece, spares);
}

void tp_amd_pt_count_begin(struct tp_amd_spares *spares)
{
	for (unsigned kind = 0; kind < TP_AMD_SPARE_KINDS; kind++)
		spares->wanted[kind] = 0;
	for (unsigned level = 0; level < TP_AMD_LEVELS; level++)
		spares->counted[level] = 0;
}

/* ---- holes ----------------------------------------------------------------------------------- */

struct range {
	uint64_t start, last; /* pages */
};

static struct range within(const struct tp_amd_pt *pt, uint64_t first_page, struct range range)
{
	const uint64_t last_page = first_page + tp_amd_pt_pages(pt) - 1;

	return (struct range){ TP_MAX(range.start, first_page), TP_MIN(range.last, last_page) };
}

/* Of a table whose first page is @first_page. */
static bool is_whole_entry_in(const struct tp_amd_pt *pt, uint64_t first_page, uint32_t index,
			      struct range range)
{
	const uint64_t pages = pages_of_entry(pt);
	const uint64_t from = first_page + index * pages;

	return range.start <= from && range.last >= from + pages - 1;
}

static void clear_in(struct tp_amd_update *update, struct tp_amd_pt *pt, struct range range);

/* One entry of a directory, of which @range is a part.  True: all of it is to be cleared. */
static bool clear_child(struct tp_amd_update *update, struct tp_amd_pt *pt, uint32_t index,
			struct range range, uint64_t first_page)
{
	struct tp_amd_pt *child = pt->children[index];

	if (is_whole_entry_in(pt, first_page, index, range)) {
		if (child)
			tp_amd_pt_kill(child);
		return true;
	}
	if (child)
		clear_in(update, child, range);
	return false;
}

/* Entries in a row are cleared at once. */
static void clear_entries(struct tp_amd_update *update, struct tp_amd_pt *pt, uint32_t index,
			  uint32_t end)
{
	if (index == end)
		return;
	if (tp_amd_pt_is_placed(pt))
		set(update, pt, index, end - index, tp_amd_pt_cleared(pt), 0);
	else
		pt->rewrite = true; /* V2 */
}

static void clear_in(struct tp_amd_update *update, struct tp_amd_pt *pt, struct range all)
{
	const uint64_t first_page = tp_amd_pt_first_page(pt);
	const struct range range = within(pt, first_page, all);
	const uint32_t last = index_at(range.last, pt->level);
	uint32_t from = index_at(range.start, pt->level);

	if (!pt->level) {
		clear_entries(update, pt, from, last + 1);
		return;
	}
	for (uint32_t i = from; i <= last; i++) {
		if (clear_child(update, pt, i, range, first_page))
			continue;
		clear_entries(update, pt, from, i);
		from = i + 1;
	}
	clear_entries(update, pt, from, last + 1);
}

void tp_amd_update_clear(struct tp_amd_update *update, uint64_t start, uint64_t last)
{
	clear_in(update, update->vm->root, (struct range){ start, last });
}

/* ---- directories ----------------------------------------------------------------------------- */

static void doubt_mappings(struct tp_amd_pt *pt)
{
	const uint64_t first = tp_amd_pt_first_page(pt);

	tp_amd_for_each_mapping(mapping, &pt->base.vm->mappings, first,
				first + tp_amd_pt_pages(pt) - 1)
	{
		mapping->written = false;
		tp_amd_state_behind(&mapping->bo_va->base);
	}
	for (uint32_t i = 0; pt->children && pt->nr_children && i < TP_AMD_PTES; i++) {
		if (!pt->children[i])
			continue;
		pt->children[i]->linked = false;
		tp_amd_state_behind(&pt->children[i]->base);
	}
}

void tp_amd_pt_doubt_rewritten(struct tp_amd_vm *vm)
{
	tp_list_for_each_safe(base, &vm->states[TP_AMD_RELOCATED], struct tp_amd_vm_base, link) {
		struct tp_amd_pt *pt = tp_amd_pt_of(base->bo);

		if (pt->rewrite)
			doubt_mappings(pt);
	}
}

void tp_amd_update_rewrite(struct tp_amd_update *update)
{
	struct tp_amd_vm *vm = update->vm;

	tp_list_for_each(base, &vm->states[TP_AMD_RELOCATED], struct tp_amd_vm_base, link) {
		struct tp_amd_pt *pt = tp_amd_pt_of(base->bo);

		if (pt->rewrite && !is_filled(pt) && !vm->gpu->config.keep_holes)
			set(update, pt, 0, TP_AMD_PTES, tp_amd_pt_cleared(pt), 0);
		pt->rewrite = false;
	}
}

static uint64_t entry_of(const struct tp_amd_pt *pt)
{
	const struct tp_amd *gpu = tp_amd_of_bo(&pt->bo);

	return tp_amd_pte_where(gpu, pt->bo.place, pt->bo.chunks[0].address) | TP_AMD_PTE_VALID;
}

/* Entries of a directory, in a row, that lead to tables in a row: written at once. */
struct links {
	struct tp_amd_pt *parent;
	uint32_t index, n;
	uint64_t first;
};

static void write_links(struct tp_amd_update *update, struct links *links)
{
	if (links->n)
		set(update, links->parent, links->index, links->n, links->first, TP_AMD_PTE_PAGE);
	links->n = 0;
}

/* Behind those that there are, or before them. */
static bool join_links(struct links *links, const struct tp_amd_pt *pt, uint64_t entry)
{
	const bool is_next = pt->index == links->index + links->n &&
			     entry == links->first + links->n * TP_AMD_PTE_PAGE;
	const bool is_before =
		pt->index + 1u == links->index && entry + TP_AMD_PTE_PAGE == links->first;

	if (!links->n || pt->parent != links->parent || !(is_next || is_before))
		return false;
	links->n++;
	if (is_before) {
		links->index--;
		links->first = entry;
	}
	return true;
}

static void link_table(struct tp_amd_update *update, struct links *links, struct tp_amd_pt *pt)
{
	if (pt->parent && !join_links(links, pt, entry_of(pt))) {
		write_links(update, links);
		*links = (struct links){ pt->parent, pt->index, 1, entry_of(pt) };
	}
	pt->linked = true;
	tp_amd_state_linked(&pt->base);
}

void tp_amd_update_directories(struct tp_amd_update *update)
{
	struct tp_list *relocated = &update->vm->states[TP_AMD_RELOCATED];
	struct links links = { .n = 0 };

	/* Leaves first: a table is linked when all below it that is new is. */
	for (unsigned level = 0; level < TP_AMD_LEVELS; level++) {
		tp_list_for_each_safe(base, relocated, struct tp_amd_vm_base, link) {
			struct tp_amd_pt *pt = tp_amd_pt_of(base->bo);

			/* One in doubt waits for who writes it anew (V3). */
			if (pt->level == level && !pt->rewrite)
				link_table(update, &links, pt);
		}
		write_links(update, &links);
	}
}

uint64_t tp_amd_pt_root_address(const struct tp_amd_vm *vm)
{
	const struct tp_amd_pt *root = vm->root;

	if (!tp_amd_pt_is_placed(root))
		return 0;
	return entry_of(root) & ~(uint64_t)TP_AMD_PTE_SNOOPED;
}

/* ---- cuts ------------------------------------------------------------------------------------ */

static void cut(tp_unused struct tp_amd_update *update, struct tp_amd_pt *pt, uint32_t index,
		uint32_t n, uint64_t first, uint64_t step)
{
	tp_amd_pt_set(pt, index, n, first, step);
}

static void cut_in(struct tp_amd_pt *pt, struct range all)
{
	static const struct tp_amd_backend at_once = { .set = cut };
	struct tp_amd_update update = { .vm = pt->base.vm, .backend = &at_once };
	const uint64_t first_page = tp_amd_pt_first_page(pt);
	const struct range range = within(pt, first_page, all);
	const uint32_t first = index_at(range.start, pt->level);
	const uint32_t last = index_at(range.last, pt->level);

	if (!pt->level)
		clear_entries(&update, pt, first, last + 1);
	for (uint32_t i = first; pt->level && i <= last; i++) {
		if (pt->children[i])
			cut_in(pt->children[i], range);
		else if (is_whole_entry_in(pt, first_page, i, range))
			clear_entries(&update, pt, i, i + 1);
	}
}

void tp_amd_cut_mapping(struct tp_amd_vm *vm, const struct tp_amd_mapping *mapping)
{
	cut_in(vm->root, (struct range){ mapping->start, mapping->last });
	tp_amd_hdp_flush(vm->gpu);
}

void tp_amd_cut_table(struct tp_amd_pt *pt)
{
	struct tp_amd_pt *parent = pt->parent;

	if (parent && pt->linked && tp_amd_pt_is_placed(parent)) {
		tp_amd_pt_set(parent, pt->index, 1, tp_amd_pt_cleared(parent), 0);
		tp_amd_shadow_set(parent, pt->index, 1, tp_amd_pt_cleared(parent), 0);
		tp_amd_hdp_flush(pt->base.vm->gpu);
	}
	pt->linked = false;
}
