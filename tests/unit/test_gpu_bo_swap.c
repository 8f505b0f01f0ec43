/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_gpu_bo_swap - objects leave the device's reach and come back into it; the driver's own way
 * to move content.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "gpu_fake.h"
#include "gpu_offline.h"

enum { REACH = 10 };

static int begin(void **state)
{
	(void)state;
	begin_fake(FAKE_MEMORY, FAR_NODE);
	fake.bos.gtt_pages = REACH;
	return 0;
}

static uint64_t mapped_pages(void)
{
	return dma_stat(fake.bos.domain).mapped_pages;
}

static void expect_out_of_reach(struct tp_bo *bo)
{
	hold(bo);
	assert_int_equal(bo->place, TP_BO_CPU);
	assert_true(has_content(bo));
	unhold(bo);
}

/* ---- out and in ------------------------------------------------------------------------------ */

static void an_object_goes_out_of_reach_and_keeps_its_pages(void **state)
{
	struct tp_bo *bo = make_full_bo(5, TP_BO_SYSTEM, "tex0");
	tp_dma_addr at = { bo->chunks[0].address };
	tp_pfn pfn = bo->chunks[0].pfn;

	(void)state;
	must(swap_out(bo));
	expect_log("uf"); /* there is nothing to bind it to */
	expect_out_of_reach(bo);
	assert_false(can_read(fake.bos.domain, at));
	assert_int_equal(mapped_pages(), 0);
	assert_int_equal(bo->chunks[0].pfn.v, pfn.v);
	assert_int_equal(bo_stat().system_pages, 0);
	assert_int_equal(bo_stat().cpu_pages, 5);
	assert_int_equal(bo_stat().swapped_pages, 5);
	must(swap_out(bo)); /* it is out */
	assert_int_equal(bo_stat().swapped_pages, 5);
	must(populate(bo));
	expect_log("r");
	assert_int_equal(bo->place, TP_BO_SYSTEM);
	assert_int_equal(bo->chunks[0].pfn.v, pfn.v);
	assert_int_equal(bo_stat().cpu_pages, 0);
	expect_content(bo);
	tp_bo_put(bo);
	assert_int_equal(mapped_pages(), 0);
}

static void it_leaves_video_memory_for_either_place(void **state)
{
	struct tp_bo *bo = make_full_bo(3, TP_BO_VRAM, "tex0");

	(void)state;
	must(swap_out(bo));
	expect_log("uf");
	expect_out_of_reach(bo);
	assert_int_equal(mapped_pages(), 0);
	assert_int_equal(vram_stat().used, 0);
	must(populate(bo)); /* there is room where it prefers to be */
	expect_log("r");
	assert_int_equal(bo->place, TP_BO_VRAM);
	expect_content(bo);
	must(evict(bo));
	assert_int_equal(bo->place, TP_BO_SYSTEM);
	expect_content(bo);
	tp_bo_put(bo);
}

static void it_stays_if_it_is_needed(void **state)
{
	struct tp_bo *bo = make_full_bo(2, TP_BO_SYSTEM, "tex0");

	(void)state;
	expect_to_stay(bo, swap_out);
	tp_bo_put(bo);
}

/* B1 */
static void what_the_device_does_not_forget_stays(void **state)
{
	static const enum tp_bo_place places[] = { TP_BO_SYSTEM, TP_BO_VRAM };

	(void)state;
	for (unsigned i = 0; i < TP_ARRAY_SIZE(places); i++) {
		struct tp_bo *bo = make_full_bo(2, places[i], "tex0");

		tp_atomic_store(&fake.refuse, 1, TP_RELAXED);
		assert_int_equal(swap_out(bo), -ETIME);
		expect_log("ufr");
		assert_int_equal(bo->place, places[i]);
		assert_int_equal(bo_stat().swapped_pages, 0);
		expect_content(bo);
		tp_bo_put(bo);
		expect_log("ufd");
	}
}

static void an_object_ends_out_of_reach(void **state)
{
	struct tp_bo *bo = make_full_bo(2, TP_BO_SYSTEM, "tex0");

	(void)state;
	must(swap_out(bo));
	expect_log("uf");
	tp_bo_put(bo);
	expect_log("d"); /* the device knows nothing of it */
	assert_int_equal(bo_stat().cpu_pages, 0);
}

