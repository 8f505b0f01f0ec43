/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Random programs of binds and unbinds, beside a flat list of what each page should be: all pages
 * are walked after each step, and some while a step's writes come out of the window one by one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <tidepool/fault.h>

#include "gpu_tables.h"

#define PAGE  TP_PAGE_SIZE
#define BIG   TP_INTEL_BIG_PAGE
#define BLOCK TP_INTEL_BLOCK

enum { ALL_SIZES = TP_INTEL_PAGES_4K | TP_INTEL_PAGES_64K | TP_INTEL_PAGES_2M };
enum { SPAN = 4 * TP_INTEL_PTES, NR_SPANS = 3, STEPS = TP_TSAN ? 30 : 200 };

/* Where the root's first entry begins and ends, and the end of it all. */
static const uint64_t spans[NR_SPANS] = {
	0,
	(UINT64_C(1) << (TP_INTEL_VA_BITS - TP_INTEL_PT_BITS)) - 2 * BLOCK,
	(UINT64_C(1) << TP_INTEL_VA_BITS) - 4 * BLOCK,
};

struct page {
	uint64_t address; /* 0: nothing is bound */
	bool local;
	unsigned binding; /* the how-manieth */
};

struct program {
	struct gpu_tables *g;
	struct tp_rng rng;
	struct page pages[NR_SPANS][SPAN];
	uint64_t next_address;
	unsigned nr_bindings;
	/* what is being changed */
	unsigned span, from, to;
	unsigned leaves[3]; /* pages seen in small, large, huge ones */
};

static struct program program;

static uint64_t below(struct program *p, uint64_t bound)
{
	return tp_rng_below(&p->rng, bound);
}

static uint64_t va_of(unsigned span, unsigned page)
{
	return spans[span] + page * PAGE;
}

/* T17: a cache that read it there believes it of all the leaf. */
static void check_leaf(const struct page *pages, unsigned i, unsigned size)
{
	const unsigned first = i / size * size;

	for (unsigned n = 0; n < size; n++)
		assert_int_equal(pages[first + n].address + (uint64_t)i * PAGE,
				 pages[i].address + (uint64_t)(first + n) * PAGE);
}

static void check_page(struct program *p, unsigned span, unsigned i)
{
	const struct page *page = &p->pages[span][i];
	const struct walked w = walk(&p->g->walker, va_of(span, i) + 8);
	const bool changing = span == p->span && i >= p->from && i < p->to;

	assert_true(w.present);
	if (is_scratch(p->g, &w)) {
		assert_true(changing || !page->address);
		return;
	}
	assert_true(page->address);
	assert_int_equal(w.address, page->address + 8);
	assert_int_equal(w.local, page->local);
	if (!changing && (w.leaf == BIG || va_of(span, i) % w.leaf == 0))
		check_leaf(p->pages[span], i, (unsigned)(w.leaf / PAGE));
	p->leaves[(w.leaf > PAGE) + (w.leaf > BIG)]++;
}

static void check_all(struct program *p)
{
	for (unsigned span = 0; span < NR_SPANS; span++)
		for (unsigned i = 0; i < SPAN; i++)
			check_page(p, span, i);
}

/* In the middle of a step, in the blocks of its borders for the most part (T16). */
static void watch(void *arg)
{
	struct program *p = arg;
	const unsigned border = (below(p, 2) ? p->from : p->to) % SPAN;
	const unsigned block = border / TP_INTEL_PTES * TP_INTEL_PTES;

	for (unsigned n = 0; n < 64; n++)
		check_page(p, p->span, block + (unsigned)below(p, TP_INTEL_PTES));
	check_page(p, p->span, (unsigned)below(p, SPAN));
}

/* ---- bind ------------------------------------------------------------------------------------ */

/* Addresses that nobody had, aligned as the size asks for, or not. */
static uint64_t new_address(struct program *p, uint64_t size, bool aligned)
{
	p->next_address =
		tp_align_up(p->next_address + PAGE, aligned ? TP_MIN(size & -size, BLOCK) : PAGE);
	p->next_address += size;
	return p->next_address - size;
}

