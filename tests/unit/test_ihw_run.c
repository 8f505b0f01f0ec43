/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_ihw_run - engines that execute when they are let, or by the device's own thread; interrupts;
 * everybody at the device at once.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "ihw_rig.h"

static int begin_tgl(void **state)
{
	(void)state;
	begin_manual(TP_INTEL_TGL);
	return 0;
}

static int begin_thread(void **state)
{
	(void)state;
	begin((struct tp_intel_model_config){ .platform = TP_INTEL_TGL,
					      .mode = TP_INTEL_MODEL_THREAD });
	return 0;
}

static int begin_thread_mtl(void **state)
{
	(void)state;
	begin((struct tp_intel_model_config){ .platform = TP_INTEL_MTL,
					      .mode = TP_INTEL_MODEL_THREAD,
					      .invalidate_ns = TP_MICROSECONDS(200) });
	return 0;
}

static void submit_interrupt(const struct tp_ihw_engine *e)
{
	SUBMIT(e, TP_INTEL_MI_USER_INTERRUPT);
}

/* Wait until word @n of the page of slots is @value. */
static void await_slot(unsigned n, uint32_t value)
{
	while (get(SLOT, n) != value)
		tp_sleep_ns(20000);
}

static void submit_slot(const struct tp_ihw_engine *e, unsigned n, uint32_t value)
{
	SUBMIT(e, TP_INTEL_MI_STORE_DWORD | TP_INTEL_MI_GGTT, SLOT * PAGE + 4 * n, 0, value);
}

/* ---- manual ---------------------------------------------------------------------------------- */

static void nothing_executes_by_itself(void **state)
{
	struct tp_ihw_engine *rcs0 = engine("rcs0");

	(void)state;
	start_ring(rcs0);
	submit_slot(rcs0, 0, 1);
	tp_sleep_ns(1000000);
	assert_int_equal(get(SLOT, 0), 0);
	assert_true(tp_intel_model_run(m, 1));
	assert_int_equal(get(SLOT, 0), 1);
	assert_false(tp_intel_model_run(m, 1));
}

static void so_many_commands_and_no_more(void **state)
{
	static const unsigned counts[] = { 1, 15, 16, 17, 100 };
	struct tp_ihw_engine *rcs0 = engine("rcs0"), *bcs0 = engine("bcs0");
	uint64_t expected = 0;

	(void)state;
	start_ring(rcs0);
	start_ring(bcs0);
	for (unsigned i = 0; i < 200; i++) {
		SUBMIT(rcs0, TP_INTEL_MI_NOOP);
		SUBMIT(bcs0, TP_INTEL_MI_NOOP);
	}
	for (unsigned i = 0; i < TP_ARRAY_SIZE(counts); i++) {
		assert_true(tp_intel_model_run_engine(m, rcs0->index, counts[i]));
		expected += counts[i];
		assert_int_equal(stat_of().engine[rcs0->index].commands, expected);
		assert_int_equal(stat_of().engine[bcs0->index].commands, 0);
	}
	assert_false(tp_intel_model_run_engine(m, rcs0->index, 0));
	assert_true(tp_intel_model_run(m, 1000));
	assert_int_equal(stat_of().engine[rcs0->index].commands, 200);
	assert_int_equal(stat_of().engine[bcs0->index].commands, 200);
}

/* A request that is due is done before the next command, whoever looks at its register. */
static void caches_are_emptied_in_time(void **state)
{
	struct tp_ihw_engine *rcs0 = engine("rcs0");

	(void)state;
	m->config.invalidate_ns = AGES;
	remember(rcs0);
	wr(TP_INTEL_GEN12_GFX_TLB_INV, 1);
	put_entry(LEAVES, 0, pte(DATA + 5));
	submit_store(rcs0, VA(0), 1);
	submit_store(rcs0, VA(0), 2);
	assert_true(tp_intel_model_run_engine(m, rcs0->index, 1));
	assert_int_equal(get(DATA, 0), 1);
	caches_are_due(rcs0);
	assert_true(tp_intel_model_run_engine(m, rcs0->index, 1));
	assert_int_equal(get(DATA, 0), 1);
	assert_int_equal(get(DATA + 5, 0), 2);
}

/* ---- interrupts ------------------------------------------------------------------------------ */