/* ---- as much as the device reaches ----------------------------------------------------------- */

static void who_was_used_longest_ago_goes_out(void **state)
{
	struct tp_bo *a = make_full_bo(4, TP_BO_SYSTEM, "tex0"),
		     *b = make_full_bo(4, TP_BO_SYSTEM, "tex1"), *c;

	(void)state;
	tp_bo_touch(a);
	c = make_full_bo(5, TP_BO_SYSTEM, "tex2");
	assert_int_equal(a->place, TP_BO_SYSTEM);
	expect_out_of_reach(b);
	assert_int_equal(mapped_pages(), 9);
	must(populate(b)); /* a goes for it; c alone would leave too little */
	expect_out_of_reach(a);
	expect_content(b);
	expect_content(c);
	assert_int_equal(bo_stat().swapped_pages, 8);
	tp_bo_put(a);
	tp_bo_put(b);
	tp_bo_put(c);
}

static void who_needs_more_than_there_is_drives_nobody_out(void **state)
{
	struct tp_bo *there = make_full_bo(4, TP_BO_SYSTEM, "tex0"),
		     *large = make_bo(REACH + 1, TP_BO_SYSTEM, "tex1");

	(void)state;
	assert_int_equal(populate(large), -ENOSPC);
	assert_int_equal(large->place, TP_BO_EMPTY);
	expect_log("");
	expect_content(there);
	tp_bo_put(there);
	tp_bo_put(large);
}

static void nobody_who_is_needed_goes_out(void **state)
{
	struct tp_bo *busy = make_full_bo(4, TP_BO_SYSTEM, "tex0"),
		     *pinned = make_full_bo(4, TP_BO_SYSTEM, "tex1"),
		     *more = make_bo(3, TP_BO_SYSTEM, "tex2");
	struct tp_fence *fence = keep_busy(busy);

	(void)state;
	pin(pinned);
	assert_int_equal(populate(more), -ENOSPC);
	finish(fence);
	tp_fence_put(fence);
	must(populate(more));
	expect_out_of_reach(busy);
	expect_content(pinned);
	unpin(pinned);
	tp_bo_put(busy);
	tp_bo_put(pinned);
	tp_bo_put(more);
}

static void nobody_misses_what_is_purgeable(void **state)
{
	struct tp_bo *bo = make_full_bo(6, TP_BO_SYSTEM, "tex0"), *other;

	(void)state;
	hold(bo);
	bo->purgeable = true;
	unhold(bo);
	other = make_full_bo(6, TP_BO_SYSTEM, "tex1");
	assert_true(bo->purged);
	assert_int_equal(bo_stat().cpu_pages, 0);
	tp_bo_put(bo);
	tp_bo_put(other);
}

/* What leaves video memory goes beyond reach, where others are needed within. */
static void an_eviction_ends_out_of_reach_if_need_be(void **state)
{
	struct tp_bo *bo = make_full_bo(4, TP_BO_VRAM, "tex0"),
		     *busy = make_full_bo(8, TP_BO_SYSTEM, "tex1");
	struct tp_fence *fence = keep_busy(busy);

	(void)state;
	must(evict(bo));
	expect_log("uf");
	expect_out_of_reach(bo);
	assert_int_equal(bo_stat().evictions, 1);
	finish(fence);
	tp_fence_put(fence);
	tp_bo_put(bo);
	tp_bo_put(busy);
}

/* Its share comes free with the memory, not with the object. */
static void what_is_quarantined_is_still_in_reach(void **state)
{
	struct tp_bo *bo = make_full_bo(6, TP_BO_SYSTEM, "tex0"),
		     *other = make_bo(6, TP_BO_SYSTEM, "tex1");

	(void)state;
	tp_atomic_store(&fake.refuse, 1, TP_RELAXED);
	tp_bo_put(bo);
	assert_int_equal(tp_bo_quarantined(&fake.bos), 6);
	assert_int_equal(populate(other), -ENOSPC);
	tp_bo_release_quarantine(&fake.bos, tp_bo_quarantine_mark(&fake.bos));
	must(populate(other));
	tp_bo_put(other);
}

