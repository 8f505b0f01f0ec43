/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Resets of every kind, in every state, in the middle of everything, with traffic. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "avf_bench.h"

static int setup(void **state)
{
	return bench_setup(state, TP_AVF_RUN_NONE, (struct tp_avf_model_config){ 0 });
}

/* Resets that take their time. */
static int setup_slow(void **state)
{
	return bench_setup(state, TP_AVF_RUN_NONE,
			   (struct tp_avf_model_config){ .reset_ns = TP_MILLISECONDS(4) });
}

/* ---- something to put back ------------------------------------------------------------------- */

static const uint8_t group[6] = { 0x01, 0x00, 0x5E, 0, 0, 1 };

static void configure_much(struct bench *b)
{
	struct tp_net_config config = b->side[0].nd->config;

	config.mac[5] = 0x77;
	config.promisc = true;
	config.rx_usecs = 100;
	config.tx_usecs = 200;
	config.tx_ring = 128;
	must(tp_net_configure(b->m, "avf0", &config));
	must(tp_net_vlan(b->m, "avf0", 5, true));
	must(tp_net_vlan(b->m, "avf0", 4000, true));
	must(tp_net_multicast(b->m, "avf0", group, true));
}

/* A reset by @cause, seen to by the service. */
static void reset(struct bench *b, enum tp_avf_reset_cause cause, bool announce)
{
	if (cause == TP_AVF_RESET_ASKED)
		must(tp_net_reset(b->m, "avf0"));
	else
		tp_avf_model_pf_reset(b->side[0].model, announce);
	for (unsigned n = 0; n < 100 && !bench_info(b, 0).resets; n++) {
		bench_serve(b);
		tp_sleep_ns(TP_MILLISECONDS(1)); /* an announced one is yet to come */
	}
}

static void check_counts(struct bench *b, enum tp_avf_reset_cause cause)
{
	const struct tp_net_info info = bench_info(b, 0);

	assert_int_equal(info.resets, 1);
	assert_int_equal(info.resets_asked, cause == TP_AVF_RESET_ASKED);
	assert_int_equal(info.resets_device, cause == TP_AVF_RESET_DEVICE);
	assert_int_equal(info.resets_hung, cause == TP_AVF_RESET_HUNG);
}

/* All is as before, and traffic goes. */
static void reset_running(struct bench *b, enum tp_avf_reset_cause cause, bool announce)
{
	struct bench_device before, after;

	bench_open(b);
	configure_much(b);
	bench_exchange(b);
	before = bench_look(b, 0);
	bench_send(b, 0, 0, 3); /* some are under way */
	reset(b, cause, announce);
	check_counts(b, cause);
	assert_int_equal(bench_info(b, 0).state, TP_NET_RUNNING);
	assert_true(bench_info(b, 0).carrier);
	after = bench_look(b, 0);
	bench_assert_same(&before, &after);
	bench_exchange(b);
	bench_exchange(b);
}

static void reset_closed(struct bench *b, enum tp_avf_reset_cause cause, bool announce)
{
	struct bench_device before, after;

	configure_much(b);
	bench_open(b);
	before = bench_look(b, 0);
	bench_close(b);
	reset(b, cause, announce);
	check_counts(b, cause);
	assert_int_equal(bench_info(b, 0).state, TP_NET_DOWN);
	bench_open(b);
	after = bench_look(b, 0);
	bench_assert_same(&before, &after);
	bench_exchange(b);
}

/* ---- by cause and state ---------------------------------------------------------------------- */

static void asked_running(void **state)
{
	reset_running(*state, TP_AVF_RESET_ASKED, false);
}

static void asked_closed(void **state)
{
	reset_closed(*state, TP_AVF_RESET_ASKED, false);
}

static void announced_running(void **state)
{
	reset_running(*state, TP_AVF_RESET_DEVICE, true);
}

static void announced_closed(void **state)
{
	reset_closed(*state, TP_AVF_RESET_DEVICE, true);
}

static void unannounced_running(void **state)
{
	reset_running(*state, TP_AVF_RESET_DEVICE, false);
}

