/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * bench_gpu - what a GPU's page tables cost to write, beside a bare loop of stores, and what it
 * costs to have translation caches forget.
 *
 * All subjects take turns, over 1 GiB each: 262144 entries of 4 KiB, 16384 of 64 KiB or 512 of
 * 2 MiB.  A ratio is the median of the ratios of turns that followed each other.
 */
#include <stdio.h>
#include <stdlib.h>

#include "core/sync.h"
#include "gpu_rig.h"
#include "report.h"

enum { ENTRIES = TP_BENCH_GPU_PAGES, CHECKS = 1 << 16, OBJECTS = 1000 };

/* ---- subjects -------------------------------------------------------------------------------- */

struct rig {
	tp_atomic_u64 *words; /* as many as there are entries */
	/* with pages of 4 KiB only, of 64 KiB, of 2 MiB, for what its chunks are made of */
	struct tp_bench_gpu *gpu[3];
	struct tp_intel_object *object[3];
};

enum { SMALL, BIG, HUGE };

static void store(const struct rig *rig)
{
	uint64_t word = 3;

	for (size_t i = 0; i < ENTRIES; i++, word += TP_PAGE_SIZE)
		tp_atomic_store(&rig->words[i], word, TP_RELEASE);
}

static struct tp_intel_vma *vma_of(const struct rig *rig, unsigned size)
{
	return tp_list_entry(rig->object[size]->vmas.next, struct tp_intel_vma, of_object);
}

static struct tp_intel_tables *tables_of(const struct rig *rig, unsigned size)
{
	return &rig->gpu[size]->vm->tables;
}

static void set_row(const struct rig *rig)
{
	tp_intel_tables_set(tables_of(rig, SMALL), 0, UINT64_C(1) << 40, vma_of(rig, SMALL)->size,
			    false);
}

static void set_scattered(const struct rig *rig)
{
	tp_intel_tables_set_pages(tables_of(rig, SMALL), 0, rig->object[SMALL]->bo.chunks, ENTRIES,
				  false);
}

static void clear(const struct rig *rig)
{
	tp_intel_tables_clear(tables_of(rig, SMALL), 0, vma_of(rig, SMALL)->size);
}

static void bind_small(const struct rig *rig)
{
	tp_intel_vma_bind(vma_of(rig, SMALL));
}

static void bind_big(const struct rig *rig)
{
	tp_intel_vma_bind(vma_of(rig, BIG));
}

static void bind_huge(const struct rig *rig)
{
	tp_intel_vma_bind(vma_of(rig, HUGE));
}

static void cut(const struct rig *rig, unsigned size)
{
	struct tp_intel_vma *vma = vma_of(rig, size);

	tp_mutex_lock(&vma->vm->lock);
	tp_intel_vma_cut(vma);
	tp_mutex_unlock(&vma->vm->lock);
}

static void cut_small(const struct rig *rig)
{
	cut(rig, SMALL);
}

static void cut_big(const struct rig *rig)
{
	cut(rig, BIG);
}

static void cut_huge(const struct rig *rig)
{
	cut(rig, HUGE);
}

/* What was noted before the last invalidation. */
static void forget_passed(const struct rig *rig)
{
	struct tp_intel *gpu = rig->gpu[HUGE]->gpu;

	for (unsigned i = 0; i < CHECKS; i++) {
		struct tp_intel_tlb_note note = { .seqno = { 1 } };

		if (tp_intel_tlb_forget(gpu, &note))
			tp_bench_die("forget");
	}
}

static void look_passed(const struct rig *rig)
{
	const struct tp_intel_tlb *tlb = &rig->gpu[HUGE]->gpu->gts[0].tlb;

	for (unsigned i = 0; i < CHECKS; i++)
		if (!tp_intel_tlb_passed(tlb, 1))
			tp_bench_die("an invalidation");
}

