/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What users learn of resets and of lost video memory, and what works again by itself. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "core/rng.h"
#include "gpu_amd_reset.h"

enum { VRAM_PAGES = 24, PROBES = 4000, ROUNDS = 24, RESETS = 6 };

#define VRAM_VA UINT64_C(0x80000000)

static const unsigned rw = TP_AMD_MAP_READ | TP_AMD_MAP_WRITE;

static void expect_store(struct rig *r, enum tp_amd_ring_id ring, uint32_t value)
{
	rig_wait(r, rig_submit_store(r, ring, 0, 3, value), 0);
	assert_int_equal(rig_read(r, 3), value);
}

static int try_store(struct rig *r, struct tp_amd_ctx *ctx)
{
	struct tp_amd_ctx *own = r->ctx;
	struct rig_words s = { .page = 1 };
	struct tp_fence *fence;
	int err;

	rig_store(&s, RIG_DATA_VA, 1);
	rig_finish(r, &s);
	r->ctx = ctx;
	err = rig_try_submit(r, TP_AMD_RING_SDMA1, &s, true, &fence);
	r->ctx = own;
	if (!err)
		rig_wait(r, fence, 0);
	return err;
}

/* Written while nothing runs that uses the streams. */
static struct rig_words prepare(struct rig *r, unsigned page, unsigned word, uint32_t value)
{
	struct rig_words s = { .page = page };

	rig_store(&s, RIG_DATA_VA + 4 * word, value);
	rig_finish(r, &s);
	return s;
}

/* ---- contexts -------------------------------------------------------------------------------- */

/* Its tables mean nothing to this one. */
static void an_address_space_of_another_gpu_is_refused(void **state)
{
	static struct tp_amd other;
	struct rig *r = *state;
	struct tp_amd_ctx *ctx;

	assert_int_equal(tp_amd_ctx_create(&other, r->vm, &ctx), -EINVAL);
	assert_int_equal(tp_atomic_load(&other.nr_ctxs, TP_RELAXED), 0);
}

static void a_soft_reset_leaves_contexts_good(void **state)
{
	struct rig *r = *state;

	expect_store(r, TP_AMD_RING_GFX, 1);
	assert_int_equal(tp_amd_ctx_query(r->ctx), 0);
	must(tp_amd_reset(r->gpu, TP_AMD_RESET_SOFT));
	assert_int_equal(tp_amd_ctx_query(r->ctx), TP_AMD_CTX_RESET);
	must(try_store(r, r->ctx));
	no_faults(r);
}

static void a_loss_ends_contexts_but_not_their_vm(void **state)
{
	struct rig *r = *state;
	struct tp_amd_ctx *old = r->ctx;

	expect_store(r, TP_AMD_RING_GFX, 1);
	must(tp_amd_reset(r->gpu, TP_AMD_RESET_MODE1));
	assert_int_equal(tp_amd_ctx_query(old), TP_AMD_CTX_RESET | TP_AMD_CTX_VRAM_LOST);
	assert_int_equal(try_store(r, old), -ECANCELED);
	assert_int_equal(try_store(r, old), -ECANCELED);
	must(tp_amd_ctx_create(r->gpu, r->vm, &r->ctx));
	assert_int_equal(tp_amd_ctx_query(r->ctx), 0);
	assert_int_equal(rig_read(r, 3), 1); /* in the machine's memory nothing was lost */
	for (unsigned i = 0; i < TP_AMD_NR_RINGS; i++)
		expect_store(r, (enum tp_amd_ring_id)i, 10 + i);
	no_faults(r);
	tp_amd_ctx_put(old);
}

static struct tp_bus_ops hooked;
static const struct tp_bus_ops *usual;

static void lose_and_rebuild(void *arg)
{
	must(tp_amd_reset(rig.gpu, TP_AMD_RESET_MODE1));
	must(tp_amd_vm_validate(arg));
}

static struct tp_amd_vm *prt_vm;

/* Memory is lost, and somebody else rebuilds the VM, while one who submits zeroes an object. */
static void lose_at_fill(struct tp_bus_device *bus, uint64_t offset, uint64_t first, uint64_t step,
			 size_t n)
{
	struct tp_thread thread;

	bus->ops = usual;
	must(tp_thread_start(&thread, "meanwhile", lose_and_rebuild, prt_vm));
	tp_thread_join(&thread);
	tp_bus_memory_fill(bus, offset, first, step, n);
}

