/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * bench_net - what a frame costs from driver to driver, beside a bare loop of descriptors.
 *
 * All subjects take turns in slices of less than a millisecond, which a scheduler seldom cuts; a
 * ratio is the median of the ratios of slices that followed each other.  Statistics are switched
 * off by leaving out the two calls that end a poll, which the linker leads through here (--wrap).
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "descriptor_loop.h"
#include "net/queue_stats.h"
#include "net_rig.h"
#include "report.h"

enum { BATCH = 32, FRAMES = 1 << 14, QUICK_FRAMES = 1 << 11, NR_SIZES = 2 };

static const uint32_t sizes[NR_SIZES] = { 64, 1500 };

enum subject { LOOP_UNCHECKED, LOOP, DRIVER, DRIVER_UNCOUNTED, LOOP_2, DRIVER_2, NR_SUBJECTS };

static const struct {
	const char *name;
	enum subject anchor;
} subjects[NR_SUBJECTS] = {
	[LOOP_UNCHECKED] = { "bare loop, pages not looked up", LOOP },
	[LOOP] = { "bare loop", LOOP },
	[DRIVER] = { "driver, device, driver", LOOP },
	[DRIVER_UNCOUNTED] = { "the same, statistics off", DRIVER },
	[LOOP_2] = { "bare loop, device on another CPU", LOOP_2 },
	[DRIVER_2] = { "driver, device on another CPU, driver", LOOP_2 },
};

struct result {
	struct tp_bench_samples ns, ratio; /* of a frame; anchor's time / its own */
};

/* ---- statistics, on and off ------------------------------------------------------------------ */

static bool counting = true;

void __real_tp_rq_stats_add(struct tp_rq_stats *stats, const struct tp_rq_onstack *counted);
void __real_tp_sq_stats_add(struct tp_sq_stats *stats, const struct tp_sq_onstack *counted);
void __wrap_tp_rq_stats_add(struct tp_rq_stats *stats, const struct tp_rq_onstack *counted);
void __wrap_tp_sq_stats_add(struct tp_sq_stats *stats, const struct tp_sq_onstack *counted);

void __wrap_tp_rq_stats_add(struct tp_rq_stats *stats, const struct tp_rq_onstack *counted)
{
	if (counting)
		__real_tp_rq_stats_add(stats, counted);
}

void __wrap_tp_sq_stats_add(struct tp_sq_stats *stats, const struct tp_sq_onstack *counted)
{
	if (counting)
		__real_tp_sq_stats_add(stats, counted);
}

/* ---- subjects -------------------------------------------------------------------------------- */

struct rig {
	struct tp_bench_loop *loop;
	struct tp_bench_net *net;
};

static struct rig make(enum subject subject, uint32_t size)
{
	const struct tp_bench_loop_config loop = { size, BATCH, subject != LOOP_UNCHECKED,
						   subject == LOOP_2 };
	const struct tp_bench_net_config net = { size, BATCH, subject == DRIVER_2,
						 subject != DRIVER_UNCOUNTED };
	const bool is_loop = subject <= LOOP || subject == LOOP_2;
	struct rig rig = { is_loop ? tp_bench_loop_create(&loop) : NULL,
			   is_loop ? NULL : tp_bench_net_create(&net) };

	if (!rig.loop && !rig.net)
		tp_bench_die("memory");
	return rig;
}

static void unmake(struct rig *rig)
{
	if (rig->loop)
		tp_bench_loop_destroy(rig->loop);
	else
		tp_bench_net_destroy(rig->net);
}

/* Nanoseconds of a frame. */
static double slice(const struct rig *rig, uint64_t frames)
{
	double start = tp_bench_now_ns();
	uint64_t n = rig->loop ? tp_bench_loop_run(rig->loop, frames)
			       : tp_bench_net_run(rig->net, frames);

	return (tp_bench_now_ns() - start) / (double)n;
}

static bool has_thread(unsigned subject)
{
	return subject == LOOP_2 || subject == DRIVER_2;
}

