/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_net_report - what a network device's counters are outside: reports, sums, names. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "net_dummy.h"

/* ---- reports --------------------------------------------------------------------------------- */

static void count_frames(unsigned queue, uint32_t packets)
{
	const struct tp_rq_onstack r = { packets, packets * 64, 1, 2, 3 };
	const struct tp_sq_onstack s = { packets, packets * 60 };

	tp_rq_stats_add(&dummy.nd.rq_stats[queue], &r);
	tp_stats_count(&dummy.nd.rq_stats[queue], drop_reset, 5);
	tp_sq_stats_add(&dummy.nd.sq_stats[queue], &s);
	tp_stats_count(&dummy.nd.sq_stats[queue].poll, drop_reset, 7);
	tp_stats_count(&dummy.nd.sq_stats[queue].xmit, drop_map, 11);
}

static uint64_t counter(const char *name)
{
	struct tp_net_stats stats;
	uint64_t value = UINT64_MAX;

	must(tp_net_stats_get(m, "net0", &stats));
	for (unsigned i = 0; i < stats.nr; i++)
		if (!strcmp(stats.names[i], name))
			value = stats.values[i];
	tp_net_stats_put(&stats);
	return value;
}

static void a_report_has_the_device_s_counters_and_those_of_each_queue(void **state)
{
	(void)state;
	for (unsigned i = 0; i < TP_NET_DEVICE_STATS; i++)
		dummy.device[i] = 100 + i;
	count_frames(2, 10);
	assert_int_equal(counter("rx_bytes"), 100);
	assert_int_equal(counter("rx_multicast"), 102);
	assert_int_equal(counter("tx_errors"), 111);
	assert_int_equal(counter("rq2_packets"), 10);
	assert_int_equal(counter("rq2_drop_length"), 3);
	assert_int_equal(counter("sq2_bytes"), 600);
	assert_int_equal(counter("sq2_drop_map"), 11);
	assert_int_equal(counter("rq1_packets"), 0);
	assert_int_equal(counter("rq4_packets"), UINT64_MAX);
}

/* libie's names come first for each queue, in its order; rq before sq. */
static void a_report_is_in_the_order_of_ethtool(void **state)
{
	static const char *const order[] = {
		"rq0_packets",	      "rq0_bytes",	"rq0_fragments",   "rq0_alloc_page_fail",
		"rq0_build_skb_fail", "rq0_drop_error", "rq0_drop_length", "rq0_drop_reset",
		"sq0_packets",	      "sq0_bytes",	"sq0_busy",	   "sq0_stops",
		"sq0_restarts",	      "sq0_linearized", "sq0_drop_length", "sq0_drop_offload",
		"sq0_drop_linearize", "sq0_drop_map",	"sq0_drop_reset",  "rq1_packets",
	};
	struct tp_net_stats stats;

	(void)state;
	must(tp_net_stats_get(m, "net0", &stats));
	assert_string_equal(stats.names[0], "rx_bytes");
	assert_string_equal(stats.names[11], "tx_errors");
	for (unsigned i = 0; i < TP_ARRAY_SIZE(order); i++)
		assert_string_equal(stats.names[TP_NET_DEVICE_STATS + i], order[i]);
	assert_string_equal(stats.names[stats.nr - 1], "sq3_drop_reset");
	tp_net_stats_put(&stats);
	assert_null(stats.values);
}

static void a_report_without_memory_says_so(void **state)
{
	static const char *const sites[] = { "net/stats", "core/alloc" };
	struct tp_net_stats stats;

	(void)state;
	for (unsigned i = 0; i < TP_ARRAY_SIZE(sites); i++) {
		must(tp_fault_arm(sites[i], 1, 1));
		assert_int_equal(tp_net_stats_get(m, "net0", &stats), -ENOMEM);
		must_say("a report of 88 counters");
		assert_null(stats.values);
		tp_net_stats_put(&stats);
	}
	must(tp_net_stats_get(m, "net0", &stats));
	assert_int_equal(stats.nr, 88);
	tp_net_stats_put(&stats);
}

/* Q2: nothing but a change of the queue count that asks for it makes a report begin anew. */
static void counters_outlive_down_up_rings_and_mtu(void **state)
{
	struct tp_net_config config = dummy_config();

	(void)state;
	count_frames(0, 10);
	must(tp_net_open(m, "net0"));
	must(tp_net_close(m, "net0"));
	config.mtu = 9000;
	must(tp_net_configure(m, "net0", &config));
	config.rx_ring = 64;
	must(tp_net_configure(m, "net0", &config));
	must(tp_net_reset(m, "net0"));
	assert_int_equal(counter("rq0_packets"), 10);
	config.keep_stats = true;
	config.queues = 2;
	must(tp_net_configure(m, "net0", &config));
	assert_int_equal(counter("rq0_packets"), 10);
	config.keep_stats = false;
	must(tp_net_configure(m, "net0", &config));
	assert_int_equal(counter("rq0_packets"), 10);
}

