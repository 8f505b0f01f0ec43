/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * trace_gpu - the lanes and counters of one machine's GPUs in a trace.
 *
 * Each GT has a lane for what empties its translation caches and one for its resets.  L1 and L2 of
 * trace_lanes hold here too: of invalidations at a time the first is a bar.
 *
 * Locking: everything belongs to the thread that runs the script.
 */
#ifndef TP_LAB_TRACE_GPU_H
#define TP_LAB_TRACE_GPU_H

#include "core/trace.h"
#include "lab/trace_json.h"
#include "mm/machine.h"

enum { TP_TRACE_GPU_LANES = 64 /* what happens on more is ticks of CPUs only */ };

struct tp_trace_gpu_lane {
	uint64_t gpu, gt;
	bool resets;
	struct tp_trace_event open; /* seq 0: none */
	uint64_t busy_until_ns;	    /* the end of the last bar */
};

struct tp_trace_gpus {
	struct tp_machine *machine;
	unsigned number; /* the machine's, in the run */
	bool named;	 /* their group has its name */
	unsigned nr_lanes;
	struct tp_trace_gpu_lane lanes[TP_TRACE_GPU_LANES];
};

/* All zero but machine and number is the beginning. */
void tp_trace_gpus_show(struct tp_trace_gpus *gpus, struct tp_trace_json *json,
			const struct tp_trace_event *event);
/* Events were lost (L2). */
void tp_trace_gpus_forget(struct tp_trace_gpus *gpus);
/* Every counter of every GPU's caches that is not 0. */
void tp_trace_gpus_count(struct tp_trace_gpus *gpus, struct tp_trace_json *json, uint64_t time_ns);

#endif
