/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * gpu_amd_probe - what addresses of a VM translate to: by the device's own walk of the tables, by
 * the driver's, and as it should be.
 *
 * Include after <cmocka.h>.
 */
#ifndef TESTS_UNIT_GPU_AMD_PROBE_H
#define TESTS_UNIT_GPU_AMD_PROBE_H

#include "gpu_amd_rig.h"

/* Of entries' bits, what says how a page is used, and not how the tables say it. */
#define SPOT_FLAGS                                                                       \
	((uint64_t)(TP_AMD_PTE_VALID | TP_AMD_PTE_SYSTEM | TP_AMD_PTE_SNOOPED |          \
		    TP_AMD_PTE_EXECUTABLE | TP_AMD_PTE_READABLE | TP_AMD_PTE_WRITEABLE | \
		    TP_AMD_PTE_PRT) |                                                    \
	 UINT64_C(3) << TP_AMD_PTE_MTYPE_SHIFT)

/* Where a page is; flags 0: nowhere. */
struct spot {
	uint64_t flags, address;
};

static inline struct spot spot_by(uint64_t flags, uint64_t address)
{
	return (struct spot){ flags & SPOT_FLAGS, flags & TP_AMD_PTE_VALID ? address : 0 };
}

/* By the device's walk. */
static inline struct spot spot_walked(struct rig *rig, struct tp_amd_vm *vm, uint64_t va)
{
	uint64_t address, flags;
	bool system;

	if (!tp_amd_model_probe_root(rig->model, tp_amd_pt_root_address(vm), va, &system, &address,
				     &flags))
		return (struct spot){ 0 };
	return spot_by(flags, address);
}

/* By the driver's. */
static inline struct spot spot_peeked(struct rig *rig, struct tp_amd_vm *vm, uint64_t va)
{
	uint64_t size;
	const uint64_t entry = tp_amd_vm_peek(vm, va, &size);
	uint64_t address = tp_amd_pte_address(entry);

	if (!entry)
		return (struct spot){ 0 };
	if (!(entry & TP_AMD_PTE_SYSTEM))
		address -= rig->gpu->fb_physical;
	return spot_by(entry, address + (va & (size - 1)));
}

/* As page @page of @object, mapped with @flags, should be found; no object: PRT, or nothing. */
static inline struct spot spot_wanted(struct tp_amd_object *object, uint64_t page, unsigned flags)
{
	const struct tp_bo *bo = object ? tp_amd_object_bo(object) : NULL;
	const struct tp_bo_chunk *chunk;
	uint64_t bits = TP_AMD_PTE_VALID;

	if (!bo)
		return (struct spot){ flags & TP_AMD_MAP_PRT ? TP_AMD_PTE_PRT : 0, 0 };
	if (bo->place != TP_BO_SYSTEM && bo->place != TP_BO_VRAM)
		return (struct spot){ 0 };
	bits |= flags & TP_AMD_MAP_READ ? TP_AMD_PTE_READABLE : 0;
	bits |= flags & TP_AMD_MAP_WRITE ? TP_AMD_PTE_WRITEABLE : 0;
	bits |= flags & TP_AMD_MAP_EXECUTE ? TP_AMD_PTE_EXECUTABLE : 0;
	if (flags & TP_AMD_MAP_UNCACHED)
		bits |= (uint64_t)TP_AMD_MTYPE_UC << TP_AMD_PTE_MTYPE_SHIFT;
	if (bo->place == TP_BO_SYSTEM)
		bits |= TP_AMD_PTE_SYSTEM | TP_AMD_PTE_SNOOPED;
	chunk = tp_bo_chunk_at(bo, (uint32_t)page);
	return spot_by(bits, chunk->address + (page - chunk->page) * TP_PAGE_SIZE);
}

static inline bool spot_is(struct spot a, struct spot b)
{
	return a.flags == b.flags && a.address == b.address;
}

static inline void spot_expect_at(struct rig *rig, struct tp_amd_vm *vm, uint64_t va,
				  struct spot wanted, const char *file, int line)
{
	const struct spot walked = spot_walked(rig, vm, va), peeked = spot_peeked(rig, vm, va);

	if (spot_is(walked, wanted) && spot_is(peeked, wanted))
		return;
	print_error("%#jx: wanted %#jx (%#jx), walked to %#jx (%#jx), peeked at %#jx (%#jx)\n",
		    (uintmax_t)va, (uintmax_t)wanted.address, (uintmax_t)wanted.flags,
		    (uintmax_t)walked.address, (uintmax_t)walked.flags, (uintmax_t)peeked.address,
		    (uintmax_t)peeked.flags);
	_fail(file, line);
}

#define spot_expect(rig, vm, va, wanted) spot_expect_at(rig, vm, va, wanted, __FILE__, __LINE__)

/* ---- fragments ------------------------------------------------------------------------------- */

static inline unsigned spot_fragment(uint64_t entry)
{
	return (unsigned)(entry >> TP_AMD_PTE_FRAG_SHIFT) & 31;
}

/* All that the fragment at @va claims is there, follows, and is used alike (T17); no leaf is of a
 * smaller fragment than its level (T18).  Returns how much it is. */
static inline uint64_t spot_lint_fragment(struct rig *rig, struct tp_amd_vm *vm, uint64_t va)
{
	const struct spot first = spot_peeked(rig, vm, va);
	uint64_t size;
	const unsigned fragment = spot_fragment(tp_amd_vm_peek(vm, va, &size));
	const uint64_t claimed = (uint64_t)TP_PAGE_SIZE << fragment;

	assert_true(claimed >= size);
	assert_int_equal(va & (claimed - 1), 0);
	for (uint64_t i = 0; i < claimed; i += size) {
		const struct spot here = spot_peeked(rig, vm, va + i);

		assert_int_equal(spot_fragment(tp_amd_vm_peek(vm, va + i, &size)), fragment);
		assert_int_equal(here.flags, first.flags);
		if (first.flags & TP_AMD_PTE_VALID)
			assert_int_equal(here.address - first.address, i);
	}
	return claimed;
}

/* The same of all there is in [@va, @va + @bytes).  Returns how many are of more than a page. */
static inline unsigned spot_lint(struct rig *rig, struct tp_amd_vm *vm, uint64_t va, uint64_t bytes)
{
	const uint64_t end = va + bytes;
	unsigned found = 0;

	while (va < end) {
		uint64_t size;
		const uint64_t entry = tp_amd_vm_peek(vm, va, &size);
		const uint64_t claimed = entry ? spot_lint_fragment(rig, vm, va) : TP_PAGE_SIZE;

		found += claimed > TP_PAGE_SIZE;
		va += claimed;
	}
	return found;
}

#endif
