/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * avf_filter - which frames the device takes: addresses, VLANs, everything.
 *
 * What is to be is recorded in @nd.config, @multicast and @vlans; the device is told while it runs,
 * and of all of it when it comes up.  A message is built from the record in one go, under
 * config_lock, so what it lists is what it counts.
 *
 * Invariants
 *  FI1 A filter that the device will not take away is one it does not have: the record goes, and
 *      nothing is tried again.  (Drivers that answer such a refusal with a reset never get out of
 *      it.)
 *  FI2 When a function comes up, a filter that is refused is counted and leaves the others alone;
 *      only its own address must be taken.
 *
 * Fault sites: net/avf-filter.
 */
#include <string.h>

#include "core/error.h"
#include "core/fault.h"
#include "net/avf/avf_internal.h"

enum { ETHERTYPE_VLAN = 0x8100 };

/* One sort of list that is told in messages; entries are numbered. */
struct filter_kind {
	uint32_t add, del;
	size_t head, each, tail; /* bytes: a message of n has head + n * each + tail */
	void (*put)(struct tp_avf *avf, void *message, unsigned slot, unsigned entry);
};

static size_t length_of(const struct filter_kind *kind, unsigned n)
{
	return kind->head + n * kind->each + kind->tail;
}

/* A message of @n entries, all zero.  Of whatever kind, it begins with the interface and @n. */
static void *begin(struct tp_avf *avf, const struct filter_kind *kind, unsigned n)
{
	const uint16_t first_words[] = { avf->vsi_id, (uint16_t)n };
	size_t len = length_of(kind, n);

	TP_INVARIANT(len <= TP_AVF_AQ_BUF);
	memset(avf->out, 0, len);
	return memcpy(avf->out, first_words, sizeof(first_words));
}

/* Tell of @n entries from @first. */
static int tell(struct tp_avf *avf, const struct filter_kind *kind, bool add, unsigned first,
		unsigned n)
{
	void *message;

	if (TP_FAULT("net/avf-filter"))
		return TP_ERR(-EIO, "fault injected");
	message = begin(avf, kind, n);
	for (unsigned i = 0; i < n; i++)
		kind->put(avf, message, i, first + i);
	return tp_avf_call(avf, add ? kind->add : kind->del, message, length_of(kind, n));
}

/* @entry was recorded behind the @nr there are: it counts, unless the device will not have it. */
static int tell_new(struct tp_avf *avf, const struct filter_kind *kind, unsigned entry,
		    unsigned *nr)
{
	int err = 0;

	++*nr;
	if (avf->state == TP_NET_RUNNING)
		err = tp_avf_recover(avf, tell(avf, kind, true, entry, 1));
	if (err)
		--*nr;
	return err;
}

/* FI2 */
static int tell_each(struct tp_avf *avf, const struct filter_kind *kind, bool add, unsigned first,
		     unsigned n)
{
	for (unsigned i = first; i < first + n; i++) {
		int err = tell(avf, kind, add, i, 1);

		if (err && !tp_avf_refused(err))
			return err;
		avf->filters_refused += err && add;
	}
	return 0;
}

/* How many fit a message. */
static unsigned most_of(const struct filter_kind *kind)
{
	return (unsigned)((TP_AVF_AQ_BUF - kind->head - kind->tail) / kind->each);
}

/* All entries from @first, as many at once as a message holds. */
static int tell_all(struct tp_avf *avf, const struct filter_kind *kind, bool add, unsigned first,
		    unsigned end)
{
	int err = 0;

	while (!err && first < end) {
		unsigned n = TP_MIN(most_of(kind), end - first);

		err = tell(avf, kind, add, first, n);
		if (tp_avf_refused(err))
			err = tell_each(avf, kind, add, first, n);
		first += n;
	}
	return err;
}

/* ---- addresses ------------------------------------------------------------------------------- */

static void put_mac(struct tp_vc_ether_addr *to, const uint8_t mac[6], uint8_t type)
{
	memcpy(to->addr, mac, sizeof(to->addr));
	to->type = type;
}

/* Entry 0 is the device's own address. */
static void put_own_or_multicast(struct tp_avf *avf, void *message, unsigned slot, unsigned entry)
{
	struct tp_vc_ether_addr_list *list = message;

	if (entry)
		put_mac(&list->list[slot], avf->multicast[entry - 1], TP_VC_ETHER_ADDR_EXTRA);
	else
		put_mac(&list->list[slot], avf->nd.config.mac, TP_VC_ETHER_ADDR_PRIMARY);
}

static const struct filter_kind macs = {
	.add = TP_VC_ADD_ETH_ADDR,
	.del = TP_VC_DEL_ETH_ADDR,
	.head = sizeof(struct tp_vc_ether_addr_list),
	.each = sizeof(struct tp_vc_ether_addr),
	.tail = sizeof(struct tp_vc_ether_addr),
	.put = put_own_or_multicast,
};

