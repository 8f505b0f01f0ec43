/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_gpu_bo_shrink - memory is short: objects that nobody misses give theirs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "gpu_fake.h"
#include "gpu_offline.h"

static int begin(void **state)
{
	(void)state;
	return begin_fake(FAKE_MEMORY, TP_NODE_NONE);
}

static void let_go(struct tp_bo *bo)
{
	hold(bo);
	bo->purgeable = true;
	unhold(bo);
}

static void the_least_recently_used_goes_first(void **state)
{
	struct tp_bo *a = make_full_bo(4, TP_BO_SYSTEM, "tex0"),
		     *b = make_full_bo(4, TP_BO_SYSTEM, "tex1"),
		     *c = make_full_bo(4, TP_BO_SYSTEM, "tex2");

	(void)state;
	let_go(a);
	let_go(b);
	let_go(c);
	tp_bo_touch(a);
	assert_int_equal(tp_bo_shrink(&fake.bos, 5), 8);
	expect_log("ufuf");
	assert_int_equal(a->place, TP_BO_SYSTEM);
	assert_int_equal(b->place, TP_BO_EMPTY);
	assert_int_equal(c->place, TP_BO_EMPTY);
	assert_true(b->purged && !a->purged);
	assert_int_equal(bo_stat().shrunk, 2);
	assert_int_equal(tp_bo_shrink(&fake.bos, 0), 0);
	assert_int_equal(tp_bo_shrink(&fake.bos, UINT64_MAX), 4);
	assert_int_equal(tp_bo_shrink(&fake.bos, UINT64_MAX), 0);
	tp_bo_put(a);
	tp_bo_put(b);
	tp_bo_put(c);
}

static void who_is_needed_stays(void **state)
{
	struct tp_bo *missed = make_full_bo(1, TP_BO_SYSTEM, "tex0"),
		     *busy = make_full_bo(1, TP_BO_SYSTEM, "tex1"),
		     *pinned = make_full_bo(1, TP_BO_SYSTEM, "tex2"),
		     *held = make_full_bo(1, TP_BO_SYSTEM, "tex3"),
		     *there = make_full_bo(1, TP_BO_VRAM, "tex4");
	struct tp_fence *fence = keep_busy(busy);

	(void)state;
	let_go(busy);
	let_go(there);
	let_go(pinned);
	pin(pinned);
	hold(held);
	held->purgeable = true;
	assert_int_equal(tp_bo_shrink(&fake.bos, UINT64_MAX), 0);
	expect_log("");
	unhold(held);
	finish(fence);
	assert_int_equal(tp_bo_shrink(&fake.bos, UINT64_MAX), 2);
	expect_content(missed);
	expect_content(pinned);
	expect_content(there);
	tp_fence_put(fence);
	tp_bo_put(missed);
	tp_bo_put(busy);
	unpin(pinned);
	tp_bo_put(pinned);
	tp_bo_put(held);
	tp_bo_put(there);
}

static void a_purged_object_gets_new_memory(void **state)
{
	struct tp_bo *bo = make_full_bo(2, TP_BO_SYSTEM, "tex0");
	unsigned char byte = 1;

	(void)state;
	let_go(bo);
	assert_int_equal(tp_bo_shrink(&fake.bos, 1), 2);
	hold(bo);
	must(tp_bo_populate(bo));
	tp_bo_read(bo, 7, &byte, 1);
	assert_int_equal(byte, 0);
	assert_true(bo->purged);
	unhold(bo);
	tp_bo_put(bo);
}

/* No other node takes pages: the owner is asked to give them up. */
static void memory_that_goes_takes_what_nobody_misses(void **state)
{
	struct tp_bo *bo;
	struct tp_offline_report report;

	(void)state;
	fake.bos.node = FAR_NODE;
	bo = make_full_bo(3, TP_BO_SYSTEM, "tex0");
	let_go(bo);
	/* It can be moved, and is not asked for more, as long as there is room. */
	must(offline(0, &report));
	assert_int_equal(report.pages_moved, 3);
	must(tp_device_online(fake_machine.far, TP_ONLINE_MOVABLE));
	tp_bo_put(bo);
	bo = make_full_bo(3, TP_BO_SYSTEM, "tex1");
	let_go(bo);
	must(tp_fault_arm("mm/migrate-target", 1, UINT64_MAX));
	must(offline(0, &report));
	assert_int_equal(report.pages_released, 1); /* the others went with it */
	assert_int_equal(bo->place, TP_BO_EMPTY);
	tp_bo_put(bo);
}

