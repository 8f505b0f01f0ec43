/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_mm_pcp - lists per CPU: last in, first out, bounded, and out of reach while stopped.
 *
 * Every test runs with the locks and, where the process may, with restartable sequences; the thread
 * stays on one CPU meanwhile.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "mm/isolate.h"
#include "mm/zone.h"
#include "counts_machine.h"

static struct tp_zone *zone;

static int begin_on_one_cpu(bool rseq)
{
	begin(rseq);
	zone = tp_zone_of(m, 0, TP_ZONE_NORMAL);
	if (owner.machine)
		stay_on(0);
	return 0;
}

static int begin_locked_on_one_cpu(void **state)
{
	(void)state;
	return begin_on_one_cpu(false);
}

static int begin_rseq_on_one_cpu(void **state)
{
	(void)state;
	return begin_on_one_cpu(true);
}

/* Single pages straight from the zone: in nobody's list and without an owner. */
static unsigned take_in_flight(uint32_t *pages, unsigned want)
{
	unsigned got;

	tp_spin_lock(&zone->lock);
	got = tp_zone_take_bulk(zone, TP_MIGRATE_MOVABLE, pages, want);
	tp_spin_unlock(&zone->lock);
	assert_int_equal(got, want);
	return got;
}

static void give_page(uint32_t page)
{
	tp_spin_lock(&zone->lock);
	tp_zone_give(zone, (tp_pfn){ page }, 0);
	tp_spin_unlock(&zone->lock);
}

static void stop(void)
{
	tp_spin_lock(&zone->lock);
	tp_pcp_stop(zone);
	tp_spin_unlock(&zone->lock);
	tp_pcp_fence(m);
}

static void resume(void)
{
	tp_spin_lock(&zone->lock);
	tp_pcp_resume(zone);
	tp_spin_unlock(&zone->lock);
}

static void the_last_page_in_is_the_first_out(void **state)
{
	uint32_t pages[3], out;

	(void)state;
	SKIP_WITHOUT_LISTS();
	take_in_flight(pages, 3);
	for (int i = 0; i < 3; i++)
		assert_int_equal(tp_pcp_push(zone, TP_MIGRATE_MOVABLE, pages[i]), 0);
	assert_int_equal(tp_pcp_count(zone), 3);
	for (int i = 3; i--;) {
		assert_int_equal(tp_pcp_pop(zone, TP_MIGRATE_MOVABLE, &out), 0);
		assert_int_equal(out, pages[i]);
		give_page(out);
	}
}

static void an_empty_list_says_so(void **state)
{
	uint32_t out;

	(void)state;
	SKIP_WITHOUT_LISTS();
	assert_int_equal(tp_pcp_pop(zone, TP_MIGRATE_MOVABLE, &out), -ENOENT);
}

static void types_have_lists_of_their_own(void **state)
{
	uint32_t page, out;

	(void)state;
	SKIP_WITHOUT_LISTS();
	take_in_flight(&page, 1);
	assert_int_equal(tp_pcp_push(zone, TP_MIGRATE_RECLAIMABLE, page), 0);
	assert_int_equal(tp_pcp_pop(zone, TP_MIGRATE_MOVABLE, &out), -ENOENT);
	assert_int_equal(tp_pcp_pop(zone, TP_MIGRATE_UNMOVABLE, &out), -ENOENT);
	assert_int_equal(tp_pcp_pop(zone, TP_MIGRATE_RECLAIMABLE, &out), 0);
	assert_int_equal(out, page);
	give_page(out);
}

static void a_full_list_takes_no_more(void **state)
{
	static uint32_t pages[TP_PCP_HIGH + 1];

	(void)state;
	SKIP_WITHOUT_LISTS();
	take_in_flight(pages, TP_PCP_HIGH + 1);
	for (unsigned i = 0; i < TP_PCP_HIGH; i++)
		assert_int_equal(tp_pcp_push(zone, TP_MIGRATE_MOVABLE, pages[i]), 0);
	assert_int_equal(tp_pcp_push(zone, TP_MIGRATE_MOVABLE, pages[TP_PCP_HIGH]), -ENOSPC);
	assert_int_equal(tp_pcp_count(zone), TP_PCP_HIGH);
	give_page(pages[TP_PCP_HIGH]);
}

static void a_stopped_list_is_busy_until_everyone_resumed_it(void **state)
{
	uint32_t pages[2], out;

	(void)state;
	SKIP_WITHOUT_LISTS();
	take_in_flight(pages, 2);
	assert_int_equal(tp_pcp_push(zone, TP_MIGRATE_MOVABLE, pages[0]), 0);
	stop();
	stop();
	resume();
	assert_int_equal(tp_pcp_pop(zone, TP_MIGRATE_MOVABLE, &out), -EBUSY);
	assert_int_equal(tp_pcp_push(zone, TP_MIGRATE_MOVABLE, pages[1]), -EBUSY);
	resume();
	assert_int_equal(tp_pcp_pop(zone, TP_MIGRATE_MOVABLE, &out), 0);
	give_page(out);
	give_page(pages[1]);
}

