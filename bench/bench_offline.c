/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * bench_offline - how fast a block leaves, beside memcpy of as many bytes in the same run.
 *
 * Before every repetition of every row the same bytes are copied with memcpy between two ordinary
 * buffers.  That gives the row its own reference, and empties the caches.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tidepool/tidepool.h>

#include "measure.h"
#include "offline_rig.h"
#include "report.h"

struct row {
	const char *name;
	enum tp_backing_kind backing;
	struct tp_bench_case what;
};

#define ROWS_OF(label, kind)                                                                 \
	{ label ", full", kind, { TP_BENCH_FULL, false, false } },                           \
		{ label ", full, live writer", kind, { TP_BENCH_FULL, false, true } },       \
		{ label ", full, to fresh memory", kind, { TP_BENCH_FULL, true, false } },   \
		{ label ", full, to fresh, live", kind, { TP_BENCH_FULL, true, true } },     \
		{ label ", empty, written before", kind, { TP_BENCH_FREED, false, false } }, \
	{                                                                                    \
		label ", empty, untouched", kind,                                            \
		{                                                                            \
			TP_BENCH_UNTOUCHED, false, false                                     \
		}                                                                            \
	}

static const struct row rows[] = {
	ROWS_OF("huge pages", TP_BACKING_HUGE),
	ROWS_OF("4 KiB pages", TP_BACKING_SMALL),
};

enum { NR_ROWS = sizeof(rows) / sizeof(rows[0]) };

struct result {
	struct tp_bench_samples gibs, memcpy_gibs, offline_us, online_us, isolate_us, stall_us,
		hold_us;
	uint64_t lost, writes;
};

/* Per backing; the huge one may be missing. */
struct rigs {
	struct tp_bench_rig rig[TP_BACKING_SMALL + 1];
	bool there[TP_BACKING_SMALL + 1];
};

static double gibs(double ns)
{
	return (double)TP_BENCH_BLOCK / (double)TP_GIB(1) / (ns / 1e9);
}

/* ---- running --------------------------------------------------------------------------------- */

static double memcpy_ns(void)
{
	static char *from, *to;
	double begin;

	if (!from) {
		from = malloc(TP_BENCH_BLOCK);
		to = malloc(TP_BENCH_BLOCK);
		if (!from || !to)
			tp_bench_die("buffers");
		memset(from, 1, TP_BENCH_BLOCK);
		memset(to, 2, TP_BENCH_BLOCK);
	}
	begin = tp_bench_now_ns();
	memcpy(to, from, TP_BENCH_BLOCK);
	__asm__ volatile("" ::"r"(to) : "memory");
	return tp_bench_now_ns() - begin;
}

static void run_row(struct rigs *rigs, const struct row *row, struct result *result)
{
	double reference_ns = memcpy_ns();
	struct tp_bench_offline o = tp_bench_rig_run(&rigs->rig[row->backing], &row->what);

	tp_bench_add(&result->memcpy_gibs, gibs(reference_ns));
	tp_bench_add(&result->gibs, gibs(o.offline_ns));
	tp_bench_add(&result->offline_us, o.offline_ns / 1e3);
	tp_bench_add(&result->online_us, o.online_ns / 1e3);
	tp_bench_add(&result->isolate_us, o.isolate_ns / 1e3);
	if (row->what.content == TP_BENCH_FULL)
		tp_bench_add(&result->hold_us, o.hold_ns / 1e3);
	if (row->what.live)
		tp_bench_add(&result->stall_us, o.stall_ns / 1e3);
	result->lost += o.lost;
	result->writes += o.writes;
}

static void start(struct rigs *rigs)
{
	for (enum tp_backing_kind k = TP_BACKING_HUGE; k <= TP_BACKING_SMALL; k++) {
		rigs->there[k] = tp_bench_rig_create(&rigs->rig[k], k);
		if (!rigs->there[k])
			fprintf(stderr,
				"skipped: huge pages: this process may not mount a tmpfs\n");
	}
}

static void stop(struct rigs *rigs)
{
	for (enum tp_backing_kind k = TP_BACKING_HUGE; k <= TP_BACKING_SMALL; k++)
		if (rigs->there[k])
			tp_bench_rig_destroy(&rigs->rig[k]);
}

static void repetition(struct rigs *rigs, struct result *results, struct tp_bench_samples *alone)
{
	for (unsigned i = 0; i < NR_ROWS; i++)
		if (rigs->there[rows[i].backing])
			run_row(rigs, &rows[i], &results[i]);
	tp_bench_add(alone, tp_bench_rig_undisturbed(&rigs->rig[TP_BACKING_SMALL], 2e7) / 1e3);
}

/* ---- printing -------------------------------------------------------------------------------- */

static void cell(struct tp_bench_table *table, double value, int decimals, const char *unit)
{
	if (isnan(value))
		tp_bench_cell(table, "-");
	else
		tp_bench_cell(table, "%.*f%s", decimals, value, unit);
}

