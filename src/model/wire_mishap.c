/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * wire_mishap - the detour: frames are lost, damaged, doubled, overtaken, late; and captured.
 *
 * Invariants
 *  X1  Frames that are held leave in the order in which they came; nothing passes them.  A frame
 *      that was drawn to be reordered is overtaken by one that came later.
 *  X2  The same seed and the same frames have the same fate.
 */
#include <errno.h>

#include "core/alloc.h"
#include "core/clock.h"
#include "core/error.h"
#include "model/wire_internal.h"

enum { MILLION = 1000000 };

/* ---- what is special about a direction ------------------------------------------------------- */

static void set_detour(struct tp_wire_direction *d, unsigned why, bool on)
{
	unsigned now = tp_atomic_load(&d->detour, TP_RELAXED);

	tp_spin_assert_held(&d->lock);
	tp_atomic_store(&d->detour, on ? now | why : now & ~why, TP_RELEASE);
}

/* The one that leaves the queue next; NULL: none waits there. */
static struct tp_wire_held *first_of(struct tp_wire_direction *d)
{
	return tp_list_empty(&d->queue)
		       ? NULL
		       : tp_list_entry(d->queue.next, struct tp_wire_held, in_queue);
}

static void note_holding(struct tp_wire_direction *d)
{
	set_detour(d, TP_WIRE_HOLDING, first_of(d) || d->straggler);
}

void tp_wire_set_mishap(struct tp_wire *wire, unsigned side, const struct tp_wire_mishap *mishap)
{
	struct tp_wire_direction *d = &wire->direction[side];
	bool any = mishap->lose_ppm || mishap->corrupt_ppm || mishap->duplicate_ppm ||
		   mishap->reorder_ppm || mishap->delay_ns;

	tp_spin_lock(&d->lock);
	d->mishap = *mishap;
	tp_rng_init(&d->rng, mishap->seed);
	set_detour(d, TP_WIRE_MISHAPS, any);
	tp_spin_unlock(&d->lock);
}

static struct tp_capture *swap_capture(struct tp_wire *wire, struct tp_capture *capture)
{
	struct tp_capture *old;

	for (unsigned side = 0; side < 2; side++)
		tp_spin_lock(&wire->direction[side].lock);
	old = wire->capture;
	wire->capture = capture;
	for (unsigned side = 2; side-- > 0;) {
		set_detour(&wire->direction[side], TP_WIRE_CAPTURED, capture);
		tp_spin_unlock(&wire->direction[side].lock);
	}
	return old;
}

int tp_wire_capture(struct tp_wire *wire, const char *path)
{
	struct tp_capture *capture = NULL;
	int err = path ? tp_capture_open(path, &capture) : 0;

	if (err)
		return err;
	capture = swap_capture(wire, capture);
	return capture ? tp_capture_close(capture) : 0;
}

/* ---- frames pass ----------------------------------------------------------------------------- */

static void pass(struct tp_wire *wire, struct tp_wire_direction *d,
		 const struct tp_wire_frame *frames, unsigned n)
{
	if (tp_wire_hand_over(wire, d, frames, n) && wire->capture)
		tp_capture_write(wire->capture, frames, n);
}

static void pass_held(struct tp_wire *wire, struct tp_wire_direction *d, struct tp_wire_held *held)
{
	const struct tp_wire_piece piece = { held->data, held->len };
	const struct tp_wire_frame frame = {
		.pieces = &piece, .nr_pieces = 1, .len = held->len, .flags = held->flags
	};

	for (unsigned i = 0; i < held->copies; i++)
		pass(wire, d, &frame, 1);
	tp_quiet_sub(&d->held, held->copies);
	tp_free(held);
}

static void pass_due(struct tp_wire *wire, struct tp_wire_direction *d, uint64_t now)
{
	struct tp_wire_held *held;

	while ((held = first_of(d)) && held->due_ns <= now) {
		tp_list_remove(&held->in_queue);
		pass_held(wire, d, held);
	}
}

/* X1: behind those that came earlier, even if they are due later. */
static void enqueue(struct tp_wire_direction *d, struct tp_wire_held *held, uint64_t now)
{
	held->due_ns = now + TP_MIN(d->mishap.delay_ns, UINT64_MAX - now);
	tp_list_add_before(&d->queue, &held->in_queue);
}

/* ---- fate ------------------------------------------------------------------------------------ */

struct fate {
	bool lost, corrupt, straggle;
	unsigned copies;
};

static bool drawn(struct tp_wire_direction *d, unsigned ppm)
{
	return ppm && tp_rng_below(&d->rng, MILLION) < ppm;
}

static struct fate draw(struct tp_wire_direction *d)
{
	struct fate fate = { .lost = drawn(d, d->mishap.lose_ppm), .copies = 1 };

