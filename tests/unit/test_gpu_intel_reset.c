/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Resets: of what hangs, under load, from many sides, and those that do not come back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "gpu_intel_rig.h"

enum { THREADS = 3, ROUNDS = 30, RESETS = 10 };

static struct rig rig;

static const struct rig_config manual = {
	.platform = TP_INTEL_DG2,
	.model = { .mode = TP_INTEL_MODEL_MANUAL, .reset_ns = TP_MICROSECONDS(20) },
	/* The service never thinks that something hangs, unless the test says so. */
	.driver = { .patience = { .hang_ns = TP_SECONDS(1000),
				  .reset_ns = TP_MILLISECONDS(20),
				  .poll_ns = TP_MICROSECONDS(50),
				  .tlb_ns = TP_MICROSECONDS(100) } },
};

static int make_manual(void **state)
{
	*state = &rig;
	rig_make(&rig, &manual);
	return 0;
}

/* A reset takes long enough to do something meanwhile. */
static int make_slow(void **state)
{
	struct rig_config config = manual;

	*state = &rig;
	config.model.reset_ns = TP_MILLISECONDS(5);
	config.driver.patience.reset_ns = TP_SECONDS(20);
	rig_make(&rig, &config);
	return 0;
}

static int make_mtl(void **state)
{
	struct rig_config config = manual;

	*state = &rig;
	config.platform = TP_INTEL_MTL;
	rig_make(&rig, &config);
	return 0;
}

static int make_threads(void **state)
{
	struct rig_config config = manual;

	*state = &rig;
	config.model.mode = TP_INTEL_MODEL_THREAD;
	config.driver.service = true;
	rig_make(&rig, &config);
	return 0;
}

static int end_rig(void **state)
{
	rig_end(*state);
	return 0;
}

static uint64_t resets(struct rig *r)
{
	return tp_quiet_load(&r->gpu->resets);
}

/* The service looks twice: once it sees where the engine is, and then that it still is there. */
static void find_what_hangs(struct rig *r)
{
	r->gpu->config.patience.hang_ns = 1;
	tp_intel_service(r->gpu);
	tp_intel_service(r->gpu);
	r->gpu->config.patience.hang_ns = TP_SECONDS(1000);
}

static void expect_it_works(struct rig *r)
{
	tp_intel_for_each_engine(engine, r->gpu)
	{
		struct tp_fence *fence;

		rig_write(r, 0, 0);
		fence = rig_submit(r, engine->id.class, engine->id.instance, 7, true);
		rig_run(r);
		rig_expect(fence, 0);
		assert_int_equal(rig_read(r, 0), 42);
	}
}

/* ---- what hangs ------------------------------------------------------------------------------ */

static void a_hung_engine_is_reset(void **state)
{
	struct rig *r = *state;
	struct tp_intel_engine *rcs = rig_engine(r, "rcs0");
	struct tp_fence *guilty, *behind, *elsewhere;

	rig_make_store(r, 0, 1, 1);
	rig_make_store(r, 7, 0, 42);
	tp_intel_model_hang(r->model, rcs->index);
	guilty = rig_submit(r, TP_INTEL_RENDER, 0, 0, true);
	behind = rig_submit(r, TP_INTEL_RENDER, 0, 0, true);
	elsewhere = rig_submit(r, TP_INTEL_COPY, 0, 0, true); /* waits for both */
	rig_run(r);
	tp_intel_service(r->gpu);
	assert_int_equal(resets(r), 0); /* it has not stood for long enough */
	find_what_hangs(r);
	assert_int_equal(resets(r), 1);
	rig_expect(guilty, -EIO);
	rig_expect(behind, -ECANCELED);
	rig_expect(elsewhere, -ECANCELED);
	assert_int_equal(tp_quiet_load(&rcs->failed), 2);
	assert_int_equal(rig_read(r, 1), 0);
	expect_it_works(r);
}

/* An engine that stands because another does is not to blame. */
static void who_waits_for_what_hangs_is_not_guilty(void **state)
{
	struct rig *r = *state;
	struct tp_intel_engine *bcs = rig_engine(r, "bcs0");
	struct tp_fence *guilty, *waiting;

	rig_make_store(r, 0, 1, 1);
	tp_intel_model_hang(r->model, bcs->index);
	guilty = rig_submit(r, TP_INTEL_COPY, 0, 0, true);
	waiting = rig_submit(r, TP_INTEL_RENDER, 0, 0, true); /* looked at first */
	rig_run(r);
	find_what_hangs(r);
	rig_expect(guilty, -EIO);
	rig_expect(waiting, -ECANCELED);
}