static void print_row(struct tp_bench_table *table, const struct row *row, const struct result *r)
{
	bool full = row->what.content == TP_BENCH_FULL;

	tp_bench_row(table, row->name);
	cell(table, tp_bench_median(&r->gibs), 2, "");
	cell(table, tp_bench_median(&r->memcpy_gibs), 2, "");
	cell(table, tp_bench_median(&r->gibs) / tp_bench_median(&r->memcpy_gibs), 2, "x");
	cell(table, tp_bench_max(&r->gibs) / tp_bench_max(&r->memcpy_gibs), 2, "x");
	cell(table, 100 * tp_bench_spread(&r->gibs), 0, "%");
	cell(table, tp_bench_median(&r->offline_us), 0, "");
	cell(table, tp_bench_median(&r->isolate_us), 0, "");
	cell(table, tp_bench_median(&r->online_us), 0, "");
	cell(table, tp_bench_median(&r->hold_us), 0, "");
	cell(table, tp_bench_median(&r->stall_us), 0, "");
	cell(table, tp_bench_max(&r->stall_us), 0, "");
	cell(table, full ? (double)r->lost : NAN, 0, "");
}

static void print_text(const struct rigs *rigs, const struct result *results,
		       const struct tp_bench_samples *alone, unsigned reps)
{
	static const char *const heads[] = { "GiB/s",	"memcpy",     "ratio",	 "(best)",
					     "spread",	"offline us", "isolate", "online us",
					     "hold us", "stall us",   "(worst)", "lost writes" };
	static struct tp_bench_table table;

	printf("%u repetitions, block of %u MiB, writers held by %s\n\n", reps,
	       (unsigned)(TP_BENCH_BLOCK >> 20),
	       tp_machine_hold(rigs->rig[TP_BACKING_SMALL].machine));
	tp_bench_row(&table, "");
	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++)
		tp_bench_cell(&table, "%s", heads[i]);
	for (unsigned i = 0; i < NR_ROWS; i++)
		if (results[i].gibs.n)
			print_row(&table, &rows[i], &results[i]);
	tp_bench_print(&table);
	printf("\nMedians; (best): best against best; (worst): of all repetitions.  hold: the\n"
	       "longest the library held a writer off.  stall: the writer's own longest wait,\n"
	       "with all that the computer did meanwhile; alone, for 20 ms, it waited %.0f us\n"
	       "(worst %.0f).\n",
	       tp_bench_median(alone), tp_bench_max(alone));
}

static void print_json_row(const struct row *row, const struct result *r)
{
	const struct {
		const char *name;
		const struct tp_bench_samples *samples;
	} fields[] = {
		{ "gib_per_s", &r->gibs },	  { "memcpy_gib_per_s", &r->memcpy_gibs },
		{ "offline_us", &r->offline_us }, { "isolate_us", &r->isolate_us },
		{ "online_us", &r->online_us },	  { "hold_us", &r->hold_us },
		{ "stall_us", &r->stall_us },
	};

	printf("  \"%s\": {\"ratio\": %.4g, \"lost\": %llu, \"writes\": %llu", row->name,
	       tp_bench_median(&r->gibs) / tp_bench_median(&r->memcpy_gibs),
	       (unsigned long long)r->lost, (unsigned long long)r->writes);
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		printf(",\n   ");
		tp_bench_json(fields[i].name, fields[i].samples);
	}
	putchar('}');
}

static void print_json(const struct result *results, const struct tp_bench_samples *alone,
		       unsigned reps)
{
	bool first = true;

	printf("{\"schema\": 1, \"bench\": \"offline\", \"reps\": %u, \"block_bytes\": %llu,\n ",
	       reps, (unsigned long long)TP_BENCH_BLOCK);
	tp_bench_json("undisturbed_stall_us", alone);
	printf(",\n \"rows\": {\n");
	for (unsigned i = 0; i < NR_ROWS; i++) {
		if (!results[i].gibs.n)
			continue;
		printf("%s", first ? "" : ",\n");
		first = false;
		print_json_row(&rows[i], &results[i]);
	}
	printf("}}\n");
}

int main(int argc, char **argv)
{
	static struct result results[NR_ROWS];
	static struct tp_bench_samples alone;
	static struct rigs rigs;
	struct tp_bench_options options = { .reps = 7, .threads = 1 };
	uint64_t lost = 0;

	tp_bench_options(&options, argc, argv,
			 "How fast a memory block is taken away, beside memcpy.");
	tp_bench_print_host(stderr);
	tp_bench_pin(tp_bench_nr_cpus() - 1);
	start(&rigs);
	for (unsigned r = 0; r < options.reps; r++)
		repetition(&rigs, results, &alone);
	if (options.json)
		print_json(results, &alone, options.reps);
	else
		print_text(&rigs, results, &alone, options.reps);
	stop(&rigs);
	for (unsigned i = 0; i < NR_ROWS; i++)
		lost += results[i].lost;
	return lost ? 1 : 0;
}
