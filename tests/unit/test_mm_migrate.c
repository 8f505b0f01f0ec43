/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_mm_migrate - isolated pageblocks are emptied by asking the owners, and by nothing else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "mm/migrate.h"
#include "mm/owner.h"
#include "mm_tracker.h"

/* Room for what the tests take, however small a pageblock is. */
enum { BLOCKS = 6, MORE_BLOCKS = 1024 / (2 * TP_PAGEBLOCK_PAGES) };

static struct tp_machine *m;
static struct tp_blocker blockers[TP_REPORT_BLOCKERS];
static struct tracker tracker;

static int begin(void **state)
{
	(void)state;
	m = make_still_machine(small_machine(BLOCKS + MORE_BLOCKS));
	memset(&tracker, 0, sizeof(tracker));
	return 0;
}

static int end(void **state)
{
	(void)state;
	tp_fault_reset();
	if (tracker.owner.machine)
		tracker_end(&tracker);
	end_machine(m);
	return 0;
}

/* The pageblock @pfn lies in, isolated. */
static struct tp_range isolate_around(tp_pfn pfn)
{
	struct tp_range range = { { pfn.v & ~(TP_PAGEBLOCK_PAGES - 1) },
				  TP_PAGEBLOCK_PAGES,
				  tp_pfn_zone(m, pfn) };

	must(tp_isolate_range(&range));
	return range;
}

static struct tp_evacuation evacuate_to(const struct tp_range *range, tp_nodemask targets)
{
	struct tp_evacuation e = {
		.machine = m, .targets = targets, .may_release = true, .blockers = blockers
	};

	tp_evacuate_begin(&e);
	tp_evacuate(&e, range);
	return e;
}

static struct tp_evacuation evacuate(const struct tp_range *range)
{
	return evacuate_to(range, TP_NODE_BIT(0));
}

static bool in_range(tp_pfn pfn, const struct tp_range *range)
{
	return pfn.v >= range->start.v && pfn.v < range->start.v + range->nr_pages;
}

static tp_pfn where(uint32_t cookie)
{
	return (tp_pfn){ tracker.pfn[cookie] };
}

/* ---- what moves ------------------------------------------------------------------------------ */

static void pages_move_with_their_content(void **state)
{
	struct tp_range range;
	struct tp_evacuation e;

	(void)state;
	tracker_begin(&tracker, m, &tracker_moves);
	for (uint32_t i = 0; i < TP_PAGEBLOCK_PAGES; i++)
		tracker_take(&tracker, i, 0);
	range = isolate_around(where(0));
	e = evacuate(&range);
	assert_int_equal(e.left, 0);
	assert_true(e.moved > 0);
	assert_int_equal(tp_range_free_pages(&range), TP_PAGEBLOCK_PAGES);
	for (uint32_t i = 0; i < TP_PAGEBLOCK_PAGES; i++) {
		assert_false(in_range(where(i), &range));
		tracker_verify(&tracker, i);
	}
	tp_unisolate_range(&range);
	for (uint32_t i = 0; i < TP_PAGEBLOCK_PAGES; i++)
		tracker_free(&tracker, i, 0);
}

static void every_order_moves_whole(void **state)
{
	(void)state;
	tracker_begin(&tracker, m, &tracker_moves);
	for (unsigned order = 0; order < TP_NR_ORDERS; order++) {
		struct tp_range range;
		struct tp_evacuation e;
		struct tp_page_info info;

		tracker_take(&tracker, 1, order);
		range = isolate_around(where(1));
		e = evacuate(&range);
		assert_int_equal(e.moved, UINT64_C(1) << order);
		assert_int_equal(tracker.migrations, order + 1);
		must(tp_page_query(m, where(1), &info));
		assert_int_equal(info.order, order);
		tracker_verify(&tracker, 1);
		tp_unisolate_range(&range);
		tracker_free(&tracker, 1, order);
	}
}

