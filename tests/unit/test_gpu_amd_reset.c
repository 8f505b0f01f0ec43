/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Resets: as narrow as helps, found to have lost memory or not, and those that do not come back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "gpu_amd_reset.h"

enum { THREADS = 3, ROUNDS = 20, RESETS = 6, MODE1_TRIES = 3 };

/* One that gives up a device that does not answer, but not one whose thread waits for a CPU. */
static int make_impatient(void **state)
{
	struct rig_config config = patient;

	config.driver.patience.reset_ns = TP_MILLISECONDS(500);
	return make_rig(state, &config);
}

static void expect_resets(struct rig *r, unsigned soft, unsigned mode1)
{
	struct tp_amd_model_stat stat = rig_stat(r);

	assert_int_equal(stat.soft_resets, soft);
	assert_int_equal(stat.mode1_resets, mode1);
	assert_int_equal(tp_amd_vram_lost(r->gpu), mode1);
}

/* ---- as narrow as helps ---------------------------------------------------------------------- */

static void a_soft_reset_loses_nothing(void **state)
{
	struct rig *r = *state;

	rig_wait(r, push_store(r, TP_AMD_RING_SDMA0, 9, 99), 0);
	must(tp_amd_reset(r->gpu, TP_AMD_RESET_AUTO));
	must(tp_amd_reset(r->gpu, TP_AMD_RESET_SOFT));
	expect_resets(r, 2, 0);
	assert_int_equal(scratch_word(r, 9), 99);
	assert_int_equal(resets(r), 2);
	expect_it_works(r);
}

static void a_hung_ring_is_reset_softly(void **state)
{
	struct rig *r = *state;
	struct tp_fence *guilty, *behind, *elsewhere;

	tp_amd_model_hang(r->model, TP_AMD_RING_GFX, false);
	tp_amd_model_hang(r->model, TP_AMD_RING_SDMA1, false);
	guilty = push_store(r, TP_AMD_RING_GFX, 9, 1);
	behind = push_store(r, TP_AMD_RING_GFX, 9, 2);
	elsewhere = push_store(r, TP_AMD_RING_SDMA1, 9, 3);
	tp_amd_service(r->gpu);
	assert_int_equal(resets(r), 0); /* it does not stand for long enough */
	find_what_hangs(r);
	assert_int_equal(resets(r), 1);
	rig_expect(guilty, -ETIME);
	rig_expect(behind, -ECANCELED);
	rig_expect(elsewhere, -ECANCELED);
	expect_resets(r, 1, 0);
	expect_it_works(r);
	assert_int_equal(scratch_word(r, 9), 0); /* nothing of before is executed */
}

/* Work that waits goes on after a reset that lost nothing. */
static void what_was_pending_is_done(void **state)
{
	struct rig *r = *state;
	struct tp_amd_job *job = store_job(r, TP_AMD_RING_SDMA0, 9, 7);
	struct tp_fence *hung, *pending;

	tp_amd_model_hang(r->model, TP_AMD_RING_GFX, false);
	hung = push_store(r, TP_AMD_RING_GFX, 8, 1);
	tp_amd_job_depend(job, hung);
	pending = rig_push(r, job);
	r->gpu->config.patience.hang_ns = 1;
	must(tp_amd_reset_hung(&r->gpu->rings[TP_AMD_RING_GFX]));
	rig_expect(hung, -ETIME);
	rig_wait(r, pending, 0);
	assert_int_equal(scratch_word(r, 9), 7);
}

/* T27: what was queued before a loss is not executed after it. */
static void what_was_pending_before_a_loss_never_runs(void **state)
{
	struct rig *r = *state;
	struct tp_amd_job *job = store_job(r, TP_AMD_RING_SDMA0, 9, 7);
	struct tp_fence *hung, *pending;
	uint64_t packets;

	tp_amd_model_lose_as(r->model, TP_AMD_LOSS_ZEROES);
	tp_amd_model_hang(r->model, TP_AMD_RING_GFX, false);
	hung = push_store(r, TP_AMD_RING_GFX, 8, 1);
	tp_amd_job_depend(job, hung);
	pending = rig_push(r, job);
	must(tp_amd_reset(r->gpu, TP_AMD_RESET_MODE1));
	rig_expect(hung, -ECANCELED);
	rig_wait(r, pending, -ECANCELED);
	packets = rig_stat(r).ring[TP_AMD_RING_SDMA0].ibs;
	expect_it_works(r);
	assert_int_equal(rig_stat(r).ring[TP_AMD_RING_SDMA0].ibs, packets + 1);
	assert_int_equal(scratch_word(r, 9), 0);
}