	if (fate.lost)
		return fate;
	fate.corrupt = drawn(d, d->mishap.corrupt_ppm);
	fate.copies += drawn(d, d->mishap.duplicate_ppm);
	/* One at a time: the next frame is the one that overtakes. */
	fate.straggle = drawn(d, d->mishap.reorder_ppm) && !d->straggler;
	return fate;
}

/* One bit of it is wrong. */
static void corrupt(struct tp_wire_direction *d, struct tp_wire_held *held)
{
	if (held->len)
		held->data[tp_rng_below(&d->rng, held->len)] ^=
			(uint8_t)(1u << tp_rng_below(&d->rng, 8));
	held->flags = (held->flags | TP_WIRE_FCS_BAD) & ~(unsigned)TP_WIRE_CSUM_GOOD;
	tp_quiet_add(&d->corrupted, 1);
}

static struct tp_wire_held *hold(struct tp_wire_direction *d, const struct tp_wire_frame *frame,
				 const struct fate *fate)
{
	struct tp_wire_held *held = tp_zalloc(sizeof(*held) + frame->len);

	if (!held)
		return NULL;
	held->copies = fate->copies;
	held->flags = frame->flags;
	held->len = frame->len;
	tp_wire_gather(frame, held->data, frame->len);
	if (fate->corrupt)
		corrupt(d, held);
	tp_quiet_add(&d->duplicated, fate->copies - 1);
	tp_quiet_add(&d->held, fate->copies);
	return held;
}

/* A frame passed, or stands in the queue: the straggler, if there was one, comes after it. */
static void let_follow(struct tp_wire_direction *d, struct tp_wire_held *straggler, uint64_t now)
{
	if (!straggler)
		return;
	tp_quiet_add(&d->reordered, 1);
	d->straggler = NULL;
	enqueue(d, straggler, now);
}

static void pass_copies(struct tp_wire *wire, struct tp_wire_direction *d,
			const struct tp_wire_frame *frame, unsigned copies)
{
	tp_quiet_add(&d->duplicated, copies - 1);
	while (copies--)
		pass(wire, d, frame, 1);
}

static void send_one(struct tp_wire *wire, struct tp_wire_direction *d,
		     const struct tp_wire_frame *frame, uint64_t now)
{
	struct fate fate = draw(d);
	struct tp_wire_held *straggler = d->straggler, *held = NULL;
	bool straight = !fate.corrupt && !fate.straggle && !d->mishap.delay_ns && !first_of(d);

	if (!fate.lost && !straight)
		held = hold(d, frame, &fate);
	if (fate.lost || (!straight && !held)) {
		tp_quiet_add(&d->lost, 1);
		return;
	}
	if (straight) {
		pass_copies(wire, d, frame, fate.copies);
	} else if (fate.straggle) {
		held->due_ns = now + TP_WIRE_STRAGGLE_NS;
		d->straggler = held;
	} else {
		enqueue(d, held, now);
	}
	let_follow(d, straggler, now);
	pass_due(wire, d, now);
}

void tp_wire_detour(struct tp_wire *wire, struct tp_wire_direction *d,
		    const struct tp_wire_frame *frames, unsigned n)
{
	uint64_t now;

	tp_spin_lock(&d->lock);
	if (tp_atomic_load(&d->detour, TP_RELAXED) & (TP_WIRE_MISHAPS | TP_WIRE_HOLDING)) {
		now = tp_clock_now();
		pass_due(wire, d, now);
		for (unsigned i = 0; i < n; i++)
			send_one(wire, d, &frames[i], now);
		note_holding(d);
	} else {
		pass(wire, d, frames, n);
	}
	tp_spin_unlock(&d->lock);
}

/* ---- time passes ----------------------------------------------------------------------------- */

static uint64_t run_direction(struct tp_wire *wire, struct tp_wire_direction *d, uint64_t now)
{
	uint64_t next = UINT64_MAX;
	struct tp_wire_held *first;

	tp_spin_lock(&d->lock);
	pass_due(wire, d, now);
	if (d->straggler && d->straggler->due_ns <= now) {
		enqueue(d, d->straggler, now);
		d->straggler = NULL;
		pass_due(wire, d, now);
	}
	first = first_of(d);
	if (first)
		next = first->due_ns;
	if (d->straggler)
		next = TP_MIN(next, d->straggler->due_ns);
	note_holding(d);
	tp_spin_unlock(&d->lock);
	return next;
}

uint64_t tp_wire_run(struct tp_wire *wire)
{
	uint64_t now = tp_clock_now();
	uint64_t next = run_direction(wire, &wire->direction[0], now);

	return TP_MIN(next, run_direction(wire, &wire->direction[1], now));
}

void tp_wire_drop_held(struct tp_wire_direction *d)
{
	tp_list_for_each_safe(held, &d->queue, struct tp_wire_held, in_queue)
		tp_free(held);
	tp_list_init(&d->queue);
	tp_free(d->straggler);
	d->straggler = NULL;
}
