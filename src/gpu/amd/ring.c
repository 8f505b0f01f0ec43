/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ring - jobs go to the device in order, and end.
 *
 * What has ended is retired by one thread at a time, and only when all that its end means was done
 * (@ended called) the next may rely on it: `retired` says how far that is, not the slot.
 */
#include <errno.h>

#include "core/clock.h"
#include "core/error.h"
#include "core/mutant.h"
#include "gpu/amd/vm.h"

static const uint64_t look_ns = TP_MICROSECONDS(20); /* between looks at a test */
static const uint32_t test_value = 0x600df00d;

static void write_ring(struct tp_amd_ring *ring, uint32_t reg, uint32_t value)
{
	tp_amd_write(ring->gpu, tp_amd_ring_reg(ring->id, reg), value);
}

static void write_pair(struct tp_amd_ring *ring, uint32_t reg, uint64_t value)
{
	write_ring(ring, reg + 1, (uint32_t)(value >> 32));
	write_ring(ring, reg, (uint32_t)value);
}

/* The low half, which is written last, starts it. */
static void tell(struct tp_amd_ring *ring)
{
	write_pair(ring, TP_AMD_SDMA_RB_WPTR, ring->wptr * 4);
}

static struct tp_amd_job *first(const struct tp_list *jobs)
{
	return tp_list_empty(jobs) ? NULL : tp_list_entry(jobs->next, struct tp_amd_job, link);
}

static bool is_retired(const struct tp_amd_ring *ring, uint32_t seqno)
{
	return (int32_t)(tp_atomic_load(&ring->retired, TP_ACQUIRE) - seqno) >= 0;
}

static struct tp_amd_ring *ring_of(const struct tp_fence *fence)
{
	return tp_container_of(fence->timeline, struct tp_amd_ring, timeline);
}

bool tp_amd_fence_is_over(const struct tp_fence *fence)
{
	return is_retired(ring_of(fence), fence->seqno);
}

/* ---- the end of jobs ------------------------------------------------------------------------- */

/* Under the lock: hung is who runs for long as the oldest (begun_ns). */
static void note_oldest(struct tp_amd_ring *ring)
{
	struct tp_amd_job *job = first(&ring->running);

	if (job && !job->begun_ns)
		job->begun_ns = TP_MAX(tp_clock_now(), UINT64_C(1)); /* time may begin with 0 */
}

static void count_end(struct tp_amd_ring *ring, int err)
{
	tp_quiet_add(err ? &ring->failed : &ring->completed, 1);
	if (err == -ECANCELED)
		tp_quiet_add(&ring->gpu->canceled, 1);
}

static void take_ended(struct tp_amd_ring *ring, struct tp_list *ended)
{
	tp_spin_assert_held(&ring->lock);
	tp_list_for_each_safe(job, &ring->running, struct tp_amd_job, link) {
		if (!tp_fence_is_signaled(job->fence))
			break;
		ring->rptr = job->end;
		count_end(ring, tp_fence_error(job->fence));
		tp_list_remove(&job->link);
		tp_list_add_before(ended, &job->link);
	}
	ring->retiring = !tp_list_empty(ended);
	note_oldest(ring);
}

/* Returns the number of the last one. */
static uint32_t end_jobs(struct tp_list *ended)
{
	uint32_t seqno = 0;

	tp_list_for_each_safe(job, ended, struct tp_amd_job, link) {
		seqno = job->fence->seqno;
		tp_list_remove(&job->link);
		tp_amd_job_end(job);
	}
	return seqno;
}

static void say_retired(struct tp_amd_ring *ring, uint32_t seqno)
{
	tp_spin_lock(&ring->lock);
	ring->retiring = false;
	tp_atomic_store(&ring->retired, seqno, TP_RELEASE);
	tp_spin_unlock(&ring->lock);
	/* Their interrupt may have been lost, with a ring that was reset for instance. */
	tp_timeline_wake(&ring->timeline);
	tp_wake_all(&ring->gpu->moved);
	tp_amd_kick(ring->gpu); /* other rings may have waited for it */
}

