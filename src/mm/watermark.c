/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * watermark - how many pages a zone keeps back, and for whom.
 *
 * The sizes follow Linux: the machine keeps about 4 * sqrt(kernel memory in KiB) KiB, spread over
 * its kernel zones by size; a movable zone keeps a token amount.  Low and high lie a quarter and a
 * half above min, at least 0.1 % of the zone.
 */
#include "mm/zone.h"

enum {
	MOVABLE_MIN_PAGES = 32,
	MOVABLE_MAX_PAGES = 128,
	MIN_FREE_MIN_KIB = 128,
	MIN_FREE_MAX_KIB = 262144
};

/*
 * One page of a zone is reserved for lower requests for so many pages of higher zones on the node;
 * 0: none.
 */
static const unsigned reserve_ratio[TP_NR_ZONE_TYPES] = { 256, 256, 32, 0, 0 };

static uint64_t square_root(uint64_t x)
{
	uint64_t r = 0;

	for (uint64_t bit = UINT64_C(1) << 31; bit; bit >>= 1)
		if ((r + bit) * (r + bit) <= x)
			r += bit;
	return r;
}

static bool is_kernel_zone(const struct tp_zone *zone)
{
	return zone->type <= TP_ZONE_NORMAL;
}

static uint64_t kernel_pages(struct tp_machine *m)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < m->nr_nodes * TP_NR_ZONE_TYPES; i++)
		if (is_kernel_zone(&m->zones[i]))
			sum += m->zones[i].managed;
	return sum;
}

static uint64_t min_pages(const struct tp_zone *zone, uint64_t kernel_total)
{
	uint64_t kib;

	if (!is_kernel_zone(zone)) {
		uint64_t share = zone->managed / 1024;

		/* A zone smaller than the token amount keeps an eighth. */
		return TP_MIN(TP_MIN(TP_MAX(share, MOVABLE_MIN_PAGES), MOVABLE_MAX_PAGES),
			      zone->managed / 8);
	}
	if (!kernel_total)
		return 0;
	kib = square_root(kernel_total * (TP_PAGE_SIZE / 1024) * 16);
	kib = TP_MIN(TP_MAX(kib, MIN_FREE_MIN_KIB), MIN_FREE_MAX_KIB);
	return TP_MIN(kib * 1024 / TP_PAGE_SIZE * zone->managed / kernel_total, zone->managed / 8);
}

static void set_reserves(struct tp_zone *zone)
{
	uint64_t higher = 0;

	for (unsigned t = zone->type + 1u; t < TP_NR_ZONE_TYPES; t++) {
		higher += tp_zone_of(zone->machine, zone->node, t)->managed;
		zone->reserve[t] =
			reserve_ratio[zone->type] ? higher / reserve_ratio[zone->type] : 0;
	}
}

static void set_zone(struct tp_zone *zone, uint64_t kernel_total)
{
	uint64_t min = min_pages(zone, kernel_total), step = TP_MAX(min / 4, zone->managed / 1000);

	tp_spin_lock(&zone->lock);
	zone->watermark[TP_WMARK_MIN] = min;
	zone->watermark[TP_WMARK_LOW] = min + step;
	zone->watermark[TP_WMARK_HIGH] = min + 2 * step;
	set_reserves(zone);
	tp_spin_unlock(&zone->lock);
}

void tp_watermarks_update(struct tp_machine *m)
{
	uint64_t total = kernel_pages(m);

	/* A zone that was empty before and is so still takes no part. */
	for (unsigned i = 0; i < m->nr_nodes * TP_NR_ZONE_TYPES; i++)
		if (m->zones[i].managed || m->zones[i].watermark[TP_WMARK_HIGH])
			set_zone(&m->zones[i], total);
}