static void unannounced_closed(void **state)
{
	reset_closed(*state, TP_AVF_RESET_DEVICE, false);
}

/* The device's own function-level reset, by somebody else. */
static void function_level_running(void **state)
{
	struct bench *b = *state;
	struct bench_device before, after;

	bench_open(b);
	configure_much(b);
	bench_exchange(b);
	before = bench_look(b, 0);
	tp_avf_model_bus(b->side[0].model)->ops->reset(tp_avf_model_bus(b->side[0].model));
	bench_serve(b);
	check_counts(b, TP_AVF_RESET_DEVICE);
	after = bench_look(b, 0);
	bench_assert_same(&before, &after);
	bench_exchange(b);
}

/* ---- hung ------------------------------------------------------------------------------------ */

static void watch(struct bench *b)
{
	b->side[0].avf->next_watchdog_ns = 0;
	bench_serve(b);
}

static void hung_queue(void **state)
{
	struct bench *b = *state;

	bench_open(b);
	bench_exchange(b);
	watch(b);
	assert_int_equal(bench_info(b, 0).resets, 0);
	tp_avf_model_hang(b->side[0].model, 1, true, true);
	assert_true(bench_send(b, 0, 1, 5) == 5);
	watch(b); /* noted */
	assert_int_equal(b->side[0].avf->queues[1].tx.stalled, 0);
	watch(b); /* made to write back */
	assert_int_equal(b->side[0].avf->queues[1].tx.stalled, 1);
	assert_int_equal(bench_info(b, 0).resets, 0);
	watch(b); /* did not help */
	check_counts(b, TP_AVF_RESET_HUNG);
	assert_int_equal(bench_info(b, 0).state, TP_NET_RUNNING);
	bench_exchange(b);
	watch(b);
	watch(b);
	watch(b);
	check_counts(b, TP_AVF_RESET_HUNG);
}

/* A queue that nobody uses, or nobody polls, is not hung. */
static void idle_queue_is_not_hung(void **state)
{
	struct bench *b = *state;

	bench_open(b);
	bench_exchange(b);
	for (unsigned n = 0; n < 10; n++)
		watch(b);
	assert_int_equal(bench_info(b, 0).resets, 0);
}

static void hung_admin_queue(void **state)
{
	struct bench *b = *state;

	bench_open(b);
	bench_exchange(b);
	tp_avf_model_mute(b->side[0].model, 1);
	b->side[0].avf->next_stats_ns = 0;
	bench_serve(b);
	check_counts(b, TP_AVF_RESET_HUNG);
	assert_int_equal(bench_info(b, 0).state, TP_NET_RUNNING);
	bench_exchange(b);
}

/* ---- announcements that nothing follows ------------------------------------------------------ */

static void announce(struct bench *b)
{
	const struct tp_vc_pf_event event = { .event = TP_VC_EVENT_RESET_IMPENDING };

	tp_avf_model_send_message(b->side[0].model, TP_VC_EVENT, 0, &event, sizeof(event));
}

/* Neither a wait, nor a reset, nor a refusal of anything. */
static void stale_announcement_T22(void **state)
{
	struct bench *b = *state;
	struct tp_avf *avf = b->side[0].avf;

	bench_open(b);
	tp_avf_model_pf_reset(b->side[0].model, true);
	bench_serve(b);
	check_counts(b, TP_AVF_RESET_DEVICE);
	announce(b); /* late */
	announce(b); /* and twice */
	bench_serve(b);
	check_counts(b, TP_AVF_RESET_DEVICE);
	assert_int_equal(bench_info(b, 0).state, TP_NET_RUNNING);
	bench_exchange(b);
	assert_in_range(tp_avf_service(avf) - tp_clock_now(), 0, TP_MILLISECONDS(5));
	must(tp_net_vlan(b->m, "avf0", 7, true));
	/* In the middle of a question, too. */
	announce(b);
	must(tp_net_vlan(b->m, "avf0", 8, true));
	tp_sleep_ns(avf->patience.begin_ns);
	assert_in_range(tp_avf_service(avf) - tp_clock_now(), TP_MILLISECONDS(20),
			TP_MILLISECONDS(2000));
	check_counts(b, TP_AVF_RESET_DEVICE);
}