/* Again, where the device was so slow that it was taken for hung. */
static void store_under_a_strict_service(struct rig *r)
{
	int err;

	do {
		struct tp_fence *fence = push_store(r, TP_AMD_RING_GFX, 0, 1);

		must(tp_fence_wait(fence, tp_clock_after(TP_SECONDS(20))));
		err = tp_fence_error(fence);
		tp_fence_put(fence);
	} while (err == -ETIME);
	must(err);
}

/* Nothing else happens that would make the service look: it has been asleep. */
static void a_hang_is_noticed_by_a_service_that_slept(void **state)
{
	struct rig *r = *state;
	struct tp_fence *fence;

	r->gpu->config.patience.hang_ns = TP_MILLISECONDS(20);
	store_under_a_strict_service(r);
	while (!tp_amd_ring_is_idle(&r->gpu->rings[TP_AMD_RING_GFX]))
		tp_sleep_ns(TP_MILLISECONDS(1));
	tp_sleep_ns(TP_MILLISECONDS(20));
	tp_amd_model_hang(r->model, TP_AMD_RING_GFX, false);
	fence = push_store(r, TP_AMD_RING_GFX, 0, 2);
	must(tp_fence_wait(fence, tp_clock_after(TP_SECONDS(20))));
	assert_int_equal(tp_fence_error(fence), -ETIME);
	tp_fence_put(fence);
	tp_amd_wait_reset(r->gpu);
}

/* A ring that hangs through a soft reset does not execute its test. */
static void what_a_soft_reset_does_not_help_loses_memory(void **state)
{
	struct rig *r = *state;
	struct tp_fence *guilty;

	r->gpu->config.patience.test_ns = TP_SECONDS(1);
	tp_amd_model_hang(r->model, TP_AMD_RING_SDMA1, true);
	guilty = push_store(r, TP_AMD_RING_SDMA1, 9, 1);
	find_what_hangs(r);
	rig_expect(guilty, -ETIME);
	assert_int_equal(tp_amd_state(r->gpu), TP_GPU_RUNNING);
	assert_int_equal(rig_stat(r).soft_resets, 1);
	assert_true(rig_stat(r).mode1_resets >= 1);
	assert_int_equal(tp_amd_vram_lost(r->gpu), rig_stat(r).mode1_resets);
	expect_it_works(r);
}

static void a_reset_that_does_not_end_is_followed_by_a_wider_one(void **state)
{
	struct rig *r = *state;

	tp_amd_model_refuse_resets(r->model, 1);
	must(tp_amd_reset(r->gpu, TP_AMD_RESET_SOFT));
	assert_int_equal(tp_amd_vram_lost(r->gpu), 1);
	expect_it_works(r);
	tp_amd_model_refuse_resets(r->model, MODE1_TRIES);
	must(tp_amd_reset(r->gpu, TP_AMD_RESET_AUTO));
	assert_int_equal(tp_amd_vram_lost(r->gpu), 2);
	assert_int_equal(tp_quiet_load(&r->gpu->resets_ok), 2);
	expect_it_works(r);
}

static void a_fault_in_each_try_widens_it(void **state)
{
	struct rig *r = *state;

	for (unsigned n = 1; n <= MODE1_TRIES; n++) {
		must(tp_fault_arm("gpu/amd-reset", 1, n));
		must(tp_amd_reset(r->gpu, TP_AMD_RESET_AUTO));
		tp_fault_reset();
		assert_int_equal(tp_amd_vram_lost(r->gpu), n);
		expect_it_works(r);
	}
	expect_resets(r, 0, MODE1_TRIES);
}

/* ---- none comes back ------------------------------------------------------------------------- */

