/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_gpu_bo_move - objects move: because their memory goes, out of video memory and back.
 *
 * In each case: unbound first, forgotten then, moved after (T1); and if anything fails all is as it
 * was.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "core/clock.h"
#include "gpu_fake.h"
#include "gpu_offline.h"

static int begin(void **state)
{
	(void)state;
	return begin_fake(FAKE_MEMORY, FAR_NODE);
}

static int node_of(tp_pfn pfn)
{
	struct tp_page_info info;

	must(tp_page_query(fake_machine.m, pfn, &info));
	assert_string_equal(info.owner, "gpu0");
	return info.node;
}

/* ---- its memory goes offline ----------------------------------------------------------------- */

static void pages_move_after_the_device_forgot_them(void **state)
{
	struct tp_bo *bo = make_full_bo(3, TP_BO_SYSTEM, "tex0");
	tp_dma_addr before = { bo->chunks[0].address };
	struct tp_offline_report report;

	(void)state;
	assert_int_equal(node_of(bo->chunks[0].pfn), FAR_NODE);
	must(offline(0, &report));
	assert_int_equal(report.pages_moved, 3);
	expect_log("ufrufrufr");
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(node_of(bo->chunks[i].pfn), 0);
	assert_false(can_read(fake.bos.domain, before));
	assert_true(fake_of(bo)->bound);
	expect_content(bo);
	assert_int_equal(bo_stat().moved_pages, 3);
	assert_int_equal(dma_stat(fake.bos.domain).mapped_pages, 3);
	tp_bo_put(bo);
}

static void large_chunks_move_as_one(void **state)
{
	struct tp_bo *bo = make_full_bo(1u << TP_BO_BIG_ORDER, TP_BO_SYSTEM, "tex0");
	uint32_t nr_chunks = bo->nr_chunks;
	struct tp_offline_report report;

	(void)state;
	must(offline(0, &report));
	assert_int_equal(bo->nr_chunks, nr_chunks);
	assert_int_equal(bo_stat().moved_pages, 1u << TP_BO_BIG_ORDER);
	assert_int_equal(tp_atomic_load(&fake.forgets, TP_RELAXED), nr_chunks);
	expect_content(bo);
	tp_bo_put(bo);
}

/* No run is free to take it whole: it becomes single pages, and the device sees no difference. */
static void a_large_chunk_is_split_where_there_is_no_room(void **state)
{
	const uint32_t pages = 1u << TP_BO_BIG_ORDER;
	struct tp_bo *bo = make_full_bo(pages + 2, TP_BO_SYSTEM, "tex0");
	struct tp_offline_report report;

	(void)state;
	if (bo->nr_chunks < pages) {
		must(tp_fault_arm("mm/migrate-target", 1, 1));
		must(offline(0, &report));
		assert_int_equal(bo->nr_chunks, pages + 2);
		for (uint32_t i = 0; i < bo->nr_chunks; i++) {
			assert_int_equal(bo->chunks[i].page, i);
			assert_int_equal(bo->chunks[i].order, 0);
			assert_int_equal(node_of(bo->chunks[i].pfn), 0);
		}
	}
	expect_content(bo);
	tp_bo_put(bo);
	assert_int_equal(tp_machine_check(fake_machine.m, true, stderr), 0);
}

/* Its pages would be asked for next, and refused. */
static void a_large_chunk_in_use_is_not_split(void **state)
{
	struct tp_bo *bo = make_full_bo(1u << TP_BO_BIG_ORDER, TP_BO_SYSTEM, "tex0");
	struct tp_fence *fence = keep_busy(bo);
	uint32_t before = bo->nr_chunks;
	struct tp_offline_report report;

	(void)state;
	must(tp_fault_arm("mm/migrate-target", 1, UINT64_MAX));
	assert_true(offline(SHORT, &report) < 0);
	assert_int_equal(bo->nr_chunks, before);
	finish(fence);
	tp_fence_put(fence);
	tp_bo_put(bo);
}

static void an_object_in_use_is_named_and_stays(void **state)
{
	struct tp_bo *bo = make_full_bo(2, TP_BO_SYSTEM, "tex0");
	struct tp_fence *fence = keep_busy(bo);
	struct tp_offline_report report;
	uint64_t before = bo->chunks[0].address;

	(void)state;
	assert_int_equal(offline(LONG, &report), -ETIMEDOUT);
	expect_blocker(&report, "busy this moment", "gpu0", "tex0 page 1 of 2, in use by rcs0");
	expect_log(""); /* nothing was cut while it is needed */
	assert_int_equal(bo->chunks[0].address, before);
	finish(fence);
	must(offline(0, &report));
	expect_log("ufrufr");
	expect_content(bo);
	tp_fence_put(fence);
	tp_bo_put(bo);
}