/* In the order of their turns: what is bound is cut by the next. */
static const struct {
	const char *name;
	void (*run)(const struct rig *rig);
	unsigned n; /* things done in a turn */
	bool is_beside_stores;
} subjects[] = {
	{ "bare loop of 8-byte stores", store, ENTRIES, true },
	{ "entries of 4 KiB, contiguous", set_row, ENTRIES, true },
	{ "entries of 4 KiB, scattered", set_scattered, ENTRIES, true },
	{ "entries cleared", clear, ENTRIES, true },
	{ "binding of 4 KiB chunks, an entry", bind_small, ENTRIES, true },
	{ "the same binding cut, an entry", cut_small, ENTRIES, true },
	{ "1 GiB of 64 KiB chunks bound", bind_big, 1, false },
	{ "1 GiB of 64 KiB chunks cut", cut_big, 1, false },
	{ "1 GiB of 2 MiB chunks bound", bind_huge, 1, false },
	{ "1 GiB of 2 MiB chunks cut", cut_huge, 1, false },
	{ "memory let go that is forgotten already", forget_passed, CHECKS, false },
	{ "the check that says so", look_passed, CHECKS, false },
};

enum { NR_SUBJECTS = TP_ARRAY_SIZE(subjects) };

struct result {
	struct tp_bench_samples ns, ratio;
};

static void measure_once(const struct rig *rig, struct result *results)
{
	double stores = 0;

	for (unsigned s = 0; s < NR_SUBJECTS; s++) {
		const double start = tp_bench_now_ns();
		double ns;

		subjects[s].run(rig);
		ns = (tp_bench_now_ns() - start) / subjects[s].n;
		if (!s)
			stores = ns;
		tp_bench_add(&results[s].ns, ns);
		tp_bench_add(&results[s].ratio, stores / ns);
	}
}

/* ---- the rig --------------------------------------------------------------------------------- */

static void make(struct rig *rig)
{
	static const enum tp_intel_platform platforms[] = { TP_INTEL_BDW, TP_INTEL_MTL,
							    TP_INTEL_TGL };
	static const unsigned orders[] = { 0, TP_BO_BIG_ORDER, TP_BO_HUGE_ORDER };

	rig->words = aligned_alloc(4096, ENTRIES * sizeof(*rig->words));
	if (!rig->words)
		tp_bench_die("memory");
	for (unsigned i = 0; i < 3; i++) {
		rig->gpu[i] = tp_bench_gpu_create(platforms[i], TP_INTEL_TLB_STARTED);
		rig->object[i] = tp_bench_gpu_object(rig->gpu[i], orders[i]);
	}
	if (tp_intel_tlb_invalidate_full(&rig->gpu[HUGE]->gpu->gts[0]))
		tp_bench_die("an invalidation");
}

static void unmake(struct rig *rig)
{
	for (unsigned i = 0; i < 3; i++) {
		tp_bench_gpu_put(rig->gpu[i], rig->object[i]);
		tp_bench_gpu_destroy(rig->gpu[i]);
	}
	free(rig->words);
}

/* ---- a thousand objects ---------------------------------------------------------------------- */

struct release {
	uint64_t invalidations;
	double us; /* in all */
};

/* Each of one page; only their bindings keep them. */
static void bind_objects(struct tp_bench_gpu *g, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		struct tp_intel_object *object;

		if (tp_intel_object_create(g->gpu, TP_PAGE_SIZE, TP_BO_SYSTEM, "one", &object) ||
		    tp_intel_vm_bind(g->vm, object, 0, i * TP_PAGE_SIZE, TP_PAGE_SIZE))
			tp_bench_die("object");
		tp_resv_hold(object->bo.resv, TP_WAIT_FOREVER);
		if (tp_bo_populate(&object->bo))
			tp_bench_die("pages");
		tp_intel_object_bind(object, g->vm);
		tp_resv_unhold(object->bo.resv);
		tp_intel_object_put(object);
	}
}

static uint64_t full_invalidations(struct tp_bench_gpu *g)
{
	struct tp_gpu_tlb_stats stats;

	tp_intel_tlb_stats(&g->gpu->gts[0], &stats);
	return stats.full;
}

static struct release release(enum tp_intel_tlb_rule rule, unsigned n, unsigned at_once)
{
	struct tp_bench_gpu *g = tp_bench_gpu_create(TP_INTEL_TGL, rule);
	struct release done;
	double start;