static void expect_rings_stand(struct rig *r)
{
	tp_amd_for_each_ring(ring, r->gpu)
	{
		uint32_t cntl = tp_amd_ring_reg(ring->id, TP_AMD_SDMA_RB_CNTL);

		assert_int_equal(tp_amd_read(r->gpu, cntl) & 1, 0);
	}
}

/* T8: what ran is told so, and its memory may go, when the engines stand. */
static void a_device_that_does_not_come_back_is_wedged(void **state)
{
	struct rig *r = *state;
	struct tp_fence *running, *pending;
	struct tp_amd_job *job = store_job(r, TP_AMD_RING_SDMA0, 9, 2);

	tp_amd_model_hang(r->model, TP_AMD_RING_GFX, false);
	running = push_store(r, TP_AMD_RING_GFX, 9, 1);
	tp_amd_job_depend(job, running);
	pending = rig_push(r, job);
	must(tp_fault_arm("gpu/amd-reset", 1, 1 + MODE1_TRIES));
	assert_int_equal(tp_amd_reset(r->gpu, TP_AMD_RESET_AUTO), -EIO);
	assert_int_equal(tp_amd_state(r->gpu), TP_GPU_WEDGED);
	rig_expect(running, -ECANCELED);
	rig_expect(pending, -EIO);
	rig_expect(push_store(r, TP_AMD_RING_SDMA1, 9, 3), -EIO);
	expect_rings_stand(r);
	assert_int_equal(tp_amd_vram_lost(r->gpu), 1);
	assert_int_equal(rig_stat(r).ring[TP_AMD_RING_GFX].ibs, 0);
	assert_int_equal(tp_amd_reset(r->gpu, TP_AMD_RESET_AUTO), -EIO);
	assert_int_equal(tp_quiet_load(&r->gpu->resets_failed), 1);
}

/* T8: rings that were started and do not execute their tests are stopped all the same. */
static void rings_that_fail_their_tests_wedge(void **state)
{
	struct rig *r = *state;

	must(tp_fault_arm("gpu/amd-ring-test", 1, 1 + MODE1_TRIES));
	assert_int_equal(tp_amd_reset(r->gpu, TP_AMD_RESET_AUTO), -EIO);
	assert_int_equal(tp_amd_state(r->gpu), TP_GPU_WEDGED);
	expect_rings_stand(r);
}

static void a_ring_that_fails_its_test_takes_a_wider_reset(void **state)
{
	struct rig *r = *state;

	for (unsigned nth = 1; nth <= TP_AMD_NR_RINGS; nth++) {
		must(tp_fault_arm("gpu/amd-ring-test", nth, 1));
		must(tp_amd_reset(r->gpu, TP_AMD_RESET_AUTO));
		tp_fault_reset();
		expect_resets(r, nth, nth);
		expect_it_works(r);
	}
}

/* RS4: the device may have lost its memory, and what that held says so. */
static void resets_that_never_end_wedge(void **state)
{
	struct rig *r = *state;

	tp_amd_model_refuse_resets(r->model, 1 + MODE1_TRIES);
	assert_int_equal(tp_amd_reset(r->gpu, TP_AMD_RESET_AUTO), -EIO);
	assert_int_equal(tp_amd_state(r->gpu), TP_GPU_WEDGED);
	assert_int_equal(tp_amd_vram_lost(r->gpu), 1);
	must(tp_amd_hub_invalidate(&r->gpu->hubs[TP_AMD_MMHUB], 1, 0)); /* nobody waits for it */
}

/* ---- whether memory was lost ----------------------------------------------------------------- */

/* T29: copies rewrite the windows at the start of the GART, and that is no loss. */
static void what_copies_rewrite_is_no_loss(void **state)
{
	struct rig *r = *state;

	tp_bus_memory_fill(r->gpu->bus, r->gpu->gart.table, 0x1234000, 0x1000,
			   TP_AMD_WINDOWS * TP_AMD_WINDOW_PAGES);
	tp_amd_hdp_flush(r->gpu);
	must(tp_amd_reset(r->gpu, TP_AMD_RESET_SOFT));
	assert_int_equal(tp_amd_vram_lost(r->gpu), 0);
	assert_false(tp_amd_marker_is_gone(r->gpu));
}

