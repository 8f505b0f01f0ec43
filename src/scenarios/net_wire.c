/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * net_wire - an end of a wire goes while others send to it, straight and by the detour.
 *
 * Must hold: nothing arrives at an end that was unplugged, what arrived before is seen (W3), the
 * unplugging comes to an end, and every frame is accounted for (W1).
 */
#include "model/wire.h"
#include "scenarios/scene.h"

enum { SENDS = 2 };

struct cable {
	struct tp_wire *wire;
	struct tp_wire_end end;
	TP_ATOMIC(uint32_t) gone;
	TP_ATOMIC(uint32_t) arrived;
	uint32_t seen; /* of those, after the unplug */
};

static void receive(void *arg, tp_unused const struct tp_wire_frame *frames, unsigned n)
{
	struct cable *c = arg;

	TP_EXPECT(!tp_atomic_load(&c->gone, TP_RELAXED));
	tp_atomic_count(&c->arrived, n);
}

static void *prepare(void)
{
	struct cable *c = tp_sim_alloc(sizeof(*c));

	c->end = (struct tp_wire_end){ .receive = receive, .arg = c };
	TP_SCENE_MUST(tp_wire_create(&c->wire));
	TP_SCENE_MUST(tp_wire_plug(c->wire, 1, &c->end));
	return c;
}

static void *prepare_doubling(void)
{
	const struct tp_wire_mishap mishap = { .duplicate_ppm = 1000000 };
	struct cable *c = prepare();

	tp_wire_set_mishap(c->wire, 0, &mishap);
	return c;
}

static void send_frames(void *arg)
{
	static const char data[60];
	const struct tp_wire_piece piece = { data, sizeof(data) };
	const struct tp_wire_frame frame = { &piece, 1, sizeof(data), 0 };
	struct cable *c = arg;

	for (unsigned i = 0; i < SENDS; i++)
		tp_wire_send(c->wire, 0, &frame, 1);
}

static void unplug(void *arg)
{
	struct cable *c = arg;

	tp_wire_unplug(c->wire, 1);
	c->seen = tp_atomic_load(&c->arrived, TP_RELAXED);
	tp_atomic_store(&c->gone, 1, TP_RELAXED);
}

static void start(void *state)
{
	tp_sim_start("send", send_frames, state);
	tp_sim_start("unplug", unplug, state);
}

static void check(void *state)
{
	struct cable *c = state;
	struct tp_wire_stat s;

	tp_wire_stat(c->wire, 0, &s);
	TP_EXPECT(s.sent == SENDS);
	TP_EXPECT(s.sent + s.duplicated == s.delivered + s.lost + s.unplugged + s.held);
	TP_EXPECT(s.delivered == tp_atomic_load(&c->arrived, TP_RELAXED));
	TP_EXPECT(s.delivered == c->seen);
	tp_wire_destroy(c->wire);
}

TP_SCENARIO(wire_unplug, {
				 .name = "net/wire-unplug",
				 .summary = "an end of a wire goes while a frame is sent to it",
				 .prepare = prepare,
				 .start = start,
				 .check = check,
			 })

TP_SCENARIO(wire_unplug_detour,
	    {
		    .name = "net/wire-unplug-detour",
		    .summary = "an end of a wire goes while frames are sent to it twice",
		    .prepare = prepare_doubling,
		    .start = start,
		    .check = check,
	    })
