/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * file_net - sys/devices/virtual/net and sys/class/net: network devices; tidepool/net: what Linux
 * says of them through netlink only.
 *
 * What a device is said to be only while it is up (carrier, speed, duplex) answers -EINVAL
 * otherwise, as in Linux.  As there, files wait for a device that is being configured or reset.
 */
#include <errno.h>
#include <string.h>
#include <tidepool/net.h>

#include "view/internal.h"

/* ---- which device ---------------------------------------------------------------------------- */

_Static_assert((int)TP_NET_NAME <= (int)TP_VIEW_NAME, "a device's name must fit a file's");

static bool next_device(const struct tp_view_call *call, unsigned *id, char name[TP_VIEW_NAME])
{
	return tp_net_next(tp_call_machine(call), id, name);
}

/* The outermost family on the way to any file here is that of the devices. */
static int name_of(const struct tp_view_call *call, char name[TP_VIEW_NAME])
{
	unsigned id = call->id[0];

	return next_device(call, &id, name) && id == call->id[0] ? 0 : -ENOENT;
}

/* A device that went while it was looked at was not there. */
static int or_absent(int err)
{
	return err == -ENODEV ? -ENOENT : err;
}

static int info_of(const struct tp_view_call *call, struct tp_net_info *info)
{
	char name[TP_VIEW_NAME];
	int err = name_of(call, name);

	return err ? err : or_absent(tp_net_info(tp_call_machine(call), name, info));
}

/* ---- what it is ------------------------------------------------------------------------------ */

static void add_address(struct tp_text *text, const uint8_t mac[6])
{
	for (unsigned i = 0; i < 6; i++)
		tp_text_add(text, "%02x%c", mac[i], i < 5 ? ':' : '\n');
}

static int show_address(const struct tp_view_call *call, struct tp_text *text)
{
	struct tp_net_info info;
	int err = info_of(call, &info);

	if (!err)
		add_address(text, info.config.mac);
	return err;
}

static int show_broadcast(tp_unused const struct tp_view_call *call, struct tp_text *text)
{
	static const uint8_t everybody[6] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };

	add_address(text, everybody);
	return 0;
}

/* The same of every device. */
static int show_number(const struct tp_view_call *call, struct tp_text *text)
{
	tp_text_add(text, "%u\n", call->entry->arg);
	return 0;
}

static int show_index(const struct tp_view_call *call, struct tp_text *text)
{
	tp_text_add(text, "%u\n", call->id[0]);
	return 0;
}

static int show_dev_id(tp_unused const struct tp_view_call *call, struct tp_text *text)
{
	tp_text_add(text, "0x0\n");
	return 0;
}

/* As in <linux/if.h>. */
enum { UP = 1 << 0, BROADCAST = 1 << 1, PROMISC = 1 << 8, ALLMULTI = 1 << 9, MULTICAST = 1 << 12 };

static int show_flags(const struct tp_view_call *call, struct tp_text *text)
{
	unsigned flags = BROADCAST | MULTICAST;
	struct tp_net_info info;
	int err = info_of(call, &info);

	if (err)
		return err;
	flags |= info.up ? UP : 0;
	flags |= info.config.promisc ? PROMISC : 0;
	flags |= info.config.allmulti ? ALLMULTI : 0;
	tp_text_add(text, "0x%x\n", flags);
	return 0;
}

static int show_uevent(const struct tp_view_call *call, struct tp_text *text)
{
	char name[TP_VIEW_NAME];
	int err = name_of(call, name);

	if (!err)
		tp_text_add(text, "INTERFACE=%s\nIFINDEX=%u\n", name, call->id[0]);
	return err;
}

static int show_mtu(const struct tp_view_call *call, struct tp_text *text)
{
	struct tp_net_info info;
	int err = info_of(call, &info);

	if (!err)
		tp_text_add(text, "%u\n", info.config.mtu);
	return err;
}

static void set_mtu(struct tp_net_config *config, const void *mtu)
{
	config->mtu = (unsigned)*(const long long *)mtu;
}

static int store_mtu(const struct tp_view_call *call, const char *value)
{
	char name[TP_VIEW_NAME];
	long long mtu;
	int err = tp_parse_number(value, &mtu);

	if (!err)
		err = mtu < 0 || mtu > UINT32_MAX ? -EINVAL : name_of(call, name);
	if (err)
		return err;
	return or_absent(tp_net_reconfigure(tp_call_machine(call), name, set_mtu, &mtu));
}

/* ---- how it is ------------------------------------------------------------------------------- */