/* Threads spin, so those with one are there for their slice only. */
static double slice_of(const struct rig *rigs, enum subject subject, uint32_t size, uint64_t frames)
{
	struct rig own;
	double ns;

	counting = subject != DRIVER_UNCOUNTED;
	if (!has_thread(subject))
		return slice(&rigs[subject], frames);
	tp_bench_unpin();
	own = make(subject, size);
	tp_bench_pin(0);
	slice(&own, QUICK_FRAMES);
	ns = slice(&own, frames);
	unmake(&own);
	return ns;
}

static void measure_once(const struct rig *rigs, uint32_t size, uint64_t frames,
			 struct result *results)
{
	double ns[NR_SUBJECTS];

	for (unsigned s = 0; s < NR_SUBJECTS; s++)
		ns[s] = slice_of(rigs, (enum subject)s, size, frames);
	for (unsigned s = 0; s < NR_SUBJECTS; s++) {
		tp_bench_add(&results[s].ns, ns[s]);
		tp_bench_add(&results[s].ratio, ns[subjects[s].anchor] / ns[s]);
	}
}

static void measure(uint32_t size, const struct tp_bench_options *options, struct result *results)
{
	const uint64_t frames = options->quick ? QUICK_FRAMES : FRAMES;
	struct rig rigs[NR_SUBJECTS];

	tp_bench_pin(0);
	for (unsigned s = 0; s < NR_SUBJECTS; s++)
		if (!has_thread(s)) {
			rigs[s] = make((enum subject)s, size);
			slice(&rigs[s], QUICK_FRAMES);
		}
	for (unsigned r = 0; r < options->reps; r++)
		measure_once(rigs, size, frames, results);
	for (unsigned s = 0; s < NR_SUBJECTS; s++)
		if (!has_thread(s))
			unmake(&rigs[s]);
	tp_bench_unpin();
}

/* ---- what is said ---------------------------------------------------------------------------- */

static void print_size(uint32_t size, const struct result *results)
{
	struct tp_bench_table table = { 0 };

	tp_bench_row(&table, "");
	for (unsigned c = 0; c < 5; c++)
		tp_bench_cell(&table, "%s",
			      (const char *const[]){ "ns", "Mpps", "Gbit/s", "ratio",
						     "spread" }[c]);
	for (unsigned s = 0; s < NR_SUBJECTS; s++) {
		const double ns = tp_bench_median(&results[s].ns);

		tp_bench_row(&table, subjects[s].name);
		tp_bench_cell(&table, "%.1f", ns);
		tp_bench_cell(&table, "%.2f", 1e3 / ns);
		tp_bench_cell(&table, "%.1f", size * 8 / ns);
		tp_bench_cell(&table, "%.3f", tp_bench_median(&results[s].ratio));
		tp_bench_cell(&table, "%.0f %%", 100 * tp_bench_spread(&results[s].ratio));
	}
	printf("\nframes of %u bytes\n\n", size);
	tp_bench_print(&table);
}

static void print_legend(void)
{
	puts("\nratio: speed beside the bare loop of the same kind; of the driver without\n"
	     "statistics, beside the driver with them");
}

static void print_json(uint32_t size, const struct result *results)
{
	char name[64];

	for (unsigned s = 0; s < NR_SUBJECTS; s++) {
		snprintf(name, sizeof(name), "%u bytes: %s, ns", size, subjects[s].name);
		tp_bench_json(name, &results[s].ns);
		printf(", ");
		snprintf(name, sizeof(name), "%u bytes: %s, ratio", size, subjects[s].name);
		tp_bench_json(name, &results[s].ratio);
		if (size != sizes[NR_SIZES - 1] || s != NR_SUBJECTS - 1)
			printf(", ");
	}
}

int main(int argc, char **argv)
{
	struct tp_bench_options options = { .reps = 63 };

	tp_bench_options(&options, argc, argv, "frames per second from driver to driver");
	tp_bench_print_host(stderr);
	if (options.json)
		putchar('{');
	for (unsigned i = 0; i < NR_SIZES; i++) {
		struct result results[NR_SUBJECTS] = { 0 };

		measure(sizes[i], &options, results);
		if (options.json)
			print_json(sizes[i], results);
		else
			print_size(sizes[i], results);
	}
	if (options.json)
		puts("}");
	else
		print_legend();
	return 0;
}
