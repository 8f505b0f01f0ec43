/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * bench_alloc - what an allocation and its free cost, beside other allocators in the same run.
 *
 * Within a repetition the allocators take turns at every work, so that a figure and what it is
 * divided by come from the same moments.  A first repetition is thrown away: it pays for page
 * faults in everybody's metadata.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <tidepool/tidepool.h>

#include "measure.h"
#include "mm/pageblock.h"
#include "mm/pcp.h"
#include "naive_buddy.h"
#include "report.h"
#include "subject.h"
#include "work.h"

static struct tp_bench_subject *const subjects[] = {
	&tp_bench_tidepool, &tp_bench_naive, &tp_bench_jemalloc,
	&tp_bench_mimalloc, &tp_bench_glibc, &tp_bench_harness,
};

enum { NR_SUBJECTS = sizeof(subjects) / sizeof(subjects[0]), TIDEPOOL = 0, FIRST_ANCHOR = 1 };

struct results {
	struct tp_bench_samples figure[TP_BENCH_NR_FIGURES][NR_SUBJECTS];
};

static const char *const figure_names[TP_BENCH_NR_FIGURES] = {
	[TP_BENCH_HOT] = "hot pair, order 0",
	[TP_BENCH_BULK_ALLOC] = "bulk alloc",
	[TP_BENCH_BULK_FREE] = "random-order free",
	[TP_BENCH_CHURN] = "churn pair, half full",
	[TP_BENCH_HOT_HUGE] = "hot pair, order 9",
	[TP_BENCH_CREW_HOT] = "threads: hot pair",
	[TP_BENCH_CREW_ALLOC] = "threads: bulk alloc",
	[TP_BENCH_CREW_FREE] = "threads: random-order free",
	[TP_BENCH_CROSS] = "alloc here, free there",
};

/* ---- running --------------------------------------------------------------------------------- */

static void start_subjects(const struct tp_bench_load *load)
{
	for (unsigned i = 0; i < NR_SUBJECTS; i++) {
		struct tp_bench_subject *s = subjects[i];

		s->skipped = s->start(s, 2 * load->pages * TP_PAGE_SIZE);
		if (s->skipped)
			fprintf(stderr, "skipped: %s: %s\n", s->name, s->skipped);
	}
}

static void stop_subjects(void)
{
	for (unsigned i = 0; i < NR_SUBJECTS; i++)
		if (!subjects[i]->skipped)
			subjects[i]->stop(subjects[i]);
}

static void run_one(const struct tp_bench_work *work, unsigned subject,
		    const struct tp_bench_load *load, struct results *results)
{
	double figures[TP_BENCH_NR_FIGURES];

	for (unsigned f = 0; f < TP_BENCH_NR_FIGURES; f++)
		figures[f] = NAN;
	work->run(subjects[subject], load, figures);
	for (unsigned f = 0; results && f < TP_BENCH_NR_FIGURES; f++)
		if (!isnan(figures[f]))
			tp_bench_add(&results->figure[f][subject], figures[f]);
}

static bool enough_cpus(const struct tp_bench_work *work, const struct tp_bench_load *load)
{
	return !work->parallel || tp_bench_nr_cpus() >= load->threads;
}

static void repetition(const struct tp_bench_load *load, struct results *results)
{
	for (unsigned w = 0; w < TP_BENCH_NR_WORKS; w++)
		for (unsigned s = 0; s < NR_SUBJECTS; s++)
			if (!subjects[s]->skipped && enough_cpus(&tp_bench_works[w], load))
				run_one(&tp_bench_works[w], s, load, results);
}

/* ---- what it costs in memory ----------------------------------------------------------------- */

struct metadata {
	double measured;   /* bytes per page of plugged memory, as the machine says */
	double structures; /* bitmaps and records alone */
	double with_owner;
	size_t list_bytes; /* of one CPU and zone */
};

static struct metadata metadata_of(const struct tp_bench_load *load)
{
	struct tp_machine_stat stat;
	struct metadata m = {
		.structures = (double)(sizeof(struct tp_pageblock) + sizeof(struct tp_pb_bitmap)) /
			      (double)TP_PAGEBLOCK_PAGES,
		.list_bytes = TP_NR_MIGRATETYPES * sizeof(struct tp_pcp),
	};

	tp_machine_stat(tp_bench_machine(&tp_bench_tidepool), &stat);
	m.measured = (double)stat.metadata_bytes / (2.0 * (double)load->pages);
	m.with_owner = m.structures + sizeof(uint64_t);
	return m;
}

/* ---- printing -------------------------------------------------------------------------------- */

