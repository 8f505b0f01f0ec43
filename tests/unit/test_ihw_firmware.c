/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_ihw_firmware - messages to the firmware of both GTs of MTL: what they empty, when they are
 * answered, what becomes of nonsense.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "ihw_rig.h"

enum {
	RING_WORDS = TP_INTEL_GUC_RING_WORDS,
	HEAVY = TP_INTEL_GUC_TLB_HEAVY << TP_INTEL_GUC_TLB_MODE_SHIFT,
	LITE = TP_INTEL_GUC_TLB_LITE << TP_INTEL_GUC_TLB_MODE_SHIFT,
};

/* ---- the driver's side ----------------------------------------------------------------------- */

static unsigned page_of(unsigned gt)
{
	return gt ? FIRMWARE_B : FIRMWARE;
}

static void give_page(unsigned gt)
{
	wr(gt_offset(gt) + TP_INTEL_GUC_CT, page_of(gt) * PAGE | TP_INTEL_GUC_CT_VALID);
}

static void ring(unsigned gt)
{
	wr(gt_offset(gt) + TP_INTEL_GUC_DOORBELL, 1);
}

static void send_words(unsigned gt, const uint32_t *words, unsigned n)
{
	uint32_t tail = get(page_of(gt), TP_INTEL_GUC_H2G_TAIL);

	for (unsigned i = 0; i < n; i++)
		put(page_of(gt), TP_INTEL_GUC_H2G + (tail + i) % RING_WORDS, words[i]);
	put(page_of(gt), TP_INTEL_GUC_H2G_TAIL, (tail + n) % RING_WORDS);
}

#define SEND(gt, op, ...)                                                                  \
	do {                                                                               \
		const uint32_t args_[] = { __VA_ARGS__ };                                  \
		const uint32_t words_[] = { TP_INTEL_GUC_HEADER(op, TP_ARRAY_SIZE(args_)), \
					    __VA_ARGS__ };                                 \
		send_words((gt), words_, (unsigned)TP_ARRAY_SIZE(words_));                 \
	} while (0)

static void send_full(unsigned gt, uint32_t seqno, uint32_t mode)
{
	SEND(gt, TP_INTEL_GUC_TLB_INVALIDATE, seqno,
	     TP_INTEL_GUC_TLB_ENGINES | mode | TP_INTEL_GUC_TLB_FLUSH);
}

static void send_range(unsigned gt, uint32_t seqno, uint32_t asid, uint64_t va, uint32_t log2)
{
	SEND(gt, TP_INTEL_GUC_TLB_INVALIDATE, seqno, TP_INTEL_GUC_TLB_RANGE | HEAVY, asid,
	     (uint32_t)va, (uint32_t)(va >> 32), log2);
}

/* The number in the next answer; 0: there is none. */
static uint32_t answer(unsigned gt)
{
	uint32_t head = get(page_of(gt), TP_INTEL_GUC_G2H_HEAD), seqno;

	rd(TP_INTEL_GT_IIR); /* what is due happens */
	if (head == get(page_of(gt), TP_INTEL_GUC_G2H_TAIL))
		return 0;
	assert_int_equal(get(page_of(gt), TP_INTEL_GUC_G2H + head),
			 TP_INTEL_GUC_HEADER(TP_INTEL_GUC_TLB_DONE, 1));
	seqno = get(page_of(gt), TP_INTEL_GUC_G2H + (head + 1) % RING_WORDS);
	put(page_of(gt), TP_INTEL_GUC_G2H_HEAD, (head + 2) % RING_WORDS);
	return seqno;
}

/* What the firmware is at is due, in all caches. */
static void firmware_is_due(unsigned gt)
{
	tp_ihw_for_each_engine(e, m) caches_are_due(e);
	tp_spin_lock(&m->lock);
	if (m->gts[gt].firmware.due_ns)
		m->gts[gt].firmware.due_ns = 1;
	tp_spin_unlock(&m->lock);
}

static uint64_t bad(void)
{
	return stat_of().bad_messages;
}

/* ---- life ------------------------------------------------------------------------------------ */

static void begin_mtl(uint64_t invalidate_ns)
{
	begin((struct tp_intel_model_config){ .platform = TP_INTEL_MTL,
					      .mode = TP_INTEL_MODEL_MANUAL,
					      .invalidate_ns = invalidate_ns });
	give_page(0);
	give_page(1);
	tp_ihw_for_each_engine(e, m) remember(e);
}