/* Many pages, one wait: a pass over a busy object takes no longer than a moment. */
static void a_busy_object_is_waited_for_once_in_a_while(void **state)
{
	struct tp_bo *bo = make_full_bo(60, TP_BO_SYSTEM, "tex0");
	struct tp_fence *fence = keep_busy(bo);
	struct tp_offline_report report;
	uint64_t begin_ns = tp_clock_now();

	(void)state;
	fake.bos.idle_ns = TP_MILLISECONDS(50);
	assert_int_equal(offline(TP_MILLISECONDS(1), &report), -ETIMEDOUT);
	assert_true(bo->impatient_until >= begin_ns + 3 * TP_MILLISECONDS(50));
	assert_true(tp_clock_now() < begin_ns + 30 * TP_MILLISECONDS(50));
	finish(fence);
	tp_fence_put(fence);
	tp_bo_put(bo);
}

static void an_object_somebody_submits_is_left_alone(void **state)
{
	struct tp_bo *bo = make_full_bo(1, TP_BO_SYSTEM, "tex0");
	struct tp_offline_report report;

	(void)state;
	assert_true(tp_resv_try_use(bo->resv));
	assert_int_equal(offline(LONG, &report), -ETIMEDOUT);
	expect_blocker(&report, "busy this moment", "gpu0", "tex0 page 0 of 1");
	tp_resv_unuse(bo->resv);
	must(offline(0, &report));
	tp_bo_put(bo);
}

static void a_pinned_object_stays(void **state)
{
	struct tp_bo *bo = make_full_bo(1, TP_BO_SYSTEM, "tex0");
	struct tp_offline_report report;

	(void)state;
	pin(bo);
	assert_true(offline(SHORT, &report) < 0);
	expect_blocker(&report, "owner refused", "gpu0", "tex0 page 0 of 1");
	unpin(bo);
	must(offline(0, &report));
	tp_bo_put(bo);
}

/* Whichever step fails, the page is where it was, mapped and bound, and nothing else is. */
static void each_step_of_a_move_may_fail(void **state)
{
	static const char *const sites[] = { "core/iommu-leaf", "dma/map", NULL };
	struct tp_bo *bo = make_full_bo(2, TP_BO_SYSTEM, "tex0");
	const uint64_t before[] = { bo->chunks[0].address, bo->chunks[1].address };
	struct tp_offline_report report;

	(void)state;
	for (unsigned i = 0; i < TP_ARRAY_SIZE(sites); i++) {
		tp_fault_reset();
		if (i == 0) { /* the rest of the leaf is given away, so that the next one is new */
			tp_dma_addr rest;

			must(tp_dma_map(
				fake.bos.domain, tp_page_address(fake_machine.m, bo->chunks[0].pfn),
				TP_IOMMU_LEAF * TP_PAGE_SIZE, TP_DMA_BIDIRECTIONAL, "rest", &rest));
			tp_dma_unmap(fake.bos.domain, rest, TP_IOMMU_LEAF * TP_PAGE_SIZE);
		}
		if (sites[i])
			must(tp_fault_arm(sites[i], 1, UINT64_MAX));
		else
			tp_atomic_store(&fake.refuse, UINT32_MAX, TP_RELAXED);
		assert_true(offline(SHORT, &report) < 0);
		assert_int_equal(report.nr_blockers, 2);
		if (!sites[i])
			expect_blocker(&report, "owner refused", "gpu0", "tex0 page 1 of 2");
		assert_int_equal(bo->chunks[0].address, before[0]);
		assert_int_equal(bo->chunks[1].address, before[1]);
		assert_int_equal(dma_stat(fake.bos.domain).mapped_pages, 2);
		assert_true(fake_of(bo)->bound);
		assert_int_equal(bo_stat().moved_pages, 0);
		expect_content(bo);
	}
	tp_atomic_store(&fake.refuse, 0, TP_RELAXED);
	must(offline(0, &report));
	expect_content(bo);
	tp_bo_put(bo);
}

