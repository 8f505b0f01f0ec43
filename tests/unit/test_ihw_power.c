/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_ihw_power - domains that wake, answer, sleep and forget, and what is dropped meanwhile. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "ihw_rig.h"

static int begin_tgl(void **state)
{
	(void)state;
	begin_asleep((struct tp_intel_model_config){ .platform = TP_INTEL_TGL,
						     .mode = TP_INTEL_MODEL_MANUAL });
	return 0;
}

static int begin_that_remembers(void **state)
{
	(void)state;
	begin((struct tp_intel_model_config){
		.platform = TP_INTEL_TGL, .mode = TP_INTEL_MODEL_MANUAL, .sleep_remembers = true });
	return 0;
}

static int begin_slow(void **state)
{
	(void)state;
	begin_asleep((struct tp_intel_model_config){
		.platform = TP_INTEL_TGL, .mode = TP_INTEL_MODEL_MANUAL, .wake_ns = AGES });
	return 0;
}

static int begin_mtl(void **state)
{
	(void)state;
	begin_asleep((struct tp_intel_model_config){ .platform = TP_INTEL_MTL,
						     .mode = TP_INTEL_MODEL_MANUAL });
	return 0;
}

static void request(uint32_t reg)
{
	wr(reg, TP_INTEL_MASKED(1));
}

static void release(uint32_t reg)
{
	wr(reg, TP_INTEL_MASKED_CLEAR(1));
}

static void wake(uint32_t reg, uint32_t ack)
{
	request(reg);
	while (!(rd(ack) & 1))
		;
}

static void wake_render(void)
{
	wake(TP_INTEL_FORCEWAKE_RENDER, TP_INTEL_FORCEWAKE_ACK_RENDER);
}

static void wake_gt(void)
{
	wake(TP_INTEL_FORCEWAKE_GT, TP_INTEL_FORCEWAKE_ACK_GT);
}

static void domain_answers_after_a_while(void **state)
{
	struct tp_ihw_domain *render = tp_ihw_domain(m, 0, TP_INTEL_FORCEWAKE_RENDER);

	(void)state;
	request(TP_INTEL_FORCEWAKE_RENDER);
	assert_int_equal(rd(TP_INTEL_FORCEWAKE_RENDER), 1);
	assert_int_equal(rd(TP_INTEL_FORCEWAKE_ACK_RENDER), 0);
	assert_false(render->awake);
	render->due_ns = 1;
	assert_int_equal(rd(TP_INTEL_FORCEWAKE_ACK_RENDER), 1);
	assert_int_equal(rd(TP_INTEL_FORCEWAKE_ACK_GT), 0);
	release(TP_INTEL_FORCEWAKE_RENDER);
	assert_int_equal(rd(TP_INTEL_FORCEWAKE_ACK_RENDER), 0);
	/* and again */
	request(TP_INTEL_FORCEWAKE_RENDER);
	assert_int_equal(rd(TP_INTEL_FORCEWAKE_ACK_RENDER), 0);
}

/* Sixteen users, a bit each; who has no mask says nothing. */
static void each_user_has_a_bit(void **state)
{
	(void)state;
	wr(TP_INTEL_FORCEWAKE_GT, 1);
	assert_int_equal(rd(TP_INTEL_FORCEWAKE_GT), 0);
	wake_gt();
	wr(TP_INTEL_FORCEWAKE_GT, TP_INTEL_MASKED(1u << 3));
	assert_int_equal(rd(TP_INTEL_FORCEWAKE_ACK_GT), 9);
	release(TP_INTEL_FORCEWAKE_GT);
	assert_int_equal(rd(TP_INTEL_FORCEWAKE_ACK_GT), 8);
	wr(TP_INTEL_GEN12_GFX_TLB_INV, 1);
	assert_int_equal(stat_of().requests, 1);
	wr(TP_INTEL_FORCEWAKE_GT, TP_INTEL_MASKED_CLEAR(0xffff));
	wr(TP_INTEL_GEN12_GFX_TLB_INV, 1);
	assert_int_equal(stat_of().requests, 1);
}

/* T10 */
static void register_that_sleeps_drops_writes_and_reads_zero(void **state)
{
	struct tp_ihw_engine *rcs0 = engine("rcs0");
	const uint32_t start = engine_reg(rcs0, TP_INTEL_RING_START);

	(void)state;
	wr(start, PAGE);
	wr(TP_INTEL_GEN12_GFX_TLB_INV, 1);
	assert_int_equal(stat_of().dropped_writes, 2);
	assert_int_equal(stat_of().requests, 0);
	wake_render();
	assert_int_equal(rd(start), 0);
	wr(start, 2 * PAGE);
	assert_int_equal(rd(start), 2 * PAGE);
	wr(TP_INTEL_GEN12_GFX_TLB_INV, 1); /* that is of another domain */
	assert_int_equal(stat_of().dropped_writes, 3);
	release(TP_INTEL_FORCEWAKE_RENDER);
	assert_int_equal(rd(start), 0);
	wake_render();
	assert_int_equal(rd(start), 2 * PAGE); /* an engine's registers survive its sleep */
}

