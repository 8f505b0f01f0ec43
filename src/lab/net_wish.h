/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* net_wish - what scripts and the control channel ask of a network device, and what it says. */
#ifndef TP_LAB_NET_WISH_H
#define TP_LAB_NET_WISH_H

#include <jansson.h>
#include <tidepool/net.h>

#include "lab/script_option.h"

struct tp_net_wish {
	struct tp_net_info was; /* what differs from it is changed, and nothing else */
	int64_t mtu, queues, rx_ring, tx_ring, rx_usecs, tx_usecs;
	const char *mac; /* NULL: as it is */
	bool up, promisc, allmulti, keep_stats;
	bool rx_csum, tx_csum, tso, rx_vlan, tx_vlan, rx_hash;
};

/* "name", then the rest. */
extern const struct tp_option tp_net_set_options[];

/* What one request asks for: a device, and how it is to be. */
struct tp_net_set {
	const char *name;
	struct tp_net_wish wish;
};

/* As the device is now. */
void tp_net_wish_init(struct tp_net_wish *wish, const struct tp_net_info *info);
/*
 * Make it so.  -EINVAL, -EOPNOTSUPP, and what opening and configuring return; tp_last_error() says
 * why.
 */
int tp_net_wish_apply(struct tp_machine *machine, const char *name, const struct tp_net_wish *wish);

enum { TP_MAC_TEXT = 18 };

/* "02:af:00:00:00:01"; returns @text. */
char *tp_mac_format(char text[TP_MAC_TEXT], const uint8_t mac[6]);
/* False: it is none. */
bool tp_mac_parse(const char *text, uint8_t mac[6]);

json_t *tp_net_info_json(const struct tp_net_info *info);
/* {"rq0_packets": 7, ...}, in the order of the report. */
json_t *tp_net_stats_json(const struct tp_net_stats *stats);

#endif