static int show_operstate(const struct tp_view_call *call, struct tp_text *text)
{
	struct tp_net_info info;
	int err = info_of(call, &info);

	if (!err)
		tp_text_add(text, "%s\n", info.up && info.carrier ? "up" : "down");
	return err;
}

static int info_of_running(const struct tp_view_call *call, struct tp_net_info *info)
{
	int err = info_of(call, info);

	return err ? err : info->up ? 0 : -EINVAL;
}

static int show_carrier(const struct tp_view_call *call, struct tp_text *text)
{
	struct tp_net_info info;
	int err = info_of_running(call, &info);

	if (!err)
		tp_text_add(text, "%d\n", info.carrier);
	return err;
}

/* Never so of a device that is up; unknown of any other. */
static int show_not(const struct tp_view_call *call, struct tp_text *text)
{
	struct tp_net_info info;
	int err = info_of_running(call, &info);

	if (!err)
		tp_text_add(text, "0\n");
	return err;
}

static int show_speed(const struct tp_view_call *call, struct tp_text *text)
{
	struct tp_net_info info;
	int err = info_of_running(call, &info);

	if (!err)
		tp_text_add(text, "%d\n", info.speed_mbps ? (int)info.speed_mbps : -1);
	return err;
}

static int show_duplex(const struct tp_view_call *call, struct tp_text *text)
{
	struct tp_net_info info;
	int err = info_of_running(call, &info);

	if (!err)
		tp_text_add(text, "%s\n", info.speed_mbps ? "full" : "unknown");
	return err;
}

/* ---- statistics ------------------------------------------------------------------------------ */

static int show_link_stat(const struct tp_view_call *call, struct tp_text *text)
{
	struct tp_net_link_stats stats;
	char name[TP_VIEW_NAME];
	uint64_t value;
	int err = name_of(call, name);

	if (!err)
		err = or_absent(tp_net_link_stats(tp_call_machine(call), name, &stats));
	if (err)
		return err;
	memcpy(&value, (const char *)&stats + call->entry->arg, sizeof(value));
	tp_text_add(text, "%llu\n", (unsigned long long)value);
	return 0;
}

#define COUNTED(name, field)                        \
	TP_FILE(name, 0444, .show = show_link_stat, \
		.arg = (unsigned)offsetof(struct tp_net_link_stats, field))
/* What Linux counts and nothing here can happen to be. */
#define ZERO(name) TP_FILE(name, 0444, .show = tp_show_zero)

static const struct tp_view_entry statistics[] = {
	ZERO("collisions"),
	COUNTED("multicast", multicast),
	COUNTED("rx_bytes", rx_bytes),
	ZERO("rx_compressed"),
	ZERO("rx_crc_errors"),
	COUNTED("rx_dropped", rx_dropped),
	COUNTED("rx_errors", rx_errors),
	ZERO("rx_fifo_errors"),
	ZERO("rx_frame_errors"),
	COUNTED("rx_length_errors", rx_length_errors),
	COUNTED("rx_missed_errors", rx_missed_errors),
	ZERO("rx_nohandler"),
	ZERO("rx_over_errors"),
	COUNTED("rx_packets", rx_packets),
	ZERO("tx_aborted_errors"),
	COUNTED("tx_bytes", tx_bytes),
	ZERO("tx_carrier_errors"),
	ZERO("tx_compressed"),
	COUNTED("tx_dropped", tx_dropped),
	COUNTED("tx_errors", tx_errors),
	ZERO("tx_fifo_errors"),
	ZERO("tx_heartbeat_errors"),
	COUNTED("tx_packets", tx_packets),
	ZERO("tx_window_errors"),
	TP_ENTRIES_END,
};

/* ---- queues ---------------------------------------------------------------------------------- */

static bool next_queue(const struct tp_view_call *call, unsigned *id)
{
	struct tp_net_info info;

	return !info_of(call, &info) && *id < info.config.queues;
}

/* No CPU is set aside for it. */
static int show_no_cpus(const struct tp_view_call *call, struct tp_text *text)
{
	tp_text_add_map(text, 0, tp_view_nr_cpus(tp_call_machine(call)));
	tp_text_add(text, "\n");
	return 0;
}

static const struct tp_view_entry rx_queue[] = {
	TP_FILE("rps_cpus", 0444, .show = show_no_cpus),
	ZERO("rps_flow_cnt"),
	TP_ENTRIES_END,
};

