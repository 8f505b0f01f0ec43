/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * avf_ops - what a network device is asked: opened, closed, reset, described.
 *
 * Every operation first sees to resets that are due, and one that a reset interrupts goes on with
 * what the reset put in place.
 */
#include <string.h>

#include "net/avf/avf_internal.h"

/* ---- open and close -------------------------------------------------------------------------- */

static int make_parts(struct tp_avf *avf)
{
	int err = tp_avf_rings_alloc(avf);

	if (err)
		return err;
	err = tp_avf_crew_start(avf);
	if (err)
		tp_avf_rings_free(avf);
	return err;
}

int tp_avf_open(struct tp_netdev *nd)
{
	struct tp_avf *avf = tp_avf_of(nd);
	int err = tp_avf_settle(avf);

	if (!err)
		err = make_parts(avf);
	if (err)
		return err;
	avf->wanted_up = true;
	err = tp_avf_recover(avf, tp_avf_up(avf));
	if (err)
		tp_avf_close(nd);
	return err;
}

void tp_avf_close(struct tp_netdev *nd)
{
	struct tp_avf *avf = tp_avf_of(nd);

	avf->wanted_up = false;
	if (avf->state != TP_NET_FAILED)
		tp_avf_down(avf);
	tp_avf_crew_stop(avf);
	tp_avf_rings_free(avf);
}

/* ---- the others ------------------------------------------------------------------------------ */

static int reset(struct tp_netdev *nd)
{
	return tp_avf_do_reset(tp_avf_of(nd), TP_AVF_RESET_ASKED);
}

static void info(struct tp_netdev *nd, struct tp_net_info *info)
{
	const struct tp_avf *avf = tp_avf_of(nd);

	strcpy(info->driver, "avf");
	info->state = avf->state;
	info->speed_mbps = avf->link_up ? avf->link_mbps : 0;
	info->resets = avf->resets;
	info->resets_asked = avf->resets_asked;
	info->resets_device = avf->resets_device;
	info->resets_hung = avf->resets_hung;
}

static void device_stats(struct tp_netdev *nd, uint64_t values[TP_NET_DEVICE_STATS])
{
	const struct tp_avf *avf = tp_avf_of(nd);

	_Static_assert(sizeof(avf->device_stats) == TP_NET_DEVICE_STATS * sizeof(*values),
		       "in the order of tp_net_device_stat_name()");
	memcpy(values, &avf->device_stats, sizeof(avf->device_stats));
}

const struct tp_netdev_ops tp_avf_ops = {
	.open = tp_avf_open,
	.close = tp_avf_close,
	.set_config = tp_avf_set_config,
	.set_vlan = tp_avf_set_vlan,
	.set_multicast = tp_avf_set_multicast,
	.reset = reset,
	.info = info,
	.device_stats = device_stats,
	.xmit = tp_avf_xmit,
	.poll = tp_avf_poll,
};
