/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_mm_owner - the table of owners, pins, and allocations that become single pages. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <unistd.h>

#include "mm/isolate.h"
#include "mm/migrate.h"
#include "mm/owner.h"
#include "mm_machine.h"

static struct tp_machine *m;
static struct tp_owner owner;

static int begin(void **state)
{
	(void)state;
	m = make_still_machine(small_machine(4));
	owner = (struct tp_owner){ .name = "owner" };
	must(tp_owner_register(m, &owner));
	return 0;
}

static int end(void **state)
{
	(void)state;
	must(tp_owner_unregister(&owner));
	end_machine(m);
	return 0;
}

static tp_pfn take(unsigned order, uint32_t cookie)
{
	const struct tp_alloc request = {
		.owner = &owner, .cookie = cookie, .order = order, .type = TP_MIGRATE_MOVABLE
	};
	tp_pfn pfn;

	must(tp_pages_alloc(m, &request, &pfn));
	return pfn;
}

/* ---- the table ------------------------------------------------------------------------------- */

static void a_nameless_owner_is_refused(void **state)
{
	struct tp_owner nameless = { .name = NULL };

	(void)state;
	assert_int_equal(tp_owner_register(m, &nameless), -EINVAL);
}

static void one_owner_too_many_is_refused(void **state)
{
	static struct tp_owner others[TP_MAX_OWNERS];
	unsigned n = 0;

	(void)state;
	for (;; n++) {
		others[n] = (struct tp_owner){ .name = "one of many" };
		if (tp_owner_register(m, &others[n]))
			break;
		assert_in_range(others[n].id, 1, TP_MAX_OWNERS - 1);
	}
	assert_int_equal(tp_owner_register(m, &others[n]), -ENOSPC);
	while (n--)
		must(tp_owner_unregister(&others[n]));
}

static void an_owner_with_pages_stays(void **state)
{
	tp_pfn pfn = take(0, 5);
	struct tp_page_info info;

	(void)state;
	assert_int_equal(tp_owner_unregister(&owner), -EBUSY);
	must(tp_page_query(m, pfn, &info));
	assert_string_equal(info.owner, "owner");
	tp_pages_free(m, pfn, 0);
}

/* What a mover did, so far as the test's thread must know. */
struct slow_mover {
	tp_atomic_u32 moving;
	struct tp_range range;
	tp_pfn old;
};

static struct slow_mover slow;

/* The page is given up; then the callback takes its time. */
static int give_up_slowly(struct tp_owner *o, uint32_t cookie, tp_pfn old, tp_pfn new,
			  unsigned order)
{
	(void)cookie, (void)new;
	tp_pages_free(o->machine, old, order);
	tp_atomic_store(&slow.moving, 1, TP_RELEASE);
	tp_sleep_ns(TP_MILLISECONDS(30));
	tp_atomic_store(&slow.moving, 0, TP_RELEASE);
	return -ENOENT;
}

static const struct tp_owner_ops slow_ops = { .migrate = give_up_slowly };

static void evacuate_once(void *arg)
{
	struct tp_evacuation e = { .machine = m, .targets = TP_NODE_BIT(0) };

	(void)arg;
	tp_evacuate_begin(&e);
	tp_evacuate(&e, &slow.range);
}

static void unregistering_waits_for_a_callback_under_way(void **state)
{
	struct tp_owner mover = { .name = "mover", .ops = &slow_ops };
	struct tp_thread thread;

	(void)state;
	must(tp_owner_register(m, &mover));
	slow.old = take_pages(m, &mover, 0, TP_MIGRATE_MOVABLE, 0);
	slow.range = (struct tp_range){ { slow.old.v & ~(TP_PAGEBLOCK_PAGES - 1) },
					TP_PAGEBLOCK_PAGES,
					tp_pfn_zone(m, slow.old) };
	must(tp_isolate_range(&slow.range));
	must(tp_thread_start(&thread, "evacuate", evacuate_once, NULL));
	while (!tp_atomic_load(&slow.moving, TP_ACQUIRE))
		tp_yield();
	/* The owner has no page any more; the one that was to be the new one does not count. */
	must(tp_owner_unregister(&mover));
	assert_int_equal(tp_atomic_load(&slow.moving, TP_ACQUIRE), 0);
	tp_thread_join(&thread);
	tp_unisolate_range(&slow.range);
}

/* ---- pins ------------------------------------------------------------------------------------ */

