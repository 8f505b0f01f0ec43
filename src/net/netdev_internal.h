/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* netdev_internal - what the files behind netdev.h share. */
#ifndef TP_NET_NETDEV_INTERNAL_H
#define TP_NET_NETDEV_INTERNAL_H

#include "net/netdev.h"

/*
 * The device called @name with its config_lock held, which stays registered until it is unlocked
 * (N5); NULL: there is none, and the error says so.
 */
struct tp_netdev *tp_netdev_lock(struct tp_machine *m, const char *name);
void tp_netdev_unlock(struct tp_netdev *nd);

/* -EINVAL, -EOPNOTSUPP: the device cannot be so. */
int tp_netdev_check(const struct tp_net_limits *limits, const struct tp_net_config *config);
bool tp_netdev_same(const struct tp_net_config *a, const struct tp_net_config *b);

/* An address as one number, as it is read aloud. */
uint64_t tp_mac_number(const uint8_t mac[6]);
bool tp_mac_is_multicast(const uint8_t mac[6]);

#endif
