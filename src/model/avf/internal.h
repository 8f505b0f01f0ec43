/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * internal - the parts of the simulated function: registers, interrupts, mailbox and physical
 * function on one side, descriptor engines and port on the other.
 *
 * Invariants
 *  F1  Memory is reached through the IOMMU only, page by page, in a burst (core/iommu.h): engine
 *      2q for transmit, 2q+1 for receive of queue q, TP_AVF_ENGINE_AQ for the mailbox.
 *  F2  A descriptor is written back after its data: the word with DD last (release).  The head of
 *      an admin queue moves after its descriptor was written (T18).
 *  F3  An engine works only while its queue is enabled.  Disabling a queue, and a reset, return
 *      when its engine is out of memory: afterwards nothing of the ring is read or written.
 *  F4  An interrupt that is due is raised, or stays pending until enabled and its interval is over;
 *      none is lost, several may be one.
 *  F5  The base address of an admin ring is taken at its first use, not when its length is written
 *      (T17).
 *
 * Locking: @lock (rank MODEL) for mailbox, physical function and configuration; each engine has its
 * own (rank MODEL_TX, MODEL_RX; subrank: queue, for no thread holds two), taken after it;
 * @timer_lock (IRQ).
 * A transmit engine holds its lock while it hands frames to the wire, and with it takes the
 * receive engine's at the other end: transmit before receive.
 */
#ifndef TP_MODEL_AVF_INTERNAL_H
#define TP_MODEL_AVF_INTERNAL_H

#include "core/rng.h"
#include "model/avf/avf_model.h"
#include "model/packet.h"
#include "net/avf/avf_regs.h"
#include "net/avf/virtchnl_regs.h"

enum { TP_AVF_ENGINE_AQ = 2 * TP_AVF_MAX_QUEUES };
_Static_assert((int)TP_AVF_ENGINE_AQ < (int)TP_IOMMU_ENGINES, "a slot for every engine");

/* ---- engines (engine_tx.c, engine_rx.c) ------------------------------------------------------ */

struct tp_avf_tx_engine {
	struct tp_spinlock lock __attribute__((aligned(64)));
	tp_atomic_u32 tail; /* as the driver wrote it */
	/* under lock */
	bool enabled, hung;
	tp_dma_addr ring;
	unsigned count, head;
	unsigned vector, itr;
	struct tp_wire *wire; /* NULL: no link; frames are dropped */
	unsigned wire_side;
	struct tp_avf_queue_counts *counts; /* the tx_ half */
	uint64_t casts[3];		    /* frames sent, by destination: as in a descriptor */
};

struct tp_avf_rx_engine {
	struct tp_spinlock lock __attribute__((aligned(64)));
	tp_atomic_u32 tail;
	/* under lock */
	bool enabled, hung;
	tp_dma_addr ring;
	unsigned count, head;
	unsigned buf_size, max_frame;
	bool crc_disable; /* the FCS stays with the frame: not stripped */
	unsigned vector, itr;
	struct tp_avf_queue_counts *counts; /* the rx_ half */
};

/* What a receive port looks at to choose a queue and to accept a frame; read by engines. */
enum { TP_AVF_MODEL_MACS = 128 };

struct tp_avf_port {
	struct tp_spinlock lock; /* rank MODEL_RX, subrank after all engines */
	bool link_up;		 /* as tp_avf_engines_connect() said */
	uint8_t macs[TP_AVF_MODEL_MACS][6];
	unsigned nr_macs;
	bool promisc, allmulti;
	uint64_t vlans[4096 / 64];
	bool vlan_filtering, vlan_strip;
	uint64_t hena;
	uint8_t key[TP_AVF_HKEY_BYTES];
	uint8_t lut[TP_AVF_HLUT_ENTRIES];
	uint32_t generation; /* changes with each of the above */
	uint64_t casts[3];   /* frames taken, by destination: as in a descriptor */
	/* what the port derives from it, and of which generation that is */
	uint32_t derived;
	uint64_t mac_words[TP_AVF_MODEL_MACS];
	struct tp_toeplitz toeplitz;
};

/* ---- interrupts (interrupt.c) ---------------------------------------------------------------- */

struct tp_avf_vector {
	bool enabled, wb_on_itr;
	uint8_t pending; /* causes that wait: a bit for the index of the interval of each */
	bool was_raised;
	uint64_t raised_ns;		  /* when it was last */
	uint32_t interval[TP_AVF_NR_ITR]; /* ticks of 2 us */
};

/* ---- mailbox (mailbox.c) --------------------------------------------------------------------- */

struct tp_avf_mailbox_ring {
	uint32_t len, bal, bah, head, tail; /* registers */
	tp_dma_addr base;		    /* as latched (T17) */
	bool latched;
	bool shut_down; /* the driver said that it is gone; until the ring is enabled again */
};

