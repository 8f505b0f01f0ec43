/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * measure - clock, CPUs, random order and samples, for all benchmarks.
 *
 * A figure is the median of repetitions that take turns with those it is compared with: whatever
 * else the computer does then meets all of them.
 */
#ifndef TP_BENCH_MEASURE_H
#define TP_BENCH_MEASURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TP_BENCH_MAX_REPS = 64 };

struct tp_bench_samples {
	unsigned n;
	double v[TP_BENCH_MAX_REPS];
};

double tp_bench_now_ns(void);

/* CPUs this process may use. */
unsigned tp_bench_nr_cpus(void);
/* Pin the calling thread to the n-th of them, counted round. */
void tp_bench_pin(unsigned n);
/* Let it run on all of them again. */
void tp_bench_unpin(void);

void tp_bench_add(struct tp_bench_samples *samples, double value);
/* Between the two neighbours; q from 0 to 1; NaN without samples. */
double tp_bench_quantile(const struct tp_bench_samples *samples, double q);
double tp_bench_median(const struct tp_bench_samples *samples);
double tp_bench_max(const struct tp_bench_samples *samples);
/* The middle half's width as a share of the median. */
double tp_bench_spread(const struct tp_bench_samples *samples);

/* xorshift; @state is never 0. */
uint64_t tp_bench_random(uint64_t *state);

/* Stop the program with a message and what the library says of it. */
_Noreturn void tp_bench_die(const char *step);

#endif
