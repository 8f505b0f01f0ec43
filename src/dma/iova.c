/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* iova - which I/O pages of a domain are in use. */
#include <errno.h>
#include <string.h>

#include "core/alloc.h"
#include "core/error.h"
#include "dma/domain.h"

enum { FIRST_PAGE = 1 /* the address 0 is nobody's */, WORD = 64 };

/* The first bit of [from, to) that is set, or that is not if @flip has all bits; @to: none. */
static uint32_t next_bit(const uint64_t *map, uint64_t flip, uint32_t from, uint32_t to)
{
	while (from < to) {
		uint64_t word = (map[from / WORD] ^ flip) >> (from % WORD);

		if (word)
			return TP_MIN(from + (uint32_t)__builtin_ctzll(word), to);
		from = (from / WORD + 1) * WORD;
	}
	return to;
}

uint32_t tp_iova_next_used(const struct tp_dma_domain *d, uint32_t from)
{
	return next_bit(d->used, 0, from, d->window);
}

static bool find_run(const struct tp_dma_domain *d, uint32_t from, uint32_t to, uint32_t n,
		     uint32_t *page)
{
	/* Runs of a power of two are naturally aligned. */
	uint32_t mask = n & (n - 1) ? 0 : n - 1;

	while (from < to) {
		uint32_t used;

		from = (next_bit(d->used, UINT64_MAX, from, to) + mask) & ~mask;
		if (from >= to || to - from < n)
			return false;
		used = next_bit(d->used, 0, from, from + n);
		if (used == from + n) {
			*page = from;
			return true;
		}
		from = used;
	}
	return false;
}

static void flip_run(struct tp_dma_domain *d, uint32_t page, uint32_t n)
{
	for (; n; n--, page++)
		d->used[page / WORD] ^= UINT64_C(1) << (page % WORD);
}

static bool is_crowded(const struct tp_dma_domain *d, uint32_t n)
{
	return 2 * ((uint64_t)d->nr_used + n) > d->window;
}

/* True: taken.  False: @window, which is too small for @n more. */
static bool try_take(struct tp_dma_domain *d, uint32_t n, uint32_t *page, uint32_t *window)
{
	bool found;

	tp_spin_lock(&d->lock);
	*window = d->window;
	found = (!is_crowded(d, n) || d->window == TP_IOMMU_PAGES) &&
		(find_run(d, d->cursor, d->window, n, page) ||
		 find_run(d, FIRST_PAGE, d->window, n, page));
	if (found) {
		flip_run(d, *page, n);
		d->cursor = *page + n;
		d->nr_used += n;
	}
	tp_spin_unlock(&d->lock);
	return found;
}

/* Twice @window, unless another was faster. */
static int grow(struct tp_dma_domain *d, uint32_t window)
{
	uint64_t *used, *unneeded;

	if (window == TP_IOMMU_PAGES)
		return TP_ERR_TEXT(-ENOSPC, d->iommu.name, "%s: no I/O addresses are left");
	used = tp_zalloc_array(2 * window / WORD, sizeof(*used));
	if (!used)
		return TP_ERR_TEXT(-ENOMEM, d->iommu.name, "%s: table of I/O addresses");
	tp_spin_lock(&d->lock);
	unneeded = used;
	if (d->window == window) {
		unneeded = d->used;
		memcpy(used, d->used, window / WORD * sizeof(*used));
		d->used = used;
		d->window = 2 * window;
	}
	tp_spin_unlock(&d->lock);
	tp_free(unneeded);
	return 0;
}

int tp_iova_take(struct tp_dma_domain *d, uint32_t n, uint32_t *page)
{
	uint32_t window;
	int err = 0;

	while (!err && !try_take(d, n, page, &window))
		err = grow(d, window);
	return err;
}

void tp_iova_give(struct tp_dma_domain *d, uint64_t page, uint64_t n)
{
	tp_spin_lock(&d->lock);
	if (page > d->window || n > d->window - page ||
	    next_bit(d->used, UINT64_MAX, (uint32_t)page, (uint32_t)(page + n)) != page + n)
		TP_PANIC("%s: unmap of %llu I/O pages from %#llx on, which are not all mapped",
			 d->iommu.name, (unsigned long long)n, (unsigned long long)page);
	flip_run(d, (uint32_t)page, (uint32_t)n);
	d->nr_used -= (uint32_t)n;
	tp_spin_unlock(&d->lock);
}
