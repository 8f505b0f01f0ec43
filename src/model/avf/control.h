/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* control - what the control side of the simulated function shares among its files. */
#ifndef TP_MODEL_AVF_CONTROL_H
#define TP_MODEL_AVF_CONTROL_H

#include "model/avf/internal.h"

enum {
	TP_AVF_VSI = 7,		 /* the one there is */
	TP_AVF_MAX_VLANS = 64,	 /* filters, tag 0 not counted */
	TP_AVF_RXDID_LEGACY = 1, /* the one descriptor layout there is, as a number */
};

/* ---- registers.c ---- */
extern const struct tp_bus_ops tp_avf_bus_ops;
/* A line for whoever listens (tp_avf_model_log). */
void tp_avf_log(struct tp_avf_model *m, const char *format, ...) tp_printf(2, 3);

/*
 * ---- interrupt.c ----
 * One vector at a given time, without locks.
 */
void tp_avf_vector_write(struct tp_avf_vector *v, uint32_t dyn_ctl);
uint32_t tp_avf_vector_read(const struct tp_avf_vector *v);
void tp_avf_vector_cause(struct tp_avf_vector *v, unsigned itr);
/* When an interrupt is due, UINT64_MAX: none. */
uint64_t tp_avf_vector_due(const struct tp_avf_vector *v);
/* True: it is due, and now counts as raised. */
bool tp_avf_vector_take(struct tp_avf_vector *v, uint64_t now_ns);

void tp_avf_interrupts_init(struct tp_avf_model *m);
void tp_avf_interrupts_reset(struct tp_avf_model *m);
void tp_avf_dyn_ctl_write(struct tp_avf_model *m, unsigned vector, uint32_t value);
uint32_t tp_avf_dyn_ctl_read(struct tp_avf_model *m, unsigned vector);
void tp_avf_itr_write(struct tp_avf_model *m, unsigned vector, unsigned itr, uint32_t ticks);
uint32_t tp_avf_itr_read(struct tp_avf_model *m, unsigned vector, unsigned itr);

/*
 * ---- mailbox.c: under m->lock ----
 */
/* Deal with what the driver sent; true: there was something. */
bool tp_avf_mailbox_run(struct tp_avf_model *m);
/* Send a message to the driver.  It is lost if there is no ring for it, or no room (T18). */
void tp_avf_mailbox_post(struct tp_avf_model *m, uint32_t op, int32_t status, const void *message,
			 size_t len);
/* The driver wrote a length register that was @old before. */
void tp_avf_mailbox_enabled(struct tp_avf_mailbox_ring *ring, uint32_t old);

/*
 * ---- pf.c, pf_queues.c, pf_filter.c, pf_vlan.c, pf_rss.c: under m->lock ----
 */
struct tp_avf_answer {
	int32_t status; /* enum tp_vc_status */
	bool none;	/* no answer is sent */
	size_t len;
	uint64_t data[16];
};

/* Add to an answer's data and return where it is, zeroed. */
void *tp_avf_answer_room(struct tp_avf_answer *answer, size_t len);

/* What the length of a message and the count in it say, before anything else is looked at. */
enum tp_vc_status tp_avf_pf_validate(const struct tp_vc_version *version, uint32_t op,
				     const void *message, size_t len);
/* A message of the driver: validated, obeyed, answered. */
void tp_avf_pf_message(struct tp_avf_model *m, uint32_t op, const void *message, size_t len);
void tp_avf_pf_send_link(struct tp_avf_model *m);

/* Handlers of one operation or of two that are each other's opposite; the length was validated. */
void tp_avf_pf_config_queues(struct tp_avf_model *m, uint32_t op, const void *message,
			     struct tp_avf_answer *answer);
void tp_avf_pf_select_queues(struct tp_avf_model *m, uint32_t op, const void *message,
			     struct tp_avf_answer *answer);
void tp_avf_pf_irq_map(struct tp_avf_model *m, uint32_t op, const void *message,
		       struct tp_avf_answer *answer);
void tp_avf_pf_request_queues(struct tp_avf_model *m, uint32_t op, const void *message,
			      struct tp_avf_answer *answer);
void tp_avf_pf_macs(struct tp_avf_model *m, uint32_t op, const void *message,
		    struct tp_avf_answer *answer);
void tp_avf_pf_promisc(struct tp_avf_model *m, uint32_t op, const void *message,
		       struct tp_avf_answer *answer);
void tp_avf_pf_vlans(struct tp_avf_model *m, uint32_t op, const void *message,
		     struct tp_avf_answer *answer);
void tp_avf_pf_strip(struct tp_avf_model *m, uint32_t op, const void *message,
		     struct tp_avf_answer *answer);
void tp_avf_pf_vlan_caps(struct tp_avf_model *m, uint32_t op, const void *message,
			 struct tp_avf_answer *answer);
void tp_avf_pf_vlans_v2(struct tp_avf_model *m, uint32_t op, const void *message,
			struct tp_avf_answer *answer);
void tp_avf_pf_strip_v2(struct tp_avf_model *m, uint32_t op, const void *message,
			struct tp_avf_answer *answer);
void tp_avf_pf_insert_v2(struct tp_avf_model *m, uint32_t op, const void *message,
			 struct tp_avf_answer *answer);
void tp_avf_pf_rss_key(struct tp_avf_model *m, uint32_t op, const void *message,
		       struct tp_avf_answer *answer);
void tp_avf_pf_rss_lut(struct tp_avf_model *m, uint32_t op, const void *message,
		       struct tp_avf_answer *answer);
void tp_avf_pf_hena_caps(struct tp_avf_model *m, uint32_t op, const void *message,
			 struct tp_avf_answer *answer);
void tp_avf_pf_set_hena(struct tp_avf_model *m, uint32_t op, const void *message,
			struct tp_avf_answer *answer);

/* What the port looks at, as it is after a reset. */
void tp_avf_port_defaults(struct tp_avf_model *m);
/* Change it between these: engines see all of it or nothing. */
struct tp_avf_port *tp_avf_port_begin(struct tp_avf_model *m);
void tp_avf_port_end(struct tp_avf_port *port);

/*
 * ---- reset.c: under m->lock ----
 */
/* F3.  All but the version and the function's own address is as after power-on. */
void tp_avf_reset(struct tp_avf_model *m);
/* The driver hears of it first, and for a while. */
void tp_avf_reset_announced(struct tp_avf_model *m);
/* What the time says of a reset; returns when it will say something else, UINT64_MAX: never. */
uint64_t tp_avf_reset_progress(struct tp_avf_model *m);

#endif
