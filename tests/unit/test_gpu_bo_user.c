/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_gpu_bo_user - objects that are a program's memory: the device works where the program does,
 * and lets its pages move (T26, T28 of the facts on GPUs).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "gpu_fake.h"
#include "gpu_offline.h"
#include "mm/mapping_internal.h"
#include "panic.h"

enum { PAGES = 8, BEFORE = 3, ALL = BEFORE + PAGES + 1 };

static struct tp_mapping *map;

static struct tp_mapping *make_map(uint64_t pages, bool small)
{
	const struct tp_mapping_config config = { .name = "app",
						  .size = pages * TP_PAGE_SIZE,
						  .policy = TP_PREFERRED(FAR_NODE),
						  .small_pages = small };
	struct tp_mapping *made;

	must(tp_mapping_create(fake_machine.m, &config, &made));
	return made;
}

static int begin(void **state)
{
	(void)state;
	begin_fake(0, FAR_NODE);
	map = make_map(ALL, true);
	return 0;
}

static int end(void **state)
{
	tp_bo_release_quarantine(&fake.bos, UINT64_MAX);
	must(tp_mapping_destroy(map));
	return end_fake(state);
}

/* Pages of @of from @first on. */
static struct tp_bo *make_user(struct tp_mapping *of, uint64_t first, uint64_t pages)
{
	struct tp_bo *bo = make_bo(pages, TP_BO_SYSTEM, "app0");

	must(tp_bo_adopt(bo, of, first * TP_PAGE_SIZE));
	return bo;
}

/* That the device has used. */
static struct tp_bo *make_used(void)
{
	struct tp_bo *bo = make_user(map, BEFORE, PAGES);

	must(populate(bo));
	expect_log("r");
	hold(bo);
	write_content(bo);
	unhold(bo);
	return bo;
}

/* What the program sees is what the device does. */
static void expect_shared(struct tp_bo *bo)
{
	for (uint64_t page = 0; page < PAGES; page++) {
		const uint64_t at = (BEFORE + page) * TP_PAGE_SIZE;
		uint64_t word;

		must(tp_mapping_read(map, at, &word, sizeof(word)));
		assert_int_equal(word, content(bo, page));
	}
	must(populate(bo));
	expect_content(bo);
	for (uint32_t page = 0; page < PAGES; page++) {
		const struct tp_bo_chunk *chunk = tp_bo_chunk_at(bo, page);

		assert_int_equal(chunk->pfn.v + page - chunk->page, map->pfns[BEFORE + page]);
	}
}

static unsigned page_node(uint64_t page)
{
	struct tp_page_info info;

	must(tp_page_query(fake_machine.m, (tp_pfn){ map->pfns[page] }, &info));
	return (unsigned)info.node;
}

/* ---- one memory ------------------------------------------------------------------------------ */

static void the_device_works_in_the_programs_memory(void **state)
{
	struct tp_bo *bo = make_user(map, BEFORE, PAGES);
	uint64_t word = 77;

	(void)state;
	assert_int_equal(bo->place, TP_BO_CPU);
	assert_int_equal(dma_stat(fake.bos.domain).mapped_pages, 0);
	must(tp_mapping_write(map, (BEFORE + 2) * TP_PAGE_SIZE, &word, sizeof(word)));
	must(populate(bo));
	assert_int_equal(bo->place, TP_BO_SYSTEM);
	assert_int_equal(dma_stat(fake.bos.domain).mapped_pages, PAGES);
	hold(bo);
	word = 0;
	tp_bo_read(bo, 2 * TP_PAGE_SIZE, &word, sizeof(word));
	assert_int_equal(word, 77);
	write_content(bo);
	unhold(bo);
	expect_shared(bo);
	tp_bo_put(bo);
	assert_int_equal(dma_stat(fake.bos.domain).mapped_pages, 0);
	assert_int_equal(tp_machine_check(fake_machine.m, true, stderr), 0);
}

