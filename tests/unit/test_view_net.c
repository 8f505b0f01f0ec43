/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_view_net - network devices as Linux's files, and what tidepool/net says beyond. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>

#include "view_machine.h"

/* After it, for it has machines called m of its own. */
#include "net_dummy.h"

#define CLASS  "sys/class/net/"
#define DEVICE "sys/devices/virtual/net/net0/"
#define OWN    "tidepool/net/net0/"

static int begin(void **state)
{
	int err = setup_view(state);

	m = *state;
	add_dummy(&dummy, m, "net0");
	return err;
}

static int end(void **state)
{
	tp_netdev_unregister(&dummy.nd);
	return teardown_view(state);
}

/* ---- names ----------------------------------------------------------------------------------- */

static void the_class_has_a_link_to_each_device(void **state)
{
	struct dummy other;

	(void)state;
	add_dummy(&other, m, "a.vf-1");
	assert_string_equal(listed("sys/class"), " drm net");
	assert_string_equal(listed(CLASS), " net0 a.vf-1");
	assert_string_equal(listed("sys/devices/virtual/net"), " net0 a.vf-1");
	assert_string_equal(listed("tidepool/net"), " net0 a.vf-1");
	expect_shown(CLASS "net0", "../../devices/virtual/net/net0");
	expect_shown(CLASS "a.vf-1", "../../devices/virtual/net/a.vf-1");
	expect_shown(DEVICE "subsystem", "../../../../class/net");
	tp_netdev_unregister(&other.nd);
	assert_string_equal(listed(CLASS), " net0");
}

static void a_name_nobody_has_is_not_there(void **state)
{
	static const char *const names[] = { "net1", "net", "net00", "%s", "1", "NET0", "net0 " };
	char path[128];

	(void)state;
	for (unsigned i = 0; i < TP_ARRAY_SIZE(names); i++) {
		snprintf(path, sizeof(path), CLASS "%s", names[i]);
		assert_false(is_there(path));
		snprintf(path, sizeof(path), "sys/devices/virtual/net/%s/mtu", names[i]);
		assert_false(is_there(path));
		snprintf(path, sizeof(path), "tidepool/net/%s/queue_stats", names[i]);
		assert_false(is_there(path));
	}
	assert_false(is_there(DEVICE "nothing"));
	assert_false(is_there(DEVICE "statistics/rx_nothing"));
}

/* Somebody holds a file open while the device goes; the next of that name is another device. */
static void files_of_a_device_that_went_are_gone(void **state)
{
	tp_view_ino mtu = ino_at(DEVICE "mtu"), stats = ino_at(OWN "queue_stats");
	tp_view_ino dir = ino_at(DEVICE), class = ino_at(CLASS "net0");
	struct tp_text text = { 0 };
	char target[TP_VIEW_NAME];
	struct tp_view_stat stat;

	(void)state;
	tp_netdev_unregister(&dummy.nd);
	for (unsigned again = 0; again < 2; again++) {
		assert_int_equal(tp_view_show(view, mtu, &text, NULL), -ENOENT);
		assert_int_equal(tp_view_show(view, stats, &text, NULL), -ENOENT);
		assert_int_equal(tp_view_store(view, mtu, "1400", 4, NULL), -ENOENT);
		assert_int_equal(tp_view_readlink(view, class, target), -ENOENT);
		assert_int_equal(tp_view_stat(view, dir, &stat), -ENOENT);
		if (!again)
			add_dummy(&dummy, m, "net0");
	}
	assert_int_equal(dummy.configs, 0);
	assert_true(ino_at(DEVICE) != dir);
	expect_shown(DEVICE "ifindex", "2\n");
	tp_text_fini(&text);
}

/* As on a Linux machine (6.12, /sys/class/net/NAME/statistics). */
static void all_of_linux_s_statistics_are_there(void **state)
{
	static const char names[] =
		" collisions multicast rx_bytes rx_compressed rx_crc_errors rx_dropped rx_errors"
		" rx_fifo_errors rx_frame_errors rx_length_errors rx_missed_errors rx_nohandler"
		" rx_over_errors rx_packets tx_aborted_errors tx_bytes tx_carrier_errors"
		" tx_compressed tx_dropped tx_errors tx_fifo_errors tx_heartbeat_errors tx_packets"
		" tx_window_errors";

	(void)state;
	assert_string_equal(listed(DEVICE "statistics"), names);
	for (const char *name = names; name; name = strchr(name + 1, ' ')) {
		char path[128];

		snprintf(path, sizeof(path), DEVICE "statistics/%.*s", (int)strcspn(name + 1, " "),
			 name + 1);
		expect_shown(path, "0\n");
		assert_int_equal(store(path, "1"), -EACCES);
	}
}