/* T21: only the second half of the allocation lies in the range. */
static void a_page_that_begins_before_the_range_moves_too(void **state)
{
	struct tp_range range;
	struct tp_evacuation e;
	tp_pfn old;

	(void)state;
	tracker_begin(&tracker, m, &tracker_moves);
	old = tracker_take(&tracker, 1, TP_MAX_ORDER);
	range = isolate_around((tp_pfn){ old.v + TP_PAGEBLOCK_PAGES });
	e = evacuate(&range);
	assert_int_equal(e.left, 0);
	assert_int_equal(tp_range_free_pages(&range), TP_PAGEBLOCK_PAGES);
	assert_int_not_equal(where(1).v, old.v);
	tracker_verify(&tracker, 1);
	tp_unisolate_range(&range);
	tracker_free(&tracker, 1, TP_MAX_ORDER);
}

static void the_stat_counts_what_moved(void **state)
{
	struct tp_machine_stat stat;
	struct tp_range range;

	(void)state;
	tracker_begin(&tracker, m, &tracker_moves);
	tracker_take(&tracker, 1, 1);
	range = isolate_around(where(1));
	evacuate(&range);
	tp_machine_stat(m, &stat);
	assert_int_equal(stat.pages_migrated, 2);
	assert_int_equal(stat.migrate_failures, 0);
	tp_unisolate_range(&range);
	tracker_free(&tracker, 1, 1);
}

static int pin_while_moving(struct tp_owner *owner, uint32_t cookie, tp_pfn old, tp_pfn new,
			    unsigned order)
{
	tracker.answer = 0;
	assert_int_equal(tp_page_pin(owner->machine, old), -EAGAIN);
	return tracker_migrate(owner, cookie, old, new, order);
}

static void a_page_cannot_be_pinned_while_it_moves(void **state)
{
	static const struct tp_owner_ops ops = { .migrate = pin_while_moving };
	struct tp_range range;

	(void)state;
	tracker_begin(&tracker, m, &ops);
	tracker_take(&tracker, 1, 0);
	range = isolate_around(where(1));
	assert_int_equal(evacuate(&range).left, 0);
	tp_unisolate_range(&range);
	tracker_free(&tracker, 1, 0);
}

/* ---- what stays ------------------------------------------------------------------------------ */

/* One page that stays where it is, with these words in the report. */
static void must_stay(const char *reason, bool unmovable)
{
	tp_pfn old = where(1);
	struct tp_range range = isolate_around(old);
	struct tp_evacuation e = evacuate(&range);

	assert_int_equal(e.left, 1);
	assert_int_equal(e.moved, 0);
	assert_int_equal(e.unmovable, unmovable);
	assert_int_equal(e.nr_blockers, 1);
	assert_int_equal(blockers[0].pfn.v, old.v);
	assert_string_equal(blockers[0].reason, reason);
	assert_string_equal(blockers[0].owner, "tracker");
	assert_int_equal(where(1).v, old.v);
	tracker_verify(&tracker, 1);
	must(tp_page_pin(m, old)); /* it is frozen no more */
	tp_page_unpin(m, old);
	tp_unisolate_range(&range);
}

static void a_pinned_page_stays(void **state)
{
	(void)state;
	tracker_begin(&tracker, m, &tracker_moves);
	tracker_take(&tracker, 1, 0);
	must(tp_page_pin(m, where(1)));
	must_stay("pinned", false);
	assert_int_equal(blockers[0].pins, 1);
	tp_page_unpin(m, where(1));
	tracker_free(&tracker, 1, 0);
}

static void a_page_of_an_owner_without_ops_stays_for_good(void **state)
{
	(void)state;
	tracker_begin(&tracker, m, NULL);
	tracker_take(&tracker, 1, 0);
	must_stay("owner cannot move it", true);
	tracker_free(&tracker, 1, 0);
}