/* Of MTL's two GTs only one is reset; what waits in the other goes on. */
static void only_the_guilty_gt_is_reset(void **state)
{
	struct rig *r = *state;
	struct tp_intel_engine *vcs = rig_engine(r, "vcs0");
	struct tp_fence *guilty, *waiting;

	rig_make_store(r, 0, 1, 1);
	rig_make_store(r, 7, 0, 42);
	tp_intel_model_hang(r->model, vcs->index);
	guilty = rig_submit(r, TP_INTEL_VIDEO_DECODE, 0, 0, true);
	waiting = rig_submit(r, TP_INTEL_RENDER, 0, 0, true);
	rig_run(r);
	find_what_hangs(r);
	rig_expect(guilty, -EIO);
	assert_false(tp_fence_is_signaled(waiting));
	rig_run(r);
	rig_expect(waiting, 0);
	assert_int_equal(rig_read(r, 1), 1);
	expect_it_works(r);
}

/* It moves all the time, and gets nowhere. */
static void a_request_that_never_ends_is_ended(void **state)
{
	struct rig *r = *state;
	struct tp_intel_engine *rcs = rig_engine(r, "rcs0");
	struct tp_fence *fence;

	rig_make_spinner(r, 0, 0);
	rig_make_store(r, 7, 0, 42);
	rig_write(r, 0, 1);
	fence = rig_submit(r, TP_INTEL_RENDER, 0, 0, true);
	for (unsigned i = 0; i < 5; i++) {
		/* an odd number of commands: it is elsewhere each time */
		assert_true(tp_intel_model_run_engine(r->model, rcs->index, 3));
		tp_intel_service(r->gpu);
	}
	assert_int_equal(resets(r), 0);
	rcs->begun_ns = 1;
	r->gpu->config.patience.hang_ns = tp_clock_now() / 16;
	tp_intel_service(r->gpu);
	assert_int_equal(resets(r), 1);
	rig_expect(fence, -EIO);
	r->gpu->config.patience.hang_ns = TP_SECONDS(1000);
	expect_it_works(r);
}

/* A batch that is no commands: the engine stands, and only that request is lost. */
static void a_rogue_request_harms_nobody_else(void **state)
{
	struct rig *r = *state;
	struct rig_words rogue = { .page = 0 };
	struct tp_fence *fence;

	rig_put(&rogue, 0xdeadbeef);
	rig_finish(r, &rogue);
	rig_make_store(r, 7, 0, 42);
	fence = rig_submit(r, TP_INTEL_COMPUTE, 1, 0, true);
	rig_run(r);
	assert_false(tp_fence_is_signaled(fence));
	find_what_hangs(r);
	rig_expect(fence, -EIO);
	expect_it_works(r);
}

/* ---- resets that are asked for --------------------------------------------------------------- */

static void an_idle_gpu_may_be_reset(void **state)
{
	struct rig *r = *state;

	rig_make_store(r, 7, 0, 42);
	must(tp_intel_reset(r->gpu));
	expect_it_works(r);
	must(tp_intel_reset(r->gpu));
	expect_it_works(r);
	assert_int_equal(resets(r), 2 * r->gpu->nr_gts);
}

static void what_runs_ends_with_an_error(void **state)
{
	struct rig *r = *state;
	struct tp_fence *fence;

	rig_make_store(r, 7, 0, 42);
	fence = rig_submit(r, TP_INTEL_RENDER, 0, 7, true);
	must(tp_intel_reset(r->gpu));
	rig_expect(fence, -ECANCELED);
	rig_run(r);
	assert_int_equal(rig_read(r, 0), 0); /* nothing of before is executed */
	expect_it_works(r);
}

static void the_service_resets_when_it_is_asked(void **state)
{
	struct rig *r = *state;

	tp_intel_gt_ask_reset(&r->gpu->gts[0]);
	assert_int_equal(resets(r), 0);
	tp_intel_service(r->gpu);
	tp_intel_service(r->gpu);
	assert_int_equal(resets(r), 1);
	assert_int_equal(tp_intel_gt_state(&r->gpu->gts[0]), TP_GPU_RUNNING);
}

