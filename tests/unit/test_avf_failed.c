/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Devices that do not come back, do so as another, or need to be told twice. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "avf_fake_machine.h"

/* ---- giving up, and another try -------------------------------------------------------------- */

static void everything_is_refused(struct fake_machine *fm)
{
	static const uint8_t group[6] = { 1, 0, 0x5E, 0, 0, 1 };
	struct tp_net_config config = fm->avf->nd.config;

	config.mtu = 1400;
	assert_int_equal(tp_net_configure(fm->m, "avf0", &config), -EIO);
	assert_error_says("the device has failed; reset it");
	assert_int_equal(tp_net_vlan(fm->m, "avf0", 5, true), -EIO);
	assert_int_equal(tp_net_multicast(fm->m, "avf0", group, true), -EIO);
	assert_int_equal(tp_avf_service(fm->avf), TP_WAIT_FOREVER);
	assert_int_equal(fm->avf->nd.config.mtu, 1500);
	assert_int_equal(fm->avf->nr_vlans, 0);
}

static void break_down(struct fake_machine *fm)
{
	fm->fake.stuck = true;
	assert_int_equal(tp_net_reset(fm->m, "avf0"), -EIO);
	assert_error_says("did not come out of its reset within 5 ms: state 0");
	assert_int_equal(fake_info(fm).state, TP_NET_FAILED);
	assert_false(fake_info(fm).carrier);
	assert_int_equal(fake_info(fm).active_queues, 0);
}

static void failed_and_back(void **state)
{
	struct fake_machine *fm = *state;

	break_down(fm);
	everything_is_refused(fm);
	assert_int_equal(tp_net_open(fm->m, "avf0"), -EIO);
	assert_int_equal(tp_net_reset(fm->m, "avf0"), -EIO);
	fm->fake.stuck = false;
	must(tp_net_reset(fm->m, "avf0"));
	assert_int_equal(fake_info(fm).state, TP_NET_DOWN);
	must(tp_net_open(fm->m, "avf0"));
}

static void failed_open_and_back(void **state)
{
	struct fake_machine *fm = *state;

	must(tp_net_open(fm->m, "avf0"));
	break_down(fm);
	everything_is_refused(fm);
	assert_true(fake_info(fm).up);
	fm->fake.stuck = false;
	must(tp_net_reset(fm->m, "avf0"));
	assert_int_equal(fake_info(fm).state, TP_NET_RUNNING);
	assert_true(fake_info(fm).carrier);
}

static void failed_and_closed(void **state)
{
	struct fake_machine *fm = *state;

	must(tp_net_open(fm->m, "avf0"));
	break_down(fm);
	must(tp_net_close(fm->m, "avf0"));
	assert_int_equal(fake_info(fm).state, TP_NET_FAILED);
	fm->fake.stuck = false;
	must(tp_net_reset(fm->m, "avf0"));
	assert_int_equal(fake_info(fm).state, TP_NET_DOWN);
}

static void failed_and_destroyed(void **state)
{
	struct fake_machine *fm = *state;

	must(tp_net_open(fm->m, "avf0"));
	break_down(fm);
}

/* Dead between two looks; the service finds it. */
static void dies_while_running(void **state)
{
	struct fake_machine *fm = *state;

	must(tp_net_open(fm->m, "avf0"));
	fm->fake.stuck = true;
	fake_reset(&fm->fake);
	assert_int_equal(tp_avf_service(fm->avf), TP_WAIT_FOREVER);
	assert_int_equal(fake_info(fm).state, TP_NET_FAILED);
	assert_int_equal(fake_info(fm).resets_device, 1);
}

static void dies_while_closing(void **state)
{
	struct fake_machine *fm = *state;

	must(tp_net_open(fm->m, "avf0"));
	fm->fake.deaf = true;
	must(tp_net_close(fm->m, "avf0"));
	assert_int_equal(fake_info(fm).state, TP_NET_RESETTING);
	assert_true(fm->fake.function_resets > 1); /* so that the rings could go (A3) */
	tp_avf_service(fm->avf);
	assert_int_equal(fake_info(fm).state, TP_NET_FAILED);
	fm->fake.deaf = false;
}

/* ---- how a reset is brought about ------------------------------------------------------------ */

static void reset_vf_is_enough(void **state)
{
	struct fake_machine *fm = *state;
	unsigned before = fm->fake.function_resets;

	must(tp_net_reset(fm->m, "avf0"));
	assert_int_equal(fake_count(&fm->fake, TP_VC_RESET_VF), 1);
	assert_int_equal(fm->fake.function_resets, before);
}

static void function_level_where_reset_vf_does_nothing(void **state)
{
	struct fake_machine *fm = *state;
	unsigned before = fm->fake.function_resets;

	must(tp_net_open(fm->m, "avf0"));
	fm->fake.ignores_reset = true;
	must(tp_net_reset(fm->m, "avf0"));
	assert_int_equal(fm->fake.function_resets, before + 1);
	assert_int_equal(fake_info(fm).state, TP_NET_RUNNING);
}

/* T19: the physical function remembers which version we speak. */
static void version_is_not_told_again_T19(void **state)
{
	struct fake_machine *fm = *state;

	must(tp_net_reset(fm->m, "avf0"));
	fake_reset(&fm->fake);
	tp_avf_service(fm->avf);
	assert_int_equal(fake_count(&fm->fake, TP_VC_VERSION), 1);
	assert_int_equal(fake_count(&fm->fake, TP_VC_GET_VF_RESOURCES), 3);
}

