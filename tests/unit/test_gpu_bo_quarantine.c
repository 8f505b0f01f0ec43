/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_gpu_bo_quarantine - memory that the device would not forget is kept, named, and let go once
 * the device was emptied (T7 of the facts on GPUs: others free it).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "gpu_fake.h"
#include "gpu_offline.h"
#include "panic.h"

static int begin(void **state)
{
	(void)state;
	return begin_fake(FAKE_MEMORY, FAR_NODE);
}

static int end(void **state)
{
	tp_bo_release_quarantine(&fake.bos, UINT64_MAX);
	return end_fake(state);
}

static void refuse(uint32_t times)
{
	tp_atomic_store(&fake.refuse, times, TP_RELAXED);
}

static int empty(struct tp_bo *bo)
{
	int err = while_held(bo, tp_bo_empty);

	assert_int_equal(bo->place, TP_BO_EMPTY);
	return err;
}

static void memory_that_is_not_forgotten_stays_where_it_is(void **state)
{
	struct tp_bo *bo = make_full_bo(3, TP_BO_SYSTEM, "tex0");
	tp_dma_addr stale = { bo->chunks[0].address };
	uint64_t word;

	(void)state;
	refuse(1);
	assert_int_equal(empty(bo), -ETIME);
	assert_int_equal(tp_bo_quarantined(&fake.bos), 3);
	assert_int_equal(bo_stat().system_pages, 0);
	assert_int_equal(bo_stat().quarantines, 3);
	/* A stale translation leads to what it always led to. */
	assert_true(tp_iommu_read(tp_dma_iommu(fake.bos.domain), stale, &word, sizeof(word)));
	assert_int_equal(word, content(bo, 0));
	assert_int_equal(tp_bo_release_quarantine(&fake.bos, tp_bo_quarantine_mark(&fake.bos)), 3);
	assert_false(can_read(fake.bos.domain, stale));
	assert_int_equal(tp_bo_quarantined(&fake.bos), 0);
	assert_int_equal(bo_stat().released_pages, 3);
	assert_int_equal(dma_stat(fake.bos.domain).mapped_pages, 0);
	tp_bo_put(bo);
	assert_int_equal(tp_machine_check(fake_machine.m, true, stderr), 0);
}

/* T7: it is busy for who wants it, with a name that outlives the object. */
static void an_offline_says_what_is_quarantined(void **state)
{
	struct tp_bo *bo = make_full_bo(3, TP_BO_SYSTEM, "tex0");
	struct tp_offline_report report;

	(void)state;
	refuse(1);
	tp_bo_put(bo);
	expect_log("ufd");
	assert_true(offline(SHORT, &report) < 0);
	expect_blocker(&report, "owner refused", "gpu0", "tex0 page 0 of 3, quarantined");
	assert_int_equal(tp_bo_release_quarantine(&fake.bos, tp_bo_quarantine_mark(&fake.bos)), 3);
	must(offline(0, &report));
}

static void memory_of_the_device_is_not_handed_out_again(void **state)
{
	struct tp_bo *bo = make_full_bo(4, TP_BO_VRAM, "tex0"), *next;
	uint64_t at = bo->chunks[0].address;

	(void)state;
	refuse(1);
	assert_int_equal(empty(bo), -ETIME);
	next = make_full_bo(4, TP_BO_VRAM, "tex1");
	for (uint32_t i = 0; i < next->nr_chunks; i++)
		assert_false(next->chunks[i].address - at < 4 * TP_PAGE_SIZE);
	assert_int_equal(vram_stat().used, 8 * TP_PAGE_SIZE);
	tp_bo_release_quarantine(&fake.bos, tp_bo_quarantine_mark(&fake.bos));
	assert_int_equal(vram_stat().used, 4 * TP_PAGE_SIZE);
	tp_bo_put(bo);
	tp_bo_put(next);
}

/* What came after the device was emptied is not let go by that. */
static void a_mark_is_a_moment(void **state)
{
	struct tp_bo *a = make_full_bo(1, TP_BO_SYSTEM, "tex0"),
		     *b = make_full_bo(2, TP_BO_SYSTEM, "tex1");
	uint64_t before = tp_bo_quarantine_mark(&fake.bos), between;

	(void)state;
	refuse(2);
	assert_int_equal(empty(a), -ETIME);
	between = tp_bo_quarantine_mark(&fake.bos);
	assert_int_equal(empty(b), -ETIME);
	assert_int_equal(tp_bo_release_quarantine(&fake.bos, before), 0);
	assert_int_equal(tp_bo_release_quarantine(&fake.bos, between), 1);
	assert_int_equal(tp_bo_quarantined(&fake.bos), 2);
	assert_int_equal(tp_bo_release_quarantine(&fake.bos, between), 0);
	tp_bo_put(a);
	tp_bo_put(b);
}

/* The object goes on; its new pages have the same cookies as those in quarantine. */
static void an_object_gets_other_memory(void **state)
{
	struct tp_bo *bo = make_full_bo(3, TP_BO_SYSTEM, "tex0");
	struct tp_offline_report report;
	uint64_t stale = bo->chunks[0].address;

	(void)state;
	refuse(1);
	assert_int_equal(empty(bo), -ETIME);
	hold(bo);
	must(tp_bo_populate(bo));
	write_content(bo);
	unhold(bo);
	assert_int_not_equal(bo->chunks[0].address, stale);
	assert_true(offline(SHORT, &report) < 0);
	/* The object's own pages could go. */
	assert_int_equal(report.nr_blockers, 3);
	expect_blocker(&report, "owner refused", "gpu0", "tex0 page 0 of 3, quarantined");
	assert_int_equal(bo_stat().moved_pages, 3);
	expect_content(bo);
	tp_bo_put(bo);
}