/* B4: the heap may be empty too: only a table of I/O addresses that is not there yet needs it. */
static void a_move_needs_no_memory(void **state)
{
	struct tp_bo *bo = make_full_bo(4, TP_BO_SYSTEM, "tex0");
	struct tp_offline_report report;

	(void)state;
	must(tp_fault_arm("core/alloc", 1, UINT64_MAX));
	must(offline(0, &report));
	tp_fault_reset();
	expect_content(bo);
	tp_bo_put(bo);
}

/* A page is freed by its object while the machine has it in hand. */
static void destroy_in_forget(struct tp_bo *bo)
{
	static bool inside;

	if (inside)
		return;
	inside = true;
	tp_bo_put(make_full_bo(1, TP_BO_SYSTEM, "tex1"));
	inside = false;
	(void)bo;
}

static void others_come_and_go_while_one_moves(void **state)
{
	struct tp_bo *bo = make_full_bo(3, TP_BO_SYSTEM, "tex0");
	struct tp_offline_report report;

	(void)state;
	fake.in_forget = destroy_in_forget;
	must(offline(0, &report));
	fake.in_forget = NULL;
	expect_content(bo);
	tp_bo_put(bo);
}

/* ---- out of video memory and back ------------------------------------------------------------ */

static void an_object_leaves_video_memory(void **state)
{
	struct tp_bo *bo = make_full_bo(5, TP_BO_VRAM, "tex0");

	(void)state;
	must(evict(bo));
	expect_log("ufr");
	assert_int_equal(bo->place, TP_BO_SYSTEM);
	assert_int_equal(vram_stat().used, 0);
	assert_int_equal(bo_stat().evictions, 1);
	assert_int_equal(bo_stat().system_pages, 5);
	assert_int_equal(bo_stat().vram_pages, 0);
	expect_content(bo);
	must(evict(bo)); /* it is out */
	assert_int_equal(bo_stat().evictions, 1);
	tp_bo_put(bo);
}

static void it_stays_if_it_is_needed_there(void **state)
{
	struct tp_bo *bo = make_full_bo(2, TP_BO_VRAM, "tex0");

	(void)state;
	expect_to_stay(bo, evict);
	tp_bo_put(bo);
}

static void each_step_of_an_eviction_may_fail(void **state)
{
	static const struct {
		const char *site;
		int err;
	} sites[] = { { "core/iommu-leaf", -ENOMEM },
		      { "core/alloc", -ENOMEM },
		      { "gpu/bo-pages", -ENOMEM },
		      { "dma/map", -ENOSPC },
		      { NULL, -ETIME } };
	struct tp_bo *bo = make_full_bo(3, TP_BO_VRAM, "tex0");

	(void)state;
	for (unsigned i = 0; i < TP_ARRAY_SIZE(sites); i++) {
		tp_fault_reset();
		if (sites[i].site)
			must(tp_fault_arm(sites[i].site, 1, UINT64_MAX));
		else
			tp_atomic_store(&fake.refuse, 1, TP_RELAXED);
		assert_int_equal(evict(bo), sites[i].err);
		expect_log(sites[i].site ? "" : "ufr");
		assert_int_equal(bo->place, TP_BO_VRAM);
		assert_int_equal(bo_stat().system_pages, 0);
		assert_int_equal(bo_stat().quarantined_pages, 0);
		assert_int_equal(dma_stat(fake.bos.domain).mapped_pages, 0);
		assert_true(fake_of(bo)->bound);
		expect_content(bo);
	}
	assert_int_equal(bo_stat().evictions, 0);
	tp_bo_put(bo);
}

enum { THIRD = FAKE_MEMORY / TP_PAGE_SIZE / 3 };

static void who_was_used_longest_ago_makes_room(void **state)
{
	struct tp_bo *a = make_full_bo(THIRD, TP_BO_VRAM, "tex0"),
		     *b = make_full_bo(THIRD, TP_BO_VRAM, "tex1"),
		     *c = make_full_bo(THIRD, TP_BO_VRAM, "tex2"), *d;

	(void)state;
	tp_bo_touch(a);
	d = make_full_bo(THIRD, TP_BO_VRAM, "tex3");
	assert_int_equal(a->place, TP_BO_VRAM);
	assert_int_equal(b->place, TP_BO_SYSTEM);
	assert_int_equal(c->place, TP_BO_VRAM);
	assert_int_equal(d->place, TP_BO_VRAM);
	expect_content(a);
	expect_content(b);
	expect_content(d);
	assert_int_equal(bo_stat().evictions, 1);
	tp_bo_put(a);
	tp_bo_put(b);
	tp_bo_put(c);
	tp_bo_put(d);
}

