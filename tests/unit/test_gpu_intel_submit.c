/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Batches become requests: in the order that their objects ask for, however full the rings are. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "gpu_intel_rig.h"

enum { THREADS = 4, ROUNDS = 40 };

static struct rig rig;

static int make_manual(void **state)
{
	const struct rig_config config = {
		.platform = TP_INTEL_DG2,
		.model = { .mode = TP_INTEL_MODEL_MANUAL },
		.driver = { .patience = { .hang_ns = TP_SECONDS(1000) } },
	};

	*state = &rig;
	rig_make(&rig, &config);
	return 0;
}

static int make_with_threads(void **state, bool service)
{
	const struct rig_config config = {
		.platform = TP_INTEL_DG2,
		.driver = { .service = service, .patience = { .hang_ns = TP_SECONDS(1000) } },
	};

	*state = &rig;
	rig_make(&rig, &config);
	return 0;
}

/* The device and the driver have threads of their own. */
static int make_threads(void **state)
{
	return make_with_threads(state, true);
}

/* The driver has none: nobody but the device's interrupts wakes who waits. */
static int make_no_service(void **state)
{
	return make_with_threads(state, false);
}

static int end_rig(void **state)
{
	rig_end(*state);
	return 0;
}

/* ---- order ----------------------------------------------------------------------------------- */

static unsigned index_of(struct rig *r, const char *name)
{
	return rig_engine(r, name)->index;
}

/* Let one engine do all it can. */
static void run_engine(struct rig *r, const char *name)
{
	while (tp_intel_model_run_engine(r->model, index_of(r, name), 64))
		;
}

/* K6: who reads what another engine writes waits for it, in its own ring. */
static void a_reader_waits_for_the_writer(void **state)
{
	struct rig *r = *state;
	struct rig_words copy = { .page = 1 };
	struct tp_fence *writer, *reader;

	rig_make_store(r, 0, 0, 7);
	rig_copy_word(&copy, RIG_DATA_VA + 4, RIG_DATA_VA);
	rig_finish(r, &copy);
	writer = rig_submit(r, TP_INTEL_RENDER, 0, 0, true);
	reader = rig_submit(r, TP_INTEL_COPY, 0, 1, true);
	run_engine(r, "bcs0");
	assert_false(tp_fence_is_signaled(reader));
	run_engine(r, "rcs0");
	rig_expect(writer, 0);
	run_engine(r, "bcs0");
	rig_expect(reader, 0);
	assert_int_equal(rig_read(r, 1), 7);
}

static void readers_do_not_wait_for_each_other(void **state)
{
	struct rig *r = *state;
	struct rig_words nothing = { .page = 0 };
	struct tp_fence *first, *second, *writer;

	rig_finish(r, &nothing);
	rig_make_store(r, 1, 0, 1);
	first = rig_submit(r, TP_INTEL_RENDER, 0, 0, false);
	second = rig_submit(r, TP_INTEL_COPY, 0, 0, false);
	writer = rig_submit(r, TP_INTEL_COMPUTE, 0, 1, true);
	run_engine(r, "bcs0");
	rig_expect(second, 0);
	run_engine(r, "ccs0");
	assert_false(tp_fence_is_signaled(writer)); /* it waits for all readers */
	run_engine(r, "rcs0");
	rig_expect(first, 0);
	run_engine(r, "ccs0");
	rig_expect(writer, 0);
}

/* More engines than one request can wait for in its ring: the rest is waited for by the CPU. */
static void a_writer_waits_for_more_than_fit(void **state)
{
	struct rig *r = *state;
	struct rig_words nothing = { .page = 0 };

	rig_finish(r, &nothing);
	rig_make_store(r, 1, 0, 3);
	assert_true(r->gpu->nr_engines - 1 > TP_INTEL_MAX_DEPENDS);
	tp_intel_for_each_engine(engine, r->gpu)
		tp_fence_put(rig_submit(r, engine->id.class, engine->id.instance, 0, false));
	rig_wait(rig_submit(r, TP_INTEL_RENDER, 0, 1, true), 0);
	assert_int_equal(rig_read(r, 0), 3);
}

/* ---- room ------------------------------------------------------------------------------------ */