static void pins_are_counted(void **state)
{
	tp_pfn pfn = take(1, 0);
	struct tp_page_info info;

	(void)state;
	must(tp_page_pin(m, pfn));
	must(tp_page_pin(m, pfn));
	must(tp_page_query(m, pfn, &info));
	assert_int_equal(info.pins, 2);
	tp_page_unpin(m, pfn);
	tp_page_unpin(m, pfn);
	must(tp_page_query(m, pfn, &info));
	assert_int_equal(info.pins, 0);
	tp_pages_free(m, pfn, 1);
}

static void only_heads_can_be_pinned(void **state)
{
	tp_pfn pfn = take(1, 0);

	(void)state;
	assert_int_equal(tp_page_pin(m, (tp_pfn){ pfn.v + 1 }), -ENOENT);
	tp_pages_free(m, pfn, 1);
	assert_int_equal(tp_page_pin(m, pfn), -ENOENT);
	assert_int_equal(tp_page_pin(m, (tp_pfn){ m->nr_pfns }), -ENOENT);
	assert_int_equal(tp_page_pin(m, (tp_pfn){ UINT64_MAX }), -ENOENT);
}

static void one_pin_too_many_is_refused(void **state)
{
	tp_pfn pfn = take(0, 0);

	(void)state;
	for (unsigned i = 0; i < UINT16_MAX; i++)
		must(tp_page_pin(m, pfn));
	assert_int_equal(tp_page_pin(m, pfn), -EOVERFLOW);
	for (unsigned i = 0; i < UINT16_MAX; i++)
		tp_page_unpin(m, pfn);
	tp_pages_free(m, pfn, 0);
}

static void a_frozen_page_cannot_be_pinned(void **state)
{
	tp_pfn pfn = take(0, 0);
	uint64_t word = tp_word_load(m, pfn);

	(void)state;
	assert_true(tp_page_freeze(m, pfn, word));
	assert_int_equal(tp_page_pin(m, pfn), -EAGAIN);
	assert_true(tp_page_thaw(m, pfn, word));
	must(tp_page_pin(m, pfn));
	tp_page_unpin(m, pfn);
	tp_pages_free(m, pfn, 0);
}

static void a_pinned_page_cannot_be_frozen(void **state)
{
	tp_pfn pfn = take(0, 0);

	(void)state;
	must(tp_page_pin(m, pfn));
	assert_false(tp_page_freeze(m, pfn, tp_word_load(m, pfn)));
	tp_page_unpin(m, pfn);
	tp_pages_free(m, pfn, 0);
}

static void a_thaw_tells_that_the_page_was_freed(void **state)
{
	tp_pfn pfn = take(0, 0);
	uint64_t word = tp_word_load(m, pfn);

	(void)state;
	assert_true(tp_page_freeze(m, pfn, word));
	tp_pages_free(m, pfn, 0);
	assert_false(tp_page_thaw(m, pfn, word));
}

static void a_page_is_found_from_every_page_of_its_allocation(void **state)
{
	tp_pfn pfn = take(TP_MAX_ORDER, 0), head;

	(void)state;
	for (uint64_t i = 0; i < 1u << TP_MAX_ORDER; i++) {
		assert_int_not_equal(tp_word_find(m, (tp_pfn){ pfn.v + i }, &head), 0);
		assert_int_equal(head.v, pfn.v);
	}
	tp_pages_free(m, pfn, TP_MAX_ORDER);
	assert_int_equal(tp_word_find(m, pfn, &head), 0);
}

/* ---- split ----------------------------------------------------------------------------------- */

static void must_be_single(tp_pfn pfn, uint32_t cookie)
{
	struct tp_page_info info;

	must(tp_page_query(m, pfn, &info));
	assert_true(info.allocated);
	assert_int_equal(info.order, 0);
	assert_int_equal(info.cookie, cookie);
	assert_string_equal(info.owner, "owner");
}

static void a_split_makes_single_pages_of_one_owner(void **state)
{
	(void)state;
	for (unsigned order = 0; order < TP_NR_ORDERS; order++) {
		tp_pfn pfn = take(order, 100);

		must(tp_page_split(m, pfn, order));
		assert_int_equal(tp_machine_check(m, true, stderr), 0);
		for (uint32_t i = 0; i < 1u << order; i++)
			must_be_single((tp_pfn){ pfn.v + i }, 100 + i);
		for (uint32_t i = 0; i < 1u << order; i++)
			tp_pages_free(m, (tp_pfn){ pfn.v + i }, 0);
	}
}

static void cookies_of_a_split_wrap_without_touching_the_owner(void **state)
{
	tp_pfn pfn = take(2, UINT32_MAX - 1);

	(void)state;
	must(tp_page_split(m, pfn, 2));
	for (uint32_t i = 0; i < 4; i++) {
		must_be_single((tp_pfn){ pfn.v + i }, UINT32_MAX - 1 + i);
		tp_pages_free(m, (tp_pfn){ pfn.v + i }, 0);
	}
}

