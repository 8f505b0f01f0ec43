/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A user who means harm, or knows no better: what he asks for is refused, his batches end with an
 * error, and everybody else goes on.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <tidepool/fault.h>

#include "gpu_intel_rig.h"

#define PAGE TP_PAGE_SIZE
#define TOP  (UINT64_C(1) << TP_INTEL_VA_BITS)

static struct rig rig;

static int make(void **state, enum tp_intel_platform platform)
{
	const struct rig_config config = {
		.platform = platform,
		.model = { .mode = TP_INTEL_MODEL_MANUAL, .reset_ns = TP_MICROSECONDS(20) },
		.driver = { .patience = { .hang_ns = TP_SECONDS(1000) } },
	};

	*state = &rig;
	rig_make(&rig, &config);
	return 0;
}

static int make_dg2(void **state)
{
	return make(state, TP_INTEL_DG2);
}

static int make_mtl(void **state)
{
	return make(state, TP_INTEL_MTL);
}

static int end(void **state)
{
	tp_fault_reset();
	rig_end(*state);
	return 0;
}

/* ---- what he asks for ------------------------------------------------------------------------ */

static void ranges_are_refused(void **state)
{
	static const uint64_t wrong[][2] = {
		{ 0, 0 },
		{ 1, PAGE },
		{ PAGE, 1 },
		{ TOP, PAGE },
		{ TOP - PAGE, 2 * PAGE },
		{ UINT64_MAX - PAGE + 1, PAGE },
		{ PAGE, UINT64_MAX - PAGE + 1 },
		{ UINT64_MAX - PAGE + 1, UINT64_MAX - PAGE + 1 },
	};
	struct rig *r = *state;

	for (unsigned i = 0; i < TP_ARRAY_SIZE(wrong); i++) {
		const uint64_t va = wrong[i][0], size = wrong[i][1];

		assert_int_equal(tp_intel_vm_bind(r->vm, r->data, 0, va, size), -EINVAL);
		assert_int_equal(tp_intel_vm_bind(r->vm, r->data, va, PAGE, size), -EINVAL);
		assert_int_equal(tp_intel_vm_unbind(r->vm, va, size), -EINVAL);
	}
}

static void sizes_are_refused(void **state)
{
	static const uint64_t wrong[] = { 0, UINT64_MAX, UINT64_MAX - PAGE + 1, TOP };
	struct tp_intel_object *object;
	struct rig *r = *state;

	for (unsigned i = 0; i < TP_ARRAY_SIZE(wrong); i++)
		for (enum tp_bo_place p = TP_BO_SYSTEM; p <= TP_BO_VRAM; p++)
			assert_int_equal(tp_intel_object_create(r->gpu, wrong[i], p, "o", &object),
					 -EINVAL);
}

/* More than there is: to be had, bound and let go, but not used. */
static void more_than_there_is(void **state)
{
	const uint64_t size = TP_MIB(64), far = TP_MIB(512);
	struct rig *r = *state;

	for (enum tp_bo_place p = TP_BO_SYSTEM; p <= TP_BO_VRAM; p++) {
		struct tp_intel_object *object;
		struct tp_intel_use use;
		struct tp_intel_batch batch = { .vm = r->vm,
						.class = TP_INTEL_RENDER,
						.start = far,
						.uses = &use,
						.nr_uses = 1 };

		must(tp_intel_object_create(r->gpu, size, p, "large", &object));
		use = (struct tp_intel_use){ object, true };
		must(tp_intel_vm_bind(r->vm, object, 0, far, size));
		assert_int_equal(tp_intel_submit(r->gpu, &batch, NULL), -ENOMEM);
		assert_int_equal(tp_intel_object_write(object, 0, &size, 4), -ENOMEM);
		assert_int_equal(tp_intel_object_write(object, size, &size, 4), -EINVAL);
		assert_int_equal(tp_intel_object_write(object, UINT64_MAX, &size, 4), -EINVAL);
		must(tp_intel_vm_unbind(r->vm, far, size));
		tp_intel_object_put(object);
	}
}