/* Chunks as an object has them: the same ones can be a table of 64 KiB pages. */
static void choose_pages(struct program *p, unsigned from, unsigned to)
{
	const unsigned sizes[] = { 1, TP_INTEL_BIG_PAGES, TP_INTEL_PTES };
	const unsigned least = sizes[below(p, 3)];
	const bool local = p->g->platform.ver >= 12 && below(p, 2);
	const bool is_aligned = below(p, 4);

	for (unsigned i = from; i < to;) {
		unsigned size = least, aligned = TP_INTEL_PTES;
		uint64_t address;

		while (aligned > 1 && (i % aligned || to - i < aligned))
			aligned /= 2;
		size = TP_MIN(TP_MAX(size, TP_INTEL_BIG_PAGES), aligned);
		if (least == 1)
			size = (unsigned)TP_MIN(1 + below(p, 40), to - i);
		address = new_address(p, size * PAGE, is_aligned);
		for (unsigned n = 0; n < size; n++, i++)
			p->pages[p->span][i] =
				(struct page){ address + n * PAGE, local, p->nr_bindings };
	}
}

static unsigned run_length(const struct page *pages, unsigned max)
{
	unsigned n = 1;

	while (n < max && pages[n].address == pages[0].address + n * PAGE)
		n++;
	return n;
}

/* What vma.c asks for: all runs of the block begin and end at borders of 64 KiB. */
static bool is_big_block(const struct page *pages)
{
	for (unsigned i = 0; i < TP_INTEL_PTES; i += TP_INTEL_BIG_PAGES)
		if (pages[i].address % BIG ||
		    run_length(&pages[i], TP_INTEL_BIG_PAGES) < TP_INTEL_BIG_PAGES)
			return false;
	return pages[0].address % BLOCK || run_length(pages, TP_INTEL_PTES) < TP_INTEL_PTES;
}

static void expect_big(struct program *p)
{
	unsigned block = (p->from + TP_INTEL_PTES - 1) / TP_INTEL_PTES * TP_INTEL_PTES;

	for (; block + TP_INTEL_PTES <= p->to; block += TP_INTEL_PTES)
		if (is_big_block(&p->pages[p->span][block]))
			tp_intel_tables_expect_big(&p->g->t, va_of(p->span, block));
}

static void set_single(struct program *p, unsigned from, unsigned n)
{
	struct tp_bo_chunk chunks[SPAN];

	for (unsigned i = 0; i < n; i++)
		chunks[i] = (struct tp_bo_chunk){ .address = p->pages[p->span][from + i].address };
	tp_intel_tables_set_pages(&p->g->t, va_of(p->span, from), chunks, n,
				  p->pages[p->span][from].local);
}

static void bind(struct program *p)
{
	const struct page *pages = p->pages[p->span];
	unsigned n;

	p->nr_bindings++;
	choose_pages(p, p->from, p->to);
	must(try_reserve(p->g, va_of(p->span, p->from), (p->to - p->from) * PAGE));
	expect_big(p);
	for (unsigned i = p->from; i < p->to; i += n) {
		n = run_length(&pages[i], p->to - i);
		if (n == 1)
			set_single(p, i, n);
		else
			tp_intel_tables_set(&p->g->t, va_of(p->span, i), pages[i].address, n * PAGE,
					    pages[i].local);
	}
}

/* ---- unbind ---------------------------------------------------------------------------------- */

/* Where one binding goes on beyond the border, it is split there. */
static void split_border(struct program *p, unsigned i)
{
	const struct page *pages = p->pages[p->span];

	if (i && i < SPAN && pages[i].address && pages[i].binding == pages[i - 1].binding)
		split_at(p->g, va_of(p->span, i));
}