/* L5 of tlb: what was noted before a reset needs no invalidation after it. */
static void a_reset_is_as_good_as_an_invalidation(void **state)
{
	struct rig *r = *state;
	struct tp_intel_tlb_note note;

	tp_intel_tlb_note(r->gpu, &note);
	assert_false(tp_intel_tlb_passed(&r->gpu->gts[0].tlb, note.seqno[0]));
	must(tp_intel_reset(r->gpu));
	assert_true(tp_intel_tlb_passed(&r->gpu->gts[0].tlb, note.seqno[0]));
}

static void reset_gt(void *arg)
{
	must(tp_intel_gt_reset(arg, NULL));
}

/* K2: who submits during a reset, or wakes an engine, waits until it is over. */
static void who_submits_during_a_reset_waits(void **state)
{
	struct rig *r = *state;
	struct tp_intel_gt *gt = &r->gpu->gts[0];

	rig_make_store(r, 7, 0, 42);
	must(tp_intel_engine_unpark(rig_engine(r, "rcs0")));
	tp_intel_engine_let_park(rig_engine(r, "rcs0"));
	for (unsigned i = 0; i < 2; i++) {
		uint32_t before = tp_atomic_load(&gt->resets, TP_ACQUIRE);
		struct tp_thread thread;
		struct tp_fence *fence;

		must(tp_thread_start(&thread, "reset", reset_gt, gt));
		while (tp_atomic_load(&gt->resets, TP_ACQUIRE) == before)
			tp_yield();
		fence = rig_submit(r, i ? TP_INTEL_COPY : TP_INTEL_RENDER, 0, 7, true);
		assert_int_equal(tp_atomic_load(&gt->resets, TP_ACQUIRE), before + 2);
		tp_thread_join(&thread);
		rig_run(r);
		rig_expect(fence, 0);
	}
}

/* ---- T9, the driver's side ------------------------------------------------------------------- */

struct invalidator {
	struct tp_thread thread;
	struct tp_intel_gt *gt;
	int err;
};

static void invalidate(void *arg)
{
	struct invalidator *i = arg;

	i->err = tp_intel_tlb_invalidate_full(i->gt);
}

/* T9: a reset between request and answer is as good as the answer. */
static void a_reset_answers_an_invalidation(void **state)
{
	struct rig *r = *state;
	struct tp_intel_engine *rcs = rig_engine(r, "rcs0");
	struct invalidator i = { .gt = rcs->gt };
	struct tp_intel_model_stat before, now;
	struct tp_fence *fence;

	/* A loaded host is no broken device. */
	r->gpu->config.patience.tlb_ns = TP_SECONDS(20);
	r->gpu->config.patience.reset_ns = TP_SECONDS(20);
	rig_make_store(r, 7, 0, 42);
	fence = rig_submit(r, TP_INTEL_RENDER, 0, 7, true);
	rig_run(r);
	rig_expect(fence, 0);
	tp_intel_model_stick(r->model, rcs->index, true);
	tp_intel_model_stat(r->model, &before);
	must(tp_thread_start(&i.thread, "invalidate", invalidate, &i));
	do
		tp_intel_model_stat(r->model, &now);
	while (now.requests == before.requests);
	must(tp_intel_gt_reset(rcs->gt, NULL));
	tp_thread_join(&i.thread);
	assert_int_equal(i.err, 0);
	assert_true(tp_intel_model_is_empty(r->model, 0));
	expect_it_works(r);
}

/* ---- T10 ------------------------------------------------------------------------------------- */

/* T10: invalidations that follow each other about as fast as forcewake is let go. */
static void requests_meet_no_sleeping_register(void **state)
{
	static const uint64_t pauses_us[] = { 900, 1100 };
	struct rig *r = *state;
	struct tp_intel_gt *gt = &r->gpu->gts[0];
	struct tp_intel_model_stat stat;

	r->gpu->config.patience.tlb_ns = TP_SECONDS(1);
	must(tp_intel_engine_unpark(rig_engine(r, "rcs0")));
	for (unsigned i = 0; i < 20; i++) {
		must(tp_intel_tlb_invalidate_full(gt));
		tp_sleep_ns(TP_MICROSECONDS(pauses_us[i % 2]));
		tp_intel_service(r->gpu);
	}
	tp_intel_engine_let_park(rig_engine(r, "rcs0"));
	tp_intel_model_stat(r->model, &stat);
	assert_int_equal(stat.dropped_writes, 0);
	assert_true(stat.done >= 20);
}

