/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * mapping - the mappings of a VM by address: a treap, whose heap order is a hash of the address, so
 * that the same mappings make the same tree.
 */
#include "core/rng.h"
#include "gpu/amd/vm.h"

/* All that begin before @page go left, the others right. */
static void split(struct tp_amd_mapping *tree, uint64_t page, struct tp_amd_mapping **left,
		  struct tp_amd_mapping **right)
{
	while (tree) {
		if (tree->start < page) {
			*left = tree;
			left = &tree->right;
			tree = tree->right;
		} else {
			*right = tree;
			right = &tree->left;
			tree = tree->left;
		}
	}
	*left = *right = NULL;
}

static struct tp_amd_mapping *merge(struct tp_amd_mapping *left, struct tp_amd_mapping *right)
{
	struct tp_amd_mapping *root, **place = &root;

	while (left && right) {
		if (left->priority > right->priority) {
			*place = left;
			place = &left->right;
			left = left->right;
		} else {
			*place = right;
			place = &right->left;
			right = right->left;
		}
	}
	*place = left ? left : right;
	return root;
}

void tp_amd_mapping_insert(struct tp_amd_mappings *mappings, struct tp_amd_mapping *mapping)
{
	struct tp_amd_mapping **place = &mappings->root;

	mapping->priority = (uint32_t)tp_rng_mix(mapping->start);
	while (*place && (*place)->priority > mapping->priority)
		place = mapping->start < (*place)->start ? &(*place)->left : &(*place)->right;
	split(*place, mapping->start, &mapping->left, &mapping->right);
	*place = mapping;
	mappings->nr++;
}

void tp_amd_mapping_remove(struct tp_amd_mappings *mappings, struct tp_amd_mapping *mapping)
{
	struct tp_amd_mapping **place = &mappings->root;

	while (*place != mapping)
		place = mapping->start < (*place)->start ? &(*place)->left : &(*place)->right;
	*place = merge(mapping->left, mapping->right);
	mapping->left = mapping->right = NULL;
	mappings->nr--;
}

/* They do not overlap, so that they end in the order in which they begin. */
struct tp_amd_mapping *tp_amd_mapping_first(const struct tp_amd_mappings *mappings, uint64_t page)
{
	struct tp_amd_mapping *at = mappings->root, *best = NULL;

	while (at) {
		if (at->last >= page) {
			best = at;
			at = at->left;
		} else {
			at = at->right;
		}
	}
	return best;
}

struct tp_amd_mapping *tp_amd_mapping_next(const struct tp_amd_mappings *mappings,
					   const struct tp_amd_mapping *mapping)
{
	return mapping->last == UINT64_MAX ? NULL
					   : tp_amd_mapping_first(mappings, mapping->last + 1);
}
