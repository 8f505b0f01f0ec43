/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Objects as users have them: read and written by the CPU, advised about, let go. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <tidepool/fault.h>

#include "gpu_intel_rig.h"

#define PAGE TP_PAGE_SIZE

static struct rig rig;

static int make(void **state)
{
	const struct rig_config config = {
		.platform = TP_INTEL_DG2,
		.model = { .mode = TP_INTEL_MODEL_MANUAL, .invalidate_ns = TP_MICROSECONDS(1) },
		.driver = { .patience = { .hang_ns = TP_MILLISECONDS(2),
					  .reset_ns = TP_MILLISECONDS(1),
					  .idle_ns = TP_MICROSECONDS(10) } },
	};

	*state = &rig;
	rig_make(&rig, &config);
	return 0;
}

static int end_rig(void **state)
{
	tp_fault_reset();
	rig_end(*state);
	return 0;
}

static struct tp_intel_object *make_object(struct rig *r, unsigned pages, enum tp_bo_place place)
{
	struct tp_intel_object *object;

	must(tp_intel_object_create(r->gpu, pages * PAGE, place, "object", &object));
	return object;
}

static void check_content(struct rig *r, enum tp_bo_place place)
{
	struct tp_intel_object *object = make_object(r, 5, place);
	unsigned char out[3 * 4096 + 17], in[sizeof(out)];

	must(tp_intel_object_read(object, PAGE, in, sizeof(in)));
	for (size_t i = 0; i < sizeof(out); i++) {
		assert_int_equal(in[i], 0);
		out[i] = (unsigned char)(i * 7 + i / 4096);
	}
	must(tp_intel_object_write(object, PAGE - 3, out, sizeof(out)));
	must(tp_intel_object_read(object, PAGE - 3, in, sizeof(in)));
	assert_memory_equal(in, out, sizeof(in));
	assert_int_equal(tp_intel_object_bo(object)->place, place);
	tp_intel_object_put(object);
}

static void what_was_written_is_read(void **state)
{
	check_content(*state, TP_BO_SYSTEM);
	check_content(*state, TP_BO_VRAM);
}

static void ranges_are_checked(void **state)
{
	struct rig *r = *state;
	struct tp_intel_object *object;
	char bytes[16];

	assert_int_equal(tp_intel_object_create(r->gpu, 0, TP_BO_SYSTEM, "none", &object), -EINVAL);
	assert_int_equal(tp_intel_object_write(r->data, 4 * PAGE, bytes, 1), -EINVAL);
	assert_int_equal(tp_intel_object_read(r->data, 4 * PAGE - 8, bytes, 9), -EINVAL);
	assert_int_equal(tp_intel_object_read(r->data, UINT64_MAX, bytes, 2), -EINVAL);
	must(tp_intel_object_read(r->data, 4 * PAGE - 8, bytes, 8));
	must(tp_intel_object_read(r->data, 4 * PAGE, bytes, 0));
}

static void creating_fails(void **state)
{
	struct rig *r = *state;
	struct tp_intel_object *object;
	int err = -ENOMEM;

	for (unsigned nth = 1; err; nth++) {
		assert_int_equal(tp_fault_arm("core/alloc", nth, 1), 0);
		err = tp_intel_object_create(r->gpu, PAGE, TP_BO_SYSTEM, "object", &object);
		tp_fault_reset();
		assert_true(err ? err == -ENOMEM : nth > 1);
	}
	tp_intel_object_put(object);
}

/* Nothing is left held: the next one finds it free. */
static void memory_cannot_be_had(void **state)
{
	struct rig *r = *state;
	struct tp_intel_object *object = make_object(r, 1, TP_BO_SYSTEM);
	char byte;

	assert_int_equal(tp_fault_arm("gpu/bo-pages", 1, UINT64_MAX), 0);
	assert_int_equal(tp_intel_object_read(object, 0, &byte, 1), -ENOMEM);
	assert_int_equal(tp_intel_object_write(object, 0, &byte, 1), -ENOMEM);
	tp_fault_reset();
	must(tp_intel_object_read(object, 0, &byte, 1));
	tp_intel_object_put(object);
}

static void work_that_does_not_end_is_not_waited_for(void **state)
{
	struct rig *r = *state;
	struct tp_fence *fence;
	uint32_t word;

	rig_write(r, 0, 1);
	rig_make_spinner(r, 0, 0);
	fence = rig_submit(r, TP_INTEL_RENDER, 0, 0, false);
	tp_intel_model_run(r->model, 64);
	assert_int_equal(tp_intel_object_read(r->data, 0, &word, 4), -ETIME);
	assert_int_equal(tp_intel_object_write(r->data, 0, &word, 4), -ETIME);
	tp_atomic_store(rig_live(r, 0), 0, TP_RELEASE);
	rig_run(r);
	rig_expect(fence, 0);
	assert_int_equal(rig_read(r, 0), 0);
}

static void what_nobody_misses_goes(void **state)
{
	struct rig *r = *state;
	struct tp_intel_object *object = make_object(r, 3, TP_BO_SYSTEM);
	uint32_t word = 5;

	must(tp_intel_object_write(object, 0, &word, 4));
	assert_true(tp_intel_object_madvise(object, true));
	assert_true(tp_intel_object_madvise(object, false));
	assert_int_equal(tp_bo_shrink(&r->gpu->bos, 1), 0);
	assert_true(tp_intel_object_madvise(object, true));
	assert_int_equal(tp_bo_shrink(&r->gpu->bos, 1), 3);
	assert_false(tp_intel_object_madvise(object, false));
	/* it was said: from here on it is an object like any other */
	assert_true(tp_intel_object_madvise(object, false));
	must(tp_intel_object_read(object, 0, &word, 4));
	assert_int_equal(word, 0);
	tp_intel_object_put(object);
}

/* Its last user lets it go while it is bound: the binding keeps it. */
static void a_binding_keeps_it(void **state)
{
	struct rig *r = *state;
	struct tp_intel_object *object = make_object(r, 2, TP_BO_SYSTEM);
	struct tp_bo_stat before, stat;

	tp_bo_device_stat(&r->gpu->bos, &before);
	must(tp_intel_vm_bind(r->vm, object, 0, RIG_DATA_VA + 8 * PAGE, 2 * PAGE));
	tp_intel_object_put(object);
	tp_bo_device_stat(&r->gpu->bos, &stat);
	assert_int_equal(stat.objects, before.objects);
	must(tp_intel_vm_unbind(r->vm, RIG_DATA_VA + 8 * PAGE, 2 * PAGE));
	tp_bo_device_stat(&r->gpu->bos, &stat);
	assert_int_equal(stat.objects, before.objects - 1);
}

#define WITH_RIG(test) cmocka_unit_test_setup_teardown(test, make, end_rig)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_RIG(what_was_written_is_read),
		WITH_RIG(ranges_are_checked),
		WITH_RIG(creating_fails),
		WITH_RIG(memory_cannot_be_had),
		WITH_RIG(work_that_does_not_end_is_not_waited_for),
		WITH_RIG(what_nobody_misses_goes),
		WITH_RIG(a_binding_keeps_it),
	};

	return cmocka_run_group_tests_name("gpu_intel_gem", tests, NULL, NULL);
}
