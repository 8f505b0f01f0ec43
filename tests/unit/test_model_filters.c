/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_model_filters - addresses, tags, hashing, statistics and events, as the physical function
 * keeps and tells them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>

#include "avf_raw_one.h"

enum { OK = TP_VC_SUCCESS, PARAM = TP_VC_ERR_PARAM, MANY = 128 };

#define ALL_CAPS UINT32_MAX
#define OLD_VLAN (~TP_VC_CAP_VLAN_V2)

static const struct tp_avf_port *port(void)
{
	return &model()->port;
}

static void expect(uint32_t op, const void *message, size_t len, int32_t status)
{
	assert_int_equal(raw_call(&r, op, message, len), status);
}

/* ---- addresses ------------------------------------------------------------------------------- */

struct mac_message {
	uint16_t vsi_id, nr;
	struct tp_vc_ether_addr list[MANY + 1];
};

/* @n addresses from number @first on. */
static struct mac_message macs(unsigned first, unsigned n)
{
	struct mac_message m = { .vsi_id = RAW_VSI, .nr = (uint16_t)n };

	for (unsigned i = 0; i < n; i++) {
		m.list[i].addr[0] = 0x02;
		m.list[i].addr[4] = (uint8_t)((first + i) >> 8);
		m.list[i].addr[5] = (uint8_t)(first + i);
	}
	return m;
}

static int32_t send_macs(uint32_t op, const struct mac_message *m)
{
	return raw_call(&r, op, m, 12 + 8u * m->nr);
}

static int32_t change_macs(uint32_t op, unsigned first, unsigned n)
{
	struct mac_message m = macs(first, n);

	return send_macs(op, &m);
}

static void addresses_come_and_go(void **state)
{
	(void)state;
	raw_handshake(&r, ALL_CAPS);
	assert_int_equal(port()->nr_macs, 1);
	assert_int_equal(change_macs(TP_VC_ADD_ETH_ADDR, 0, 3), OK);
	assert_int_equal(port()->nr_macs, 4);
	assert_int_equal(change_macs(TP_VC_ADD_ETH_ADDR, 2, 2), OK); /* one is there already */
	assert_int_equal(port()->nr_macs, 5);
	assert_int_equal(change_macs(TP_VC_DEL_ETH_ADDR, 1, 2), OK);
	assert_int_equal(port()->nr_macs, 3);
	assert_int_equal(change_macs(TP_VC_DEL_ETH_ADDR, 1, 1), PARAM);
}

static void there_is_room_for_so_many_addresses(void **state)
{
	(void)state;
	raw_handshake(&r, ALL_CAPS);
	assert_int_equal(change_macs(TP_VC_ADD_ETH_ADDR, 0, MANY), PARAM);
	assert_int_equal(port()->nr_macs, 1);
	assert_int_equal(change_macs(TP_VC_ADD_ETH_ADDR, 0, MANY - 1), OK);
	assert_int_equal(port()->nr_macs, MANY);
	assert_int_equal(change_macs(TP_VC_ADD_ETH_ADDR, 500, 1), PARAM);
}

static void some_addresses_need_no_filter(void **state)
{
	struct mac_message m = macs(0, 2);

	(void)state;
	raw_handshake(&r, ALL_CAPS);
	memset(m.list[0].addr, 0, 6);
	memset(m.list[1].addr, 0xff, 6);
	assert_int_equal(send_macs(TP_VC_ADD_ETH_ADDR, &m), OK);
	assert_int_equal(send_macs(TP_VC_DEL_ETH_ADDR, &m), OK);
	assert_int_equal(port()->nr_macs, 1);
	m.vsi_id++;
	assert_int_equal(send_macs(TP_VC_ADD_ETH_ADDR, &m), PARAM);
	assert_int_equal(send_macs(TP_VC_DEL_ETH_ADDR, &m), PARAM);
}

static void modes(void **state)
{
	struct tp_vc_promisc_info info = { RAW_VSI, TP_VC_PROMISC_UNICAST };

	(void)state;
	raw_handshake(&r, ALL_CAPS);
	expect(TP_VC_CONFIG_PROMISC, &info, sizeof(info), OK);
	assert_true(port()->promisc && !port()->allmulti);
	info.flags = TP_VC_PROMISC_MULTICAST | 0x8000;
	expect(TP_VC_CONFIG_PROMISC, &info, sizeof(info), OK);
	assert_true(!port()->promisc && port()->allmulti);
	info.vsi_id = 0;
	expect(TP_VC_CONFIG_PROMISC, &info, sizeof(info), PARAM);
}

/* ---- tags ------------------------------------------------------------------------------------ */

