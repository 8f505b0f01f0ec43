/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * avf_internal - the driver's parts and what they keep.
 *
 * States of the function and the function behind each arrow:
 *
 *	STARTING --- tp_avf_start ---> DOWN --- tp_avf_up ---> RUNNING
 *	                                 ^------ tp_avf_down ------'
 *	any --- reset seen or wanted (tp_avf_do_reset) ---> RESETTING
 *	RESETTING --- tp_avf_start, tp_avf_up ---> DOWN or RUNNING, as it was meant to be
 *	RESETTING, STARTING --- no answer ---> FAILED --- tp_net_reset ---> RESETTING
 *
 * Invariants
 *  A1  @state and @wanted_up change under config_lock.  Polls and senders look at @running only.
 *  A2  @running is set after ENABLE_QUEUES was answered and cleared before anything of a ring goes;
 *      whoever clears it then waits until no poll and no sender is inside (tp_avf_quiesce), so a
 *      ring is cleaned by one thread, alone.
 *  A3  What is posted to the device belongs to it until the device wrote it back, its queue was
 *      disabled, or the function was reset: only then is a buffer taken back.
 *  A4  A message is answered, or timed out and its answer, should it come, ignored (by operation).
 *  A5  What the device says is checked before it is used: lengths, indexes, counts.  Nonsense costs
 *      a reset, never memory.
 *  A6  Who takes up a round that was asked for sees what all did who had asked, not only the last
 *      of them, and overlooks none who asks meanwhile: asking and taking each change the word,
 *      where a store would hide what those before handed on.
 *
 * Locking: config_lock of the netdev; then @poll_lock of a queue pair (rank NET_POLL, a mutex: the
 * receiver of frames may sleep), then @send_lock (rank NET_SEND, spin): each is taken by the one
 * who polls or sends, and by whoever quiesces.  The admin queue stands under config_lock.
 */
#ifndef TP_NET_AVF_INTERNAL_H
#define TP_NET_AVF_INTERNAL_H

#include <errno.h>

#include "core/list.h"
#include "core/mutant.h"
#include "net/avf/avf.h"
#include "net/avf/avf_regs.h"
#include "net/avf/virtchnl_regs.h"

/* ---- rounds that threads are asked for (A6) -------------------------------------------------- */

/* Any thread, any lock, also from interrupts. */
static inline void tp_avf_ask(tp_atomic_u32 *asked, struct tp_wait_queue *wake)
{
	if (TP_MUTANT(ask_stored))
		tp_atomic_store(asked, 1, TP_RELEASE);
	else
		tp_atomic_exchange(asked, 1, TP_RELEASE);
	tp_wake_all(wake);
}

static inline bool tp_avf_take(tp_atomic_u32 *asked)
{
	return tp_atomic_exchange(asked, 0, TP_ACQUIRE);
}

/* ---- rings (avf_ring.c) ---------------------------------------------------------------------- */

/*
 * A run of descriptors that the device reports done by writing back its last one, in the slot of
 * the first: the frames of one call to xmit, or as many of them as a write-back covers.
 */
struct tp_avf_tx_group {
	tp_atomic_u32 watch;	 /* 1 + the slot of the last descriptor; 0: no group (T16) */
	uint32_t packets, bytes; /* as they leave the wire */
	uint32_t mapped;	 /* descriptors that point to foreign memory */
};

/* Foreign memory mapped for one descriptor; 0 bytes: none. */
struct tp_avf_tx_map {
	tp_dma_addr dma;
	uint32_t len;
};