/* ---- his batches ----------------------------------------------------------------------------- */

/* It does not end by itself; a reset ends it, and other work then goes on. */
static void expect_guilty(struct rig *r, struct tp_fence *fence)
{
	rig_run(r);
	assert_false(tp_fence_is_signaled(fence));
	must(tp_intel_reset(r->gpu));
	rig_run(r);
	assert_true(tp_fence_error(fence));
	tp_fence_put(fence);
	rig_make_store(r, 1, 3, 42);
	fence = rig_submit(r, TP_INTEL_RENDER, 0, 1, true);
	rig_run(r);
	rig_expect(fence, 0);
	assert_int_equal(rig_read(r, 3), 42);
}

static void run_guilty(struct rig *r, struct rig_words *b)
{
	rig_finish(r, b);
	expect_guilty(r, rig_submit(r, TP_INTEL_RENDER, 0, b->page, true));
}

static void batches_stand_where_nothing_may_be(void **state)
{
	static const uint64_t starts[] = { TOP, UINT64_MAX - 3, UINT64_MAX - PAGE + 1, 2,
					   UINT64_C(1) << 63 };
	struct rig *r = *state;

	for (unsigned i = 0; i < TP_ARRAY_SIZE(starts); i++) {
		const struct tp_intel_batch batch = { .vm = r->vm,
						      .class = TP_INTEL_RENDER,
						      .start = starts[i] };
		struct tp_fence *fence;

		must(tp_intel_submit(r->gpu, &batch, &fence));
		rig_run(r);
		if (tp_fence_is_signaled(fence))
			print_message("start %llx ended\n", (unsigned long long)starts[i]);
		must(tp_intel_reset(r->gpu));
		tp_fence_put(fence);
	}
}

static void batches_may_not_do_what_rings_do(void **state)
{
	struct rig *r = *state;
	struct tp_intel_engine *engine = rig_engine(r, "rcs0");
	const uint32_t regs[] = { TP_INTEL_RING_START, TP_INTEL_RING_TAIL, TP_INTEL_RING_PDP0_LO,
				  TP_INTEL_RING_CTL };

	for (unsigned i = 0; i < TP_ARRAY_SIZE(regs); i++) {
		struct rig_words b = { .page = 0 };

		rig_put(&b, TP_INTEL_MI_LOAD_REGISTER);
		rig_put(&b, regs[i]);
		rig_put(&b, 0x1000);
		run_guilty(r, &b);
	}
	for (unsigned i = 0; i < 2; i++) {
		struct rig_words b = { .page = 0 };

		rig_put(&b, TP_INTEL_MI_STORE_DWORD | TP_INTEL_MI_GGTT);
		rig_put64(&b, i ? engine->ring_ggtt : engine->slot_ggtt);
		rig_put(&b, ~0u);
		run_guilty(r, &b);
	}
}

/* Never comes; a reset ends who waits for it. */
static void semaphores_that_never_come(void **state)
{
	struct rig *r = *state;
	struct rig_words b = { .page = 0 };

	rig_put(&b, TP_INTEL_MI_SEMAPHORE_WAIT);
	rig_put(&b, 0x7fffffff);
	rig_put64(&b, RIG_DATA_VA);
	run_guilty(r, &b);
}

/* An area larger than its object, and one at the end of all addresses. */
static void areas_beyond(void **state)
{
	static const uint64_t to[] = { TOP - PAGE, UINT64_MAX - 3, UINT64_MAX - PAGE + 1 };
	struct rig *r = *state;

	for (unsigned i = 0; i < TP_ARRAY_SIZE(to); i++) {
		struct rig_words b = { .page = 0 };
		struct tp_fence *fence;

		rig_put(&b, TP_INTEL_MEM_FILL);
		rig_put(&b, 16 * PAGE);
		rig_put64(&b, to[i]);
		rig_put(&b, 0xdeadbeef);
		rig_finish(r, &b);
		fence = rig_submit(r, TP_INTEL_RENDER, 0, 0, true);
		rig_run(r);
		must(tp_intel_reset(r->gpu));
		tp_fence_put(fence);
	}
}