/* Nobody said so; the pattern of before is gone with it, whatever memory holds now. */
static void a_loss_that_nobody_told_of_is_found(void **state)
{
	static const enum tp_amd_model_loss losses[] = { TP_AMD_LOSS_NOISE, TP_AMD_LOSS_GARBAGE,
							 TP_AMD_LOSS_ZEROES };
	struct rig *r = *state;

	for (unsigned i = 0; i < TP_ARRAY_SIZE(losses); i++) {
		tp_amd_model_lose_as(r->model, losses[i]);
		tp_amd_model_lose(r->model);
		assert_true(tp_amd_marker_is_gone(r->gpu));
		must(tp_amd_reset(r->gpu, TP_AMD_RESET_SOFT));
		assert_int_equal(tp_amd_vram_lost(r->gpu), i + 1);
		assert_false(tp_amd_marker_is_gone(r->gpu));
		expect_it_works(r);
	}
	assert_int_equal(rig_stat(r).mode1_resets, 0);
}

/* RS4: part of it may be gone although the pattern is not. */
static void mode_1_counts_as_a_loss_whatever_is_left(void **state)
{
	struct rig *r = *state;

	tp_amd_model_lose_as(r->model, TP_AMD_LOSS_NOTHING);
	must(tp_amd_reset(r->gpu, TP_AMD_RESET_MODE1));
	assert_int_equal(tp_amd_vram_lost(r->gpu), 1);
	assert_false(tp_amd_marker_is_gone(r->gpu));
}

/* An image of before an earlier loss is not the memory that survived. */
static void each_loss_has_its_own_pattern(void **state)
{
	struct rig *r = *state;
	uint64_t old[8];

	tp_bus_memory_read(r->gpu->bus, r->gpu->marker, old, sizeof(old));
	must(tp_amd_reset(r->gpu, TP_AMD_RESET_MODE1));
	tp_bus_memory_write(r->gpu->bus, r->gpu->marker, old, sizeof(old));
	tp_amd_hdp_flush(r->gpu);
	must(tp_amd_reset(r->gpu, TP_AMD_RESET_SOFT));
	assert_int_equal(tp_amd_vram_lost(r->gpu), 2);
}

/* T20, A1: rings, fences and command streams are reached through the GART, which garbage was in. */
static void the_gart_comes_back_first(void **state)
{
	struct rig *r = *state;
	uint64_t *table = test_malloc(TP_AMD_GART_PAGES * 8);

	tp_amd_model_lose_as(r->model, TP_AMD_LOSS_GARBAGE);
	must(tp_amd_reset(r->gpu, TP_AMD_RESET_MODE1));
	tp_bus_memory_read(r->gpu->bus, r->gpu->gart.table, table, TP_AMD_GART_PAGES * 8);
	assert_memory_equal(table, r->gpu->gart.entries, TP_AMD_GART_PAGES * 8);
	test_free(table);
	expect_it_works(r);
	no_faults(r);
}

/* ---- resets that meet others ----------------------------------------------------------------- */

struct invalidator {
	struct tp_thread thread;
	struct tp_amd_hub *hub;
	int err;
};

static void invalidate(void *arg)
{
	struct invalidator *i = arg;

	i->err = tp_amd_hub_invalidate(i->hub, 1 << 3, 0);
}

/* T9: a reset between request and answer is as good as the answer, when it has ended. */
static void a_reset_answers_an_invalidation(void **state)
{
	struct rig *r = *state;

	for (unsigned hub = 0; hub < TP_AMD_NR_HUBS; hub++) {
		struct invalidator i = { .hub = &r->gpu->hubs[hub] };

		tp_amd_model_stick(r->model, (enum tp_amd_hub_id)hub, true);
		must(tp_thread_start(&i.thread, "invalidate", invalidate, &i));
		tp_sleep_ns(TP_MILLISECONDS(1));
		must(tp_amd_reset(r->gpu, TP_AMD_RESET_SOFT));
		tp_thread_join(&i.thread);
		assert_int_equal(i.err, 0);
		expect_it_works(r);
	}
}

