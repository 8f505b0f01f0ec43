/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_gpu_amd_ring - jobs go to their ring in order, each ends once, and old ones do nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "gpu_amd_fake.h"
#include <tidepool/fault.h>

#define GFX   TP_AMD_RING_GFX
#define SDMA0 TP_AMD_RING_SDMA0
#define SDMA1 TP_AMD_RING_SDMA1

static struct tp_amd_ring *ring(enum tp_amd_ring_id id)
{
	return &fake.gpu->rings[id];
}

/* Every job that was pushed has ended, or is on its way. */
static void check_counts(void)
{
	tp_amd_for_each_ring(r, fake.gpu)
	{
		uint64_t left = 0;

		tp_list_for_each(job, &r->pending, struct tp_amd_job, link)
			left++;
		tp_list_for_each(job, &r->running, struct tp_amd_job, link)
			left++;
		assert_int_equal(tp_quiet_load(&r->submitted),
				 tp_quiet_load(&r->completed) + tp_quiet_load(&r->failed) + left);
	}
}

static int teardown(void **state)
{
	fake_go();
	check_counts();
	return fake_teardown(state);
}

/* ---- order ----------------------------------------------------------------------------------- */

static unsigned nr_ended, ended[64];

static void note_end(struct tp_amd_job *job, int err)
{
	assert_true(tp_fence_is_signaled(job->fence));
	assert_false(tp_amd_fence_is_over(job->fence));
	assert_int_equal(tp_fence_error(job->fence), err);
	ended[nr_ended++] = job->fence->seqno;
}

/* J1: in the order of pushing, numbers too, the last one's end stands for all before. */
static void jobs_end_in_their_order(void **state)
{
	struct tp_fence *fences[8];

	(void)state;
	nr_ended = 0;
	for (unsigned i = 0; i < 8; i++) {
		struct tp_amd_job *job = fake_job(SDMA0, NULL);

		job->ended = note_end;
		fences[i] = fake_push(job);
		assert_int_equal(fences[i]->seqno, i + 1);
	}
	assert_int_equal(nr_ended, 0);
	check_counts();
	fake_go();
	assert_int_equal(nr_ended, 8);
	for (unsigned i = 0; i < 8; i++) {
		assert_int_equal(ended[i], i + 1);
		fake_expect(fences[i], 0);
	}
	assert_int_equal(fake.nr_streams, 8);
}

/* Packets go over the end of the ring, and what is too much waits outside. */
static void a_ring_is_used_for_ever(void **state)
{
	enum { MANY = 2 * FAKE_STREAMS };
	struct tp_amd_vm *vm = fake_vm(1);
	struct tp_fence *last = NULL;

	(void)state;
	for (unsigned i = 0; i < MANY; i++) {
		tp_fence_put(last);
		tp_atomic_add(&vm->tlb_seq, 1, TP_RELAXED);
		last = fake_push_new(SDMA1, vm);
		if (i % 400 == 399) {
			assert_false(tp_list_empty(&ring(SDMA1)->pending));
			fake_go();
			fake.nr_streams = 0;
		}
	}
	assert_true(ring(SDMA1)->wptr > 2 * TP_AMD_RING_DW);
	fake_go();
	fake_expect(last, 0);
}

/* A job begins when all that it waits for is over, which is more than signalled. */
static void jobs_wait_for_others(void **state)
{
	struct tp_fence *first = fake_push_new(SDMA0, NULL), *second, *third;
	struct tp_amd_job *job = fake_job(GFX, NULL), *next = fake_job(SDMA1, NULL);

	(void)state;
	tp_amd_job_depend(job, first);
	tp_amd_job_depend(job, NULL);
	second = fake_push(job);
	tp_amd_job_depend(next, first);
	tp_amd_job_depend(next, second);
	assert_int_equal(next->nr_depends, 2);
	third = fake_push(next);
	fake_run_ring(GFX);
	fake_run_ring(SDMA1);
	assert_int_equal(fake.nr_streams, 0);
	fake_run_ring(SDMA0);
	assert_true(tp_fence_is_signaled(first));
	assert_false(tp_amd_job_is_ready(job));
	fake_go();
	assert_int_equal(fake.nr_streams, 3);
	assert_int_equal(fake.streams[1].ring, GFX);
	assert_int_equal(fake.streams[2].ring, SDMA1);
	fake_expect(first, 0);
	fake_expect(second, 0);
	fake_expect(third, 0);
}