static int begin_quick(void **state)
{
	(void)state;
	begin_mtl(1);
	return 0;
}

static int begin_slow(void **state)
{
	(void)state;
	begin_mtl(AGES);
	return 0;
}

/* ---- messages -------------------------------------------------------------------------------- */

static void full_invalidation_empties_its_gt(void **state)
{
	(void)state;
	for (unsigned gt = 0; gt < 2; gt++) {
		send_full(gt, 11 + gt, HEAVY);
		ring(gt);
		assert_int_equal(answer(gt), 11 + gt);
		assert_int_equal(answer(gt), 0);
		assert_true(tp_intel_model_is_empty(m, gt));
		assert_true(gt || !tp_intel_model_is_empty(m, 1));
	}
	assert_int_equal(stat_of().done, 2);
}

/* X12: while it is at one, what it forgets may be used, and the next one waits. */
static void messages_are_obeyed_one_by_one(void **state)
{
	struct tp_ihw_engine *rcs0 = engine("rcs0");

	(void)state;
	send_full(0, 1, HEAVY);
	send_full(0, 2, HEAVY);
	ring(0);
	ring(0);
	assert_int_equal(answer(0), 0);
	assert_true(remembered(rcs0));
	assert_int_equal(stat_of().requests, 1);
	firmware_is_due(0);
	assert_int_equal(answer(0), 1);
	assert_int_equal(remembered(rcs0), 0);
	assert_int_equal(answer(0), 0);
	assert_int_equal(stat_of().requests, 2);
	firmware_is_due(0);
	assert_int_equal(answer(0), 2);
}

/* Nothing that was used is forgotten by one for tables whose translations did not change. */
static void light_invalidation_forgets_nothing(void **state)
{
	(void)state;
	send_full(0, 1, LITE);
	ring(0);
	assert_int_equal(answer(0), 1);
	assert_false(tp_intel_model_is_empty(m, 0));
}

static void range_is_forgotten_in_its_address_space(void **state)
{
	struct tp_ihw_engine *rcs0 = engine("rcs0");
	uint64_t before;

	(void)state;
	wr(engine_reg(rcs0, TP_INTEL_RING_ASID), 7);
	wr(TP_INTEL_GDRST, TP_INTEL_GRDOM_FULL);
	assert_int_equal(rd(TP_INTEL_GDRST), 0);
	give_page(0);
	start_ring(rcs0);
	wr(engine_reg(rcs0, TP_INTEL_RING_ASID), 7);
	for (unsigned i = 0; i < 4; i++)
		submit_store(rcs0, VA(i), 1);
	run_dry();
	before = remembered(rcs0);
	send_range(0, 1, 8, VA(0), 1); /* of another */
	ring(0);
	assert_int_equal(answer(0), 1);
	assert_int_equal(remembered(rcs0), before);
	send_range(0, 2, 7, VA(2), 1);
	ring(0);
	assert_int_equal(answer(0), 2);
	put_entry(LEAVES, 0, pte(DATA + 4));
	put_entry(LEAVES, 2, pte(DATA + 5));
	submit_store(rcs0, VA(0), 100);
	submit_store(rcs0, VA(2), 102);
	run_dry();
	assert_int_equal(get(DATA + 0, 0), 100); /* remembered */
	assert_int_equal(get(DATA + 5, 0), 102); /* forgotten */
}

static void firmware_has_a_cache_of_its_own(void **state)
{
	(void)state;
	SEND(0, TP_INTEL_GUC_TLB_INVALIDATE, 5, TP_INTEL_GUC_TLB_SELF | HEAVY);
	ring(0);
	assert_int_equal(answer(0), 5);
	assert_false(tp_intel_model_is_empty(m, 0));
}

/* X17: of the same address, which leads to another page now. */
static void firmware_remembers_where_its_rings_were(void **state)
{
	(void)state;
	write_ggtt(FIRMWARE, pte(FIRMWARE_B));
	wr(TP_INTEL_GFX_FLSH_CNTL, 1);
	give_page(0);
	send_full(0, 1, HEAVY);
	ring(0);
	assert_int_equal(answer(0), 1);
	wr(TP_INTEL_GEN12_GUC_TLB_INV, 0);
	ring(0);
	send_full(0, 2, HEAVY);
	ring(0);
	assert_int_equal(answer(0), 2);
	wr(TP_INTEL_GEN12_GUC_TLB_INV, 1);
	send_full(0, 3, HEAVY);
	ring(0);
	assert_int_equal(answer(0), 0);
	assert_int_equal(get(FIRMWARE, TP_INTEL_GUC_H2G_HEAD), 6);
}

