/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* netdev - the devices of a machine by name, and what their users ask of them. */
#include "net/netdev_internal.h"

#include <errno.h>
#include <string.h>

#include "core/error.h"
#include "mm/machine.h"

_Static_assert((int)TP_NET_NAME == (int)TP_REGISTRY_NAME, "one name is as long as another");

/* ---- finding one ----------------------------------------------------------------------------- */

/* Until it is unlocked it is not unregistered (N5). */
struct tp_netdev *tp_netdev_lock(struct tp_machine *m, const char *name)
{
	struct tp_registry_entry *entry = tp_registry_get(&m->netdevs, name);
	struct tp_netdev *nd = entry ? tp_container_of(entry, struct tp_netdev, entry) : NULL;

	if (nd)
		tp_mutex_lock(&nd->config_lock);
	return nd;
}

void tp_netdev_unlock(struct tp_netdev *nd)
{
	/* The device may be gone as soon as it is put. */
	struct tp_machine *m = nd->machine;

	tp_mutex_unlock(&nd->config_lock);
	tp_registry_put(&m->netdevs, &nd->entry);
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
	err = tp_netdev_check(&nd->limits, &nd->config);
	if (err)
		return err;
	tp_mutex_init(&nd->config_lock, TP_RANK_NET_CONFIG, 0);
	nd->is_open = false;
	tp_atomic_store(&nd->carrier, 0, TP_RELAXED);
	tp_atomic_store(&nd->nr_queues, 0, TP_RELAXED);
	init_stats(nd);
	return tp_registry_add(&nd->machine->netdevs, &nd->entry, nd->name);
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
	tp_registry_remove(&nd->machine->netdevs, &nd->entry);
	tp_mutex_lock(&nd->config_lock);
	close_locked(nd);
	tp_mutex_unlock(&nd->config_lock);
}

unsigned tp_net_list(struct tp_machine *m, char (*names)[TP_NET_NAME], unsigned max)
{
	char name[TP_NET_NAME];
	unsigned n = 0;

	for (unsigned index = 1; tp_net_next(m, &index, name); index++, n++)
		if (n < max)
			memcpy(names[n], name, sizeof(name));
	return n;
}

bool tp_net_next(struct tp_machine *m, unsigned *index, char name[TP_NET_NAME])
{
	return tp_registry_next(&m->netdevs, index, name);
}

/* ---- asking and changing --------------------------------------------------------------------- */

int tp_net_info(struct tp_machine *m, const char *name, struct tp_net_info *info)
{
	struct tp_netdev *nd = tp_netdev_lock(m, name);

	if (!nd)
		return -ENODEV;
	*info = (struct tp_net_info){ 0 };
	nd->ops->info(nd, info);
	memcpy(info->name, nd->name, sizeof(info->name));
	info->index = nd->entry.index;
	info->carrier = tp_atomic_load(&nd->carrier, TP_ACQUIRE);
	info->active_queues = tp_atomic_load(&nd->nr_queues, TP_ACQUIRE);
	info->up = nd->is_open;
	info->config = nd->config;
	info->limits = nd->limits;
	tp_netdev_unlock(nd);
	return 0;
}

struct tp_net_config tp_netdev_config(struct tp_netdev *nd)
{
	struct tp_net_config config;

	tp_mutex_lock(&nd->config_lock);
	config = nd->config;
	tp_mutex_unlock(&nd->config_lock);
	return config;
}

int tp_net_open(struct tp_machine *m, const char *name)
{
	struct tp_netdev *nd = tp_netdev_lock(m, name);
	int err = 0;

	if (!nd)
		return -ENODEV;
	if (!nd->is_open) {
		err = nd->ops->open(nd);
		nd->is_open = !err;
	}
	tp_netdev_unlock(nd);
	return err;
}

int tp_net_close(struct tp_machine *m, const char *name)
{
	struct tp_netdev *nd = tp_netdev_lock(m, name);

	if (!nd)
		return -ENODEV;
	close_locked(nd);
	tp_netdev_unlock(nd);
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
	int err = tp_netdev_check(&nd->limits, config);

	if (err || tp_netdev_same(&old, config))
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
	struct tp_netdev *nd = tp_netdev_lock(m, name);
	struct tp_net_config config;
	int err;

	if (!nd)
		return -ENODEV;
	config = nd->config;
	change(&config, arg);
	err = configure(nd, &config);
	tp_netdev_unlock(nd);
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
	struct tp_netdev *nd = tp_netdev_lock(m, name);
	int err;

	if (!nd)
		return -ENODEV;
	if (vid < 1 || vid > 4094)
		err = TP_ERR(-EINVAL, "vlan %u is not between 1 and 4094", vid);
	else
		err = nd->ops->set_vlan ? nd->ops->set_vlan(nd, vid, do_add)
					: no_such_operation(nd);
	tp_netdev_unlock(nd);
	return err;
}

int tp_net_multicast(struct tp_machine *m, const char *name, const uint8_t mac[6], bool do_add)
{
	struct tp_netdev *nd = tp_netdev_lock(m, name);
	int err;

	if (!nd)
		return -ENODEV;
	if (!tp_mac_is_multicast(mac))
		err = TP_ERR(-EINVAL, "mac %x is no multicast address", tp_mac_number(mac));
	else
		err = nd->ops->set_multicast ? nd->ops->set_multicast(nd, mac, do_add)
					     : no_such_operation(nd);
	tp_netdev_unlock(nd);
	return err;
}

int tp_net_reset(struct tp_machine *m, const char *name)
{
	struct tp_netdev *nd = tp_netdev_lock(m, name);
	int err;

	if (!nd)
		return -ENODEV;
	err = nd->ops->reset ? nd->ops->reset(nd) : no_such_operation(nd);
	tp_netdev_unlock(nd);
	return err;
}

/* ---- names ----------------------------------------------------------------------------------- */

const char *tp_net_state_name(enum tp_net_state state)
{
	static const char *const names[] = { "starting", "down", "running", "resetting", "failed" };

	return (unsigned)state < TP_ARRAY_SIZE(names) ? names[state] : "?";
}
