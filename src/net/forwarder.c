/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* forwarder - from one device to the other. */
#include "net/forwarder.h"

#include <errno.h>
#include <string.h>

#include "core/alloc.h"
#include "core/error.h"

enum { BATCH = 64, MAC = 6, HEADER = 14, TAG = 4, TAG_TYPE = 0x8100 };

/* What goes from nd[side] to the other. */
struct lane {
	struct tp_netdev *out;
	uint8_t addresses[2 * MAC];
	bool tags; /* the device inserts tags */
	struct tp_spinlock locks[TP_NET_MAX_QUEUES];
	tp_quiet received, forwarded, refused, runts;
};

struct tp_forwarder {
	struct lane lanes[2];
};

static void init_lane(struct lane *lane, struct tp_netdev *out, const uint8_t peer[MAC])
{
	const struct tp_net_config config = tp_netdev_config(out);

	lane->out = out;
	memcpy(lane->addresses, peer, MAC);
	memcpy(lane->addresses + MAC, config.mac, MAC);
	lane->tags = config.features & TP_NET_TX_VLAN;
	for (unsigned q = 0; q < TP_NET_MAX_QUEUES; q++)
		tp_spinlock_init(&lane->locks[q], TP_RANK_NET_USER, q);
}

int tp_forwarder_create(const struct tp_forwarder_config *config, struct tp_forwarder **forwarder)
{
	struct tp_forwarder *f = tp_zalloc(sizeof(*f));

	if (!f)
		return -ENOMEM;
	for (unsigned side = 0; side < 2; side++)
		init_lane(&f->lanes[side], config->nd[!side], config->peer_mac[!side]);
	*forwarder = f;
	return 0;
}

void tp_forwarder_destroy(struct tp_forwarder *forwarder)
{
	tp_free(forwarder);
}

/* ---- frames ---------------------------------------------------------------------------------- */

/* Put the tag back where it was; headers have room in front. */
static void insert_tag(struct tp_netbuf *frame)
{
	uint8_t *data;

	frame->offset -= TAG;
	frame->len += TAG;
	frame->frame_len += TAG;
	data = tp_netbuf_data(frame);
	memmove(data, data + TAG, 2 * MAC);
	data[2 * MAC] = TAG_TYPE >> 8;
	data[2 * MAC + 1] = TAG_TYPE & 0xff;
	data[2 * MAC + 2] = (uint8_t)(frame->vlan_tci >> 8);
	data[2 * MAC + 3] = (uint8_t)frame->vlan_tci;
	frame->flags &= (uint16_t)~TP_NB_VLAN;
}

/* False: it cannot be. */
static bool readdress(const struct lane *lane, struct tp_netbuf *frame)
{
	/* What was found on the way in is no wish for the way out. */
	frame->flags &= TP_NB_VLAN;
	if (frame->len < HEADER)
		return false;
	if (frame->flags & TP_NB_VLAN && !lane->tags) {
		if (frame->offset < TAG)
			return false;
		insert_tag(frame);
	}
	memcpy(tp_netbuf_data(frame), lane->addresses, sizeof(lane->addresses));
	return true;
}

static unsigned send(struct lane *lane, unsigned queue, struct tp_netbuf **frames, unsigned n)
{
	uint32_t queues = tp_atomic_load(&lane->out->nr_queues, TP_ACQUIRE);
	unsigned taken;

	if (!queues || !n)
		return 0;
	queue %= queues;
	tp_spin_lock(&lane->locks[queue]);
	taken = tp_netdev_xmit(lane->out, queue, frames, n, false);
	tp_spin_unlock(&lane->locks[queue]);
	return taken;
}

static void forward(struct lane *lane, unsigned queue, struct tp_netbuf **frames, unsigned n)
{
	struct tp_netbuf *good[BATCH], *runts[BATCH];
	unsigned nr_good = 0, nr_runts = 0, taken;

	for (unsigned i = 0; i < n; i++)
		if (readdress(lane, frames[i]))
			good[nr_good++] = frames[i];
		else
			runts[nr_runts++] = frames[i];
	taken = send(lane, queue, good, nr_good);
	tp_netbuf_free_bulk(good + taken, nr_good - taken);
	tp_netbuf_free_bulk(runts, nr_runts);
	tp_quiet_add(&lane->received, n);
	tp_quiet_add(&lane->forwarded, taken);
	tp_quiet_add(&lane->refused, nr_good - taken);
	tp_quiet_add(&lane->runts, nr_runts);
}

static void receive(void *arg, unsigned queue, struct tp_netbuf **frames, unsigned n)
{
	for (unsigned done = 0, now; done < n; done += now) {
		now = TP_MIN(n - done, (unsigned)BATCH);
		forward(arg, queue, frames + done, now);
	}
}

struct tp_netdev_user tp_forwarder_user(struct tp_forwarder *forwarder, unsigned side)
{
	return (struct tp_netdev_user){ .name = "forwarder",
					.receive = receive,
					.arg = &forwarder->lanes[side] };
}

void tp_forwarder_stat(struct tp_forwarder *forwarder, unsigned side,
		       struct tp_forwarder_stat *stat)
{
	const struct lane *lane = &forwarder->lanes[side];

	*stat = (struct tp_forwarder_stat){
		.received = tp_quiet_load(&lane->received),
		.forwarded = tp_quiet_load(&lane->forwarded),
		.refused = tp_quiet_load(&lane->refused),
		.runts = tp_quiet_load(&lane->runts),
	};
}
