/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * descriptor_loop - the least that moving frames between two rings of descriptors can cost, as an
 * anchor for what the driver and its simulated device cost.
 *
 * A sender fills descriptors of 16 bytes in batches and asks for one write-back per batch; a device
 * copies each frame to the buffer of a receive descriptor of 32 bytes, with or without looking up
 * both pages in a table; a receiver looks at what is done and posts it again by 16.  Nothing is
 * counted but frames and bytes, nothing is allocated, nothing can go wrong.
 */
#ifndef TP_BENCH_DESCRIPTOR_LOOP_H
#define TP_BENCH_DESCRIPTOR_LOOP_H

#include <stdbool.h>
#include <stdint.h>

struct tp_bench_loop;

struct tp_bench_loop_config {
	uint32_t frame_len; /* bytes, at most 2048 less 64 */
	unsigned batch;	    /* frames; a power of two, at most 128 */
	bool check;	    /* pages are looked up */
	bool two_cores;	    /* the device has a thread, on another CPU */
};

/* NULL: no memory. */
struct tp_bench_loop *tp_bench_loop_create(const struct tp_bench_loop_config *config);
void tp_bench_loop_destroy(struct tp_bench_loop *loop);
/* Move so many frames, rounded up to a batch; returns how many. */
uint64_t tp_bench_loop_run(struct tp_bench_loop *loop, uint64_t frames);

#endif