static void a_page_whose_owner_refuses_stays(void **state)
{
	(void)state;
	tracker_begin(&tracker, m, &tracker_moves);
	tracker_take(&tracker, 1, 0);
	tracker.answer = -EBUSY;
	must_stay("owner refused", false);
	tracker_free(&tracker, 1, 0);
}

static void a_page_whose_owner_is_busy_stays_for_this_pass(void **state)
{
	struct tp_machine_stat stat;

	(void)state;
	tracker_begin(&tracker, m, &tracker_moves);
	tracker_take(&tracker, 1, 0);
	tracker.answer = -EAGAIN;
	must_stay("busy this moment", false);
	tp_machine_stat(m, &stat);
	assert_int_equal(stat.migrate_failures, 1);
	tracker_free(&tracker, 1, 0);
}

static void a_page_stays_when_its_migration_fails_by_injection(void **state)
{
	(void)state;
	tracker_begin(&tracker, m, &tracker_moves);
	tracker_take(&tracker, 1, 0);
	must(tp_fault_arm("mm/migrate", 1, 1));
	must_stay("busy this moment", false);
	assert_int_equal(tracker.migrations, 0);
	tracker_free(&tracker, 1, 0);
}

static void a_page_stays_when_there_is_no_memory_for_it(void **state)
{
	(void)state;
	tracker_begin(&tracker, m, &tracker_moves);
	tracker_take(&tracker, 1, 0);
	must(tp_fault_arm("mm/migrate-target", 1, 1));
	must_stay("no memory to move it to", false);
	tracker_free(&tracker, 1, 0);
}

static void describe_page(struct tp_owner *owner, uint32_t cookie, tp_pfn pfn, char *buf,
			  size_t len)
{
	(void)owner, (void)pfn;
	snprintf(buf, len, "page number %u", cookie);
}

static void a_blocker_is_described_in_its_owners_words(void **state)
{
	static const struct tp_owner_ops ops = { .migrate = tracker_migrate,
						 .describe = describe_page };

	(void)state;
	tracker_begin(&tracker, m, &ops);
	tracker_take(&tracker, 1, 0);
	tracker.answer = -EBUSY;
	must_stay("owner refused", false);
	assert_string_equal(blockers[0].what, "page number 1");
	tracker_free(&tracker, 1, 0);
}

static void more_blockers_are_counted_than_described(void **state)
{
	struct tp_range range = { .nr_pages = 2 * TP_PAGEBLOCK_PAGES,
				  .zone = tp_zone_of(m, 0, TP_ZONE_NORMAL) };
	struct tp_evacuation e;
	uint32_t n = 3 * TP_REPORT_BLOCKERS;

	(void)state;
	tracker_begin(&tracker, m, NULL);
	for (uint32_t i = 0; i < n; i++)
		tracker_take(&tracker, i, 0);
	range.start = (tp_pfn){ where(0).v & ~(2 * TP_PAGEBLOCK_PAGES - 1) };
	must(tp_isolate_range(&range));
	e = evacuate(&range);
	assert_int_equal(e.nr_blockers, TP_MIN(n, range.nr_pages));
	assert_int_equal(e.left, e.nr_blockers);
	tp_unisolate_range(&range);
	for (uint32_t i = 0; i < n; i++)
		tracker_free(&tracker, i, 0);
}

/* ---- pages that are given up ----------------------------------------------------------------- */

static int free_instead(struct tp_owner *owner, uint32_t cookie, tp_pfn old, tp_pfn new,
			unsigned order)
{
	(void)new;
	tp_pages_free(owner->machine, old, order);
	tracker.pfn[cookie] = 0;
	return -ENOENT;
}