/* Of one ring the latest counts; its own, and what is over, needs no waiting. */
static void what_need_not_be_waited_for_is_not(void **state)
{
	struct tp_fence *over = fake_push_new(SDMA0, NULL), *early, *late, *own;
	struct tp_amd_job *job;

	(void)state;
	fake_go();
	early = fake_push_new(SDMA0, NULL);
	late = fake_push_new(SDMA0, NULL);
	own = fake_push_new(GFX, NULL);
	job = fake_job(GFX, NULL);
	tp_amd_job_depend(job, over);
	tp_amd_job_depend(job, own);
	assert_int_equal(job->nr_depends, 0);
	tp_amd_job_depend(job, early);
	tp_amd_job_depend(job, late);
	tp_amd_job_depend(job, early);
	assert_int_equal(job->nr_depends, 1);
	assert_ptr_equal(job->depends[0], late);
	tp_amd_job_free(job);
	fake_go();
	fake_expect(over, 0);
	fake_expect(early, 0);
	fake_expect(late, 0);
	fake_expect(own, 0);
}

/* A reader waits for writers, a writer for all. */
static void reservations_say_what_to_wait_for(void **state)
{
	struct tp_fence *read = fake_push_new(SDMA0, NULL), *write = fake_push_new(SDMA1, NULL);
	struct tp_amd_job *reader = fake_job(GFX, NULL), *writer = fake_job(GFX, NULL);
	struct tp_resv resv;

	(void)state;
	tp_resv_init(&resv);
	assert_true(tp_resv_try_use(&resv));
	tp_resv_add(&resv, read, false);
	tp_resv_add(&resv, write, true);
	tp_amd_job_depend_on(reader, &resv, false);
	tp_amd_job_depend_on(writer, &resv, true);
	assert_int_equal(reader->nr_depends, 1);
	assert_ptr_equal(reader->depends[0], write);
	assert_int_equal(writer->nr_depends, 2);
	tp_amd_job_free(reader);
	tp_amd_job_free(writer);
	tp_resv_unuse(&resv);
	fake_go();
	fake_expect(read, 0);
	fake_expect(write, 0);
	tp_resv_fini(&resv);
}

static void waiting_moves_the_rings(void **state)
{
	struct tp_fence *first = fake_push_new(SDMA0, NULL), *second;
	struct tp_amd_job *job = fake_job(GFX, NULL);

	(void)state;
	tp_amd_job_depend(job, first);
	second = fake_push(job);
	assert_int_equal(tp_amd_wait(fake.gpu, second, tp_clock_after(1000)), -ETIME);
	fake.eager = true;
	fake_run();
	must(tp_amd_wait(fake.gpu, second, TP_WAIT_FOREVER));
	fake_expect(first, 0);
	fake_expect(second, 0);
}

/* ---- generations (T27, T22) ------------------------------------------------------------------ */

/* T27: of the kernel, and of a VM; queued before the loss, run after. */
static void jobs_of_before_a_loss_do_nothing_T27(void **state)
{
	struct tp_amd_vm *vm = fake_vm(1);
	struct tp_fence *gate = fake_push_new(SDMA0, NULL), *fences[3];

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		struct tp_amd_job *job = fake_job(GFX, i ? vm : NULL);

		tp_amd_job_depend(job, gate);
		fences[i] = fake_push(job);
	}
	tp_atomic_add(&fake.gpu->vram_lost, 1, TP_ACQ_REL);
	fences[2] = fake_push_new(GFX, vm);
	fake_go();
	assert_int_equal(fake.nr_streams, 2); /* the gate, and what came after the loss */
	assert_int_equal(fake.streams[1].vmid, 1);
	fake_expect(gate, 0);
	fake_expect(fences[0], -ECANCELED);
	fake_expect(fences[1], -ECANCELED);
	fake_expect(fences[2], 0);
	assert_int_equal(tp_quiet_load(&fake.gpu->canceled), 2);
}