/* Whichever step fails, it is where it was and has no share of reach more than before. */
static void each_step_of_a_return_may_fail(void **state)
{
	struct tp_bo *bo = make_full_bo(REACH, TP_BO_SYSTEM, "tex0");

	(void)state;
	must(swap_out(bo));
	expect_log("uf");
	for (uint64_t chunk = 1; chunk <= bo->nr_chunks; chunk++) {
		must(tp_fault_arm("dma/map", chunk, 1));
		assert_int_equal(populate(bo), -ENOSPC);
		tp_fault_reset();
		assert_int_equal(mapped_pages(), 0);
		expect_out_of_reach(bo);
		expect_log("");
	}
	must(populate(bo));
	expect_content(bo);
	tp_bo_put(bo);
}

static void no_pages_no_way_out_of_video_memory(void **state)
{
	static const char *const sites[] = { "core/alloc", "gpu/bo-pages" };
	struct tp_bo *bo = make_full_bo(3, TP_BO_VRAM, "tex0");

	(void)state;
	for (unsigned i = 0; i < TP_ARRAY_SIZE(sites); i++) {
		must(tp_fault_arm(sites[i], 1, UINT64_MAX));
		assert_int_equal(swap_out(bo), -ENOMEM);
		tp_fault_reset();
		expect_log("");
		assert_int_equal(bo->place, TP_BO_VRAM);
		expect_content(bo);
	}
	tp_bo_put(bo);
}

/* ---- the machine asks for pages that the device does not reach ------------------------------- */

static void its_pages_move_without_a_word_to_the_device(void **state)
{
	struct tp_bo *bo = make_full_bo(4, TP_BO_SYSTEM, "tex0");
	struct tp_offline_report report;

	(void)state;
	must(swap_out(bo));
	expect_log("uf");
	must(offline(0, &report));
	assert_int_equal(report.pages_moved, 4);
	expect_log("");
	expect_out_of_reach(bo);
	assert_int_equal(bo_stat().moved_pages, 4);
	must(populate(bo));
	expect_content(bo);
	tp_bo_put(bo);
}

static void nobody_misses_it_there_either(void **state)
{
	struct tp_bo *bo = make_full_bo(4, TP_BO_SYSTEM, "tex0");

	(void)state;
	must(swap_out(bo));
	hold(bo);
	bo->purgeable = true;
	unhold(bo);
	assert_int_equal(tp_bo_shrink(&fake.bos, 1), 4);
	assert_int_equal(bo->place, TP_BO_EMPTY);
	assert_int_equal(bo_stat().cpu_pages, 0);
	tp_bo_put(bo);
}

/* ---- the driver moves content ---------------------------------------------------------------- */

static struct {
	unsigned calls;
	int err;
} copier;

/* Copies through the window, as the CPU would; the rest is looked at. */
static int copy(struct tp_bo *bo, const struct tp_bo_chunk *to, enum tp_bo_place to_place,
		const struct tp_bo_chunk *from, enum tp_bo_place from_place)
{
	bool out = from_place == TP_BO_VRAM;
	const struct tp_bo_chunk *here = out ? to : from, *there = out ? from : to;

	TP_INVARIANT(bo->place == from_place && bo->chunks == from);
	TP_INVARIANT(!fake_of(bo)->bound);
	TP_INVARIANT(out != (to_place == TP_BO_VRAM));
	copier.calls++;
	if (copier.err)
		return copier.err;
	for (uint64_t page = 0; page < bo->size / TP_PAGE_SIZE; page++) {
		char *data;

		while (here->page + (1u << here->order) <= page)
			here++;
		while (there->page + (1u << there->order) <= page)
			there++;
		data = (char *)tp_page_address(fake_machine.m, here->pfn) +
		       (page - here->page) * TP_PAGE_SIZE;
		if (out)
			fake_read(&fake.bus, there->address + (page - there->page) * TP_PAGE_SIZE,
				  data, TP_PAGE_SIZE);
		else
			fake_write(&fake.bus, there->address + (page - there->page) * TP_PAGE_SIZE,
				   data, TP_PAGE_SIZE);
	}
	return 0;
}