static void a_page_freed_while_it_moves_is_gone_and_nothing_else(void **state)
{
	static const struct tp_owner_ops ops = { .migrate = free_instead };
	struct tp_range range;
	struct tp_evacuation e;

	(void)state;
	tracker_begin(&tracker, m, &ops);
	tracker_take(&tracker, 1, 1);
	range = isolate_around(where(1));
	e = evacuate(&range);
	assert_int_equal(e.left, 0);
	assert_int_equal(e.moved, 0);
	assert_int_equal(e.nr_blockers, 0);
	assert_int_equal(tp_range_free_pages(&range), TP_PAGEBLOCK_PAGES);
	tp_unisolate_range(&range);
}

static int tracker_release(struct tp_owner *owner, uint32_t cookie, tp_pfn pfn, unsigned order)
{
	if (tracker.answer)
		return tracker.answer;
	tp_pages_free(owner->machine, pfn, order);
	tracker.pfn[cookie] = 0;
	tracker.releases++;
	return 0;
}

static void a_page_that_can_only_be_released_is(void **state)
{
	static const struct tp_owner_ops ops = { .release = tracker_release };
	struct tp_range range;
	struct tp_evacuation e;

	(void)state;
	tracker_begin(&tracker, m, &ops);
	tracker_take(&tracker, 1, 0);
	range = isolate_around(where(1));
	e = evacuate(&range);
	assert_int_equal(e.left, 0);
	assert_int_equal(e.released, 1);
	assert_int_equal(tracker.releases, 1);
	tp_unisolate_range(&range);
}

static const struct tp_owner_ops moves_and_releases = { .migrate = tracker_migrate,
							.release = tracker_release };

static void moving_is_preferred_to_releasing(void **state)
{
	struct tp_range range;

	(void)state;
	tracker_begin(&tracker, m, &moves_and_releases);
	tracker_take(&tracker, 1, 0);
	range = isolate_around(where(1));
	evacuate(&range);
	assert_int_equal(tracker.migrations, 1);
	assert_int_equal(tracker.releases, 0);
	tp_unisolate_range(&range);
	tracker_free(&tracker, 1, 0);
}

static void without_targets_pages_are_released_only(void **state)
{
	struct tp_range range;

	(void)state;
	tracker_begin(&tracker, m, &moves_and_releases);
	tracker_take(&tracker, 1, 0);
	range = isolate_around(where(1));
	assert_int_equal(evacuate_to(&range, TP_NODES_NONE).released, 1);
	assert_int_equal(tracker.migrations, 0);
	tp_unisolate_range(&range);
}

static void without_leave_no_page_is_released(void **state)
{
	struct tp_evacuation e = { .machine = m };
	struct tp_range range;

	(void)state;
	tracker_begin(&tracker, m, &moves_and_releases);
	tracker_take(&tracker, 1, 0);
	range = isolate_around(where(1));
	tp_evacuate_begin(&e);
	tp_evacuate(&e, &range);
	assert_int_equal(tracker.releases, 0);
	assert_int_equal(e.left, 1);
	tp_unisolate_range(&range);
	tracker_free(&tracker, 1, 0);
}

/* ---- large pages in small places ------------------------------------------------------------- */

static int tracker_split(struct tp_owner *owner, uint32_t cookie, tp_pfn pfn, unsigned order)
{
	must(tp_page_split(owner->machine, pfn, order));
	for (uint32_t i = 0; i < 1u << order; i++)
		tracker_put(&tracker, cookie + i, (tp_pfn){ pfn.v + i });
	tracker.splits++;
	return 0;
}

static const struct tp_owner_ops splits = { .migrate = tracker_migrate, .split = tracker_split };

static void free_singles(uint32_t n)
{
	for (uint32_t i = 1; i <= n; i++) {
		tracker_verify(&tracker, i);
		tracker_free(&tracker, i, 0);
	}
}