/* ---- resets ---------------------------------------------------------------------------------- */

/* What runs ends with an error, its end is over before anything else moves; the rest goes on. */
static void what_runs_is_forced_what_waits_stays(void **state)
{
	struct tp_amd_job *waiting = fake_job(GFX, NULL);
	struct tp_fence *first = fake_push_new(SDMA0, NULL), *second = fake_push_new(SDMA0, NULL),
			*third;

	(void)state;
	tp_amd_job_depend(waiting, second);
	third = fake_push(waiting);
	tp_atomic_store(&fake.gpu->state, TP_GPU_RESETTING, TP_RELEASE);
	fake_bus_reset(&fake.bus);
	tp_amd_ring_force(ring(SDMA0), &first->seqno);
	assert_true(tp_amd_fence_is_over(second));
	assert_int_equal(fake.nr_streams, 0);
	tp_amd_run(fake.gpu);
	assert_true(tp_list_empty(&ring(GFX)->running)); /* J4 */
	tp_amd_for_each_hub(hub, fake.gpu) tp_amd_hub_enable(hub);
	tp_amd_for_each_ring(r, fake.gpu) tp_amd_ring_start(r);
	tp_atomic_store(&fake.gpu->state, TP_GPU_RUNNING, TP_RELEASE);
	fake_go();
	fake_expect(first, -ETIME);
	fake_expect(second, -ECANCELED);
	fake_expect(third, 0);
	assert_int_equal(fake.nr_streams, 1);
}

/* J4: pushed when it is wedged, or pending then: -EIO, and nothing is executed. */
static void a_wedged_gpu_executes_nothing(void **state)
{
	struct tp_fence *gate = fake_push_new(SDMA0, NULL), *pending, *late;
	struct tp_amd_job *job = fake_job(GFX, NULL);

	(void)state;
	tp_amd_job_depend(job, gate);
	pending = fake_push(job);
	fake_bus_reset(&fake.bus);
	tp_amd_for_each_ring(r, fake.gpu) tp_amd_ring_force(r, NULL);
	tp_atomic_store(&fake.gpu->state, TP_GPU_WEDGED, TP_RELEASE);
	late = fake_push_new(SDMA1, NULL);
	fake_go();
	fake_expect(gate, -ECANCELED);
	fake_expect(pending, -EIO);
	fake_expect(late, -EIO);
	assert_int_equal(fake.nr_streams, 0);
}

static void a_test_is_a_store_that_arrives(void **state)
{
	(void)state;
	assert_int_equal(tp_amd_ring_test(ring(SDMA0)), -ETIME);
	fake.eager = true;
	tp_amd_for_each_ring(r, fake.gpu)
	{
		tp_amd_ring_start(r);
		must(tp_amd_ring_test(r));
		assert_int_equal(r->rptr, r->wptr);
	}
}

/* ---- hangs ----------------------------------------------------------------------------------- */

/* Time counts from when it is the oldest. */
static void who_is_oldest_for_long_hangs(void **state)
{
	struct tp_fence *first, *second;

	(void)state;
	assert_false(tp_amd_ring_hangs(ring(SDMA0)));
	first = fake_push_new(SDMA0, NULL);
	second = fake_push_new(SDMA0, NULL);
	fake.gpu->config.patience.hang_ns = 0;
	assert_true(tp_amd_ring_hangs(ring(SDMA0)));
	fake.gpu->config.patience.hang_ns = TP_SECONDS(1000);
	assert_false(tp_amd_ring_hangs(ring(SDMA0)));
	assert_int_equal(
		tp_list_entry(ring(SDMA0)->running.prev, struct tp_amd_job, link)->begun_ns, 0);
	fake_go();
	fake_expect(first, 0);
	fake_expect(second, 0);
}