static int tell_mac(struct tp_avf *avf, uint32_t op, const uint8_t mac[6], uint8_t type)
{
	struct tp_vc_ether_addr_list *list = begin(avf, &macs, 1);

	put_mac(&list->list[0], mac, type);
	return tp_avf_call(avf, op, list, length_of(&macs, 1));
}

int tp_avf_add_mac(struct tp_avf *avf, const uint8_t mac[6], uint8_t type)
{
	return tell_mac(avf, TP_VC_ADD_ETH_ADDR, mac, type);
}

/* FI1 */
int tp_avf_del_mac(struct tp_avf *avf, const uint8_t mac[6])
{
	int err = tell_mac(avf, TP_VC_DEL_ETH_ADDR, mac, TP_VC_ETHER_ADDR_LEGACY);

	if (!memcmp(mac, avf->default_mac, sizeof(avf->default_mac)))
		memset(avf->default_mac, 0, sizeof(avf->default_mac));
	return tp_avf_refused(err) ? 0 : err;
}

/* The address that the function came with, and takes frames for until told not to. */
static int drop_default_mac(struct tp_avf *avf)
{
	static const uint8_t none[6];
	uint8_t mac[6];

	memcpy(mac, avf->default_mac, sizeof(mac));
	if (!memcmp(mac, none, sizeof(mac)) || !memcmp(mac, avf->nd.config.mac, sizeof(mac)))
		return 0;
	return tp_avf_del_mac(avf, mac);
}

/* All in one message if they fit and none is refused; FI2. */
static int restore_macs(struct tp_avf *avf)
{
	unsigned end = 1 + avf->nr_multicast;
	unsigned n = TP_MIN(end, most_of(&macs));
	int err = tell(avf, &macs, true, 0, n);

	if (tp_avf_refused(err)) {
		/* Some of the list may have been taken, and would not be again. */
		err = tell_each(avf, &macs, false, 0, n);
		if (!err)
			err = tell(avf, &macs, true, 0, 1);
		if (!err)
			err = tell_each(avf, &macs, true, 1, n - 1);
	}
	return err ? err : tell_all(avf, &macs, true, n, end);
}

static int find_multicast(const struct tp_avf *avf, const uint8_t mac[6])
{
	for (unsigned i = 0; i < avf->nr_multicast; i++)
		if (!memcmp(avf->multicast[i], mac, sizeof(avf->multicast[i])))
			return (int)i;
	return -1;
}

static int add_multicast(struct tp_avf *avf, const uint8_t mac[6])
{
	unsigned i = avf->nr_multicast;

	if (find_multicast(avf, mac) >= 0)
		return 0;
	if (i == TP_AVF_MAX_FILTERS)
		return TP_ERR_TEXT(-ENOSPC, avf->nd.name, "%s: %u multicast addresses are set", i);
	memcpy(avf->multicast[i], mac, sizeof(avf->multicast[i]));
	return tell_new(avf, &macs, 1 + i, &avf->nr_multicast);
}

static int del_multicast(struct tp_avf *avf, const uint8_t mac[6])
{
	int i = find_multicast(avf, mac);

	if (i < 0)
		return TP_ERR_TEXT(-ENOENT, avf->nd.name, "%s: this multicast address is not set");
	avf->nr_multicast--;
	memcpy(avf->multicast[i], avf->multicast[avf->nr_multicast], sizeof(avf->multicast[i]));
	return avf->state == TP_NET_RUNNING ? tp_avf_recover(avf, tp_avf_del_mac(avf, mac)) : 0;
}

int tp_avf_set_multicast(struct tp_netdev *nd, const uint8_t mac[6], bool add)
{
	struct tp_avf *avf = tp_avf_of(nd);
	int err = tp_avf_settle(avf);

	if (err)
		return err;
	return add ? add_multicast(avf, mac) : del_multicast(avf, mac);
}

/* ---- VLANs, first version -------------------------------------------------------------------- */

static void put_vlan(struct tp_avf *avf, void *message, unsigned slot, unsigned entry)
{
	((struct tp_vc_vlan_filter_list *)message)->vlan_id[slot] = avf->vlans[entry];
}

static const struct filter_kind vlans_v1 = {
	.add = TP_VC_ADD_VLAN,
	.del = TP_VC_DEL_VLAN,
	.head = sizeof(struct tp_vc_vlan_filter_list),
	.each = sizeof(uint16_t),
	.tail = sizeof(uint16_t),
	.put = put_vlan,
};

/* ---- VLANs, second version ------------------------------------------------------------------- */

static void put_vlan_v2(struct tp_avf *avf, void *message, unsigned slot, unsigned entry)
{
	struct tp_vc_vlan_filter_list_v2 *list = message;
	const struct tp_vc_vlan vlan = { .tci = avf->vlans[entry], .tpid = ETHERTYPE_VLAN };

	if (tp_avf_vlan_can(avf->vlan_caps.filtering.filtering_support.outer))
		list->filters[slot].outer = vlan;
	else
		list->filters[slot].inner = vlan;
}

