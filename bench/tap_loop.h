/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * tap_loop - a bare TAP device: what writing a frame to it and reading one from it costs, with
 * nothing of Tidepool's in between.
 */
#ifndef TP_BENCH_TAP_LOOP_H
#define TP_BENCH_TAP_LOOP_H

#include <stdbool.h>

struct tp_tap_loop;

/* A device of that name, up; NULL, with errno: not here or not by us. */
struct tp_tap_loop *tp_tap_loop_open(const char *name, bool vnet_header);
void tp_tap_loop_close(struct tp_tap_loop *loop);
/* Bring another's device up, quiet: no addresses, no neighbours.  False, with errno. */
bool tp_tap_loop_up(const char *name);

/* Nanoseconds for one of @n frames of @len bytes, without FCS. */
double tp_tap_loop_write(struct tp_tap_loop *loop, unsigned len, unsigned n);
/* The same for one that is sent on the host's side and read here, by one thread. */
double tp_tap_loop_read(struct tp_tap_loop *loop, unsigned len, unsigned n);

#endif