static int32_t change_vlans(uint32_t op, unsigned first, unsigned n)
{
	struct {
		uint16_t vsi_id, nr, ids[MANY];
	} m = { .vsi_id = RAW_VSI, .nr = (uint16_t)n };

	for (unsigned i = 0; i < n; i++)
		m.ids[i] = (uint16_t)(first + i);
	return raw_call(&r, op, &m, 6 + 2u * n);
}

static bool has_vlan(unsigned vid)
{
	return port()->vlans[vid / 64] >> (vid % 64) & 1;
}

static void tags_in_old_messages(void **state)
{
	(void)state;
	raw_handshake(&r, OLD_VLAN);
	assert_true(port()->vlan_strip);
	assert_false(port()->vlan_filtering);
	assert_int_equal(change_vlans(TP_VC_ADD_VLAN, 0, 1), OK);
	assert_false(port()->vlan_filtering); /* 0 is no tag */
	assert_int_equal(change_vlans(TP_VC_ADD_VLAN, 4094, 2), OK);
	assert_true(port()->vlan_filtering && has_vlan(4094) && has_vlan(4095));
	assert_int_equal(change_vlans(TP_VC_ADD_VLAN, 4095, 2), PARAM);
	assert_int_equal(change_vlans(TP_VC_DEL_VLAN, 4094, 2), OK);
	assert_false(port()->vlan_filtering);
	assert_int_equal(change_vlans(TP_VC_DEL_VLAN, 5, 1), OK);
	assert_int_equal(change_vlans(TP_VC_ADD_VLAN, 1, 65), PARAM);
	assert_int_equal(change_vlans(TP_VC_ADD_VLAN, 1, 64), OK);
	assert_int_equal(change_vlans(TP_VC_ADD_VLAN, 100, 1), PARAM);
	expect(TP_VC_DISABLE_VLAN_STRIPPING, NULL, 0, OK);
	assert_false(port()->vlan_strip);
	expect(TP_VC_ENABLE_VLAN_STRIPPING, NULL, 0, OK);
	assert_true(port()->vlan_strip);
}

struct vlan_message {
	uint16_t vport_id, nr;
	uint32_t pad;
	struct tp_vc_vlan_filter filters[2];
};

static struct vlan_message two_tags(void)
{
	struct vlan_message m = { .vport_id = RAW_VSI, .nr = 2 };

	m.filters[0].inner = (struct tp_vc_vlan){ .tci = 10, .tpid = 0x8100 };
	m.filters[1].inner = (struct tp_vc_vlan){ .tci = 4095, .tpid = 0x8100 };
	return m;
}

static int32_t send_vlans(uint32_t op, const struct vlan_message *m)
{
	return raw_call(&r, op, m, 40 + 32);
}

static void tags_in_new_messages(void **state)
{
	struct vlan_message m = two_tags();

	(void)state;
	raw_handshake(&r, ALL_CAPS);
	assert_false(port()->vlan_strip);
	assert_int_equal(send_vlans(TP_VC_ADD_VLAN_V2, &m), OK);
	assert_true(port()->vlan_filtering && has_vlan(10) && has_vlan(4095));
	assert_int_equal(send_vlans(TP_VC_DEL_VLAN_V2, &m), OK);
	assert_false(port()->vlan_filtering);
	m.filters[1].inner.tci = 4096;
	assert_int_equal(send_vlans(TP_VC_ADD_VLAN_V2, &m), PARAM);
	m = two_tags();
	m.filters[1].inner.tpid = 0x88A8;
	assert_int_equal(send_vlans(TP_VC_ADD_VLAN_V2, &m), PARAM);
	m = two_tags();
	m.filters[1].inner.tci_mask = 0xFFF;
	assert_int_equal(send_vlans(TP_VC_ADD_VLAN_V2, &m), PARAM);
	m = two_tags();
	m.filters[1].outer = m.filters[1].inner;
	assert_int_equal(send_vlans(TP_VC_ADD_VLAN_V2, &m), PARAM);
	m = two_tags();
	m.vport_id++;
	assert_int_equal(send_vlans(TP_VC_ADD_VLAN_V2, &m), PARAM);
	assert_false(port()->vlan_filtering);
}

