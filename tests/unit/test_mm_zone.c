/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_mm_zone - free lists by the largest run, counted against the bitmaps and against a model
 * that knows of every page only whether it is used and isolated.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "core/rng.h"
#include "mm/isolate.h"
#include "mm/zone.h"
#include "mm_machine.h"

enum {
	BLOCKS = 4,
	PAGES = BLOCKS * 2 * TP_PAGEBLOCK_PAGES,
	PAGEBLOCKS = BLOCKS * 2,
};

static struct tp_machine *m;
static struct tp_zone *zone;
static struct tp_owner owner;

static int begin(void **state)
{
	struct tp_machine_config config = small_machine(BLOCKS);

	(void)state;
	/* The least DMA there can be: then the first pair of blocks lies across two zones. */
	config.dma_size = config.dma32_size = TP_PAGEBLOCK_SIZE;
	m = make_still_machine(config);
	zone = tp_zone_of(m, 0, TP_ZONE_NORMAL);
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

/* ---- lists ----------------------------------------------------------------------------------- */

/* Free pages as somebody finds them who walks the lists; T22. */
static uint64_t walk_lists(struct tp_zone *z)
{
	uint64_t sum = 0;

	tp_spin_lock(&z->lock);
	for (unsigned t = 0; t < TP_NR_MIGRATETYPES; t++)
		for (unsigned o = 0; o < TP_NR_ORDERS; o++)
			for (uint32_t pb = z->free.lists[t][o]; pb != TP_PB_NIL;
			     pb = m->pageblocks[pb].next)
				sum += m->pageblocks[pb].nr_free * (o == TP_MAX_ORDER ? 2u : 1u);
	tp_spin_unlock(&z->lock);
	return sum;
}

static uint64_t sum_of_runs(const struct tp_zone_stat *stat)
{
	uint64_t sum = 0;

	for (unsigned t = 0; t < TP_NR_MIGRATETYPES; t++)
		for (unsigned o = 0; o < TP_NR_ORDERS; o++)
			sum += stat->nr_free[t][o] << o;
	return sum;
}

static uint64_t sum_of_isolated_runs(const struct tp_zone_stat *stat)
{
	uint64_t sum = 0;

	for (unsigned o = 0; o < TP_NR_ORDERS; o++)
		sum += stat->nr_isolated[o] << o;
	return sum;
}

/* T22 */
static void counts_must_agree(void)
{
	for (enum tp_zone_type t = TP_ZONE_DMA; t <= TP_ZONE_NORMAL; t++) {
		struct tp_zone_stat stat = zone_stat(m, 0, t);

		assert_int_equal(sum_of_runs(&stat), stat.free);
		assert_int_equal(walk_lists(tp_zone_of(m, 0, t)), stat.free);
		assert_int_equal(sum_of_isolated_runs(&stat), stat.isolated_free);
	}
}

static bool take(unsigned order, enum tp_migratetype type, tp_pfn *pfn)
{
	bool ok;

	tp_spin_lock(&zone->lock);
	ok = tp_zone_take(zone, order, type, pfn);
	tp_spin_unlock(&zone->lock);
	return ok;
}

static tp_pfn must_take(unsigned order, enum tp_migratetype type)
{
	tp_pfn pfn;

	assert_true(take(order, type, &pfn));
	return pfn;
}

static void give(tp_pfn pfn, unsigned order)
{
	tp_spin_lock(&zone->lock);
	tp_zone_give(zone, pfn, order);
	tp_spin_unlock(&zone->lock);
}

static uint64_t runs(enum tp_migratetype type, unsigned order)
{
	return zone_stat(m, 0, TP_ZONE_NORMAL).nr_free[type][order];
}

static void whole_neighbours_are_one_run(void **state)
{
	(void)state;
	/* Normal has the upper half of the first pair, and all of the others. */
	assert_int_equal(runs(TP_MIGRATE_MOVABLE, TP_MAX_ORDER), BLOCKS - 1);
	assert_int_equal(runs(TP_MIGRATE_MOVABLE, TP_PAGEBLOCK_ORDER), 1);
}

static void a_run_never_spans_two_zones(void **state)
{
	tp_pfn pfn = must_take(TP_PAGEBLOCK_ORDER, TP_MIGRATE_MOVABLE);

	(void)state;
	give(pfn, TP_PAGEBLOCK_ORDER);
	assert_int_equal(m->pageblocks[0].list, TP_PAGEBLOCK_ORDER);
	assert_int_equal(m->pageblocks[1].list, TP_PAGEBLOCK_ORDER);
}

static void a_taken_page_leaves_one_run_of_every_order(void **state)
{
	tp_pfn pfn = must_take(0, TP_MIGRATE_MOVABLE);

	(void)state;
	for (unsigned o = 0; o < TP_PAGEBLOCK_ORDER; o++)
		assert_int_equal(runs(TP_MIGRATE_MOVABLE, o), 1);
	give(pfn, 0);
	for (unsigned o = 0; o < TP_PAGEBLOCK_ORDER; o++)
		assert_int_equal(runs(TP_MIGRATE_MOVABLE, o), 0);
	counts_must_agree();
}

static void small_requests_go_to_the_fullest_block(void **state)
{
	tp_pfn a = must_take(TP_PAGEBLOCK_ORDER - 1, TP_MIGRATE_MOVABLE), b, c;

	(void)state;
	b = must_take(0, TP_MIGRATE_MOVABLE);
	c = must_take(0, TP_MIGRATE_MOVABLE);
	assert_int_equal(tp_pb_of(a), tp_pb_of(b));
	assert_int_equal(tp_pb_of(a), tp_pb_of(c));
	give(a, TP_PAGEBLOCK_ORDER - 1);
	give(b, 0);
	give(c, 0);
}

static void pages_merge_in_whatever_order_they_come_back(void **state)
{
	static tp_pfn pfn[PAGES];
	unsigned n = 0;
	struct tp_rng rng;

	(void)state;
	tp_rng_init(&rng, 3);
	while (take(0, TP_MIGRATE_MOVABLE, &pfn[n]))
		n++;
	assert_int_equal(n, PAGES - TP_PAGEBLOCK_PAGES);
	while (n) {
		unsigned i = (unsigned)tp_rng_below(&rng, n);

		give(pfn[i], 0);
		pfn[i] = pfn[--n];
	}
	counts_must_agree();
	assert_int_equal(runs(TP_MIGRATE_MOVABLE, TP_MAX_ORDER), BLOCKS - 1);
}

static void the_lender_is_chosen_in_a_fixed_order(void **state)
{
	tp_pfn reclaimable = must_take(0, TP_MIGRATE_RECLAIMABLE), pfn;

	(void)state;
	/* Its block has the largest run too, so only the order of lenders decides. */
	pfn = must_take(0, TP_MIGRATE_UNMOVABLE);
	assert_int_equal(tp_pb_of(pfn), tp_pb_of(reclaimable));
	give(pfn, 0);
	give(reclaimable, 0);
}

/* A quarter of a block is all there is, and it is movable. */
static void a_block_with_little_left_lends_without_changing(void **state)
{
	const unsigned order = TP_PAGEBLOCK_ORDER - 2;
	static tp_pfn pfn[PAGEBLOCKS * 4];
	unsigned n = 0;
	tp_pfn lent;

	(void)state;
	while (take(order, TP_MIGRATE_MOVABLE, &pfn[n]))
		n++;
	give(pfn[0], order);
	lent = must_take(0, TP_MIGRATE_UNMOVABLE);
	assert_int_equal(tp_pb_of(lent), tp_pb_of(pfn[0]));
	assert_int_equal(tp_pb_type(m, tp_pb_of(lent)), TP_MIGRATE_MOVABLE);
	give(lent, 0);
	while (--n)
		give(pfn[n], order);
	counts_must_agree();
}

static void a_zone_without_a_run_lends_none(void **state)
{
	static tp_pfn pfn[PAGES];
	unsigned n = 0;
	tp_pfn other;

	(void)state;
	while (take(TP_PAGEBLOCK_ORDER, TP_MIGRATE_MOVABLE, &pfn[n]))
		n++;
	assert_int_equal(n, PAGEBLOCKS - 1);
	for (enum tp_migratetype type = 0; type < TP_NR_MIGRATETYPES; type++)
		assert_false(take(0, type, &other));
	while (n)
		give(pfn[--n], TP_PAGEBLOCK_ORDER);
	counts_must_agree();
}

static void set_type(uint32_t pb, enum tp_migratetype type)
{
	tp_spin_lock(&zone->lock);
	tp_zone_set_type(zone, pb, type);
	tp_spin_unlock(&zone->lock);
}

static void a_change_of_type_takes_the_free_pages_along(void **state)
{
	(void)state;
	set_type(2, TP_MIGRATE_RECLAIMABLE);
	assert_int_equal(runs(TP_MIGRATE_RECLAIMABLE, TP_PAGEBLOCK_ORDER), 1);
	assert_int_equal(runs(TP_MIGRATE_MOVABLE, TP_MAX_ORDER), BLOCKS - 2);
	counts_must_agree();
	set_type(3, TP_MIGRATE_RECLAIMABLE);
	assert_int_equal(runs(TP_MIGRATE_RECLAIMABLE, TP_MAX_ORDER), 1);
	counts_must_agree();
}

/* T27 */
static void what_is_on_no_list_can_leave_it_again(void **state)
{
	tp_pfn pfn = must_take(TP_PAGEBLOCK_ORDER, TP_MIGRATE_MOVABLE);
	uint32_t pb = tp_pb_of(pfn);

	(void)state;
	assert_int_equal(m->pageblocks[pb].list, TP_LIST_NONE);
	set_type(pb, TP_MIGRATE_UNMOVABLE);
	tp_spin_lock(&zone->lock);
	tp_zone_isolate(zone, pb);
	tp_zone_set_type(zone, pb, TP_MIGRATE_RECLAIMABLE);
	tp_zone_unisolate(zone, pb);
	tp_spin_unlock(&zone->lock);
	counts_must_agree();
	give(pfn, TP_PAGEBLOCK_ORDER);
	assert_int_equal(runs(TP_MIGRATE_RECLAIMABLE, TP_PAGEBLOCK_ORDER), 1);
}

/* T24: no index of any table grows when a block of any type is isolated. */
static void every_type_can_be_isolated_and_keeps_its_type(void **state)
{
	(void)state;
	for (enum tp_migratetype type = 0; type < TP_NR_MIGRATETYPES; type++) {
		struct tp_zone_stat stat;

		set_type(2, type);
		tp_spin_lock(&zone->lock);
		tp_zone_isolate(zone, 2);
		tp_spin_unlock(&zone->lock);
		stat = zone_stat(m, 0, TP_ZONE_NORMAL);
		assert_int_equal(stat.isolated_pageblocks, 1);
		assert_int_equal(stat.pageblocks[TP_MIGRATE_MOVABLE],
				 type == TP_MIGRATE_MOVABLE ? PAGEBLOCKS - 1 : PAGEBLOCKS - 2);
		assert_int_equal(stat.nr_isolated[TP_PAGEBLOCK_ORDER], 1);
		counts_must_agree();
		tp_spin_lock(&zone->lock);
		tp_zone_unisolate(zone, 2);
		tp_spin_unlock(&zone->lock);
		assert_int_equal(tp_pb_type(m, 2), type);
	}
	set_type(2, TP_MIGRATE_MOVABLE);
}

static void a_zone_that_does_not_exist_has_no_stat(void **state)
{
	struct tp_zone_stat stat;

	(void)state;
	assert_int_equal(tp_zone_stat(m, 1, TP_ZONE_NORMAL, &stat), -EINVAL);
	assert_int_equal(tp_zone_stat(m, -1, TP_ZONE_NORMAL, &stat), -EINVAL);
	assert_int_equal(tp_zone_stat(m, 0, TP_NR_ZONE_TYPES, &stat), -EINVAL);
	must(tp_zone_stat(m, 0, TP_ZONE_MOVABLE, &stat));
	assert_int_equal(stat.spanned, 0);
}

static void a_stale_link_is_found_by_the_check(void **state)
{
	uint32_t head = zone->free.lists[TP_MIGRATE_MOVABLE][TP_MAX_ORDER];

	(void)state;
	zone->free.lists[TP_MIGRATE_MOVABLE][TP_MAX_ORDER] = TP_PB_NIL;
	assert_int_not_equal(tp_machine_check(m, true, NULL), 0);
	zone->free.lists[TP_MIGRATE_MOVABLE][TP_MAX_ORDER] = head;
}

/* ---- a random program against a flat model --------------------------------------------------- */

struct chunk {
	tp_pfn pfn;
	unsigned order;
};

struct model {
	struct tp_rng rng;
	struct chunk used[PAGES];
	unsigned nr_used;
	bool is_used[PAGES], isolated[PAGEBLOCKS];
	unsigned type_before[PAGEBLOCKS]; /* when it was isolated */
};

static struct model model;

static void mark(const struct chunk *c, bool used)
{
	for (uint64_t i = c->pfn.v; i < c->pfn.v + (UINT64_C(1) << c->order); i++) {
		assert_int_equal(model.is_used[i], !used);
		model.is_used[i] = used;
	}
}

/* What is handed out lies in no isolated block. */
static void random_take(void)
{
	struct chunk *c = &model.used[model.nr_used];
	const struct tp_alloc request = {
		.owner = &owner,
		.order = c->order = (unsigned)tp_rng_below(&model.rng, TP_NR_ORDERS),
		.type = (enum tp_migratetype)tp_rng_below(&model.rng, TP_NR_MIGRATETYPES),
		.flags = TP_ALLOC_NORECLAIM | TP_ALLOC_ATOMIC,
	};

	if (tp_pages_alloc(m, &request, &c->pfn))
		return;
	mark(c, true);
	for (uint64_t i = 0; i < UINT64_C(1) << c->order; i += TP_PAGEBLOCK_PAGES)
		assert_false(model.isolated[(c->pfn.v + i) >> TP_PAGEBLOCK_ORDER]);
	model.nr_used++;
}

static void random_give(void)
{
	struct chunk *c;

	if (!model.nr_used)
		return;
	c = &model.used[tp_rng_below(&model.rng, model.nr_used)];
	mark(c, false);
	tp_pages_free(m, c->pfn, c->order);
	*c = model.used[--model.nr_used];
}

static struct tp_range random_range(void)
{
	uint32_t first = (uint32_t)tp_rng_below(&model.rng, PAGEBLOCKS);
	uint32_t n = 1 + (uint32_t)tp_rng_below(&model.rng, 3);
	struct tp_zone *z = first ? zone : tp_zone_of(m, 0, TP_ZONE_DMA);

	n = first ? TP_MIN(n, PAGEBLOCKS - first) : 1;
	return (struct tp_range){ tp_pb_start(first), n * TP_PAGEBLOCK_PAGES, z };
}

static unsigned count_isolated(const struct tp_range *range)
{
	unsigned n = 0;

	for (uint64_t i = 0; i < range->nr_pages; i += TP_PAGEBLOCK_PAGES)
		n += model.isolated[(range->start.v + i) >> TP_PAGEBLOCK_ORDER];
	return n;
}

static void set_isolated(const struct tp_range *range, bool isolated)
{
	for (uint64_t i = 0; i < range->nr_pages; i += TP_PAGEBLOCK_PAGES) {
		uint32_t pb = (uint32_t)((range->start.v + i) >> TP_PAGEBLOCK_ORDER);

		model.isolated[pb] = isolated;
		if (isolated)
			model.type_before[pb] = tp_pb_type(m, pb);
		assert_int_equal(tp_pb_type(m, pb), model.type_before[pb]); /* T15 */
	}
}

static void random_isolate(void)
{
	struct tp_range range = random_range();
	int expected = count_isolated(&range) ? -EBUSY : 0;

	assert_int_equal(tp_isolate_range(&range), expected);
	if (!expected)
		set_isolated(&range, true);
}

static void random_undo(void)
{
	struct tp_range range = random_range();

	if (count_isolated(&range) != range.nr_pages >> TP_PAGEBLOCK_ORDER)
		return;
	tp_unisolate_range(&range);
	set_isolated(&range, false);
}

/* Every page, one by one. */
static void compare_with_model(void)
{
	uint64_t free = 0, isolated_free = 0;
	struct tp_zone_stat dma = zone_stat(m, 0, TP_ZONE_DMA),
			    normal = zone_stat(m, 0, TP_ZONE_NORMAL);

	for (uint64_t i = 0; i < PAGES; i++)
		if (!model.is_used[i])
			*(model.isolated[i >> TP_PAGEBLOCK_ORDER] ? &isolated_free : &free) += 1;
	assert_int_equal(dma.free + normal.free + dma.pcp + normal.pcp, free);
	assert_int_equal(dma.isolated_free + normal.isolated_free, isolated_free);
	counts_must_agree();
	assert_int_equal(tp_machine_check(m, true, stderr), 0);
}

static void random_step(void)
{
	switch (tp_rng_below(&model.rng, 8)) {
	case 0:
		random_isolate();
		break;
	case 1:
		random_undo();
		break;
	case 2:
	case 3:
	case 4:
		random_give();
		break;
	default:
		random_take();
	}
}

static void undo_everything(void)
{
	for (uint32_t pb = 0; pb < PAGEBLOCKS; pb++) {
		struct tp_range range = { tp_pb_start(pb), TP_PAGEBLOCK_PAGES,
					  tp_pfn_zone(m, tp_pb_start(pb)) };

		if (model.isolated[pb])
			tp_unisolate_range(&range);
		model.isolated[pb] = false;
	}
	while (model.nr_used)
		random_give();
}

/* T15, T21, T22, T26 */
static void a_random_program_agrees_with_the_model(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 6; seed++) {
		memset(&model, 0, sizeof(model));
		tp_rng_init(&model.rng, seed);
		for (int i = 0; i < 250; i++) {
			random_step();
			compare_with_model();
		}
		undo_everything();
		compare_with_model();
	}
}

#define ZONE_TEST(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ZONE_TEST(whole_neighbours_are_one_run),
		ZONE_TEST(a_run_never_spans_two_zones),
		ZONE_TEST(a_taken_page_leaves_one_run_of_every_order),
		ZONE_TEST(small_requests_go_to_the_fullest_block),
		ZONE_TEST(pages_merge_in_whatever_order_they_come_back),
		ZONE_TEST(the_lender_is_chosen_in_a_fixed_order),
		ZONE_TEST(a_block_with_little_left_lends_without_changing),
		ZONE_TEST(a_zone_without_a_run_lends_none),
		ZONE_TEST(a_change_of_type_takes_the_free_pages_along),
		ZONE_TEST(what_is_on_no_list_can_leave_it_again),
		ZONE_TEST(every_type_can_be_isolated_and_keeps_its_type),
		ZONE_TEST(a_zone_that_does_not_exist_has_no_stat),
		ZONE_TEST(a_stale_link_is_found_by_the_check),
		ZONE_TEST(a_random_program_agrees_with_the_model),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
