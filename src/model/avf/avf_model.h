/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * avf_model - a simulated Adaptive Virtual Function and the physical function behind it.
 *
 * What the driver sees is the bus device.  What stands here is the bench's side: making it,
 * plugging it into a wire, running it, breaking it.
 */
#ifndef TP_MODEL_AVF_MODEL_H
#define TP_MODEL_AVF_MODEL_H

#include "core/bus.h"
#include "model/wire.h"

struct tp_avf_model;

/* Who runs the engines.  Messages are answered by whoever sends them, but with TP_AVF_THREAD. */
enum tp_avf_model_mode {
	TP_AVF_INLINE, /* whoever writes the register that gives work; run to completion */
	TP_AVF_THREAD, /* a thread of the device's own */
	TP_AVF_MANUAL, /* tp_avf_model_run(), for tests and explored scenarios */
};

struct tp_avf_model_config {
	const char *name; /* at most 15 bytes */
	enum tp_avf_model_mode mode;
	unsigned queues;    /* pairs, 1 to 16; 0: 4 */
	uint8_t mac[6];	    /* zero: 02:af:00:00:00:01 for a name that ends in 0, and so on */
	unsigned link_mbps; /* 0: 40000 */
	unsigned max_mtu;   /* 0: 9702 */
	uint32_t caps;	    /* offered TP_VC_CAP_*; 0: what the model can do */
	uint64_t reset_ns;  /* time a reset takes, and half as long its announcement; 0: at once */
	bool no_timers;	    /* nobody waits for throttled interrupts; the test runs the device */
	bool spoof_check;   /* frames may only come from the function's own addresses */
	bool mdd_reset;	    /* a malformed frame costs the function a reset (malicious driver) */
};

/* -ENOMEM, -EINVAL, -EAGAIN: no thread. */
int tp_avf_model_create(const struct tp_avf_model_config *config, struct tp_avf_model **model);
/* The driver must have let go of it. */
void tp_avf_model_destroy(struct tp_avf_model *model);
struct tp_bus_device *tp_avf_model_bus(struct tp_avf_model *model);

/* Plug its port into a wire; link up follows, once there is another end.  NULL: unplug. */
int tp_avf_model_plug(struct tp_avf_model *model, struct tp_wire *wire, unsigned side);

/* Do all work that is due, in the calling thread; true: something was done. */
bool tp_avf_model_run(struct tp_avf_model *model);

/* ---- what a test or a scenario does to it ---------------------------------------------------- */

/* The physical function resets the function, announcing it or not. */
void tp_avf_model_pf_reset(struct tp_avf_model *model, bool announce);
/* Say that the link is up or down, until the wire says something else. */
void tp_avf_model_set_link(struct tp_avf_model *model, bool up);
/* A queue's engine stops working until the next reset (hung queue); false takes it back. */
void tp_avf_model_hang(struct tp_avf_model *model, unsigned queue, bool tx, bool hang);
/* Hand the driver any message, whether it makes sense or not. */
void tp_avf_model_send_message(struct tp_avf_model *model, uint32_t op, int32_t status,
			       const void *message, size_t len);
/* The next @n messages of the driver are obeyed but get no answer. */
void tp_avf_model_mute(struct tp_avf_model *model, unsigned n);

/*
 * Asked before the device writes a receive descriptor back: may change all four quad words, to be
 * malicious or broken.  NULL: none.  Set while nothing is received.
 */
void tp_avf_model_tamper_rx(struct tp_avf_model *model,
			    void (*fn)(void *arg, unsigned queue, uint64_t qw[4]), void *arg);

/* ---- what it did ----------------------------------------------------------------------------- */

struct tp_avf_queue_counts {
	/* receive: frames the wire brought for this queue = written + each drop_* */
	uint64_t rx_offered, rx_written, rx_drop_disabled, rx_drop_no_desc, rx_drop_fault;
	uint64_t rx_drop_oversize;
	uint64_t rx_bytes; /* of those written, as on the wire, without FCS */
	/* transmit: frames the descriptors described = sent + each drop_*; TSO counts segments */
	uint64_t tx_frames, tx_sent, tx_drop_malformed, tx_drop_fault, tx_drop_spoof, tx_drop_link;
	uint64_t tx_bytes; /* of those sent, as on the wire: padded to 60, tagged, without FCS */
};

struct tp_avf_model_stat {
	struct tp_avf_queue_counts queue[16];
	/* frames for nobody here, by reason */
	uint64_t rx_filtered, rx_fcs_bad, rx_no_link;
	uint64_t messages, messages_refused, resets;
	uint64_t aq_overflows;
};

void tp_avf_model_stat(struct tp_avf_model *model, struct tp_avf_model_stat *stat);

/*
 * Every register access and message, as text lines to @fn, for traces and tests; NULL: none.  @fn
 * is called by any thread, with locks held.  Set while nobody uses the device.
 */
void tp_avf_model_log(struct tp_avf_model *model, void (*fn)(void *arg, const char *line),
		      void *arg);

#endif