/* A batch that writes over its own commands. */
static void batches_that_eat_themselves(void **state)
{
	struct rig *r = *state;
	struct rig_words b = { .page = 0 };

	rig_store(&b, RIG_BATCH_VA(0) + 16, 0xffffffff);
	rig_put(&b, TP_INTEL_MI_NOOP);
	run_guilty(r, &b);
}

/* ---- two GPUs -------------------------------------------------------------------------------- */

static void what_is_anothers_is_refused(void **state)
{
	struct rig *r = *state;
	struct tp_intel_model *model;
	struct tp_intel *other;
	struct tp_intel_vm *vm;
	struct tp_intel_object *object;
	const struct tp_intel_model_config config = { .name = "gpu1",
						      .platform = TP_INTEL_TGL,
						      .mode = TP_INTEL_MODEL_MANUAL };
	struct tp_intel_config driver = {
		.name = "gpu1", .machine = r->m, .node = TP_NODE_NONE, .platform = TP_INTEL_TGL
	};
	struct tp_intel_use use;
	struct tp_intel_batch batch = { .class = TP_INTEL_RENDER, .uses = &use };

	must(tp_intel_model_create(&config, &model));
	driver.bus = tp_intel_model_bus(model);
	must(tp_intel_create(&driver, &other));
	must(tp_intel_vm_create(other, &vm));
	must(tp_intel_object_create(other, PAGE, TP_BO_SYSTEM, "theirs", &object));
	assert_int_equal(tp_intel_vm_bind(r->vm, object, 0, PAGE, PAGE), -EINVAL);
	assert_int_equal(tp_intel_vm_bind(vm, r->data, 0, PAGE, PAGE), -EINVAL);
	batch.vm = vm;
	assert_int_equal(tp_intel_submit(r->gpu, &batch, NULL), -EINVAL);
	batch.vm = r->vm;
	use.object = object;
	batch.nr_uses = 1;
	assert_int_equal(tp_intel_submit(r->gpu, &batch, NULL), -EINVAL);
	tp_intel_object_put(object);
	tp_intel_vm_put(vm);
	must(tp_intel_destroy(other));
	tp_intel_model_destroy(model);
}

/* ---- no memory ------------------------------------------------------------------------------- */

static int use_all(struct rig *r)
{
	struct tp_intel_object *object;
	struct tp_intel_vm *vm;
	struct tp_fence *fence = NULL;
	struct tp_intel_use use = { .write = true };
	struct tp_intel_batch batch = {
		.class = TP_INTEL_COPY, .start = PAGE, .uses = &use, .nr_uses = 1
	};
	const uint32_t end = TP_INTEL_MI_BATCH_END;
	int err = tp_intel_vm_create(r->gpu, &vm);

	if (err)
		return err;
	err = tp_intel_object_create(r->gpu, 9 * PAGE, TP_BO_VRAM, "o", &object);
	if (err)
		goto put_vm;
	err = tp_intel_vm_bind(vm, object, 0, PAGE, 9 * PAGE);
	if (!err)
		err = tp_intel_object_write(object, 0, &end, 4);
	batch.vm = vm;
	use.object = object;
	if (!err)
		err = tp_intel_submit(r->gpu, &batch, &fence);
	if (!err) {
		rig_run(r);
		rig_expect(fence, 0);
		err = tp_intel_vm_unbind(vm, 3 * PAGE, PAGE);
	}
	tp_intel_object_put(object);
put_vm:
	tp_intel_vm_put(vm);
	return err;
}