/* One that does not is told. */
static void version_is_told_to_who_forgot(void **state)
{
	struct fake_machine *fm = *state;

	must(tp_net_open(fm->m, "avf0"));
	fm->fake.forgets = true;
	must(tp_net_reset(fm->m, "avf0"));
	assert_int_equal(fake_info(fm).state, TP_NET_RUNNING);
	assert_int_equal(fake_count(&fm->fake, TP_VC_VERSION), 2);
}

/* After a reset COMPLETED is not enough: messages would come too early. */
static unsigned completed_looks;

static uint32_t completed_for_a_while(struct fake_avf *fake, uint32_t offset, uint32_t value)
{
	(void)fake;
	if (offset != TP_AVF_RSTAT || !completed_looks)
		return value;
	completed_looks--;
	return TP_AVF_RESET_COMPLETED;
}

static bool not_while_completed(struct fake_avf *fake, const struct fake_message *m)
{
	(void)fake;
	if (m->op != TP_VC_RESET_VF)
		assert_int_equal(completed_looks, 0);
	return false;
}

static void completed_is_not_active(void **state)
{
	struct fake_machine *fm = *state;

	fm->fake.spy = completed_for_a_while;
	fm->fake.pf = not_while_completed;
	fm->avf->patience.end_ns = TP_SECONDS(5); /* enough for all looks, however late they are */
	completed_looks = 8;
	must(tp_net_reset(fm->m, "avf0"));
	assert_int_equal(completed_looks, 0);
	fm->fake.spy = NULL;
}

/* ---- another device than before -------------------------------------------------------------- */

static void fewer_queues_than_before(void **state)
{
	struct fake_machine *fm = *state;

	must(tp_net_open(fm->m, "avf0"));
	fm->fake.queues = 2;
	assert_int_equal(tp_net_reset(fm->m, "avf0"), -EIO);
	assert_error_says("offers 2 queues");
	assert_int_equal(fake_info(fm).state, TP_NET_FAILED);
	fm->fake.queues = 4;
	must(tp_net_reset(fm->m, "avf0"));
	assert_int_equal(fake_info(fm).state, TP_NET_RUNNING);
}

static void fewer_features_than_before(void **state)
{
	struct fake_machine *fm = *state;

	fm->fake.caps &= ~(TP_VC_CAP_RSS_PF | TP_VC_CAP_RSS_REG);
	assert_int_equal(tp_net_reset(fm->m, "avf0"), -EIO);
	assert_error_says("after its reset the device offers");
	fm->fake.caps |= TP_VC_CAP_RSS_PF;
	must(tp_net_reset(fm->m, "avf0"));
}

/* ---- no end ---------------------------------------------------------------------------------- */

static unsigned ops_at_reset;

/* Resets itself whenever it is asked for its queues. */
static bool reset_always(struct fake_avf *fake, const struct fake_message *m)
{
	if (m->op != TP_VC_CONFIG_VSI_QUEUES)
		return false;
	ops_at_reset++;
	fake_reset(fake);
	return true;
}

static void resets_without_end(void **state)
{
	struct fake_machine *fm = *state;

	fm->fake.pf = reset_always;
	ops_at_reset = 0;
	assert_int_equal(tp_net_open(fm->m, "avf0"), -EIO);
	assert_in_range(ops_at_reset, 2, 20);
	assert_int_equal(fake_info(fm).state, TP_NET_FAILED);
	assert_false(fake_info(fm).up);
	fm->fake.pf = NULL;
	must(tp_net_reset(fm->m, "avf0"));
	must(tp_net_open(fm->m, "avf0"));
}

/* Says that a reset is running and never begins one: looks wrong, costs a reset, goes on. */
static uint32_t in_progress_for_a_while(struct fake_avf *fake, uint32_t offset, uint32_t value)
{
	(void)fake;
	if (offset != TP_AVF_RSTAT || !completed_looks)
		return value;
	completed_looks--;
	return TP_AVF_RESET_IN_PROGRESS;
}

static void in_progress_for_nothing(void **state)
{
	struct fake_machine *fm = *state;

	must(tp_net_open(fm->m, "avf0"));
	fm->fake.spy = in_progress_for_a_while;
	completed_looks = 3;
	tp_avf_service(fm->avf);
	assert_int_equal(fake_info(fm).state, TP_NET_RUNNING);
	assert_int_equal(fake_info(fm).resets_device, 1);
	fm->fake.spy = NULL;
}

#define with_fake(test) cmocka_unit_test_setup_teardown(test, setup_fake_driver, teardown_fake)

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_fake(failed_and_back),
		with_fake(failed_open_and_back),
		with_fake(failed_and_closed),
		with_fake(failed_and_destroyed),
		with_fake(dies_while_running),
		with_fake(dies_while_closing),
		with_fake(reset_vf_is_enough),
		with_fake(function_level_where_reset_vf_does_nothing),
		with_fake(version_is_not_told_again_T19),
		with_fake(version_is_told_to_who_forgot),
		with_fake(completed_is_not_active),
		with_fake(fewer_queues_than_before),
		with_fake(fewer_features_than_before),
		with_fake(resets_without_end),
		with_fake(in_progress_for_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
