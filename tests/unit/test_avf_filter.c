/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Addresses, VLANs, everything: what the device is told, what it may refuse. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "avf_fake_machine.h"

enum { MAX_KNOWN = 256 };

/* What the physical function has been told. */
static struct {
	uint8_t macs[MAX_KNOWN][6], types[MAX_KNOWN];
	unsigned nr_macs;
	bool vlans[4096];
	unsigned nr_vlans, messages, largest;
	bool outer; /* of the last VLAN message */
	uint16_t promisc;
	/* how it behaves: refuse the nth filter message from now, of that operation; 0: none */
	unsigned refuse_nth;
	uint32_t refuse_op;
	/* refuse whoever takes away what is not there, or adds what is */
	bool strict;
	uint8_t never[6]; /* refused, and what follows in the list */
} pf;

static int find_mac(const uint8_t mac[6])
{
	for (unsigned i = 0; i < pf.nr_macs; i++)
		if (!memcmp(pf.macs[i], mac, 6))
			return (int)i;
	return -1;
}

static bool take_macs(const struct fake_message *m)
{
	const struct tp_vc_ether_addr_list *list = (const void *)m->data;

	assert_int_equal(m->len, 12 + 8 * list->num_elements); /* T20 */
	assert_int_equal(list->vsi_id, FAKE_VSI);
	for (unsigned i = 0; i < list->num_elements; i++) {
		int at = find_mac(list->list[i].addr);

		if (!memcmp(list->list[i].addr, pf.never, 6))
			return false;
		if (m->op == TP_VC_ADD_ETH_ADDR && at < 0) {
			memcpy(pf.macs[pf.nr_macs], list->list[i].addr, 6);
			pf.types[pf.nr_macs++] = list->list[i].type;
		} else if (m->op == TP_VC_DEL_ETH_ADDR && at >= 0) {
			pf.nr_macs--;
			memcpy(pf.macs[at], pf.macs[pf.nr_macs], 6);
			pf.types[at] = pf.types[pf.nr_macs];
		} else if (pf.strict) {
			return false;
		}
	}
	return true;
}

static bool take_vlan(uint16_t vid, bool add)
{
	if (pf.strict && pf.vlans[vid] == add)
		return false;
	pf.nr_vlans += (unsigned)(add - pf.vlans[vid]);
	pf.vlans[vid] = add;
	return true;
}

static bool take_vlans(const struct fake_message *m)
{
	const struct tp_vc_vlan_filter_list *list = (const void *)m->data;
	bool ok = true;

	assert_int_equal(m->len, 6 + 2 * list->num_elements);
	for (unsigned i = 0; i < list->num_elements; i++)
		ok &= take_vlan(list->vlan_id[i], m->op == TP_VC_ADD_VLAN);
	return ok;
}

static bool take_vlans_v2(const struct fake_message *m)
{
	const struct tp_vc_vlan_filter_list_v2 *list = (const void *)m->data;
	bool ok = true;

	assert_int_equal(m->len, 8 + 32 * list->num_elements);
	assert_true(list->num_elements);
	for (unsigned i = 0; i < list->num_elements; i++) {
		const struct tp_vc_vlan_filter *f = &list->filters[i];
		const struct tp_vc_vlan *vlan = f->outer.tpid ? &f->outer : &f->inner;

		pf.outer = f->outer.tpid;
		assert_int_equal(vlan->tpid, 0x8100);
		ok &= take_vlan(vlan->tci, m->op == TP_VC_ADD_VLAN_V2);
	}
	return ok;
}

static bool take(const struct fake_message *m)
{
	switch (m->op) {
	case TP_VC_ADD_ETH_ADDR:
	case TP_VC_DEL_ETH_ADDR:
		return take_macs(m);
	case TP_VC_ADD_VLAN:
	case TP_VC_DEL_VLAN:
		return take_vlans(m);
	case TP_VC_ADD_VLAN_V2:
	case TP_VC_DEL_VLAN_V2:
		return take_vlans_v2(m);
	default:
		pf.promisc = ((const struct tp_vc_promisc_info *)(const void *)m->data)->flags;
		return true;
	}
}

