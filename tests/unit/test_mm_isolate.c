/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_mm_isolate - pageblocks out of circulation and back, at rest and under load. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>

#include "core/rng.h"
#include "mm/isolate.h"
#include "mm/zone.h"
#include "mm_machine.h"

/* Room for what the tests take, however small a pageblock is. */
enum { BLOCKS = 6 + 1024 / (2 * TP_PAGEBLOCK_PAGES) };

static struct tp_machine *m;
static struct tp_zone *zone;
static struct tp_owner owner;
static struct tp_range middle; /* a pair of pageblocks in the midst of the zone */

static int begin(void **state)
{
	(void)state;
	m = make_still_machine(small_machine(BLOCKS));
	zone = tp_zone_of(m, 0, TP_ZONE_NORMAL);
	middle = (struct tp_range){ tp_pb_start(4), 2 * TP_PAGEBLOCK_PAGES, zone };
	owner = (struct tp_owner){ .name = "owner" };
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

static struct tp_zone_stat normal(void)
{
	return zone_stat(m, 0, TP_ZONE_NORMAL);
}

static struct tp_range one_pageblock(uint32_t pb)
{
	return (struct tp_range){ tp_pb_start(pb), TP_PAGEBLOCK_PAGES, zone };
}

static bool in_range(tp_pfn pfn, const struct tp_range *range)
{
	return pfn.v >= range->start.v && pfn.v < range->start.v + range->nr_pages;
}

/* ---- counts ---------------------------------------------------------------------------------- */

static void free_never_counts_what_is_isolated(void **state)
{
	struct tp_zone_stat before = normal(), now;

	(void)state;
	must(tp_isolate_range(&middle));
	now = normal();
	assert_int_equal(now.free, before.free - middle.nr_pages);
	assert_int_equal(now.isolated_free, middle.nr_pages);
	assert_int_equal(now.isolated_pageblocks, 2);
	assert_int_equal(now.managed, before.managed);
	assert_int_equal(now.present, before.present);
	assert_int_equal(now.nr_isolated[TP_PAGEBLOCK_ORDER], 2);
	tp_unisolate_range(&middle);
	now = normal();
	assert_memory_equal(&now, &before, sizeof(now));
}

static void what_is_freed_into_an_isolated_block_stays_there(void **state)
{
	tp_pfn pfn = take_pages(m, &owner, 1, TP_MIGRATE_MOVABLE, 0), other;
	struct tp_range range = one_pageblock(tp_pb_of(pfn));
	uint64_t free;

	(void)state;
	must(tp_isolate_range(&range));
	free = normal().free;
	assert_int_equal(tp_range_free_pages(&range), TP_PAGEBLOCK_PAGES - 2);
	tp_pages_free(m, pfn, 1);
	assert_int_equal(normal().free, free);
	assert_int_equal(tp_range_free_pages(&range), TP_PAGEBLOCK_PAGES);
	other = take_pages(m, &owner, 1, TP_MIGRATE_MOVABLE, 0);
	assert_false(in_range(other, &range));
	tp_pages_free(m, other, 1);
	tp_unisolate_range(&range);
}

static void single_pages_freed_into_an_isolated_block_bypass_the_lists(void **state)
{
	tp_pfn pfn = take_pages(m, &owner, 0, TP_MIGRATE_MOVABLE, 0);
	struct tp_range range = one_pageblock(tp_pb_of(pfn));

	(void)state;
	must(tp_isolate_range(&range)); /* and what the refill left in a list is out of it */
	assert_int_equal(tp_range_free_pages(&range), TP_PAGEBLOCK_PAGES - 1);
	tp_pages_free(m, pfn, 0);
	assert_int_equal(tp_range_free_pages(&range), TP_PAGEBLOCK_PAGES);
	assert_int_equal(normal().isolated_free, TP_PAGEBLOCK_PAGES);
	tp_unisolate_range(&range);
}

/* T19 */
static void other_blocks_keep_serving(void **state)
{
	static tp_pfn pfn[BLOCKS * 2 * TP_PAGEBLOCK_PAGES];
	const struct tp_alloc request = { .owner = &owner, .flags = TP_ALLOC_NORECLAIM };
	uint64_t available = normal().free - middle.nr_pages;
	unsigned n = 0, here = 0;

	(void)state;
	must(tp_isolate_range(&middle));
	while (!tp_pages_alloc(m, &request, &pfn[n])) {
		assert_false(in_range(pfn[n], &middle));
		here += tp_pfn_zone(m, pfn[n]) == zone;
		n++;
	}
	assert_true(here + normal().watermark[0] >= available);
	while (n)
		tp_pages_free(m, pfn[--n], 0);
	tp_unisolate_range(&middle);
}

/* ---- undo and failure ------------------------------------------------------------------------ */

/* T15 */
static void undo_restores_the_type_of_each_block(void **state)
{
	struct tp_range all = { { zone->start_pfn }, zone->spanned, zone };
	struct tp_zone_stat before, after;

	(void)state;
	tp_spin_lock(&zone->lock);
	for (uint32_t pb = 3; pb < 9; pb++)
		tp_zone_set_type(zone, pb, (enum tp_migratetype)(pb % TP_NR_MIGRATETYPES));
	tp_spin_unlock(&zone->lock);
	before = normal();
	must(tp_isolate_range(&all));
	assert_int_equal(normal().free, 0);
	tp_unisolate_range(&all);
	after = normal();
	assert_memory_equal(&before, &after, sizeof(before));
	for (uint32_t pb = 3; pb < 9; pb++)
		assert_int_equal(tp_pb_type(m, pb), pb % TP_NR_MIGRATETYPES);
}

static void a_second_isolation_is_refused_and_changes_nothing(void **state)
{
	struct tp_range wider = { tp_pb_start(3), 4 * TP_PAGEBLOCK_PAGES, zone };
	struct tp_zone_stat before, after;

	(void)state;
	must(tp_isolate_range(&middle));
	before = normal();
	assert_int_equal(tp_isolate_range(&middle), -EBUSY);
	assert_int_equal(tp_isolate_range(&wider), -EBUSY);
	after = normal();
	assert_memory_equal(&before, &after, sizeof(before));
	tp_unisolate_range(&middle);
	must(tp_isolate_range(&wider));
	tp_unisolate_range(&wider);
}

static void an_injected_fault_changes_nothing(void **state)
{
	struct tp_zone_stat before = normal(), after;

	(void)state;
	must(tp_fault_arm("mm/isolate", 1, 1));
	assert_int_equal(tp_isolate_range(&middle), -EBUSY);
	after = normal();
	assert_memory_equal(&before, &after, sizeof(before));
}

static void of_several_ranges_all_or_none_are_isolated(void **state)
{
	const struct tp_range ranges[] = { one_pageblock(3), one_pageblock(6), one_pageblock(8) };
	struct tp_range last = one_pageblock(8);

	(void)state;
	must(tp_isolate_range(&last));
	assert_int_equal(tp_isolate_ranges(ranges, 3), -EBUSY);
	assert_int_equal(normal().isolated_pageblocks, 1);
	tp_unisolate_range(&last);
	must(tp_isolate_ranges(ranges, 3));
	assert_int_equal(normal().isolated_pageblocks, 3);
	tp_unisolate_ranges(ranges, 3);
	assert_int_equal(normal().isolated_pageblocks, 0);
}

/* A compaction picks its block first and isolates it later; meanwhile the memory may be gone. */
static void a_block_that_left_its_zone_cannot_be_isolated(void **state)
{
	const struct tp_device_config config = { .size = SMALL_BLOCK, .online = TP_ONLINE_KERNEL };
	struct tp_device_info info;
	struct tp_device *device;
	struct tp_range range;

	(void)state;
	must(tp_device_plug(m, &config, &device));
	tp_device_info(device, &info);
	range = one_pageblock((uint32_t)(info.start / TP_PAGEBLOCK_SIZE));
	must(tp_device_offline(device, NULL, NULL));
	assert_int_equal(tp_isolate_range(&range), -EBUSY);
	must(tp_device_online(device, TP_ONLINE_MOVABLE));
	assert_int_equal(tp_isolate_range(&range), -EBUSY);
	assert_int_equal(normal().isolated_pageblocks, 0);
	must(tp_device_unplug(device, NULL, NULL));
}

/* ---- runs and halves ------------------------------------------------------------------------- */

/* T21: a run of the highest order lies in two blocks. */
static void half_of_the_largest_run_can_be_isolated(void **state)
{
	struct tp_range lower = one_pageblock(4), upper = one_pageblock(5);
	struct tp_zone_stat before = normal(), now;

	(void)state;
	for (int half = 0; half < 2; half++) {
		struct tp_range *range = half ? &upper : &lower;

		must(tp_isolate_range(range));
		now = normal();
		assert_int_equal(now.nr_free[TP_MIGRATE_MOVABLE][TP_MAX_ORDER],
				 before.nr_free[TP_MIGRATE_MOVABLE][TP_MAX_ORDER] - 1);
		assert_int_equal(now.nr_free[TP_MIGRATE_MOVABLE][TP_PAGEBLOCK_ORDER], 1);
		assert_int_equal(tp_range_free_pages(range), TP_PAGEBLOCK_PAGES);
		assert_int_equal(tp_machine_check(m, true, stderr), 0);
		tp_unisolate_range(range);
		now = normal();
		assert_memory_equal(&before, &now, sizeof(now));
	}
}

/* T21: so does an allocation; freed, one half is caught and the other serves. */
static void the_largest_page_freed_over_an_isolated_half_is_divided(void **state)
{
	tp_pfn pfn = take_pages(m, &owner, TP_MAX_ORDER, TP_MIGRATE_MOVABLE, 0);
	struct tp_range upper = one_pageblock(tp_pb_of(pfn) + 1);
	uint64_t free;

	(void)state;
	must(tp_isolate_range(&upper));
	free = normal().free;
	tp_pages_free(m, pfn, TP_MAX_ORDER);
	assert_int_equal(normal().free, free + TP_PAGEBLOCK_PAGES);
	assert_int_equal(normal().isolated_free, TP_PAGEBLOCK_PAGES);
	assert_int_equal(tp_machine_check(m, true, stderr), 0);
	tp_unisolate_range(&upper);
}

/* T20: what comes is isolated until it is decided, and then everything of it serves. */
static void hot_added_pages_are_managed_and_free(void **state)
{
	const struct tp_device_config config = { .size = 3 * SMALL_BLOCK,
						 .online = TP_ONLINE_KERNEL };
	struct tp_zone_stat before = normal(), now;
	uint64_t pages = config.size / TP_PAGE_SIZE;
	struct tp_device *device;

	(void)state;
	must(tp_device_plug(m, &config, &device));
	now = normal();
	assert_int_equal(now.managed, before.managed + pages);
	assert_int_equal(now.present, before.present + pages);
	assert_int_equal(now.free, before.free + pages);
	assert_int_equal(now.isolated_pageblocks, 0);
	assert_int_equal(now.nr_free[TP_MIGRATE_MOVABLE][TP_MAX_ORDER],
			 before.nr_free[TP_MIGRATE_MOVABLE][TP_MAX_ORDER] + 3);
	must(tp_device_unplug(device, NULL, NULL));
	now = normal();
	assert_int_equal(now.managed, before.managed);
}

/* T23: nothing keeps a word about memory that is gone. */
static void memory_that_went_and_came_back_begins_anew(void **state)
{
	const struct tp_device_config config = { .size = 2 * SMALL_BLOCK,
						 .online = TP_ONLINE_KERNEL };

	(void)state;
	for (int i = 0; i < 3; i++) {
		struct tp_zone_stat before = normal(), after;
		struct tp_device *device;

		must(tp_device_plug(m, &config, &device));
		must(tp_device_offline(device, NULL, NULL));
		must(tp_device_unplug(device, NULL, NULL));
		after = normal();
		assert_memory_equal(&before, &after, sizeof(before));
		must(tp_isolate_range(&middle));
		tp_unisolate_range(&middle);
	}
}

/* ---- under load ------------------------------------------------------------------------------ */

enum { THREADS = 4, MANY_PAGES = 1 << 17 };

struct freer {
	struct tp_machine *m;
	struct tp_thread thread;
	tp_pfn pfn[MANY_PAGES / THREADS];
	unsigned n;
};

static struct freer freers[THREADS];

static void free_all(void *arg)
{
	struct freer *f = arg;

	while (f->n)
		tp_pages_free(f->m, f->pfn[--f->n], 0);
}

static struct tp_machine *make_large(struct tp_owner *who)
{
	struct tp_machine_config config = small_machine(1);
	struct tp_machine *large;

	config.block_size = TP_MIB(64);
	config.nodes[0].dram = TP_MIB(640);
	config.dma_size = config.dma32_size = TP_PAGEBLOCK_SIZE;
	config.hotplug_size = TP_MIB(64);
	large = make_machine(config);
	must(tp_owner_register(large, who));
	return large;
}

static void deal_pages(struct tp_machine *large, struct tp_owner *who)
{
	for (unsigned i = 0; i < MANY_PAGES; i++) {
		struct freer *f = &freers[i % THREADS];

		f->m = large;
		f->pfn[f->n++] = take_pages(large, who, 0, TP_MIGRATE_MOVABLE, 0);
	}
}

static void run_freers(void)
{
	for (int i = 0; i < THREADS; i++)
		must(tp_thread_start(&freers[i].thread, "freer", free_all, &freers[i]));
}

static void join_freers(void)
{
	for (int i = 0; i < THREADS; i++)
		tp_thread_join(&freers[i].thread);
}

/* T25 */
static void many_single_frees_into_an_isolated_range(void **state)
{
	struct tp_owner who = { .name = "who" };
	struct tp_machine *large = make_large(&who);
	struct tp_zone *z = tp_zone_of(large, 0, TP_ZONE_NORMAL);
	struct tp_range all = { { z->start_pfn }, z->spanned, z };
	struct tp_zone_stat stat;

	(void)state;
	deal_pages(large, &who);
	must(tp_isolate_range(&all));
	run_freers();
	join_freers();
	stat = zone_stat(large, 0, TP_ZONE_NORMAL);
	assert_int_equal(stat.free, 0);
	assert_int_equal(stat.isolated_free, stat.managed);
	assert_int_equal(stat.nr_isolated[TP_PAGEBLOCK_ORDER], stat.managed / TP_PAGEBLOCK_PAGES);
	tp_unisolate_range(&all);
	must(tp_owner_unregister(&who));
	end_machine(large);
}

/* T26 */
static void frees_while_isolations_come_and_go_lose_nothing(void **state)
{
	struct tp_owner who = { .name = "who" };
	struct tp_machine *large = make_large(&who);
	struct tp_zone *z = tp_zone_of(large, 0, TP_ZONE_NORMAL);
	struct tp_rng rng;

	(void)state;
	tp_rng_init(&rng, 9);
	deal_pages(large, &who);
	run_freers();
	for (int i = 0; i < 300; i++) {
		uint64_t n = z->spanned >> TP_PAGEBLOCK_ORDER;
		struct tp_range range = { { z->start_pfn +
					    tp_rng_below(&rng, n - 7) * TP_PAGEBLOCK_PAGES },
					  7 * TP_PAGEBLOCK_PAGES,
					  z };

		must(tp_isolate_range(&range));
		tp_unisolate_range(&range);
	}
	join_freers();
	must(tp_owner_unregister(&who));
	end_machine(large);
}

static tp_atomic_u32 stop_taking, strays;

/* Nothing of the isolated range may ever be handed out. */
static void take_and_give(void *arg)
{
	tp_pfn pfn[20];

	(void)arg;
	while (!tp_atomic_load(&stop_taking, TP_ACQUIRE)) {
		for (int i = 0; i < 20; i++) {
			pfn[i] = take_pages(m, &owner, i % 3 ? 0 : 2, TP_MIGRATE_MOVABLE, 0);
			tp_atomic_add(&strays, in_range(pfn[i], &middle), TP_RELAXED);
		}
		for (int i = 0; i < 20; i++)
			tp_pages_free(m, pfn[i], i % 3 ? 0 : 2);
	}
}

/* T19 */
static void an_isolated_range_is_out_of_reach_for_every_thread(void **state)
{
	struct tp_range other = one_pageblock(7);
	struct tp_thread threads[3];

	(void)state;
	must(tp_isolate_range(&middle));
	tp_atomic_store(&stop_taking, 0, TP_RELEASE);
	for (int i = 0; i < 3; i++)
		must(tp_thread_start(&threads[i], "taker", take_and_give, NULL));
	for (int i = 0; i < 100; i++) {
		must(tp_isolate_range(&other));
		tp_unisolate_range(&other);
	}
	tp_atomic_store(&stop_taking, 1, TP_RELEASE);
	for (int i = 0; i < 3; i++)
		tp_thread_join(&threads[i]);
	assert_int_equal(tp_atomic_load(&strays, TP_RELAXED), 0);
	assert_int_equal(normal().isolated_free, middle.nr_pages);
	tp_unisolate_range(&middle);
}

#define ISOLATE_TEST(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ISOLATE_TEST(free_never_counts_what_is_isolated),
		ISOLATE_TEST(what_is_freed_into_an_isolated_block_stays_there),
		ISOLATE_TEST(single_pages_freed_into_an_isolated_block_bypass_the_lists),
		ISOLATE_TEST(other_blocks_keep_serving),
		ISOLATE_TEST(undo_restores_the_type_of_each_block),
		ISOLATE_TEST(a_second_isolation_is_refused_and_changes_nothing),
		ISOLATE_TEST(an_injected_fault_changes_nothing),
		ISOLATE_TEST(of_several_ranges_all_or_none_are_isolated),
		ISOLATE_TEST(a_block_that_left_its_zone_cannot_be_isolated),
		ISOLATE_TEST(half_of_the_largest_run_can_be_isolated),
		ISOLATE_TEST(the_largest_page_freed_over_an_isolated_half_is_divided),
		ISOLATE_TEST(hot_added_pages_are_managed_and_free),
		ISOLATE_TEST(memory_that_went_and_came_back_begins_anew),
		ISOLATE_TEST(many_single_frees_into_an_isolated_range),
		ISOLATE_TEST(frees_while_isolations_come_and_go_lose_nothing),
		ISOLATE_TEST(an_isolated_range_is_out_of_reach_for_every_thread),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