/* ---- what a device is ------------------------------------------------------------------------ */

static void what_does_not_change_is_as_of_an_ethernet_device(void **state)
{
	(void)state;
	expect_shown(DEVICE "address", "02:00:00:00:00:01\n");
	expect_shown(DEVICE "broadcast", "ff:ff:ff:ff:ff:ff\n");
	expect_shown(DEVICE "addr_len", "6\n");
	expect_shown(DEVICE "type", "1\n");
	expect_shown(DEVICE "tx_queue_len", "1000\n");
	expect_shown(DEVICE "ifindex", "1\n");
	expect_shown(DEVICE "iflink", "1\n");
	expect_shown(DEVICE "dev_id", "0x0\n");
	expect_shown(DEVICE "dev_port", "0\n");
	expect_shown(DEVICE "ifalias", "");
	expect_shown(DEVICE "uevent", "INTERFACE=net0\nIFINDEX=1\n");
}

/* Of a device that is down Linux does not know these. */
static void what_only_runs_is_invalid_of_what_is_down(void **state)
{
	static const char *const files[] = { "carrier", "speed", "duplex", "dormant", "testing" };
	static const char *const up[] = { "1\n", "25000\n", "full\n", "0\n", "0\n" };
	static const char *const no_link[] = { "0\n", "-1\n", "unknown\n", "0\n", "0\n" };
	char path[128];

	(void)state;
	expect_shown(DEVICE "operstate", "down\n");
	for (unsigned i = 0; i < TP_ARRAY_SIZE(files); i++) {
		snprintf(path, sizeof(path), DEVICE "%s", files[i]);
		assert_int_equal(show_error(path), -EINVAL);
	}
	must(tp_net_open(m, "net0"));
	expect_shown(DEVICE "operstate", "up\n");
	for (unsigned i = 0; i < TP_ARRAY_SIZE(files); i++) {
		snprintf(path, sizeof(path), DEVICE "%s", files[i]);
		expect_shown(path, up[i]);
	}
	tp_atomic_store(&dummy.nd.carrier, 0, TP_RELEASE);
	dummy.nd.limits.link_mbps = 0;
	expect_shown(DEVICE "operstate", "down\n");
	for (unsigned i = 0; i < TP_ARRAY_SIZE(files); i++) {
		snprintf(path, sizeof(path), DEVICE "%s", files[i]);
		expect_shown(path, no_link[i]);
	}
}

static void flags_are_linux_s(void **state)
{
	struct tp_net_config config = dummy_config();

	(void)state;
	expect_shown(DEVICE "flags", "0x1002\n");
	must(tp_net_open(m, "net0"));
	expect_shown(DEVICE "flags", "0x1003\n");
	config.promisc = true;
	must(tp_net_configure(m, "net0", &config));
	expect_shown(DEVICE "flags", "0x1103\n");
	config.promisc = false;
	config.allmulti = true;
	must(tp_net_configure(m, "net0", &config));
	expect_shown(DEVICE "flags", "0x1203\n");
}

static void there_is_a_queue_directory_for_each_pair(void **state)
{
	struct tp_net_config config = dummy_config();

	(void)state;
	assert_string_equal(listed(DEVICE "queues"), " rx-0 rx-1 rx-2 rx-3 tx-0 tx-1 tx-2 tx-3");
	assert_string_equal(listed(DEVICE "queues/rx-3"), " rps_cpus rps_flow_cnt");
	assert_string_equal(listed(DEVICE "queues/tx-3"), " tx_maxrate tx_timeout xps_cpus");
	expect_shown(DEVICE "queues/tx-0/tx_timeout", "0\n");
	config.queues = 1;
	must(tp_net_configure(m, "net0", &config));
	assert_string_equal(listed(DEVICE "queues"), " rx-0 tx-0");
	assert_false(is_there(DEVICE "queues/rx-1"));
}

/* ---- mtu ------------------------------------------------------------------------------------- */

