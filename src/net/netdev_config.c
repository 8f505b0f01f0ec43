/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* netdev_config - what a configuration may be. */
#include <errno.h>

#include "core/error.h"
#include "net/netdev_internal.h"

struct range {
	const char *what;
	unsigned value, min, max, step;
};

static int check_range(const struct range *r)
{
	if (r->value < r->min || r->value > r->max)
		return TP_ERR_TEXT(-EINVAL, r->what, "%s %u is not between %u and %u", r->value,
				   r->min, r->max);
	if (r->value % r->step)
		return TP_ERR_TEXT(-EINVAL, r->what, "%s %u is no multiple of %u", r->value,
				   r->step);
	return 0;
}

static int check_ranges(const struct tp_net_limits *limits, const struct tp_net_config *c)
{
	const struct range ranges[] = {
		{ "mtu", c->mtu, TP_NET_MIN_MTU, limits->max_mtu, 1 },
		{ "queues", c->queues, 1, limits->max_queues, 1 },
		{ "rx_ring", c->rx_ring, TP_NET_MIN_RING, TP_NET_MAX_RING, TP_NET_RING_STEP },
		{ "tx_ring", c->tx_ring, TP_NET_MIN_RING, TP_NET_MAX_RING, TP_NET_RING_STEP },
		{ "rx_usecs", c->rx_usecs, 0, TP_NET_MAX_USECS, 2 },
		{ "tx_usecs", c->tx_usecs, 0, TP_NET_MAX_USECS, 2 },
	};
	int err = 0;

	for (unsigned i = 0; i < TP_ARRAY_SIZE(ranges) && !err; i++)
		err = check_range(&ranges[i]);
	return err;
}

uint64_t tp_mac_number(const uint8_t mac[6])
{
	uint64_t number = 0;

	for (unsigned i = 0; i < 6; i++)
		number = number << 8 | mac[i];
	return number;
}

bool tp_mac_is_multicast(const uint8_t mac[6])
{
	return mac[0] & 1;
}

int tp_netdev_check(const struct tp_net_limits *limits, const struct tp_net_config *config)
{
	uint64_t mac = tp_mac_number(config->mac);

	if (!mac || tp_mac_is_multicast(config->mac))
		return TP_ERR(-EINVAL, "mac %x is no address of a device", mac);
	if (config->features & ~limits->features)
		return TP_ERR(-EOPNOTSUPP, "features %x: the device has %x only", config->features,
			      limits->features);
	if (config->features & TP_NET_TSO && !(config->features & TP_NET_TX_CSUM))
		return TP_ERR(-EINVAL, "features %x: TSO needs the transmit checksum",
			      config->features);
	return check_ranges(limits, config);
}

bool tp_netdev_same(const struct tp_net_config *a, const struct tp_net_config *b)
{
	return tp_mac_number(a->mac) == tp_mac_number(b->mac) && a->mtu == b->mtu &&
	       a->queues == b->queues && a->rx_ring == b->rx_ring && a->tx_ring == b->tx_ring &&
	       a->features == b->features && a->promisc == b->promisc &&
	       a->allmulti == b->allmulti && a->rx_usecs == b->rx_usecs &&
	       a->tx_usecs == b->tx_usecs && a->keep_stats == b->keep_stats;
}
