/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_ahw_mailbox - the host's driver, as a virtual function knows it: messages, access, resets of
 * the function.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "ahw_rig.h"

enum {
	MAILBOX = 1 << TP_AMD_VECTOR_MAILBOX,
	OUT_VALID = TP_AMD_MAILBOX_OUT_VALID,
	OUT_ACK = TP_AMD_MAILBOX_OUT_ACK,
	IN_VALID = TP_AMD_MAILBOX_IN_VALID,
	IN_ACK = TP_AMD_MAILBOX_IN_ACK,
};

static int begin_function(tp_unused void **state)
{
	begin((struct tp_amd_model_config){
		.mode = TP_AMD_MODEL_MANUAL, .virtual_function = true, .reset_ns = AGES });
	return 0;
}

static int begin_keeping(tp_unused void **state)
{
	begin((struct tp_amd_model_config){ .mode = TP_AMD_MODEL_MANUAL,
					    .virtual_function = true,
					    .flr_keeps_memory = true,
					    .reset_ns = AGES });
	return 0;
}

static uint32_t cntl(void)
{
	return rd(TP_AMD_MAILBOX_CNTL);
}

static void ask(uint32_t request)
{
	wr(TP_AMD_MAILBOX_OUT, request);
	wr(TP_AMD_MAILBOX_CNTL, OUT_VALID);
	assert_int_equal(cntl() & OUT_ACK, OUT_ACK);
	wr(TP_AMD_MAILBOX_CNTL, 0);
	assert_int_equal(cntl() & (OUT_VALID | OUT_ACK), 0);
}

/* The event that stands there, and what the host's driver can do; acknowledged. */
static void expect(uint32_t event, uint32_t features)
{
	assert_int_equal(interrupts_since(), MAILBOX);
	assert_int_equal(cntl() & IN_VALID, IN_VALID);
	assert_int_equal(rd(TP_AMD_MAILBOX_IN), event);
	assert_int_equal(rd(TP_AMD_MAILBOX_IN + 1), features);
	wr(TP_AMD_MAILBOX_CNTL, IN_ACK);
}

static void expect_nothing(void)
{
	assert_int_equal(cntl() & IN_VALID, 0);
	assert_int_equal(interrupts_since(), 0);
}

static void get_access(void)
{
	ask(TP_AMD_REQ_INIT_ACCESS);
	expect(TP_AMD_EVENT_READY, m->config.flr_keeps_memory ? 0 : TP_AMD_FEATURE_FLR_LOSES_VRAM);
}

/* ---- messages -------------------------------------------------------------------------------- */

static void who_asks_for_access_gets_it(tp_unused void **state)
{
	get_access();
	expect_nothing();
	ask(TP_AMD_REL_INIT_ACCESS);
	expect_nothing();
}

/* A request is taken once, when its bit rises. */
static void a_request_is_taken_once(tp_unused void **state)
{
	wr(TP_AMD_MAILBOX_OUT, TP_AMD_REQ_INIT_ACCESS);
	wr(TP_AMD_MAILBOX_CNTL, OUT_VALID);
	wr(TP_AMD_MAILBOX_CNTL, OUT_VALID);
	expect(TP_AMD_EVENT_READY, TP_AMD_FEATURE_FLR_LOSES_VRAM);
	expect_nothing();
}

static void a_request_of_nothing_is_acknowledged(tp_unused void **state)
{
	ask(99);
	ask(0);
	expect_nothing();
}

/* The next event waits until the one before was acknowledged, and then has its interrupt. */
static void events_wait_their_turn(tp_unused void **state)
{
	tp_amd_model_host_flr(m);
	resets_are_due();
	assert_int_equal(rd(TP_AMD_MAILBOX_IN), TP_AMD_EVENT_FLR);
	expect(TP_AMD_EVENT_FLR, TP_AMD_FEATURE_FLR_LOSES_VRAM);
	expect(TP_AMD_EVENT_FLR_DONE, TP_AMD_FEATURE_FLR_LOSES_VRAM);
	expect_nothing();
}

/* What nobody takes is dropped beyond what the host remembers; nothing is written elsewhere. */
static void what_nobody_reads_is_bounded(tp_unused void **state)
{
	for (unsigned i = 0; i < 3 * TP_AHW_EVENTS; i++)
		ask(TP_AMD_REQ_INIT_ACCESS);
	for (unsigned i = 0; i < TP_AHW_EVENTS + 1; i++)
		expect(TP_AMD_EVENT_READY, TP_AMD_FEATURE_FLR_LOSES_VRAM);
	expect_nothing();
}

static void what_the_host_says_is_not_ours_to_write(tp_unused void **state)
{
	wr(TP_AMD_MAILBOX_CNTL, IN_VALID | OUT_ACK);
	wr(TP_AMD_MAILBOX_IN, 7);
	assert_int_equal(cntl(), 0);
	assert_int_equal(rd(TP_AMD_MAILBOX_IN), 0);
}

static void a_whole_device_has_no_mailbox(tp_unused void **state)
{
	wr(TP_AMD_MAILBOX_OUT, TP_AMD_REQ_INIT_ACCESS);
	wr(TP_AMD_MAILBOX_CNTL, OUT_VALID);
	assert_int_equal(cntl(), 0);
	tp_amd_model_host_flr(m);
	rd(0);
	assert_int_equal(stat_of().flrs, 0);
	expect_nothing();
}

/* ---- access ---------------------------------------------------------------------------------- */