/* ---- what does not come back ----------------------------------------------------------------- */

static void expect_wedged(struct rig *r)
{
	struct tp_intel_model_stat before, after;

	tp_intel_for_each_gt(gt, r->gpu) assert_int_equal(tp_intel_gt_state(gt), TP_GPU_WEDGED);
	tp_intel_model_stat(r->model, &before);
	assert_false(tp_intel_model_run(r->model, 64));
	tp_intel_model_stat(r->model, &after);
	assert_memory_equal(&before.engine, &after.engine, sizeof(before.engine));
	assert_int_equal(rig_try_submit(r, TP_INTEL_RENDER, 0, 0, true, NULL), -EIO);
	assert_int_equal(tp_intel_reset(r->gpu), -EIO);
	tp_intel_service(r->gpu);
}

/*
 * T8: a GT that cannot be reset is wedged only when its engines stand: here one of them runs a
 * batch that does not end, and its memory goes afterwards, without any invalidation.
 */
static void make_batches(struct rig *r)
{
	rig_make_spinner(r, 0, 0);
	rig_make_store(r, 1, 1, 1);
	rig_write(r, 0, 1);
}

static void wedge_while_it_runs(struct rig *r)
{
	struct tp_fence *fence = rig_submit(r, TP_INTEL_RENDER, 0, 0, false);

	assert_true(tp_intel_model_run(r->model, 64));
	assert_false(tp_fence_is_signaled(fence));
	assert_int_equal(tp_intel_reset(r->gpu), -EIO);
	rig_expect(fence, -ECANCELED);
	assert_int_equal(tp_quiet_load(&r->gpu->resets_failed), 1);
	expect_wedged(r);
	rig_put_objects(r);
	assert_int_equal(tp_bo_quarantined(&r->gpu->bos), 0);
	assert_false(tp_intel_model_run(r->model, 64));
	assert_int_equal(tp_intel_model_harms(r->model, NULL, 0), 0);
}

static void what_does_not_come_back_is_wedged(void **state)
{
	struct rig *r = *state;

	make_batches(r);
	tp_intel_model_refuse_resets(r->model, 100);
	r->gpu->config.patience.reset_ns = TP_MICROSECONDS(200);
	wedge_while_it_runs(r);
}

static void both_gts_are_wedged(void **state)
{
	struct rig *r = *state;
	struct tp_fence *fence;

	make_batches(r);
	tp_intel_model_hang(r->model, rig_engine(r, "vcs0")->index);
	fence = rig_submit(r, TP_INTEL_VIDEO_DECODE, 0, 1, false);
	must(tp_fault_arm("gpu/intel-reset", 1, 1));
	wedge_while_it_runs(r);
	tp_fault_reset();
	rig_expect(fence, -ECANCELED);
}

/* The function is reset, whatever else was tried: that stops all. */
static void even_an_engine_that_does_not_stop_stands_then(void **state)
{
	struct rig *r = *state;
	struct tp_intel_model_stat before, after;

	make_batches(r);
	tp_intel_model_stat(r->model, &before);
	tp_intel_model_hang(r->model, rig_engine(r, "bcs0")->index);
	tp_fence_put(rig_submit(r, TP_INTEL_COPY, 0, 1, false));
	must(tp_fault_arm("gpu/intel-reset", 1, 1));
	wedge_while_it_runs(r);
	tp_fault_reset();
	tp_intel_model_stat(r->model, &after);
	assert_int_equal(after.resets, before.resets + 1);
}

/* The hardware comes back, and the firmware does not. */
static void without_firmware_it_is_wedged(void **state)
{
	struct rig *r = *state;

	must(tp_fault_arm("gpu/intel-wake", 1, 1));
	assert_int_equal(tp_intel_reset(r->gpu), -EIO);
	tp_fault_reset();
	expect_wedged(r);
}

static void the_second_try_may_do(void **state)
{
	struct rig *r = *state;

	rig_make_store(r, 7, 0, 42);
	tp_intel_model_refuse_resets(r->model, 1);
	r->gpu->config.patience.reset_ns = TP_MILLISECONDS(2);
	must(tp_intel_reset(r->gpu));
	expect_it_works(r);
}

/* ---- many at once ---------------------------------------------------------------------------- */

struct worker {
	struct tp_thread thread;
	struct rig *rig;
	unsigned n;
	uint64_t ended, failed;
};