/* Busy and pinned ones and those somebody has are passed by. */
static void nobody_who_is_needed_makes_room(void **state)
{
	struct tp_bo *a = make_full_bo(THIRD, TP_BO_VRAM, "tex0"),
		     *b = make_full_bo(THIRD, TP_BO_VRAM, "tex1"),
		     *c = make_full_bo(THIRD, TP_BO_VRAM, "tex2"), *d;
	struct tp_fence *fence = keep_busy(a);

	(void)state;
	pin(b);
	hold(c);
	d = make_full_bo(THIRD, TP_BO_VRAM, "tex3");
	unhold(c);
	assert_int_equal(d->place, TP_BO_SYSTEM);
	assert_int_equal(bo_stat().evictions, 0);
	finish(fence);
	tp_fence_put(fence);
	unpin(b);
	tp_bo_put(a);
	tp_bo_put(b);
	tp_bo_put(c);
	tp_bo_put(d);
}

/* Content that nobody misses is not carried out. */
static void a_purgeable_object_makes_room_by_going(void **state)
{
	struct tp_bo *a = make_full_bo(2 * THIRD, TP_BO_VRAM, "tex0"), *b;

	(void)state;
	hold(a);
	a->purgeable = true;
	unhold(a);
	b = make_full_bo(2 * THIRD, TP_BO_VRAM, "tex1");
	assert_int_equal(b->place, TP_BO_VRAM);
	assert_int_equal(a->place, TP_BO_EMPTY);
	assert_true(a->purged);
	assert_int_equal(bo_stat().shrunk, 1);
	assert_int_equal(bo_stat().evictions, 0);
	tp_bo_put(a);
	tp_bo_put(b);
}

static void who_is_too_large_drives_nobody_out(void **state)
{
	struct tp_bo *a = make_full_bo(THIRD, TP_BO_VRAM, "tex0"),
		     *b = make_full_bo(FAKE_MEMORY / TP_PAGE_SIZE + 1, TP_BO_VRAM, "tex1");

	(void)state;
	assert_int_equal(a->place, TP_BO_VRAM);
	assert_int_equal(b->place, TP_BO_SYSTEM);
	tp_bo_put(a);
	tp_bo_put(b);
}

static void an_object_comes_back_when_there_is_room(void **state)
{
	struct tp_bo *a = make_full_bo(2 * THIRD, TP_BO_VRAM, "tex0"),
		     *b = make_full_bo(2 * THIRD, TP_BO_VRAM, "tex1");
	struct tp_fence *fence;

	(void)state;
	assert_int_equal(a->place, TP_BO_SYSTEM);
	must(populate(a)); /* but not at another's cost */
	assert_int_equal(a->place, TP_BO_SYSTEM);
	tp_bo_put(b);
	fence = keep_busy(a);
	must(populate(a)); /* nor while it is in use */
	assert_int_equal(a->place, TP_BO_SYSTEM);
	finish(fence);
	tp_fence_put(fence);
	tp_atomic_store(&fake.refuse, 1, TP_RELAXED);
	must(populate(a)); /* nor if it cannot be forgotten where it is, which is no error */
	assert_int_equal(a->place, TP_BO_SYSTEM);
	expect_content(a);
	must(populate(a));
	assert_int_equal(a->place, TP_BO_VRAM);
	assert_int_equal(bo_stat().system_pages, 0);
	expect_content(a);
	tp_bo_put(a);
}

/* ---- all at once ----------------------------------------------------------------------------- */

enum { OBJECTS = 6, WORKERS = 2, ROUNDS = 300 };

static struct tp_bo *shared[OBJECTS];
static tp_atomic_u32 done;

/* Submits work on two objects at once (R2); the device is as fast as can be. */
static void submit(struct tp_bo *a, struct tp_bo *b, struct test_timeline *ring)
{
	struct tp_fence *fence;

	while (!tp_resv_try_use(a->resv))
		tp_resv_wait_unheld(a->resv);
	if (!tp_resv_try_use(b->resv)) {
		tp_resv_unuse(a->resv);
		tp_resv_wait_unheld(b->resv);
		return;
	}
	if (a->place != TP_BO_EMPTY && b->place != TP_BO_EMPTY) {
		TP_INVARIANT(is_mapped(a) && is_mapped(b));
		fence = tp_fence_create();
		TP_INVARIANT(fence);
		tp_fence_begin(fence, &ring->timeline);
		tp_resv_add(a->resv, fence, true);
		tp_resv_add(b->resv, fence, false);
		finish(fence);
		tp_fence_put(fence);
	}
	tp_resv_unuse(b->resv);
	tp_resv_unuse(a->resv);
}