/* The ring goes round several times; who finds it full waits for what ends. */
static void a_full_ring_is_waited_for(void **state)
{
	struct rig *r = *state;
	struct tp_intel_engine *rcs = rig_engine(r, "rcs0");
	struct tp_fence *last = NULL;
	const unsigned n = 5 * TP_INTEL_RING_BYTES / 88;

	rig_make_spinner(r, 0, 0);
	rig_make_store(r, 1, 1, 1);
	rig_write(r, 0, 1);
	tp_fence_put(rig_submit(r, TP_INTEL_RENDER, 0, 0, true));
	for (unsigned i = 0; i < n; i++) {
		tp_fence_put(last);
		if (i == 30) /* long before it is full */
			tp_atomic_store(rig_live(r, 0), 0, TP_RELEASE);
		last = rig_submit(r, TP_INTEL_RENDER, 0, 1, true);
	}
	rig_wait(last, 0);
	tp_intel_engine_retire(rcs);
	assert_int_equal(tp_quiet_load(&rcs->completed), n + 1);
	assert_int_equal(rcs->head, rcs->tail);
	assert_int_equal(rcs->tail % 8, 0);
}

/* In a ring as full as it gets, nothing has been overwritten. */
static void a_full_ring_is_executed_as_it_was_filled(void **state)
{
	struct rig *r = *state;
	struct tp_intel_engine *rcs = rig_engine(r, "rcs0");
	unsigned n = 0;

	rig_make_store(r, 0, 0, 1);
	must(tp_intel_engine_unpark(rcs));
	for (unsigned round = 0; round < 3; round++) {
		for (;; n++) {
			uint32_t room = (rcs->head - rcs->tail - 8) % TP_INTEL_RING_BYTES;

			if (room < 2 * 88)
				break;
			tp_fence_put(rig_submit(r, TP_INTEL_RENDER, 0, 0, true));
		}
		assert_true(n >= (round + 1) * (TP_INTEL_RING_BYTES / 88 - 3));
		rig_run(r);
		assert_int_equal(tp_quiet_load(&rcs->completed), n);
	}
	tp_intel_engine_let_park(rcs);
	assert_int_equal(rig_read(r, 0), 1);
}

/* ---- objects --------------------------------------------------------------------------------- */

static void submit_and_wait(void *arg)
{
	rig_wait(rig_submit(arg, TP_INTEL_COPY, 0, 0, true), 0);
}

/* R2: who meets an object that is held uses none meanwhile. */
static void a_held_object_is_waited_for_without_using_others(void **state)
{
	struct rig *r = *state;
	struct tp_resv *held = tp_intel_object_bo(r->data)->resv;
	struct tp_resv *other = tp_intel_object_bo(r->batches)->resv;
	struct tp_thread thread;

	rig_make_store(r, 0, 0, 5);
	assert_true(tp_resv_try_hold(held));
	must(tp_thread_start(&thread, "submit", submit_and_wait, r));
	tp_sleep_ns(TP_MILLISECONDS(2));
	/* The test would hang here if the other object stayed in use. */
	must(tp_resv_hold(other, tp_clock_after(TP_SECONDS(20))));
	tp_resv_unhold(other);
	tp_resv_unhold(held);
	tp_thread_join(&thread);
	assert_int_equal(rig_read(r, 0), 5);
}

static void what_was_purged_gets_memory_again(void **state)
{
	struct rig *r = *state;
	struct tp_fence *fence;

	rig_make_store(r, 0, 1, 9);
	rig_write(r, 0, 4);
	assert_true(tp_intel_object_madvise(r->data, true));
	assert_true(tp_bo_shrink(&r->gpu->bos, 1) > 0);
	assert_false(tp_intel_object_madvise(r->data, false));
	fence = rig_submit(r, TP_INTEL_RENDER, 0, 0, true);
	rig_run(r);
	rig_expect(fence, 0);
	assert_int_equal(rig_read(r, 1), 9);
	assert_int_equal(rig_read(r, 0), 0);
}

/* ---- errors ---------------------------------------------------------------------------------- */

static void what_is_not_there_runs_nothing(void **state)
{
	struct rig *r = *state;

	assert_int_equal(rig_try_submit(r, TP_INTEL_OTHER, 0, 0, false, NULL), -ENODEV);
	assert_int_equal(rig_try_submit(r, TP_INTEL_VIDEO_DECODE, 1, 0, false, NULL), -ENODEV);
}