/* CX1: neither is one for work whose VM is up to date again. */
static void a_loss_while_work_is_queued_ends_its_context(void **state)
{
	static const char content[TP_PAGE_SIZE];
	struct rig *r = *state;
	struct tp_amd_object *object;
	struct tp_amd_ctx *ctx;
	struct tp_amd_use use = { .write = false };
	const struct tp_amd_work work = { .ring = TP_AMD_RING_SDMA1,
					  .ib = VRAM_VA,
					  .dwords = TP_SDMA_IB_ALIGN_DW,
					  .uses = &use,
					  .nr_uses = 1 };

	must(tp_amd_object_create(r->gpu, TP_PAGE_SIZE, TP_BO_VRAM, NULL, "object", &object));
	must(tp_amd_object_write(object, 0, content, sizeof(content)));
	use.object = object;
	must(tp_amd_vm_create(r->gpu, NULL, &prt_vm));
	must(tp_amd_vm_map(prt_vm, NULL, 0, VRAM_VA, TP_PAGE_SIZE, rw | TP_AMD_MAP_PRT));
	must(tp_amd_reset(r->gpu, TP_AMD_RESET_MODE1));
	must(tp_amd_ctx_create(r->gpu, prt_vm, &ctx));
	usual = r->gpu->bus->ops;
	hooked = *usual;
	hooked.memory_fill = lose_at_fill;
	must(tp_amd_vm_validate(prt_vm));
	r->gpu->bus->ops = &hooked;
	assert_int_equal(tp_amd_submit(ctx, &work, NULL), -ECANCELED);
	assert_ptr_equal(r->gpu->bus->ops, usual);
	assert_int_equal(tp_amd_vram_lost(r->gpu), 2);
	tp_amd_ctx_put(ctx);
	tp_amd_vm_put(prt_vm);
	tp_amd_object_put(object);
}

static void who_hangs_is_to_blame_alone(void **state)
{
	struct rig *r = *state;
	struct tp_amd_ctx *guilty = r->ctx, *innocent;
	const struct rig_words first = prepare(r, 0, 4, 1), second = prepare(r, 2, 5, 1);
	struct tp_fence *hung, *other;

	must(tp_amd_ctx_create(r->gpu, r->vm, &innocent));
	tp_amd_model_hang(r->model, TP_AMD_RING_GFX, false);
	hung = rig_submit(r, TP_AMD_RING_GFX, &first, true);
	r->ctx = innocent;
	other = rig_submit(r, TP_AMD_RING_GFX, &second, true);
	r->ctx = guilty;
	find_what_hangs(r);
	rig_wait(r, hung, -ETIME);
	rig_wait(r, other, -ECANCELED);
	assert_int_equal(tp_amd_ctx_query(guilty), TP_AMD_CTX_RESET | TP_AMD_CTX_GUILTY);
	assert_int_equal(tp_amd_ctx_query(innocent), TP_AMD_CTX_RESET);
	assert_int_equal(try_store(r, guilty), -ECANCELED);
	must(try_store(r, innocent));
	tp_amd_ctx_put(innocent);
}

/* Nobody's work hung: a reset that is asked for blames nobody. */
static void an_asked_reset_blames_nobody(void **state)
{
	struct rig *r = *state;
	const struct rig_words s = prepare(r, 0, 4, 1);
	struct tp_fence *fence;

	tp_amd_model_hang(r->model, TP_AMD_RING_GFX, false);
	fence = rig_submit(r, TP_AMD_RING_GFX, &s, true);
	must(tp_amd_reset(r->gpu, TP_AMD_RESET_SOFT));
	rig_wait(r, fence, -ECANCELED);
	assert_int_equal(tp_amd_ctx_query(r->ctx), TP_AMD_CTX_RESET);
	must(try_store(r, r->ctx));
}

/* ---- work ------------------------------------------------------------------------------------ */

/* T27, of a VM: it waits for what hangs when memory is lost, and is not executed after. */
static void work_of_before_a_loss_never_runs(void **state)
{
	struct rig *r = *state;
	const struct rig_words first = prepare(r, 0, 4, 44), second = prepare(r, 2, 5, 55);
	struct tp_fence *hung, *waiting;

	tp_amd_model_hang(r->model, TP_AMD_RING_GFX, false);
	hung = rig_submit(r, TP_AMD_RING_GFX, &first, true);
	waiting = rig_submit(r, TP_AMD_RING_SDMA1, &second, true); /* both write data */
	must(tp_amd_reset(r->gpu, TP_AMD_RESET_MODE1));
	rig_wait(r, hung, -ECANCELED);
	rig_wait(r, waiting, -ECANCELED);
	must(tp_amd_vm_validate(r->vm));
	expect_it_works(r);
	assert_int_equal(rig_read(r, 4), 0);
	assert_int_equal(rig_read(r, 5), 0);
}