struct tp_avf_tx_ring {
	struct tp_avf *avf;
	unsigned index;
	unsigned count; /* descriptors; 0: no ring.  A power of two is not required */
	struct tp_avf_tx_desc *desc;
	struct tp_dma_coherent memory;
	struct tp_avf_tx_group *groups; /* by descriptor, as are the next two */
	struct tp_netbuf **frames;	/* in the slot of a frame's first descriptor */
	struct tp_avf_tx_map *maps;
	uint32_t max_frame;	      /* bytes of a frame or segment */
	struct tp_sq_stats *stats;    /* of the netdev (Q2) */
	unsigned stop_below, wake_at; /* free descriptors (T11, T13) */
	char holder[24];	      /* "txq0 descriptor" */
	/* the sender's */
	struct tp_spinlock send_lock __attribute__((aligned(64)));
	unsigned features; /* TP_NET_* that frames may ask for */
	tp_atomic_u32 next_to_use;
	bool doorbell_due; /* descriptors were written that the tail does not cover (T15) */
	/* the poll's */
	tp_atomic_u32 next_to_clean __attribute__((aligned(64)));
	/* both: how many descriptors must be free before the queue goes on; 0: it is not stopped */
	tp_atomic_u32 stopped __attribute__((aligned(64)));
	/* the service's: progress at the last look (recover-hung), and looks since without any */
	int64_t seen_packets; /* -1: nothing was pending */
	unsigned stalled;
};

/* A ring's buffers; it outlives the ring while somebody holds frames. */
struct tp_avf_rx_pool {
	struct tp_list link; /* of @retired, once the ring is gone */
	struct tp_dma_pool *pool;
};

struct tp_avf_rx_ring {
	struct tp_avf *avf;
	unsigned index;
	unsigned count; /* 0: no ring */
	struct tp_avf_rx_desc *desc;
	struct tp_dma_coherent memory;
	struct tp_dma_buf **bufs; /* by descriptor; each is the head of a netbuf */
	struct tp_avf_rx_pool *pool;
	struct tp_rq_stats *stats;	     /* of the netdev (Q2) */
	unsigned next_to_use, next_to_clean; /* the poll's, as all that follows */
	unsigned features;		     /* TP_NET_* whose findings are passed on */
	struct tp_netbuf *partial;	     /* a frame whose end has not come yet (T10) */
	bool discard;	    /* it grew too long: what is left of it is thrown away */
	unsigned fill_step; /* buffers are posted by so many */
	unsigned buf_len;   /* bytes of a buffer, as the device is told */
	unsigned max_frame; /* bytes */
	bool parked;	    /* its queue is disabled for a moment: it is left alone (T27) */
	tp_atomic_u32 refill_failed; /* come back without an interrupt (T5, T6); read anywhere */
	char holder[24];	     /* "rxq0 descriptor" */
};

/* Locks, names and the way back are made once, by tp_avf_create(); the rest comes and goes. */
struct tp_avf_queue {
	struct tp_mutex poll_lock __attribute__((aligned(64)));
	struct tp_avf_rx_ring rx;
	struct tp_avf_tx_ring tx;
	/* interrupt */
	struct tp_wait_queue wake;
	tp_atomic_u32 scheduled; /* an interrupt or somebody else wants a poll */
	struct tp_thread thread;
	bool has_thread;
};

/* ---- admin queue (avf_adminq.c) -------------------------------------------------------------- */

struct tp_avf_aq_ring {
	struct tp_dma_coherent desc, bufs;
	unsigned next_to_use, next_to_clean;
};

struct tp_avf_adminq {
	struct tp_avf_aq_ring send, receive;
	bool enabled; /* the device was told of both */
};

/* One message of the device. */
struct tp_avf_message {
	uint32_t op;
	int32_t status;
	uint16_t len;
	uint8_t data[TP_AVF_AQ_BUF];
};

/* ---- the function ---------------------------------------------------------------------------- */

enum { TP_AVF_MAX_FILTERS = 64 };

/* Throttling intervals of a queue pair's vector, by index. */
enum { TP_AVF_RX_ITR = 0, TP_AVF_TX_ITR = 1 };

struct tp_avf {
	struct tp_netdev nd;
	struct tp_bus_device *bus;
	struct tp_dma_domain *domain;
	int node;
	enum tp_avf_run run;
	struct tp_avf_patience patience;