static bool retire_once(struct tp_amd_ring *ring)
{
	struct tp_list ended;
	bool are_ours = false;

	tp_list_init(&ended);
	tp_spin_lock(&ring->lock);
	if (!ring->retiring) {
		take_ended(ring, &ended);
		are_ours = ring->retiring;
	}
	tp_spin_unlock(&ring->lock);
	if (are_ours)
		say_retired(ring, end_jobs(&ended));
	return are_ours;
}

/* Until there is nothing, or somebody else does it, who looks again then. */
static bool retire(struct tp_amd_ring *ring)
{
	bool did = false;

	while (retire_once(ring))
		did = true;
	return did;
}

/* ---- jobs to the device ---------------------------------------------------------------------- */

/* J2 */
static int why_not(const struct tp_amd_job *job)
{
	uint64_t now = job->vm ? tp_amd_vm_generation(job->vm) : tp_amd_generation(job->ring->gpu);

	return job->generation == now || TP_MUTANT(amd_runs_old) ? 0 : -ECANCELED;
}

static bool try_emit(struct tp_amd_ring *ring, struct tp_amd_job *job)
{
	bool flush = false;

	if (!tp_amd_ring_has_room(ring) || !tp_amd_job_is_ready(job))
		return false;
	job->err = why_not(job);
	if (job->err)
		tp_fence_fail(job->fence, job->err);
	else if (job->vm && !tp_amd_vmid_get(job, &job->vmid, &flush))
		return false;
	tp_amd_ring_emit(ring, job, flush);
	return true;
}

/* J4: nothing of it will be executed. */
static void end_unexecuted(struct tp_amd_job *job)
{
	tp_fence_fail(job->fence, -EIO);
	tp_timeline_force(&job->ring->timeline, job->fence->seqno);
}

static void move(struct tp_amd_ring *ring, struct tp_amd_job *job)
{
	tp_list_remove(&job->link);
	tp_list_add_before(&ring->running, &job->link);
	note_oldest(ring);
}

static bool push_out(struct tp_amd_ring *ring)
{
	uint64_t before = ring->wptr;
	struct tp_amd_job *job;

	while ((job = first(&ring->pending)) && try_emit(ring, job))
		move(ring, job);
	if (ring->wptr == before)
		return false;
	tell(ring);
	return true;
}

static bool push_down_the_drain(struct tp_amd_ring *ring)
{
	struct tp_amd_job *job;
	bool did = false;

	for (; (job = first(&ring->pending)); did = true) {
		end_unexecuted(job);
		move(ring, job);
	}
	return did;
}

/* J4 */
static bool push(struct tp_amd_ring *ring)
{
	enum tp_gpu_state state;
	bool did = false;

	tp_spin_lock(&ring->lock);
	state = tp_amd_state(ring->gpu);
	if (state == TP_GPU_RUNNING)
		did = push_out(ring);
	else if (state == TP_GPU_WEDGED)
		did = push_down_the_drain(ring);
	tp_spin_unlock(&ring->lock);
	return did;
}

bool tp_amd_ring_run(struct tp_amd_ring *ring)
{
	bool did = retire(ring);

	while (push(ring)) {
		did = true;
		retire(ring);
	}
	return did;
}

bool tp_amd_run(struct tp_amd *gpu)
{
	bool did = false, again;

	do {
		again = false;
		tp_amd_for_each_ring(ring, gpu) again |= tp_amd_ring_run(ring);
		did |= again;
	} while (again);
	return did;
}

/* An idle ring is not looked at by the service: should this job hang, nothing else would ask it. */
void tp_amd_ring_queue(struct tp_amd_ring *ring, struct tp_amd_job *job)
{
	bool was_idle;

	tp_spin_lock(&ring->lock);
	was_idle = tp_list_empty(&ring->pending) && tp_list_empty(&ring->running);
	tp_fence_begin(job->fence, &ring->timeline);
	tp_list_add_before(&ring->pending, &job->link);
	tp_quiet_add(&ring->submitted, 1);
	tp_spin_unlock(&ring->lock);
	tp_amd_ring_run(ring);
	if (was_idle)
		tp_amd_kick(ring->gpu);
}

