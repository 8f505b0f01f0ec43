/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_mm_watermark - what zones keep back, and who may have how much of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>

#include "mm/zone.h"
#include "mm_tracker.h"

/* Sixty-four MiB in blocks of one pageblock at least, whatever the size of a pageblock. */
enum { PAGES = 16384, DMA_PAGES = 2048, MAX_PAGES = 2 * PAGES };

static struct tp_machine *m;
static struct tp_owner owner;
static tp_pfn pages[MAX_PAGES];
static unsigned taken;

static int begin(void **state)
{
	struct tp_machine_config config = {
		.nr_nodes = 1,
		.nodes = { { .dram = PAGES * TP_PAGE_SIZE, .cpus = 1 } },
		.block_size = TP_MIB(8),
		.hotplug_size = TP_MIB(64),
		.dma_size = DMA_PAGES * TP_PAGE_SIZE,
		.dma32_size = DMA_PAGES * TP_PAGE_SIZE,
	};

	(void)state;
	m = make_still_machine(config);
	owner = (struct tp_owner){ .name = "owner" };
	must(tp_owner_register(m, &owner));
	return 0;
}

static void free_taken(unsigned order)
{
	while (taken)
		tp_pages_free(m, pages[--taken], order);
}

static int end(void **state)
{
	(void)state;
	must(tp_owner_unregister(&owner));
	end_machine(m);
	return 0;
}

/* All that a request can have; -ENOMEM ends it. */
static unsigned take_all(unsigned order, unsigned flags)
{
	const struct tp_alloc r = { .owner = &owner, .order = order, .flags = flags };
	unsigned before = taken;

	while (!tp_pages_alloc(m, &r, &pages[taken]))
		taken++;
	return taken - before;
}

static struct tp_zone_stat stat_of(enum tp_zone_type zone)
{
	return zone_stat(m, 0, zone);
}

/* 4 * sqrt(64 MiB in KiB) = 1024 KiB, by share of the zones. */
static void marks_are_those_of_linux(void **state)
{
	(void)state;
	assert_int_equal(stat_of(TP_ZONE_NORMAL).watermark[TP_WMARK_MIN],
			 256 * (PAGES - DMA_PAGES) / PAGES);
	assert_int_equal(stat_of(TP_ZONE_DMA).watermark[TP_WMARK_MIN], 256 * DMA_PAGES / PAGES);
}

static void low_and_high_are_a_quarter_and_a_half_above(void **state)
{
	struct tp_zone_stat stat = stat_of(TP_ZONE_NORMAL);

	(void)state;
	assert_int_equal(stat.watermark[TP_WMARK_LOW], stat.watermark[TP_WMARK_MIN] * 5 / 4);
	assert_int_equal(stat.watermark[TP_WMARK_HIGH], stat.watermark[TP_WMARK_MIN] * 3 / 2);
}

static void a_request_ends_at_the_min_mark(void **state)
{
	struct tp_zone_stat stat;

	(void)state;
	take_all(0, TP_ALLOC_NORECLAIM);
	stat = stat_of(TP_ZONE_NORMAL);
	assert_int_equal(stat.free, stat.watermark[TP_WMARK_MIN]);
	assert_int_equal(stat.pcp, 0);
	free_taken(0);
}

static void a_reclaiming_request_ends_there_too(void **state)
{
	struct tp_zone_stat stat;

	(void)state;
	take_all(0, 0);
	stat = stat_of(TP_ZONE_NORMAL);
	assert_int_equal(stat.free, stat.watermark[TP_WMARK_MIN]);
	free_taken(0);
}

static void an_atomic_request_gets_half_of_the_reserve(void **state)
{
	struct tp_zone_stat stat;
	unsigned more;

	(void)state;
	take_all(0, TP_ALLOC_NORECLAIM);
	more = take_all(0, TP_ALLOC_ATOMIC);
	stat = stat_of(TP_ZONE_NORMAL);
	assert_int_equal(stat.free, stat.watermark[TP_WMARK_MIN] / 2);
	assert_true(more >= stat.free);
	free_taken(0);
}