/* T21: a VMID of before knows nothing of its VM any more, although no update came since. */
static void a_vmid_is_told_again_after_a_reset(void **state)
{
	struct rig *r = *state;

	for (unsigned i = 0; i < 4; i++) {
		for (unsigned ring = 0; ring < TP_AMD_NR_RINGS; ring++)
			expect_store(r, (enum tp_amd_ring_id)ring, 100 * i + ring);
		must(tp_amd_reset(r->gpu, TP_AMD_RESET_SOFT));
	}
	no_faults(r);
}

static void a_kept_vmid_is_told_again_too(void **state)
{
	struct rig *r = *state;
	struct tp_amd_object *object;
	struct tp_amd_vm *vm;

	must(tp_amd_vm_create(r->gpu, NULL, &vm));
	must(tp_amd_vm_make_compute(vm));
	must(tp_amd_object_create(r->gpu, TP_PAGE_SIZE, TP_BO_SYSTEM, NULL, "object", &object));
	rig_put_objects(r);
	r->vm = vm;
	must(tp_amd_ctx_create(r->gpu, vm, &r->ctx));
	must(tp_amd_object_create(r->gpu, RIG_STREAMS * TP_PAGE_SIZE, TP_BO_SYSTEM, NULL, "streams",
				  &r->streams));
	r->data = object;
	must(tp_amd_vm_map(vm, r->streams, 0, RIG_STREAM_VA(0), RIG_STREAMS * TP_PAGE_SIZE,
			   rw | TP_AMD_MAP_EXECUTE));
	must(tp_amd_vm_map(vm, r->data, 0, RIG_DATA_VA, TP_PAGE_SIZE, rw));
	a_vmid_is_told_again_after_a_reset(state);
}

/* A job that writes its tables would come after what the CPU writes there from then on. */
static void who_is_being_updated_does_not_become_a_compute_vm(void **state)
{
	struct rig *r = *state;
	struct tp_amd_vm *vm;
	int err;

	must(tp_amd_vm_create(r->gpu, NULL, &vm));
	must(tp_amd_vm_validate(vm));
	tp_amd_model_hang(r->model, TP_AMD_RING_SDMA0, false);
	begin_update(vm);
	err = tp_amd_vm_make_compute(vm);
	must(tp_amd_reset(r->gpu, TP_AMD_RESET_SOFT));
	assert_int_equal(err, -EBUSY);
	must(tp_amd_vm_make_compute(vm));
	tp_amd_vm_put(vm);
}

/* T22: the low half wraps, and is not carried into the number of losses. */
static void a_generation_does_not_carry(void **state)
{
	struct rig *r = *state;
	uint64_t before;

	tp_atomic_store(&r->vm->generations, UINT32_MAX, TP_RELEASE);
	before = tp_amd_vm_generation(r->vm);
	assert_int_equal(before >> 32, tp_amd_vram_lost(r->gpu));
	tp_amd_vm_update_failed(r->vm);
	assert_int_equal(tp_amd_vm_generation(r->vm) >> 32, tp_amd_vram_lost(r->gpu));
	assert_int_not_equal(tp_amd_vm_generation(r->vm), before);
	must(try_store(r, r->ctx)); /* the VM is written anew */
	must(tp_amd_reset(r->gpu, TP_AMD_RESET_MODE1));
	assert_int_equal(tp_amd_vm_generation(r->vm) >> 32, 1);
	must(tp_amd_vm_validate(r->vm));
}

/* ---- content --------------------------------------------------------------------------------- */

