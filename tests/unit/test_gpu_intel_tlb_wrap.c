/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_gpu_intel_tlb_wrap - numbers of invalidations that wrap cost as many invalidations as those
 * that do not, and 0 stays what is noted of nothing (trap 3).
 */
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "core/rng.h"
#include "gpu_intel_stub.h"

enum { NOTES = 6, STEPS = 400 };

struct outcome {
	uint64_t requests, elided, full, asleep;
};

/* Notes, releases and invalidations in some order, the same for the same seed. */
static struct outcome play(enum tp_intel_tlb_rule rule, uint32_t first, uint64_t seed)
{
	struct tp_intel_tlb_note notes[NOTES] = { { { 0 } } };
	struct tp_gpu_tlb_stats stats;
	struct outcome outcome;
	struct tp_rng rng;

	tp_rng_init(&rng, seed);
	stub_begin(TP_INTEL_BDW, rule);
	stub_set_numbers(first);
	for (unsigned i = 0; i < STEPS; i++) {
		unsigned which = (unsigned)tp_rng_below(&rng, NOTES);

		stub.nr_writes = 0;
		if (tp_rng_below(&rng, 3)) {
			notes[which] = stub_note();
			assert_int_equal(notes[which].seqno[0] % 2, 1);
		} else if (tp_rng_below(&rng, 3)) {
			must(tp_intel_tlb_forget(&stub.gpu, &notes[which]));
		} else {
			must(tp_intel_tlb_invalidate_full(stub_gt()));
		}
	}
	stats = stub_stats(0);
	outcome = (struct outcome){ stub.requests, stats.elided, stats.full, stats.asleep };
	stub_end();
	return outcome;
}

static void wrapped_numbers_cost_the_same(void **state)
{
	(void)state;
	for (unsigned rule = TP_INTEL_TLB_STARTED; rule <= TP_INTEL_TLB_COMPLETED; rule++) {
		for (uint32_t first = 0xffffffec; first; first += 2) {
			struct outcome plain = play((enum tp_intel_tlb_rule)rule, 0, first);
			struct outcome wrapped = play((enum tp_intel_tlb_rule)rule, first, first);

			assert_memory_equal(&plain, &wrapped, sizeof(plain));
			assert_true(plain.elided && plain.full > 10);
		}
	}
}

/* From 0xfffffffa on, step by step: what is noted, and what it takes to have it passed. */
static void each_note_near_the_end_is_passed_in_its_turn(void **state)
{
	(void)state;
	for (unsigned rule = TP_INTEL_TLB_STARTED; rule <= TP_INTEL_TLB_COMPLETED; rule++) {
		stub_begin(TP_INTEL_BDW, (enum tp_intel_tlb_rule)rule);
		stub_set_numbers(0xfffffffa);
		for (unsigned i = 0; i < 6; i++) {
			struct tp_intel_tlb *tlb = &stub_gt()->tlb;
			uint32_t seqno = stub_note().seqno[0];

			assert_int_equal(seqno, 0xfffffffb + 2 * i);
			assert_false(tp_intel_tlb_passed(tlb, seqno));
			must(tp_intel_tlb_invalidate_full(stub_gt()));
			assert_int_equal(tp_intel_tlb_passed(tlb, seqno),
					 rule == TP_INTEL_TLB_STARTED);
			assert_false(tp_intel_tlb_passed(tlb, stub_note().seqno[0]));
			assert_true(tp_intel_tlb_passed(tlb, seqno - 4));
		}
		stub_end();
	}
}

/* What was noted very long ago costs one invalidation more at most, never one less. */
static void old_notes_err_on_the_safe_side(void **state)
{
	uint32_t seqno;

	(void)state;
	stub_begin(TP_INTEL_BDW, TP_INTEL_TLB_STARTED);
	seqno = stub_note().seqno[0];
	stub_set_numbers(0x80000004);
	assert_false(tp_intel_tlb_passed(&stub_gt()->tlb, seqno));
	stub_set_numbers(0x7ffffffe);
	assert_true(tp_intel_tlb_passed(&stub_gt()->tlb, seqno));
	stub_end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wrapped_numbers_cost_the_same),
		cmocka_unit_test(each_note_near_the_end_is_passed_in_its_turn),
		cmocka_unit_test(old_notes_err_on_the_safe_side),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