/* As it is told by a message of the firmware's own. */
static void message_makes_firmware_forget_its_rings(void **state)
{
	(void)state;
	write_ggtt(FIRMWARE, pte(FIRMWARE_B));
	wr(TP_INTEL_GFX_FLSH_CNTL, 1);
	SEND(0, TP_INTEL_GUC_TLB_INVALIDATE, 5, TP_INTEL_GUC_TLB_SELF | HEAVY);
	ring(0);
	rd(TP_INTEL_GT_IIR);
	assert_int_equal(get(FIRMWARE, TP_INTEL_GUC_G2H_TAIL), 0);
	assert_int_equal(get(FIRMWARE_B, TP_INTEL_GUC_G2H_TAIL), 2);
}

static void answer_interrupts(void **state)
{
	(void)state;
	send_full(1, 1, HEAVY);
	ring(1);
	assert_int_equal(answer(1), 1);
	assert_int_equal(interrupts_of(1), 0);
	/* what was noted interrupts when it is enabled */
	wr(TP_INTEL_MEDIA_GT + TP_INTEL_GT_IER, TP_INTEL_GT_IIR_GUC);
	assert_int_equal(interrupts_of(1), 1);
	assert_int_equal(rd(TP_INTEL_MEDIA_GT + TP_INTEL_GT_IIR), TP_INTEL_GT_IIR_GUC);
	send_full(1, 2, HEAVY);
	ring(1);
	assert_int_equal(answer(1), 2);
	assert_int_equal(interrupts_of(1), 1);
	assert_int_equal(interrupts_of(0), 0);
	wr(TP_INTEL_MEDIA_GT + TP_INTEL_GT_IIR, ~0u);
	assert_int_equal(rd(TP_INTEL_MEDIA_GT + TP_INTEL_GT_IIR), 0);
}

static void send_many(uint32_t *sent)
{
	while (get(FIRMWARE, TP_INTEL_GUC_H2G_HEAD) != get(FIRMWARE, TP_INTEL_GUC_H2G_TAIL))
		rd(TP_INTEL_GT_IIR);
	for (unsigned i = 0; i < RING_WORDS / 3 - 1; i++)
		send_full(0, ++*sent, HEAVY);
	ring(0);
}

static void read_all(uint32_t sent, uint32_t *got)
{
	while (*got < sent) {
		uint32_t seqno = answer(0);

		if (seqno)
			assert_int_equal(seqno, ++*got);
		else
			firmware_is_due(0);
	}
	assert_int_equal(answer(0), 0);
}

/* Round the rings many times, with more messages than there is room for answers. */
static void answers_wait_for_room(void **state)
{
	uint32_t sent = 0, got = 0;

	(void)state;
	for (unsigned round = 0; round < 7; round++) {
		send_many(&sent);
		send_many(&sent);
		/* so many are answered, one more is obeyed */
		while (stat_of().done < got + (RING_WORDS - 1) / 2 + 1)
			;
		for (unsigned i = 0; i < 10; i++)
			firmware_is_due(0);
		assert_int_equal(stat_of().done, got + (RING_WORDS - 1) / 2 + 1);
		read_all(sent, &got);
	}
	assert_int_equal(bad(), 0);
}

static void muted_message_is_obeyed(void **state)
{
	(void)state;
	tp_intel_model_mute_firmware(m, 1);
	send_full(0, 1, HEAVY);
	send_full(0, 2, HEAVY);
	ring(0);
	while (stat_of().done < 2)
		;
	assert_int_equal(answer(0), 2);
	assert_int_equal(answer(0), 0);
	assert_true(tp_intel_model_is_empty(m, 0));
}

static void lost_message_is_answered(void **state)
{
	(void)state;
	tp_intel_model_lose_invalidations(m, 0, 1);
	send_full(0, 1, HEAVY);
	ring(0);
	assert_int_equal(answer(0), 1);
	assert_false(tp_intel_model_is_empty(m, 0));
	assert_int_equal(stat_of().lost, 1);
	send_full(0, 2, HEAVY);
	ring(0);
	firmware_is_due(0);
	assert_int_equal(answer(0), 2);
	assert_true(tp_intel_model_is_empty(m, 0));
}