static void a_stopped_list_does_not_stop_allocating_and_freeing(void **state)
{
	tp_pfn pfn;

	(void)state;
	SKIP_WITHOUT_LISTS();
	stop();
	pfn = take_pages(m, &owner, 0, TP_MIGRATE_MOVABLE, 0);
	tp_pages_free(m, pfn, 0);
	assert_int_equal(tp_pcp_count(zone), 0);
	resume();
}

static struct tp_range pageblock_of(uint32_t page)
{
	return (struct tp_range){ { page & ~(TP_PAGEBLOCK_PAGES - 1) }, TP_PAGEBLOCK_PAGES, zone };
}

static void a_page_of_an_isolated_block_is_not_taken(void **state)
{
	struct tp_range range;
	uint32_t page;

	(void)state;
	SKIP_WITHOUT_LISTS();
	take_in_flight(&page, 1);
	range = pageblock_of(page);
	must(tp_isolate_range(&range));
	assert_int_equal(tp_pcp_push(zone, TP_MIGRATE_MOVABLE, page), -EBUSY);
	give_page(page);
	tp_unisolate_range(&range);
}

static void an_isolation_takes_its_own_pages_out_of_the_lists_and_no_others(void **state)
{
	uint32_t pages[2 * TP_PAGEBLOCK_PAGES], out;
	struct tp_range range;
	unsigned kept = 0, n = 2 * TP_PAGEBLOCK_PAGES < 256 ? 2 * TP_PAGEBLOCK_PAGES : 256;

	(void)state;
	SKIP_WITHOUT_LISTS();
	take_in_flight(pages, 2 * TP_PAGEBLOCK_PAGES);
	/* A few of each of the two blocks, mixed. */
	for (unsigned i = 0; i < 2 * TP_PAGEBLOCK_PAGES; i++)
		if (i < n / 2)
			must(tp_pcp_push(zone, TP_MIGRATE_MOVABLE, pages[i]));
		else if (i >= 2 * TP_PAGEBLOCK_PAGES - n / 2)
			must(tp_pcp_push(zone, TP_MIGRATE_MOVABLE, pages[i]));
		else
			give_page(pages[i]);
	range = pageblock_of(pages[0]);
	must(tp_isolate_range(&range));
	while (!tp_pcp_pop(zone, TP_MIGRATE_MOVABLE, &out)) {
		assert_true(out < range.start.v || out >= range.start.v + TP_PAGEBLOCK_PAGES);
		give_page(out);
		kept++;
	}
	assert_int_equal(kept, n / 2);
	assert_int_equal(tp_range_free_pages(&range), TP_PAGEBLOCK_PAGES);
	tp_unisolate_range(&range);
}

static void a_drain_gives_everything_back(void **state)
{
	tp_pfn pfn[8];

	(void)state;
	SKIP_WITHOUT_LISTS();
	for (int i = 0; i < 8; i++)
		pfn[i] = take_pages(m, &owner, 0, TP_MIGRATE_MOVABLE, 0);
	for (int i = 0; i < 8; i++)
		tp_pages_free(m, pfn[i], 0);
	assert_true(tp_pcp_count(zone) >= 8);
	tp_pcp_drain_zone(zone);
	assert_int_equal(tp_pcp_count(zone), 0);
	assert_int_equal(zone_stat(m, 0, TP_ZONE_NORMAL).free, zone->managed);
}

static void single_pages_come_by_rising_address(void **state)
{
	tp_pfn pfn[TP_PAGEBLOCK_PAGES];

	(void)state;
	SKIP_WITHOUT_LISTS();
	for (unsigned i = 0; i < TP_PAGEBLOCK_PAGES; i++) {
		pfn[i] = take_pages(m, &owner, 0, TP_MIGRATE_MOVABLE, 0);
		if (i % TP_PCP_BATCH)
			assert_int_equal(pfn[i].v, pfn[i - 1].v + 1);
	}
	for (unsigned i = 0; i < TP_PAGEBLOCK_PAGES; i++)
		tp_pages_free(m, pfn[i], 0);
}

static void a_list_that_overflows_keeps_its_bound(void **state)
{
	static tp_pfn pfn[3 * TP_PCP_HIGH];

	(void)state;
	SKIP_WITHOUT_LISTS();
	for (unsigned i = 0; i < 3 * TP_PCP_HIGH; i++)
		pfn[i] = take_pages(m, &owner, 0, TP_MIGRATE_MOVABLE, 0);
	for (unsigned i = 0; i < 3 * TP_PCP_HIGH; i++) {
		tp_pages_free(m, pfn[i], 0);
		assert_true(tp_pcp_count(zone) <= TP_PCP_HIGH);
	}
}