/* The slot is another object's by now. */
static void a_slot_is_used_again(void **state)
{
	struct tp_offline_report report;
	struct tp_bo *bos[40];

	(void)state;
	refuse(1);
	tp_bo_put(make_full_bo(2, TP_BO_SYSTEM, "tex0"));
	for (unsigned i = 0; i < TP_ARRAY_SIZE(bos); i++)
		bos[i] = make_full_bo(1, TP_BO_SYSTEM, "tex1");
	assert_true(offline(SHORT, &report) < 0);
	assert_int_equal(report.nr_blockers, 2);
	expect_blocker(&report, "owner refused", "gpu0", "tex0 page 0 of 2, quarantined");
	for (unsigned i = 0; i < TP_ARRAY_SIZE(bos); i++) {
		expect_content(bos[i]);
		tp_bo_put(bos[i]);
	}
}

/* B4: whoever gives memory back may have none. */
static void quarantine_needs_no_memory(void **state)
{
	struct tp_bo *a = make_full_bo(3, TP_BO_SYSTEM, "tex0"),
		     *b = make_full_bo(3, TP_BO_VRAM, "tex1");

	(void)state;
	refuse(2);
	must(tp_fault_arm("core/alloc", 1, UINT64_MAX));
	assert_int_equal(empty(a), -ETIME);
	tp_bo_put(b);
	assert_int_equal(tp_bo_quarantined(&fake.bos), 6);
	assert_int_equal(tp_bo_release_quarantine(&fake.bos, tp_bo_quarantine_mark(&fake.bos)), 6);
	tp_bo_put(a);
}

/* The release op: reclaim asks, the device does not forget. */
static void a_purge_may_end_in_quarantine(void **state)
{
	struct tp_bo *bo = make_full_bo(3, TP_BO_SYSTEM, "tex0");

	(void)state;
	bo->purgeable = true;
	refuse(1);
	assert_int_equal(tp_bo_shrink(&fake.bos, 1), 0);
	assert_true(bo->purged);
	assert_int_equal(tp_bo_quarantined(&fake.bos), 3);
	tp_bo_put(bo);
}

static void fini_in_quarantine(void *arg)
{
	(void)arg;
	tp_bo_device_fini(&fake.bos);
}

static void a_device_does_not_go_with_memory_in_quarantine(void **state)
{
	(void)state;
	refuse(1);
	tp_bo_put(make_full_bo(1, TP_BO_SYSTEM, "tex0"));
	expect_panic(fini_in_quarantine, NULL, "quarantine");
}

/* ---- threads --------------------------------------------------------------------------------- */

enum { ROUNDS = 200 };

static tp_atomic_u32 stop;

static void destroy_many(void *arg)
{
	(void)arg;
	for (unsigned i = 0; i < ROUNDS; i++) {
		refuse(i % 2);
		tp_bo_put(make_full_bo(2, i % 3 ? TP_BO_SYSTEM : TP_BO_VRAM, "tex0"));
	}
}

static void release_often(void *arg)
{
	(void)arg;
	while (!tp_atomic_load(&stop, TP_ACQUIRE)) {
		tp_bo_release_quarantine(&fake.bos, tp_bo_quarantine_mark(&fake.bos));
		tp_yield();
	}
}

static void threads_quarantine_release_and_move(void **state)
{
	struct tp_thread destroyer, releaser;
	struct tp_offline_report report;

	(void)state;
	tp_atomic_store(&stop, 0, TP_RELAXED);
	must(tp_thread_start(&destroyer, "destroy", destroy_many, NULL));
	must(tp_thread_start(&releaser, "release", release_often, NULL));
	for (unsigned i = 0; i < 5; i++)
		if (!offline(SHORT, &report))
			must(tp_device_online(fake_machine.far, TP_ONLINE_MOVABLE));
	tp_thread_join(&destroyer);
	tp_atomic_store(&stop, 1, TP_RELEASE);
	tp_thread_join(&releaser);
	tp_bo_release_quarantine(&fake.bos, UINT64_MAX);
	assert_int_equal(bo_stat().quarantines, bo_stat().released_pages);
}

#define QUARANTINE_TEST(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		QUARANTINE_TEST(memory_that_is_not_forgotten_stays_where_it_is),
		QUARANTINE_TEST(an_offline_says_what_is_quarantined),
		QUARANTINE_TEST(memory_of_the_device_is_not_handed_out_again),
		QUARANTINE_TEST(a_mark_is_a_moment),
		QUARANTINE_TEST(an_object_gets_other_memory),
		QUARANTINE_TEST(a_slot_is_used_again),
		QUARANTINE_TEST(quarantine_needs_no_memory),
		QUARANTINE_TEST(a_purge_may_end_in_quarantine),
		QUARANTINE_TEST(a_device_does_not_go_with_memory_in_quarantine),
		QUARANTINE_TEST(threads_quarantine_release_and_move),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