static void a_page_that_fits_nowhere_whole_moves_in_parts(void **state)
{
	struct tp_range range;
	struct tp_evacuation e;

	(void)state;
	tracker_begin(&tracker, m, &splits);
	tracker_take(&tracker, 1, TP_PAGEBLOCK_ORDER);
	range = isolate_around(where(1));
	must(tp_fault_arm("mm/migrate-target", 1, 1));
	e = evacuate(&range);
	assert_int_equal(tracker.splits, 1);
	assert_int_equal(e.moved, TP_PAGEBLOCK_PAGES);
	assert_int_equal(e.left, 0);
	assert_int_equal(e.nr_blockers, 0);
	assert_int_equal(tp_range_free_pages(&range), TP_PAGEBLOCK_PAGES);
	tp_unisolate_range(&range);
	free_singles(TP_PAGEBLOCK_PAGES);
}

/* T21: of its parts only those in the range are asked to move. */
static void parts_outside_the_range_stay(void **state)
{
	struct tp_range range;
	struct tp_evacuation e;
	tp_pfn old;

	(void)state;
	tracker_begin(&tracker, m, &splits);
	old = tracker_take(&tracker, 1, TP_MAX_ORDER);
	range = isolate_around((tp_pfn){ old.v + TP_PAGEBLOCK_PAGES });
	must(tp_fault_arm("mm/migrate-target", 1, 1));
	e = evacuate(&range);
	assert_int_equal(tracker.splits, 1);
	assert_int_equal(e.moved, TP_PAGEBLOCK_PAGES);
	assert_int_equal(e.left, 0);
	for (uint32_t i = 0; i < TP_PAGEBLOCK_PAGES; i++)
		assert_int_equal(where(1 + i).v, old.v + i);
	tp_unisolate_range(&range);
	free_singles(1u << TP_MAX_ORDER);
}

/* ---- looking on, and stopping ---------------------------------------------------------------- */

static void a_plan_counts_and_touches_nothing(void **state)
{
	struct tp_evacuation e = { .machine = m, .targets = TP_NODE_BIT(0), .blockers = blockers };
	struct tp_range range;

	(void)state;
	tracker_begin(&tracker, m, &moves_and_releases);
	tracker_take(&tracker, 1, 1);
	tracker_take(&tracker, 2, 1);
	must(tp_page_pin(m, where(2)));
	range = isolate_around(where(1));
	tp_evacuate_begin(&e);
	tp_evacuate_plan(&e, &range);
	assert_int_equal(e.left, 4);
	assert_int_equal(e.nr_blockers, 1);
	assert_string_equal(blockers[0].reason, "pinned");
	assert_int_equal(tracker.migrations + tracker.releases, 0);
	tp_page_unpin(m, where(2));
	tp_unisolate_range(&range);
	tracker_free(&tracker, 1, 1);
	tracker_free(&tracker, 2, 1);
}

static bool stop_after_one(void *arg)
{
	(void)arg;
	return tracker.migrations >= 1;
}

static void a_stop_is_heard_between_two_pages(void **state)
{
	struct tp_evacuation e = { .machine = m,
				   .targets = TP_NODE_BIT(0),
				   .stop = stop_after_one };
	struct tp_range range;

	(void)state;
	tracker_begin(&tracker, m, &tracker_moves);
	tracker_take(&tracker, 1, 1);
	tracker_take(&tracker, 2, 1);
	range = isolate_around(where(1));
	tp_evacuate_begin(&e);
	tp_evacuate(&e, &range);
	assert_int_equal(tracker.migrations, 1);
	assert_true(e.left > 0);
	tp_unisolate_range(&range);
	tracker_free(&tracker, 1, 1);
	tracker_free(&tracker, 2, 1);
}

/* ---- under load ------------------------------------------------------------------------------ */

enum { CHURN_COOKIES = 64 };

static tp_atomic_u32 stop_churn, mixed_up;