static void submit_and_count(void *arg)
{
	static const enum tp_intel_class classes[THREADS] = { TP_INTEL_RENDER, TP_INTEL_COPY,
							      TP_INTEL_COMPUTE };
	struct worker *w = arg;

	for (unsigned i = 0; i < ROUNDS; i++) {
		struct tp_fence *fence = rig_submit(w->rig, classes[w->n], 0, w->n, true);
		int err;

		assert_int_equal(tp_fence_wait(fence, tp_clock_after(TP_SECONDS(20))), 0);
		err = tp_fence_error(fence);
		assert_true(!err || err == -ECANCELED);
		w->ended++;
		w->failed += err != 0;
		tp_fence_put(fence);
	}
}

static void reset_often(void *arg)
{
	for (unsigned i = 0; i < RESETS; i++)
		must(tp_intel_reset(arg));
}

static void count_all(struct rig *r, uint64_t *submitted, uint64_t *failed)
{
	*submitted = *failed = 0;
	tp_intel_for_each_engine(engine, r->gpu)
	{
		tp_intel_engine_retire(engine);
		*submitted += tp_quiet_load(&engine->submitted);
		*failed += tp_quiet_load(&engine->failed);
		assert_int_equal(tp_quiet_load(&engine->submitted),
				 tp_quiet_load(&engine->completed) +
					 tp_quiet_load(&engine->failed));
	}
}

/* K3: whatever comes between, each request ends, once, and its end is told to who waits. */
static void under_load_every_request_ends(void **state)
{
	struct rig *r = *state;
	struct worker workers[THREADS];
	struct tp_thread resetters[2];
	uint64_t submitted, failed, ended = 0, seen_failed = 0;

	rig_make_store(r, 7, 0, 42);
	for (unsigned i = 0; i < THREADS; i++)
		rig_make_store(r, i, i + 1, i + 1);
	for (unsigned i = 0; i < THREADS; i++) {
		workers[i] = (struct worker){ .rig = r, .n = i };
		must(tp_thread_start(&workers[i].thread, "submit", submit_and_count, &workers[i]));
	}
	for (unsigned i = 0; i < 2; i++)
		must(tp_thread_start(&resetters[i], "reset", reset_often, r->gpu));
	for (unsigned i = 0; i < 2; i++)
		tp_thread_join(&resetters[i]);
	for (unsigned i = 0; i < THREADS; i++) {
		tp_thread_join(&workers[i].thread);
		ended += workers[i].ended;
		seen_failed += workers[i].failed;
	}
	count_all(r, &submitted, &failed);
	assert_int_equal(submitted, THREADS * ROUNDS);
	assert_int_equal(ended, submitted);
	assert_int_equal(failed, seen_failed);
	assert_int_equal(resets(r), 2 * RESETS);
	rig_wait(rig_submit(r, TP_INTEL_RENDER, 0, 7, true), 0);
	assert_int_equal(rig_read(r, 0), 42);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define MANUAL(test)   cmocka_unit_test_setup_teardown(test, make_manual, end_rig)
#define SLOW(test)     cmocka_unit_test_setup_teardown(test, make_slow, end_rig)
#define MTL(test)      cmocka_unit_test_setup_teardown(test, make_mtl, end_rig)
#define THREADED(test) cmocka_unit_test_setup_teardown(test, make_threads, end_rig)
		MANUAL(a_hung_engine_is_reset),
		MANUAL(who_waits_for_what_hangs_is_not_guilty),
		MTL(only_the_guilty_gt_is_reset),
		MANUAL(a_request_that_never_ends_is_ended),
		MANUAL(a_rogue_request_harms_nobody_else),
		MANUAL(an_idle_gpu_may_be_reset),
		MTL(an_idle_gpu_may_be_reset),
		MANUAL(what_runs_ends_with_an_error),
		MANUAL(the_service_resets_when_it_is_asked),
		MANUAL(a_reset_is_as_good_as_an_invalidation),
		SLOW(who_submits_during_a_reset_waits),
		MANUAL(a_reset_answers_an_invalidation),
		MANUAL(requests_meet_no_sleeping_register),
		MANUAL(what_does_not_come_back_is_wedged),
		MTL(both_gts_are_wedged),
		MANUAL(even_an_engine_that_does_not_stop_stands_then),
		MTL(without_firmware_it_is_wedged),
		MANUAL(the_second_try_may_do),
		THREADED(under_load_every_request_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