/* ---- in the middle --------------------------------------------------------------------------- */

struct operation {
	const char *name;
	bool open; /* of an open device */
	void (*run)(struct bench *b);
};

static void op_open(struct bench *b)
{
	must(tp_net_open(b->m, "avf0"));
}

static void op_close(struct bench *b)
{
	must(tp_net_close(b->m, "avf0"));
}

static void op_reset(struct bench *b)
{
	must(tp_net_reset(b->m, "avf0"));
}

static void op_vlan(struct bench *b)
{
	bool is_set = b->side[0].avf->nr_vlans;

	must(tp_net_vlan(b->m, "avf0", 9, !is_set));
}

static void op_multicast(struct bench *b)
{
	bool is_set = b->side[0].avf->nr_multicast;

	must(tp_net_multicast(b->m, "avf0", group, !is_set));
}

static void op_filters(struct bench *b)
{
	struct tp_net_config config = b->side[0].nd->config;

	config.mac[5] ^= 1;
	config.promisc = !config.promisc;
	config.features ^= TP_NET_RX_VLAN;
	must(tp_net_configure(b->m, "avf0", &config));
}

static void op_rings(struct bench *b)
{
	struct tp_net_config config = b->side[0].nd->config;

	config.rx_ring ^= 64 ^ 128;
	config.mtu ^= 1500 ^ 3000;
	must(tp_net_configure(b->m, "avf0", &config));
}

static void op_queues(struct bench *b)
{
	struct tp_net_config config = b->side[0].nd->config;

	config.queues ^= 1 ^ 2;
	must(tp_net_configure(b->m, "avf0", &config));
}

static void op_service(struct bench *b)
{
	b->side[0].avf->next_stats_ns = 0;
	tp_avf_service(b->side[0].avf);
}

static const struct operation operations[] = {
	{ "open", false, op_open },
	{ "close", true, op_close },
	{ "reset", true, op_reset },
	{ "reset, closed", false, op_reset },
	{ "vlan", true, op_vlan },
	{ "multicast", true, op_multicast },
	{ "filters", true, op_filters },
	{ "rings", true, op_rings },
	{ "queues", true, op_queues },
	{ "queues, closed", false, op_queues },
	{ "service", true, op_service },
	{ "service, closed", false, op_service },
	{ "filters, closed", false, op_filters },
};

/* As far as it is to be: what the device knows follows from what is recorded. */
static void assert_recorded(struct bench *b)
{
	const struct tp_net_config *config = &b->side[0].nd->config;
	const struct tp_avf *avf = b->side[0].avf;
	const struct bench_device d = bench_look(b, 0);
	uint32_t queues = b->side[0].nd->is_open ? (1u << config->queues) - 1 : 0;

	assert_int_equal(d.enabled[0], queues);
	assert_int_equal(d.enabled[1], queues);
	assert_int_equal(d.vlan_strip, !!(config->features & TP_NET_RX_VLAN));
	for (unsigned i = 0; i < TP_AVF_HLUT_ENTRIES; i++)
		assert_int_equal(d.lut[i], i % config->queues);
	if (!queues)
		return;
	assert_int_equal(d.nr_macs, 1 + avf->nr_multicast);
	assert_int_equal(d.promisc, config->promisc);
	assert_int_equal(d.vlans[0], avf->nr_vlans ? 1u << 9 : 0);
	assert_int_equal(d.rx_count[0], config->rx_ring);
}

static void strike_once(struct bench *b, const struct operation *op, unsigned nth,
			enum bench_moment moment)
{
	if (op->open != b->side[0].nd->is_open)
		(op->open ? op_open : op_close)(b);
	if (op->open)
		bench_exchange(b);
	bench_arm(b, nth, moment);
	op->run(b);
	b->nth = 0;
	bench_serve(b);
	assert_recorded(b);
	assert_int_equal(bench_info(b, 0).state,
			 b->side[0].nd->is_open ? TP_NET_RUNNING : TP_NET_DOWN);
	if (b->side[0].nd->is_open) {
		assert_true(bench_info(b, 0).carrier);
		bench_exchange(b);
	}
}