static void consecutive_pages_are_large_chunks(void **state)
{
	struct tp_mapping *whole = make_map(TP_PAGEBLOCK_PAGES, false);
	struct tp_bo *bo = make_user(whole, 0, TP_PAGEBLOCK_PAGES);

	(void)state;
	must(populate(bo));
	assert_true(tp_chunk_of(whole, 0)->huge);
	assert_int_equal(bo->nr_chunks,
			 TP_PAGEBLOCK_PAGES >> TP_MIN(TP_BO_HUGE_ORDER, TP_PAGEBLOCK_ORDER));
	tp_bo_put(bo);
	must(tp_mapping_destroy(whole));
}

static void only_whole_pages_of_a_mapping_of_this_machine(void **state)
{
	static const uint64_t bad[] = { 1, ALL * TP_PAGE_SIZE, (ALL - PAGES + 1) * TP_PAGE_SIZE };
	struct tp_machine *other = make_machine(small_machine(4));
	const struct tp_mapping_config config = { .size = PAGES * TP_PAGE_SIZE };
	struct tp_bo *bo = make_bo(PAGES, TP_BO_SYSTEM, "app0");
	struct tp_mapping *foreign;

	(void)state;
	must(tp_mapping_create(other, &config, &foreign));
	for (unsigned i = 0; i < TP_ARRAY_SIZE(bad); i++)
		assert_int_equal(tp_bo_adopt(bo, map, bad[i]), -EINVAL);
	assert_int_equal(tp_bo_adopt(bo, foreign, 0), -EINVAL);
	assert_int_equal(bo->place, TP_BO_EMPTY);
	tp_bo_put(bo);
	must(tp_mapping_destroy(foreign));
	end_machine(other);
}

static void a_mapping_stays_while_a_device_works_in_it(void **state)
{
	struct tp_bo *bo = make_user(map, 0, 1);

	(void)state;
	assert_int_equal(tp_mapping_destroy(map), -EBUSY);
	tp_bo_put(bo);
}

static void no_memory_to_follow_it(void **state)
{
	struct tp_bo *bo = make_bo(PAGES, TP_BO_SYSTEM, "app0");

	(void)state;
	for (unsigned nth = 1; nth <= 2; nth++) {
		must(tp_fault_arm("core/alloc", nth, 1));
		assert_int_equal(tp_bo_adopt(bo, map, 0), -ENOMEM);
		tp_fault_reset();
	}
	must(tp_bo_adopt(bo, map, 0));
	must(tp_fault_arm("dma/map", 2, 1));
	hold(bo);
	assert_true(tp_bo_populate(bo) < 0);
	assert_int_equal(bo->place, TP_BO_CPU);
	assert_int_equal(dma_stat(fake.bos.domain).mapped_pages, 0);
	unhold(bo);
	must(populate(bo));
	tp_bo_put(bo);
}

/* ---- its pages move -------------------------------------------------------------------------- */

/* T28: unbound, forgotten, out of reach, and only then does a page move. */
static void pages_move_after_the_device_forgot_them(void **state)
{
	struct tp_bo *bo = make_used();

	(void)state;
	must(offline(0, NULL));
	expect_log("uf"); /* once, however many pages moved */
	assert_int_equal(bo->place, TP_BO_CPU);
	assert_int_equal(dma_stat(fake.bos.domain).mapped_pages, 0);
	assert_int_equal(page_node(BEFORE), 0);
	assert_int_equal(bo_stat().moved_pages, PAGES);
	expect_shared(bo);
	expect_log("r");
	tp_bo_put(bo);
}

/* Those that the object has nothing of, too. */
static void other_pages_of_the_mapping_move_freely(void **state)
{
	struct tp_bo *bo = make_used();
	struct tp_fence *fence = keep_busy(bo);

	(void)state;
	assert_int_equal(offline(LONG, NULL), -ETIMEDOUT);
	assert_int_equal(page_node(0), 0);
	assert_int_equal(page_node(BEFORE), FAR_NODE);
	assert_int_equal(page_node(ALL - 1), 0);
	finish(fence);
	tp_fence_put(fence);
	tp_bo_put(bo);
}