static void counters_begin_anew_by_choice(void **state)
{
	struct tp_net_config config = dummy_config();

	(void)state;
	count_frames(0, 10);
	count_frames(3, 10);
	config.queues = 2;
	dummy.config_answer = -ENOMEM;
	assert_int_equal(tp_net_configure(m, "net0", &config), -ENOMEM);
	assert_int_equal(counter("rq0_packets"), 10);
	dummy.config_answer = 0;
	must(tp_net_configure(m, "net0", &config));
	assert_int_equal(counter("rq0_packets"), 0);
	assert_int_equal(counter("sq0_drop_map"), 0);
	count_frames(0, 3);
	assert_int_equal(counter("rq0_packets"), 3);
	config.queues = 4;
	config.keep_stats = true;
	must(tp_net_configure(m, "net0", &config));
	assert_int_equal(counter("rq0_packets"), 3);
	assert_int_equal(counter("rq3_packets"), 0);
}

/* As the header's table says; a queue that is gone stays in the sums. */
static void link_statistics_are_sums_of_the_queues(void **state)
{
	struct tp_net_config config = dummy_config();
	struct tp_net_link_stats link;

	(void)state;
	for (unsigned i = 0; i < TP_NET_DEVICE_STATS; i++)
		dummy.device[i] = 1000 << i;
	count_frames(0, 10);
	count_frames(3, 20);
	config.queues = 1;
	must(tp_net_configure(m, "net0", &config));
	must(tp_net_link_stats(m, "net0", &link));
	assert_int_equal(link.rx_packets, 30);
	assert_int_equal(link.rx_bytes, 30 * 64);
	assert_int_equal(link.rx_errors, 2 * (2 + 3));
	assert_int_equal(link.rx_length_errors, 2 * 3);
	assert_int_equal(link.rx_dropped, 2 * 5);
	assert_int_equal(link.rx_missed_errors, 1000 << TP_NET_DEVICE_RX_DISCARDS);
	assert_int_equal(link.multicast, 1000 << TP_NET_DEVICE_RX_MULTICAST);
	assert_int_equal(link.tx_packets, 30);
	assert_int_equal(link.tx_bytes, 30 * 60);
	assert_int_equal(link.tx_dropped, 2 * (7 + 11));
	assert_int_equal(link.tx_errors,
			 (1000 << TP_NET_DEVICE_TX_DISCARDS) + (1000 << TP_NET_DEVICE_TX_ERRORS));
}

/* ---- names ----------------------------------------------------------------------------------- */

static void states_have_names(void **state)
{
	(void)state;
	assert_string_equal(tp_net_state_name(TP_NET_STARTING), "starting");
	assert_string_equal(tp_net_state_name(TP_NET_DOWN), "down");
	assert_string_equal(tp_net_state_name(TP_NET_RUNNING), "running");
	assert_string_equal(tp_net_state_name(TP_NET_RESETTING), "resetting");
	assert_string_equal(tp_net_state_name(TP_NET_FAILED), "failed");
	assert_string_equal(tp_net_state_name((enum tp_net_state)5), "?");
	assert_string_equal(tp_net_state_name((enum tp_net_state) - 1), "?");
}

static void device_counters_have_the_names_of_ethtool(void **state)
{
	static const char *const names[] = {
		"rx_bytes",
		"rx_unicast",
		"rx_multicast",
		"rx_broadcast",
		"rx_discards",
		"rx_unknown_protocol",
		"tx_bytes",
		"tx_unicast",
		"tx_multicast",
		"tx_broadcast",
		"tx_discards",
		"tx_errors",
		"?",
	};

	(void)state;
	for (unsigned i = 0; i < TP_ARRAY_SIZE(names); i++)
		assert_string_equal(tp_net_device_stat_name(i), names[i]);
	assert_string_equal(tp_net_device_stat_name(TP_NET_DEVICE_TX_ERRORS), "tx_errors");
	assert_string_equal(tp_net_device_stat_name(TP_NET_DEVICE_RX_UNKNOWN_PROTOCOL),
			    "rx_unknown_protocol");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		NET_TEST(a_report_has_the_device_s_counters_and_those_of_each_queue),
		NET_TEST(a_report_is_in_the_order_of_ethtool),
		NET_TEST(a_report_without_memory_says_so),
		NET_TEST(counters_outlive_down_up_rings_and_mtu),
		NET_TEST(counters_begin_anew_by_choice),
		NET_TEST(link_statistics_are_sums_of_the_queues),
		NET_TEST(states_have_names),
		NET_TEST(device_counters_have_the_names_of_ethtool),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