static void content_in_video_memory_is_lost_and_said_so(void **state)
{
	struct rig *r = *state;
	struct tp_amd_object *object;
	char page[TP_PAGE_SIZE], zeroes[TP_PAGE_SIZE] = { 0 };

	must(tp_amd_object_create(r->gpu, VRAM_PAGES * TP_PAGE_SIZE, TP_BO_VRAM, NULL, "vram",
				  &object));
	must(tp_amd_vm_map(r->vm, object, 0, VRAM_VA, VRAM_PAGES * TP_PAGE_SIZE, rw));
	memset(page, 0x5a, sizeof(page));
	must(tp_amd_object_write(object, 3 * TP_PAGE_SIZE, page, sizeof(page)));
	assert_false(tp_amd_object_lost(object));
	tp_amd_model_lose_as(r->model, TP_AMD_LOSS_GARBAGE);
	must(tp_amd_reset(r->gpu, TP_AMD_RESET_MODE1));
	for (unsigned i = 0; i < VRAM_PAGES; i++) {
		must(tp_amd_object_read(object, i * TP_PAGE_SIZE, page, sizeof(page)));
		assert_memory_equal(page, zeroes, sizeof(page));
	}
	assert_true(tp_amd_object_lost(object));
	assert_false(tp_amd_object_lost(object));
	assert_false(tp_amd_object_lost(r->data));
	must(tp_amd_vm_unmap(r->vm, object, VRAM_VA));
	tp_amd_object_put(object);
}

/* The device is the first to look. */
static void the_device_does_not_see_what_memory_holds_after_a_loss(void **state)
{
	struct rig *r = *state;
	struct tp_amd_object *object;
	struct rig_words s = { .page = 0 };

	must(tp_amd_object_create(r->gpu, VRAM_PAGES * TP_PAGE_SIZE, TP_BO_VRAM, r->vm, "vram",
				  &object));
	must(tp_amd_vm_map(r->vm, object, 0, VRAM_VA, VRAM_PAGES * TP_PAGE_SIZE, rw));
	tp_amd_model_lose_as(r->model, TP_AMD_LOSS_GARBAGE);
	must(tp_amd_reset(r->gpu, TP_AMD_RESET_MODE1));
	tp_amd_ctx_put(r->ctx);
	must(tp_amd_ctx_create(r->gpu, r->vm, &r->ctx));
	rig_write(r, 0, 0xffffffff);
	rig_copy(&s, RIG_DATA_VA, VRAM_VA + 5 * TP_PAGE_SIZE, TP_PAGE_SIZE);
	rig_finish(r, &s);
	rig_wait(r, rig_submit(r, TP_AMD_RING_SDMA1, &s, true), 0);
	for (unsigned i = 0; i < TP_PAGE_SIZE / 4; i++)
		assert_int_equal(rig_read(r, i), 0);
	assert_true(tp_amd_object_lost(object));
	must(tp_amd_vm_unmap(r->vm, object, VRAM_VA));
	tp_amd_object_put(object);
}

static bool translates(struct rig *r, uint64_t va)
{
	uint64_t address, flags;
	bool system;

	return tp_amd_model_probe_root(r->model, tp_amd_pt_root_address(r->vm), va, &system,
				       &address, &flags);
}

static bool is_mapped(uint64_t va)
{
	return va - RIG_DATA_VA < RIG_DATA_PAGES * TP_PAGE_SIZE ||
	       va - RIG_STREAM_VA(0) < RIG_STREAMS * TP_PAGE_SIZE;
}

/* After a loss that leaves garbage, and the rebuild: how many addresses translate that are not
 * mapped.  What is mapped does. */
static unsigned count_strays(struct rig *r)
{
	struct tp_rng rng;
	unsigned strays = 0;

	tp_rng_init(&rng, 1);
	tp_amd_model_lose_as(r->model, TP_AMD_LOSS_GARBAGE);
	must(tp_amd_reset(r->gpu, TP_AMD_RESET_MODE1));
	must(tp_amd_vm_validate(r->vm));
	for (unsigned i = 0; i < PROBES; i++) {
		/* near what is mapped, and anywhere */
		const uint64_t page =
			tp_rng_below(&rng, i % 2 ? TP_AMD_VA_MASK >> TP_PAGE_SHIFT
						 : 4 * (RIG_DATA_VA >> TP_PAGE_SHIFT));

		strays += !is_mapped(page << TP_PAGE_SHIFT) && translates(r, page << TP_PAGE_SHIFT);
	}
	for (unsigned i = 0; i < RIG_DATA_PAGES; i++)
		assert_true(translates(r, RIG_DATA_VA + i * TP_PAGE_SIZE));
	for (unsigned i = 0; i < RIG_STREAMS; i++)
		assert_true(translates(r, RIG_STREAM_VA(i)));
	return strays;
}

/* T20: whatever garbage the tables hold, it is gone before they are used. */
static void no_unmapped_address_translates_after_a_loss(void **state)
{
	assert_int_equal(count_strays(*state), 0);
}

