/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * net - network devices of a machine, as ethtool and ip know them: what they are, how they are
 * configured, what they count.
 *
 * Devices are named and belong to one machine.  All functions may be called from any thread that
 * holds no lock of this library; changes wait for each other.
 */
#ifndef TIDEPOOL_NET_H
#define TIDEPOOL_NET_H

#include <tidepool/types.h>

enum {
	TP_NET_NAME = 16,	/* bytes of a name with its 0 */
	TP_NET_MAX_QUEUES = 16, /* pairs of one device */
	TP_NET_MIN_RING = 64,	/* descriptors; a multiple of the step */
	TP_NET_MAX_RING = 4096,
	TP_NET_RING_STEP = 32,
	TP_NET_MIN_MTU = 68, /* bytes */
	TP_NET_MAX_MTU = 9702,
	TP_NET_MAX_USECS = 8160,  /* between interrupts */
	TP_NET_DEVICE_STATS = 12, /* counted by the device itself */
	TP_NET_STAT_NAME = 32,
};

/* Offloads, for tp_net_config.features. */
enum {
	TP_NET_RX_CSUM = 1 << 0,
	TP_NET_TX_CSUM = 1 << 1,
	TP_NET_TSO = 1 << 2,
	TP_NET_RX_VLAN = 1 << 3, /* take tags out of received frames */
	TP_NET_TX_VLAN = 1 << 4,
	TP_NET_RX_HASH = 1 << 5,
};

struct tp_net_config {
	uint8_t mac[6];
	unsigned mtu;		   /* bytes, TP_NET_MIN_MTU to limits.max_mtu */
	unsigned queues;	   /* pairs, 1 to limits.max_queues */
	unsigned rx_ring, tx_ring; /* descriptors, TP_NET_MIN_RING to TP_NET_MAX_RING, by 32 */
	unsigned features;	   /* TP_NET_*, of limits.features */
	bool promisc, allmulti;
	/* least time between two interrupts of a queue pair, us, even, up to 8160; 0: none */
	unsigned rx_usecs, tx_usecs;
	/* A change of @queues keeps the queues' counters; otherwise they begin at 0 again in
	 * reports, though not in the sums of tp_net_link_stats. */
	bool keep_stats;
};

struct tp_net_limits {
	unsigned max_queues, max_mtu, features;
	unsigned link_mbps;
};

enum tp_net_state {
	TP_NET_STARTING, /* talking to its device for the first time */
	TP_NET_DOWN,
	TP_NET_RUNNING,
	TP_NET_RESETTING,
	TP_NET_FAILED, /* gave up; tp_net_reset() tries again */
};

struct tp_net_info {
	char name[TP_NET_NAME], driver[TP_NET_NAME];
	unsigned index; /* its number (tp_net_next) */
	enum tp_net_state state;
	bool up; /* opened, whether it can carry traffic now or not */
	bool carrier;
	unsigned speed_mbps;	/* 0: no link */
	unsigned active_queues; /* pairs that carry traffic this moment */
	uint64_t resets;	/* ever, by cause: asked for, by the device, because it hung */
	uint64_t resets_asked, resets_device, resets_hung;
	struct tp_net_config config;
	struct tp_net_limits limits;
};

/* The names of a machine's devices, oldest first, at most @max; returns how many there are. */
TP_API unsigned tp_net_list(struct tp_machine *machine, char (*names)[TP_NET_NAME], unsigned max);
/*
 * Each device has a number, from 1 and never used twice.  The first with a number of at least
 * *@index, and its name; false: there is none.
 */
TP_API bool tp_net_next(struct tp_machine *machine, unsigned *index, char name[TP_NET_NAME]);
/* -ENODEV: no device of that name; so with all the others. */
TP_API int tp_net_info(struct tp_machine *machine, const char *name, struct tp_net_info *info);

/* Start and stop traffic.  Nothing to do is fine.  -ENOMEM, -EIO: the device does not answer. */
TP_API int tp_net_open(struct tp_machine *machine, const char *name);
TP_API int tp_net_close(struct tp_machine *machine, const char *name);

/*
 * Change what differs from the present configuration; all or nothing.  An open device is stopped
 * and started where the change needs it.  -EINVAL: out of range (tp_last_error() says what), or an
 * address that is no device's, or TP_NET_TSO without TP_NET_TX_CSUM.  -EOPNOTSUPP: the device has
 * no such feature, -ENOMEM, -EIO.
 */
TP_API int tp_net_configure(struct tp_machine *machine, const char *name,
			    const struct tp_net_config *config);
/*
 * The same for a part of it: @change edits a copy of the present configuration, which nobody else
 * changes meanwhile.  It calls nothing of this library.
 */
TP_API int tp_net_reconfigure(struct tp_machine *machine, const char *name,
			      void (*change)(struct tp_net_config *config, const void *arg),
			      const void *arg);
/*
 * Let frames of a VLAN in (1 to 4094), or of a multicast group, or no longer.  -EINVAL: no such
 * VLAN or group.  -EOPNOTSUPP, -ENOSPC, -EIO: the device's.
 */
TP_API int tp_net_vlan(struct tp_machine *machine, const char *name, uint16_t vid, bool add);
TP_API int tp_net_multicast(struct tp_machine *machine, const char *name, const uint8_t mac[6],
			    bool add);
/* Reset the device and bring it back as it was.  -EIO: it did not come back. */
TP_API int tp_net_reset(struct tp_machine *machine, const char *name);

/*
 * All counters of one moment: names and values have the same length, whatever happens to the queue
 * count meanwhile (T1).  First what the device counts, then per queue pair rq and sq.
 */
struct tp_net_stats {
	unsigned nr, queues;
	char (*names)[TP_NET_STAT_NAME];
	uint64_t *values;
};

/* -ENOMEM. */
TP_API int tp_net_stats_get(struct tp_machine *machine, const char *name,
			    struct tp_net_stats *stats);
TP_API void tp_net_stats_put(struct tp_net_stats *stats);

/*
 * As /sys/class/net/.../statistics has them.  Sums over all queues the device ever had; they never
 * go back.  What reaches no queue is the device's own count.
 *
 *	rx_packets, rx_bytes	packets and bytes of the receive queues
 *	rx_errors		their drop_error + drop_length
 *	rx_length_errors	their drop_length
 *	rx_dropped		their drop_reset
 *	rx_missed_errors	rx_discards of the device: it had no descriptor for them
 *	multicast		rx_multicast of the device
 *	tx_packets, tx_bytes	packets and bytes of the send queues
 *	tx_dropped		all of their drop_*
 *	tx_errors		tx_discards + tx_errors of the device, after a queue had sent them
 *
 * So what the device wrote to the queues is rx_packets + rx_errors + rx_dropped, and what senders
 * gave them tx_packets + tx_dropped, and what is in the rings.
 */
struct tp_net_link_stats {
	uint64_t rx_packets, rx_bytes, rx_dropped, rx_errors, multicast;
	uint64_t rx_length_errors, rx_missed_errors;
	uint64_t tx_packets, tx_bytes, tx_dropped, tx_errors;
};

TP_API int tp_net_link_stats(struct tp_machine *machine, const char *name,
			     struct tp_net_link_stats *stats);

/* "starting", "down", "running", "resetting", "failed"; "?": no state */
TP_API const char *tp_net_state_name(enum tp_net_state state);
/* "rx_bytes", ...; "?": @i is not below TP_NET_DEVICE_STATS */
TP_API const char *tp_net_device_stat_name(unsigned i);

#endif
