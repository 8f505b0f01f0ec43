/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * gpu_rig - what the rigs of both drivers have alike: words of commands, what became of work, and
 * memory as the device sees it.
 *
 * Include after <cmocka.h>.
 */
#ifndef TESTS_UNIT_GPU_RIG_H
#define TESTS_UNIT_GPU_RIG_H

#include "gpu/bo.h"
#include "mm_machine.h"

enum { RIG_WORDS = 256 };

/* What is to be executed, from page @page of the rig's own. */
struct rig_words {
	unsigned page, n;
	uint32_t words[RIG_WORDS];
};

static inline void rig_put(struct rig_words *w, uint32_t word)
{
	assert_true(w->n < RIG_WORDS);
	w->words[w->n++] = word;
}

static inline void rig_put64(struct rig_words *w, uint64_t value)
{
	rig_put(w, (uint32_t)value);
	rig_put(w, (uint32_t)(value >> 32));
}

/* It has ended, with @err. */
static inline void rig_expect(struct tp_fence *fence, int err)
{
	assert_true(tp_fence_is_signaled(fence));
	assert_int_equal(tp_fence_error(fence), err);
	tp_fence_put(fence);
}

/* A word of its first page while work uses it, as the device sees it.  It has memory that stays. */
static inline tp_atomic_u32 *rig_live_word(struct tp_machine *m, const struct tp_bo *bo,
					   unsigned word)
{
	return (tp_atomic_u32 *)tp_page_address(m, tp_bo_chunk_at(bo, 0)->pfn) + word;
}

#endif