/* T20: as Linux, which writes anew what is mapped, and nothing else; the probes would see it. */
static void holes_that_are_kept_translate_after_a_loss(void **state)
{
	struct rig *r = *state;

	r->gpu->config.keep_holes = true;
	assert_true(count_strays(r) > 0);
}

/* ---- all at once ----------------------------------------------------------------------------- */

/* One address space, whose objects are in video memory and leave it now and then. */
struct user {
	struct tp_thread thread;
	struct rig rig; /* the machine's, with a VM and objects of its own */
	enum tp_amd_ring_id ring;
	unsigned done, canceled, lost;
};

static void renew_ctx(struct user *u)
{
	tp_amd_ctx_put(u->rig.ctx);
	must(tp_amd_ctx_create(u->rig.gpu, u->rig.vm, &u->rig.ctx));
}

/* The stream and what is stored may be lost on the way, and then nothing is said of them. */
static void do_work(struct user *u, uint32_t value)
{
	struct rig_words s = { .page = 0 };
	struct tp_fence *fence;
	uint32_t stored;
	bool lost;
	int err;

	rig_store(&s, RIG_DATA_VA, value);
	rig_finish(&u->rig, &s);
	err = rig_try_submit(&u->rig, u->ring, &s, true, &fence);
	if (!err) {
		err = tp_amd_wait(u->rig.gpu, fence, tp_clock_after(TP_SECONDS(60)));
		tp_fence_put(fence);
	}
	assert_true(!err || err == -ECANCELED);
	u->done += !err;
	u->canceled += !!err;
	if (tp_amd_ctx_check(u->rig.ctx))
		renew_ctx(u);
	must(tp_amd_object_read(u->rig.data, 0, &stored, 4));
	/* Both are asked, each time. */
	lost = tp_amd_object_lost(u->rig.streams);
	lost |= tp_amd_object_lost(u->rig.data);
	if (lost)
		u->lost++;
	else if (!err)
		assert_int_equal(stored, value);
}

static void be_a_user(void *arg)
{
	struct user *u = arg;

	for (unsigned i = 1; i <= ROUNDS; i++) {
		do_work(u, i);
		if (i % 3 == 0)
			tp_amd_object_evict(u->rig.data);
	}
}

static void make_user(struct rig *r, struct user *u, enum tp_amd_ring_id ring)
{
	*u = (struct user){ .rig = *r, .ring = ring };
	must(tp_amd_vm_create(r->gpu, NULL, &u->rig.vm));
	must(tp_amd_ctx_create(r->gpu, u->rig.vm, &u->rig.ctx));
	must(tp_amd_object_create(r->gpu, TP_PAGE_SIZE, TP_BO_VRAM, u->rig.vm, "streams",
				  &u->rig.streams));
	must(tp_amd_object_create(r->gpu, RIG_DATA_PAGES * TP_PAGE_SIZE, TP_BO_VRAM, NULL, "data",
				  &u->rig.data));
	must(tp_amd_vm_map(u->rig.vm, u->rig.streams, 0, RIG_STREAM_VA(0), TP_PAGE_SIZE,
			   rw | TP_AMD_MAP_EXECUTE));
	must(tp_amd_vm_map(u->rig.vm, u->rig.data, 0, RIG_DATA_VA, RIG_DATA_PAGES * TP_PAGE_SIZE,
			   rw));
}

/* All of it comes back, again and again, and nobody is led to what is not his. */
static void users_survive_losses(void **state)
{
	struct rig *r = *state;
	struct user users[TP_AMD_NR_RINGS];

	tp_amd_model_lose_as(r->model, TP_AMD_LOSS_GARBAGE);
	for (unsigned i = 0; i < TP_AMD_NR_RINGS; i++)
		make_user(r, &users[i], (enum tp_amd_ring_id)i);
	for (unsigned i = 0; i < TP_AMD_NR_RINGS; i++)
		must(tp_thread_start(&users[i].thread, "user", be_a_user, &users[i]));
	for (unsigned i = 0; i < RESETS; i++) {
		must(tp_amd_reset(r->gpu, i & 1 ? TP_AMD_RESET_MODE1 : TP_AMD_RESET_SOFT));
		tp_sleep_ns(TP_MICROSECONDS(300));
	}
	for (unsigned i = 0; i < TP_AMD_NR_RINGS; i++) {
		tp_thread_join(&users[i].thread);
		assert_int_equal(users[i].done + users[i].canceled, ROUNDS);
		do_work(&users[i], ROUNDS + 1);
		rig_put_objects(&users[i].rig);
	}
	no_faults(r);
}