static void only_a_head_of_that_order_can_be_split(void **state)
{
	tp_pfn pfn = take(2, 0);

	(void)state;
	assert_int_equal(tp_page_split(m, pfn, 1), -ENOENT);
	assert_int_equal(tp_page_split(m, (tp_pfn){ pfn.v + 1 }, 0), -ENOENT);
	tp_pages_free(m, pfn, 2);
	assert_int_equal(tp_page_split(m, pfn, 2), -ENOENT);
}

static void a_page_beyond_the_machine_cannot_be_split(void **state)
{
	(void)state;
	assert_int_equal(tp_page_split(m, (tp_pfn){ m->nr_pfns }, 0), -ENOENT);
	assert_int_equal(tp_page_split(m, (tp_pfn){ UINT64_MAX }, 0), -ENOENT);
}

static void must_be_whole(tp_pfn pfn)
{
	struct tp_page_info info;

	must(tp_page_query(m, pfn, &info));
	assert_int_equal(info.order, 2);
	for (unsigned i = 1; i < 4; i++) {
		must(tp_page_query(m, (tp_pfn){ pfn.v + i }, &info));
		assert_false(info.allocated);
	}
}

static void a_pinned_page_is_not_split(void **state)
{
	tp_pfn pfn = take(2, 0);

	(void)state;
	must(tp_page_pin(m, pfn));
	assert_int_equal(tp_page_split(m, pfn, 2), -EBUSY);
	must_be_whole(pfn);
	tp_page_unpin(m, pfn);
	tp_pages_free(m, pfn, 2);
}

static void a_page_that_is_being_moved_is_not_split(void **state)
{
	tp_pfn pfn = take(2, 0);
	uint64_t word = tp_word_load(m, pfn);

	(void)state;
	assert_true(tp_page_freeze(m, pfn, word));
	assert_int_equal(tp_page_split(m, pfn, 2), -EBUSY);
	assert_true(tp_page_thaw(m, pfn, word));
	must_be_whole(pfn);
	tp_pages_free(m, pfn, 2);
}

struct pinner {
	tp_pfn tail;
	tp_atomic_u32 stop, met;
};

/* Pins a tail whenever it looks like a page of its own. */
static void pin_the_tail(void *arg)
{
	struct pinner *p = arg;

	while (!tp_atomic_load(&p->stop, TP_ACQUIRE))
		if (!tp_page_pin(m, p->tail)) {
			tp_atomic_add(&p->met, 1, TP_RELAXED);
			tp_page_unpin(m, p->tail);
		}
}

static void a_refused_split_shows_no_single_page_to_anybody(void **state)
{
	tp_pfn pfn = take(2, 0);
	struct pinner p = { .tail = { pfn.v + 3 } };
	struct tp_thread thread;

	(void)state;
	must(tp_page_pin(m, pfn));
	must(tp_thread_start(&thread, "pinner", pin_the_tail, &p));
	for (int i = 0; i < 20000; i++)
		assert_int_equal(tp_page_split(m, pfn, 2), -EBUSY);
	tp_atomic_store(&p.stop, 1, TP_RELEASE);
	tp_thread_join(&thread);
	assert_int_equal(tp_atomic_load(&p.met, TP_RELAXED), 0);
	tp_page_unpin(m, pfn);
	tp_pages_free(m, pfn, 2);
}

#define OWNER_TEST(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		OWNER_TEST(a_nameless_owner_is_refused),
		OWNER_TEST(one_owner_too_many_is_refused),
		OWNER_TEST(an_owner_with_pages_stays),
		OWNER_TEST(unregistering_waits_for_a_callback_under_way),
		OWNER_TEST(pins_are_counted),
		OWNER_TEST(only_heads_can_be_pinned),
		OWNER_TEST(one_pin_too_many_is_refused),
		OWNER_TEST(a_frozen_page_cannot_be_pinned),
		OWNER_TEST(a_pinned_page_cannot_be_frozen),
		OWNER_TEST(a_thaw_tells_that_the_page_was_freed),
		OWNER_TEST(a_page_is_found_from_every_page_of_its_allocation),
		OWNER_TEST(a_split_makes_single_pages_of_one_owner),
		OWNER_TEST(cookies_of_a_split_wrap_without_touching_the_owner),
		OWNER_TEST(only_a_head_of_that_order_can_be_split),
		OWNER_TEST(a_page_beyond_the_machine_cannot_be_split),
		OWNER_TEST(a_pinned_page_is_not_split),
		OWNER_TEST(a_page_that_is_being_moved_is_not_split),
		OWNER_TEST(a_refused_split_shows_no_single_page_to_anybody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
