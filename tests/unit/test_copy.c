/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_copy - pages are copied exactly, and nothing beside them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "mapping_machine.h"

struct bed {
	struct tp_machine *m;
	struct tp_owner owner;
	/* Each of 2^TP_MAX_ORDER pages; what is copied lies in the middle of neighbours. */
	tp_pfn from, to;
};

static int make_bed(void **state)
{
	static struct bed bed;

	bed = (struct bed){ .m = make_two_nodes(), .owner = { .name = "copy" } };
	must(tp_owner_register(bed.m, &bed.owner));
	bed.from = take_pages(bed.m, &bed.owner, TP_MAX_ORDER, TP_MIGRATE_UNMOVABLE, 0);
	bed.to = take_pages(bed.m, &bed.owner, TP_MAX_ORDER, TP_MIGRATE_UNMOVABLE, 0);
	*state = &bed;
	return 0;
}

static int end_bed(void **state)
{
	struct bed *bed = *state;

	tp_pages_free(bed->m, bed->from, TP_MAX_ORDER);
	tp_pages_free(bed->m, bed->to, TP_MAX_ORDER);
	must(tp_owner_unregister(&bed->owner));
	end_machine(bed->m);
	return 0;
}

enum { ALL_WORDS = (TP_PAGE_SIZE << TP_MAX_ORDER) / 8 };

static uint64_t *words(struct bed *bed, tp_pfn pfn)
{
	return tp_page_address(bed->m, pfn);
}

/* Copy 2^order pages at page @at of both runs and look at every word of the target run. */
static void expect_exact(struct bed *bed, uint64_t at, unsigned order)
{
	uint64_t first = at * TP_PAGE_SIZE / 8, n = (TP_PAGE_SIZE << order) / 8, wrong = 0;
	uint64_t *from = words(bed, bed->from), *to = words(bed, bed->to);

	for (uint64_t i = 0; i < ALL_WORDS; i++) {
		from[i] = pattern(order, i);
		to[i] = ~pattern(order, i);
	}
	tp_page_copy(bed->m, (tp_pfn){ bed->to.v + at }, (tp_pfn){ bed->from.v + at }, order);
	for (uint64_t i = 0; i < ALL_WORDS; i++) {
		bool inside = i >= first && i < first + n;

		wrong += to[i] != (inside ? pattern(order, i) : ~pattern(order, i));
		wrong += from[i] != pattern(order, i);
	}
	assert_int_equal(wrong, 0);
}

static void every_order_is_exact(void **state)
{
	for (unsigned order = 0; order <= TP_MAX_ORDER; order++)
		expect_exact(*state, 0, order);
}

static void neighbours_stay_as_they_are(void **state)
{
	for (unsigned order = 0; order < TP_MAX_ORDER; order++)
		expect_exact(*state, UINT64_C(1) << order, order);
}

#define COPY_TEST(test) cmocka_unit_test_setup_teardown(test, make_bed, end_bed)

int main(void)
{
	const struct CMUnitTest tests[] = {
		COPY_TEST(every_order_is_exact),
		COPY_TEST(neighbours_stay_as_they_are),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
