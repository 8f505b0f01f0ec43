/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * net_netdev - a network device is asked while it goes, and while its queues change.
 *
 * Must hold: nobody is in the driver once unregister has returned (N5 of net/netdev.h), and it does
 * not wait for ever; a report is of one moment, names, number and values (N4, T1).
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "net/netdev.h"
#include "scenarios/scene.h"

enum { FEW = 1, MANY = 2 };

struct device {
	struct tp_netdev nd;
	struct tp_scene *scene;
	TP_ATOMIC(uint32_t) gone;
	TP_ATOMIC(uint32_t) inside;
};

/* ---- a driver -------------------------------------------------------------------------------- */

static struct device *device_of(struct tp_netdev *nd)
{
	return tp_container_of(nd, struct device, nd);
}

static void must_be_there(struct tp_netdev *nd)
{
	struct device *d = device_of(nd);

	tp_atomic_count(&d->inside, 1);
	TP_EXPECT(!tp_atomic_load(&d->gone, TP_RELAXED));
	tp_atomic_count(&d->inside, -1);
}

static int open_device(struct tp_netdev *nd)
{
	must_be_there(nd);
	return 0;
}

static void close_device(struct tp_netdev *nd)
{
	must_be_there(nd);
}

static int set_config(struct tp_netdev *nd, tp_unused const struct tp_net_config *config)
{
	must_be_there(nd);
	return 0;
}

static void get_info(struct tp_netdev *nd, struct tp_net_info *info)
{
	must_be_there(nd);
	info->state = TP_NET_DOWN;
}

/* Says how many queues there are at this moment. */
static void device_stats(struct tp_netdev *nd, uint64_t values[TP_NET_DEVICE_STATS])
{
	memset(values, 0, TP_NET_DEVICE_STATS * sizeof(*values));
	values[0] = nd->config.queues;
}

static const struct tp_netdev_ops ops = {
	.open = open_device,
	.close = close_device,
	.set_config = set_config,
	.info = get_info,
	.device_stats = device_stats,
};

static struct tp_net_config config_of(unsigned queues)
{
	return (struct tp_net_config){ .mac = { 2 },
				       .mtu = TP_NET_MIN_MTU,
				       .queues = queues,
				       .rx_ring = TP_NET_MIN_RING,
				       .tx_ring = TP_NET_MIN_RING };
}

static void *prepare(void)
{
	struct device *d = tp_sim_alloc(sizeof(*d));

	d->scene = tp_scene_make(1, 0);
	strcpy(d->nd.name, "net0");
	d->nd.machine = d->scene->machine;
	d->nd.ops = &ops;
	d->nd.limits = (struct tp_net_limits){ .max_queues = MANY, .max_mtu = TP_NET_MAX_MTU };
	d->nd.config = config_of(MANY);
	TP_SCENE_MUST(tp_netdev_register(&d->nd));
	return d;
}

/* ---- it goes --------------------------------------------------------------------------------- */

static void ask(void *arg)
{
	struct device *d = arg;
	struct tp_net_info info;
	int err = tp_net_info(d->scene->machine, "net0", &info);

	TP_EXPECT(!err || err == -ENODEV);
}

static void open_it(void *arg)
{
	struct device *d = arg;
	int err = tp_net_open(d->scene->machine, "net0");

	TP_EXPECT(!err || err == -ENODEV);
}

static void leave(void *arg)
{
	struct device *d = arg;

	tp_netdev_unregister(&d->nd);
	TP_EXPECT(!tp_atomic_load(&d->inside, TP_RELAXED));
	tp_atomic_store(&d->gone, 1, TP_RELAXED);
	TP_EXPECT(!d->nd.is_open);
}

static void start_leaving(void *state)
{
	tp_sim_start("ask", ask, state);
	tp_sim_start("open", open_it, state);
	tp_sim_start("leave", leave, state);
}

static void check_gone(void *state)
{
	struct device *d = state;

	TP_EXPECT(!tp_net_list(d->scene->machine, NULL, 0));
}

/* ---- its queues change ----------------------------------------------------------------------- */

static void report(void *arg)
{
	struct device *d = arg;
	char last[TP_NET_STAT_NAME];
	struct tp_net_stats stats;
	int err = tp_net_stats_get(d->scene->machine, "net0", &stats);

	if (err) {
		TP_EXPECT(err == -ENOMEM && !stats.values);
		return;
	}
	TP_EXPECT(stats.queues == stats.values[0]);
	TP_EXPECT(stats.nr == TP_NET_DEVICE_STATS + stats.queues * (TP_RQ_EXPORTS + TP_SQ_EXPORTS));
	snprintf(last, sizeof(last), "sq%u_drop_reset", stats.queues - 1);
	TP_EXPECT(!strcmp(stats.names[stats.nr - 1], last));
	tp_net_stats_put(&stats);
}

static void change(void *arg)
{
	const struct tp_net_config few = config_of(FEW), many = config_of(MANY);
	struct device *d = arg;

	TP_SCENE_MUST(tp_net_configure(d->scene->machine, "net0", &few));
	TP_SCENE_MUST(tp_net_configure(d->scene->machine, "net0", &many));
}

static void start_changing(void *state)
{
	tp_sim_start("report", report, state);
	tp_sim_start("change", change, state);
}

TP_SCENARIO(unregister_vs_calls, {
					 .name = "net/unregister-vs-calls",
					 .summary = "a device goes while it is asked and opened",
					 .prepare = prepare,
					 .start = start_leaving,
					 .check = check_gone,
				 })

TP_SCENARIO(report_vs_queues, {
				      .name = "net/report-vs-queues",
				      .summary = "a report is taken while the queue count changes",
				      .prepare = prepare,
				      .start = start_changing,
				      .faults = 1,
			      })