static void print_cells(struct tp_bench_table *table, const struct tp_bench_samples *row)
{
	double mine = tp_bench_median(&row[TIDEPOOL]);

	for (unsigned s = 0; s < NR_SUBJECTS; s++) {
		double theirs = tp_bench_median(&row[s]);

		if (isnan(theirs))
			tp_bench_cell(table, "-");
		else if (subjects[s] == &tp_bench_tidepool || subjects[s] == &tp_bench_harness)
			tp_bench_cell(table, "%.1f", theirs);
		else
			tp_bench_cell(table, "%.1f (%.1fx)", theirs, theirs / mine);
	}
	tp_bench_cell(table, "%.0f%%", 100 * tp_bench_spread(&row[TIDEPOOL]));
}

static void print_table(const struct results *results)
{
	static struct tp_bench_table table;

	tp_bench_row(&table, "ns");
	for (unsigned s = 0; s < NR_SUBJECTS; s++)
		tp_bench_cell(&table, "%s", subjects[s]->name);
	tp_bench_cell(&table, "spread");
	for (unsigned f = 0; f < TP_BENCH_NR_FIGURES; f++) {
		if (!results->figure[f][TIDEPOOL].n)
			continue;
		tp_bench_row(&table, figure_names[f]);
		print_cells(&table, results->figure[f]);
	}
	tp_bench_print(&table);
}

static void print_text(const struct results *results, const struct tp_bench_load *load,
		       const struct tp_bench_options *options)
{
	struct metadata m = metadata_of(load);

	printf("%u repetitions, %u threads, bulk of %llu MiB, lists: %s\n\n", options->reps,
	       load->threads, (unsigned long long)(load->pages >> 8),
	       tp_machine_percpu(tp_bench_machine(&tp_bench_tidepool)));
	print_table(results);
	puts("\nMedians; (Nx): how many times tidepool's time.  \"(calls only)\" is the harness,\n"
	     "part of every figure.  spread: the middle half of tidepool's repetitions.\n"
	     "malloc rows may touch the pages they give; tidepool and the buddy never do.\n");
	printf("metadata: %.3f bytes per page (%.3f without owner words); naive buddy %u\n",
	       m.with_owner, m.structures, tp_naive_bytes_per_page());
	printf("          %.3f as the machine counts it; lists: %zu bytes per CPU and zone\n",
	       m.measured, m.list_bytes);
}

static void print_json(const struct results *results, const struct tp_bench_load *load,
		       const struct tp_bench_options *options)
{
	struct metadata m = metadata_of(load);

	printf("{\"schema\": 1, \"bench\": \"alloc\", \"unit\": \"ns\", \"reps\": %u, "
	       "\"threads\": %u, \"bulk_bytes\": %llu,\n \"figures\": {",
	       options->reps, load->threads, (unsigned long long)load->pages * TP_PAGE_SIZE);
	for (unsigned f = 0; f < TP_BENCH_NR_FIGURES; f++) {
		printf("%s\n  \"%s\": {", f ? "," : "", figure_names[f]);
		for (unsigned s = 0; s < NR_SUBJECTS; s++) {
			printf("%s\n   ", s ? "," : "");
			tp_bench_json(subjects[s]->name, &results->figure[f][s]);
		}
		putchar('}');
	}
	printf("},\n \"metadata_bytes_per_page\": {\"measured\": %.4f, \"without_owner\": %.4f, "
	       "\"with_owner\": %.4f, \"naive buddy\": %u},\n \"list_bytes\": %zu}\n",
	       m.measured, m.structures, m.with_owner, tp_naive_bytes_per_page(), m.list_bytes);
}

/* jemalloc keeps more per thread than a library loaded late is given, unless the loader knows. */
static void start_over_with_room(char **argv)
{
	if (getenv("GLIBC_TUNABLES"))
		return;
	setenv("GLIBC_TUNABLES", "glibc.rtld.optional_static_tls=16384", 1);
	execv("/proc/self/exe", argv);
}

int main(int argc, char **argv)
{
	static struct results results;
	struct tp_bench_options options = { .reps = 7, .threads = 2 };
	struct tp_bench_load load;

	start_over_with_room(argv);
	tp_bench_options(&options, argc, argv,
			 "Nanoseconds per allocation and free of pages, beside other allocators.");
	load = (struct tp_bench_load){
		.pages = (options.quick ? TP_MIB(64) : TP_GIB(1)) / TP_PAGE_SIZE,
		.threads = options.threads,
		.hot_ns = options.quick ? 1e6 : 1e7,
		.handed = options.quick ? 50000 : 500000,
	};
	tp_bench_print_host(stderr);
	tp_bench_pin(tp_bench_nr_cpus() - 1);
	start_subjects(&load);
	repetition(&load, NULL);
	for (unsigned r = 0; r < options.reps; r++)
		repetition(&load, &results);
	(options.json ? print_json : print_text)(&results, &load, &options);
	stop_subjects();
	return 0;
}
