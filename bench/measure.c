/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* measure - clock, CPUs, random order and samples. */
#include "measure.h"

#include <math.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <tidepool/error.h>

double tp_bench_now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* As it was at the first call: later ones come from threads that are pinned. */
static const cpu_set_t *allowed_cpus(void)
{
	static cpu_set_t set;
	static bool known;

	if (!known && sched_getaffinity(0, sizeof(set), &set))
		CPU_SET(0, &set);
	known = true;
	return &set;
}

unsigned tp_bench_nr_cpus(void)
{
	return (unsigned)CPU_COUNT(allowed_cpus());
}

void tp_bench_pin(unsigned n)
{
	const cpu_set_t *allowed = allowed_cpus();
	cpu_set_t one;

	n %= tp_bench_nr_cpus();
	for (size_t cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		if (!CPU_ISSET(cpu, allowed) || n--)
			continue;
		CPU_ZERO(&one);
		CPU_SET(cpu, &one);
		sched_setaffinity(0, sizeof(one), &one);
		return;
	}
}

void tp_bench_unpin(void)
{
	sched_setaffinity(0, sizeof(cpu_set_t), allowed_cpus());
}

void tp_bench_add(struct tp_bench_samples *samples, double value)
{
	unsigned i = samples->n;

	if (i == TP_BENCH_MAX_REPS)
		return;
	for (; i && samples->v[i - 1] > value; i--)
		samples->v[i] = samples->v[i - 1];
	samples->v[i] = value;
	samples->n++;
}

double tp_bench_quantile(const struct tp_bench_samples *samples, double q)
{
	double at = q * (samples->n - 1.0), share;
	unsigned i = (unsigned)at;

	if (!samples->n)
		return NAN;
	share = at - i;
	return share > 0 ? samples->v[i] * (1 - share) + samples->v[i + 1] * share : samples->v[i];
}

double tp_bench_median(const struct tp_bench_samples *samples)
{
	return tp_bench_quantile(samples, 0.5);
}

double tp_bench_max(const struct tp_bench_samples *samples)
{
	return tp_bench_quantile(samples, 1);
}

double tp_bench_spread(const struct tp_bench_samples *samples)
{
	return (tp_bench_quantile(samples, 0.75) - tp_bench_quantile(samples, 0.25)) /
	       tp_bench_median(samples);
}

uint64_t tp_bench_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

void tp_bench_die(const char *step)
{
	char text[256];

	tp_error_format(tp_last_error(), text, sizeof(text));
	fprintf(stderr, "%s: %s\n", step, tp_last_error()->err ? text : "failed");
	exit(1);
}