/* ---- rings that hang ------------------------------------------------------------------------- */

/* There is no service: who waits for its work resets it. */
static void hang(struct rig *r, enum tp_amd_ring_id ring)
{
	tp_amd_model_hang(r->model, ring, false);
	r->gpu->config.patience.hang_ns = TP_MILLISECONDS(50);
}

/* Once; or, where the device is slow, again. */
static void expect_reset(struct rig *r)
{
	r->gpu->config.patience.hang_ns = patient.driver.patience.hang_ns;
	assert_true(resets(r) >= 1);
}

/* Whatever becomes of the job that clears: its ring hangs, and is reset for that. */
static void what_is_cleared_by_a_ring_that_hangs_is_gone(void **state)
{
	struct rig *r = *state;
	uint64_t size;

	assert_true(tp_amd_vm_peek(r->vm, RIG_DATA_VA, &size));
	hang(r, TP_AMD_RING_SDMA0);
	must(tp_amd_vm_clear(r->vm, RIG_DATA_VA, RIG_DATA_PAGES * TP_PAGE_SIZE));
	expect_reset(r);
	assert_false(tp_amd_vm_peek(r->vm, RIG_DATA_VA, &size));
	must(tp_amd_vm_validate(r->vm));
	assert_false(tp_amd_vm_peek(r->vm, RIG_DATA_VA, &size));
	assert_true(tp_amd_vm_peek(r->vm, RIG_STREAM_VA(0), &size));
}

static void expect_mapped_through_a_hang(struct rig *r)
{
	hang(r, TP_AMD_RING_SDMA0);
	must(tp_amd_vm_map(r->vm, r->data, 0, VRAM_VA, TP_PAGE_SIZE, rw));
	expect_reset(r);
	assert_true(translates(r, VRAM_VA));
	assert_true(translates(r, RIG_DATA_VA));
	assert_true(translates(r, RIG_STREAM_VA(0)));
}

static void what_a_ring_that_hangs_should_write_is_written(void **state)
{
	expect_mapped_through_a_hang(*state);
}

/* What leads to the tables is written by the CPU, which waits for the ring with locks held. */
static void what_is_to_be_linked_after_it_is_linked(void **state)
{
	struct rig *r = *state;
	struct tp_bo *root = &r->vm->root->bo;

	must(tp_resv_hold(root->resv, TP_WAIT_FOREVER));
	must(tp_bo_evict(root));
	tp_resv_unhold(root->resv);
	must(tp_amd_vm_validate(r->vm));
	expect_mapped_through_a_hang(r);
}

static void what_is_used_by_a_ring_that_hangs_can_be_read(void **state)
{
	struct rig *r = *state;
	struct tp_fence *fence;

	rig_write(r, 3, 7);
	hang(r, TP_AMD_RING_GFX);
	fence = rig_submit_store(r, TP_AMD_RING_GFX, 0, 3, 8);
	assert_int_equal(rig_read(r, 3), 7);
	expect_reset(r);
	rig_expect(fence, -ETIME);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_with_objects, end_rig)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_address_space_of_another_gpu_is_refused),
		TEST(a_soft_reset_leaves_contexts_good),
		TEST(a_loss_ends_contexts_but_not_their_vm),
		TEST(a_loss_while_work_is_queued_ends_its_context),
		TEST(who_hangs_is_to_blame_alone),
		TEST(an_asked_reset_blames_nobody),
		TEST(work_of_before_a_loss_never_runs),
		TEST(a_vmid_is_told_again_after_a_reset),
		TEST(a_kept_vmid_is_told_again_too),
		TEST(who_is_being_updated_does_not_become_a_compute_vm),
		TEST(a_generation_does_not_carry),
		TEST(content_in_video_memory_is_lost_and_said_so),
		TEST(the_device_does_not_see_what_memory_holds_after_a_loss),
		TEST(no_unmapped_address_translates_after_a_loss),
		TEST(holes_that_are_kept_translate_after_a_loss),
		TEST(what_is_cleared_by_a_ring_that_hangs_is_gone),
		TEST(what_a_ring_that_hangs_should_write_is_written),
		TEST(what_is_to_be_linked_after_it_is_linked),
		TEST(what_is_used_by_a_ring_that_hangs_can_be_read),
		cmocka_unit_test_setup_teardown(users_survive_losses, make_service, end_rig),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