static void engine_interrupts_by_its_bit(void **state)
{
	unsigned n = 0;

	(void)state;
	wr(TP_INTEL_GT_IER, ~0u);
	tp_ihw_for_each_engine(e, m)
	{
		start_ring(e);
		submit_interrupt(e);
		run_dry();
		assert_int_equal(rd(TP_INTEL_GT_IIR), 1u << n++);
		assert_int_equal(interrupts_of(0), 1);
		wr(TP_INTEL_GT_IIR, ~0u);
		assert_int_equal(rd(TP_INTEL_GT_IIR), 0);
	}
}

/* Each interrupt is raised, whether or not anybody has cleared the one before. */
static void interrupt_is_raised_again(void **state)
{
	struct tp_ihw_engine *rcs0 = engine("rcs0");

	(void)state;
	wr(TP_INTEL_GT_IER, rcs0->irq_bit);
	start_ring(rcs0);
	for (unsigned i = 0; i < 3; i++) {
		submit_interrupt(rcs0);
		run_dry();
		assert_int_equal(interrupts_of(0), 1);
	}
}

static void disabled_interrupt_is_noted(void **state)
{
	struct tp_ihw_engine *rcs0 = engine("rcs0");

	(void)state;
	start_ring(rcs0);
	submit_interrupt(rcs0);
	run_dry();
	assert_int_equal(interrupts_of(0), 0);
	wr(TP_INTEL_GT_IER, ~rcs0->irq_bit);
	assert_int_equal(interrupts_of(0), 0);
	wr(TP_INTEL_GT_IER, rcs0->irq_bit);
	assert_int_equal(interrupts_of(0), 1);
	wr(TP_INTEL_GT_IER, rcs0->irq_bit);
	assert_int_equal(interrupts_of(0), 0);
}

/* Counted from the first engine of each GT. */
static void each_gt_has_a_vector(void **state)
{
	struct tp_ihw_engine *vcs0;

	(void)state;
	begin_manual(TP_INTEL_MTL);
	vcs0 = engine("vcs0");
	wr(TP_INTEL_MEDIA_GT + TP_INTEL_GT_IER, ~0u);
	wr(TP_INTEL_GT_IER, ~0u);
	start_ring(vcs0);
	submit_interrupt(vcs0);
	run_dry();
	assert_int_equal(interrupts_of(0), 0);
	assert_int_equal(interrupts_of(1), 1);
	assert_int_equal(rd(TP_INTEL_MEDIA_GT + TP_INTEL_GT_IIR), 1);
	finish();
}

/* ---- the thread ------------------------------------------------------------------------------ */

static void thread_executes(void **state)
{
	(void)state;
	wr(TP_INTEL_GT_IER, ~0u);
	tp_ihw_for_each_engine(e, m)
	{
		start_ring(e);
		submit_interrupt(e);
		submit_slot(e, e->index, 7);
	}
	tp_ihw_for_each_engine(e, m) await_slot(e->index, 7);
	while (!(rd(TP_INTEL_GT_IIR) & engine("vecs0")->irq_bit))
		;
	while (!tp_atomic_load(&interrupts[0], TP_ACQUIRE))
		;
}

/* X16: what waits for memory is found by looking, which takes less and less of the time. */
static void thread_looks_at_what_waits(void **state)
{
	struct tp_ihw_engine *rcs0 = engine("rcs0");

	(void)state;
	start_ring(rcs0);
	SUBMIT(rcs0, TP_INTEL_MI_SEMAPHORE_WAIT | TP_INTEL_MI_GGTT, 5, SLOT * PAGE, 0);
	submit_slot(rcs0, 1, 1);
	tp_sleep_ns(3000000);
	assert_int_equal(get(SLOT, 1), 0);
	put(SLOT, 0, 5);
	await_slot(1, 1);
}

static void submit_batch(const struct tp_ihw_engine *e, uint64_t va)
{
	SUBMIT(e, TP_INTEL_MI_BATCH_START | TP_INTEL_MI_BATCH_SECOND, (uint32_t)va,
	       (uint32_t)(va >> 32));
}

/* A batch that spins until a word is at most 1, and then goes on. */
static void write_spinner(void)
{
	const uint32_t words[] = { TP_INTEL_MI_CONDITIONAL_END,
				   1,
				   (uint32_t)VA(1),
				   0,
				   TP_INTEL_MI_BATCH_START,
				   (uint32_t)VA(0),
				   0 };

	for (unsigned i = 0; i < TP_ARRAY_SIZE(words); i++)
		put(DATA, i, words[i]);
	put(DATA + 1, 0, 2);
}