/* ---- room for command streams ---------------------------------------------------------------- */

static void the_pool_is_waited_for(void **state)
{
	enum { N = TP_AMD_IB_UNITS * 64 / TP_AMD_JOB_MAX_DW };
	struct tp_amd_job *jobs[N], *job;
	struct tp_fence *fence;

	(void)state;
	for (unsigned i = 0; i < N; i++)
		must(tp_amd_job_create(fake.gpu, SDMA0, TP_AMD_JOB_MAX_DW, &jobs[i]));
	/* Not in time, whether those who have it run or not. */
	assert_int_equal(tp_amd_job_create(fake.gpu, SDMA0, 1, &job), -ENOMEM);
	fence = fake_push(jobs[0]);
	assert_int_equal(tp_amd_job_create(fake.gpu, SDMA0, 1, &job), -ENOMEM);
	tp_atomic_store(&fake.gpu->state, TP_GPU_RESETTING, TP_RELEASE);
	assert_int_equal(tp_amd_job_create(fake.gpu, SDMA0, 1, &job), -ECANCELED);
	tp_atomic_store(&fake.gpu->state, TP_GPU_RUNNING, TP_RELEASE);
	fake_run();
	must(tp_amd_job_create(fake.gpu, SDMA0, 1, &job));
	tp_amd_job_free(job);
	for (unsigned i = 1; i < N; i++)
		tp_amd_job_free(jobs[i]);
	fake_expect(fence, 0);
}

static void without_memory_there_is_no_job(void **state)
{
	struct tp_amd_job *job;

	(void)state;
	for (unsigned nth = 1; nth <= 2; nth++) {
		must(tp_fault_arm("core/alloc", nth, 1));
		assert_int_equal(tp_amd_job_create(fake.gpu, SDMA0, 8, &job), -ENOMEM);
		tp_fault_reset();
	}
	must(tp_fault_arm("gpu/amd-ib", 1, 1));
	assert_int_equal(tp_amd_job_create(fake.gpu, SDMA0, 8, &job), -ENOMEM);
	tp_fault_reset();
}

/* Streams are padded, and lie apart from each other. */
static void streams_end_at_8_dwords(void **state)
{
	struct tp_amd_job *a = fake_job(SDMA0, NULL), *b = fake_job(SDMA0, NULL);
	struct tp_fence *first, *second;

	(void)state;
	assert_int_equal(a->ib.room, 64);
	assert_true(b->ib.address >= a->ib.address + 4 * a->ib.room ||
		    a->ib.address >= b->ib.address + 4 * b->ib.room);
	first = fake_push(a);
	second = fake_push(b);
	fake_go();
	assert_int_equal(fake.streams[0].dwords, 8);
	assert_int_equal(fake.streams[0].vmid, 0);
	fake_expect(first, 0);
	fake_expect(second, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fake_setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(jobs_end_in_their_order),
		TEST(a_ring_is_used_for_ever),
		TEST(jobs_wait_for_others),
		TEST(what_need_not_be_waited_for_is_not),
		TEST(reservations_say_what_to_wait_for),
		TEST(waiting_moves_the_rings),
		TEST(jobs_of_before_a_loss_do_nothing_T27),
		TEST(what_runs_is_forced_what_waits_stays),
		TEST(a_wedged_gpu_executes_nothing),
		TEST(a_test_is_a_store_that_arrives),
		TEST(who_is_oldest_for_long_hangs),
		TEST(the_pool_is_waited_for),
		TEST(without_memory_there_is_no_job),
		TEST(streams_end_at_8_dwords),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