static void stuck_cache_keeps_the_answer_back(void **state)
{
	struct tp_ihw_engine *ccs0 = engine("ccs0");

	(void)state;
	tp_intel_model_stick(m, ccs0->index, true);
	send_full(0, 1, HEAVY);
	ring(0);
	for (unsigned i = 0; i < 5; i++) {
		firmware_is_due(0);
		assert_int_equal(answer(0), 0);
	}
	tp_intel_model_stick(m, ccs0->index, false);
	firmware_is_due(0);
	assert_int_equal(answer(0), 1);
}

/* ---- reset ----------------------------------------------------------------------------------- */

static void reset_forgets_rings_and_messages(void **state)
{
	(void)state;
	send_full(0, 1, HEAVY);
	ring(0);
	wr(TP_INTEL_GDRST, TP_INTEL_GRDOM_FULL);
	assert_int_equal(rd(TP_INTEL_GDRST), 0);
	assert_int_equal(rd(TP_INTEL_GUC_STATUS), TP_INTEL_GUC_READY);
	assert_int_equal(rd(TP_INTEL_GUC_CT), 0);
	firmware_is_due(0);
	assert_int_equal(answer(0), 0);
	assert_true(tp_intel_model_is_empty(m, 0));
	ring(0); /* to nobody */
	give_page(0);
	assert_int_equal(get(FIRMWARE, TP_INTEL_GUC_H2G_TAIL), 0);
	send_full(0, 2, HEAVY);
	ring(0);
	firmware_is_due(0);
	assert_int_equal(answer(0), 2);
}

static void firmware_is_not_ready_during_its_reset(void **state)
{
	(void)state;
	m->config.reset_ns = AGES;
	wr(TP_INTEL_GDRST, TP_INTEL_GRDOM_GUC);
	assert_int_equal(rd(TP_INTEL_GUC_STATUS), 0);
	give_page(0);
	assert_int_equal(rd(TP_INTEL_GUC_CT), 0);
	assert_int_equal(rd(TP_INTEL_MEDIA_GT + TP_INTEL_GUC_STATUS), TP_INTEL_GUC_READY);
	reset_is_due(0);
	assert_int_equal(rd(TP_INTEL_GUC_STATUS), TP_INTEL_GUC_READY);
	assert_false(tp_intel_model_is_empty(m, 0)); /* it was no engine's */
	give_page(0);
	assert_int_equal(rd(TP_INTEL_GUC_CT), FIRMWARE * PAGE | TP_INTEL_GUC_CT_VALID);
	wr(TP_INTEL_GUC_CT, 0);
	assert_int_equal(rd(TP_INTEL_GUC_CT), 0);
}

/* ---- nonsense -------------------------------------------------------------------------------- */

/* X13 */
static void messages_without_sense_are_counted(void **state)
{
	(void)state;
	SEND(0, 0x1234, 1, TP_INTEL_GUC_TLB_ENGINES);
	SEND(0, TP_INTEL_GUC_TLB_INVALIDATE, 1);
	SEND(0, TP_INTEL_GUC_TLB_INVALIDATE, 1, TP_INTEL_GUC_TLB_RANGE);
	SEND(0, TP_INTEL_GUC_TLB_INVALIDATE, 1, 2);
	SEND(0, TP_INTEL_GUC_TLB_INVALIDATE, 1, TP_INTEL_GUC_TLB_ENGINES, 0, 0, 0, 0);
	send_range(0, 1, 7, VA(1), 1);	 /* not aligned */
	send_range(0, 1, 7, VA(0), 200); /* more than there is */
	/* with room for a large leaf, but not for 8 of them */
	for (uint32_t log2 = TP_INTEL_PT_BITS; log2 < TP_INTEL_PT_BITS + 3; log2++)
		send_range(0, 1, 7, 0, log2);
	send_full(0, 2, HEAVY);
	ring(0);
	assert_int_equal(answer(0), 2);
	assert_int_equal(answer(0), 0);
	assert_int_equal(bad(), 10);
	assert_int_equal(stat_of().requests, 1);
}

static void check_broken(unsigned at, uint32_t value)
{
	uint64_t before = bad();

	give_page(0);
	put(FIRMWARE, at, value);
	ring(0);
	assert_int_equal(bad(), before + 1);
	assert_int_equal(rd(TP_INTEL_GUC_CT), 0);
	ring(0);
	assert_int_equal(bad(), before + 1);
}

