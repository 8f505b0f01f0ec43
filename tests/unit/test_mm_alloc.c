/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_mm_alloc - what a request gets, from which zone and block, and when it gets nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "mm_tracker.h"

enum { BLOCKS = 8 };

static struct tp_machine *m;
static struct tp_owner owner; /* its pages never move */

static int begin(void **state)
{
	(void)state;
	m = make_still_machine(small_machine(BLOCKS));
	owner = (struct tp_owner){ .name = "fixed" };
	must(tp_owner_register(m, &owner));
	return 0;
}

static int end(void **state)
{
	(void)state;
	tp_fault_reset();
	must(tp_owner_unregister(&owner));
	end_machine(m);
	return 0;
}

static tp_pfn take(unsigned order, enum tp_migratetype type, unsigned flags)
{
	return take_pages(m, &owner, order, type, flags);
}

static struct tp_page_info query(tp_pfn pfn)
{
	struct tp_page_info info;

	must(tp_page_query(m, pfn, &info));
	return info;
}

/* ---- what one gets --------------------------------------------------------------------------- */

static void every_order_is_naturally_aligned(void **state)
{
	tp_pfn pfn[TP_NR_ORDERS];

	(void)state;
	for (unsigned o = 0; o < TP_NR_ORDERS; o++) {
		pfn[o] = take(o, TP_MIGRATE_UNMOVABLE, 0);
		assert_int_equal(pfn[o].v % (UINT64_C(1) << o), 0);
	}
	for (unsigned o = 0; o < TP_NR_ORDERS; o++)
		tp_pages_free(m, pfn[o], o);
}

struct haul {
	struct tp_owner *owner;
	enum tp_migratetype type;
	unsigned order, flags, n;
	tp_pfn pfn[BLOCKS * 2 * TP_PAGEBLOCK_PAGES];
};

static struct haul haul;

/* Everything there is of one kind. */
static unsigned take_all(struct tp_owner *who, unsigned order, enum tp_migratetype type,
			 unsigned flags)
{
	const struct tp_alloc request = {
		.owner = who, .order = order, .type = type, .flags = flags | TP_ALLOC_NORECLAIM
	};
	int err;

	haul.order = order;
	haul.n = 0;
	while (!(err = tp_pages_alloc(m, &request, &haul.pfn[haul.n])))
		haul.n++;
	assert_int_equal(err, -ENOMEM);
	return haul.n;
}

static void free_haul(void)
{
	while (haul.n)
		tp_pages_free(m, haul.pfn[--haul.n], haul.order);
}

static void nothing_is_handed_out_twice(void **state)
{
	static uint8_t taken[BLOCKS * 2 * TP_PAGEBLOCK_PAGES];

	(void)state;
	for (unsigned order = 0; order < TP_NR_ORDERS; order++) {
		memset(taken, 0, sizeof(taken));
		assert_true(take_all(&owner, order, TP_MIGRATE_UNMOVABLE, 0) > 0);
		for (unsigned i = 0; i < haul.n; i++)
			for (unsigned k = 0; k < 1u << order; k++)
				assert_int_equal(taken[haul.pfn[i].v + k]++, 0);
		assert_int_equal(tp_machine_check(m, true, stderr), 0);
		free_haul();
	}
}

static void pages_lie_apart_in_memory_too(void **state)
{
	(void)state;
	take_all(&owner, 0, TP_MIGRATE_UNMOVABLE, 0);
	for (unsigned i = 0; i < haul.n; i++)
		*(uint64_t *)tp_page_address(m, haul.pfn[i]) = haul.pfn[i].v;
	for (unsigned i = 0; i < haul.n; i++)
		assert_int_equal(*(uint64_t *)tp_page_address(m, haul.pfn[i]), haul.pfn[i].v);
	free_haul();
}

static void zero_means_every_byte_of_every_page(void **state)
{
	(void)state;
	for (unsigned order = 0; order < TP_NR_ORDERS; order++) {
		size_t size = TP_PAGE_SIZE << order;
		tp_pfn pfn = take(order, TP_MIGRATE_MOVABLE, 0);
		char *page = tp_page_address(m, pfn);

		memset(page, 0xa5, size);
		tp_pages_free(m, pfn, order);
		pfn = take(order, TP_MIGRATE_MOVABLE, TP_ALLOC_ZERO);
		page = tp_page_address(m, pfn);
		assert_int_equal(page[0], 0);
		assert_memory_equal(page, page + 1, size - 1);
		tp_pages_free(m, pfn, order);
	}
}