static bool is_filter(uint32_t op)
{
	return (op >= TP_VC_ADD_ETH_ADDR && op <= TP_VC_CONFIG_PROMISC) ||
	       op == TP_VC_ADD_VLAN_V2 || op == TP_VC_DEL_VLAN_V2;
}

static bool filter_pf(struct fake_avf *fake, const struct fake_message *m)
{
	bool refused;

	if (!is_filter(m->op))
		return false;
	pf.messages++;
	pf.largest = TP_MAX(pf.largest, (unsigned)m->len);
	refused = pf.refuse_op == m->op && pf.refuse_nth && !--pf.refuse_nth;
	refused = refused || !take(m);
	fake_post(fake, m->op, refused ? TP_VC_ERR_PARAM : 0, NULL, 0);
	return true;
}

static int setup_with(void **state, uint32_t caps)
{
	struct fake_machine *fm;

	setup_fake(state);
	fm = *state;
	memset(&pf, 0, sizeof(pf));
	fm->fake.pf = filter_pf;
	fm->fake.caps = caps;
	make_fake_driver(fm);
	return 0;
}

static int setup(void **state)
{
	return setup_with(state, UINT32_MAX);
}

static int setup_v1(void **state)
{
	return setup_with(state, UINT32_MAX & ~TP_VC_CAP_VLAN_V2);
}

static int setup_none(void **state)
{
	return setup_with(state, UINT32_MAX & ~TP_VC_CAP_VLAN_V2 & ~TP_VC_CAP_VLAN);
}

static void lose(struct fake_machine *fm)
{
	pf.nr_macs = pf.nr_vlans = 0;
	memset(pf.vlans, 0, sizeof(pf.vlans));
	pf.promisc = 0;
	fake_reset(&fm->fake);
	tp_avf_service(fm->avf);
}

static void open_it(struct fake_machine *fm)
{
	must(tp_net_open(fm->m, "avf0"));
}

static void close_it(struct fake_machine *fm)
{
	must(tp_net_close(fm->m, "avf0"));
}

/* ---- addresses ------------------------------------------------------------------------------- */

static const uint8_t first_mac[6] = { 2, 0xAF, 0, 0, 0, 9 }, second_mac[6] = { 2, 1, 2, 3, 4, 5 };

static void set_mac(struct fake_machine *fm, const uint8_t mac[6], int expected)
{
	struct tp_net_config config = fm->avf->nd.config;

	memcpy(config.mac, mac, sizeof(config.mac));
	assert_int_equal(tp_net_configure(fm->m, "avf0", &config), expected);
}

static void group_of(unsigned n, uint8_t mac[6])
{
	const uint8_t group[6] = { 0x33, 0x33, 0, 0, (uint8_t)(n >> 8), (uint8_t)n };

	memcpy(mac, group, sizeof(group));
}

static int multicast(struct fake_machine *fm, unsigned n, bool add)
{
	uint8_t mac[6];

	group_of(n, mac);
	return tp_net_multicast(fm->m, "avf0", mac, add);
}

static void own_address_is_primary(void **state)
{
	struct fake_machine *fm = *state;

	open_it(fm);
	assert_int_equal(pf.nr_macs, 1);
	assert_int_equal(pf.types[find_mac(first_mac)], TP_VC_ETHER_ADDR_PRIMARY);
	close_it(fm);
	assert_int_equal(pf.nr_macs, 0);
}

static void own_address_changes(void **state)
{
	struct fake_machine *fm = *state;

	open_it(fm);
	set_mac(fm, second_mac, 0);
	assert_int_equal(pf.nr_macs, 1);
	assert_int_equal(pf.types[find_mac(second_mac)], TP_VC_ETHER_ADDR_PRIMARY);
	lose(fm);
	assert_int_equal(pf.nr_macs, 1);
	assert_true(find_mac(second_mac) >= 0);
}