static const struct filter_kind vlans_v2 = {
	.add = TP_VC_ADD_VLAN_V2,
	.del = TP_VC_DEL_VLAN_V2,
	.head = sizeof(struct tp_vc_vlan_filter_list_v2),
	.each = sizeof(struct tp_vc_vlan_filter),
	.put = put_vlan_v2,
};

/* ---- VLANs of either version ----------------------------------------------------------------- */

/* NULL: the device filters none. */
static const struct filter_kind *vlan_kind(const struct tp_avf *avf)
{
	const struct tp_vc_vlan_supported_caps *can = &avf->vlan_caps.filtering.filtering_support;

	if (avf->caps & TP_VC_CAP_VLAN_V2)
		return tp_avf_vlan_can(can->outer | can->inner) ? &vlans_v2 : NULL;
	return avf->caps & TP_VC_CAP_VLAN ? &vlans_v1 : NULL;
}

static unsigned max_vlans(const struct tp_avf *avf)
{
	unsigned max = avf->vlan_caps.filtering.max_filters;

	return vlan_kind(avf) == &vlans_v2 && max < TP_AVF_MAX_FILTERS ? max : TP_AVF_MAX_FILTERS;
}

static int find_vlan(const struct tp_avf *avf, uint16_t vid)
{
	for (unsigned i = 0; i < avf->nr_vlans; i++)
		if (avf->vlans[i] == vid)
			return (int)i;
	return -1;
}

static int add_vlan(struct tp_avf *avf, const struct filter_kind *kind, uint16_t vid)
{
	unsigned i = avf->nr_vlans;

	if (find_vlan(avf, vid) >= 0)
		return 0;
	if (i >= max_vlans(avf))
		return TP_ERR_TEXT(-ENOSPC, avf->nd.name, "%s: %u VLANs are set", i);
	avf->vlans[i] = vid;
	return tell_new(avf, kind, i, &avf->nr_vlans);
}

static int del_vlan(struct tp_avf *avf, const struct filter_kind *kind, uint16_t vid)
{
	int i = find_vlan(avf, vid), err = 0;

	if (i < 0)
		return TP_ERR_TEXT(-ENOENT, avf->nd.name, "%s: VLAN %u is not set", vid);
	if (avf->state == TP_NET_RUNNING)
		err = tell(avf, kind, false, (unsigned)i, 1);
	avf->nr_vlans--;
	avf->vlans[i] = avf->vlans[avf->nr_vlans];
	return tp_avf_refused(err) ? 0 : tp_avf_recover(avf, err); /* FI1 */
}

int tp_avf_set_vlan(struct tp_netdev *nd, uint16_t vid, bool add)
{
	struct tp_avf *avf = tp_avf_of(nd);
	const struct filter_kind *kind;
	int err = tp_avf_settle(avf);

	if (err)
		return err;
	kind = vlan_kind(avf);
	if (!kind)
		return TP_ERR_TEXT(-EOPNOTSUPP, nd->name, "%s: the device has no VLAN filter");
	return add ? add_vlan(avf, kind, vid) : del_vlan(avf, kind, vid);
}

/* ---- everything ------------------------------------------------------------------------------ */

int tp_avf_set_promisc(struct tp_avf *avf, bool promisc, bool allmulti)
{
	const struct tp_vc_promisc_info info = {
		.vsi_id = avf->vsi_id,
		.flags = (promisc ? TP_VC_PROMISC_UNICAST : 0) |
			 (promisc || allmulti ? TP_VC_PROMISC_MULTICAST : 0),
	};

	return tp_avf_call(avf, TP_VC_CONFIG_PROMISC, &info, sizeof(info));
}

/* ---- all there is ---------------------------------------------------------------------------- */

static int restore_promisc(struct tp_avf *avf)
{
	const struct tp_net_config *config = &avf->nd.config;
	int err;

	if (!config->promisc && !config->allmulti)
		return 0;
	err = tp_avf_set_promisc(avf, config->promisc, config->allmulti);
	if (!tp_avf_refused(err))
		return err;
	avf->filters_refused++;
	return 0;
}

int tp_avf_filters_restore(struct tp_avf *avf)
{
	const struct filter_kind *kind = vlan_kind(avf);
	int err = restore_macs(avf);

	if (!err)
		err = drop_default_mac(avf);
	if (!err && kind)
		err = tell_all(avf, kind, true, 0, avf->nr_vlans);
	return err ? err : restore_promisc(avf);
}

static int remove_promisc(struct tp_avf *avf)
{
	const struct tp_net_config *config = &avf->nd.config;
	int err = 0;

	if (config->promisc || config->allmulti)
		err = tp_avf_set_promisc(avf, false, false);
	return tp_avf_refused(err) ? 0 : err; /* FI1 */
}

int tp_avf_filters_remove(struct tp_avf *avf)
{
	const struct filter_kind *kind = vlan_kind(avf);
	int err = tell_all(avf, &macs, false, 0, 1 + avf->nr_multicast);

	if (!err && kind)
		err = tell_all(avf, kind, false, 0, avf->nr_vlans);
	return err ? err : remove_promisc(avf);
}