static void a_query_tells_what_was_asked_for(void **state)
{
	const struct tp_alloc request = {
		.owner = &owner, .cookie = 77, .order = 1, .type = TP_MIGRATE_RECLAIMABLE
	};
	struct tp_page_info info;
	tp_pfn pfn;

	(void)state;
	must(tp_pages_alloc(m, &request, &pfn));
	info = query(pfn);
	assert_true(info.online && info.allocated && !info.isolated);
	assert_int_equal(info.node, 0);
	assert_int_equal(info.zone, TP_ZONE_NORMAL);
	assert_int_equal(info.type, TP_MIGRATE_RECLAIMABLE);
	assert_int_equal(info.order, 1);
	assert_int_equal(info.pins, 0);
	assert_int_equal(info.cookie, 77);
	assert_string_equal(info.owner, "fixed");
	assert_false(query((tp_pfn){ pfn.v + 1 }).allocated);
	tp_pages_free(m, pfn, 1);
	assert_false(query(pfn).allocated);
}

static void a_query_beyond_the_machine_is_refused(void **state)
{
	struct tp_page_info info;
	uint64_t end_pfn = tp_machine_nr_blocks(m) * (SMALL_BLOCK / TP_PAGE_SIZE);

	(void)state;
	must(tp_page_query(m, (tp_pfn){ end_pfn - 1 }, &info));
	assert_false(info.online);
	assert_int_equal(tp_page_query(m, (tp_pfn){ end_pfn }, &info), -EINVAL);
}

/* ---- from where ------------------------------------------------------------------------------ */

static void dma_comes_from_dma_only(void **state)
{
	(void)state;
	assert_true(take_all(&owner, 0, TP_MIGRATE_MOVABLE, TP_ALLOC_DMA) > 0);
	for (unsigned i = 0; i < haul.n; i++)
		assert_true(haul.pfn[i].v < SMALL_BLOCK / TP_PAGE_SIZE);
	free_haul();
}

static void dma32_comes_from_dma32_first_and_dma_then(void **state)
{
	struct tp_machine_config config = small_machine(BLOCKS);
	bool met_dma = false;

	(void)state;
	must(tp_owner_unregister(&owner));
	end_machine(m);
	config.dma32_size = 3 * SMALL_BLOCK;
	m = make_still_machine(config);
	must(tp_owner_register(m, &owner));
	take_all(&owner, 0, TP_MIGRATE_UNMOVABLE, TP_ALLOC_DMA32);
	for (unsigned i = 0; i < haul.n; i++) {
		enum tp_zone_type zone = query(haul.pfn[i]).zone;

		assert_true(zone == (i ? zone : TP_ZONE_DMA32) && zone <= TP_ZONE_DMA32);
		met_dma |= zone == TP_ZONE_DMA;
	}
	assert_true(met_dma);
	free_haul();
}

static void normal_requests_get_dma_when_normal_runs_out(void **state)
{
	uint64_t normal = zone_stat(m, 0, TP_ZONE_NORMAL).managed / 2;
	bool met_dma = false;

	(void)state;
	take_all(&owner, 0, TP_MIGRATE_UNMOVABLE, 0);
	for (unsigned i = 0; i < haul.n; i++) {
		bool is_dma = query(haul.pfn[i]).zone == TP_ZONE_DMA;

		assert_false(i < normal && is_dma);
		met_dma |= is_dma;
	}
	assert_true(met_dma);
	free_haul();
}

static struct tp_device *plug_movable(void)
{
	const struct tp_device_config config = { .size = SMALL_BLOCK, .online = TP_ONLINE_MOVABLE };
	struct tp_device *device;

	must(tp_device_plug(m, &config, &device));
	return device;
}

static void must_keep_out_of_movable(struct tp_owner *who, enum tp_migratetype type)
{
	struct tp_device *device = plug_movable();

	take_all(who, 0, type, 0);
	assert_true(haul.n > 0);
	for (unsigned i = 0; i < haul.n; i++)
		assert_int_not_equal(query(haul.pfn[i]).zone, TP_ZONE_MOVABLE);
	free_haul();
	must(tp_device_unplug(device, NULL, NULL));
}

static void unmovable_pages_keep_out_of_movable_zones(void **state)
{
	static struct tracker t;

	(void)state;
	tracker_begin(&t, m, &tracker_moves);
	must_keep_out_of_movable(&t.owner, TP_MIGRATE_UNMOVABLE);
	must_keep_out_of_movable(&t.owner, TP_MIGRATE_RECLAIMABLE);
	tracker_end(&t);
}