/* ---- several threads ------------------------------------------------------------------------- */

static tp_atomic_u32 stop_churn;

static void churn(void *arg)
{
	tp_pfn pfn[40];

	(void)arg;
	while (!tp_atomic_load(&stop_churn, TP_ACQUIRE)) {
		for (int i = 0; i < 40; i++)
			pfn[i] = take_pages(m, &owner, 0, TP_MIGRATE_MOVABLE, 0);
		for (int i = 0; i < 40; i++)
			tp_pages_free(m, pfn[i], 0);
	}
}

static void start_churn(struct tp_thread *threads, int n)
{
	assert_int_equal(sched_setaffinity(0, sizeof(all_cpus), &all_cpus), 0);
	tp_atomic_store(&stop_churn, 0, TP_RELEASE);
	for (int i = 0; i < n; i++)
		must(tp_thread_start(&threads[i], "churn", churn, NULL));
}

static void end_churn(struct tp_thread *threads, int n)
{
	tp_atomic_store(&stop_churn, 1, TP_RELEASE);
	for (int i = 0; i < n; i++)
		tp_thread_join(&threads[i]);
}

static void draining_under_load_loses_nothing(void **state)
{
	struct tp_thread threads[3];

	(void)state;
	SKIP_WITHOUT_LISTS();
	start_churn(threads, 3);
	for (int i = 0; i < 200; i++)
		tp_pcp_drain_zone(zone);
	end_churn(threads, 3);
	tp_pcp_drain_zone(zone);
	assert_int_equal(zone_stat(m, 0, TP_ZONE_NORMAL).free, zone->managed);
}

static void isolating_under_load_leaves_no_page_of_the_range_in_a_list(void **state)
{
	struct tp_range range = { { zone->start_pfn }, TP_PAGEBLOCK_PAGES, zone };
	struct tp_thread threads[3];

	(void)state;
	SKIP_WITHOUT_LISTS();
	start_churn(threads, 3);
	for (int i = 0; i < 100; i++) {
		must(tp_isolate_range(&range));
		/* In use, or in flight, but on no list: so they come to an end. */
		while (tp_range_free_pages(&range) < TP_PAGEBLOCK_PAGES)
			tp_yield();
		tp_unisolate_range(&range);
	}
	end_churn(threads, 3);
}

static tp_atomic_u32 stop_draining;

static void drain_movable(void *arg)
{
	while (!tp_atomic_load(&stop_draining, TP_ACQUIRE))
		tp_pcp_drain_zone(arg);
}

/* The lists of a zone come into being while somebody out of memory drains all zones. */
static void lists_of_a_new_zone_appear_whole(void **state)
{
	const struct tp_device_config config = { .size = SMALL_BLOCK, .online = TP_ONLINE_MOVABLE };
	struct tp_device *device;
	struct tp_thread thread;

	(void)state;
	SKIP_WITHOUT_LISTS();
	assert_int_equal(sched_setaffinity(0, sizeof(all_cpus), &all_cpus), 0);
	tp_atomic_store(&stop_draining, 0, TP_RELEASE);
	must(tp_thread_start(&thread, "drain", drain_movable, tp_zone_of(m, 0, TP_ZONE_MOVABLE)));
	tp_sleep_ns(TP_MILLISECONDS(2));
	must(tp_device_plug(m, &config, &device));
	tp_sleep_ns(TP_MILLISECONDS(2));
	tp_atomic_store(&stop_draining, 1, TP_RELEASE);
	tp_thread_join(&thread);
	must(tp_device_unplug(device, NULL, NULL));
}

#define PCP_TEST(test)                                                   \
	{ #test " (locked)", test, begin_locked_on_one_cpu, end, NULL }, \
	{                                                                \
#test " (rseq)", test, begin_rseq_on_one_cpu, end, NULL  \
	}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PCP_TEST(the_last_page_in_is_the_first_out),
		PCP_TEST(an_empty_list_says_so),
		PCP_TEST(types_have_lists_of_their_own),
		PCP_TEST(a_full_list_takes_no_more),
		PCP_TEST(a_stopped_list_is_busy_until_everyone_resumed_it),
		PCP_TEST(a_stopped_list_does_not_stop_allocating_and_freeing),
		PCP_TEST(a_page_of_an_isolated_block_is_not_taken),
		PCP_TEST(an_isolation_takes_its_own_pages_out_of_the_lists_and_no_others),
		PCP_TEST(a_drain_gives_everything_back),
		PCP_TEST(single_pages_come_by_rising_address),
		PCP_TEST(a_list_that_overflows_keeps_its_bound),
		PCP_TEST(draining_under_load_loses_nothing),
		PCP_TEST(isolating_under_load_leaves_no_page_of_the_range_in_a_list),
		PCP_TEST(lists_of_a_new_zone_appear_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