/* Each in turn is refused: it is said, and nothing is lost. */
static void every_allocation_fails(void **state)
{
	struct rig *r = *state;
	int err = -ENOMEM;
	unsigned n;

	for (n = 1; err; n++) {
		tp_fault_reset();
		assert_int_equal(tp_fault_arm("core/alloc", n, 1), 0);
		err = use_all(r);
		assert_true(!err || err == -ENOMEM);
		assert_true(n < 100);
	}
	assert_true(n > 4);
	tp_fault_reset();
	must(use_all(r));
}

/* ---- the end --------------------------------------------------------------------------------- */

/* With everything in flight, its engines waiting for each other. */
static void destroyed_in_flight(void **state)
{
	struct rig *r = *state;
	static const enum tp_intel_class classes[] = { TP_INTEL_RENDER, TP_INTEL_COPY,
						       TP_INTEL_VIDEO_DECODE };
	struct tp_fence *fences[TP_ARRAY_SIZE(classes)];

	rig_write(r, 0, 1);
	rig_make_spinner(r, 0, 0);
	for (unsigned i = 0; i < TP_ARRAY_SIZE(classes); i++)
		fences[i] = rig_submit(r, classes[i], 0, 0, true);
	tp_intel_model_run(r->model, 64);
	tp_intel_vm_put(r->vm);
	r->gpu->config.patience.hang_ns = TP_MILLISECONDS(1);
	assert_int_equal(tp_intel_destroy(r->gpu), -EBUSY);
	for (unsigned i = 0; i < TP_ARRAY_SIZE(classes); i++) {
		assert_true(tp_fence_is_signaled(fences[i]));
		assert_true(tp_fence_error(fences[i]));
		tp_fence_put(fences[i]);
	}
	tp_intel_object_put(r->batches);
	tp_intel_object_put(r->data);
	r->vm = NULL;
}

static void a_wedged_one_is_used(void **state)
{
	struct rig *r = *state;
	struct tp_intel_vm *vm;
	const uint32_t word = 1;

	assert_int_equal(tp_fault_arm("gpu/intel-reset", 1, UINT64_MAX), 0);
	assert_int_equal(tp_intel_reset(r->gpu), -EIO);
	for (unsigned i = 0; i < 3; i++) {
		struct tp_fence *fence = NULL;

		assert_int_equal(rig_try_submit(r, TP_INTEL_RENDER, 0, 0, true, &fence), -EIO);
		assert_null(fence);
		assert_int_equal(tp_intel_reset(r->gpu), -EIO);
		must(tp_intel_object_write(r->data, 0, &word, 4));
		must(tp_intel_vm_create(r->gpu, &vm));
		must(tp_intel_vm_bind(vm, r->data, 0, PAGE, PAGE));
		must(tp_intel_vm_unbind(vm, PAGE, PAGE));
		tp_intel_vm_put(vm);
		tp_intel_service(r->gpu);
	}
}

#define ON(make, test) cmocka_unit_test_setup_teardown(test, make, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON(make_dg2, ranges_are_refused),
		ON(make_dg2, sizes_are_refused),
		ON(make_dg2, more_than_there_is),
		ON(make_mtl, batches_stand_where_nothing_may_be),
		ON(make_dg2, batches_may_not_do_what_rings_do),
		ON(make_dg2, semaphores_that_never_come),
		ON(make_dg2, areas_beyond),
		ON(make_dg2, batches_that_eat_themselves),
		ON(make_mtl, what_is_anothers_is_refused),
		ON(make_dg2, every_allocation_fails),
		ON(make_mtl, every_allocation_fails),
		ON(make_dg2, destroyed_in_flight),
		ON(make_mtl, destroyed_in_flight),
		ON(make_dg2, a_wedged_one_is_used),
		ON(make_mtl, a_wedged_one_is_used),
	};

	return cmocka_run_group_tests_name("gpu_intel_hostile", tests, NULL, NULL);
}