static void movable_pages_of_an_owner_without_ops_keep_out_as_well(void **state)
{
	(void)state;
	must_keep_out_of_movable(&owner, TP_MIGRATE_MOVABLE);
}

static int release_never(struct tp_owner *o, uint32_t cookie, tp_pfn pfn, unsigned order)
{
	(void)o, (void)cookie, (void)pfn, (void)order;
	return -EBUSY;
}

static void an_owner_that_can_release_may_use_movable_zones(void **state)
{
	static const struct tp_owner_ops ops = { .release = release_never };
	struct tp_owner releaser = { .name = "releaser", .ops = &ops };
	struct tp_device *device = plug_movable();
	tp_pfn pfn;

	(void)state;
	must(tp_owner_register(m, &releaser));
	pfn = take_pages(m, &releaser, 0, TP_MIGRATE_MOVABLE, 0);
	assert_int_equal(query(pfn).zone, TP_ZONE_MOVABLE);
	tp_pages_free(m, pfn, 0);
	must(tp_owner_unregister(&releaser));
	must(tp_device_unplug(device, NULL, NULL));
}

/* ---- types of blocks ------------------------------------------------------------------------- */

static uint64_t blocks_of(enum tp_migratetype type)
{
	return zone_stat(m, 0, TP_ZONE_NORMAL).pageblocks[type];
}

static void all_blocks_begin_as_movable(void **state)
{
	(void)state;
	assert_int_equal(blocks_of(TP_MIGRATE_MOVABLE), 2 * (BLOCKS - 1));
}

static void a_block_that_is_borrowed_from_whole_changes_its_type(void **state)
{
	tp_pfn pfn = take(1, TP_MIGRATE_UNMOVABLE, 0);

	(void)state;
	assert_int_equal(query(pfn).type, TP_MIGRATE_UNMOVABLE);
	assert_int_equal(blocks_of(TP_MIGRATE_UNMOVABLE), 1);
	tp_pages_free(m, pfn, 1);
}

static void further_requests_of_the_type_fill_that_block(void **state)
{
	tp_pfn a = take(1, TP_MIGRATE_UNMOVABLE, 0), b = take(1, TP_MIGRATE_UNMOVABLE, 0);

	(void)state;
	assert_int_equal(a.v >> TP_PAGEBLOCK_ORDER, b.v >> TP_PAGEBLOCK_ORDER);
	tp_pages_free(m, a, 1);
	tp_pages_free(m, b, 1);
}

static void a_borrowed_run_of_the_highest_order_changes_both_blocks(void **state)
{
	tp_pfn pfn = take(TP_MAX_ORDER, TP_MIGRATE_RECLAIMABLE, 0);

	(void)state;
	assert_int_equal(blocks_of(TP_MIGRATE_RECLAIMABLE), 2);
	assert_int_equal(query(pfn).type, TP_MIGRATE_RECLAIMABLE);
	assert_int_equal(query((tp_pfn){ pfn.v + TP_PAGEBLOCK_PAGES }).type,
			 TP_MIGRATE_RECLAIMABLE);
	tp_pages_free(m, pfn, TP_MAX_ORDER);
}

/* ---- nothing --------------------------------------------------------------------------------- */

static void what_is_out_of_range_is_refused(void **state)
{
	const struct tp_alloc wrong[] = {
		{ .owner = &owner, .order = TP_MAX_ORDER + 1 },
		{ .owner = &owner, .order = UINT32_MAX },
		{ .owner = &owner, .type = TP_NR_MIGRATETYPES },
		{ .owner = &owner, .type = (enum tp_migratetype)255 },
		{ .owner = &owner, .node = 1 },
		{ .owner = &owner, .node = -2 },
		{ .owner = &owner, .flags = TP_ALLOC_NORECLAIM << 1 },
		{ .owner = NULL },
	};
	tp_pfn pfn;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(tp_pages_alloc(m, &wrong[i], &pfn), -EINVAL);
}

static void an_owner_of_another_machine_is_refused(void **state)
{
	struct tp_machine *other = make_machine(small_machine(1));
	struct tp_owner stranger = { .name = "stranger" };
	const struct tp_alloc request = { .owner = &stranger };
	tp_pfn pfn;

	(void)state;
	assert_int_equal(tp_pages_alloc(m, &request, &pfn), -EINVAL);
	must(tp_owner_register(other, &stranger));
	assert_int_equal(tp_pages_alloc(m, &request, &pfn), -EINVAL);
	must(tp_owner_unregister(&stranger));
	assert_int_equal(tp_pages_alloc(m, &request, &pfn), -EINVAL);
	end_machine(other);
}