/* ---- the machine is full --------------------------------------------------------------------- */

static uint64_t free_pages(void)
{
	struct tp_zone_stat stat;
	uint64_t sum = 0;

	for (int node = 0; node <= FAR_NODE; node++)
		for (enum tp_zone_type zone = 0; zone < TP_ZONE_DEVICE; zone++) {
			must(tp_zone_counts(fake_machine.m, node, zone, &stat));
			sum += stat.free + stat.isolated_free + stat.pcp;
		}
	return sum;
}

/*
 * T26: who asks for pages makes room himself, which asks the owners of pages, which are this one:
 * the object that is being populated is passed by, the others give theirs.
 */
static void populating_may_purge_others(void **state)
{
	struct tp_bo *old = make_full_bo(free_pages() / 2, TP_BO_SYSTEM, "tex0"), *new;

	(void)state;
	let_go(old);
	new = make_full_bo(free_pages() + old->size / TP_PAGE_SIZE / 2, TP_BO_SYSTEM, "tex1");
	assert_int_equal(old->place, TP_BO_EMPTY);
	assert_true(old->purged);
	assert_int_equal(bo_stat().shrunk, 1);
	expect_content(new);
	tp_bo_put(old);
	tp_bo_put(new);
}

static void without_anything_to_purge_it_fails_and_keeps_nothing(void **state)
{
	struct tp_bo *old = make_full_bo(free_pages() / 2, TP_BO_SYSTEM, "tex0"),
		     *new = make_bo(free_pages() * 2, TP_BO_SYSTEM, "tex1");
	uint64_t before = free_pages();

	(void)state;
	let_go(old);
	hold(old); /* somebody has it */
	hold(new);
	assert_int_equal(tp_bo_populate(new), -ENOMEM);
	assert_int_equal(new->place, TP_BO_EMPTY);
	unhold(new);
	old->purgeable = false;
	unhold(old);
	assert_int_equal(bo_stat().shrunk, 0);
	assert_true(free_pages() + 16 > before);
	expect_content(old);
	tp_bo_put(old);
	tp_bo_put(new);
}

/* ---- threads --------------------------------------------------------------------------------- */

enum { WORKERS = 3, ROUNDS = 5 };

/* More in all than the machine has: somebody always goes. */
static void fill_and_let_go(void *arg)
{
	uint64_t pages = *(uint64_t *)arg;

	for (unsigned i = 0; i < ROUNDS; i++) {
		struct tp_bo *bo = make_bo(pages, TP_BO_SYSTEM, "tex0");

		TP_INVARIANT(!tp_resv_hold(bo->resv, TP_WAIT_FOREVER));
		if (!tp_bo_populate(bo)) {
			tp_bo_write(bo, 0, &i, sizeof(i));
			bo->purgeable = i % 4;
		}
		tp_resv_unhold(bo->resv);
		tp_yield();
		tp_bo_put(bo);
	}
}

static void threads_share_too_little_memory(void **state)
{
	struct tp_thread threads[WORKERS];
	uint64_t pages = free_pages() / 2;

	(void)state;
	for (unsigned i = 0; i < WORKERS; i++)
		must(tp_thread_start(&threads[i], "worker", fill_and_let_go, &pages));
	for (unsigned i = 0; i < WORKERS; i++)
		tp_thread_join(&threads[i]);
	assert_int_equal(bo_stat().system_pages, 0);
	assert_int_equal(dma_stat(fake.bos.domain).mapped_pages, 0);
}

#define SHRINK_TEST(test) cmocka_unit_test_setup_teardown(test, begin, end_fake)

int main(void)
{
	const struct CMUnitTest tests[] = {
		SHRINK_TEST(the_least_recently_used_goes_first),
		SHRINK_TEST(who_is_needed_stays),
		SHRINK_TEST(a_purged_object_gets_new_memory),
		SHRINK_TEST(memory_that_goes_takes_what_nobody_misses),
		SHRINK_TEST(populating_may_purge_others),
		SHRINK_TEST(without_anything_to_purge_it_fails_and_keeps_nothing),
		SHRINK_TEST(threads_share_too_little_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
