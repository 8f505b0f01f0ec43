/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_net_netdev - devices by name: coming and going, opening, configuring. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "core/alloc.h"
#include "net_dummy.h"
#include "panic.h"

static struct tp_net_info info(void)
{
	struct tp_net_info answer;

	memset(&answer, 0xa5, sizeof(answer));
	must(tp_net_info(m, "net0", &answer));
	return answer;
}

/* ---- coming and going ------------------------------------------------------------------------ */

static void devices_are_listed_in_the_order_they_came(void **state)
{
	char names[3][TP_NET_NAME];
	struct dummy others[2];

	(void)state;
	add_dummy(&others[0], m, "zebra");
	add_dummy(&others[1], m, "ant");
	assert_int_equal(tp_net_list(m, names, 3), 3);
	assert_string_equal(names[0], "net0");
	assert_string_equal(names[1], "zebra");
	assert_string_equal(names[2], "ant");
	tp_netdev_unregister(&others[0].nd);
	assert_int_equal(tp_net_list(m, names, 3), 2);
	assert_string_equal(names[1], "ant");
	tp_netdev_unregister(&others[1].nd);
}

static void a_list_says_how_many_there_are_beyond_its_room(void **state)
{
	char names[2][TP_NET_NAME] = { "", "untouched" };
	struct dummy other;

	(void)state;
	add_dummy(&other, m, "net1");
	assert_int_equal(tp_net_list(m, names, 1), 2);
	assert_string_equal(names[0], "net0");
	assert_string_equal(names[1], "untouched");
	assert_int_equal(tp_net_list(m, NULL, 0), 2);
	tp_netdev_unregister(&other.nd);
}

static void a_number_is_of_one_device_for_ever(void **state)
{
	char name[TP_NET_NAME];
	struct dummy others[2];
	unsigned index = 0;

	(void)state;
	add_dummy(&others[0], m, "net1");
	assert_true(tp_net_next(m, &index, name));
	assert_int_equal(index, 1);
	assert_string_equal(name, "net0");
	assert_int_equal(info().index, 1);
	index++;
	assert_true(tp_net_next(m, &index, name));
	assert_int_equal(index, 2);
	assert_string_equal(name, "net1");
	tp_netdev_unregister(&others[0].nd);
	assert_false(tp_net_next(m, &index, name));
	add_dummy(&others[1], m, "net1");
	assert_true(tp_net_next(m, &index, name));
	assert_int_equal(index, 3);
	tp_netdev_unregister(&others[1].nd);
}

static void machines_have_devices_of_their_own(void **state)
{
	struct tp_machine *other = make_machine(small_machine(2));
	struct tp_net_info answer;
	struct dummy same_name;

	(void)state;
	assert_int_equal(tp_net_info(other, "net0", &answer), -ENODEV);
	add_dummy(&same_name, other, "net0");
	assert_int_equal(tp_net_list(other, NULL, 0), 1);
	tp_netdev_unregister(&same_name.nd);
	end_machine(other);
}

static void a_name_is_taken_once(void **state)
{
	struct dummy other;

	(void)state;
	make_dummy(&other, m, "net0");
	assert_int_equal(tp_netdev_register(&other.nd), -EEXIST);
	must_say("there is a network device net0 already");
	assert_int_equal(tp_net_list(m, NULL, 0), 1);
}

static void what_is_no_file_name_is_no_device_name(void **state)
{
	static const char *const names[] = { "", ".", "..", "a/b", "a b", "a\tb", "a\n", "a:1" };
	struct dummy other;

	(void)state;
	for (unsigned i = 0; i < TP_ARRAY_SIZE(names); i++) {
		make_dummy(&other, m, names[i]);
		assert_int_equal(tp_netdev_register(&other.nd), -EINVAL);
		must_say("a network device needs a name of up to 15 letters");
	}
	make_dummy(&other, m, "");
	memset(other.nd.name, 'x', sizeof(other.nd.name));
	assert_int_equal(tp_netdev_register(&other.nd), -EINVAL);
	make_dummy(&other, m, "fifteen_letters");
	must(tp_netdev_register(&other.nd));
	tp_netdev_unregister(&other.nd);
}

