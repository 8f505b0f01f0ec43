/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * work - what the allocators are made to do.  Each work begins and ends with nothing allocated.
 */
#ifndef TP_BENCH_WORK_H
#define TP_BENCH_WORK_H

#include <stdbool.h>
#include <stdint.h>

#include "subject.h"

enum tp_bench_figure {
	TP_BENCH_HOT,	     /* pair */
	TP_BENCH_BULK_ALLOC, /* each */
	TP_BENCH_BULK_FREE,  /* each */
	TP_BENCH_CHURN,	     /* pair */
	TP_BENCH_HOT_HUGE,   /* pair */
	TP_BENCH_CREW_HOT,
	TP_BENCH_CREW_ALLOC,
	TP_BENCH_CREW_FREE,
	TP_BENCH_CROSS, /* pair */
	TP_BENCH_NR_FIGURES,
};

struct tp_bench_load {
	uint64_t pages; /* of a bulk; the subject can give twice as many */
	unsigned threads;
	double hot_ns;	 /* how long a hot loop runs */
	uint64_t handed; /* pages that go from thread to thread */
};

struct tp_bench_work {
	void (*run)(struct tp_bench_subject *subject, const struct tp_bench_load *load,
		    double figures[TP_BENCH_NR_FIGURES]);
	bool parallel; /* needs a CPU for each of its threads */
};

enum { TP_BENCH_NR_WORKS = 6 };
extern const struct tp_bench_work tp_bench_works[TP_BENCH_NR_WORKS];

#endif