/* Every operation, reset by others at each of its messages: it succeeds all the same. */
static void in_the_middle(void **state)
{
	struct bench *b = *state;

	must(tp_net_open(b->m, "avf1"));
	for (unsigned i = 0; i < TP_ARRAY_SIZE(operations); i++)
		for (enum bench_moment moment = BENCH_BEFORE; moment <= BENCH_ANNOUNCED; moment++)
			for (unsigned nth = 1; nth < 40; nth++) {
				strike_once(b, &operations[i], nth, moment);
				if (b->messages < nth) {
					assert_true(nth > 1);
					break;
				}
			}
	bench_exchange(b);
}

/* The same with messages that get no answer. */
static void mute(struct bench *b)
{
	tp_avf_model_mute(b->side[0].model, 1);
}

static void unanswered_in_the_middle(void **state)
{
	struct bench *b = *state;

	b->side[0].avf->patience.answer_ns = TP_MILLISECONDS(1);
	must(tp_net_open(b->m, "avf1"));
	b->at_nth = mute;
	for (unsigned i = 0; i < TP_ARRAY_SIZE(operations); i++)
		for (unsigned nth = 1; nth < 40; nth++) {
			strike_once(b, &operations[i], nth, BENCH_BEFORE);
			if (b->messages < nth)
				break;
		}
}

/* ---- again and again ------------------------------------------------------------------------- */

static void anything(struct bench *b, struct tp_rng *rng)
{
	static void (*const any[])(struct bench *) = { op_reset,   op_vlan,  op_multicast,
						       op_filters, op_rings, op_queues };
	enum { OPS = sizeof(any) / sizeof(any[0]) };
	uint64_t what = tp_rng_below(rng, OPS + 5);

	if (what < OPS)
		any[what](b);
	else if (what == OPS)
		tp_avf_model_pf_reset(b->side[0].model, tp_rng_below(rng, 2));
	else if (what == OPS + 1)
		announce(b);
	else if (what == OPS + 2)
		(b->side[0].nd->is_open ? op_close : op_open)(b);
	else
		bench_serve(b);
}

/* Whatever comes in whatever order under traffic, no frame is unaccounted for (bench_end). */
static void anything_under_traffic(void **state)
{
	struct bench *b = *state;
	struct tp_rng rng;

	tp_rng_init(&rng, 20260101);
	bench_open(b);
	for (unsigned n = 0; n < 400; n++) {
		for (unsigned s = 0; s < BENCH_SIDES; s++)
			bench_send(b, s, (unsigned)tp_rng_below(&rng, BENCH_QUEUES),
				   (unsigned)tp_rng_below(&rng, 40));
		if (tp_rng_below(&rng, 2))
			bench_poll(&b->side[tp_rng_below(&rng, 2)]);
		bench_arm(b, (unsigned)tp_rng_below(&rng, 20), BENCH_AFTER);
		anything(b, &rng);
	}
	b->nth = 0;
	bench_serve(b);
	if (!b->side[0].nd->is_open)
		op_open(b);
	assert_int_equal(bench_info(b, 0).state, TP_NET_RUNNING);
	bench_exchange(b);
}

#define with_bench(test) cmocka_unit_test_setup_teardown(test, setup, bench_teardown)
#define with_slow_bench(test)                                          \
	{                                                              \
#test ", slow", test, setup_slow, bench_teardown, NULL \
	}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_bench(asked_running),
		with_bench(asked_closed),
		with_bench(announced_running),
		with_bench(announced_closed),
		with_bench(unannounced_running),
		with_bench(unannounced_closed),
		with_bench(function_level_running),
		with_slow_bench(asked_running),
		with_slow_bench(announced_running),
		with_slow_bench(announced_closed),
		with_slow_bench(unannounced_running),
		with_slow_bench(function_level_running),
		with_bench(hung_queue),
		with_bench(idle_queue_is_not_hung),
		with_bench(hung_admin_queue),
		with_bench(stale_announcement_T22),
		with_bench(in_the_middle),
		with_bench(unanswered_in_the_middle),
		with_bench(anything_under_traffic),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
