/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * offline_rig - a machine with one block to take away and two for its pages to go to.
 *
 * Invariants
 *  1  Between repetitions all three blocks are online and nothing is allocated.
 *  2  In a repetition the mapping lies in the first block alone and fills it: that block was put
 *     online last, and the newest memory is taken first.  Checked by what the offline moved.
 *  3  Memory that is not fresh took moved pages before, as it does in a program that runs for long:
 *     it is resident, and the direct map's page tables know it.
 */
#ifndef TP_BENCH_OFFLINE_RIG_H
#define TP_BENCH_OFFLINE_RIG_H

#include <stdbool.h>
#include <stdint.h>

#include <tidepool/tidepool.h>

#define TP_BENCH_BLOCK TP_MIB(128)

struct tp_bench_rig {
	struct tp_machine *machine;
	unsigned first; /* of the three blocks */
	bool used;	/* the other two took moved pages before */
};

/* False: this process may not have that backing. */
bool tp_bench_rig_create(struct tp_bench_rig *rig, enum tp_backing_kind backing);
void tp_bench_rig_destroy(struct tp_bench_rig *rig);

enum tp_bench_content {
	TP_BENCH_UNTOUCHED, /* the block was never written */
	TP_BENCH_FREED,	    /* written, then freed */
	TP_BENCH_FULL,	    /* in use from end to end */
};

struct tp_bench_case {
	enum tp_bench_content content;
	bool fresh; /* the pages go to memory that is not resident yet */
	bool live;  /* a thread writes meanwhile */
};

struct tp_bench_offline {
	double offline_ns, online_ns, isolate_ns;
	double stall_ns; /* the writer's worst wait */
	double hold_ns;	 /* the longest the library held anybody */
	uint64_t lost, writes;
};

/* One repetition. */
struct tp_bench_offline tp_bench_rig_run(struct tp_bench_rig *rig, const struct tp_bench_case *c);

/* The worst wait of the same writer for @duration_ns with nobody in its way. */
double tp_bench_rig_undisturbed(struct tp_bench_rig *rig, double duration_ns);

#endif