	/* under config_lock */
	enum tp_net_state state;
	bool wanted_up; /* open: rings, interrupts and threads are there, in a reset too */
	struct tp_avf_adminq aq;
	struct tp_avf_message *message; /* the last one read */
	void *out;			/* one is being built; TP_AVF_AQ_BUF bytes */
	uint32_t caps;
	uint16_t vsi_id, max_queues, max_vectors, max_mtu;
	uint8_t default_mac[6]; /* zero: the physical function has none for us */
	uint32_t rss_key_size, rss_lut_size;
	bool link_up;
	uint32_t link_mbps;
	struct tp_vc_eth_stats device_stats;
	struct tp_vc_vlan_caps vlan_caps;
	uint8_t (*multicast)[6];
	unsigned nr_multicast;
	uint16_t *vlans;
	unsigned nr_vlans;
	uint8_t rss_key[TP_AVF_HKEY_BYTES];
	uint64_t resets, resets_asked, resets_device, resets_hung;
	uint64_t next_stats_ns, next_watchdog_ns;
	uint64_t announced_until_ns; /* a reset was announced: look often until then */
	/* messages of the device that nobody had asked for, or that made no sense */
	uint64_t messages_unasked, messages_bad;
	bool gone;		  /* no longer registered */
	uint64_t filters_refused; /* that a reset or an open could not put back */

	tp_atomic_u32 running; /* 1: queues carry traffic (A2) */
	tp_atomic_u32
		reset_seen; /* enum tp_avf_reset_cause; noted anywhere, taken up by the service */
	tp_atomic_u32 refresh; /* posted buffers are wanted back (T27) */

	struct tp_list retired; /* receive pools whose ring is gone (under config_lock) */
	tp_atomic_u32 run_stopping;
	unsigned run_queues; /* pairs that the run loop serves; constant while it runs */
	struct tp_wait_queue service_wake;
	tp_atomic_u32 service_work, irq0_fired, stopping;
	struct tp_thread service_thread, poll_thread;
	bool has_service, has_poll_thread;

	struct tp_avf_queue queues[TP_AVF_MAX_QUEUES];
};

enum tp_avf_reset_cause {
	TP_AVF_RESET_NONE,
	TP_AVF_RESET_ASKED,  /* tp_net_reset(), or a change that needs it */
	TP_AVF_RESET_DEVICE, /* the physical function, or the device's own registers, said so */
	TP_AVF_RESET_HUNG,   /* a queue, or the admin queue, stands still or talks nonsense */
};

static inline struct tp_avf *tp_avf_of(struct tp_netdev *nd)
{
	return tp_container_of(nd, struct tp_avf, nd);
}

/* Pauses between looks at a device that has yet to do something: short ones first. */
struct tp_avf_pause {
	uint64_t until_ns, next_ns, longest_ns;
};

struct tp_avf_pause tp_avf_pause_begin(uint64_t patience_ns, uint64_t longest_ns);
/* False: patience is over. */
bool tp_avf_pause(struct tp_avf_pause *pause);

/* A message failed because the device said no: everything else asks for a reset. */
static inline bool tp_avf_refused(int err)
{
	return err == -EIO || err == -EOPNOTSUPP;
}

static inline struct tp_avf_queue *tp_avf_queue_of(struct tp_netdev *nd, unsigned queue)
{
	return &tp_avf_of(nd)->queues[queue];
}

/*
 * ---- admin queue: avf_adminq.c ----
 * Memory for both rings.  -ENOMEM.
 */
int tp_avf_aq_init(struct tp_avf *avf);
void tp_avf_aq_fini(struct tp_avf *avf);
/* Tell the device of them, empty; tell it that they end.  -EIO. */
int tp_avf_aq_start(struct tp_avf *avf);
void tp_avf_aq_stop(struct tp_avf *avf);
/* Hand a message over; returns when the device took it.  -ETIMEDOUT, -EIO, -EMSGSIZE. */
int tp_avf_aq_send(struct tp_avf *avf, uint32_t op, const void *message, size_t len);
/* The next message of the device.  -EAGAIN: there is none.  -EBADMSG: nonsense; it was skipped. */
int tp_avf_aq_receive(struct tp_avf *avf, struct tp_avf_message *message);
/* The registers say that the device lost our rings: it was reset. */
bool tp_avf_aq_lost(struct tp_avf *avf);
/* The registers say that a message was lost, or that something is wrong with a ring. */
bool tp_avf_aq_broken(struct tp_avf *avf);