static void a_run_must_fit_above_the_mark_as_a_whole(void **state)
{
	struct tp_zone_stat stat;

	(void)state;
	take_all(2, TP_ALLOC_NORECLAIM);
	stat = stat_of(TP_ZONE_NORMAL);
	assert_true(stat.free >= stat.watermark[TP_WMARK_MIN]);
	assert_true(stat.free < stat.watermark[TP_WMARK_MIN] + 4);
	free_taken(2);
}

/* One page in 256 of what lies above, on top of the mark. */
static void dma_keeps_a_reserve_from_requests_that_could_go_higher(void **state)
{
	struct tp_zone_stat stat;
	uint64_t reserve = (PAGES - DMA_PAGES) / 256;

	(void)state;
	take_all(0, TP_ALLOC_NORECLAIM);
	stat = stat_of(TP_ZONE_DMA);
	assert_int_equal(stat.free, stat.watermark[TP_WMARK_MIN] + reserve);
	assert_int_equal(take_all(0, TP_ALLOC_NORECLAIM | TP_ALLOC_DMA), reserve);
	free_taken(0);
}

static struct tp_device *plug(enum tp_online_policy policy)
{
	const struct tp_device_config config = { .size = TP_MIB(64), .online = policy };
	struct tp_device *device;

	must(tp_device_plug(m, &config, &device));
	return device;
}

static void a_movable_zone_keeps_a_token_amount(void **state)
{
	struct tp_device *device = plug(TP_ONLINE_MOVABLE);

	(void)state;
	assert_int_equal(stat_of(TP_ZONE_MOVABLE).watermark[TP_WMARK_MIN], 32);
	/* Normal: 1 page in 32 of what lies above, from those that could go to Movable. */
	assert_int_equal(tp_zone_of(m, 0, TP_ZONE_NORMAL)->reserve[TP_ZONE_MOVABLE], PAGES / 32);
	must(tp_device_unplug(device, NULL, NULL));
	assert_int_equal(stat_of(TP_ZONE_MOVABLE).watermark[TP_WMARK_MIN], 0);
	assert_int_equal(tp_zone_of(m, 0, TP_ZONE_NORMAL)->reserve[TP_ZONE_MOVABLE], 0);
}

/* Twice the memory, sqrt(2) times the marks. */
static void marks_follow_memory_that_comes_and_goes(void **state)
{
	uint64_t before = stat_of(TP_ZONE_NORMAL).watermark[TP_WMARK_MIN], now;
	struct tp_device *device = plug(TP_ONLINE_KERNEL);

	(void)state;
	now = stat_of(TP_ZONE_NORMAL).watermark[TP_WMARK_MIN];
	assert_true(now > before);
	assert_in_range(now + stat_of(TP_ZONE_DMA).watermark[TP_WMARK_MIN], 360, 363);
	must(tp_device_unplug(device, NULL, NULL));
	assert_int_equal(stat_of(TP_ZONE_NORMAL).watermark[TP_WMARK_MIN], before);
}

static void a_tiny_zone_keeps_no_more_than_an_eighth(void **state)
{
	struct tp_machine *tiny = make_machine(small_machine(2));
	struct tp_zone_stat stat = zone_stat(tiny, 0, TP_ZONE_NORMAL);

	(void)state;
	assert_true(stat.watermark[TP_WMARK_MIN] > 0);
	assert_true(stat.watermark[TP_WMARK_MIN] <= stat.managed / 8);
	end_machine(tiny);
}

#define MARK_TEST(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		MARK_TEST(marks_are_those_of_linux),
		MARK_TEST(low_and_high_are_a_quarter_and_a_half_above),
		MARK_TEST(a_request_ends_at_the_min_mark),
		MARK_TEST(a_reclaiming_request_ends_there_too),
		MARK_TEST(an_atomic_request_gets_half_of_the_reserve),
		MARK_TEST(a_run_must_fit_above_the_mark_as_a_whole),
		MARK_TEST(dma_keeps_a_reserve_from_requests_that_could_go_higher),
		MARK_TEST(a_movable_zone_keeps_a_token_amount),
		MARK_TEST(marks_follow_memory_that_comes_and_goes),
		MARK_TEST(a_tiny_zone_keeps_no_more_than_an_eighth),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