bool tp_amd_ring_is_idle(struct tp_amd_ring *ring)
{
	bool idle;

	tp_spin_lock(&ring->lock);
	idle = tp_list_empty(&ring->pending) && tp_list_empty(&ring->running) && !ring->retiring;
	tp_spin_unlock(&ring->lock);
	return idle;
}

/* Much is over sooner than a thread sleeps and wakes. */
static void look_a_while(tp_unused const struct tp_fence *fence)
{
#ifndef TP_SIM
	enum { LOOKS = 1000 };

	for (unsigned i = 0; i < LOOKS && !tp_fence_is_signaled(fence); i++)
		tp_cpu_relax();
#endif
}

int tp_amd_wait(struct tp_amd *gpu, struct tp_fence *fence, uint64_t until_ns)
{
	bool in_time = true;

	look_a_while(fence);
	while (!tp_amd_fence_is_over(fence)) {
		uint32_t ticket = tp_wait_prepare(&gpu->moved);

		if (tp_amd_run(gpu) || tp_amd_fence_is_over(fence) || !in_time) {
			tp_wait_abandon(&gpu->moved);
			if (!in_time)
				return tp_amd_fence_is_over(fence) ? tp_fence_error(fence) : -ETIME;
			continue;
		}
		in_time = tp_wait_commit(&gpu->moved, ticket, until_ns);
	}
	return tp_fence_error(fence);
}

/* ---- resets ---------------------------------------------------------------------------------- */

/* All that runs has ended; returns the number of the last one. */
static uint32_t force(struct tp_amd_ring *ring, const uint32_t *guilty)
{
	uint32_t seqno;

	tp_spin_lock(&ring->lock);
	seqno = tp_atomic_load(&ring->retired, TP_RELAXED);
	tp_list_for_each(job, &ring->running, struct tp_amd_job, link) {
		seqno = job->fence->seqno;
		if (!tp_fence_is_signaled(job->fence) && !job->err)
			tp_fence_fail(job->fence, guilty && seqno == *guilty ? -ETIME : -ECANCELED);
	}
	tp_timeline_force(&ring->timeline, seqno);
	tp_spin_unlock(&ring->lock);
	return seqno;
}

/* When it returns, what the end of each means was done: who waits for one sees it (J2). */
void tp_amd_ring_force(struct tp_amd_ring *ring, const uint32_t *guilty)
{
	uint32_t seqno = force(ring, guilty);

	retire(ring);
	tp_wait_event(&ring->timeline.wq, is_retired(ring, seqno));
}

void tp_amd_ring_start(struct tp_amd_ring *ring)
{
	unsigned log2 = (unsigned)__builtin_ctz(TP_AMD_RING_DW);

	tp_spin_lock(&ring->lock);
	TP_INVARIANT(tp_list_empty(&ring->running));
	ring->wptr = ring->rptr = 0;
	write_ring(ring, TP_AMD_SDMA_RB_CNTL, 0);
	write_pair(ring, TP_AMD_SDMA_RB_BASE, ring->address >> 8);
	write_pair(ring, TP_AMD_SDMA_RB_RPTR, 0);
	write_pair(ring, TP_AMD_SDMA_RB_WPTR, 0);
	write_ring(ring, TP_AMD_SDMA_RB_CNTL, TP_AMD_RB_ENABLE | log2 << TP_AMD_RB_SIZE_SHIFT);
	write_ring(ring, TP_AMD_SDMA_F32_CNTL, 0);
	tp_spin_unlock(&ring->lock);
}

/* ---- a test ---------------------------------------------------------------------------------- */

static tp_atomic_u32 *test_word(const struct tp_amd_ring *ring)
{
	return ring->timeline.slot + 1;
}