static void the_mtu_is_written_as_in_linux(void **state)
{
	(void)state;
	expect_shown(DEVICE "mtu", "1500\n");
	expect_store(DEVICE "mtu", "9000", 0);
	expect_shown(DEVICE "mtu", "9000\n");
	expect_store(DEVICE "mtu", "1400\n", 0);
	expect_store(DEVICE "mtu", "0x5dc", 0);
	expect_shown(DEVICE "mtu", "1500\n");
	expect_store(DEVICE "mtu", "68", 0);
	expect_store(DEVICE "mtu", "9702", 0);
	assert_int_equal(dummy.configs, 5);
}

static void what_is_no_mtu_is_refused(void **state)
{
	static const char *const values[] = { "",  "x",	   "15x", " 1500",     "67",
					      "0", "9703", "-1",  "4294968796" /* 2^32 + 1500 */ };

	(void)state;
	for (unsigned i = 0; i < TP_ARRAY_SIZE(values); i++)
		if (store(DEVICE "mtu", values[i]) != -EINVAL)
			fail_msg("'%s' was not refused", values[i]);
	expect_store(DEVICE "mtu", "99999999999999999999", -ERANGE);
	assert_int_equal(dummy.configs, 0);
	dummy.config_answer = -EIO;
	expect_store(DEVICE "mtu", "1400", -EIO);
	expect_shown(DEVICE "mtu", "1500\n");
}

/* Everything else of the configuration stays. */
static void an_mtu_is_all_that_is_changed(void **state)
{
	struct tp_net_config config = dummy_config();
	struct tp_net_info info;

	(void)state;
	config.rx_ring = 1024;
	config.promisc = true;
	must(tp_net_configure(m, "net0", &config));
	expect_store(DEVICE "mtu", "1400", 0);
	must(tp_net_info(m, "net0", &info));
	assert_int_equal(info.config.mtu, 1400);
	assert_int_equal(info.config.rx_ring, 1024);
	assert_true(info.config.promisc);
}

static void nothing_else_can_be_written(void **state)
{
	static const char *const files[] = { "address",	     "carrier", "flags",
					     "tx_queue_len", "speed",	"operstate" };
	char path[128];

	(void)state;
	for (unsigned i = 0; i < TP_ARRAY_SIZE(files); i++) {
		snprintf(path, sizeof(path), DEVICE "%s", files[i]);
		assert_int_equal(store(path, "1"), -EACCES);
	}
}

/* ---- counters -------------------------------------------------------------------------------- */

static void count_frames(unsigned queue)
{
	const struct tp_rq_onstack r = {
		.packets = 3, .bytes = 192, .drop_error = 2, .drop_length = 4
	};
	const struct tp_sq_onstack s = { .packets = 5, .bytes = 300 };

	tp_rq_stats_add(&dummy.nd.rq_stats[queue], &r);
	tp_stats_count(&dummy.nd.rq_stats[queue], drop_reset, 7);
	tp_sq_stats_add(&dummy.nd.sq_stats[queue], &s);
	tp_stats_count(&dummy.nd.sq_stats[queue].xmit, drop_offload, 9);
}

static void statistics_are_the_sums_of_the_queues(void **state)
{
	(void)state;
	count_frames(0);
	count_frames(2);
	dummy.device[TP_NET_DEVICE_RX_MULTICAST] = 11;
	dummy.device[TP_NET_DEVICE_RX_DISCARDS] = 13;
	dummy.device[TP_NET_DEVICE_TX_ERRORS] = 17;
	expect_shown(DEVICE "statistics/rx_packets", "6\n");
	expect_shown(DEVICE "statistics/rx_bytes", "384\n");
	expect_shown(DEVICE "statistics/rx_errors", "12\n");
	expect_shown(DEVICE "statistics/rx_length_errors", "8\n");
	expect_shown(DEVICE "statistics/rx_dropped", "14\n");
	expect_shown(DEVICE "statistics/rx_missed_errors", "13\n");
	expect_shown(DEVICE "statistics/multicast", "11\n");
	expect_shown(DEVICE "statistics/tx_packets", "10\n");
	expect_shown(DEVICE "statistics/tx_bytes", "600\n");
	expect_shown(DEVICE "statistics/tx_dropped", "18\n");
	expect_shown(DEVICE "statistics/tx_errors", "17\n");
	expect_shown(DEVICE "statistics/tx_window_errors", "0\n");
}

/* A number of more than 32 bits is whole. */
static void statistics_are_64_bits_wide(void **state)
{
	(void)state;
	dummy.device[TP_NET_DEVICE_RX_MULTICAST] = UINT64_MAX;
	expect_shown(DEVICE "statistics/multicast", "18446744073709551615\n");
}

