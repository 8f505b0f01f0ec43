/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * net_dummy - a network device that no driver stands behind: it does what it is told and counts
 * what was asked of it.
 *
 * Include after <cmocka.h>.
 */
#ifndef TESTS_UNIT_NET_DUMMY_H
#define TESTS_UNIT_NET_DUMMY_H

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <tidepool/fault.h>

#include "mm_machine.h"
#include "net/netdev.h"

struct dummy {
	struct tp_netdev nd;
	/* What the operations answer. */
	int open_answer, config_answer, vlan_answer, multicast_answer, reset_answer;
	/* How often they were asked. */
	unsigned opens, closes, configs, vlans, multicasts, resets;
	uint16_t vid;
	bool added;
	uint64_t device[TP_NET_DEVICE_STATS];
	/* Called in the operation of that name, with the configuration's lock held; or NULL. */
	void (*in_open)(struct dummy *dummy);
	void (*in_config)(struct dummy *dummy, const struct tp_net_config *config);
};

static inline struct dummy *dummy_of(struct tp_netdev *nd)
{
	return tp_container_of(nd, struct dummy, nd);
}

static inline int dummy_open(struct tp_netdev *nd)
{
	struct dummy *d = dummy_of(nd);

	d->opens++;
	if (d->in_open)
		d->in_open(d);
	if (d->open_answer)
		return d->open_answer;
	tp_atomic_store(&nd->carrier, 1, TP_RELEASE);
	tp_atomic_store(&nd->nr_queues, nd->config.queues, TP_RELEASE);
	return 0;
}

static inline void dummy_close(struct tp_netdev *nd)
{
	dummy_of(nd)->closes++;
	tp_atomic_store(&nd->carrier, 0, TP_RELEASE);
	tp_atomic_store(&nd->nr_queues, 0, TP_RELEASE);
}

static inline int dummy_set_config(struct tp_netdev *nd, const struct tp_net_config *config)
{
	struct dummy *d = dummy_of(nd);

	d->configs++;
	if (d->in_config)
		d->in_config(d, config);
	if (!d->config_answer && nd->is_open)
		tp_atomic_store(&nd->nr_queues, config->queues, TP_RELEASE);
	return d->config_answer;
}

static inline int dummy_set_vlan(struct tp_netdev *nd, uint16_t vid, bool add)
{
	struct dummy *d = dummy_of(nd);

	d->vlans++;
	d->vid = vid;
	d->added = add;
	return d->vlan_answer;
}

static inline int dummy_set_multicast(struct tp_netdev *nd, const uint8_t mac[6], bool add)
{
	struct dummy *d = dummy_of(nd);

	d->multicasts++;
	d->vid = mac[5];
	d->added = add;
	return d->multicast_answer;
}

static inline int dummy_reset(struct tp_netdev *nd)
{
	dummy_of(nd)->resets++;
	return dummy_of(nd)->reset_answer;
}

static inline void dummy_info(struct tp_netdev *nd, struct tp_net_info *info)
{
	strcpy(info->driver, "dummy");
	info->state = nd->is_open ? TP_NET_RUNNING : TP_NET_DOWN;
	info->speed_mbps = nd->is_open ? nd->limits.link_mbps : 0;
	info->resets = info->resets_asked = dummy_of(nd)->resets;
}

static inline void dummy_device_stats(struct tp_netdev *nd, uint64_t values[TP_NET_DEVICE_STATS])
{
	memcpy(values, dummy_of(nd)->device, sizeof(dummy_of(nd)->device));
}

static inline unsigned dummy_xmit(struct tp_netdev *nd, unsigned queue, struct tp_netbuf **frames,
				  unsigned n, bool more)
{
	(void)nd, (void)queue, (void)frames, (void)n, (void)more;
	return 0;
}

static inline unsigned dummy_poll(struct tp_netdev *nd, unsigned queue, unsigned budget)
{
	(void)nd, (void)queue, (void)budget;
	return 0;
}

static const struct tp_netdev_ops dummy_ops = {
	.open = dummy_open,
	.close = dummy_close,
	.set_config = dummy_set_config,
	.set_vlan = dummy_set_vlan,
	.set_multicast = dummy_set_multicast,
	.reset = dummy_reset,
	.info = dummy_info,
	.device_stats = dummy_device_stats,
	.xmit = dummy_xmit,
	.poll = dummy_poll,
};

static inline struct tp_net_config dummy_config(void)
{
	return (struct tp_net_config){
		.mac = { 2, 0, 0, 0, 0, 1 },
		.mtu = 1500,
		.queues = 4,
		.rx_ring = 512,
		.tx_ring = 512,
		.features = TP_NET_RX_CSUM | TP_NET_TX_CSUM,
		.rx_usecs = 50,
		.tx_usecs = 50,
	};
}

/* Ready to be registered. */
static inline void make_dummy(struct dummy *d, struct tp_machine *m, const char *name)
{
	memset(d, 0, sizeof(*d));
	snprintf(d->nd.name, sizeof(d->nd.name), "%s", name);
	d->nd.machine = m;
	d->nd.ops = &dummy_ops;
	d->nd.limits = (struct tp_net_limits){ .max_queues = TP_NET_MAX_QUEUES,
					       .max_mtu = TP_NET_MAX_MTU,
					       .features = TP_NET_RX_CSUM | TP_NET_TX_CSUM |
							   TP_NET_TSO | TP_NET_RX_HASH,
					       .link_mbps = 25000 };
	d->nd.config = dummy_config();
}

static inline void add_dummy(struct dummy *d, struct tp_machine *m, const char *name)
{
	make_dummy(d, m, name);
	must(tp_netdev_register(&d->nd));
}

/* ---- a machine with one such device, net0 ---------------------------------------------------- */

static struct tp_machine *m;
static struct dummy dummy;

static inline int begin_net(void **state)
{
	(void)state;
	m = make_machine(small_machine(2));
	add_dummy(&dummy, m, "net0");
	return 0;
}

static inline int end_net(void **state)
{
	(void)state;
	tp_fault_reset();
	tp_netdev_unregister(&dummy.nd);
	end_machine(m);
	return 0;
}

#define NET_TEST(test) cmocka_unit_test_setup_teardown(test, begin_net, end_net)

/* The library says @words about its last failure. */
static inline void must_say(const char *words)
{
	char text[256];

	tp_error_format(tp_last_error(), text, sizeof(text));
	if (!strstr(text, words))
		fail_msg("expected \"%s\" in \"%s\"", words, text);
}

#endif
