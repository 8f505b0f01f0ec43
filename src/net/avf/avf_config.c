/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * avf_config - another configuration, all of it or none.
 *
 * What can change while traffic runs is changed first; then, if need be, traffic stops and other
 * rings take the place of the present ones, which are kept aside until the new ones run.  A
 * configuration that a reset interrupts is what the reset puts in place, and so has succeeded.
 *
 * Invariants
 *  CF1 When it fails, the configuration is the former one and the device runs with it.  Where not
 *      even that can be had (the rings are there, but a thread or the device is not), the device
 *      ends closed, or FAILED.
 */
#include <string.h>

#include "net/avf/avf_internal.h"

/* ---- in traffic ------------------------------------------------------------------------------ */

static int change_mac(struct tp_avf *avf, const struct tp_net_config *from)
{
	int err = tp_avf_add_mac(avf, avf->nd.config.mac, TP_VC_ETHER_ADDR_PRIMARY);

	return err ? err : tp_avf_del_mac(avf, from->mac);
}

static int change_filters(struct tp_avf *avf, const struct tp_net_config *from)
{
	const struct tp_net_config *to = &avf->nd.config;
	int err = 0;

	if (memcmp(from->mac, to->mac, sizeof(to->mac)))
		err = change_mac(avf, from);
	if (!err && (from->promisc != to->promisc || from->allmulti != to->allmulti))
		err = tp_avf_set_promisc(avf, to->promisc, to->allmulti);
	return err;
}

static void change_intervals(struct tp_avf *avf)
{
	for (unsigned q = 0; q < avf->nd.config.queues; q++)
		tp_avf_set_itr(avf, q);
}

/* Tell of what differs between @from and the configuration, but for rings and their number. */
static int change_lightly(struct tp_avf *avf, const struct tp_net_config *from)
{
	bool runs = avf->state == TP_NET_RUNNING;
	int err = runs ? change_filters(avf, from) : 0;

	if (!err && (from->features ^ avf->nd.config.features) & TP_NET_RX_VLAN)
		err = tp_avf_config_vlan_strip(avf);
	if (err)
		return err;
	tp_avf_apply_features(avf);
	if (runs)
		change_intervals(avf);
	return 0;
}

/* @config without its rings, which stay those of @rings. */
static struct tp_net_config lightly(const struct tp_net_config *config,
				    const struct tp_net_config *rings)
{
	struct tp_net_config light = *config;

	light.queues = rings->queues;
	light.rx_ring = rings->rx_ring;
	light.tx_ring = rings->tx_ring;
	light.mtu = rings->mtu;
	return light;
}

/* Back to @from, as far as the device lets us. */
static void change_back_lightly(struct tp_avf *avf, const struct tp_net_config *from)
{
	const struct tp_net_config failed = avf->nd.config;

	avf->nd.config = *from;
	if (avf->state != TP_NET_FAILED)
		tp_avf_recover(avf, change_lightly(avf, &failed));
}

/* ---- rings ----------------------------------------------------------------------------------- */

static bool same_rings(const struct tp_net_config *a, const struct tp_net_config *b)
{
	return a->queues == b->queues && a->rx_ring == b->rx_ring && a->tx_ring == b->tx_ring &&
	       a->mtu == b->mtu;
}

/* Interrupts and hashing go by the number of queues. */
static int spread(struct tp_avf *avf)
{
	int err = tp_avf_config_irq_map(avf);

	return err ? err : tp_avf_config_rss(avf);
}

static int change_closed(struct tp_avf *avf, const struct tp_net_config *to)
{
	const struct tp_net_config from = avf->nd.config;
	int err;

	avf->nd.config = *to;
	if (from.queues == to->queues)
		return 0;
	err = tp_avf_recover(avf, spread(avf));
	if (!err)
		return 0;
	avf->nd.config = from;
	if (avf->state != TP_NET_FAILED)
		tp_avf_recover(avf, spread(avf));
	return err;
}

/* Traffic again; a reset that is due does it too. */
static int come_up(struct tp_avf *avf, bool other_queues)
{
	int err = tp_avf_settle(avf);

	if (err || avf->state == TP_NET_RUNNING)
		return err;
	if (other_queues)
		err = spread(avf);
	return tp_avf_recover(avf, err ? err : tp_avf_up(avf));
}

/* CF1: nothing is left but to be closed. */
static void end_closed(struct tp_avf *avf)
{
	avf->wanted_up = avf->nd.is_open = false;
	tp_avf_rings_free(avf);
}

static void go_back(struct tp_avf *avf, const struct tp_net_config *from,
		    struct tp_avf_rings *aside, bool other_queues)
{
	tp_avf_rings_put_back(avf, aside);
	avf->nd.config = *from;
	if (other_queues && tp_avf_crew_start(avf)) {
		end_closed(avf);
		return;
	}
	if (avf->state == TP_NET_FAILED)
		return;
	if (tp_avf_refused(come_up(avf, other_queues)) && avf->state != TP_NET_FAILED)
		tp_avf_do_reset(avf, TP_AVF_RESET_HUNG);
}

/* New rings and all that belongs to them, running. */
static int try_rings(struct tp_avf *avf, bool other_queues)
{
	int err = tp_avf_rings_alloc(avf);

	if (err)
		return err;
	if (other_queues)
		err = tp_avf_crew_start(avf);
	if (!err) {
		err = come_up(avf, other_queues);
		if (err && avf->state != TP_NET_FAILED)
			tp_avf_down(avf);
		if (err && other_queues)
			tp_avf_crew_stop(avf);
	}
	if (err)
		tp_avf_rings_free(avf);
	return err;
}

static int change_open(struct tp_avf *avf, const struct tp_net_config *to)
{
	const struct tp_net_config from = avf->nd.config;
	bool other_queues = from.queues != to->queues;
	struct tp_avf_rings *aside = tp_avf_rings_aside_new();
	int err;

	if (!aside)
		return -ENOMEM;
	tp_avf_down(avf);
	if (other_queues)
		tp_avf_crew_stop(avf);
	tp_avf_rings_set_aside(avf, aside);
	avf->nd.config = *to;
	err = try_rings(avf, other_queues);
	if (err)
		go_back(avf, &from, aside, other_queues);
	else
		tp_avf_rings_forget(avf, aside);
	return err;
}

/* ---- all of it ------------------------------------------------------------------------------- */

static int change_rings(struct tp_avf *avf, const struct tp_net_config *to)
{
	if (same_rings(&avf->nd.config, to))
		return 0;
	return avf->wanted_up ? change_open(avf, to) : change_closed(avf, to);
}

int tp_avf_set_config(struct tp_netdev *nd, const struct tp_net_config *config)
{
	struct tp_avf *avf = tp_avf_of(nd);
	const struct tp_net_config from = nd->config;
	int err = tp_avf_settle(avf);

	if (err)
		return err;
	nd->config = lightly(config, &from);
	err = tp_avf_recover(avf, change_lightly(avf, &from));
	if (!err)
		err = change_rings(avf, config);
	if (err)
		change_back_lightly(avf, &from);
	return err;
}