/*
 * ---- messages: avf_virtchnl.c ----
 * Send @op and wait for its answer, which is left in avf->message, its length checked; events that
 * come first are dealt with.  -EIO, -EOPNOTSUPP: refused (status in the error text); the others ask
 * for a reset: -ETIMEDOUT, -EBADMSG: the answer is nonsense, -ECONNRESET: a reset came.
 */
int tp_avf_call(struct tp_avf *avf, uint32_t op, const void *message, size_t len);
/* The link came or went, or traffic begins or ends: tell the user, if it is news. */
void tp_avf_carrier_update(struct tp_avf *avf);

/*
 * ---- what messages say: avf_answers.c ----
 * A5: nothing of a message is used before these have looked at it.
 */
/* An answer to @op may be so long. */
bool tp_avf_answer_fits(uint32_t op, size_t len);
/* Take over what was said.  -EBADMSG. */
int tp_avf_take_version(struct tp_avf *avf, const struct tp_avf_message *m);
int tp_avf_take_resources(struct tp_avf *avf, const struct tp_avf_message *m);
int tp_avf_take_vlan_caps(struct tp_avf *avf, const struct tp_avf_message *m);
/* One of the layers of a VLAN capability is to be had, for tags of the usual kind. */
static inline bool tp_avf_vlan_can(uint32_t support)
{
	return support & TP_VC_VLAN_ETHERTYPE_8100;
}

void tp_avf_take_stats(struct tp_avf *avf, const struct tp_avf_message *m);

/*
 * ---- messages one by one: avf_messages.c ----
 * As tp_avf_call().
 */
int tp_avf_get_version(struct tp_avf *avf);
int tp_avf_get_resources(struct tp_avf *avf);
int tp_avf_config_queues(struct tp_avf *avf);
/* Only the receive queue of the pair, which is disabled; it begins with descriptor 0 again. */
int tp_avf_config_rx_queue(struct tp_avf *avf, unsigned queue);
int tp_avf_config_irq_map(struct tp_avf *avf);
int tp_avf_config_rss(struct tp_avf *avf);
int tp_avf_config_vlan_strip(struct tp_avf *avf);
int tp_avf_enable_queues(struct tp_avf *avf, uint32_t rx, uint32_t tx);
int tp_avf_disable_queues(struct tp_avf *avf, uint32_t rx, uint32_t tx);
int tp_avf_get_vlan_caps(struct tp_avf *avf);
int tp_avf_get_stats(struct tp_avf *avf);
/* Read and deal with whatever the device has to say now. */
void tp_avf_read_messages(struct tp_avf *avf);

/*
 * ---- filters: avf_filter.c ----
 * The device has them while it runs; what is recorded here is what it is to have.
 */
/* Give the device all that is recorded; take all of it back.  As tp_avf_call(). */
int tp_avf_filters_restore(struct tp_avf *avf);
int tp_avf_filters_remove(struct tp_avf *avf);
int tp_avf_add_mac(struct tp_avf *avf, const uint8_t mac[6], uint8_t type);
int tp_avf_del_mac(struct tp_avf *avf, const uint8_t mac[6]);
int tp_avf_set_promisc(struct tp_avf *avf, bool promisc, bool allmulti);
int tp_avf_set_vlan(struct tp_netdev *nd, uint16_t vid, bool add);
int tp_avf_set_multicast(struct tp_netdev *nd, const uint8_t mac[6], bool add);

