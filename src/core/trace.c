/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * trace - the ring: writers never wait, neither for readers nor for each other.
 *
 * Each slot has a state word: the sequence number it stands for, and two flags.
 *
 *	number            stored; may be read
 *	number|WRITING    its writer is storing it
 *	number|LOST       nothing was stored: the writer of an older event was still in the slot
 *	number|LOST|WRITING  the same, and that writer still is
 *
 * Invariants
 *  Q1  At most one writer is between claim() and publish() of a slot; who finds one there gives its
 *      own event up.
 *  Q2  The number in a slot only grows.
 *  Q3  A reader that sees one state before and after copying a slot has copied one event: fields
 *      are stored with release after the claim and loaded with acquire before the second look.
 */
#include "core/alloc.h"
#include "core/clock.h"
#include "core/invariant.h"
#include "core/trace.h"

enum { WRITING = 1, LOST = 2, FLAG_BITS = 2 };

/* One cache line, so that writers of neighbouring events do not share. */
struct slot {
	tp_atomic_u64 state;
	tp_atomic_u64 time_ns;
	tp_atomic_u64 origin; /* thread << 32 | cpu << 16 | id */
	tp_atomic_u64 args[3];
} __attribute__((aligned(64)));

struct tp_trace_ring {
	tp_atomic_u64 last; /* number of the newest event; 0: none yet */
	struct slot slots[TP_TRACE_EVENTS];
};

struct tp_trace_ring *tp_trace_create(void)
{
	return tp_zalloc_aligned(_Alignof(struct tp_trace_ring), sizeof(struct tp_trace_ring));
}

void tp_trace_destroy(struct tp_trace_ring *ring)
{
	tp_free(ring);
}

static struct slot *slot_of(struct tp_trace_ring *ring, uint64_t seq)
{
	return &ring->slots[seq % TP_TRACE_EVENTS];
}

/* Make @slot stand for @seq; true: the caller may store into it. */
static bool claim(struct slot *slot, uint64_t seq)
{
	uint64_t old = tp_atomic_load(&slot->state, TP_ACQUIRE);
	uint64_t new;

	do {
		if (old >> FLAG_BITS > seq)
			return false;
		new = seq << FLAG_BITS | WRITING | (old & WRITING ? LOST : 0);
	} while (!tp_atomic_cas(&slot->state, &old, new, TP_ACQ_REL));
	return !(old & WRITING);
}

static void publish(struct slot *slot)
{
	/* Not a store: a newer event may have marked itself lost here meanwhile. */
	tp_atomic_and(&slot->state, ~(uint64_t)WRITING, TP_ACQ_REL);
}

void tp_trace(struct tp_trace_ring *ring, enum tp_trace_id id, uint64_t a, uint64_t b, uint64_t c)
{
	uint64_t seq = tp_atomic_add(&ring->last, 1, TP_RELAXED) + 1;
	struct slot *slot = slot_of(ring, seq);
	uint64_t origin =
		(uint64_t)tp_thread_id() << 32 | (uint64_t)(uint16_t)tp_cpu_current() << 16 | id;

	if (!claim(slot, seq))
		return;
	tp_atomic_store(&slot->time_ns, tp_clock_now(), TP_RELEASE);
	tp_atomic_store(&slot->origin, origin, TP_RELEASE);
	tp_atomic_store(&slot->args[0], a, TP_RELEASE);
	tp_atomic_store(&slot->args[1], b, TP_RELEASE);
	tp_atomic_store(&slot->args[2], c, TP_RELEASE);
	publish(slot);
}

static void copy_slot(struct slot *slot, uint64_t seq, struct tp_trace_event *event)
{
	uint64_t origin = tp_atomic_load(&slot->origin, TP_ACQUIRE);

	*event = (struct tp_trace_event){
		.seq = seq,
		.time_ns = tp_atomic_load(&slot->time_ns, TP_ACQUIRE),
		.thread = (uint32_t)(origin >> 32),
		.cpu = (uint16_t)(origin >> 16),
		.id = (uint16_t)origin,
	};
	for (size_t i = 0; i < TP_ARRAY_SIZE(event->args); i++)
		event->args[i] = tp_atomic_load(&slot->args[i], TP_ACQUIRE);
}

enum outcome { COPIED, GONE, NOT_YET };

static enum outcome read_slot(struct slot *slot, uint64_t seq, struct tp_trace_event *event)
{
	uint64_t state = tp_atomic_load(&slot->state, TP_ACQUIRE);

	if (state >> FLAG_BITS > seq || state == (seq << FLAG_BITS | LOST) ||
	    state == (seq << FLAG_BITS | LOST | WRITING))
		return GONE;
	if (state != seq << FLAG_BITS)
		return NOT_YET;
	copy_slot(slot, seq, event);
	/* It can only have become a newer one's (Q2). */
	return tp_atomic_load(&slot->state, TP_ACQUIRE) == state ? COPIED : GONE;
}

/* Step over the events that the ring has no slots for any more. */
static void skip_overwritten(struct tp_trace_ring *ring, uint64_t *next, uint64_t *lost)
{
	uint64_t last = tp_atomic_load(&ring->last, TP_ACQUIRE);
	uint64_t oldest = last > TP_TRACE_EVENTS ? last - TP_TRACE_EVENTS + 1 : 1;

	if (!*next)
		*next = 1;
	if (*next < oldest) {
		*lost += oldest - *next;
		*next = oldest;
	}
}

size_t tp_trace_read(struct tp_trace_ring *ring, uint64_t *next, struct tp_trace_event *events,
		     size_t max, uint64_t *lost)
{
	size_t n = 0;

	skip_overwritten(ring, next, lost);
	while (n < max) {
		switch (read_slot(slot_of(ring, *next), *next, &events[n])) {
		case COPIED:
			n++;
			break;
		case GONE:
			++*lost;
			break;
		case NOT_YET:
			return n;
		}
		++*next;
	}
	return n;
}