/* The old one stays if the new one is refused. */
static void own_address_is_refused(void **state)
{
	struct fake_machine *fm = *state;

	open_it(fm);
	pf.refuse_op = TP_VC_ADD_ETH_ADDR;
	pf.refuse_nth = 1;
	set_mac(fm, second_mac, -EIO);
	assert_int_equal(pf.nr_macs, 1);
	assert_true(find_mac(first_mac) >= 0);
	assert_memory_equal(fake_info(fm).config.mac, first_mac, 6);
	assert_int_equal(fake_info(fm).resets, 0);
}

/* The one the function came with goes, when another was chosen while it was closed. */
static void default_address_is_dropped(void **state)
{
	struct fake_machine *fm = *state;

	memcpy(pf.macs[pf.nr_macs++], first_mac, 6);
	set_mac(fm, second_mac, 0);
	open_it(fm);
	assert_int_equal(pf.nr_macs, 1);
	assert_true(find_mac(second_mac) >= 0);
}

static void groups_come_and_go(void **state)
{
	struct fake_machine *fm = *state;

	must(multicast(fm, 1, true));
	assert_int_equal(pf.messages, 0);
	open_it(fm);
	assert_int_equal(pf.nr_macs, 2);
	must(multicast(fm, 2, true));
	must(multicast(fm, 2, true)); /* nothing new */
	assert_int_equal(pf.nr_macs, 3);
	assert_int_equal(pf.types[2], TP_VC_ETHER_ADDR_EXTRA);
	lose(fm);
	assert_int_equal(pf.nr_macs, 3);
	must(multicast(fm, 1, false));
	assert_int_equal(multicast(fm, 1, false), -ENOENT);
	assert_int_equal(pf.nr_macs, 2);
	close_it(fm);
	assert_int_equal(pf.nr_macs, 0);
	open_it(fm);
	assert_int_equal(pf.nr_macs, 2);
	assert_int_equal(tp_net_multicast(fm->m, "avf0", first_mac, true), -EINVAL);
}

static void many_groups(void **state)
{
	struct fake_machine *fm = *state;

	open_it(fm);
	for (unsigned n = 0; n < TP_AVF_MAX_FILTERS; n++)
		must(multicast(fm, n, true));
	assert_int_equal(multicast(fm, TP_AVF_MAX_FILTERS, true), -ENOSPC);
	assert_int_equal(pf.nr_macs, 1 + TP_AVF_MAX_FILTERS);
	pf.messages = 0;
	lose(fm);
	assert_int_equal(pf.messages, 1); /* all at once */
	assert_int_equal(pf.nr_macs, 1 + TP_AVF_MAX_FILTERS);
	assert_int_equal(fake_info(fm).state, TP_NET_RUNNING);
}

static void group_is_refused(void **state)
{
	struct fake_machine *fm = *state;

	open_it(fm);
	pf.refuse_op = TP_VC_ADD_ETH_ADDR;
	pf.refuse_nth = 1;
	assert_int_equal(multicast(fm, 1, true), -EIO);
	assert_int_equal(fm->avf->nr_multicast, 0);
	must(multicast(fm, 1, true));
	assert_int_equal(fake_info(fm).resets, 0);
}

/* FI2: of many, the one that is refused is counted, and the others are there. */
static void refused_while_coming_up(void **state)
{
	struct fake_machine *fm = *state;

	for (unsigned n = 0; n < 5; n++)
		must(multicast(fm, n, true));
	pf.strict = true;
	group_of(3, pf.never);
	open_it(fm);
	assert_int_equal(fake_info(fm).state, TP_NET_RUNNING);
	assert_int_equal(fm->avf->filters_refused, 1);
	assert_int_equal(pf.nr_macs, 5);
	lose(fm);
	assert_int_equal(fake_info(fm).state, TP_NET_RUNNING);
	assert_int_equal(fm->avf->filters_refused, 2);
	assert_int_equal(pf.nr_macs, 5);
}

/* ---- VLANs ----------------------------------------------------------------------------------- */

static int vlan(struct fake_machine *fm, uint16_t vid, bool add)
{
	return tp_net_vlan(fm->m, "avf0", vid, add);
}

