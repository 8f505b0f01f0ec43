/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * trace_lanes - the lanes of one machine in a trace: which event is shown where.
 *
 * Every event is a tick in the lane of the CPU it was written on; what it says about a node or a
 * consumer, it says in that one's lane too.
 *
 * Invariants
 *  L1  Bars of a lane do not overlap.  A node's are hotplug operations and a consumer's are calls:
 *      the hotplug lock admits one of each in a machine.  A CPU's are holds: one that begins while
 *      another of that CPU is open stays a tick.
 *  L2  A bar is written when its end is seen, so none is without an end.  What was open when events
 *      were lost is forgotten: its end may be among them.
 *
 * Locking: everything belongs to the thread that runs the script.
 */
#ifndef TP_LAB_TRACE_LANES_H
#define TP_LAB_TRACE_LANES_H

#include "core/trace.h"
#include "lab/trace_gpu.h"
#include "lab/trace_json.h"
#include "mm/machine.h"

enum { TP_TRACE_CONSUMERS = 64 }; /* that have a lane each; more share the last one */

struct tp_trace_cpu {
	bool named;
	struct tp_trace_event hold; /* that is open; seq 0: none */
	uint64_t busy_until_ns;	    /* the end of the last bar */
};

struct tp_trace_lanes {
	unsigned machine; /* its number in the run */
	unsigned nr_nodes;
	uint64_t block_pages;
	struct tp_trace_event operation, call; /* that are open; seq 0: none */
	uint64_t last_seq;		       /* of the newest event shown */
	unsigned nr_cpus;
	struct tp_trace_cpu *cpus;
	unsigned nr_consumers;
	char consumers[TP_TRACE_CONSUMERS][TP_TRACE_NAME + 1];
	uint64_t moved[TP_MAX_NODES], moved_shown[TP_MAX_NODES];
	struct tp_trace_gpus gpus;
	unsigned nr_blocks;
	int8_t node_of_block[]; /* as the events said; TP_NODE_NONE */
};

/* The groups of a machine, from the top; the script's own stands above all. */
enum tp_trace_group {
	TP_TRACE_NODES = 1,
	TP_TRACE_CONSUMERS_GROUP,
	TP_TRACE_LOADS,
	TP_TRACE_CPUS,
	TP_TRACE_NET, /* only of a machine that has network devices */
	TP_TRACE_GPU, /* and this of one that has GPUs */
};

/* The number of a machine's group among the processes of the trace. */
unsigned tp_trace_process(unsigned machine, enum tp_trace_group group);
/* Say what it is called, behind "machine N: ". */
void tp_trace_name_group(struct tp_trace_json *json, unsigned machine, enum tp_trace_group group,
			 const char *name);

/* NULL: out of memory. */
struct tp_trace_lanes *tp_trace_lanes_create(struct tp_trace_json *json, struct tp_machine *m,
					     unsigned number);
void tp_trace_lanes_destroy(struct tp_trace_lanes *lanes);
/* Returns how many events are missing between the one before and this one. */
uint64_t tp_trace_lanes_show(struct tp_trace_lanes *lanes, struct tp_trace_json *json,
			     const struct tp_trace_event *event);
/* The pages moved away from each node so far, where that has changed. */
void tp_trace_lanes_count(struct tp_trace_lanes *lanes, struct tp_trace_json *json,
			  uint64_t time_ns);

#endif