static void a_driver_with_a_wrong_first_config_is_refused(void **state)
{
	struct dummy other;

	(void)state;
	make_dummy(&other, m, "net1");
	other.nd.config.mtu = 0;
	assert_int_equal(tp_netdev_register(&other.nd), -EINVAL);
	must_say("mtu 0 is not between 68 and 9702");
	assert_int_equal(tp_net_list(m, NULL, 0), 1);
}

static void register_with_too_many_queues(void *nd)
{
	tp_netdev_register(nd);
}

static void a_driver_that_offers_more_queues_than_there_can_be_stops_the_program(void **state)
{
	struct dummy other;

	(void)state;
	make_dummy(&other, m, "net1");
	other.nd.limits.max_queues = TP_NET_MAX_QUEUES + 1;
	expect_panic(register_with_too_many_queues, &other.nd, "max_queues");
}

static void add_to_rx_ring(struct tp_net_config *config, const void *step)
{
	config->rx_ring += *(const unsigned *)step;
}

/* -ENODEV of every function that takes a name, with the name in the text. */
static void a_name_that_nobody_has_is_said_by_all(void **state)
{
	const struct tp_net_config config = dummy_config();
	static const uint8_t group[6] = { 1, 0, 0x5e, 0, 0, 1 };
	struct tp_net_info answer;
	struct tp_net_stats stats;
	struct tp_net_link_stats link;
	const char *none = "none";

	(void)state;
#define MUST_NOT_FIND(call)                                  \
	do {                                                 \
		tp_net_vlan(m, "net0", 0, true);             \
		assert_int_equal(call, -ENODEV);             \
		must_say("there is no network device none"); \
	} while (0)
	MUST_NOT_FIND(tp_net_info(m, none, &answer));
	MUST_NOT_FIND(tp_net_open(m, none));
	MUST_NOT_FIND(tp_net_close(m, none));
	MUST_NOT_FIND(tp_net_configure(m, none, &config));
	MUST_NOT_FIND(tp_net_reconfigure(m, none, add_to_rx_ring, &group));
	MUST_NOT_FIND(tp_net_vlan(m, none, 1, true));
	MUST_NOT_FIND(tp_net_multicast(m, none, group, true));
	MUST_NOT_FIND(tp_net_reset(m, none));
	MUST_NOT_FIND(tp_net_stats_get(m, none, &stats));
	MUST_NOT_FIND(tp_net_link_stats(m, none, &link));
#undef MUST_NOT_FIND
	assert_null(stats.values);
	tp_net_stats_put(&stats);
}

static struct {
	struct dummy going;
	tp_atomic_u32 inside, let_go;
} slow;

static void wait_in_open(struct dummy *d)
{
	(void)d;
	tp_atomic_store(&slow.inside, 1, TP_RELEASE);
	while (!tp_atomic_load(&slow.let_go, TP_ACQUIRE))
		tp_yield();
	tp_sleep_ns(TP_MILLISECONDS(20));
	tp_atomic_store(&slow.inside, 0, TP_RELEASE);
}

static void open_slowly(void *arg)
{
	(void)arg;
	must(tp_net_open(m, "going"));
}

/* N5: the call that found it finishes; nobody finds it any more; then it is closed. */
static void a_device_goes_when_the_last_call_has_ended(void **state)
{
	struct tp_thread thread;
	struct tp_net_info answer;

	(void)state;
	add_dummy(&slow.going, m, "going");
	slow.going.in_open = wait_in_open;
	tp_atomic_store(&slow.let_go, 0, TP_RELAXED);
	must(tp_thread_start(&thread, "open", open_slowly, NULL));
	while (!tp_atomic_load(&slow.inside, TP_ACQUIRE))
		tp_yield();
	tp_atomic_store(&slow.let_go, 1, TP_RELEASE);
	tp_netdev_unregister(&slow.going.nd);
	assert_int_equal(tp_atomic_load(&slow.inside, TP_ACQUIRE), 0);
	assert_int_equal(slow.going.opens, 1);
	assert_int_equal(slow.going.closes, 1);
	assert_int_equal(tp_net_info(m, "going", &answer), -ENODEV);
	memset(&slow.going, 0xa5, sizeof(slow.going));
	tp_thread_join(&thread);
}

static void unregister_it(void *arg)
{
	(void)arg;
	tp_netdev_unregister(&slow.going.nd);
	tp_atomic_store(&slow.let_go, 1, TP_RELEASE);
}

