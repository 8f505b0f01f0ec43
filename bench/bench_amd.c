/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * bench_amd - what page tables of AMD's graphics cost to write, and how soon they are back after
 * video memory was lost; with copies in system memory and without.
 *
 * Rates are over 1 GiB: 262144 entries of 4 KiB, or 512 of 2 MiB that count for as many pages.  All
 * take turns with a bare loop of stores.  Rebuilds are of the same GiB, mapped 16 times page by
 * page: 4 Mi entries in 32 MiB of tables, beside bare loops of stores to as much memory: as they
 * come, and past the caches.
 */
#include <stdio.h>
#include <stdlib.h>

#include "amd_rig.h"
#include "core/stream.h"
#include "report.h"

enum { ENTRIES = TP_BENCH_GPU_PAGES, RUN_ORDER = 8, COPIES = 16, REBUILDS = 15 };

static const double rebuild_goal = 25; /* ms, of COPIES */

static void bare_stores(tp_atomic_u64 *words, size_t n)
{
	uint64_t word = 3;

	for (size_t i = 0; i < n; i++, word += TP_PAGE_SIZE)
		tp_atomic_store(&words[i], word, TP_RELEASE);
}

static tp_atomic_u64 *make_words(size_t n)
{
	tp_atomic_u64 *words = aligned_alloc(4096, n * sizeof(*words));

	if (!words)
		tp_bench_die("memory");
	bare_stores(words, n);
	return words;
}

/* ---- rates ----------------------------------------------------------------------------------- */

static const struct subject {
	const char *name;
	enum tp_amd_updates updates;
	unsigned order; /* of what lies in a row */
	double goal;	/* M/s */
} subjects[] = {
	{ "runs of 256 pages, by the CPU", TP_AMD_UPDATE_CPU, RUN_ORDER, 300 },
	{ "scattered pages, by the CPU", TP_AMD_UPDATE_CPU, 0, 100 },
	{ "2 MiB leaves, by the CPU", TP_AMD_UPDATE_CPU, TP_BO_HUGE_ORDER, 2000 },
	{ "runs of 256 pages, by SDMA", TP_AMD_UPDATE_SDMA, RUN_ORDER, 300 },
	{ "scattered pages, by SDMA", TP_AMD_UPDATE_SDMA, 0, 100 },
	{ "2 MiB leaves, by SDMA", TP_AMD_UPDATE_SDMA, TP_BO_HUGE_ORDER, 2000 },
};

enum { NR_SUBJECTS = TP_ARRAY_SIZE(subjects) };

struct result {
	struct tp_bench_samples rate, ratio; /* M/s, beside the bare loop */
};

static double rate_since(double start_ns)
{
	return ENTRIES / (tp_bench_now_ns() - start_ns) * 1e3;
}

static void measure_rates(struct tp_bench_amd *const rigs[], tp_atomic_u64 *words,
			  struct result *results, struct tp_bench_samples *stores)
{
	double start = tp_bench_now_ns(), bare;

	bare_stores(words, ENTRIES);
	bare = rate_since(start);
	tp_bench_add(stores, bare);
	for (unsigned i = 0; i < NR_SUBJECTS; i++) {
		double rate;

		start = tp_bench_now_ns();
		tp_bench_amd_write(rigs[i]);
		rate = rate_since(start);
		tp_bench_add(&results[i].rate, rate);
		tp_bench_add(&results[i].ratio, rate / bare);
	}
}

static void run_rates(unsigned reps, struct result *results, struct tp_bench_samples *stores)
{
	tp_atomic_u64 *words = make_words(ENTRIES);
	struct tp_bench_amd *rigs[NR_SUBJECTS];
	struct result warm[NR_SUBJECTS] = { 0 };
	struct tp_bench_samples unused = { 0 };

	for (unsigned i = 0; i < NR_SUBJECTS; i++) {
		rigs[i] = tp_bench_amd_create(subjects[i].updates, false);
		tp_bench_gpu_attach(&rigs[i]->object->bo, subjects[i].order);
		tp_bench_amd_map(rigs[i], 1);
	}
	measure_rates(rigs, words, warm, &unused);
	for (unsigned i = 0; i < reps; i++)
		measure_rates(rigs, words, results, stores);
	for (unsigned i = 0; i < NR_SUBJECTS; i++) {
		tp_bench_amd_unmap(rigs[i], 1);
		tp_bench_amd_destroy(rigs[i]);
	}
	free(words);
}

/* ---- rebuilds -------------------------------------------------------------------------------- */

static const struct variant {
	const char *name;
	enum tp_amd_updates updates;
	bool shadows;
} variants[] = {
	{ "rebuilt, by the CPU", TP_AMD_UPDATE_CPU, false },
	{ "rebuilt, by SDMA", TP_AMD_UPDATE_SDMA, false },
	{ "shadows, by the CPU", TP_AMD_UPDATE_CPU, true },
	{ "shadows, by SDMA", TP_AMD_UPDATE_SDMA, true },
};