static void vlans_come_and_go(void **state)
{
	struct fake_machine *fm = *state;

	must(vlan(fm, 5, true));
	open_it(fm);
	assert_true(pf.vlans[5]);
	must(vlan(fm, 4094, true));
	must(vlan(fm, 4094, true)); /* nothing new */
	assert_int_equal(pf.nr_vlans, 2);
	lose(fm);
	assert_int_equal(pf.nr_vlans, 2);
	must(vlan(fm, 5, false));
	assert_int_equal(vlan(fm, 5, false), -ENOENT);
	assert_false(pf.vlans[5]);
	assert_true(pf.vlans[4094]);
	close_it(fm);
	assert_int_equal(pf.nr_vlans, 0);
	open_it(fm);
	assert_int_equal(pf.nr_vlans, 1);
	assert_int_equal(vlan(fm, 0, true), -EINVAL);
	assert_int_equal(vlan(fm, 4095, true), -EINVAL);
}

static void outer_tags_of_v2(void **state)
{
	struct fake_machine *fm = *state;

	open_it(fm);
	must(vlan(fm, 5, true));
	assert_true(pf.outer);
	assert_int_equal(fake_count(&fm->fake, TP_VC_ADD_VLAN_V2), 1);
}

static void inner_tags_of_v2(void **state)
{
	struct fake_machine *fm = *state;

	open_it(fm);
	fm->avf->vlan_caps.filtering.filtering_support.outer = 0;
	must(vlan(fm, 5, true));
	assert_false(pf.outer);
}

static void as_many_vlans_as_the_device_has(void **state)
{
	struct fake_machine *fm = *state;

	open_it(fm);
	for (uint16_t n = 1; n <= 8; n++) /* as the fake says in its capabilities */
		must(vlan(fm, n, true));
	assert_int_equal(vlan(fm, 9, true), -ENOSPC);
	assert_error_says("8 VLANs are set");
}

static void no_vlans_at_all(void **state)
{
	struct fake_machine *fm = *state;

	assert_int_equal(vlan(fm, 9, true), -EOPNOTSUPP);
	assert_false(fake_info(fm).limits.features & (TP_NET_RX_VLAN | TP_NET_TX_VLAN));
	open_it(fm);
	assert_int_equal(pf.nr_vlans, 0);
}

static void vlan_is_refused(void **state)
{
	struct fake_machine *fm = *state;

	open_it(fm);
	pf.refuse_op = TP_VC_ADD_VLAN_V2;
	pf.refuse_nth = 1;
	assert_int_equal(vlan(fm, 5, true), -EIO);
	assert_int_equal(fm->avf->nr_vlans, 0);
	must(vlan(fm, 5, true));
	assert_int_equal(fake_info(fm).resets, 0);
}

/*
 * A physical function that will not take away a VLAN, because it has lost it or because it is
 * looking at a list that is changing: the driver lets go of it, and does not begin to reset.
 */
static void refused_removal_is_the_end_of_it(void **state)
{
	struct fake_machine *fm = *state;

	open_it(fm);
	must(vlan(fm, 5, true));
	must(vlan(fm, 6, true));
	pf.strict = true;
	pf.vlans[5] = false; /* lost */
	must(vlan(fm, 5, false));
	assert_int_equal(fm->avf->nr_vlans, 1);
	pf.refuse_op = TP_VC_DEL_VLAN_V2;
	pf.refuse_nth = 1;
	must(vlan(fm, 6, false));
	assert_int_equal(fm->avf->nr_vlans, 0);
	for (unsigned n = 0; n < 10; n++)
		tp_avf_service(fm->avf);
	assert_int_equal(fake_info(fm).resets, 0);
	assert_int_equal(fake_info(fm).state, TP_NET_RUNNING);
	assert_int_equal(fake_count(&fm->fake, TP_VC_DEL_VLAN_V2), 2);
}