static void begin_test(struct tp_amd_ring *ring)
{
	tp_atomic_store(test_word(ring), 0, TP_RELAXED);
	tp_spin_lock(&ring->lock);
	TP_INVARIANT(tp_list_empty(&ring->running));
	tp_amd_ring_put(ring, TP_SDMA_HEADER(TP_SDMA_WRITE, TP_SDMA_KIND_LINEAR));
	tp_amd_ring_put64(ring, ring->slot_address + 4);
	tp_amd_ring_put(ring, 0);
	tp_amd_ring_put(ring, test_value);
	tell(ring);
	tp_spin_unlock(&ring->lock);
}

static bool is_there(const struct tp_amd_ring *ring)
{
	return tp_atomic_load(test_word(ring), TP_ACQUIRE) == test_value;
}

int tp_amd_ring_test(struct tp_amd_ring *ring)
{
	const struct tp_amd_patience *patience = &ring->gpu->config.patience;
	uint64_t until_ns;

	begin_test(ring);
	until_ns = tp_clock_after(patience->test_ns);
	while (!is_there(ring) && tp_clock_now() < until_ns)
		tp_sleep_ns(look_ns);
	if (!is_there(ring))
		return TP_ERR_TEXT(-ETIME, ring->name, "%s does not execute a test");
	tp_spin_lock(&ring->lock);
	ring->rptr = ring->wptr;
	tp_spin_unlock(&ring->lock);
	return 0;
}

/* ---- beginning and end ----------------------------------------------------------------------- */

static void interrupted(void *arg)
{
	struct tp_amd_ring *ring = arg;

	tp_timeline_wake(&ring->timeline);
	tp_wake_all(&ring->gpu->moved);
	tp_amd_kick(ring->gpu);
}

void tp_amd_ring_prepare(struct tp_amd *gpu, enum tp_amd_ring_id id)
{
	static const char *const names[] = { "gfx", "sdma0", "sdma1" };
	struct tp_amd_ring *ring = &gpu->rings[id];

	ring->gpu = gpu;
	ring->id = id;
	ring->hub = &gpu->hubs[tp_amd_ring_hub(id)];
	ring->inv_engine = id;
	for (unsigned i = 0; names[id][i]; i++)
		ring->name[i] = names[id][i];
	tp_spinlock_init(&ring->lock, TP_RANK_GPU_ENGINE, id);
	tp_list_init(&ring->pending);
	tp_list_init(&ring->running);
}

int tp_amd_ring_init(struct tp_amd *gpu, enum tp_amd_ring_id id)
{
	struct tp_amd_ring *ring = &gpu->rings[id];
	unsigned slot = id * TP_AMD_SLOT_BYTES;
	int err;

	ring->slot_address = gpu->slots_address + slot;
	tp_timeline_init(&ring->timeline, ring->name,
			 (tp_atomic_u32 *)(void *)((char *)gpu->slots.address + slot));
	err = tp_dma_alloc(gpu->bos.domain, TP_AMD_RING_DW * 4, gpu->config.node, ring->name,
			   &ring->memory);
	if (err)
		return err;
	err = tp_amd_gart_insert(gpu, ring->memory.dma, TP_AMD_RING_PAGES, &ring->address);
	if (!err)
		err = tp_bus_irq_request(gpu->bus, TP_AMD_VECTOR_RING + id, interrupted, ring);
	ring->listens = !err;
	return err;
}

void tp_amd_ring_fini(struct tp_amd_ring *ring)
{
	if (ring->listens)
		tp_bus_irq_free(ring->gpu->bus, TP_AMD_VECTOR_RING + ring->id);
	if (ring->address)
		tp_amd_gart_remove(ring->gpu, ring->address, TP_AMD_RING_PAGES);
	if (ring->memory.address)
		TP_INVARIANT(tp_list_empty(&ring->running) && tp_list_empty(&ring->pending));
	tp_dma_free(&ring->memory);
}