enum { NR_VARIANTS = TP_ARRAY_SIZE(variants) };

struct recovery {
	struct tp_bench_samples rebuild, first_work, stores, streams; /* ms */
	uint64_t table_bytes, entries; /* with those of shadows; entries: to map all */
	uint64_t rewritten;	       /* entries of one rebuild */
};

static double ms_since(double start_ns)
{
	return (tp_bench_now_ns() - start_ns) / 1e6;
}

static struct tp_amd_vm_stat stat_of(struct tp_bench_amd *a)
{
	struct tp_amd_vm_stat stat;

	tp_amd_vm_stat(a->vm, &stat);
	return stat;
}

/* Once for the tables alone, and once for all that lies between a loss and work that is done. */
static void measure_recovery(struct tp_bench_amd *a, struct recovery *r)
{
	double start;

	tp_bench_amd_lose(a);
	tp_bench_gpu_must(tp_amd_reset(a->gpu, TP_AMD_RESET_MODE1), "reset");
	start = tp_bench_now_ns();
	tp_bench_gpu_must(tp_amd_vm_validate(a->vm), "rebuild");
	tp_bench_add(&r->rebuild, ms_since(start));

	tp_bench_amd_lose(a);
	start = tp_bench_now_ns();
	tp_bench_gpu_must(tp_amd_reset(a->gpu, TP_AMD_RESET_MODE1), "reset");
	tp_bench_amd_work(a);
	tp_bench_add(&r->first_work, ms_since(start));
}

static void measure_stores(tp_atomic_u64 *words, size_t n, struct recovery *r)
{
	double start = tp_bench_now_ns();

	bare_stores(words, n);
	tp_bench_add(&r->stores, ms_since(start));
	start = tp_bench_now_ns();
	tp_stream_fill(words, 3, TP_PAGE_SIZE, 0, n);
	tp_bench_add(&r->streams, ms_since(start));
}

static void run_variant(const struct variant *variant, unsigned reps, unsigned copies,
			struct recovery *r)
{
	const size_t n = (size_t)copies * ENTRIES;
	struct tp_bench_amd *a = tp_bench_amd_create(variant->updates, variant->shadows);
	tp_atomic_u64 *words = make_words(n);
	struct recovery warm = { .entries = 0 };
	struct tp_amd_vm_stat stat;

	tp_bench_gpu_attach(&a->object->bo, 0);
	tp_bench_amd_map(a, copies);
	stat = stat_of(a);
	r->table_bytes = stat.table_bytes + stat.shadow_bytes;
	r->entries = stat.entries + stat.shadow_entries;
	measure_recovery(a, &warm);
	r->rewritten = (stat_of(a).entries - stat.entries) / 2;
	for (unsigned i = 0; i < reps; i++) {
		measure_stores(words, n, r);
		measure_recovery(a, r);
	}
	tp_bench_amd_unmap(a, copies);
	tp_bench_amd_destroy(a);
	free(words);
}

/* ---- what is said ---------------------------------------------------------------------------- */

static void print_columns(struct tp_bench_table *table, const char *const *columns, unsigned n)
{
	tp_bench_row(table, "");
	for (unsigned i = 0; i < n; i++)
		tp_bench_cell(table, "%s", columns[i]);
}

static void print_samples(struct tp_bench_table *table, int decimals,
			  const struct tp_bench_samples *samples)
{
	tp_bench_cell(table, "%.*f", decimals, tp_bench_median(samples));
	tp_bench_cell(table, "%.0f %%", 100 * tp_bench_spread(samples));
}

static void print_rates(const struct result *results, const struct tp_bench_samples *stores)
{
	static const char *const columns[] = { "M/s", "spread", "of bare", "goal", "of goal" };
	struct tp_bench_table table = { 0 };

	print_columns(&table, columns, TP_ARRAY_SIZE(columns));
	tp_bench_row(&table, "a bare loop of stores");
	print_samples(&table, 0, stores);
	for (unsigned i = 0; i < NR_SUBJECTS; i++) {
		tp_bench_row(&table, subjects[i].name);
		print_samples(&table, 0, &results[i].rate);
		tp_bench_cell(&table, "%.3f", tp_bench_median(&results[i].ratio));
		tp_bench_cell(&table, "%.0f", subjects[i].goal);
		tp_bench_cell(&table, "%.2f", tp_bench_median(&results[i].rate) / subjects[i].goal);
	}
	tp_bench_print(&table);
	puts("\nM/s: millions of pages (4 KiB) a second that translate anew, medians; spread: of\n"
	     "the middle half; of bare: times the bare loop's speed, in the same turn (an entry\n"
	     "of 2 MiB is one store and counts 512); of goal: 1 or more is met\n");
}