/* Frees and takes pages of the tracker while they are being moved; each keeps its mark. */
static void churn(void *arg)
{
	uint32_t base = (uint32_t)(uintptr_t)arg;

	for (uint32_t i = 0; !tp_atomic_load(&stop_churn, TP_ACQUIRE); i++) {
		uint32_t cookie = base + i % CHURN_COOKIES;
		bool ok;

		pthread_mutex_lock(&tracker.lock);
		ok = *tracker_page(&tracker, cookie) == cookie;
		pthread_mutex_unlock(&tracker.lock);
		tp_atomic_add(&mixed_up, !ok, TP_RELAXED);
		tracker_free(&tracker, cookie, 0);
		pthread_mutex_lock(&tracker.lock);
		tracker_take(&tracker, cookie, 0);
		pthread_mutex_unlock(&tracker.lock);
	}
}

static void evacuate_blocks_in_turn(unsigned rounds)
{
	struct tp_zone *zone = tp_zone_of(m, 0, TP_ZONE_NORMAL);

	for (unsigned i = 0; i < rounds; i++) {
		uint32_t pb = 2 + i % (2 * (BLOCKS - 1));
		struct tp_range range = { tp_pb_start(pb), TP_PAGEBLOCK_PAGES, zone };

		must(tp_isolate_range(&range));
		evacuate(&range);
		tp_unisolate_range(&range);
	}
}

/* T26 */
static void pages_survive_being_moved_freed_and_taken_at_once(void **state)
{
	struct tp_thread threads[2];

	(void)state;
	tracker_begin(&tracker, m, &tracker_moves);
	tp_atomic_store(&stop_churn, 0, TP_RELEASE);
	for (uint32_t i = 0; i < 2 * CHURN_COOKIES; i++)
		tracker_take(&tracker, i, 0);
	for (uintptr_t i = 0; i < 2; i++)
		must(tp_thread_start(&threads[i], "churn", churn, (void *)(i * CHURN_COOKIES)));
	evacuate_blocks_in_turn(400);
	tp_atomic_store(&stop_churn, 1, TP_RELEASE);
	for (int i = 0; i < 2; i++)
		tp_thread_join(&threads[i]);
	assert_int_equal(tp_atomic_load(&mixed_up, TP_RELAXED), 0);
	for (uint32_t i = 0; i < 2 * CHURN_COOKIES; i++)
		tracker_free(&tracker, i, 0);
}

#define MIGRATE_TEST(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		MIGRATE_TEST(pages_move_with_their_content),
		MIGRATE_TEST(every_order_moves_whole),
		MIGRATE_TEST(a_page_that_begins_before_the_range_moves_too),
		MIGRATE_TEST(the_stat_counts_what_moved),
		MIGRATE_TEST(a_page_cannot_be_pinned_while_it_moves),
		MIGRATE_TEST(a_pinned_page_stays),
		MIGRATE_TEST(a_page_of_an_owner_without_ops_stays_for_good),
		MIGRATE_TEST(a_page_whose_owner_refuses_stays),
		MIGRATE_TEST(a_page_whose_owner_is_busy_stays_for_this_pass),
		MIGRATE_TEST(a_page_stays_when_its_migration_fails_by_injection),
		MIGRATE_TEST(a_page_stays_when_there_is_no_memory_for_it),
		MIGRATE_TEST(a_blocker_is_described_in_its_owners_words),
		MIGRATE_TEST(more_blockers_are_counted_than_described),
		MIGRATE_TEST(a_page_freed_while_it_moves_is_gone_and_nothing_else),
		MIGRATE_TEST(a_page_that_can_only_be_released_is),
		MIGRATE_TEST(moving_is_preferred_to_releasing),
		MIGRATE_TEST(without_targets_pages_are_released_only),
		MIGRATE_TEST(without_leave_no_page_is_released),
		MIGRATE_TEST(a_page_that_fits_nowhere_whole_moves_in_parts),
		MIGRATE_TEST(parts_outside_the_range_stay),
		MIGRATE_TEST(a_plan_counts_and_touches_nothing),
		MIGRATE_TEST(a_stop_is_heard_between_two_pages),
		MIGRATE_TEST(pages_survive_being_moved_freed_and_taken_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