/* X16: it does not have the thread to itself. */
static void thread_rests_beside_a_batch_that_spins(void **state)
{
	struct tp_ihw_engine *rcs0 = engine("rcs0"), *bcs0 = engine("bcs0");
	uint64_t before, after;

	(void)state;
	write_spinner();
	start_ring(rcs0);
	start_ring(bcs0);
	submit_batch(rcs0, VA(0));
	submit_slot(rcs0, 0, 1);
	submit_slot(bcs0, 1, 1);
	await_slot(1, 1);
	tp_sleep_ns(5000000);
	before = stat_of().engine[rcs0->index].commands;
	tp_sleep_ns(5000000);
	after = stat_of().engine[rcs0->index].commands;
	assert_true(after > before);
	assert_int_equal(get(SLOT, 0), 0);
	put(DATA + 1, 0, 1);
	await_slot(0, 1);
}

/* Nobody looks, and yet the firmware answers. */
static void thread_serves_the_firmware(void **state)
{
	const uint32_t message[] = { TP_INTEL_GUC_HEADER(TP_INTEL_GUC_TLB_INVALIDATE, 2), 3,
				     TP_INTEL_GUC_TLB_ENGINES };

	(void)state;
	wr(TP_INTEL_MEDIA_GT + TP_INTEL_GT_IER, TP_INTEL_GT_IIR_GUC);
	wr(TP_INTEL_MEDIA_GT + TP_INTEL_GUC_CT, FIRMWARE * PAGE | TP_INTEL_GUC_CT_VALID);
	for (unsigned i = 0; i < TP_ARRAY_SIZE(message); i++)
		put(FIRMWARE, TP_INTEL_GUC_H2G + i, message[i]);
	put(FIRMWARE, TP_INTEL_GUC_H2G_TAIL, TP_ARRAY_SIZE(message));
	wr(TP_INTEL_MEDIA_GT + TP_INTEL_GUC_DOORBELL, 1);
	while (!interrupts_of(1))
		tp_sleep_ns(20000);
	assert_int_equal(get(FIRMWARE, TP_INTEL_GUC_G2H + 1), 3);
}

/* What hangs, or is told to stop, is not waited for; it goes on when it is let. */
static void thread_sleeps_until_something_is_written(void **state)
{
	struct tp_ihw_engine *rcs0 = engine("rcs0"), *bcs0 = engine("bcs0");

	(void)state;
	start_ring(rcs0);
	start_ring(bcs0);
	tp_intel_model_hang(m, rcs0->index);
	submit_slot(rcs0, 0, 1);
	wr(engine_reg(bcs0, TP_INTEL_RING_MI_MODE), TP_INTEL_MASKED(TP_INTEL_RING_STOP));
	submit_slot(bcs0, 1, 1);
	tp_sleep_ns(2000000);
	assert_int_equal(get(SLOT, 0), 0);
	assert_int_equal(get(SLOT, 1), 0);
	wr(engine_reg(bcs0, TP_INTEL_RING_MI_MODE), TP_INTEL_MASKED_CLEAR(TP_INTEL_RING_STOP));
	await_slot(1, 1);
	wr(TP_INTEL_GDRST, TP_INTEL_GRDOM_RENDER);
	while (rd(TP_INTEL_GDRST))
		;
	start_ring(rcs0);
	submit_slot(rcs0, 0, 2);
	await_slot(0, 2);
}

/* ---- everybody ------------------------------------------------------------------------------- */

static tp_atomic_u32 stop;

static bool is_stopped(void)
{
	return tp_atomic_load(&stop, TP_ACQUIRE);
}

static void invalidate(tp_unused void *arg)
{
	while (!is_stopped()) {
		tp_ihw_for_each_engine(e, m)
			wr(gt_offset(e->id.gt) + e->id.invalidate, TP_INTEL_MASKED(e->id.bit));
		for (unsigned gt = 0; gt < m->nr_gts; gt++)
			while (rd(gt_offset(gt) + TP_INTEL_GEN12_VD_TLB_INV) && !is_stopped())
				tp_yield();
	}
}

