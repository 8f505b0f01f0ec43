/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * wire_pair - the one wire of a test program, new for each test, with an end that writes down what
 * arrives on either side.  Include after <cmocka.h>.
 */
#ifndef TESTS_UNIT_WIRE_PAIR_H
#define TESTS_UNIT_WIRE_PAIR_H

#include "wire_ends.h"

static struct tp_wire *wire;
static struct wire_log logged[2];

static inline int begin_pair(void **state)
{
	(void)state;
	must(tp_wire_create(&wire));
	for (unsigned side = 0; side < 2; side++) {
		wire_log_init(&logged[side]);
		must(tp_wire_plug(wire, side, &logged[side].end));
	}
	return 0;
}

static inline int end_pair(void **state)
{
	(void)state;
	wire_must_balance(wire);
	tp_wire_unplug(wire, 0);
	tp_wire_unplug(wire, 1);
	tp_wire_destroy(wire);
	return 0;
}

#endif