static void what_is_always_awake_is_not_dropped(void **state)
{
	static const uint32_t regs[] = { TP_INTEL_GT_IER, TP_INTEL_GSM + 8 };

	(void)state;
	for (unsigned i = 0; i < TP_ARRAY_SIZE(regs); i++) {
		wr(regs[i], 0x77);
		assert_int_equal(rd(regs[i]), 0x77);
	}
	wr(TP_INTEL_GDRST, TP_INTEL_GRDOM_FULL);
	assert_int_equal(stat_of().resets, 1);
	assert_int_equal(stat_of().dropped_writes, 0);
}

/* Invalidation registers of the media GT need nobody awake; those of the primary one do. */
static void media_gt_hears_while_it_sleeps(void **state)
{
	(void)state;
	wr(TP_INTEL_MEDIA_GT + TP_INTEL_GEN12_VD_TLB_INV, TP_INTEL_MASKED(1));
	assert_int_equal(stat_of().requests, 1);
	wr(TP_INTEL_MCR_SELECTOR, TP_INTEL_MCR_MULTICAST);
	wr(TP_INTEL_GEN12_GFX_TLB_INV, 1);
	assert_int_equal(stat_of().requests, 1);
	assert_int_equal(stat_of().dropped_writes, 1);
	/* The two GTs' domains are not the same. */
	wake_gt();
	assert_int_equal(rd(TP_INTEL_MEDIA_GT + TP_INTEL_FORCEWAKE_ACK_GT), 0);
}

/* X7 */
static void engine_that_sleeps_forgets(void **state)
{
	struct tp_ihw_engine *rcs0 = engine("rcs0"), *vcs0 = engine("vcs0");

	(void)state;
	wake_all();
	remember(rcs0);
	remember(vcs0);
	release(TP_INTEL_FORCEWAKE_GT);
	assert_true(remembered(rcs0) && remembered(vcs0));
	release(TP_INTEL_FORCEWAKE_RENDER);
	assert_int_equal(remembered(rcs0), 0);
	assert_true(remembered(vcs0));
	release(TP_INTEL_FORCEWAKE_VDBOX(0));
	assert_true(tp_intel_model_is_empty(m, 0));
}

/* T6: on such a device an engine that is skipped while it sleeps uses what it should not. */
static void engine_may_remember_in_its_sleep(void **state)
{
	struct tp_ihw_engine *rcs0 = engine("rcs0");

	(void)state;
	remember(rcs0);
	release(TP_INTEL_FORCEWAKE_RENDER);
	assert_int_equal(rd(TP_INTEL_FORCEWAKE_ACK_RENDER), 0);
	assert_true(remembered(rcs0));
	assert_false(tp_intel_model_is_empty(m, 0));
	wake_render();
	put_entry(LEAVES, 0, pte(DATA + 5));
	submit_store(rcs0, VA(0), 0x600d);
	run_dry();
	assert_int_equal(get(DATA, 0), 0x600d);
	assert_int_equal(stat_of().engine[0].stale, 1);
}

/* X4: nobody asks for the domain any more, but there is work. */
static void work_keeps_a_domain_awake(void **state)
{
	struct tp_ihw_engine *rcs0 = engine("rcs0");

	(void)state;
	wake_all();
	remember(rcs0);
	/* wait until the slot is 1 */
	SUBMIT(rcs0, TP_INTEL_MI_SEMAPHORE_WAIT | TP_INTEL_MI_GGTT, 1, SLOT * PAGE, 0);
	release(TP_INTEL_FORCEWAKE_RENDER);
	assert_false(tp_intel_model_run(m, 10));
	assert_false(is_idle(rcs0));
	assert_true(remembered(rcs0));
	/* It need not wake to answer. */
	m->config.wake_ns = AGES;
	request(TP_INTEL_FORCEWAKE_RENDER);
	assert_int_equal(rd(TP_INTEL_FORCEWAKE_ACK_RENDER), 1);
	release(TP_INTEL_FORCEWAKE_RENDER);
	put(SLOT, 0, 1);
	run_dry();
	assert_int_equal(remembered(rcs0), 0);
	assert_int_equal(rd(engine_reg(rcs0, TP_INTEL_RING_START)), 0);
}

