/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * wire_ends - an end of a wire that writes down what arrives, and numbered frames for it.  Include
 * after <cmocka.h>.
 */
#ifndef TESTS_UNIT_WIRE_ENDS_H
#define TESTS_UNIT_WIRE_ENDS_H

#include <string.h>

#include "mm_machine.h"
#include "core/rng.h"
#include "model/wire.h"

enum { WIRE_LOG = 8192, WIRE_FRAME = 60 };

struct wire_log {
	unsigned n;
	struct {
		uint64_t number;
		unsigned flags;
		uint32_t len;
		bool intact;
	} frames[WIRE_LOG];
	unsigned ups, downs;
	struct tp_wire_end end;
};

/* A frame: its number, then bytes that follow from it. */
struct wire_number {
	uint64_t number;
	uint8_t rest[WIRE_FRAME - 8];
};

static inline void wire_number_fill(struct wire_number *frame, uint64_t number)
{
	frame->number = number;
	for (unsigned i = 0; i < sizeof(frame->rest); i++)
		frame->rest[i] = (uint8_t)(tp_rng_mix(number + 1) >> i % 8 * 8);
}

static inline void wire_log_one(struct wire_log *log, const struct tp_wire_frame *frame)
{
	struct wire_number got = { 0 }, expected;
	size_t at = tp_wire_gather(frame, &got, sizeof(got));

	assert_true(at <= sizeof(got));
	assert_int_equal(at, frame->len);
	assert_true(log->n < WIRE_LOG);
	wire_number_fill(&expected, got.number);
	log->frames[log->n].number = got.number;
	log->frames[log->n].flags = frame->flags;
	log->frames[log->n].len = frame->len;
	log->frames[log->n++].intact = !memcmp(&got, &expected, WIRE_FRAME);
}

static inline void wire_log_receive(void *arg, const struct tp_wire_frame *frames, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		wire_log_one(arg, &frames[i]);
}

static inline void wire_log_link(void *arg, bool up)
{
	struct wire_log *log = arg;

	log->ups += up;
	log->downs += !up;
}

static inline void wire_log_init(struct wire_log *log)
{
	*log = (struct wire_log){ .end = { wire_log_receive, wire_log_link, log } };
}

/* Send frames @first to @first + @n - 1 in one batch, each in two pieces. */
static inline void wire_send_numbers(struct tp_wire *wire, unsigned side, uint64_t first,
				     unsigned n, unsigned flags)
{
	struct wire_number numbers[64];
	struct tp_wire_piece pieces[64][2];
	struct tp_wire_frame frames[64];

	assert_true(n <= 64);
	for (unsigned i = 0; i < n; i++) {
		wire_number_fill(&numbers[i], first + i);
		pieces[i][0] = (struct tp_wire_piece){ &numbers[i], 13 };
		pieces[i][1] = (struct tp_wire_piece){ (char *)&numbers[i] + 13, WIRE_FRAME - 13 };
		frames[i] = (struct tp_wire_frame){ pieces[i], 2, WIRE_FRAME, flags };
	}
	tp_wire_send(wire, side, frames, n);
}

static inline struct tp_wire_stat wire_stat(struct tp_wire *wire, unsigned side)
{
	struct tp_wire_stat s;

	tp_wire_stat(wire, side, &s);
	return s;
}

/* W1 */
static inline void wire_must_balance(struct tp_wire *wire)
{
	for (unsigned side = 0; side < 2; side++) {
		struct tp_wire_stat s = wire_stat(wire, side);

		assert_int_equal(s.sent + s.duplicated,
				 s.delivered + s.lost + s.unplugged + s.held);
		assert_int_equal(s.bytes, s.sent * WIRE_FRAME);
	}
}

#endif