/* A hub that does not forget is reset when somebody serves. */
static void who_is_not_answered_asks_for_a_reset(void **state)
{
	struct rig *r = *state;

	r->gpu->config.patience.tlb_ns = 1;
	tp_amd_model_stick(r->model, TP_AMD_GFXHUB, true);
	assert_int_equal(tp_amd_hub_invalidate(&r->gpu->hubs[TP_AMD_GFXHUB], 1, 0), -ETIME);
	r->gpu->config.patience.tlb_ns = TP_SECONDS(20);
	assert_int_equal(resets(r), 0);
	tp_amd_service(r->gpu);
	assert_int_equal(resets(r), 1);
	must(tp_amd_hub_invalidate(&r->gpu->hubs[TP_AMD_GFXHUB], 1, 0));
	tp_amd_service(r->gpu);
	assert_int_equal(resets(r), 1);
}

struct worker {
	struct tp_thread thread;
	struct rig *rig;
	enum tp_amd_ring_id ring;
	unsigned done, canceled;
};

static void work(void *arg)
{
	struct worker *w = arg;

	for (unsigned i = 0; i < ROUNDS; i++) {
		struct tp_fence *fence = push_store(w->rig, w->ring, 16 + w->ring, i + 1);
		int err = tp_amd_wait(w->rig->gpu, fence, tp_clock_after(TP_SECONDS(60)));

		assert_true(!err || err == -ECANCELED);
		w->done += !err;
		w->canceled += err == -ECANCELED;
		tp_fence_put(fence);
	}
}

/* J1: each job ends, once, whatever comes between; conservation of all that were pushed. */
static void work_goes_on_under_resets(void **state)
{
	struct rig *r = *state;
	struct worker workers[THREADS];

	for (unsigned i = 0; i < THREADS; i++) {
		workers[i] = (struct worker){ .rig = r, .ring = (enum tp_amd_ring_id)i };
		must(tp_thread_start(&workers[i].thread, "worker", work, &workers[i]));
	}
	for (unsigned i = 0; i < RESETS; i++)
		must(tp_amd_reset(r->gpu, i & 1 ? TP_AMD_RESET_MODE1 : TP_AMD_RESET_SOFT));
	for (unsigned i = 0; i < THREADS; i++) {
		struct tp_amd_ring *ring = &r->gpu->rings[i];

		tp_thread_join(&workers[i].thread);
		assert_int_equal(workers[i].done + workers[i].canceled, ROUNDS);
		assert_int_equal(tp_quiet_load(&ring->submitted), ROUNDS);
		assert_int_equal(tp_quiet_load(&ring->completed), workers[i].done);
		assert_int_equal(tp_quiet_load(&ring->failed), workers[i].canceled);
	}
	expect_it_works(r);
}

#define TEST(name)		 cmocka_unit_test_setup_teardown(name, make_patient, end_rig)
#define TEST_WITH(name, make_it) cmocka_unit_test_setup_teardown(name, make_it, end_rig)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_soft_reset_loses_nothing),
		TEST(a_hung_ring_is_reset_softly),
		TEST(what_was_pending_is_done),
		TEST(what_was_pending_before_a_loss_never_runs),
		TEST(what_a_soft_reset_does_not_help_loses_memory),
		TEST_WITH(a_reset_that_does_not_end_is_followed_by_a_wider_one, make_impatient),
		TEST(a_fault_in_each_try_widens_it),
		TEST(a_device_that_does_not_come_back_is_wedged),
		TEST(rings_that_fail_their_tests_wedge),
		TEST(a_ring_that_fails_its_test_takes_a_wider_reset),
		TEST_WITH(resets_that_never_end_wedge, make_impatient),
		TEST(what_copies_rewrite_is_no_loss),
		TEST(a_loss_that_nobody_told_of_is_found),
		TEST(mode_1_counts_as_a_loss_whatever_is_left),
		TEST(each_loss_has_its_own_pattern),
		TEST(the_gart_comes_back_first),
		TEST(a_reset_answers_an_invalidation),
		TEST(who_is_not_answered_asks_for_a_reset),
		TEST_WITH(work_goes_on_under_resets, make_service),
		TEST_WITH(a_hang_is_noticed_by_a_service_that_slept, make_service),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
