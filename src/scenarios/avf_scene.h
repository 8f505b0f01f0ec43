/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * avf_scene - what the scenarios of the AVF driver begin with: a machine, a function of one queue
 * pair that does nothing by itself, its driver, and a wire whose other end counts.
 */
#ifndef TP_SCENARIOS_AVF_SCENE_H
#define TP_SCENARIOS_AVF_SCENE_H

#include "model/avf/avf_model.h"
#include "net/avf/avf_internal.h"
#include "scenarios/scene.h"

struct tp_avf_scene {
	struct tp_scene *scene;
	struct tp_avf_model *model;
	struct tp_avf *avf; /* NULL: there is no driver */
	struct tp_wire *wire;
	struct tp_wire_end end;
	uint64_t taken; /* frames that the one sender got rid of */
	/* for a scenario's own use, as is @gone */
	struct tp_netbuf *ready[2];
	bool refused;
	TP_ATOMIC(uint32_t) delivered, woken, gone;
};

/* A driver of it, closed.  @boot blocks at node 0, and a device of one block at node 1 (T27). */
struct tp_avf_scene *tp_avf_scene_make(unsigned boot);
/* The same without a driver; and the driver: 0 or the error. */
struct tp_avf_scene *tp_avf_scene_bare(unsigned boot);
int tp_avf_scene_create(struct tp_avf_scene *s);

/* Send @n frames from the other end of the wire; they lie in the receive ring then. */
void tp_avf_scene_arrive(struct tp_avf_scene *s, unsigned n);
/* Up to @n frames to be sent; returns how many there are buffers for. */
unsigned tp_avf_scene_build(struct tp_avf_scene *s, struct tp_netbuf **frames, unsigned n);
/* Offer them to the send queue; what it does not take is freed.  Returns how many it took. */
unsigned tp_avf_scene_offer(struct tp_avf_scene *s, struct tp_netbuf **frames, unsigned n);
/* One of them, built and offered; false: it was not taken, or there was no buffer. */
bool tp_avf_scene_send(struct tp_avf_scene *s);
struct tp_machine *tp_avf_scene_machine(const struct tp_avf_scene *s);

/*
 * For a check: resets that are due are done, the device runs if it @runs; then it is closed, every
 * frame is accounted for (Q3), and it is destroyed, with nothing left.
 */
void tp_avf_scene_end(struct tp_avf_scene *s, bool runs);

#endif
