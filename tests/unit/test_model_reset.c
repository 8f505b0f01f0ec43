/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_model_reset - what a reset of the simulated function takes, keeps, and shows meanwhile. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "avf_raw_one.h"

enum { PAIRS = 4, NONE = TP_AVF_ITR_INDX(TP_AVF_ITR_NONE) };

/* One that takes its time: far more than the test, which moves the clock of the reset itself. */
static int begin_slow(void **state)
{
	(void)state;
	raw_begin(&r,
		  (struct tp_avf_model_config){ .no_timers = true, .reset_ns = TP_SECONDS(1000) });
	return 0;
}

/* ---- the ways to reset ----------------------------------------------------------------------- */

static void by_message(void)
{
	raw_send(&r, TP_VC_RESET_VF, NULL, 0);
}

static void by_pf(void)
{
	tp_avf_model_pf_reset(r.model, false);
}

static void by_pf_announced(void)
{
	tp_avf_model_pf_reset(r.model, true);
}

static void by_bus(void)
{
	r.bus->ops->reset(r.bus);
}

static void (*const ways[])(void) = { by_message, by_pf, by_pf_announced, by_bus };

static const uint32_t cleared[] = {
	TP_AVF_ATQH,	    TP_AVF_ATQT,	TP_AVF_ATQLEN,	    TP_AVF_ATQBAL,
	TP_AVF_ATQBAH,	    TP_AVF_ARQH,	TP_AVF_ARQT,	    TP_AVF_ARQLEN,
	TP_AVF_ARQBAL,	    TP_AVF_ARQBAH,	TP_AVF_ICR01,	    TP_AVF_ICR0_ENA1,
	TP_AVF_DYN_CTL01,   TP_AVF_DYN_CTLN(1), TP_AVF_DYN_CTLN(4), TP_AVF_ITRN(0, 1),
	TP_AVF_ITRN(1, 2),  TP_AVF_ITRN(2, 4),	TP_AVF_QTX_TAIL(0), TP_AVF_QTX_TAIL(3),
	TP_AVF_QRX_TAIL(0), TP_AVF_QRX_TAIL(3),
};

static void leave_traces(void)
{
	raw_up(&r, UINT32_MAX, PAIRS);
	for (unsigned v = 1; v <= PAIRS; v++) {
		raw_write(&r, TP_AVF_DYN_CTLN(v), TP_AVF_INTENA | NONE);
		for (unsigned itr = 0; itr < TP_AVF_NR_ITR; itr++)
			raw_write(&r, TP_AVF_ITRN(itr, v), 25);
	}
	raw_write(&r, TP_AVF_DYN_CTL01, TP_AVF_INTENA | NONE);
	raw_write(&r, TP_AVF_ICR0_ENA1, TP_AVF_ICR0_ADMINQ);
	raw_write(&r, TP_AVF_HKEY(0), 0x5A5A5A5A);
	for (unsigned q = 0; q < PAIRS; q++)
		raw_write(&r, TP_AVF_QRX_TAIL(q), 8);
}

static void every_way_clears_every_register(void **state)
{
	(void)state;
	for (unsigned w = 0; w < TP_ARRAY_SIZE(ways); w++) {
		leave_traces();
		ways[w]();
		for (unsigned i = 0; i < TP_ARRAY_SIZE(cleared); i++)
			assert_int_equal(raw_read(&r, cleared[i]), 0);
		assert_int_not_equal(raw_read(&r, TP_AVF_HKEY(0)), 0x5A5A5A5A);
		assert_int_equal(raw_read(&r, TP_AVF_RSTAT), TP_AVF_VFACTIVE);
	}
	assert_int_equal(raw_faults(&r), 0);
}

/* F3: queues are off, and what the driver takes back afterwards is not looked for. */
static void afterwards_no_memory_is_accessed(void **state)
{
	(void)state;
	for (unsigned w = 0; w < TP_ARRAY_SIZE(ways); w++) {
		leave_traces();
		ways[w]();
		assert_int_equal(model()->enabled[0] | model()->enabled[1], 0);
		for (unsigned q = 0; q < PAIRS; q++) {
			assert_false(model()->rx[q].enabled);
			assert_false(model()->tx[q].enabled);
		}
		raw_aq_free(&r);
		raw_free_rings(&r);
		for (unsigned q = 0; q < PAIRS; q++) {
			raw_write(&r, TP_AVF_QTX_TAIL(q), 5);
			raw_write(&r, TP_AVF_QRX_TAIL(q), 5);
		}
		raw_write(&r, TP_AVF_ATQT, 5);
		tp_avf_model_send_message(r.model, TP_VC_EVENT, 0, &w, sizeof(w));
		tp_avf_model_run(r.model);
		assert_int_equal(raw_faults(&r), 0);
		ways[w == 0 ? 1 : w]();
	}
}

