/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * net_rig - two simulated functions on a wire and a driver for each: frames go from one to the
 * other, run to completion by the caller or with the devices on threads of their own.
 */
#ifndef TP_BENCH_NET_RIG_H
#define TP_BENCH_NET_RIG_H

#include <stdbool.h>
#include <stdint.h>

struct tp_bench_net;

struct tp_bench_net_config {
	uint32_t frame_len;
	unsigned batch; /* frames of one call to xmit, at most 64 */
	bool two_cores; /* the sending device has a thread */
	bool counted;	/* statistics are on, so they can be asked */
};

struct tp_bench_net *tp_bench_net_create(const struct tp_bench_net_config *config);
/* Every counter is asked whether it adds up. */
void tp_bench_net_destroy(struct tp_bench_net *net);
/* Until so many frames have arrived; returns how many did. */
uint64_t tp_bench_net_run(struct tp_bench_net *net, uint64_t frames);

#endif