/* N5 for a call that has found the device and comes to its lock only now. */
static void a_call_between_finding_and_locking_keeps_the_device(void **state)
{
	struct tp_netdev *nd = &slow.going.nd;
	struct tp_thread thread;

	(void)state;
	add_dummy(&slow.going, m, "going");
	tp_atomic_store(&slow.let_go, 0, TP_RELAXED);
	tp_atomic_store(&nd->entry.calls, 1, TP_RELEASE);
	must(tp_thread_start(&thread, "leave", unregister_it, NULL));
	while (tp_net_list(m, NULL, 0) > 1)
		tp_yield();
	tp_sleep_ns(TP_MILLISECONDS(20));
	assert_int_equal(tp_atomic_load(&slow.let_go, TP_ACQUIRE), 0);
	tp_atomic_store(&nd->entry.calls, 0, TP_RELEASE);
	tp_wake_all(&m->netdevs.wq);
	tp_thread_join(&thread);
}

static void ask_for_ever(void *arg)
{
	tp_atomic_u32 *stop = arg;
	struct tp_net_info answer;
	struct tp_net_stats stats;

	while (!tp_atomic_load(stop, TP_ACQUIRE)) {
		if (!tp_net_info(m, "coming", &answer))
			assert_string_equal(answer.name, "coming");
		if (!tp_net_stats_get(m, "coming", &stats))
			tp_net_stats_put(&stats);
	}
}

/* N5 under load: who finds it can use it, however short its life. */
static void devices_may_come_and_go_under_those_who_ask(void **state)
{
	tp_atomic_u32 stop = { 0 };
	struct tp_thread threads[2];

	(void)state;
	for (unsigned i = 0; i < 2; i++)
		must(tp_thread_start(&threads[i], "ask", ask_for_ever, &stop));
	for (unsigned i = 0; i < 500; i++) {
		struct dummy *d = tp_zalloc_aligned(_Alignof(struct dummy), sizeof(*d));

		assert_non_null(d);
		add_dummy(d, m, "coming");
		tp_netdev_unregister(&d->nd);
		tp_free(d);
	}
	tp_atomic_store(&stop, 1, TP_RELEASE);
	for (unsigned i = 0; i < 2; i++)
		tp_thread_join(&threads[i]);
}

/* ---- opening --------------------------------------------------------------------------------- */

static void info_has_what_the_driver_and_the_registry_know(void **state)
{
	struct tp_net_info closed = info(), opened;

	(void)state;
	must(tp_net_open(m, "net0"));
	opened = info();
	assert_string_equal(closed.name, "net0");
	assert_string_equal(closed.driver, "dummy");
	assert_int_equal(closed.state, TP_NET_DOWN);
	assert_false(closed.up || closed.carrier);
	assert_int_equal(closed.active_queues + closed.speed_mbps, 0);
	assert_int_equal(closed.config.mtu, 1500);
	assert_int_equal(closed.limits.max_mtu, TP_NET_MAX_MTU);
	assert_int_equal(opened.state, TP_NET_RUNNING);
	assert_true(opened.up && opened.carrier);
	assert_int_equal(opened.active_queues, 4);
	assert_int_equal(opened.speed_mbps, 25000);
}

static void opening_and_closing_twice_is_once(void **state)
{
	(void)state;
	must(tp_net_close(m, "net0"));
	assert_int_equal(dummy.closes, 0);
	must(tp_net_open(m, "net0"));
	must(tp_net_open(m, "net0"));
	assert_int_equal(dummy.opens, 1);
	must(tp_net_close(m, "net0"));
	must(tp_net_close(m, "net0"));
	assert_int_equal(dummy.closes, 1);
}

static void a_device_that_does_not_open_is_closed(void **state)
{
	(void)state;
	dummy.open_answer = -EIO;
	assert_int_equal(tp_net_open(m, "net0"), -EIO);
	assert_false(info().up);
	must(tp_net_close(m, "net0"));
	assert_int_equal(dummy.closes, 0);
	dummy.open_answer = 0;
	must(tp_net_open(m, "net0"));
	assert_int_equal(dummy.opens, 2);
}

