/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * backing_sim - a machine's memory as an array that simulation puts back before every run.
 *
 * Content is plain memory, and so is the table of open pages: neither is a step of the explorer
 * (backing.h says who orders accesses).
 *
 * Invariants
 *  A1  Every byte of a closed page is POISON: looked at when the page is opened again, so that a
 *      write through an address from before it was closed is found.
 *
 * Fault sites: mm/backing-reserve, core/alloc.
 */
#include <errno.h>
#include <string.h>

#include "core/alloc.h"
#include "core/error.h"
#include "core/fault.h"
#include "mm/machine.h"

enum { POISON = 0xa5, MAPPINGS_BUDGET = 1024 };

static char *start_of(const struct tp_backing *b, tp_pfn pfn)
{
	return b->base + (pfn.v << TP_PAGE_SHIFT);
}

static bool holds_only(const struct tp_backing *b, tp_pfn start, uint64_t nr_pages, int byte)
{
	const char *at = start_of(b, start), *end = at + (nr_pages << TP_PAGE_SHIFT);

	while (at < end && *at == (char)byte)
		at++;
	return at == end;
}

int tp_backing_init(struct tp_backing *b, uint64_t size, uint64_t granule,
		    enum tp_backing_kind kind)
{
	*b = (struct tp_backing){ .size = size,
				  .granule_pages = granule >> TP_PAGE_SHIFT,
				  .mappings_budget = MAPPINGS_BUDGET };
	if ((unsigned)kind > TP_BACKING_SMALL)
		return TP_ERR(-EINVAL, "backing kind %u does not exist", kind);
	if (TP_FAULT("mm/backing-reserve"))
		return TP_ERR(-ENOMEM, "memory of %u KiB: fault injected", size >> 10);
	/* The largest allocation is aligned to its size, and so are the objects in it. */
	b->base = tp_zalloc_aligned(TP_PAGE_SIZE << TP_MAX_ORDER, size);
	b->open = tp_zalloc_array(size >> TP_PAGE_SHIFT, sizeof(*b->open));
	if (!b->base || !b->open) {
		tp_backing_fini(b);
		return TP_ERR(-ENOMEM, "memory of %u KiB", size >> 10);
	}
	memset(b->base, POISON, size);
	return 0;
}

void tp_backing_fini(struct tp_backing *b)
{
	tp_free(b->open);
	tp_free(b->base);
}

static void set_open(struct tp_backing *b, tp_pfn start, uint64_t nr_pages, bool open)
{
	for (uint64_t i = 0; i < nr_pages; i++) {
		TP_INVARIANT(b->open[start.v + i] != open);
		b->open[start.v + i] = open;
	}
}

bool tp_backing_allow(struct tp_backing *b, tp_pfn start, uint64_t nr_pages)
{
	TP_INVARIANT(holds_only(b, start, nr_pages, POISON)); /* A1 */
	set_open(b, start, nr_pages, true);
	return tp_backing_punch(b, start, nr_pages);
}

void tp_backing_bar(struct tp_backing *b, tp_pfn start, uint64_t nr_pages)
{
	set_open(b, start, nr_pages, false);
	memset(start_of(b, start), POISON, nr_pages << TP_PAGE_SHIFT);
}

bool tp_backing_punch(struct tp_backing *b, tp_pfn start, uint64_t nr_pages)
{
	memset(tp_backing_address(b, start), 0, nr_pages << TP_PAGE_SHIFT);
	return true;
}

/* What was never written, and what was written with zeroes: nobody can tell them apart. */
bool tp_backing_is_hole(const struct tp_backing *b, tp_pfn start, uint64_t nr_pages)
{
	return holds_only(b, start, nr_pages, 0);
}

void tp_backing_populate(tp_unused struct tp_backing *b, tp_unused tp_pfn start,
			 tp_unused uint64_t nr_pages)
{
}

uint64_t tp_backing_bytes(const struct tp_backing *b)
{
	uint64_t n = 0;

	for (uint64_t pfn = 0; pfn < b->size >> TP_PAGE_SHIFT; pfn++)
		n += b->open[pfn];
	return n << TP_PAGE_SHIFT;
}

uint64_t tp_backing_resident(const struct tp_backing *b)
{
	return tp_backing_bytes(b);
}

const char *tp_machine_backing(tp_unused const struct tp_machine *m)
{
	return "simulated";
}