static void engine_that_sleeps_executes_nothing(void **state)
{
	struct tp_ihw_engine *rcs0 = engine("rcs0");

	(void)state;
	wake_render();
	start_ring(rcs0);
	/* Told to stop, it has no work, and lets its domain sleep. */
	wr(engine_reg(rcs0, TP_INTEL_RING_MI_MODE), TP_INTEL_MASKED(TP_INTEL_RING_STOP));
	SUBMIT(rcs0, TP_INTEL_MI_NOOP, TP_INTEL_MI_NOOP);
	release(TP_INTEL_FORCEWAKE_RENDER);
	assert_false(tp_intel_model_run_engine(m, rcs0->index, 5));
	wr(engine_reg(rcs0, TP_INTEL_RING_MI_MODE), TP_INTEL_MASKED_CLEAR(TP_INTEL_RING_STOP));
	assert_false(tp_intel_model_run_engine(m, rcs0->index, 5)); /* that was dropped */
	wake_render();
	wr(engine_reg(rcs0, TP_INTEL_RING_MI_MODE), TP_INTEL_MASKED_CLEAR(TP_INTEL_RING_STOP));
	assert_true(tp_intel_model_run_engine(m, rcs0->index, 5));
	assert_int_equal(stat_of().engine[0].commands, 2);
}

static void domain_may_refuse_to_answer(void **state)
{
	(void)state;
	tp_intel_model_refuse_wake(m, true);
	request(TP_INTEL_FORCEWAKE_GT);
	for (unsigned i = 0; i < 100; i++)
		assert_int_equal(rd(TP_INTEL_FORCEWAKE_ACK_GT), 0);
	wr(TP_INTEL_GEN12_GFX_TLB_INV, 1);
	assert_int_equal(stat_of().dropped_writes, 1);
	tp_intel_model_refuse_wake(m, false);
	assert_int_equal(rd(TP_INTEL_FORCEWAKE_ACK_GT), 1);
}

/* BDW has one domain for all; the others of that age three. */
static void domains_of_old_platforms(void **state)
{
	static const struct {
		enum tp_intel_platform platform;
		unsigned nr;
	} cases[] = { { TP_INTEL_BDW, 1 },
		      { TP_INTEL_SKL, 3 },
		      { TP_INTEL_ICL, 5 },
		      { TP_INTEL_DG2, 6 },
		      { TP_INTEL_MTL, 6 } };

	(void)state;
	for (unsigned i = 0; i < TP_ARRAY_SIZE(cases); i++) {
		begin_manual(cases[i].platform);
		assert_int_equal(m->nr_domains, cases[i].nr);
		finish();
	}
}

static void one_domain_is_everybodys(void **state)
{
	(void)state;
	begin_asleep((struct tp_intel_model_config){ .platform = TP_INTEL_BDW,
						     .mode = TP_INTEL_MODEL_MANUAL });
	wr(TP_INTEL_GEN8_RTCR, 1);
	assert_int_equal(stat_of().dropped_writes, 1);
	wake_render();
	wr(TP_INTEL_GEN8_RTCR, 1);
	wr(engine_reg(engine("vecs0"), TP_INTEL_RING_TAIL), 8);
	assert_int_equal(stat_of().dropped_writes, 1);
	assert_int_equal(stat_of().requests, 1);
	finish();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(domain_answers_after_a_while, begin_slow, end),
		cmocka_unit_test_setup_teardown(each_user_has_a_bit, begin_tgl, end),
		cmocka_unit_test_setup_teardown(register_that_sleeps_drops_writes_and_reads_zero,
						begin_tgl, end),
		cmocka_unit_test_setup_teardown(what_is_always_awake_is_not_dropped, begin_tgl,
						end),
		cmocka_unit_test_setup_teardown(media_gt_hears_while_it_sleeps, begin_mtl, end),
		cmocka_unit_test_setup_teardown(engine_that_sleeps_forgets, begin_tgl, end),
		cmocka_unit_test_setup_teardown(engine_may_remember_in_its_sleep,
						begin_that_remembers, end),
		cmocka_unit_test_setup_teardown(work_keeps_a_domain_awake, begin_tgl, end),
		cmocka_unit_test_setup_teardown(engine_that_sleeps_executes_nothing, begin_tgl,
						end),
		cmocka_unit_test_setup_teardown(domain_may_refuse_to_answer, begin_tgl, end),
		cmocka_unit_test(domains_of_old_platforms),
		cmocka_unit_test(one_domain_is_everybodys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