/* T19: drivers that reset begin with GET_VF_RESOURCES, for they have said their version already. */
static void the_version_is_kept(void **state)
{
	uint32_t caps = UINT32_MAX;

	(void)state;
	raw_handshake(&r, caps);
	for (unsigned w = 0; w < TP_ARRAY_SIZE(ways); w++) {
		ways[w]();
		raw_aq_init(&r);
		assert_int_equal(raw_call(&r, TP_VC_GET_VF_RESOURCES, &caps, sizeof(caps)),
				 TP_VC_SUCCESS);
	}
}

/* T19, the other side: before any version was said, the message has no capabilities in it. */
static void without_a_version_there_are_no_capabilities(void **state)
{
	uint32_t caps = UINT32_MAX;

	(void)state;
	raw_aq_init(&r);
	assert_int_equal(raw_call(&r, TP_VC_GET_VF_RESOURCES, &caps, sizeof(caps)),
			 TP_VC_ERR_PARAM);
	assert_int_equal(raw_call(&r, TP_VC_GET_VF_RESOURCES, NULL, 0), TP_VC_SUCCESS);
}

static void what_was_negotiated_is_forgotten(void **state)
{
	const struct tp_vc_queue_select select = { .vsi_id = RAW_VSI };

	(void)state;
	for (unsigned w = 0; w < TP_ARRAY_SIZE(ways); w++) {
		raw_handshake(&r, UINT32_MAX);
		assert_int_equal(raw_call(&r, TP_VC_GET_STATS, &select, sizeof(select)),
				 TP_VC_SUCCESS);
		ways[w]();
		raw_aq_init(&r);
		assert_int_equal(raw_call(&r, TP_VC_GET_STATS, &select, sizeof(select)),
				 TP_VC_ERR_NOT_SUPPORTED);
	}
}

/* The port is as new, but for the address that the function said is its own. */
static void filters_are_gone(void **state)
{
	static const uint8_t mine[6] = { 0x02, 1, 2, 3, 4, 5 };
	struct {
		uint16_t vsi_id, nr;
		struct tp_vc_ether_addr list[3];
	} macs = { RAW_VSI, 2, { { .type = TP_VC_ETHER_ADDR_LEGACY } } };
	const struct tp_vc_promisc_info promisc = { RAW_VSI, 3 };
	struct tp_avf_port *port = &model()->port;

	(void)state;
	raw_handshake(&r, UINT32_MAX);
	memcpy(macs.list[0].addr, mine, 6);
	macs.list[0].type = TP_VC_ETHER_ADDR_PRIMARY;
	memcpy(macs.list[1].addr, "\x33\x33\0\0\0\1", 6);
	assert_int_equal(raw_call(&r, TP_VC_ADD_ETH_ADDR, &macs, sizeof(macs)), TP_VC_SUCCESS);
	assert_int_equal(raw_call(&r, TP_VC_CONFIG_PROMISC, &promisc, sizeof(promisc)),
			 TP_VC_SUCCESS);
	assert_int_equal(port->nr_macs, 3);
	by_pf();
	assert_int_equal(port->nr_macs, 1);
	assert_memory_equal(port->macs[0], mine, 6);
	assert_false(port->promisc || port->allmulti);
	raw_handshake(&r, UINT32_MAX);
	assert_memory_equal(raw_resource(&r)->vsi_res[0].default_mac_addr, mine, 6);
}

/* ---- time ------------------------------------------------------------------------------------ */

/* As if so much of it had passed. */
static void pass(uint64_t ns)
{
	model()->reset_done_ns -= ns;
	if (model()->reset_due_ns)
		model()->reset_due_ns -= ns;
}

static void the_state_goes_its_way(void **state)
{
	(void)state;
	raw_handshake(&r, UINT32_MAX);
	by_message();
	assert_int_equal(raw_read(&r, TP_AVF_RSTAT), TP_AVF_RESET_IN_PROGRESS);
	/* Nothing can be written yet. */
	raw_write(&r, TP_AVF_ATQLEN, TP_AVF_AQ_ENABLE | TP_AVF_AQ_LEN);
	assert_int_equal(raw_read(&r, TP_AVF_ATQLEN), 0);
	pass(TP_SECONDS(400));
	assert_int_equal(raw_read(&r, TP_AVF_RSTAT), TP_AVF_RESET_IN_PROGRESS);
	pass(TP_SECONDS(200));
	assert_int_equal(raw_read(&r, TP_AVF_RSTAT), TP_AVF_RESET_COMPLETED);
	pass(TP_SECONDS(400));
	assert_int_equal(raw_read(&r, TP_AVF_RSTAT), TP_AVF_VFACTIVE);
	raw_handshake(&r, UINT32_MAX);
}