/* Only whole rebuilds without copies have a goal. */
static void print_goal(struct tp_bench_table *table, const struct recovery *r, bool has_goal)
{
	if (has_goal) {
		tp_bench_cell(table, "%.0f", rebuild_goal);
		tp_bench_cell(table, "%.2f", rebuild_goal / tp_bench_median(&r->rebuild));
	} else {
		tp_bench_cell(table, "-");
		tp_bench_cell(table, "-");
	}
}

static void print_times(const struct recovery *recoveries, unsigned copies)
{
	static const char *const columns[] = { "rebuild ms", "spread",	      "goal",
					       "of goal",    "bare ms",	      "past",
					       "times",	     "first work ms", "spread" };
	struct tp_bench_table table = { 0 };

	print_columns(&table, columns, TP_ARRAY_SIZE(columns));
	for (unsigned i = 0; i < NR_VARIANTS; i++) {
		const struct recovery *r = &recoveries[i];

		tp_bench_row(&table, variants[i].name);
		print_samples(&table, 2, &r->rebuild);
		print_goal(&table, r, copies == COPIES && !variants[i].shadows);
		tp_bench_cell(&table, "%.2f", tp_bench_median(&r->stores));
		tp_bench_cell(&table, "%.2f", tp_bench_median(&r->streams));
		tp_bench_cell(&table, "%.1f",
			      tp_bench_median(&r->rebuild) / tp_bench_median(&r->stores));
		print_samples(&table, 2, &r->first_work);
	}
	tp_bench_print(&table);
	printf("\n%u GiB page by page, after a loss; bare, past: loops of stores to as much\n"
	       "memory, as they come and past the caches; times: rebuild beside bare; of goal:\n"
	       "1 or more is met; first work: from the loss to a job that is done, reset and\n"
	       "rebuild included\n\n",
	       copies);
}

static void print_sizes(const struct recovery *recoveries)
{
	static const char *const columns[] = { "MiB", "Mi entries", "of a rebuild" };
	struct tp_bench_table table = { 0 };

	print_columns(&table, columns, TP_ARRAY_SIZE(columns));
	for (unsigned i = 0; i < NR_VARIANTS; i++) {
		const struct recovery *r = &recoveries[i];

		tp_bench_row(&table, variants[i].name);
		tp_bench_cell(&table, "%.1f", (double)r->table_bytes / (1 << 20));
		tp_bench_cell(&table, "%.2f", (double)r->entries / (1 << 20));
		tp_bench_cell(&table, "%.2f", (double)r->rewritten / (1 << 20));
	}
	tp_bench_print(&table);
	puts("\nMiB: of tables and their copies; entries: written there to map all, and in a "
	     "rebuild");
}

static void print_json(const struct result *results, const struct tp_bench_samples *stores,
		       const struct recovery *recoveries)
{
	char name[96];

	putchar('{');
	tp_bench_json("a bare loop of stores, M/s", stores);
	for (unsigned i = 0; i < NR_SUBJECTS; i++) {
		printf(", ");
		snprintf(name, sizeof(name), "%s, M/s", subjects[i].name);
		tp_bench_json(name, &results[i].rate);
		printf(", ");
		snprintf(name, sizeof(name), "%s, ratio", subjects[i].name);
		tp_bench_json(name, &results[i].ratio);
	}
	for (unsigned i = 0; i < NR_VARIANTS; i++) {
		const struct recovery *r = &recoveries[i];

		printf(", ");
		snprintf(name, sizeof(name), "%s, ms", variants[i].name);
		tp_bench_json(name, &r->rebuild);
		printf(", ");
		snprintf(name, sizeof(name), "%s, first work, ms", variants[i].name);
		tp_bench_json(name, &r->first_work);
		printf(", \"%s, bytes\": %llu, \"%s, entries\": %llu", variants[i].name,
		       (unsigned long long)r->table_bytes, variants[i].name,
		       (unsigned long long)r->entries);
	}
	puts("}");
}

int main(int argc, char **argv)
{
	struct tp_bench_options options = { .reps = 31 };
	struct result results[NR_SUBJECTS] = { 0 };
	struct tp_bench_samples stores = { 0 };
	struct recovery recoveries[NR_VARIANTS] = { 0 };
	unsigned copies;

	tp_bench_options(&options, argc, argv, "page tables of AMD's graphics, and their recovery");
	copies = options.quick ? 1 : COPIES;
	tp_bench_print_host(stderr);
	run_rates(options.reps, results, &stores);
	for (unsigned i = 0; i < NR_VARIANTS; i++)
		run_variant(&variants[i], TP_MIN(options.reps, (unsigned)REBUILDS), copies,
			    &recoveries[i]);
	if (options.json) {
		print_json(results, &stores, recoveries);
	} else {
		print_rates(results, &stores);
		print_times(recoveries, copies);
		print_sizes(recoveries);
	}
	return 0;
}
