/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * queue_stats - the counters of receive and send queues, the same for every driver.
 *
 * One table per kind of queue makes the fields, the exported names and their number (T1).  A driver
 * counts on its stack while it polls and adds once at the end; what happens rarely is counted where
 * it happens.
 *
 * Invariants
 *  Q1  A group has one writer: a receive queue is written by its poll (or by whoever fills or
 *      cleans the ring while it cannot be polled); a send queue has one group for its poll and one
 *      for its senders, since both wake it (T2).
 *  Q2  Counters never go back.  They live as long as the device, not as long as a ring: closing,
 *      resizing, another MTU or queue count keep them.  Whoever wants to see them begin at 0 again
 *      remembers what they were (tp_net_config.keep_stats is netdev's); nobody clears them.
 *  Q3  What was offered to a queue is in one counter at most, and at rest in one exactly:
 *	    send:    frames taken by xmit (a TSO frame counts its segments)
 *	             = packets + every drop_* of the send queue + those still in the ring
 *	    receive: frames that the device wrote
 *	             = packets + every drop_* of the receive queue + those still in the ring (T9)
 *
 * Locking: none; see core/stat_group.h.
 */
#ifndef TP_NET_QUEUE_STATS_H
#define TP_NET_QUEUE_STATS_H

#include <tidepool/net.h>

#include "core/stat_group.h"

/* name, meaning.  In the order of export. */
#define TP_RQ_STATS(X)                                                                  \
	X(packets, "frames delivered")                                                  \
	X(bytes, "their bytes, with Ethernet header and padding, without FCS")          \
	X(fragments, "buffers that a frame went on after")                              \
	X(alloc_page_fail, "refills that ended early because no page could be had")     \
	X(build_skb_fail, "frames that waited because no frame could be built")         \
	X(drop_error, "frames that the device marked as damaged")                       \
	X(drop_length, "frames without data, too short or too long for this interface") \
	X(drop_reset, "frames received but thrown away when the ring was cleaned")

/*
 * POLL: counted by the poll.  XMIT: by senders.  BOTH: by either, each in a field of its own that
 * has this name (Q1); a report adds them up.
 */
#define TP_SQ_STATS(POLL, XMIT, BOTH)                                                        \
	POLL(packets, "frames sent; a TSO frame counts its segments")                        \
	POLL(bytes, "their bytes, each segment with its headers, without FCS")               \
	XMIT(busy, "frames refused because the ring was full")                               \
	XMIT(stops, "times the queue was stopped")                                           \
	BOTH(restarts, "times it was started again")                                         \
	XMIT(linearized, "frames copied into one buffer, for the device takes only so many") \
	XMIT(drop_length, "frames too short or too long")                                    \
	XMIT(drop_offload, "frames whose checksum, TSO or VLAN request makes no sense")      \
	XMIT(drop_linearize, "frames with too many buffers and no memory to copy them")      \
	XMIT(drop_map, "frames whose memory could not be mapped for the device")             \
	POLL(drop_reset, "frames taken but unsent when the ring was cleaned")

#define TP_STAT_FIELD(name, what) tp_atomic_u64 name;
#define TP_STAT_VALUE(name, what) uint64_t name;
#define TP_STAT_COUNT(name, what) +1
#define TP_STAT_SKIP(name, what)

#define TP_SQ_POLL_STATS(X) TP_SQ_STATS(X, TP_STAT_SKIP, X)
#define TP_SQ_XMIT_STATS(X) TP_SQ_STATS(TP_STAT_SKIP, X, X)

enum {
	TP_NR_SQ_POLL_STATS = 0 TP_SQ_POLL_STATS(TP_STAT_COUNT),
	TP_NR_SQ_XMIT_STATS = 0 TP_SQ_XMIT_STATS(TP_STAT_COUNT),
	/* What a report has of a queue. */
	TP_RQ_EXPORTS = 0 TP_RQ_STATS(TP_STAT_COUNT),
	TP_SQ_EXPORTS = 0 TP_SQ_STATS(TP_STAT_COUNT, TP_STAT_COUNT, TP_STAT_COUNT),
};

struct tp_rq_stats {
	struct tp_stat_group group;
	union {
		struct {
			TP_RQ_STATS(TP_STAT_FIELD)
		};
		tp_atomic_u64 all[TP_RQ_EXPORTS];
	};
} __attribute__((aligned(64)));

struct tp_sq_poll_stats {
	struct tp_stat_group group;
	union {
		struct {
			TP_SQ_POLL_STATS(TP_STAT_FIELD)
		};
		tp_atomic_u64 all[TP_NR_SQ_POLL_STATS];
	};
} __attribute__((aligned(64)));

struct tp_sq_xmit_stats {
	struct tp_stat_group group;
	union {
		struct {
			TP_SQ_XMIT_STATS(TP_STAT_FIELD)
		};
		tp_atomic_u64 all[TP_NR_SQ_XMIT_STATS];
	};
} __attribute__((aligned(64)));

struct tp_sq_stats {
	struct tp_sq_poll_stats poll;
	struct tp_sq_xmit_stats xmit;
};

/* What one poll counted, on its stack. */
struct tp_rq_onstack {
	uint32_t packets, bytes, fragments;
	uint32_t drop_error, drop_length;
};

struct tp_sq_onstack {
	uint32_t packets, bytes;
};

void tp_rq_stats_init(struct tp_rq_stats *stats);
void tp_sq_stats_init(struct tp_sq_stats *stats);

/* Add what a poll counted; one update, so packets and bytes stay a pair. */
void tp_rq_stats_add(struct tp_rq_stats *stats, const struct tp_rq_onstack *counted);
/* The same; nothing is touched if nothing was sent. */
void tp_sq_stats_add(struct tp_sq_stats *stats, const struct tp_sq_onstack *counted);

/* One counter of a group by @n; slow paths. */
#define tp_stats_count(stats, field, n)          \
	do {                                     \
		tp_stat_begin(&(stats)->group);  \
		tp_stat_add(&(stats)->field, n); \
		tp_stat_end(&(stats)->group);    \
	} while (0)

/* ---- export ---------------------------------------------------------------------------------- */

/*
 * What a queue counted, as its report has it.  A receive queue's values are of one moment.  A send
 * queue's poll is read before its senders, so a restart is never there without its stop.
 */
struct tp_rq_values {
	union {
		struct {
			TP_RQ_STATS(TP_STAT_VALUE)
		};
		uint64_t all[TP_RQ_EXPORTS];
	};
};

struct tp_sq_values {
	union {
		struct {
			TP_SQ_STATS(TP_STAT_VALUE, TP_STAT_VALUE, TP_STAT_VALUE)
		};
		uint64_t all[TP_SQ_EXPORTS];
	};
};

void tp_rq_stats_read(const struct tp_rq_stats *stats, struct tp_rq_values *values);
void tp_sq_stats_read(const struct tp_sq_stats *stats, struct tp_sq_values *values);
/* The sum of every drop_* (Q3). */
uint64_t tp_rq_drops(const struct tp_rq_values *values);
uint64_t tp_sq_drops(const struct tp_sq_values *values);

struct tp_stat_name {
	char text[TP_NET_STAT_NAME];
};

/*
 * Names ("rq0_packets") and values of one queue in the same order, TP_RQ_EXPORTS and TP_SQ_EXPORTS
 * of them.  What @values held before does not matter (T4).  Each returns the place after the last.
 */
struct tp_stat_name *tp_rq_stat_names(struct tp_stat_name *names, unsigned queue);
struct tp_stat_name *tp_sq_stat_names(struct tp_stat_name *names, unsigned queue);
uint64_t *tp_rq_stat_values(uint64_t *values, const struct tp_rq_stats *stats);
uint64_t *tp_sq_stat_values(uint64_t *values, const struct tp_sq_stats *stats);
/* By place: "packets"; what it means, in a few words. */
const char *tp_rq_stat_name(unsigned i);
const char *tp_rq_stat_meaning(unsigned i);
const char *tp_sq_stat_name(unsigned i);
const char *tp_sq_stat_meaning(unsigned i);

#endif