static void an_open_device_is_closed_when_it_goes(void **state)
{
	struct dummy other;

	(void)state;
	add_dummy(&other, m, "net1");
	must(tp_net_open(m, "net1"));
	tp_netdev_unregister(&other.nd);
	assert_int_equal(other.closes, 1);
}

/* ---- configuring ----------------------------------------------------------------------------- */

/* What is refused, and why. */
struct refusal {
	const char *what;
	size_t offset;
	unsigned value;
	int err;
	const char *words;
};

#define REFUSED(field, bad, error, text)                                        \
	{                                                                       \
#field, offsetof(struct tp_net_config, field), bad, error, text \
	}

static const struct refusal refusals[] = {
	REFUSED(mtu, 67, -EINVAL, "mtu 67 is not between 68 and 9702"),
	REFUSED(mtu, 9703, -EINVAL, "mtu 9703 is not between 68 and 9702"),
	REFUSED(mtu, 0, -EINVAL, "mtu 0 is not between"),
	REFUSED(mtu, UINT32_MAX, -EINVAL, "mtu 4294967295 is not between"),
	REFUSED(queues, 0, -EINVAL, "queues 0 is not between 1 and 16"),
	REFUSED(queues, 17, -EINVAL, "queues 17 is not between 1 and 16"),
	REFUSED(rx_ring, 32, -EINVAL, "rx_ring 32 is not between 64 and 4096"),
	REFUSED(rx_ring, 4128, -EINVAL, "rx_ring 4128 is not between 64 and 4096"),
	REFUSED(rx_ring, 100, -EINVAL, "rx_ring 100 is no multiple of 32"),
	REFUSED(tx_ring, 63, -EINVAL, "tx_ring 63 is not between 64 and 4096"),
	REFUSED(tx_ring, 4097, -EINVAL, "tx_ring 4097 is not between 64 and 4096"),
	REFUSED(tx_ring, 65, -EINVAL, "tx_ring 65 is no multiple of 32"),
	REFUSED(rx_usecs, 8162, -EINVAL, "rx_usecs 8162 is not between 0 and 8160"),
	REFUSED(rx_usecs, 3, -EINVAL, "rx_usecs 3 is no multiple of 2"),
	REFUSED(tx_usecs, 8161, -EINVAL, "tx_usecs 8161 is not between 0 and 8160"),
	REFUSED(tx_usecs, 1, -EINVAL, "tx_usecs 1 is no multiple of 2"),
	REFUSED(features, TP_NET_TX_VLAN, -EOPNOTSUPP, "features 0x10: the device has 0x27 only"),
	REFUSED(features, 1u << 31, -EOPNOTSUPP, "features 0x80000000: the device has 0x27 only"),
	REFUSED(features, TP_NET_TSO, -EINVAL, "features 0x4: TSO needs the transmit checksum"),
};

static void what_is_out_of_range_is_refused_with_its_reason(void **state)
{
	(void)state;
	for (unsigned i = 0; i < TP_ARRAY_SIZE(refusals); i++) {
		const struct refusal *r = &refusals[i];
		struct tp_net_config config = dummy_config();

		memcpy((char *)&config + r->offset, &r->value, sizeof(r->value));
		if (tp_net_configure(m, "net0", &config) != r->err)
			fail_msg("%s %u: not refused with %d", r->what, r->value, r->err);
		must_say(r->words);
	}
	assert_int_equal(dummy.configs, 0);
	assert_int_equal(info().config.mtu, 1500);
}

static void an_address_must_be_one_device_s(void **state)
{
	static const uint8_t none[6] = { 0 }, group[6] = { 1, 0, 0x5e, 0, 0, 1 };
	struct tp_net_config config = dummy_config();

	(void)state;
	memcpy(config.mac, none, 6);
	assert_int_equal(tp_net_configure(m, "net0", &config), -EINVAL);
	must_say("mac 0x0 is no address of a device");
	memcpy(config.mac, group, 6);
	assert_int_equal(tp_net_configure(m, "net0", &config), -EINVAL);
	must_say("mac 0x1005e000001 is no address of a device");
	memset(config.mac, 0xff, 6);
	assert_int_equal(tp_net_configure(m, "net0", &config), -EINVAL);
	assert_int_equal(dummy.configs, 0);
}