static void switches_of_new_messages(void **state)
{
	struct tp_vc_vlan_setting s = { .inner_ethertype_setting = TP_VC_VLAN_ETHERTYPE_8100,
					.vport_id = RAW_VSI };

	(void)state;
	raw_handshake(&r, ALL_CAPS);
	expect(TP_VC_ENABLE_VLAN_STRIPPING_V2, &s, sizeof(s), OK);
	assert_true(port()->vlan_strip);
	expect(TP_VC_DISABLE_VLAN_STRIPPING_V2, &s, sizeof(s), OK);
	assert_false(port()->vlan_strip);
	expect(TP_VC_ENABLE_VLAN_INSERTION_V2, &s, sizeof(s), OK);
	s.outer_ethertype_setting = TP_VC_VLAN_ETHERTYPE_8100;
	for (uint32_t op = TP_VC_ENABLE_VLAN_STRIPPING_V2; op <= TP_VC_DISABLE_VLAN_INSERTION_V2;
	     op++)
		expect(op, &s, sizeof(s), PARAM);
	expect(TP_VC_GET_VLAN_V2_CAPS, NULL, 0, OK);
	assert_int_equal(r.message.len, sizeof(struct tp_vc_vlan_caps));
	assert_int_equal(r.message.vlan_caps.filtering.filtering_support.inner,
			 TP_VC_VLAN_ETHERTYPE_8100);
	assert_int_equal(r.message.vlan_caps.filtering.filtering_support.outer, 0);
	assert_int_equal(r.message.vlan_caps.filtering.max_filters, 64);
	assert_true(r.message.vlan_caps.offloads.stripping_support.inner & TP_VC_VLAN_TOGGLE);
}

/* ---- hashing --------------------------------------------------------------------------------- */

static void key_and_table(void **state)
{
	struct {
		uint16_t vsi_id, len;
		uint8_t bytes[65];
	} m = { RAW_VSI, 52, { 0 } };

	(void)state;
	raw_handshake(&r, ALL_CAPS);
	for (unsigned i = 0; i < 64; i++)
		m.bytes[i] = (uint8_t)(i + 1);
	expect(TP_VC_CONFIG_RSS_KEY, &m, 57, OK);
	assert_memory_equal(port()->key, m.bytes, 52);
	m.len = 64;
	expect(TP_VC_CONFIG_RSS_LUT, &m, 69, OK);
	assert_memory_equal(port()->lut, m.bytes, 64);
	/* Of another length, or none (which passes the first gate), or of somebody else. */
	expect(TP_VC_CONFIG_RSS_KEY, &m, 69, PARAM);
	m.len = 0;
	expect(TP_VC_CONFIG_RSS_KEY, &m, 6, PARAM);
	expect(TP_VC_CONFIG_RSS_LUT, &m, 6, PARAM);
	m.len = 52;
	m.vsi_id = 0;
	expect(TP_VC_CONFIG_RSS_KEY, &m, 57, PARAM);
	/* Registers show the same. */
	assert_int_equal(raw_read(&r, TP_AVF_HKEY(0)), 0x04030201);
	assert_int_equal(raw_read(&r, TP_AVF_HLUT(15)), 0x403F3E3D);
}

static void which_packets_are_hashed(void **state)
{
	struct tp_vc_rss_hena hena;

	(void)state;
	raw_handshake(&r, ALL_CAPS);
	assert_true(port()->hena == TP_AVF_HENA_ALL);
	expect(TP_VC_GET_RSS_HENA_CAPS, NULL, 0, OK);
	assert_int_equal(r.message.len, sizeof(hena));
	assert_true(r.message.hena.hena == TP_AVF_HENA_ALL);
	hena.hena = TP_AVF_HENA_IPV4_TCP | 1;
	expect(TP_VC_SET_RSS_HENA, &hena, sizeof(hena), OK);
	assert_true(port()->hena == TP_AVF_HENA_IPV4_TCP);
	assert_int_equal(raw_read(&r, TP_AVF_HENA(1)), 2);
}

static void engines_hear_of_changes(void **state)
{
	uint32_t before;

	(void)state;
	raw_handshake(&r, ALL_CAPS);
	before = port()->generation;
	change_macs(TP_VC_ADD_ETH_ADDR, 0, 1);
	assert_int_not_equal(port()->generation, before);
	before = port()->generation;
	raw_write(&r, TP_AVF_HLUT(0), 1);
	assert_int_not_equal(port()->generation, before);
}

/* ---- statistics and events ------------------------------------------------------------------- */

static void statistics_are_the_devices(void **state)
{
	struct tp_vc_queue_select select = { .vsi_id = RAW_VSI };
	struct tp_avf_model *m = model();

	(void)state;
	raw_handshake(&r, ALL_CAPS);
	m->stat.queue[1].rx_written = 1; /* 66 bytes and their FCS (T23) */
	m->stat.queue[1].rx_bytes = 66;
	m->stat.queue[1].tx_drop_fault = 3;
	expect(TP_VC_GET_STATS, &select, sizeof(select), OK);
	assert_int_equal(r.message.len, 96);
	assert_int_equal(r.message.stats.rx_bytes, 70);
	assert_int_equal(r.message.stats.tx_errors, 3);
	select.vsi_id++;
	expect(TP_VC_GET_STATS, &select, sizeof(select), PARAM);
}