static unsigned lines_of(const char *text)
{
	unsigned n = 0;

	for (; *text; text++)
		n += *text == '\n';
	return n;
}

static void our_own_files_have_a_line_for_each_counter(void **state)
{
	struct tp_net_config config = dummy_config();
	const char *text;

	(void)state;
	count_frames(3);
	dummy.device[TP_NET_DEVICE_TX_ERRORS] = 17;
	text = shown(OWN "queue_stats");
	assert_int_equal(lines_of(text), 4 * (TP_RQ_EXPORTS + TP_SQ_EXPORTS));
	assert_memory_equal(text, "rq0_packets 0\nrq0_bytes 0\n", 26);
	assert_non_null(strstr(text, "\nrq3_drop_length 4\n"));
	assert_non_null(strstr(text, "\nsq3_drop_offload 9\n"));
	text = shown(OWN "device_stats");
	assert_int_equal(lines_of(text), TP_NET_DEVICE_STATS);
	assert_non_null(strstr(text, "\ntx_errors 17\n"));
	config.queues = 16;
	config.keep_stats = true;
	must(tp_net_configure(m, "net0", &config));
	assert_int_equal(lines_of(shown(OWN "queue_stats")), 16 * (TP_RQ_EXPORTS + TP_SQ_EXPORTS));
	expect_shown(OWN "state", "down\n");
	must(tp_net_open(m, "net0"));
	expect_shown(OWN "state", "running\n");
}

static void a_report_without_memory_is_an_error_of_the_file(void **state)
{
	(void)state;
	must(tp_fault_arm("net/stats", 1, 1));
	assert_int_equal(show_error(OWN "queue_stats"), -ENOMEM);
	tp_fault_reset();
	assert_int_equal(show_error(OWN "queue_stats"), 0);
}

/* ---- while devices come and go --------------------------------------------------------------- */

static void look_at_everything(void *arg)
{
	tp_atomic_u32 *stop = arg;
	struct tp_text text = { 0 };
	struct tp_view_stat stat;

	while (!tp_atomic_load(stop, TP_ACQUIRE)) {
		char name[TP_VIEW_NAME];
		uint64_t position = 0;

		must(tp_view_find(view, CLASS, &stat));
		while (tp_view_list(view, stat.ino, &position, name, &stat))
			assert_true(!strcmp(name, "net0") || !strcmp(name, "flap"));
		tp_text_clear(&text);
		if (!tp_view_find(view, "sys/devices/virtual/net/flap/mtu", &stat) &&
		    !tp_view_show(view, stat.ino, &text, NULL))
			assert_string_equal(text.bytes, "1500\n");
	}
	tp_text_fini(&text);
}

static void files_can_be_read_while_devices_come_and_go(void **state)
{
	tp_atomic_u32 stop = { 0 };
	struct tp_thread thread;
	struct dummy flap;

	(void)state;
	must(tp_thread_start(&thread, "look", look_at_everything, &stop));
	for (unsigned i = 0; i < 500; i++) {
		add_dummy(&flap, m, "flap");
		tp_netdev_unregister(&flap.nd);
	}
	tp_atomic_store(&stop, 1, TP_RELEASE);
	tp_thread_join(&thread);
}

#undef VIEW_TEST
#define VIEW_TEST(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		VIEW_TEST(the_class_has_a_link_to_each_device),
		VIEW_TEST(a_name_nobody_has_is_not_there),
		VIEW_TEST(files_of_a_device_that_went_are_gone),
		VIEW_TEST(all_of_linux_s_statistics_are_there),
		VIEW_TEST(what_does_not_change_is_as_of_an_ethernet_device),
		VIEW_TEST(what_only_runs_is_invalid_of_what_is_down),
		VIEW_TEST(flags_are_linux_s),
		VIEW_TEST(there_is_a_queue_directory_for_each_pair),
		VIEW_TEST(the_mtu_is_written_as_in_linux),
		VIEW_TEST(what_is_no_mtu_is_refused),
		VIEW_TEST(an_mtu_is_all_that_is_changed),
		VIEW_TEST(nothing_else_can_be_written),
		VIEW_TEST(statistics_are_the_sums_of_the_queues),
		VIEW_TEST(statistics_are_64_bits_wide),
		VIEW_TEST(our_own_files_have_a_line_for_each_counter),
		VIEW_TEST(a_report_without_memory_is_an_error_of_the_file),
		VIEW_TEST(files_can_be_read_while_devices_come_and_go),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