static void disturb(tp_unused void *arg)
{
	for (unsigned i = 0; !is_stopped(); i++) {
		struct tp_intel_model_stat stat;

		tp_intel_model_stick(m, i % m->nr_engines, i % 2);
		tp_intel_model_lose_invalidations(m, i % 3, i % 2);
		tp_intel_model_reset_leaves_requests(m, i % 2);
		tp_intel_model_stat(m, &stat);
		tp_intel_model_is_empty(m, i % 2);
		tp_intel_model_run(m, 20);
		write_ggtt(i % 8, 0);
		wr(TP_INTEL_GFX_FLSH_CNTL, 1);
		wr(TP_INTEL_FORCEWAKE_RENDER,
		   i % 4 ? TP_INTEL_MASKED(2) : TP_INTEL_MASKED_CLEAR(2));
		tp_yield();
	}
	tp_intel_model_stick(m, ~0u, false);
}

static void resets(tp_unused void *arg)
{
	for (unsigned i = 0; !is_stopped(); i++) {
		unsigned gt = i % m->nr_gts;

		wr(gt_offset(gt) + TP_INTEL_GDRST, i % 3 ? TP_INTEL_GRDOM_FULL : ~1u);
		while (rd(gt_offset(gt) + TP_INTEL_GDRST) && !is_stopped())
			tp_yield();
		tp_sleep_ns(50000);
	}
}

/* Work, and now and then a page that goes: after the reset of the bus nothing reaches it. */
static void work_and_vanish(unsigned rounds)
{
	for (unsigned i = 0; i < rounds; i++) {
		wake_all();
		tp_ihw_for_each_engine(e, m)
		{
			start_ring(e);
			submit_store(e, VA(i % NR_DATA), i);
			submit_interrupt(e);
		}
		tp_yield();
		bus->ops->reset(bus);
		for (unsigned page = 0; page < PAGES; page++)
			tp_iommu_clear(iommu, (tp_dma_addr){ (uint64_t)page * PAGE });
		for (unsigned page = 0; page < PAGES; page++)
			must(tp_iommu_set(iommu, (tp_dma_addr){ (uint64_t)page * PAGE },
					  memory + (size_t)page * PAGE, TP_IOMMU_PERMS, "test"));
		make_tables();
	}
}

static void everybody_at_once(void **state)
{
	static void (*const others[])(void *) = { invalidate, disturb, resets };
	struct tp_thread threads[TP_ARRAY_SIZE(others)];

	(void)state;
	tp_atomic_store(&stop, 0, TP_RELAXED);
	for (unsigned i = 0; i < TP_ARRAY_SIZE(others); i++)
		must(tp_thread_start(&threads[i], "other", others[i], NULL));
	work_and_vanish(150);
	tp_atomic_store(&stop, 1, TP_RELEASE);
	for (unsigned i = 0; i < TP_ARRAY_SIZE(others); i++)
		tp_thread_join(&threads[i]);
	assert_int_equal(tp_quiet_load(&iommu->nr_faults), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(nothing_executes_by_itself, begin_tgl, end),
		cmocka_unit_test_setup_teardown(so_many_commands_and_no_more, begin_tgl, end),
		cmocka_unit_test_setup_teardown(caches_are_emptied_in_time, begin_tgl, end),
		cmocka_unit_test_setup_teardown(engine_interrupts_by_its_bit, begin_tgl, end),
		cmocka_unit_test_setup_teardown(interrupt_is_raised_again, begin_tgl, end),
		cmocka_unit_test_setup_teardown(disabled_interrupt_is_noted, begin_tgl, end),
		cmocka_unit_test(each_gt_has_a_vector),
		cmocka_unit_test_setup_teardown(thread_executes, begin_thread, end),
		cmocka_unit_test_setup_teardown(thread_looks_at_what_waits, begin_thread, end),
		cmocka_unit_test_setup_teardown(thread_rests_beside_a_batch_that_spins,
						begin_thread, end),
		cmocka_unit_test_setup_teardown(thread_serves_the_firmware, begin_thread_mtl, end),
		cmocka_unit_test_setup_teardown(thread_sleeps_until_something_is_written,
						begin_thread, end),
		cmocka_unit_test_setup_teardown(everybody_at_once, begin_thread, end),
		cmocka_unit_test_setup_teardown(everybody_at_once, begin_thread_mtl, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