struct tp_avf_model {
	struct tp_bus_device bus;
	struct tp_avf_model_config config;
	struct tp_spinlock lock;

	struct tp_avf_mailbox_ring atq, arq;
	uint8_t *message; /* TP_AVF_AQ_BUF bytes: the driver's, while it is dealt with */
	uint32_t icr0, icr0_ena, rstat;
	uint64_t reset_due_ns;	/* it was announced and will begin then; 0: none */
	uint64_t reset_done_ns; /* it is running and will be over then */

	/* the physical function's view of the function */
	struct tp_vc_version vf_version; /* kept across every reset (T19) */
	uint32_t caps;			 /* negotiated */
	uint8_t mac[6];			 /* its own address, as it said last */
	unsigned active_pairs;		 /* that it may have, at most config.queues */
	bool resources_given;
	uint32_t configured[2], enabled[2]; /* queues: receive, transmit */
	unsigned mute;

	struct tp_spinlock timer_lock;
	struct tp_avf_vector vectors[TP_AVF_MAX_VECTORS];

	struct tp_avf_tx_engine tx[TP_AVF_MAX_QUEUES];
	struct tp_avf_rx_engine rx[TP_AVF_MAX_QUEUES];
	struct tp_avf_port port;
	struct tp_avf_model_stat stat;

	struct tp_wire *wire;
	unsigned wire_side;
	struct tp_wire_end end;
	bool link_up; /* the wire, or a test, said so last */

	tp_atomic_u32 malicious; /* a malformed frame was seen, and config.mdd_reset is set */
	void (*tamper_rx)(void *arg, unsigned queue, uint64_t qw[4]);
	void *tamper_arg;
	void (*log)(void *arg, const char *line);
	void *log_arg;

	struct tp_thread thread; /* TP_AVF_THREAD, or timers only */
	bool has_thread;
	tp_atomic_u32 stopping;
	tp_atomic_u64 sleeps_until_ns; /* the thread; UINT64_MAX: it is up, or sleeps for good */
	struct tp_wait_queue work;
};

static inline struct tp_avf_model *tp_avf_model_of(struct tp_bus_device *device)
{
	return tp_container_of(device, struct tp_avf_model, bus);
}

/*
 * engines: what the control side calls.  Counts of a queue are read under its engine's lock, those
 * of frames for nobody under the port's.
 */
void tp_avf_engines_init(struct tp_avf_model *m);
/*
 * Send to @wire from now on, and receive; NULL: no link.  When it returns no engine uses the wire
 * of before.
 */
void tp_avf_engines_connect(struct tp_avf_model *m, struct tp_wire *wire, unsigned side);
/*
 * Configure a queue that is disabled, as CONFIG_VSI_QUEUES said: it begins at descriptor 0.  The
 * tail of a receive queue stays: drivers fill the ring before they send the message.
 */
void tp_avf_engine_config_tx(struct tp_avf_model *m, unsigned q, const struct tp_vc_txq_info *info);
void tp_avf_engine_config_rx(struct tp_avf_model *m, unsigned q, const struct tp_vc_rxq_info *info);
/* F3.  Nothing is sent from here: what was posted before goes with the next doorbell. */
void tp_avf_engine_enable(struct tp_avf_model *m, unsigned q, bool tx, bool enable);
/* Queues, rings, heads and tails as after power-on; the link, the port and the counts stay. */
void tp_avf_engines_reset(struct tp_avf_model *m);
/* What GET_STATS answers: everything the device ever counted. */
void tp_avf_engines_eth(struct tp_avf_model *m, struct tp_vc_eth_stats *eth);
/*
 * The driver moved a tail; in TP_AVF_INLINE this runs the engine.  Here and in
 * tp_avf_engines_run(): no lock of the model is held, for a malformed frame may lead to
 * tp_avf_model_pf_reset().
 */
void tp_avf_engine_doorbell(struct tp_avf_model *m, unsigned q, bool tx, uint32_t tail);
/* Send what the transmit queues hold; true: something was done. */
bool tp_avf_engines_run(struct tp_avf_model *m);
/* What is plugged into the wire: frames arrive. */
void tp_avf_port_receive(void *arg, const struct tp_wire_frame *frames, unsigned n);

/* There is work, or something to wait for: wake the device's thread, if it has one. */
static inline void tp_avf_kick(struct tp_avf_model *m)
{
	if (m->has_thread)
		tp_wake_all(&m->work);
}

/* interrupts: what the engines and the mailbox call */
/* Queue work was done: raise @vector now or when its interval is over (F4).  0: not mapped. */
void tp_avf_interrupt(struct tp_avf_model *m, unsigned vector, unsigned itr);
/* A message arrived. */
void tp_avf_interrupt_aq(struct tp_avf_model *m);
/* Raise what has become due; returns when the next will, UINT64_MAX: none. */
uint64_t tp_avf_interrupts_run(struct tp_avf_model *m);

#endif