static const struct tp_view_entry tx_queue[] = {
	ZERO("tx_maxrate"),
	ZERO("tx_timeout"),
	TP_FILE("xps_cpus", 0444, .show = show_no_cpus),
	TP_ENTRIES_END,
};

static const struct tp_view_entry queues[] = {
	TP_DIR("rx-%u", rx_queue, .next = next_queue),
	TP_DIR("tx-%u", tx_queue, .next = next_queue),
	TP_ENTRIES_END,
};

/* ---- one device ------------------------------------------------------------------------------ */

/* As in <linux/if_arp.h> and <linux/netdevice.h>. */
enum { ETHER = 1, ADDRESS_BYTES = 6, ADDRESS_SET = 3, NAME_BY_USER = 3, QUEUE_LENGTH = 1000 };

#define CONSTANT(name, value) TP_FILE(name, 0444, .show = show_number, .arg = (value))

static const struct tp_view_entry device[] = {
	CONSTANT("addr_assign_type", ADDRESS_SET),
	CONSTANT("addr_len", ADDRESS_BYTES),
	TP_FILE("address", 0444, .show = show_address),
	TP_FILE("broadcast", 0444, .show = show_broadcast),
	TP_FILE("carrier", 0444, .show = show_carrier),
	TP_FILE("dev_id", 0444, .show = show_dev_id),
	ZERO("dev_port"),
	TP_FILE("dormant", 0444, .show = show_not),
	TP_FILE("duplex", 0444, .show = show_duplex),
	TP_FILE("flags", 0444, .show = show_flags),
	TP_FILE("ifalias", 0444, .show = tp_show_nothing),
	TP_FILE("ifindex", 0444, .show = show_index),
	TP_FILE("iflink", 0444, .show = show_index),
	ZERO("link_mode"),
	TP_FILE("mtu", 0644, .show = show_mtu, .store = store_mtu),
	CONSTANT("name_assign_type", NAME_BY_USER),
	ZERO("netdev_group"),
	TP_FILE("operstate", 0444, .show = show_operstate),
	ZERO("proto_down"),
	TP_DIR("queues", queues),
	TP_FILE("speed", 0444, .show = show_speed),
	TP_DIR("statistics", statistics),
	TP_LINK("subsystem", "../../../../class/net"),
	TP_FILE("testing", 0444, .show = show_not),
	CONSTANT("tx_queue_len", QUEUE_LENGTH),
	CONSTANT("type", ETHER),
	TP_FILE("uevent", 0444, .show = show_uevent),
	TP_ENTRIES_END,
};

const struct tp_view_entry tp_view_net[] = {
	TP_DIR("%s", device, .next_named = next_device),
	TP_ENTRIES_END,
};

const struct tp_view_entry tp_view_net_class[] = {
	TP_LINK("%s", "../../devices/virtual/net/%s", .next_named = next_device),
	TP_ENTRIES_END,
};

/* ---- our own --------------------------------------------------------------------------------- */

/* One line per counter; .arg says from which on. */
enum { FROM_DEVICE = 0, FROM_QUEUES = TP_NET_DEVICE_STATS };

static int show_counters(const struct tp_view_call *call, struct tp_text *text)
{
	bool of_device = call->entry->arg == FROM_DEVICE;
	struct tp_net_stats stats;
	char name[TP_VIEW_NAME];
	int err = name_of(call, name);

	if (!err)
		err = or_absent(tp_net_stats_get(tp_call_machine(call), name, &stats));
	if (err)
		return err;
	for (unsigned i = call->entry->arg; i < (of_device ? FROM_QUEUES : stats.nr); i++)
		tp_text_add(text, "%s %llu\n", stats.names[i], (unsigned long long)stats.values[i]);
	tp_net_stats_put(&stats);
	return 0;
}

static int show_state(const struct tp_view_call *call, struct tp_text *text)
{
	struct tp_net_info info;
	int err = info_of(call, &info);

	if (!err)
		tp_text_add(text, "%s\n", tp_net_state_name(info.state));
	return err;
}

static const struct tp_view_entry own_device[] = {
	TP_FILE("device_stats", 0444, .show = show_counters, .arg = FROM_DEVICE, .no_size = true),
	TP_FILE("queue_stats", 0444, .show = show_counters, .arg = FROM_QUEUES, .no_size = true),
	TP_FILE("state", 0444, .show = show_state, .no_size = true),
	TP_ENTRIES_END,
};

const struct tp_view_entry tp_view_net_own[] = {
	TP_DIR("%s", own_device, .next_named = next_device),
	TP_ENTRIES_END,
};
