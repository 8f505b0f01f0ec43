/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_mm_free_errors - every wrong free is caught, and stops the program with the right words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "mm_machine.h"
#include "panic.h"

enum { BLOCKS = 4 };

static struct tp_machine *m;
static struct tp_owner owner;

static int begin(void **state)
{
	(void)state;
	m = make_still_machine(small_machine(BLOCKS));
	owner = (struct tp_owner){ .name = "culprit" };
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

/* What to free; @order as the culprit believes it is. */
struct wrong {
	tp_pfn pfn;
	unsigned order;
};

static void free_it(void *arg)
{
	const struct wrong *w = arg;

	tp_pages_free(m, w->pfn, w->order);
}

static void a_double_free_of_any_order_is_caught(void **state)
{
	(void)state;
	for (unsigned order = 0; order < TP_NR_ORDERS; order++) {
		struct wrong w = { take_pages(m, &owner, order, TP_MIGRATE_MOVABLE, 0), order };

		free_it(&w);
		expect_panic(free_it, &w, "which is not allocated");
	}
}

static void a_wrong_order_is_caught_and_the_owner_named(void **state)
{
	(void)state;
	for (unsigned order = 0; order < TP_NR_ORDERS; order++) {
		struct wrong w = { take_pages(m, &owner, order, TP_MIGRATE_MOVABLE, 0), 0 };

		for (w.order = 0; w.order <= TP_NR_ORDERS; w.order++)
			if (w.order != order)
				expect_panic(free_it, &w, "owner culprit");
		tp_pages_free(m, w.pfn, order);
	}
}

static void a_page_inside_an_allocation_is_caught(void **state)
{
	tp_pfn pfn = take_pages(m, &owner, TP_MAX_ORDER, TP_MIGRATE_MOVABLE, 0);
	struct wrong w = { { pfn.v + 1 }, 0 },
		     half = { { pfn.v + TP_PAGEBLOCK_PAGES }, TP_PAGEBLOCK_ORDER };

	(void)state;
	expect_panic(free_it, &w, "which is not allocated");
	expect_panic(free_it, &half, "which is not allocated");
	tp_pages_free(m, pfn, TP_MAX_ORDER);
}

static void a_page_beyond_the_machine_is_caught(void **state)
{
	struct wrong w = { { tp_machine_nr_blocks(m) * (SMALL_BLOCK / TP_PAGE_SIZE) }, 0 },
		     far = { { UINT64_MAX }, 0 };

	(void)state;
	expect_panic(free_it, &w, "beyond this machine");
	expect_panic(free_it, &far, "beyond this machine");
}

static void a_page_of_absent_memory_is_caught(void **state)
{
	struct wrong w = { { BLOCKS * SMALL_BLOCK / TP_PAGE_SIZE }, 0 };

	(void)state;
	expect_panic(free_it, &w, "which is not allocated");
}

static void a_pinned_page_is_caught(void **state)
{
	struct wrong w = { take_pages(m, &owner, 0, TP_MIGRATE_MOVABLE, 0), 0 };

	(void)state;
	must(tp_page_pin(m, w.pfn));
	expect_panic(free_it, &w, "1 pins");
	tp_page_unpin(m, w.pfn);
	tp_pages_free(m, w.pfn, 0);
}

static void unpin_it(void *arg)
{
	tp_page_unpin(m, ((const struct wrong *)arg)->pfn);
}

static void an_unpin_too_many_is_caught(void **state)
{
	struct wrong w = { take_pages(m, &owner, 0, TP_MIGRATE_MOVABLE, 0), 0 };

	(void)state;
	expect_panic(unpin_it, &w, "invariant broken");
	tp_pages_free(m, w.pfn, 0);
	expect_panic(unpin_it, &w, "invariant broken");
}

static void address_of_it(void *arg)
{
	tp_page_address(m, ((const struct wrong *)arg)->pfn);
}

static void an_address_beyond_the_machine_is_caught(void **state)
{
	struct wrong w = { { tp_machine_nr_blocks(m) * (SMALL_BLOCK / TP_PAGE_SIZE) }, 0 };

	(void)state;
	expect_panic(address_of_it, &w, "invariant broken");
}

#define FREE_TEST(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		FREE_TEST(a_double_free_of_any_order_is_caught),
		FREE_TEST(a_wrong_order_is_caught_and_the_owner_named),
		FREE_TEST(a_page_inside_an_allocation_is_caught),
		FREE_TEST(a_page_beyond_the_machine_is_caught),
		FREE_TEST(a_page_of_absent_memory_is_caught),
		FREE_TEST(a_pinned_page_is_caught),
		FREE_TEST(an_unpin_too_many_is_caught),
		FREE_TEST(an_address_beyond_the_machine_is_caught),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