static void work_is_waited_for_and_named(void **state)
{
	struct tp_bo *bo = make_used();
	struct tp_fence *fence = keep_busy(bo);
	struct tp_offline_report report;
	char what[TP_BLOCKER_TEXT];

	(void)state;
	snprintf(what, sizeof(what), "offset %#llx, mirrored by gpu0",
		 (unsigned long long)BEFORE * TP_PAGE_SIZE);
	assert_int_equal(offline(LONG, &report), -ETIMEDOUT);
	expect_blocker(&report, "busy this moment", "app", what);
	expect_log(""); /* nothing was cut */
	finish(fence);
	tp_fence_put(fence);
	must(offline(0, NULL));
	expect_shared(bo);
	tp_bo_put(bo);
}

static void a_pinned_object_keeps_its_pages(void **state)
{
	struct tp_bo *bo = make_used();

	(void)state;
	pin(bo);
	assert_true(offline(SHORT, NULL) < 0);
	assert_int_equal(page_node(BEFORE), FAR_NODE);
	unpin(bo);
	must(offline(0, NULL));
	expect_shared(bo);
	tp_bo_put(bo);
}

/* T28: a failure leaves it as it was, bound. */
static void what_is_not_forgotten_does_not_move(void **state)
{
	struct tp_bo *bo = make_used();

	(void)state;
	tp_atomic_store(&fake.refuse, UINT32_MAX, TP_RELAXED);
	assert_true(offline(SHORT, NULL) < 0);
	tp_atomic_store(&fake.refuse, 0, TP_RELAXED);
	assert_int_equal(page_node(BEFORE), FAR_NODE);
	assert_int_equal(bo->place, TP_BO_SYSTEM);
	assert_true(fake_of(bo)->bound);
	expect_shared(bo);
	must(offline(0, NULL));
	expect_shared(bo);
	tp_bo_put(bo);
}

static void a_move_that_fails_moves_nothing(void **state)
{
	struct tp_bo *bo = make_used();

	(void)state;
	must(tp_fault_arm("mm/mapping-show", 1, UINT64_MAX));
	assert_true(offline(SHORT, NULL) < 0);
	tp_fault_reset();
	assert_int_equal(bo_stat().moved_pages, 0);
	expect_shared(bo);
	tp_bo_put(bo);
}

/* One page, two objects. */
static void all_who_have_a_page_are_asked(void **state)
{
	struct tp_bo *first = make_used(), *second = make_user(map, BEFORE + 1, 2);
	struct tp_fence *fence;

	(void)state;
	must(populate(second));
	fence = keep_busy(second);
	assert_int_equal(offline(LONG, NULL), -ETIMEDOUT);
	assert_int_equal(page_node(BEFORE), 0);
	assert_int_equal(page_node(BEFORE + 1), FAR_NODE);
	finish(fence);
	tp_fence_put(fence);
	must(offline(0, NULL));
	expect_shared(first);
	tp_bo_put(second);
	tp_bo_put(first);
}

/* ---- memory that may not go ------------------------------------------------------------------ */

static void what_is_quarantined_keeps_its_pages_and_the_mapping(void **state)
{
	struct tp_bo *bo = make_used();
	struct tp_offline_report report;

	(void)state;
	tp_atomic_store(&fake.refuse, 1, TP_RELAXED);
	tp_bo_put(bo);
	assert_int_equal(tp_bo_quarantined(&fake.bos), PAGES);
	assert_true(offline(SHORT, &report) < 0);
	assert_string_equal(report.blockers[0].reason, "owner refused");
	assert_int_equal(page_node(BEFORE), FAR_NODE);
	assert_int_equal(tp_mapping_destroy(map), -EBUSY);
	assert_int_equal(tp_bo_release_quarantine(&fake.bos, tp_bo_quarantine_mark(&fake.bos)),
			 PAGES);
	must(offline(0, NULL));
}

