/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* wire - frames go straight from one end to the other; ends come and go meanwhile. */
#include <errno.h>
#include <string.h>

#include "core/alloc.h"
#include "core/error.h"
#include "core/mutant.h"
#include "model/wire_internal.h"

int tp_wire_create(struct tp_wire **wire)
{
	struct tp_wire *w = tp_zalloc_aligned(64, sizeof(*w));

	if (!w)
		return -ENOMEM;
	tp_mutex_init(&w->plug_lock, TP_RANK_WIRE_PLUG, 0);
	tp_wait_queue_init(&w->idle);
	for (unsigned side = 0; side < 2; side++) {
		tp_spinlock_init(&w->direction[side].lock, TP_RANK_WIRE, side);
		tp_list_init(&w->direction[side].queue);
	}
	*wire = w;
	return 0;
}

static struct tp_wire_direction *from(struct tp_wire *wire, unsigned side)
{
	TP_INVARIANT(side < 2);
	return &wire->direction[side];
}

/* In the direction that leads to @side its end stands. */
static struct tp_wire_direction *towards(struct tp_wire *wire, unsigned side)
{
	TP_INVARIANT(side < 2);
	return &wire->direction[!side];
}

static struct tp_wire_end *end_of(struct tp_wire_direction *direction)
{
	return tp_atomic_load(&direction->end, TP_SEQ_CST);
}

void tp_wire_destroy(struct tp_wire *wire)
{
	for (unsigned side = 0; side < 2; side++)
		TP_INVARIANT(!end_of(towards(wire, side)));
	tp_wire_capture(wire, NULL);
	for (unsigned side = 0; side < 2; side++)
		tp_wire_drop_held(from(wire, side));
	tp_free(wire);
}

/* ---- ends ------------------------------------------------------------------------------------ */

static void tell_link(struct tp_wire_end *end, bool up)
{
	if (end->link)
		end->link(end->arg, up);
}

int tp_wire_plug(struct tp_wire *wire, unsigned side, const struct tp_wire_end *end)
{
	struct tp_wire_direction *direction = towards(wire, side);
	struct tp_wire_end *other, *self = (struct tp_wire_end *)(uintptr_t)end;
	int err = 0;

	tp_mutex_lock(&wire->plug_lock);
	if (end_of(direction)) {
		err = TP_ERR(-EBUSY, "wire: side %u is taken", side);
	} else {
		tp_atomic_store(&direction->end, self, TP_SEQ_CST);
		other = end_of(from(wire, side));
		if (other) {
			tell_link(self, true);
			tell_link(other, true);
		}
	}
	tp_mutex_unlock(&wire->plug_lock);
	return err;
}

void tp_wire_unplug(struct tp_wire *wire, unsigned side)
{
	struct tp_wire_direction *direction = towards(wire, side);
	struct tp_wire_end *other;

	tp_mutex_lock(&wire->plug_lock);
	other = end_of(from(wire, side));
	if (end_of(direction) && other)
		tell_link(other, false);
	tp_atomic_store(&direction->end, NULL, TP_SEQ_CST);
	if (!TP_MUTANT(wire_unwaited))
		tp_wait_event(&wire->idle, !tp_atomic_load(&direction->running, TP_SEQ_CST));
	tp_mutex_unlock(&wire->plug_lock);
}

/* W3: the store of an unplug and this load are ordered, so one of the two sees the other. */
static void leave(struct tp_wire *wire, struct tp_wire_direction *direction)
{
	tp_atomic_sub(&direction->running, 1,
		      TP_MUTANT(wire_leave_relaxed) ? TP_RELAXED : TP_SEQ_CST);
	if (tp_unlikely(!end_of(direction)) && !TP_MUTANT(wire_leave_unwoken))
		tp_wake_all(&wire->idle);
}

/*
 * Who is at the end, kept there until left; NULL: nobody.  The end is looked at once before, so
 * that after an unplug @running is no longer counted up and the wait for it comes to an end.
 */
static struct tp_wire_end *enter(struct tp_wire *wire, struct tp_wire_direction *direction)
{
	struct tp_wire_end *end = end_of(direction);

	if (tp_unlikely(!end))
		return NULL;
	tp_atomic_add(&direction->running, 1, TP_SEQ_CST);
	if (!TP_MUTANT(wire_enter_once))
		end = end_of(direction);
	if (tp_unlikely(!end))
		leave(wire, direction);
	return end;
}

/* ---- frames ---------------------------------------------------------------------------------- */

bool tp_wire_hand_over(struct tp_wire *wire, struct tp_wire_direction *direction,
		       const struct tp_wire_frame *frames, unsigned n)
{
	struct tp_wire_end *end = enter(wire, direction);

	if (tp_unlikely(!end)) {
		tp_quiet_add(&direction->unplugged, n);
		return false;
	}
	end->receive(end->arg, frames, n);
	tp_quiet_add(&direction->delivered, n);
	leave(wire, direction);
	return true;
}

void tp_wire_send(struct tp_wire *wire, unsigned side, const struct tp_wire_frame *frames,
		  unsigned n)
{
	struct tp_wire_direction *direction = from(wire, side);
	uint64_t bytes = 0;

	for (unsigned i = 0; i < n; i++)
		bytes += frames[i].len;
	tp_quiet_add(&direction->sent, n);
	tp_quiet_add(&direction->bytes, bytes);
	if (tp_likely(!tp_atomic_load(&direction->detour, TP_ACQUIRE)))
		tp_wire_hand_over(wire, direction, frames, n);
	else
		tp_wire_detour(wire, direction, frames, n);
}

size_t tp_wire_gather(const struct tp_wire_frame *frame, void *to, size_t max)
{
	size_t at = 0;

	for (unsigned i = 0; i < frame->nr_pieces; i++) {
		const struct tp_wire_piece *piece = &frame->pieces[i];

		if (at < max)
			memcpy((char *)to + at, piece->data, TP_MIN(piece->len, max - at));
		at += piece->len;
	}
	return at;
}

void tp_wire_stat(struct tp_wire *wire, unsigned side, struct tp_wire_stat *stat)
{
	const struct tp_wire_direction *d = from(wire, side);

	*stat = (struct tp_wire_stat){
		.sent = tp_quiet_load(&d->sent),
		.bytes = tp_quiet_load(&d->bytes),
		.lost = tp_quiet_load(&d->lost),
		.corrupted = tp_quiet_load(&d->corrupted),
		.duplicated = tp_quiet_load(&d->duplicated),
		.reordered = tp_quiet_load(&d->reordered),
		.delivered = tp_quiet_load(&d->delivered),
		.held = tp_quiet_load(&d->held),
		.unplugged = tp_quiet_load(&d->unplugged),
	};
}