/*
 * ---- states: avf_state.c ----
 *
 *	open:  rings_alloc, crew_start, up
 *	close: down, crew_stop, rings_free
 *	reset: quiesce, (the device is reset), rings_clean, start, up
 *	up:    filters, config_queues, rings_fill, enable_queues, irq_enable of each queue, running
 *	down:  quiesce, irq_disable of each queue, disable_queues, filters removed, rings_clean
 *
 * So threads, interrupts and rings stay through a reset; vector 0 is requested by tp_avf_create().
 */
int tp_avf_start(struct tp_avf *avf, bool fresh); /* to DOWN; @fresh: with VERSION (T19) */
int tp_avf_up(struct tp_avf *avf);		  /* to RUNNING */
/*
 * To DOWN.  A device that does not disable its queues is reset at function level, so that the rings
 * can be cleaned (A3); then a reset is noted, and the state is RESETTING.
 */
void tp_avf_down(struct tp_avf *avf);
/* The part of both that a reset needs: nothing of the driver's touches a ring any more. */
void tp_avf_stop_traffic(struct tp_avf *avf);
extern const struct tp_netdev_ops tp_avf_ops;
/* Rings, interrupts, threads, traffic: all or nothing. */
int tp_avf_open(struct tp_netdev *nd);
void tp_avf_close(struct tp_netdev *nd);
/*
 * ---- resets: avf_reset.c ----
 */
/* Note that a reset is due and wake the service; any thread, any lock. */
void tp_avf_want_reset(struct tp_avf *avf, enum tp_avf_reset_cause cause);
/* The whole of it, under config_lock.  0: DOWN or RUNNING again as @wanted_up.  -EIO: FAILED. */
int tp_avf_do_reset(struct tp_avf *avf, enum tp_avf_reset_cause cause);
/* Until a reset is over: -ETIMEDOUT.  COMPLETED counts only for a @fresh function, just found. */
int tp_avf_wait_active(struct tp_avf *avf, bool fresh);
/* A reset is running in the device, or has been since we looked. */
bool tp_avf_reset_detected(struct tp_avf *avf);
/* Do what is noted or seen; before an operation.  -EIO: FAILED. */
int tp_avf_settle(struct tp_avf *avf);
/*
 * After a message failed with @err: 0 if a reset put all that is recorded in place instead; @err if
 * it was refused; -EIO: FAILED.
 */
int tp_avf_recover(struct tp_avf *avf, int err);

/*
 * ---- rings: avf_ring.c ----
 */
/* Once, by tp_avf_create(): locks, names and the way back, of all queues. */
void tp_avf_queues_init(struct tp_avf *avf);
/* For the present configuration, all queues or none.  -ENOMEM. */
int tp_avf_rings_alloc(struct tp_avf *avf);
/* Fill the receive rings as far as there are pages and ring their doorbells.  Cannot fail (T6). */
void tp_avf_rings_fill(struct tp_avf *avf);
/* Take back whatever is in the rings and count it as dropped; the device is out of them (A3). */
void tp_avf_rings_clean(struct tp_avf *avf);
void tp_avf_rings_free(struct tp_avf *avf);
/*
 * The memory of all rings, put aside while others are tried: a place for it (NULL: -ENOMEM, set);
 * move the clean rings there; move them back, where there are none; free them.  The last two free
 * the place.
 */
struct tp_avf_rings;
struct tp_avf_rings *tp_avf_rings_aside_new(void);
void tp_avf_rings_set_aside(struct tp_avf *avf, struct tp_avf_rings *aside);
void tp_avf_rings_put_back(struct tp_avf *avf, struct tp_avf_rings *aside);
void tp_avf_rings_forget(struct tp_avf *avf, struct tp_avf_rings *aside);
/* At the end: free the pools that rings left behind.  -EBUSY: somebody holds frames, see error. */
int tp_avf_pools_fini(struct tp_avf *avf);
/* Let the rings know of nd.config.features; at any time after they were made. */
void tp_avf_apply_features(struct tp_avf *avf);
/* running = 0, and no poll and no sender is inside when it returns (A2). */
void tp_avf_quiesce(struct tp_avf *avf);
/* running = 1; each queue is polled once (T6), and senders that were refused are told. */
void tp_avf_unquiesce(struct tp_avf *avf);