static const struct tp_bo_ops copying_ops = {
	.unbind = fake_unbind, .forget = fake_forget, .copy = copy, .destroy = fake_destroy
};

static void the_driver_moves_content(void **state)
{
	static const int errors[] = { 0, -EINVAL, -ETIME };

	(void)state;
	fake.bos.ops = &copying_ops;
	for (unsigned i = 0; i < TP_ARRAY_SIZE(errors); i++) {
		struct tp_bo *bo = make_full_bo(REACH, TP_BO_VRAM, "tex0");

		copier.calls = 0;
		copier.err = errors[i];
		must(evict(bo));
		assert_int_equal(bo->place, TP_BO_SYSTEM);
		expect_content(bo);
		must(populate(bo));
		assert_int_equal(bo->place, TP_BO_VRAM);
		expect_content(bo);
		must(swap_out(bo));
		expect_out_of_reach(bo);
		assert_int_equal(copier.calls, 3);
		expect_log(i ? "dufufuf" : "ufufuf"); /* who binds it is its next user's affair */
		tp_bo_put(bo);
	}
	expect_log("d");
}

/* ---- threads --------------------------------------------------------------------------------- */

enum { WORKERS = 3, OBJECTS = 4, ROUNDS = 400 };

static struct tp_bo *shared[OBJECTS];

static void come_and_go(void *arg)
{
	unsigned at = *(unsigned *)arg;

	for (unsigned i = 0; i < ROUNDS; i++) {
		struct tp_bo *bo = shared[(at + i) % OBJECTS];

		if (!tp_resv_try_hold(bo->resv))
			continue;
		if (i % 3)
			TP_INVARIANT(tp_bo_populate(bo) || is_mapped(bo));
		else
			TP_INVARIANT(!tp_bo_swap_out(bo));
		TP_INVARIANT(has_content(bo));
		tp_resv_unhold(bo->resv);
	}
}

static void threads_swap_each_other_out(void **state)
{
	unsigned at[WORKERS] = { 0, 1, 2 };
	struct tp_thread threads[WORKERS];
	struct tp_offline_report report;

	(void)state;
	for (unsigned i = 0; i < OBJECTS; i++)
		shared[i] = make_full_bo(4, i % 2 ? TP_BO_VRAM : TP_BO_SYSTEM, "tex0");
	for (unsigned i = 0; i < WORKERS; i++)
		must(tp_thread_start(&threads[i], "worker", come_and_go, &at[i]));
	offline(SHORT, &report);
	for (unsigned i = 0; i < WORKERS; i++)
		tp_thread_join(&threads[i]);
	for (unsigned i = 0; i < OBJECTS; i++) {
		must(populate(shared[i]));
		expect_content(shared[i]);
		tp_bo_put(shared[i]);
	}
	assert_int_equal(mapped_pages(), 0);
	assert_int_equal(fake.bos.gtt_used, 0);
}

#define SWAP_TEST(test) cmocka_unit_test_setup_teardown(test, begin, end_fake)

int main(void)
{
	const struct CMUnitTest tests[] = {
		SWAP_TEST(an_object_goes_out_of_reach_and_keeps_its_pages),
		SWAP_TEST(it_leaves_video_memory_for_either_place),
		SWAP_TEST(it_stays_if_it_is_needed),
		SWAP_TEST(what_the_device_does_not_forget_stays),
		SWAP_TEST(an_object_ends_out_of_reach),
		SWAP_TEST(who_was_used_longest_ago_goes_out),
		SWAP_TEST(who_needs_more_than_there_is_drives_nobody_out),
		SWAP_TEST(nobody_who_is_needed_goes_out),
		SWAP_TEST(nobody_misses_what_is_purgeable),
		SWAP_TEST(an_eviction_ends_out_of_reach_if_need_be),
		SWAP_TEST(what_is_quarantined_is_still_in_reach),
		SWAP_TEST(each_step_of_a_return_may_fail),
		SWAP_TEST(no_pages_no_way_out_of_video_memory),
		SWAP_TEST(its_pages_move_without_a_word_to_the_device),
		SWAP_TEST(nobody_misses_it_there_either),
		SWAP_TEST(the_driver_moves_content),
		SWAP_TEST(threads_swap_each_other_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