static void empty(struct tp_bo *bo)
{
	assert_true(tp_resv_try_hold(bo->resv));
	must(tp_bo_empty(bo));
	tp_resv_unhold(bo->resv);
}

/* Each step of a submission may fail; then nothing was queued, kept or used. */
static void fail_each_step(struct rig *r, const char *site)
{
	struct tp_intel_engine *rcs = rig_engine(r, "rcs0");
	int err = -ENOMEM;

	for (unsigned nth = 1; err; nth++) {
		uint64_t before = tp_quiet_load(&rcs->submitted);

		empty(tp_intel_object_bo(r->data));
		must(tp_fault_arm(site, nth, UINT64_MAX));
		err = rig_try_submit(r, TP_INTEL_RENDER, 0, 0, true, NULL);
		tp_fault_reset();
		assert_true(err == -ENOMEM || nth > 1);
		assert_int_equal(tp_quiet_load(&rcs->submitted), before + !err);
		assert_int_equal(rcs->users, 0);
		rig_run(r);
	}
	assert_int_equal(err, 0);
}

static void nothing_is_left_of_what_failed(void **state)
{
	struct rig *r = *state;

	rig_make_store(r, 0, 0, 1);
	fail_each_step(r, "core/alloc");
	fail_each_step(r, "gpu/bo-pages");
	assert_int_equal(rig_read(r, 0), 1);
}

/* ---- several threads ------------------------------------------------------------------------- */

struct adder {
	struct tp_thread thread;
	struct rig *rig;
	unsigned n;
};

/* Each thread has a batch and an engine of its own; all write the same object. */
static void submit_often(void *arg)
{
	struct adder *a = arg;
	static const struct {
		enum tp_intel_class class;
		unsigned instance;
	} engines[THREADS] = {
		{ TP_INTEL_RENDER, 0 },
		{ TP_INTEL_COPY, 0 },
		{ TP_INTEL_VIDEO_DECODE, 2 },
		{ TP_INTEL_COMPUTE, 3 },
	};
	struct tp_fence *last = NULL;

	for (unsigned i = 0; i < ROUNDS; i++) {
		tp_fence_put(last);
		last = rig_submit(a->rig, engines[a->n].class, engines[a->n].instance, a->n, true);
	}
	rig_wait(last, 0);
}

static void threads_lose_nothing(void **state)
{
	struct rig *r = *state;
	struct adder adders[THREADS];
	uint64_t submitted = 0, completed = 0;

	for (unsigned i = 0; i < THREADS; i++)
		rig_make_store(r, i, i, i + 1);
	for (unsigned i = 0; i < THREADS; i++) {
		adders[i] = (struct adder){ .rig = r, .n = i };
		must(tp_thread_start(&adders[i].thread, "submit", submit_often, &adders[i]));
	}
	for (unsigned i = 0; i < THREADS; i++)
		tp_thread_join(&adders[i].thread);
	tp_intel_for_each_engine(engine, r->gpu)
	{
		tp_intel_engine_retire(engine);
		submitted += tp_quiet_load(&engine->submitted);
		completed += tp_quiet_load(&engine->completed);
	}
	assert_int_equal(submitted, THREADS * ROUNDS);
	assert_int_equal(completed, THREADS * ROUNDS);
	for (unsigned i = 0; i < THREADS; i++)
		assert_int_equal(rig_read(r, i), i + 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define MANUAL(test)	 cmocka_unit_test_setup_teardown(test, make_manual, end_rig)
#define NO_SERVICE(test) cmocka_unit_test_setup_teardown(test, make_no_service, end_rig)
#define THREADED(test)	 cmocka_unit_test_setup_teardown(test, make_threads, end_rig)
		MANUAL(a_reader_waits_for_the_writer),
		MANUAL(readers_do_not_wait_for_each_other),
		THREADED(a_writer_waits_for_more_than_fit),
		THREADED(a_full_ring_is_waited_for),
		NO_SERVICE(a_full_ring_is_waited_for),
		MANUAL(a_full_ring_is_executed_as_it_was_filled),
		THREADED(a_held_object_is_waited_for_without_using_others),
		MANUAL(what_was_purged_gets_memory_again),
		MANUAL(what_is_not_there_runs_nothing),
		MANUAL(nothing_is_left_of_what_failed),
		THREADED(threads_lose_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