static void rx_layouts(void **state)
{
	(void)state;
	raw_handshake(&r, ALL_CAPS);
	expect(TP_VC_GET_SUPPORTED_RXDIDS, NULL, 0, OK);
	assert_int_equal(r.message.len, 8);
	assert_int_equal(r.message.rxdids.supported_rxdids, 2);
}

static void expect_link(bool up, uint32_t speed)
{
	assert_true(raw_receive(&r));
	assert_int_equal(r.message.op, TP_VC_EVENT);
	assert_int_equal(r.message.len, 16);
	assert_int_equal(r.message.event.event, TP_VC_EVENT_LINK_CHANGE);
	assert_int_equal(r.message.event.link_status, up);
	assert_int_equal(r.message.event.link_speed, speed);
}

/* T21: what is said of the link before queues work is ignored, so it is said again then. */
static void the_link_is_told_again(void **state)
{
	(void)state;
	raw_handshake(&r, ALL_CAPS);
	tp_avf_model_set_link(r.model, true);
	expect_link(true, 40000);
	assert_int_equal(raw_config_queues(&r, 1), OK);
	assert_int_equal(raw_select(&r, TP_VC_ENABLE_QUEUES, 0, 1), OK);
	expect_link(true, 40000);
	assert_int_equal(raw_select(&r, TP_VC_ENABLE_QUEUES, 1, 0), OK);
	expect_link(true, 40000);
	assert_int_equal(raw_select(&r, TP_VC_DISABLE_QUEUES, 1, 1), OK);
	assert_false(raw_receive(&r));
	/* A message that failed is no reason. */
	assert_int_equal(raw_select(&r, TP_VC_ENABLE_QUEUES, 0, 0), PARAM);
	assert_false(raw_receive(&r));
}

static void the_link_is_told_when_it_changes(void **state)
{
	(void)state;
	raw_aq_init(&r);
	tp_avf_model_set_link(r.model, true); /* nobody to tell yet */
	assert_false(raw_receive(&r));
	raw_handshake(&r, ALL_CAPS & ~TP_VC_CAP_ADV_LINK_SPEED);
	assert_false(raw_receive(&r));
	tp_avf_model_set_link(r.model, true);
	assert_false(raw_receive(&r));
	tp_avf_model_set_link(r.model, false);
	expect_link(false, 0);
	tp_avf_model_set_link(r.model, true);
	expect_link(true, TP_VC_LINK_40GB);
}

static void a_wire_makes_a_link(void **state)
{
	const struct tp_wire_end other = { .receive = NULL };
	struct tp_wire *wire;

	(void)state;
	raw_handshake(&r, ALL_CAPS);
	must(tp_wire_create(&wire));
	must(tp_avf_model_plug(r.model, wire, 0));
	assert_false(raw_receive(&r)); /* there is no other end */
	must(tp_wire_plug(wire, 1, &other));
	expect_link(true, 40000);
	tp_wire_unplug(wire, 1);
	expect_link(false, 0);
	must(tp_wire_plug(wire, 1, &other));
	expect_link(true, 40000);
	must(tp_avf_model_plug(r.model, NULL, 0));
	expect_link(false, 0);
	/* The other side is taken. */
	assert_int_equal(tp_avf_model_plug(r.model, wire, 1), -EBUSY);
	must(tp_avf_model_plug(r.model, wire, 0));
	expect_link(true, 40000);
	must(tp_avf_model_plug(r.model, NULL, 0));
	tp_wire_unplug(wire, 1);
	tp_wire_destroy(wire);
}

#define IN_DEVICE(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_DEVICE(addresses_come_and_go),
		IN_DEVICE(there_is_room_for_so_many_addresses),
		IN_DEVICE(some_addresses_need_no_filter),
		IN_DEVICE(modes),
		IN_DEVICE(tags_in_old_messages),
		IN_DEVICE(tags_in_new_messages),
		IN_DEVICE(switches_of_new_messages),
		IN_DEVICE(key_and_table),
		IN_DEVICE(which_packets_are_hashed),
		IN_DEVICE(engines_hear_of_changes),
		IN_DEVICE(statistics_are_the_devices),
		IN_DEVICE(rx_layouts),
		IN_DEVICE(the_link_is_told_again),
		IN_DEVICE(the_link_is_told_when_it_changes),
		IN_DEVICE(a_wire_makes_a_link),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
