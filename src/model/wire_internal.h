/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * wire_internal - the parts of a wire: the straight way (wire.c), the detour of frames to which
 * something happens (wire_mishap.c) and the capture (pcap.c).
 */
#ifndef TP_MODEL_WIRE_INTERNAL_H
#define TP_MODEL_WIRE_INTERNAL_H

#include "core/list.h"
#include "core/rng.h"
#include "model/wire.h"

/* A frame held back, whole. */
struct tp_wire_held {
	struct tp_list in_queue;
	uint64_t due_ns;
	unsigned copies, flags;
	uint32_t len;
	uint8_t data[];
};

/* Why frames of a direction go the detour. */
enum { TP_WIRE_MISHAPS = 1, TP_WIRE_HOLDING = 2, TP_WIRE_CAPTURED = 4 };

/* From one side to the other. */
struct tp_wire_direction {
	tp_atomic_ptr end __attribute__((aligned(64))); /* struct tp_wire_end *: who receives */
	tp_atomic_u32 running; /* calls of that end that may be under way */
	tp_atomic_u32 detour;  /* TP_WIRE_*; written under lock */
	tp_quiet sent, bytes, delivered, unplugged;
	tp_quiet lost, corrupted, duplicated, reordered, held;

	struct tp_spinlock lock __attribute__((aligned(64)));
	struct tp_wire_mishap mishap;
	struct tp_rng rng;
	struct tp_list queue; /* of struct tp_wire_held, in the order in which they came */
	struct tp_wire_held *straggler; /* waits for the next frame to follow it */
};

struct tp_wire {
	struct tp_wire_direction direction[2]; /* by the side that sends */
	struct tp_mutex plug_lock;
	struct tp_wait_queue idle;  /* somebody waits for running to become 0 */
	struct tp_capture *capture; /* changed under both directions' locks, read under one */
};

/* Hand frames to whoever is there, and count them; true: somebody was. */
bool tp_wire_hand_over(struct tp_wire *wire, struct tp_wire_direction *direction,
		       const struct tp_wire_frame *frames, unsigned n);

/* The detour of a batch. */
void tp_wire_detour(struct tp_wire *wire, struct tp_wire_direction *direction,
		    const struct tp_wire_frame *frames, unsigned n);
/* Forget what is held back; nobody is sending. */
void tp_wire_drop_held(struct tp_wire_direction *direction);

/* ---- capture --------------------------------------------------------------------------------- */

struct tp_capture;

int tp_capture_open(const char *path, struct tp_capture **capture);
/* @n frames that were delivered; any thread. */
void tp_capture_write(struct tp_capture *capture, const struct tp_wire_frame *frames, unsigned n);
/* -EIO: not everything could be written. */
int tp_capture_close(struct tp_capture *capture);

#endif