static void refused_removal_of_all(void **state)
{
	struct fake_machine *fm = *state;

	must(vlan(fm, 5, true));
	must(vlan(fm, 6, true));
	open_it(fm);
	pf.strict = true;
	pf.vlans[5] = false;
	pf.nr_vlans--;
	close_it(fm);
	assert_int_equal(pf.nr_vlans, 0); /* the other went */
	assert_int_equal(fake_info(fm).state, TP_NET_DOWN);
	open_it(fm);
	assert_int_equal(pf.nr_vlans, 2);
	assert_int_equal(fake_info(fm).resets, 0);
}

/* ---- everything ------------------------------------------------------------------------------ */

static void set_promisc(struct fake_machine *fm, bool promisc, bool allmulti)
{
	struct tp_net_config config = fm->avf->nd.config;

	config.promisc = promisc;
	config.allmulti = allmulti;
	must(tp_net_configure(fm->m, "avf0", &config));
}

static void promiscuous(void **state)
{
	struct fake_machine *fm = *state;

	open_it(fm);
	set_promisc(fm, true, false);
	assert_int_equal(pf.promisc, TP_VC_PROMISC_UNICAST | TP_VC_PROMISC_MULTICAST);
	lose(fm);
	assert_int_equal(pf.promisc, TP_VC_PROMISC_UNICAST | TP_VC_PROMISC_MULTICAST);
	set_promisc(fm, false, true);
	assert_int_equal(pf.promisc, TP_VC_PROMISC_MULTICAST);
	set_promisc(fm, false, false);
	assert_int_equal(pf.promisc, 0);
	close_it(fm);
	set_promisc(fm, true, true);
	assert_int_equal(pf.promisc, 0);
	open_it(fm);
	assert_int_equal(pf.promisc, TP_VC_PROMISC_UNICAST | TP_VC_PROMISC_MULTICAST);
	close_it(fm);
	assert_int_equal(pf.promisc, 0);
}

/* A change of several things of which the second is refused: none of it stays. */
static void all_or_nothing(void **state)
{
	struct fake_machine *fm = *state;
	struct tp_net_config config = fm->avf->nd.config, old;

	open_it(fm);
	old = fm->avf->nd.config;
	memcpy(config.mac, second_mac, 6);
	config.promisc = true;
	config.rx_usecs = 400;
	pf.refuse_op = TP_VC_CONFIG_PROMISC;
	pf.refuse_nth = 1;
	assert_int_equal(tp_net_configure(fm->m, "avf0", &config), -EIO);
	assert_memory_equal(&fm->avf->nd.config, &old, sizeof(old));
	assert_int_equal(pf.nr_macs, 1);
	assert_true(find_mac(first_mac) >= 0);
	assert_int_equal(pf.promisc, 0);
	assert_int_equal(*fake_reg(&fm->fake, TP_AVF_ITRN(0, 1)), 25);
	must(tp_net_configure(fm->m, "avf0", &config));
	assert_int_equal(*fake_reg(&fm->fake, TP_AVF_ITRN(0, 1)), 200);
}

#define with_fake(test) cmocka_unit_test_setup_teardown(test, setup, teardown_fake)
#define with_v1(test)                                             \
	{                                                         \
#test ", v1", test, setup_v1, teardown_fake, NULL \
	}
#define without_any(test) cmocka_unit_test_setup_teardown(test, setup_none, teardown_fake)

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_fake(own_address_is_primary),
		with_fake(own_address_changes),
		with_fake(own_address_is_refused),
		with_fake(default_address_is_dropped),
		with_fake(groups_come_and_go),
		with_fake(many_groups),
		with_fake(group_is_refused),
		with_fake(refused_while_coming_up),
		with_fake(vlans_come_and_go),
		with_v1(vlans_come_and_go),
		with_fake(outer_tags_of_v2),
		with_fake(inner_tags_of_v2),
		with_fake(as_many_vlans_as_the_device_has),
		without_any(no_vlans_at_all),
		with_fake(vlan_is_refused),
		with_fake(refused_removal_is_the_end_of_it),
		with_fake(refused_removal_of_all),
		with_fake(promiscuous),
		with_fake(all_or_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
