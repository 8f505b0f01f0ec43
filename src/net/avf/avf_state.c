/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * avf_state - from a function that was just reset to one that carries traffic, and back.
 *
 * Order of messages, as physical functions know it from other drivers: VERSION, GET_VF_RESOURCES,
 * what it says of VLANs, interrupts, hashing; then for traffic addresses and filters, queues,
 * ENABLE_QUEUES; and for its end DISABLE_QUEUES, filters.
 *
 * Fault sites: net/avf-start, net/avf-up.
 */
#include <string.h>

#include "core/error.h"
#include "core/fault.h"
#include "net/avf/avf_internal.h"

/* ---- from a fresh function to DOWN ----------------------------------------------------------- */

static void fill_limits(struct tp_avf *avf)
{
	const struct tp_vc_vlan_supported_caps *strip = &avf->vlan_caps.offloads.stripping_support;
	unsigned features = TP_NET_RX_CSUM | TP_NET_TX_CSUM | TP_NET_TSO;

	if (avf->caps & (TP_VC_CAP_RSS_PF | TP_VC_CAP_RSS_REG))
		features |= TP_NET_RX_HASH;
	if (avf->caps & TP_VC_CAP_VLAN_V2 ? tp_avf_vlan_can(strip->outer | strip->inner)
					  : avf->caps & TP_VC_CAP_VLAN)
		features |= TP_NET_RX_VLAN | TP_NET_TX_VLAN;
	avf->nd.limits.max_queues = avf->max_queues;
	avf->nd.limits.max_mtu = avf->max_mtu;
	avf->nd.limits.features = features;
}

/* The first configuration: what was asked for, as far as the device has it. */
static void fill_config(struct tp_avf *avf)
{
	static const uint8_t none[6];
	struct tp_net_config *config = &avf->nd.config;
	const struct tp_net_limits *limits = &avf->nd.limits;

	if (!config->queues || config->queues > limits->max_queues)
		config->queues = limits->max_queues;
	config->mtu = TP_MIN(config->mtu, limits->max_mtu);
	config->features = limits->features;
	if (memcmp(avf->default_mac, none, sizeof(none)))
		memcpy(config->mac, avf->default_mac, sizeof(config->mac));
}

/* A device that offers less than before its reset cannot be put back as it was. */
static int check_config(struct tp_avf *avf)
{
	const struct tp_net_config *config = &avf->nd.config;
	const struct tp_net_limits *limits = &avf->nd.limits;

	if (config->queues > limits->max_queues || config->mtu > limits->max_mtu ||
	    config->features & ~limits->features)
		return TP_ERR_TEXT(-EIO, avf->nd.name,
				   "%s: after its reset the device offers %u queues, MTU %u and "
				   "features %x only",
				   limits->max_queues, limits->max_mtu, limits->features);
	return 0;
}

static int take_offer(struct tp_avf *avf)
{
	fill_limits(avf);
	if (avf->state != TP_NET_STARTING)
		return check_config(avf);
	fill_config(avf);
	return 0;
}

static int shake_hands(struct tp_avf *avf, bool fresh)
{
	int err = 0;

	if (TP_FAULT("net/avf-start"))
		return TP_ERR(-ETIMEDOUT, "fault injected");
	if (fresh)
		err = tp_avf_get_version(avf);
	if (!err)
		err = tp_avf_get_resources(avf);
	if (!err && avf->caps & TP_VC_CAP_VLAN_V2)
		err = tp_avf_get_vlan_caps(avf);
	return err ? err : take_offer(avf);
}

/* The tags of received frames stay where they are if the device cannot be told (or asked) to. */
static int strip_vlans(struct tp_avf *avf)
{
	int err = tp_avf_config_vlan_strip(avf);

	return tp_avf_refused(err) && !(avf->nd.config.features & TP_NET_RX_VLAN) ? 0 : err;
}

int tp_avf_start(struct tp_avf *avf, bool fresh)
{
	int err = tp_avf_aq_start(avf);

	tp_atomic_store(&avf->irq0_fired, 1, TP_RELEASE); /* nobody has enabled it yet */
	if (!err)
		err = shake_hands(avf, fresh);
	if (!err)
		err = tp_avf_config_irq_map(avf);
	if (!err)
		err = tp_avf_config_rss(avf);
	if (!err)
		err = strip_vlans(avf);
	if (!err)
		avf->state = TP_NET_DOWN;
	return err;
}

/* ---- traffic --------------------------------------------------------------------------------- */

static uint32_t all_queues(const struct tp_avf *avf)
{
	return (1u << avf->nd.config.queues) - 1;
}

static void begin_traffic(struct tp_avf *avf)
{
	for (unsigned q = 0; q < avf->nd.config.queues; q++) {
		avf->queues[q].tx.seen_packets = -1;
		avf->queues[q].tx.stalled = 0;
		tp_avf_set_itr(avf, q);
		tp_avf_irq_enable(avf, q);
	}
	avf->state = TP_NET_RUNNING;
	tp_atomic_store(&avf->nd.nr_queues, avf->nd.config.queues, TP_RELEASE);
	tp_avf_unquiesce(avf);
}

int tp_avf_up(struct tp_avf *avf)
{
	int err = tp_avf_filters_restore(avf);

	if (!err && TP_FAULT("net/avf-up"))
		err = TP_ERR(-EIO, "fault injected");
	if (!err)
		err = tp_avf_config_queues(avf);
	if (err)
		return err;
	tp_avf_rings_fill(avf);
	err = tp_avf_enable_queues(avf, all_queues(avf), all_queues(avf));
	if (err)
		return err;
	begin_traffic(avf);
	tp_avf_read_messages(avf); /* the link: T21 */
	return 0;
}

void tp_avf_stop_traffic(struct tp_avf *avf)
{
	tp_avf_quiesce(avf);
	avf->link_up = false;
	tp_avf_carrier_update(avf);
	tp_atomic_store(&avf->nd.nr_queues, 0, TP_RELEASE);
	for (unsigned q = 0; q < avf->nd.config.queues; q++)
		tp_avf_irq_disable(avf, q);
}

void tp_avf_down(struct tp_avf *avf)
{
	int err;

	tp_avf_stop_traffic(avf);
	if (TP_MUTANT(down_cleans_early))
		tp_avf_rings_clean(avf);
	avf->state = TP_NET_DOWN;
	err = tp_avf_disable_queues(avf, all_queues(avf), all_queues(avf));
	if (err) { /* A3 */
		avf->bus->ops->reset(avf->bus);
		tp_avf_aq_stop(avf);
	}
	tp_avf_rings_clean(avf);
	if (!err)
		err = tp_avf_filters_remove(avf);
	if (!err)
		return;
	avf->state = TP_NET_RESETTING;
	tp_avf_want_reset(avf, err == -ECONNRESET ? TP_AVF_RESET_DEVICE : TP_AVF_RESET_HUNG);
}
