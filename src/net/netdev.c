/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * netdev - the devices of a machine by name, and what their users ask of them.
 *
 * Fault sites: net/stats (memory for a report).
 */
#include "net/netdev.h"

#include <errno.h>
#include <string.h>

#include "core/alloc.h"
#include "core/error.h"
#include "core/fault.h"
#include "core/mutant.h"
#include "mm/machine.h"

/* ---- the table ------------------------------------------------------------------------------- */

static struct tp_netdev *find(struct tp_machine *m, const char *name)
{
	tp_spin_assert_held(&m->net.lock);
	tp_list_for_each(nd, &m->net.devices, struct tp_netdev, link)
		if (!strcmp(nd->name, name))
			return nd;
	return NULL;
}

/* It becomes a file name and a word of commands. */
static bool is_name(const char *name)
{
	return memchr(name, 0, TP_NET_NAME) && *name && !strpbrk(name, "/: \t\n\v\f\r") &&
	       strcmp(name, ".") && strcmp(name, "..");
}

static int add(struct tp_netdev *nd)
{
	struct tp_machine *m = nd->machine;
	bool taken;

	tp_spin_lock(&m->net.lock);
	taken = find(m, nd->name);
	if (!taken) {
		nd->index = ++m->net.last_index;
		tp_list_add_before(&m->net.devices, &nd->link);
	}
	tp_spin_unlock(&m->net.lock);
	if (taken)
		return TP_ERR_TEXT(-EEXIST, nd->name, "there is a network device %s already");
	return 0;
}

/* Until put_device() it is not unregistered (N5). */
static struct tp_netdev *get_device(struct tp_machine *m, const char *name)
{
	struct tp_netdev *nd;

	tp_spin_lock(&m->net.lock);
	nd = find(m, name);
	if (nd)
		tp_atomic_add(&nd->calls, 1, TP_ACQUIRE);
	tp_spin_unlock(&m->net.lock);
	if (!nd)
		TP_ERR_TEXT(-ENODEV, name, "there is no network device %s");
	return nd;
}

static void put_device(struct tp_netdev *nd)
{
	/* The device may be gone as soon as nobody is counted. */
	struct tp_machine *m = nd->machine;

	if (tp_atomic_sub(&nd->calls, 1, TP_ACQ_REL) == 1 && !TP_MUTANT(netdev_put_unwoken))
		tp_wake_all(&m->net.wq);
}

/* The same, ready for what changes or reads its configuration. */
static struct tp_netdev *lock_device(struct tp_machine *m, const char *name)
{
	struct tp_netdev *nd = get_device(m, name);

	if (nd)
		tp_mutex_lock(&nd->config_lock);
	return nd;
}

static void unlock_device(struct tp_netdev *nd)
{
	tp_mutex_unlock(&nd->config_lock);
	put_device(nd);
}

/* ---- what a configuration may be ------------------------------------------------------------- */

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

static uint64_t mac_number(const uint8_t mac[6])
{
	uint64_t number = 0;

	for (unsigned i = 0; i < 6; i++)
		number = number << 8 | mac[i];
	return number;
}

static bool is_multicast(const uint8_t mac[6])
{
	return mac[0] & 1;
}

static int check_config(const struct tp_net_limits *limits, const struct tp_net_config *config)
{
	uint64_t mac = mac_number(config->mac);

	if (!mac || is_multicast(config->mac))
		return TP_ERR(-EINVAL, "mac %x is no address of a device", mac);
	if (config->features & ~limits->features)
		return TP_ERR(-EOPNOTSUPP, "features %x: the device has %x only", config->features,
			      limits->features);
	if (config->features & TP_NET_TSO && !(config->features & TP_NET_TX_CSUM))
		return TP_ERR(-EINVAL, "features %x: TSO needs the transmit checksum",
			      config->features);
	return check_ranges(limits, config);
}

static bool same_config(const struct tp_net_config *a, const struct tp_net_config *b)
{
	return mac_number(a->mac) == mac_number(b->mac) && a->mtu == b->mtu &&
	       a->queues == b->queues && a->rx_ring == b->rx_ring && a->tx_ring == b->tx_ring &&
	       a->features == b->features && a->promisc == b->promisc &&
	       a->allmulti == b->allmulti && a->rx_usecs == b->rx_usecs &&
	       a->tx_usecs == b->tx_usecs && a->keep_stats == b->keep_stats;
}