static void the_ends_of_every_range_are_in_it(void **state)
{
	struct tp_net_config low = dummy_config(), high = dummy_config();

	(void)state;
	low.mtu = TP_NET_MIN_MTU;
	low.queues = 1;
	low.rx_ring = low.tx_ring = TP_NET_MIN_RING;
	low.features = low.rx_usecs = low.tx_usecs = 0;
	high.mtu = TP_NET_MAX_MTU;
	high.queues = TP_NET_MAX_QUEUES;
	high.rx_ring = high.tx_ring = TP_NET_MAX_RING;
	high.features = dummy.nd.limits.features;
	high.rx_usecs = high.tx_usecs = TP_NET_MAX_USECS;
	must(tp_net_configure(m, "net0", &low));
	must(tp_net_configure(m, "net0", &high));
	assert_int_equal(dummy.configs, 2);
	assert_int_equal(info().config.rx_ring, TP_NET_MAX_RING);
}

/* One field at a time: the driver is asked once for each, and not at all for none. */
static void the_driver_is_asked_only_if_something_differs(void **state)
{
	struct tp_net_config config = dummy_config();
	unsigned n = 0;

	(void)state;
#define CHANGE(change)                                              \
	do {                                                        \
		change;                                             \
		must(tp_net_configure(m, "net0", &config));         \
		must(tp_net_configure(m, "net0", &config));         \
		if (dummy.configs != ++n)                           \
			fail_msg("%s: %u", #change, dummy.configs); \
	} while (0)
	must(tp_net_configure(m, "net0", &config));
	assert_int_equal(dummy.configs, 0);
	CHANGE(config.mac[5]++);
	CHANGE(config.mtu++);
	CHANGE(config.queues++);
	CHANGE(config.rx_ring += 32);
	CHANGE(config.tx_ring += 32);
	CHANGE(config.features = 0);
	CHANGE(config.promisc = true);
	CHANGE(config.allmulti = true);
	CHANGE(config.rx_usecs += 2);
	CHANGE(config.tx_usecs += 2);
	CHANGE(config.keep_stats = true);
#undef CHANGE
}

static void replace_at_once(struct dummy *d, const struct tp_net_config *config)
{
	d->nd.config = *config;
}

/* All or nothing, also if the driver had replaced it already. */
static void a_change_that_failed_changed_nothing(void **state)
{
	struct tp_net_config config = dummy_config();

	(void)state;
	config.mtu = 9000;
	config.queues = 2;
	dummy.config_answer = -ENOMEM;
	dummy.in_config = replace_at_once;
	assert_int_equal(tp_net_configure(m, "net0", &config), -ENOMEM);
	assert_int_equal(info().config.mtu, 1500);
	assert_int_equal(info().config.queues, 4);
	dummy.config_answer = 0;
	must(tp_net_configure(m, "net0", &config));
	assert_int_equal(info().config.mtu, 9000);
}

static void add_to_tx_ring(struct tp_net_config *config, const void *step)
{
	config->tx_ring += *(const unsigned *)step;
}

static void grow_rx_ring(void *arg)
{
	for (unsigned i = 0; i < 100; i++)
		must(tp_net_reconfigure(m, "net0", add_to_rx_ring, arg));
}

/* Who changes one thing does not undo what another changes. */
static void parts_are_changed_beside_each_other(void **state)
{
	unsigned step = TP_NET_RING_STEP, too_far = TP_NET_MAX_RING;
	struct tp_thread thread;

	(void)state;
	must(tp_thread_start(&thread, "grow", grow_rx_ring, &step));
	for (unsigned i = 0; i < 100; i++)
		must(tp_net_reconfigure(m, "net0", add_to_tx_ring, &step));
	tp_thread_join(&thread);
	assert_int_equal(info().config.rx_ring, 512 + 100 * TP_NET_RING_STEP);
	assert_int_equal(info().config.tx_ring, 512 + 100 * TP_NET_RING_STEP);
	assert_int_equal(tp_net_reconfigure(m, "net0", add_to_tx_ring, &too_far), -EINVAL);
	assert_int_equal(info().config.tx_ring, 512 + 100 * TP_NET_RING_STEP);
}

static void a_vlan_is_a_number_from_1_to_4094(void **state)
{
	static const uint16_t wrong[] = { 0, 4095, 4096, 65535 };

	(void)state;
	for (unsigned i = 0; i < TP_ARRAY_SIZE(wrong); i++) {
		assert_int_equal(tp_net_vlan(m, "net0", wrong[i], true), -EINVAL);
		must_say("is not between 1 and 4094");
	}
	assert_int_equal(dummy.vlans, 0);
	must(tp_net_vlan(m, "net0", 1, true));
	must(tp_net_vlan(m, "net0", 4094, false));
	assert_int_equal(dummy.vlans, 2);
	assert_int_equal(dummy.vid, 4094);
	assert_false(dummy.added);
	dummy.vlan_answer = -ENOSPC;
	assert_int_equal(tp_net_vlan(m, "net0", 2, true), -ENOSPC);
}

static void a_group_has_a_multicast_address(void **state)
{
	static const uint8_t group[6] = { 1, 0, 0x5e, 0, 0, 7 }, own[6] = { 2, 0, 0, 0, 0, 1 };

	(void)state;
	assert_int_equal(tp_net_multicast(m, "net0", own, true), -EINVAL);
	must_say("mac 0x20000000001 is no multicast address");
	assert_int_equal(dummy.multicasts, 0);
	must(tp_net_multicast(m, "net0", group, true));
	assert_int_equal(dummy.vid, 7);
	assert_true(dummy.added);
	dummy.multicast_answer = -EIO;
	assert_int_equal(tp_net_multicast(m, "net0", group, false), -EIO);
}

static void a_reset_is_the_driver_s(void **state)
{
	(void)state;
	must(tp_net_reset(m, "net0"));
	assert_int_equal(info().resets_asked, 1);
	dummy.reset_answer = -EIO;
	assert_int_equal(tp_net_reset(m, "net0"), -EIO);
}

static void what_a_driver_cannot_do_is_said(void **state)
{
	static const uint8_t group[6] = { 1, 0, 0x5e, 0, 0, 7 };
	struct tp_netdev_ops few = dummy_ops;
	struct dummy other;

	(void)state;
	few.set_vlan = NULL;
	few.set_multicast = NULL;
	few.reset = NULL;
	make_dummy(&other, m, "net1");
	other.nd.ops = &few;
	must(tp_netdev_register(&other.nd));
	assert_int_equal(tp_net_vlan(m, "net1", 1, true), -EOPNOTSUPP);
	assert_int_equal(tp_net_multicast(m, "net1", group, true), -EOPNOTSUPP);
	assert_int_equal(tp_net_reset(m, "net1"), -EOPNOTSUPP);
	must_say("net1 cannot do this");
	tp_netdev_unregister(&other.nd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		NET_TEST(devices_are_listed_in_the_order_they_came),
		NET_TEST(a_list_says_how_many_there_are_beyond_its_room),
		NET_TEST(a_number_is_of_one_device_for_ever),
		NET_TEST(machines_have_devices_of_their_own),
		NET_TEST(a_name_is_taken_once),
		NET_TEST(what_is_no_file_name_is_no_device_name),
		NET_TEST(a_driver_with_a_wrong_first_config_is_refused),
		NET_TEST(a_driver_that_offers_more_queues_than_there_can_be_stops_the_program),
		NET_TEST(a_name_that_nobody_has_is_said_by_all),
		NET_TEST(a_device_goes_when_the_last_call_has_ended),
		NET_TEST(a_call_between_finding_and_locking_keeps_the_device),
		NET_TEST(devices_may_come_and_go_under_those_who_ask),
		NET_TEST(info_has_what_the_driver_and_the_registry_know),
		NET_TEST(opening_and_closing_twice_is_once),
		NET_TEST(a_device_that_does_not_open_is_closed),
		NET_TEST(an_open_device_is_closed_when_it_goes),
		NET_TEST(what_is_out_of_range_is_refused_with_its_reason),
		NET_TEST(an_address_must_be_one_device_s),
		NET_TEST(the_ends_of_every_range_are_in_it),
		NET_TEST(the_driver_is_asked_only_if_something_differs),
		NET_TEST(a_change_that_failed_changed_nothing),
		NET_TEST(parts_are_changed_beside_each_other),
		NET_TEST(a_vlan_is_a_number_from_1_to_4094),
		NET_TEST(a_group_has_a_multicast_address),
		NET_TEST(a_reset_is_the_driver_s),
		NET_TEST(what_a_driver_cannot_do_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