static void broken_ring_is_let_go_of(void **state)
{
	(void)state;
	check_broken(TP_INTEL_GUC_H2G_TAIL, RING_WORDS);
	check_broken(TP_INTEL_GUC_H2G_HEAD, RING_WORDS);
	check_broken(TP_INTEL_GUC_H2G_HEAD, ~0u);
	/* a message that goes on beyond the tail, and one longer than any */
	put(FIRMWARE, TP_INTEL_GUC_H2G, TP_INTEL_GUC_HEADER(TP_INTEL_GUC_TLB_INVALIDATE, 2));
	check_broken(TP_INTEL_GUC_H2G_TAIL, 2);
	put(FIRMWARE, TP_INTEL_GUC_H2G, TP_INTEL_GUC_HEADER(TP_INTEL_GUC_TLB_INVALIDATE, 20));
	check_broken(TP_INTEL_GUC_H2G_TAIL, 25);
	/* the answers' ring */
	give_page(0);
	put(FIRMWARE, TP_INTEL_GUC_G2H_TAIL, RING_WORDS + 5);
	send_full(0, 1, HEAVY);
	ring(0);
	rd(TP_INTEL_GT_IIR);
	assert_int_equal(rd(TP_INTEL_GUC_CT), 0);
	assert_int_equal(bad(), 6);
	assert_int_equal(tp_quiet_load(&iommu->nr_faults), 0);
}

/* An access that is refused is a fault, and no more. */
static void rings_may_be_nowhere(void **state)
{
	(void)state;
	wr(TP_INTEL_GUC_CT, TP_INTEL_GGTT_ENTRIES * PAGE | TP_INTEL_GUC_CT_VALID);
	assert_int_equal(rd(TP_INTEL_GUC_CT), 0);
	assert_int_equal(bad(), 1);
	give_page(0);
	send_full(0, 1, HEAVY);
	tp_iommu_clear(iommu, (tp_dma_addr){ FIRMWARE * PAGE });
	ring(0);
	assert_int_equal(rd(TP_INTEL_GUC_CT), 0);
	assert_int_equal(bad(), 2);
	assert_int_equal(tp_quiet_load(&iommu->nr_faults), 1);
	wr(TP_INTEL_MEDIA_GT + TP_INTEL_GT_IER, TP_INTEL_GT_IIR_GUC);
	give_page(1);
	send_full(1, 1, HEAVY);
	m->config.invalidate_ns = AGES;
	ring(1);
	tp_iommu_clear(iommu, (tp_dma_addr){ FIRMWARE_B * PAGE });
	firmware_is_due(1);
	rd(TP_INTEL_GT_IIR);
	assert_int_equal(rd(TP_INTEL_MEDIA_GT + TP_INTEL_GUC_CT), 0);
	assert_int_equal(bad(), 3);
	assert_int_equal(interrupts_of(1), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(full_invalidation_empties_its_gt, begin_quick, end),
		cmocka_unit_test_setup_teardown(messages_are_obeyed_one_by_one, begin_slow, end),
		cmocka_unit_test_setup_teardown(light_invalidation_forgets_nothing, begin_quick,
						end),
		cmocka_unit_test_setup_teardown(range_is_forgotten_in_its_address_space,
						begin_quick, end),
		cmocka_unit_test_setup_teardown(firmware_has_a_cache_of_its_own, begin_quick, end),
		cmocka_unit_test_setup_teardown(firmware_remembers_where_its_rings_were,
						begin_quick, end),
		cmocka_unit_test_setup_teardown(message_makes_firmware_forget_its_rings,
						begin_quick, end),
		cmocka_unit_test_setup_teardown(answer_interrupts, begin_quick, end),
		cmocka_unit_test_setup_teardown(answers_wait_for_room, begin_quick, end),
		cmocka_unit_test_setup_teardown(muted_message_is_obeyed, begin_quick, end),
		cmocka_unit_test_setup_teardown(lost_message_is_answered, begin_slow, end),
		cmocka_unit_test_setup_teardown(stuck_cache_keeps_the_answer_back, begin_slow, end),
		cmocka_unit_test_setup_teardown(reset_forgets_rings_and_messages, begin_slow, end),
		cmocka_unit_test_setup_teardown(firmware_is_not_ready_during_its_reset, begin_slow,
						end),
		cmocka_unit_test_setup_teardown(messages_without_sense_are_counted, begin_quick,
						end),
		cmocka_unit_test_setup_teardown(broken_ring_is_let_go_of, begin_quick, end),
		cmocka_unit_test_setup_teardown(rings_may_be_nowhere, begin_quick, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