static void unbind(struct program *p)
{
	struct page *pages = p->pages[p->span];
	const unsigned from = p->from, to = p->to;

	p->to = from;
	split_border(p, from);
	split_border(p, to);
	p->to = to;
	for (unsigned i = from, n; i < to; i += n) {
		for (n = 1; i + n < to && pages[i + n].binding == pages[i].binding;)
			n++;
		if (pages[i].address) {
			tp_intel_tables_clear(&p->g->t, va_of(p->span, i), n * PAGE);
			tp_intel_tables_release(&p->g->t, va_of(p->span, i), n * PAGE);
		}
	}
	memset(&pages[from], 0, (to - from) * sizeof(*pages));
}

/* ---- programs -------------------------------------------------------------------------------- */

/* A range, often of borders that matter: all of it is free, or what it holds is unbound. */
static bool choose_range(struct program *p)
{
	const unsigned unit =
		(const unsigned[]){ 1, TP_INTEL_BIG_PAGES, TP_INTEL_PTES }[below(p, 3)];
	unsigned to;

	p->span = (unsigned)below(p, NR_SPANS);
	p->from = (unsigned)below(p, SPAN / unit) * unit;
	to = p->from + (unsigned)(1 + below(p, 2 * TP_INTEL_PTES / unit)) * unit;
	p->to = p->from;
	if (p->pages[p->span][p->from].address) {
		p->to = TP_MIN(to, (unsigned)SPAN);
		return false;
	}
	while (p->to < TP_MIN(to, (unsigned)SPAN) && !p->pages[p->span][p->to].address)
		p->to++;
	return true;
}

static void run_step(struct program *p)
{
	if (choose_range(p))
		bind(p);
	else
		unbind(p);
	p->from = p->to = 0;
	check_all(p);
	if (below(p, 4) == 0)
		free_stale(&p->g->t);
}

static void unbind_all(struct program *p)
{
	for (p->span = 0; p->span < NR_SPANS; p->span++) {
		p->from = 0;
		p->to = SPAN;
		unbind(p);
	}
	p->from = p->to = p->span = 0;
}

static void run_programs(unsigned ver, unsigned rel, bool local, uint64_t seed)
{
	const unsigned sizes = rel || ver < 12 ? ALL_SIZES : TP_INTEL_PAGES_4K | TP_INTEL_PAGES_2M;
	struct program *p = &program;
	uint64_t tables;

	*p = (struct program){ .g = make_gpu_tables(ver, rel, sizes, local),
			       .next_address = UINT64_C(1) << 40 };
	tp_rng_init(&p->rng, seed);
	tables = tp_quiet_load(&p->g->t.nr_tables);
	p->g->window.watch = watch;
	p->g->window.watch_arg = p;
	p->g->window.watch_one_in = 16;
	for (unsigned i = 0; i < STEPS; i++)
		run_step(p);
	assert_true(TP_TSAN || (p->leaves[0] && p->leaves[2]));
	assert_true(TP_TSAN || p->leaves[1] || !p->g->t.big_forms);
	unbind_all(p);
	check_all(p);
	free_stale(&p->g->t);
	assert_int_equal(tp_quiet_load(&p->g->t.nr_tables), tables);
	end_gpu_tables(p->g);
}

static void test_every_16th(void **state)
{
	(void)state;
	run_programs(9, 0, false, 1);
}

static void test_compact_and_16(void **state)
{
	(void)state;
	run_programs(12, 55, false, 2);
}

static void test_local(void **state)
{
	(void)state;
	run_programs(12, 55, true, 3);
}

/* Without a large scratch page there are no compact tables. */
static void test_16_only(void **state)
{
	(void)state;
	if (has_big_scratch())
		assert_int_equal(tp_fault_arm("dma/coherent", 1, 1), 0);
	run_programs(12, 55, false, 4);
	tp_fault_reset();
}

static void test_small_only(void **state)
{
	(void)state;
	run_programs(12, 0, false, 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_16th), cmocka_unit_test(test_compact_and_16),
		cmocka_unit_test(test_local),	   cmocka_unit_test(test_16_only),
		cmocka_unit_test(test_small_only),
	};

	return cmocka_run_group_tests_name("gpu_intel_table_random", tests, NULL, NULL);
}