static inline unsigned tp_avf_ring_unused(unsigned count, unsigned to_clean, unsigned to_use)
{
	return (to_clean > to_use ? 0 : count) + to_clean - to_use - 1;
}

/*
 * ---- traffic: avf_tx.c, avf_rx.c ----
 */
unsigned tp_avf_xmit(struct tp_netdev *nd, unsigned queue, struct tp_netbuf **frames, unsigned n,
		     bool more);
/* Complete sent frames; false: there may be more to do. */
bool tp_avf_tx_clean(struct tp_avf_queue *q);
/* Frames are taken but the device has not said done: what recover-hung asks. */
bool tp_avf_tx_pending(struct tp_avf_queue *q);
/* Deliver up to @budget frames; @budget: there may be more to do. */
unsigned tp_avf_rx_clean(struct tp_avf_queue *q, unsigned budget);
/* Fill free descriptors in steps of 16; false: pages ran out. */
bool tp_avf_rx_fill(struct tp_avf_queue *q);

/*
 * ---- polling and interrupts: avf_poll.c, avf_irq.c ----
 */
unsigned tp_avf_poll(struct tp_netdev *nd, unsigned queue, unsigned budget);
/* Of the queue pairs in use; all or none. */
int tp_avf_irqs_request(struct tp_avf *avf);
void tp_avf_irqs_free(struct tp_avf *avf);
/*
 * Let the queue pair's vector work as its run loop needs it: interrupts, or, where everything is
 * polled, write-backs without (WB_ON_ITR, T25).
 */
void tp_avf_irq_enable(struct tp_avf *avf, unsigned queue);
void tp_avf_irq_disable(struct tp_avf *avf, unsigned queue);
/* Throttling intervals as configured. */
void tp_avf_set_itr(struct tp_avf *avf, unsigned queue);
/* Make the device write back and interrupt (recover-hung). */
void tp_avf_force_wb(struct tp_avf *avf, unsigned queue);
/* While a queue is polled with its interrupt off: let the device write back all the same, if it can
 * (T25). */
void tp_avf_irq_wb(struct tp_avf *avf, unsigned queue);
/* Ask for a poll of the queue, from anywhere. */
void tp_avf_schedule(struct tp_avf_queue *q);
/*
 * Threads of the run loop, for nd.config.queues pairs, from before or after running = 1 until
 * after tp_avf_quiesce() or before.  -EAGAIN: none was started.  Stopping none is fine.
 */
int tp_avf_run_start(struct tp_avf *avf);
void tp_avf_run_stop(struct tp_avf *avf);
/* Interrupts and the threads that they wake; go with the number of queues. */
int tp_avf_crew_start(struct tp_avf *avf);
void tp_avf_crew_stop(struct tp_avf *avf);

/*
 * ---- memory that is wanted back: avf_hotplug.c (T27) ----
 */
/* What the pools call. */
void tp_avf_pool_leaving(void *arg);
/* Replace leaving buffers that are posted: the queue is disabled, refilled, enabled again. */
void tp_avf_refresh(struct tp_avf *avf);

/* ---- configuration: avf_config.c ---- */
int tp_avf_set_config(struct tp_netdev *nd, const struct tp_net_config *config);

/* ---- watching: avf_watchdog.c ---- */
enum { TP_AVF_WATCH_MS = 2000 };
/* Look for queues that stand still: first a forced write-back, then a reset is asked for. */
void tp_avf_detect_hung(struct tp_avf *avf);

/* ---- service: avf_service.c ---- */
/* There is something to do; any thread, any lock, also from interrupts. */
void tp_avf_wake_service(struct tp_avf *avf);
/* The interrupt of vector 0: its handler, and letting it come (again) if it came. */
void tp_avf_irq0(void *avf);
void tp_avf_irq0_arm(struct tp_avf *avf);
int tp_avf_service_start(struct tp_avf *avf);
void tp_avf_service_stop(struct tp_avf *avf);

#endif