/* ---- coming and going ------------------------------------------------------------------------ */

static void init_stats(struct tp_netdev *nd)
{
	for (unsigned q = 0; q < TP_NET_MAX_QUEUES; q++) {
		tp_rq_stats_init(&nd->rq_stats[q]);
		tp_sq_stats_init(&nd->sq_stats[q]);
	}
	memset(nd->rq_base, 0, sizeof(nd->rq_base));
	memset(nd->sq_base, 0, sizeof(nd->sq_base));
}

int tp_netdev_register(struct tp_netdev *nd)
{
	int err;

	TP_INVARIANT(nd->limits.max_queues <= TP_NET_MAX_QUEUES);
	if (!is_name(nd->name))
		return TP_ERR(-EINVAL, "a network device needs a name of up to %u letters",
			      TP_NET_NAME - 1);
	err = check_config(&nd->limits, &nd->config);
	if (err)
		return err;
	tp_mutex_init(&nd->config_lock, TP_RANK_NET_CONFIG, 0);
	nd->is_open = false;
	tp_atomic_store(&nd->carrier, 0, TP_RELAXED);
	tp_atomic_store(&nd->nr_queues, 0, TP_RELAXED);
	tp_atomic_store(&nd->calls, 0, TP_RELAXED);
	init_stats(nd);
	return add(nd);
}

static void close_locked(struct tp_netdev *nd)
{
	if (!nd->is_open)
		return;
	nd->ops->close(nd);
	nd->is_open = false;
}

void tp_netdev_unregister(struct tp_netdev *nd)
{
	struct tp_machine *m = nd->machine;

	tp_spin_lock(&m->net.lock);
	tp_list_remove(&nd->link);
	tp_spin_unlock(&m->net.lock);
	if (!TP_MUTANT(netdev_goes_early))
		tp_wait_event(&m->net.wq, !tp_atomic_load(&nd->calls, TP_ACQUIRE));
	tp_mutex_lock(&nd->config_lock);
	close_locked(nd);
	tp_mutex_unlock(&nd->config_lock);
}

unsigned tp_net_list(struct tp_machine *m, char (*names)[TP_NET_NAME], unsigned max)
{
	unsigned n = 0;

	tp_spin_lock(&m->net.lock);
	tp_list_for_each(nd, &m->net.devices, struct tp_netdev, link) {
		if (n < max)
			memcpy(names[n], nd->name, TP_NET_NAME);
		n++;
	}
	tp_spin_unlock(&m->net.lock);
	return n;
}

bool tp_net_next(struct tp_machine *m, unsigned *index, char name[TP_NET_NAME])
{
	bool found = false;

	tp_spin_lock(&m->net.lock);
	tp_list_for_each(nd, &m->net.devices, struct tp_netdev, link)
		if (nd->index >= *index) {
			*index = nd->index;
			memcpy(name, nd->name, TP_NET_NAME);
			found = true;
			break;
		}
	tp_spin_unlock(&m->net.lock);
	return found;
}

/* ---- asking and changing --------------------------------------------------------------------- */

int tp_net_info(struct tp_machine *m, const char *name, struct tp_net_info *info)
{
	struct tp_netdev *nd = lock_device(m, name);

	if (!nd)
		return -ENODEV;
	*info = (struct tp_net_info){ 0 };
	nd->ops->info(nd, info);
	memcpy(info->name, nd->name, sizeof(info->name));
	info->index = nd->index;
	info->carrier = tp_atomic_load(&nd->carrier, TP_ACQUIRE);
	info->active_queues = tp_atomic_load(&nd->nr_queues, TP_ACQUIRE);
	info->up = nd->is_open;
	info->config = nd->config;
	info->limits = nd->limits;
	unlock_device(nd);
	return 0;
}

int tp_net_open(struct tp_machine *m, const char *name)
{
	struct tp_netdev *nd = lock_device(m, name);
	int err = 0;

	if (!nd)
		return -ENODEV;
	if (!nd->is_open) {
		err = nd->ops->open(nd);
		nd->is_open = !err;
	}
	unlock_device(nd);
	return err;
}

int tp_net_close(struct tp_machine *m, const char *name)
{
	struct tp_netdev *nd = lock_device(m, name);

	if (!nd)
		return -ENODEV;
	close_locked(nd);
	unlock_device(nd);
	return 0;
}