/* The device is there before the physical function is: it will find the message. */
static void a_message_to_nobody_waits(void **state)
{
	uint32_t caps = UINT32_MAX;

	(void)state;
	raw_handshake(&r, caps);
	by_bus();
	pass(TP_SECONDS(600));
	raw_aq_init(&r);
	raw_send(&r, TP_VC_GET_VF_RESOURCES, &caps, sizeof(caps));
	assert_int_equal(raw_read(&r, TP_AVF_ATQH), 0);
	assert_false(raw_receive(&r));
	pass(TP_SECONDS(500));
	assert_int_equal(raw_read(&r, TP_AVF_ATQH), 1);
	assert_true(raw_receive(&r));
	assert_int_equal(r.message.status, TP_VC_SUCCESS);
}

static void an_announced_reset_leaves_time_to_hear_of_it(void **state)
{
	(void)state;
	raw_up(&r, UINT32_MAX, PAIRS);
	by_pf_announced();
	assert_int_equal(raw_read(&r, TP_AVF_RSTAT), TP_AVF_VFACTIVE);
	assert_true(raw_receive(&r));
	assert_int_equal(r.message.op, TP_VC_EVENT);
	assert_int_equal(r.message.event.event, TP_VC_EVENT_RESET_IMPENDING);
	assert_int_equal(r.message.event.severity, TP_VC_CERTAIN_DOOM);
	pass(TP_SECONDS(600));
	assert_int_equal(raw_read(&r, TP_AVF_RSTAT), TP_AVF_RESET_IN_PROGRESS);
	assert_int_equal(raw_read(&r, TP_AVF_ARQLEN), 0);
	/* It is one reset: the next does not follow by itself. */
	pass(TP_SECONDS(1100));
	assert_int_equal(raw_read(&r, TP_AVF_RSTAT), TP_AVF_VFACTIVE);
	pass(TP_SECONDS(1100));
	assert_int_equal(raw_read(&r, TP_AVF_RSTAT), TP_AVF_VFACTIVE);
}

/* What was announced comes early if somebody else resets first, and not twice. */
static void a_reset_overtakes_the_announced_one(void **state)
{
	(void)state;
	raw_up(&r, UINT32_MAX, PAIRS);
	by_pf_announced();
	by_message();
	pass(TP_SECONDS(2000));
	assert_int_equal(raw_read(&r, TP_AVF_RSTAT), TP_AVF_VFACTIVE);
	assert_int_equal(model_stat().resets, 1);
}

static int begin_threaded(void **state)
{
	(void)state;
	raw_begin(&r, (struct tp_avf_model_config){ .reset_ns = TP_MILLISECONDS(2) });
	return 0;
}

/* Nobody reads a register: the device's own thread finds out that the time has come. */
static void time_passes_without_being_asked(void **state)
{
	struct tp_avf_model *m = model();
	bool over = false;

	(void)state;
	raw_handshake(&r, UINT32_MAX);
	by_pf_announced();
	while (!over) {
		tp_sleep_ns(TP_MILLISECONDS(1));
		tp_spin_lock(&m->lock);
		over = m->stat.resets == 1 && m->rstat == TP_AVF_VFACTIVE;
		tp_spin_unlock(&m->lock);
	}
}

/* ---- going away ------------------------------------------------------------------------------ */

/* Whatever state it was in, destroying it leaks nothing (LeakSanitizer) and touches nothing. */
static void it_can_go_in_any_state(void **state)
{
	enum { UNTOUCHED, ANNOUNCED, UP, WAITING, RESETTING, STATES };

	for (unsigned s = 0; s < STATES; s++) {
		begin_slow(state);
		if (s == ANNOUNCED)
			raw_aq_init(&r);
		else if (s != UNTOUCHED)
			raw_up(&r, UINT32_MAX, PAIRS);
		if (s == WAITING)
			by_pf_announced();
		if (s == RESETTING)
			by_message();
		end(state);
	}
}

#define IN(how, test) cmocka_unit_test_setup_teardown(test, how, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN(begin, every_way_clears_every_register),
		IN(begin, afterwards_no_memory_is_accessed),
		IN(begin, the_version_is_kept),
		IN(begin, without_a_version_there_are_no_capabilities),
		IN(begin, what_was_negotiated_is_forgotten),
		IN(begin, filters_are_gone),
		IN(begin_slow, the_state_goes_its_way),
		IN(begin_slow, a_message_to_nobody_waits),
		IN(begin_slow, an_announced_reset_leaves_time_to_hear_of_it),
		IN(begin_slow, a_reset_overtakes_the_announced_one),
		IN(begin_threaded, time_passes_without_being_asked),
		cmocka_unit_test(it_can_go_in_any_state),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
