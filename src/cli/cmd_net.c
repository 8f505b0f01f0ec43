/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cmd_net - tidepool net show|stats|set|reset DIR [NAME] [NAME=VALUE...]
 *
 * What ethtool and ip do for Linux's network devices, for those of a mounted machine.
 */
#include "cli/class_command.h"
#include "cli/control_args.h"

static const struct tp_class_verb verbs[] = {
	{ "show", "net", false, false, false },
	{ "stats", "net_stats", true, false, false },
	{ "set", "net_set", true, true, false },
	{ "reset", "net_reset", true, false, false },
};

static const struct tp_class net = {
	.command = &tp_command_net,
	.device = "network device",
	.list = "net_devices",
	.verbs = verbs,
	.nr_verbs = TP_ARRAY_SIZE(verbs),
};

static int net_main(int argc, char **argv)
{
	return tp_class_command(&net, argc, argv);
}

const struct tp_command tp_command_net = {
	.name = "net",
	.args = "show|stats|set|reset DIR [DEVICE] [NAME=VALUE...]",
	.summary = "look at and change the network devices of a mounted machine",
	.text = "Do for the network devices of the machine mounted at DIR what ethtool and ip do "
		"for Linux's.\v"
		"show: state, link, configuration.  stats: every counter of every queue.  "
		"set: up, mtu, queues, rx_ring, tx_ring, rx_usecs, tx_usecs, mac, promisc, "
		"allmulti, keep_stats, and the offloads rx_csum, tx_csum, tso, rx_vlan, tx_vlan, "
		"rx_hash.  reset: reset the device and bring it back as it was.  Exit code: 0 "
		"done, 1 refused, 2 wrong use, 3 there is no such machine.",
	.options = tp_control_options,
	.main = net_main,
};