/* Its slot may be another's by then. */
static void a_slot_of_quarantined_memory_may_be_anothers(void **state)
{
	struct tp_bo *bo = make_used(), *next[16];

	(void)state;
	tp_atomic_store(&fake.refuse, 1, TP_RELAXED);
	tp_bo_put(bo);
	for (unsigned i = 0; i < TP_ARRAY_SIZE(next); i++)
		next[i] = make_full_bo(1, TP_BO_SYSTEM, "tex0");
	assert_true(offline(SHORT, NULL) < 0);
	tp_bo_release_quarantine(&fake.bos, tp_bo_quarantine_mark(&fake.bos));
	must(offline(0, NULL));
	for (unsigned i = 0; i < TP_ARRAY_SIZE(next); i++) {
		expect_content(next[i]);
		tp_bo_put(next[i]);
	}
}

/* ---- reach, and room ------------------------------------------------------------------------- */

static void it_gives_its_reach_to_others(void **state)
{
	struct tp_bo *bo, *other;

	(void)state;
	fake.bos.gtt_pages = PAGES;
	bo = make_used();
	other = make_bo(1, TP_BO_SYSTEM, "tex0");
	must(populate(other));
	assert_int_equal(bo->place, TP_BO_CPU);
	tp_bo_put(other);
	expect_shared(bo);
	tp_bo_put(bo);
}

/*
 * T26: who makes room for an object may be asked for that object's pages himself, or for those of
 * another one that he has.  He is refused, and does not wait for himself.
 */
static void who_makes_room_does_not_wait_for_himself(void **state)
{
	struct tp_bo *bo = make_used();

	(void)state;
	hold(bo);
	assert_int_equal(tp_mapping_owner_ops.migrate(&map->owner, BEFORE,
						      (tp_pfn){ map->pfns[BEFORE] }, (tp_pfn){ 0 },
						      0),
			 -EAGAIN);
	unhold(bo);
	expect_shared(bo);
	tp_bo_put(bo);
}

/* And what allocates while a page moves does not go unnoticed. */
static void allocate(tp_unused struct tp_bo *bo)
{
	tp_pfn pfn = { map->pfns[0] };

	tp_mapping_owner_ops.migrate(&map->owner, 0, pfn, pfn, 0);
}

static void move_while_a_page_moves(tp_unused void *arg)
{
	fake.in_forget = allocate;
	offline(SHORT, NULL);
}

static void a_move_in_a_move_is_detected(void **state)
{
	struct tp_bo *bo = make_used();

	(void)state;
	expect_panic(move_while_a_page_moves, NULL, "rank");
	tp_bo_put(bo);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_device_works_in_the_programs_memory),
		TEST(consecutive_pages_are_large_chunks),
		TEST(only_whole_pages_of_a_mapping_of_this_machine),
		TEST(a_mapping_stays_while_a_device_works_in_it),
		TEST(no_memory_to_follow_it),
		TEST(pages_move_after_the_device_forgot_them),
		TEST(other_pages_of_the_mapping_move_freely),
		TEST(work_is_waited_for_and_named),
		TEST(a_pinned_object_keeps_its_pages),
		TEST(what_is_not_forgotten_does_not_move),
		TEST(a_move_that_fails_moves_nothing),
		TEST(all_who_have_a_page_are_asked),
		TEST(what_is_quarantined_keeps_its_pages_and_the_mapping),
		TEST(a_slot_of_quarantined_memory_may_be_anothers),
		TEST(it_gives_its_reach_to_others),
		TEST(who_makes_room_does_not_wait_for_himself),
		TEST(a_move_in_a_move_is_detected),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