static void an_injected_fault_takes_nothing(void **state)
{
	const struct tp_alloc request = { .owner = &owner, .order = 1 };
	uint64_t free = zone_stat(m, 0, TP_ZONE_NORMAL).free;
	tp_pfn pfn;

	(void)state;
	must(tp_fault_arm("mm/page-alloc", 1, 1));
	assert_int_equal(tp_pages_alloc(m, &request, &pfn), -ENOMEM);
	assert_int_equal(zone_stat(m, 0, TP_ZONE_NORMAL).free, free);
}

static uint64_t all_free(void)
{
	struct tp_zone_stat dma = zone_stat(m, 0, TP_ZONE_DMA),
			    normal = zone_stat(m, 0, TP_ZONE_NORMAL);

	return dma.free + dma.pcp + normal.free + normal.pcp;
}

static void everything_comes_back_after_exhaustion(void **state)
{
	uint64_t before = all_free();

	(void)state;
	for (unsigned order = 0; order < TP_NR_ORDERS; order++) {
		unsigned n = take_all(&owner, order, TP_MIGRATE_MOVABLE, 0);

		assert_int_equal(all_free(), before - ((uint64_t)n << order));
		free_haul();
		assert_int_equal(all_free(), before);
		assert_int_equal(take_all(&owner, order, TP_MIGRATE_MOVABLE, 0), n);
		free_haul();
	}
}

static void pages_in_lists_of_other_types_are_found_in_need(void **state)
{
	unsigned movable = take_all(&owner, 0, TP_MIGRATE_MOVABLE, 0);

	(void)state;
	free_haul(); /* hundreds of them wait in the movable lists now */
	assert_int_equal(take_all(&owner, 0, TP_MIGRATE_UNMOVABLE, 0), movable);
	free_haul();
}

static void whole_pageblocks_come_back_whatever_their_pages_were(void **state)
{
	unsigned n = take_all(&owner, TP_PAGEBLOCK_ORDER, TP_MIGRATE_MOVABLE, 0);

	(void)state;
	free_haul();
	for (enum tp_migratetype type = 0; type < TP_NR_MIGRATETYPES; type++) {
		take_all(&owner, 0, type, 0);
		free_haul();
		assert_int_equal(take_all(&owner, TP_PAGEBLOCK_ORDER, TP_MIGRATE_MOVABLE, 0), n);
		free_haul();
	}
}

#define ALLOC_TEST(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ALLOC_TEST(every_order_is_naturally_aligned),
		ALLOC_TEST(nothing_is_handed_out_twice),
		ALLOC_TEST(pages_lie_apart_in_memory_too),
		ALLOC_TEST(zero_means_every_byte_of_every_page),
		ALLOC_TEST(a_query_tells_what_was_asked_for),
		ALLOC_TEST(a_query_beyond_the_machine_is_refused),
		ALLOC_TEST(dma_comes_from_dma_only),
		ALLOC_TEST(dma32_comes_from_dma32_first_and_dma_then),
		ALLOC_TEST(normal_requests_get_dma_when_normal_runs_out),
		ALLOC_TEST(unmovable_pages_keep_out_of_movable_zones),
		ALLOC_TEST(movable_pages_of_an_owner_without_ops_keep_out_as_well),
		ALLOC_TEST(an_owner_that_can_release_may_use_movable_zones),
		ALLOC_TEST(all_blocks_begin_as_movable),
		ALLOC_TEST(a_block_that_is_borrowed_from_whole_changes_its_type),
		ALLOC_TEST(further_requests_of_the_type_fill_that_block),
		ALLOC_TEST(a_borrowed_run_of_the_highest_order_changes_both_blocks),
		ALLOC_TEST(what_is_out_of_range_is_refused),
		ALLOC_TEST(an_owner_of_another_machine_is_refused),
		ALLOC_TEST(an_injected_fault_takes_nothing),
		ALLOC_TEST(everything_comes_back_after_exhaustion),
		ALLOC_TEST(pages_in_lists_of_other_types_are_found_in_need),
		ALLOC_TEST(whole_pageblocks_come_back_whatever_their_pages_were),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