static void change(struct tp_bo *bo, unsigned how)
{
	if (tp_resv_hold(bo->resv, TP_WAIT_FOREVER))
		return;
	if (bo->place == TP_BO_EMPTY) {
		TP_INVARIANT(!tp_bo_populate(bo));
		write_content(bo);
	} else if (how == 0) {
		tp_bo_evict(bo);
	} else if (how == 1) {
		tp_bo_populate(bo);
	} else {
		TP_INVARIANT(has_content(bo) && is_mapped(bo));
	}
	tp_resv_unhold(bo->resv);
	if (how == 3)
		tp_bo_touch(bo);
}

static void work(void *arg)
{
	struct test_timeline *ring = arg;

	for (unsigned i = 0; i < ROUNDS; i++) {
		submit(shared[i % OBJECTS], shared[(i + 1) % OBJECTS], ring);
		change(shared[(i * 5) % OBJECTS], i % 4);
		tp_bo_put(tp_bo_get(shared[i % OBJECTS]));
	}
	tp_atomic_add(&done, 1, TP_RELEASE);
}

static void threads_use_change_and_move_objects(void **state)
{
	struct test_timeline rings[WORKERS];
	struct tp_thread threads[WORKERS];
	struct tp_offline_report report;

	(void)state;
	tp_atomic_store(&done, 0, TP_RELAXED);
	for (unsigned i = 0; i < OBJECTS; i++)
		shared[i] = make_full_bo(8 + 8 * i, i % 2 ? TP_BO_VRAM : TP_BO_SYSTEM, "tex0");
	for (unsigned i = 0; i < WORKERS; i++) {
		begin_timeline(&rings[i], "ring", 0);
		must(tp_thread_start(&threads[i], "worker", work, &rings[i]));
	}
	while (tp_atomic_load(&done, TP_ACQUIRE) < WORKERS)
		if (!offline(SHORT, &report))
			must(tp_device_online(fake_machine.far, TP_ONLINE_MOVABLE));
	for (unsigned i = 0; i < WORKERS; i++)
		tp_thread_join(&threads[i]);
	must(offline(0, &report));
	for (unsigned i = 0; i < OBJECTS; i++) {
		expect_content(shared[i]);
		tp_bo_put(shared[i]);
	}
	assert_int_equal(dma_stat(fake.bos.domain).mapped_pages, 0);
}

#define MOVE_TEST(test) cmocka_unit_test_setup_teardown(test, begin, end_fake)

int main(void)
{
	const struct CMUnitTest tests[] = {
		MOVE_TEST(pages_move_after_the_device_forgot_them),
		MOVE_TEST(large_chunks_move_as_one),
		MOVE_TEST(a_large_chunk_is_split_where_there_is_no_room),
		MOVE_TEST(a_large_chunk_in_use_is_not_split),
		MOVE_TEST(an_object_in_use_is_named_and_stays),
		MOVE_TEST(a_busy_object_is_waited_for_once_in_a_while),
		MOVE_TEST(an_object_somebody_submits_is_left_alone),
		MOVE_TEST(a_pinned_object_stays),
		MOVE_TEST(each_step_of_a_move_may_fail),
		MOVE_TEST(a_move_needs_no_memory),
		MOVE_TEST(others_come_and_go_while_one_moves),
		MOVE_TEST(an_object_leaves_video_memory),
		MOVE_TEST(it_stays_if_it_is_needed_there),
		MOVE_TEST(each_step_of_an_eviction_may_fail),
		MOVE_TEST(who_was_used_longest_ago_makes_room),
		MOVE_TEST(nobody_who_is_needed_makes_room),
		MOVE_TEST(a_purgeable_object_makes_room_by_going),
		MOVE_TEST(who_is_too_large_drives_nobody_out),
		MOVE_TEST(an_object_comes_back_when_there_is_room),
		MOVE_TEST(threads_use_change_and_move_objects),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