	tp_bench_gpu_wake(g);
	bind_objects(g, n);
	done.invalidations = full_invalidations(g);
	start = tp_bench_now_ns();
	for (unsigned i = 0; i < n; i += at_once)
		if (tp_intel_vm_unbind(g->vm, i * TP_PAGE_SIZE, at_once * TP_PAGE_SIZE))
			tp_bench_die("unbind");
	done.us = (tp_bench_now_ns() - start) / 1e3;
	done.invalidations = full_invalidations(g) - done.invalidations;
	tp_intel_engine_let_park(&g->gpu->engines[0]);
	tp_bench_gpu_destroy(g);
	return done;
}

static const struct {
	const char *name;
	enum tp_intel_tlb_rule rule;
	bool one_by_one;
} releases[] = {
	{ "at one number, by start", TP_INTEL_TLB_STARTED, false },
	{ "at one number, by two completions", TP_INTEL_TLB_COMPLETED, false },
	{ "one by one, by start", TP_INTEL_TLB_STARTED, true },
};

/* ---- what is said ---------------------------------------------------------------------------- */

static void print_table(const struct result *results)
{
	struct tp_bench_table table = { 0 };

	tp_bench_row(&table, "");
	for (unsigned c = 0; c < 4; c++)
		tp_bench_cell(&table, "%s",
			      (const char *const[]){ "ns", "spread", "M/s", "ratio" }[c]);
	for (unsigned s = 0; s < NR_SUBJECTS; s++) {
		const double ns = tp_bench_median(&results[s].ns);

		tp_bench_row(&table, subjects[s].name);
		tp_bench_cell(&table, "%.2f", ns);
		tp_bench_cell(&table, "%.0f %%", 100 * tp_bench_spread(&results[s].ns));
		if (!subjects[s].is_beside_stores)
			continue;
		tp_bench_cell(&table, "%.0f", 1e3 / ns);
		tp_bench_cell(&table, "%.3f", tp_bench_median(&results[s].ratio));
	}
	tp_bench_print(&table);
	puts("\nratio: speed beside the bare loop");
}

static void print_releases(unsigned n)
{
	struct tp_bench_table table = { 0 };

	tp_bench_row(&table, "");
	tp_bench_cell(&table, "invalidations");
	tp_bench_cell(&table, "us");
	for (unsigned i = 0; i < TP_ARRAY_SIZE(releases); i++) {
		const struct release done =
			release(releases[i].rule, n, releases[i].one_by_one ? 1 : n);

		tp_bench_row(&table, releases[i].name);
		tp_bench_cell(&table, "%llu", (unsigned long long)done.invalidations);
		tp_bench_cell(&table, "%.0f", done.us);
	}
	printf("\n%u objects let go, an invalidation takes 40 us\n\n", n);
	tp_bench_print(&table);
}

static void print_json(const struct result *results, unsigned n)
{
	char name[96];

	putchar('{');
	for (unsigned s = 0; s < NR_SUBJECTS; s++) {
		snprintf(name, sizeof(name), "%s, ns", subjects[s].name);
		tp_bench_json(name, &results[s].ns);
		printf(", ");
		snprintf(name, sizeof(name), "%s, ratio", subjects[s].name);
		tp_bench_json(name, &results[s].ratio);
		printf(", ");
	}
	for (unsigned i = 0; i < TP_ARRAY_SIZE(releases); i++) {
		const struct release done =
			release(releases[i].rule, n, releases[i].one_by_one ? 1 : n);

		printf("%s\"%s, invalidations\": %llu", i ? ", " : "", releases[i].name,
		       (unsigned long long)done.invalidations);
	}
	puts("}");
}

int main(int argc, char **argv)
{
	struct tp_bench_options options = { .reps = 63 };
	struct result results[NR_SUBJECTS] = { 0 };
	struct rig rig;

	tp_bench_options(&options, argc, argv, "a GPU's page tables and translation caches");
	tp_bench_print_host(stderr);
	tp_bench_pin(0);
	make(&rig);
	measure_once(&rig, &(struct result[NR_SUBJECTS]){ 0 }[0]);
	for (unsigned i = 0; i < options.reps; i++)
		measure_once(&rig, results);
	unmake(&rig);
	tp_bench_unpin();
	if (options.json) {
		print_json(results, OBJECTS);
	} else {
		print_table(results);
		print_releases(OBJECTS);
	}
	return 0;
}
