/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * netdev_report - what a device and its queues counted, all of one moment (N4).
 *
 * Fault sites: net/stats (memory for a report).
 */
#include <errno.h>
#include <string.h>

#include "core/alloc.h"
#include "core/error.h"
#include "core/fault.h"
#include "core/mutant.h"
#include "net/netdev_internal.h"

const char *tp_net_device_stat_name(unsigned i)
{
	static const char *const names[TP_NET_DEVICE_STATS] = {
		"rx_bytes",	"rx_unicast",	       "rx_multicast", "rx_broadcast",
		"rx_discards",	"rx_unknown_protocol", "tx_bytes",     "tx_unicast",
		"tx_multicast", "tx_broadcast",	       "tx_discards",  "tx_errors",
	};

	return i < TP_NET_DEVICE_STATS ? names[i] : "?";
}

/* Number, names and values are made for one queue count, which cannot change meanwhile (N4). */
static int alloc_report(struct tp_net_stats *stats, unsigned queues)
{
	unsigned nr = TP_NET_DEVICE_STATS + queues * (TP_RQ_EXPORTS + TP_SQ_EXPORTS);
	char *memory = NULL;

	if (!TP_FAULT("net/stats"))
		memory = tp_zalloc_array(nr, sizeof(*stats->values) + sizeof(*stats->names));
	if (!memory)
		return TP_ERR(-ENOMEM, "a report of %u counters", nr);
	*stats = (struct tp_net_stats){
		.nr = nr,
		.queues = queues,
		.values = (uint64_t *)(void *)memory,
		.names = (char(*)[TP_NET_STAT_NAME])(void *)(memory + nr * sizeof(*stats->values)),
	};
	return 0;
}

static void put_device_stats(struct tp_netdev *nd, struct tp_net_stats *stats)
{
	for (unsigned i = 0; i < TP_NET_DEVICE_STATS; i++)
		strcpy(stats->names[i], tp_net_device_stat_name(i));
	nd->ops->device_stats(nd, stats->values);
}

static void subtract(uint64_t *values, const uint64_t *base, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		values[i] -= base[i];
}

static void put_queue_stats(struct tp_netdev *nd, struct tp_net_stats *stats)
{
	struct tp_stat_name *names = (void *)stats->names[TP_NET_DEVICE_STATS];
	uint64_t *values = stats->values + TP_NET_DEVICE_STATS;

	for (unsigned q = 0; q < stats->queues; q++) {
		names = tp_rq_stat_names(names, q);
		names = tp_sq_stat_names(names, q);
		tp_rq_stat_values(values, &nd->rq_stats[q]);
		subtract(values, nd->rq_base[q].all, TP_RQ_EXPORTS);
		values += TP_RQ_EXPORTS;
		tp_sq_stat_values(values, &nd->sq_stats[q]);
		subtract(values, nd->sq_base[q].all, TP_SQ_EXPORTS);
		values += TP_SQ_EXPORTS;
	}
	TP_INVARIANT(values == stats->values + stats->nr);
}

int tp_net_stats_get(struct tp_machine *m, const char *name, struct tp_net_stats *stats)
{
	struct tp_netdev *nd = tp_netdev_lock(m, name);
	int err;

	*stats = (struct tp_net_stats){ 0 };
	if (!nd)
		return -ENODEV;
	err = alloc_report(stats, nd->config.queues);
	TP_MUTANT_GAP(report_two_holds, mutex, &nd->config_lock);
	if (!err) {
		put_device_stats(nd, stats);
		put_queue_stats(nd, stats);
	}
	tp_netdev_unlock(nd);
	return err;
}

void tp_net_stats_put(struct tp_net_stats *stats)
{
	tp_free(stats->values);
	*stats = (struct tp_net_stats){ 0 };
}

static void add_receive_queue(const struct tp_rq_stats *rq, struct tp_net_link_stats *sum)
{
	struct tp_rq_values values;

	tp_rq_stats_read(rq, &values);
	sum->rx_packets += values.packets;
	sum->rx_bytes += values.bytes;
	sum->rx_length_errors += values.drop_length;
	sum->rx_errors += values.drop_error + values.drop_length;
	/* Whatever else a table may come to call a drop. */
	sum->rx_dropped += tp_rq_drops(&values) - values.drop_error - values.drop_length;
}

static void add_send_queue(const struct tp_sq_stats *sq, struct tp_net_link_stats *sum)
{
	struct tp_sq_values values;

	tp_sq_stats_read(sq, &values);
	sum->tx_packets += values.packets;
	sum->tx_bytes += values.bytes;
	sum->tx_dropped += tp_sq_drops(&values);
}

int tp_net_link_stats(struct tp_machine *m, const char *name, struct tp_net_link_stats *stats)
{
	struct tp_netdev *nd = tp_netdev_lock(m, name);
	uint64_t device[TP_NET_DEVICE_STATS];

	*stats = (struct tp_net_link_stats){ 0 };
	if (!nd)
		return -ENODEV;
	nd->ops->device_stats(nd, device);
	stats->multicast = device[TP_NET_DEVICE_RX_MULTICAST];
	stats->rx_missed_errors = device[TP_NET_DEVICE_RX_DISCARDS];
	stats->tx_errors = device[TP_NET_DEVICE_TX_DISCARDS] + device[TP_NET_DEVICE_TX_ERRORS];
	for (unsigned q = 0; q < TP_NET_MAX_QUEUES; q++) {
		add_receive_queue(&nd->rq_stats[q], stats);
		add_send_queue(&nd->sq_stats[q], stats);
	}
	tp_netdev_unlock(nd);
	return 0;
}