static void without_access_nothing_is_set_up(tp_unused void **state)
{
	const uint64_t denied = stat_of().denied; /* of the rig, that set up all without */
	const uint32_t rb_cntl = tp_amd_ring_reg(TP_AMD_RING_SDMA0, TP_AMD_SDMA_RB_CNTL);
	const uint32_t context = tp_amd_hub_reg(TP_AMD_MMHUB, TP_AMD_CONTEXT0_CNTL + 1);

	assert_true(denied > 0);
	wr(context, TP_AMD_CNTL_ENABLE);
	wr(rb_cntl, TP_AMD_RB_ENABLE);
	assert_int_equal(rd(context), 0);
	assert_int_equal(rd(rb_cntl), 0);
	assert_int_equal(stat_of().denied, denied + 2);
	get_access();
	start_all();
	assert_int_equal(stat_of().denied, denied + 2);
	ask(TP_AMD_REL_INIT_ACCESS);
	use(TP_AMD_RING_SDMA0, 1, 0); /* what was set up works on */
	wr(context, 0);
	assert_int_not_equal(rd(context), 0);
}

/* ---- resets ---------------------------------------------------------------------------------- */

static void it_resets_only_by_its_host(tp_unused void **state)
{
	get_access();
	start_all();
	use(TP_AMD_RING_GFX, 1, 0);
	wr(TP_AMD_SOFT_RESET, 1);
	wr(TP_AMD_PSP_COMMAND, TP_AMD_PSP_MODE1_RESET);
	resets_are_due();
	rd(0);
	assert_true(knows_leaf(TP_AMD_GFXHUB, 1, VA(0)));
	assert_int_equal(stat_of().soft_resets + stat_of().mode1_resets + stat_of().losses, 0);
}

/* Y5 */
static void check_reset(uint64_t losses, uint32_t features)
{
	get_access();
	start_all();
	use(TP_AMD_RING_GFX, 1, 0);
	submit_store(TP_AMD_RING_SDMA0, FREE, 1);
	ask(TP_AMD_REQ_RESET_ACCESS);
	expect_nothing();
	assert_int_equal(stat_of().flrs, 0);
	resets_are_due();
	assert_int_equal(stat_of().flrs, 1);
	expect(TP_AMD_EVENT_FLR_DONE, features);
	assert_int_equal(stat_of().losses, losses);
	assert_false(knows_leaf(TP_AMD_GFXHUB, 1, VA(0)));
	assert_false(tp_amd_model_run(m, 100));
	wr(tp_amd_ring_reg(TP_AMD_RING_GFX, TP_AMD_SDMA_RB_CNTL), TP_AMD_RB_ENABLE);
	assert_int_equal(rd(tp_amd_ring_reg(TP_AMD_RING_GFX, TP_AMD_SDMA_RB_CNTL)), 0);
}

static void a_function_level_reset_loses_memory(tp_unused void **state)
{
	check_reset(1, TP_AMD_FEATURE_FLR_LOSES_VRAM);
}

static void some_hosts_keep_it(tp_unused void **state)
{
	check_reset(0, 0);
	assert_int_equal(vram_get(FREE, 0), 0);
	assert_int_not_equal(vram_get(table_page(1, 0), 0), 0);
}

/* While the first one loses memory a second changes nothing. */
static void a_reset_in_a_reset_is_part_of_it(tp_unused void **state)
{
	tp_amd_model_host_flr(m);
	m->is_losing = true; /* as if another thread did it */
	resets_are_due();
	expect(TP_AMD_EVENT_FLR, TP_AMD_FEATURE_FLR_LOSES_VRAM);
	ask(TP_AMD_REQ_RESET_ACCESS);
	expect_nothing();
	assert_int_equal(stat_of().losses, 0);
	m->is_losing = false;
	rd(0);
	expect(TP_AMD_EVENT_FLR_DONE, TP_AMD_FEATURE_FLR_LOSES_VRAM);
	resets_are_due();
	expect_nothing();
	assert_int_equal(stat_of().flrs, 1);
	assert_int_equal(stat_of().losses, 1);
}

static void the_host_may_never_end_it(tp_unused void **state)
{
	tp_amd_model_refuse_resets(m, 1);
	ask(TP_AMD_REQ_RESET_ACCESS);
	resets_are_due();
	rd(0);
	expect_nothing();
	bus->ops->reset(bus);
	ask(TP_AMD_REQ_RESET_ACCESS);
	resets_are_due();
	rd(0);
	expect(TP_AMD_EVENT_FLR_DONE, TP_AMD_FEATURE_FLR_LOSES_VRAM);
}

#define FUNCTION(name) cmocka_unit_test_setup_teardown(name, begin_function, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		FUNCTION(who_asks_for_access_gets_it),
		FUNCTION(a_request_is_taken_once),
		FUNCTION(a_request_of_nothing_is_acknowledged),
		FUNCTION(events_wait_their_turn),
		FUNCTION(what_nobody_reads_is_bounded),
		FUNCTION(what_the_host_says_is_not_ours_to_write),
		cmocka_unit_test_setup_teardown(a_whole_device_has_no_mailbox, begin_manual, end),
		FUNCTION(without_access_nothing_is_set_up),
		FUNCTION(it_resets_only_by_its_host),
		FUNCTION(a_function_level_reset_loses_memory),
		cmocka_unit_test_setup_teardown(some_hosts_keep_it, begin_keeping, end),
		FUNCTION(a_reset_in_a_reset_is_part_of_it),
		FUNCTION(the_host_may_never_end_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