/* From now on reports count from here; the counters themselves go on (Q2). */
static void begin_anew(struct tp_netdev *nd)
{
	for (unsigned q = 0; q < TP_NET_MAX_QUEUES; q++) {
		tp_rq_stats_read(&nd->rq_stats[q], &nd->rq_base[q]);
		tp_sq_stats_read(&nd->sq_stats[q], &nd->sq_base[q]);
	}
}

static int configure(struct tp_netdev *nd, const struct tp_net_config *config)
{
	const struct tp_net_config old = nd->config;
	int err = check_config(&nd->limits, config);

	if (err || same_config(&old, config))
		return err;
	err = nd->ops->set_config(nd, config);
	nd->config = err ? old : *config;
	if (!err && config->queues != old.queues && !config->keep_stats)
		begin_anew(nd);
	return err;
}

int tp_net_reconfigure(struct tp_machine *m, const char *name,
		       void (*change)(struct tp_net_config *config, const void *arg),
		       const void *arg)
{
	struct tp_netdev *nd = lock_device(m, name);
	struct tp_net_config config;
	int err;

	if (!nd)
		return -ENODEV;
	config = nd->config;
	change(&config, arg);
	err = configure(nd, &config);
	unlock_device(nd);
	return err;
}

static void replace(struct tp_net_config *config, const void *arg)
{
	*config = *(const struct tp_net_config *)arg;
}

int tp_net_configure(struct tp_machine *m, const char *name, const struct tp_net_config *config)
{
	return tp_net_reconfigure(m, name, replace, config);
}

static int no_such_operation(const struct tp_netdev *nd)
{
	return TP_ERR_TEXT(-EOPNOTSUPP, nd->name, "%s cannot do this");
}

int tp_net_vlan(struct tp_machine *m, const char *name, uint16_t vid, bool do_add)
{
	struct tp_netdev *nd = lock_device(m, name);
	int err;

	if (!nd)
		return -ENODEV;
	if (vid < 1 || vid > 4094)
		err = TP_ERR(-EINVAL, "vlan %u is not between 1 and 4094", vid);
	else
		err = nd->ops->set_vlan ? nd->ops->set_vlan(nd, vid, do_add)
					: no_such_operation(nd);
	unlock_device(nd);
	return err;
}

int tp_net_multicast(struct tp_machine *m, const char *name, const uint8_t mac[6], bool do_add)
{
	struct tp_netdev *nd = lock_device(m, name);
	int err;

	if (!nd)
		return -ENODEV;
	if (!is_multicast(mac))
		err = TP_ERR(-EINVAL, "mac %x is no multicast address", mac_number(mac));
	else
		err = nd->ops->set_multicast ? nd->ops->set_multicast(nd, mac, do_add)
					     : no_such_operation(nd);
	unlock_device(nd);
	return err;
}

int tp_net_reset(struct tp_machine *m, const char *name)
{
	struct tp_netdev *nd = lock_device(m, name);
	int err;

	if (!nd)
		return -ENODEV;
	err = nd->ops->reset ? nd->ops->reset(nd) : no_such_operation(nd);
	unlock_device(nd);
	return err;
}

/* ---- statistics ------------------------------------------------------------------------------ */

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
	struct tp_netdev *nd = lock_device(m, name);
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
	unlock_device(nd);
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
	struct tp_netdev *nd = lock_device(m, name);
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
	unlock_device(nd);
	return 0;
}

/* ---- names ----------------------------------------------------------------------------------- */

const char *tp_net_state_name(enum tp_net_state state)
{
	static const char *const names[] = { "starting", "down", "running", "resetting", "failed" };

	return (unsigned)state < TP_ARRAY_SIZE(names) ? names[state] : "?";
}

const char *tp_net_device_stat_name(unsigned i)
{
	static const char *const names[TP_NET_DEVICE_STATS] = {
		"rx_bytes",	"rx_unicast",	       "rx_multicast", "rx_broadcast",
		"rx_discards",	"rx_unknown_protocol", "tx_bytes",     "tx_unicast",
		"tx_multicast", "tx_broadcast",	       "tx_discards",  "tx_errors",
	};

	return i < TP_NET_DEVICE_STATS ? names[i] : "?";
}
