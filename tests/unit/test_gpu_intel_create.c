/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A GPU is taken, shown and let go: with each step failing, in use, with work under way. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "gpu_intel_rig.h"

static const struct rig_config manual = {
	.platform = TP_INTEL_MTL, /* it has firmware, and two of everything */
	.model = { .mode = TP_INTEL_MODEL_MANUAL },
	.driver = { .patience = { .hang_ns = TP_MILLISECONDS(2) } },
};

static struct rig rig;

static int make_device(void **state)
{
	*state = &rig;
	rig_make_device(&rig, &manual);
	return 0;
}

static int end_device(void **state)
{
	rig_end_device(*state);
	return 0;
}

/* ---- creating -------------------------------------------------------------------------------- */

static void what_is_wrong_is_refused(void **state)
{
	struct rig *r = *state;
	struct tp_intel_config config = { .name = "", .machine = r->m, .platform = TP_INTEL_MTL };
	struct tp_intel *gpu;

	config.bus = tp_intel_model_bus(r->model);
	assert_int_equal(tp_intel_create(&config, &gpu), -EINVAL);
	config.name = "a name that is too long";
	assert_int_equal(tp_intel_create(&config, &gpu), -EINVAL);
	config.name = "gpu1";
	config.platform = TP_INTEL_NR_PLATFORMS;
	assert_int_equal(tp_intel_create(&config, &gpu), -ENODEV);
	must(rig_try_driver(r, &manual));
	config.platform = TP_INTEL_MTL;
	assert_int_equal(tp_intel_create(&config, &gpu), -EBUSY);
	must(tp_intel_destroy(r->gpu));
	assert_null(config.bus->iommu);
}

static void names_are_taken_once(void **state)
{
	struct rig *r = *state, other = { .m = r->m };
	const struct tp_intel_model_config model = { .name = "gpu1",
						     .platform = TP_INTEL_MTL,
						     .mode = TP_INTEL_MODEL_MANUAL };

	must(tp_intel_model_create(&model, &other.model));
	must(rig_try_driver(r, &manual));
	assert_int_equal(rig_try_driver(&other, &manual), -EEXIST);
	must(tp_intel_destroy(r->gpu));
	tp_intel_model_destroy(other.model);
}

static uint32_t read_nothing(tp_unused struct tp_bus_device *bus, tp_unused uint32_t offset)
{
	return ~0u;
}

static void write_nothing(tp_unused struct tp_bus_device *bus, tp_unused uint32_t offset,
			  tp_unused uint32_t value)
{
}

static void reset_nothing(tp_unused struct tp_bus_device *bus)
{
}

static void a_device_that_is_gone_is_no_gpu(void **state)
{
	static const struct tp_bus_ops gone = { .read = read_nothing,
						.write = write_nothing,
						.reset = reset_nothing };
	struct rig *r = *state;
	struct tp_bus_device *bus = tp_intel_model_bus(r->model);
	const struct tp_bus_ops *ops = bus->ops;

	bus->ops = &gone;
	assert_int_equal(rig_try_driver(r, &manual), -EIO);
	bus->ops = ops;
	assert_null(bus->iommu);
}

static bool is_expected(int err)
{
	return err == -ENOMEM || err == -ENOSPC || err == -EAGAIN || err == -EIO;
}

/* Whatever step fails, nothing of it is left, and then it can be done. */
static void nothing_is_left_of_what_failed(void **state)
{
	static const char *const sites[] = { "core/alloc",     "core/iommu-leaf", "dma/coherent",
					     "gpu/intel-ggtt", "gpu/intel-wake",  "core/thread" };
	struct rig_config config = manual;
	struct rig *r = *state;

	config.driver.service = true;
	for (unsigned i = 0; i < TP_ARRAY_SIZE(sites); i++) {
		unsigned nth = 0;
		int err;

		do {
			must(tp_fault_arm(sites[i], ++nth, 1));
			err = rig_try_driver(r, &config);
			tp_fault_reset();
			assert_true(!err || is_expected(err));
			assert_true(err || nth > 1);
			if (err)
				assert_int_equal(rig_power(r), 0);
		} while (err);
		must(tp_intel_destroy(r->gpu));
	}
}

/* ---- letting go ------------------------------------------------------------------------------ */

static void what_is_in_use_stays(void **state)
{
	struct rig *r = *state;
	struct tp_fence *fence;

	must(rig_try_driver(r, &manual));
	rig_make_objects(r);
	assert_int_equal(tp_intel_destroy(r->gpu), -EBUSY);
	tp_intel_vm_put(r->vm);
	assert_int_equal(tp_intel_destroy(r->gpu), -EBUSY);
	must(tp_intel_vm_create(r->gpu, &r->vm));
	must(tp_intel_vm_bind(r->vm, r->batches, 0, RIG_BATCH_VA(0), TP_PAGE_SIZE));
	must(tp_intel_vm_bind(r->vm, r->data, 0, RIG_DATA_VA, TP_PAGE_SIZE));
	rig_make_store(r, 0, 0, 1);
	fence = rig_submit(r, TP_INTEL_RENDER, 0, 0, true);
	rig_run(r);
	rig_expect(fence, 0);
	rig_put_objects(r);
	must(tp_intel_destroy(r->gpu));
}

/* Without a thread it is in use all the same, and another call tries again. */
static void who_stays_needs_his_threads(void **state)
{
	struct rig_config config = manual;
	struct rig *r = *state;

	config.driver.service = true;
	must(rig_try_driver(r, &config));
	rig_make_objects(r);
	for (unsigned nth = 1; nth <= 2; nth++) {
		must(tp_fault_arm("core/thread", nth, 1));
		assert_int_equal(tp_intel_destroy(r->gpu), -EAGAIN);
		tp_fault_reset();
	}
	assert_int_equal(tp_intel_destroy(r->gpu), -EBUSY);
	rig_put_objects(r);
	must(tp_intel_destroy(r->gpu));
}

/* Nobody has the address space and the objects any more but the work, which does not end. */
static void work_under_way_is_ended_first(void **state)
{
	struct rig *r = *state;
	struct tp_fence *fence;

	must(rig_try_driver(r, &manual));
	rig_make_objects(r);
	rig_make_spinner(r, 0, 0);
	rig_write(r, 0, 1);
	fence = rig_submit(r, TP_INTEL_VIDEO_ENHANCE, 0, 0, true);
	assert_true(tp_intel_model_run(r->model, 10));
	rig_put_objects(r);
	assert_false(tp_fence_is_signaled(fence));
	must(tp_intel_destroy(r->gpu));
	assert_int_equal(tp_fence_error(fence), -ECANCELED);
	tp_fence_put(fence);
}

static void a_wedged_gpu_is_let_go(void **state)
{
	struct rig *r = *state;

	must(rig_try_driver(r, &manual));
	rig_make_objects(r);
	rig_make_spinner(r, 0, 0);
	rig_write(r, 0, 1);
	tp_fence_put(rig_submit(r, TP_INTEL_RENDER, 0, 0, true));
	must(tp_fault_arm("gpu/intel-reset", 1, 1));
	assert_int_equal(tp_intel_reset(r->gpu), -EIO);
	tp_fault_reset();
	rig_put_objects(r);
	must(tp_intel_destroy(r->gpu));
}

/* ---- as views see it ------------------------------------------------------------------------- */

static void it_is_shown_as_it_is(void **state)
{
	struct rig *r = *state;
	struct tp_gpu_info info;
	struct tp_gpu_stats stats;
	struct tp_fence *fence;

	must(rig_try_driver(r, &manual));
	rig_make_objects(r);
	rig_make_store(r, 0, 0, 1);
	fence = rig_submit(r, TP_INTEL_COPY, 0, 0, true);
	must(tp_gpu_info(r->m, "gpu0", &info));
	assert_string_equal(info.name, "gpu0");
	assert_string_equal(info.driver, "intel");
	assert_string_equal(info.platform, "mtl");
	assert_int_equal(info.state, TP_GPU_RUNNING);
	assert_int_equal(info.nr_gts, 2);
	assert_int_equal(info.nr_engines, 7);
	assert_string_equal(info.engines[1].name, "bcs0");
	assert_true(info.engines[1].awake);
	assert_false(info.engines[0].awake);
	assert_int_equal(info.engines[1].submitted, 1);
	assert_int_equal(info.engines[1].completed, 0);
	assert_int_equal(info.engines[6].gt, 1);
	assert_int_equal(info.vms, 1);
	assert_int_equal(info.objects, 2);
	assert_int_equal(info.bound, 2);
	assert_true(info.system_bytes >= (RIG_BATCHES + 4) * TP_PAGE_SIZE);
	assert_int_equal(info.vram_total, 0);
	must(tp_gpu_reset(r->m, "gpu0"));
	rig_expect(fence, -ECANCELED);
	must(tp_gpu_info(r->m, "gpu0", &info));
	assert_int_equal(info.engines[1].failed, 1);
	must(tp_gpu_stats(r->m, "gpu0", &stats));
	assert_int_equal(stats.nr_gts, 2);
	assert_int_equal(stats.resets, 2);
	assert_int_equal(stats.resets_failed, 0);
	assert_int_equal(stats.faults, 0);
	must(tp_fault_arm("gpu/intel-reset", 1, 1));
	assert_int_equal(tp_gpu_reset(r->m, "gpu0"), -EIO);
	tp_fault_reset();
	must(tp_gpu_info(r->m, "gpu0", &info));
	assert_int_equal(info.state, TP_GPU_WEDGED);
	must(tp_gpu_stats(r->m, "gpu0", &stats));
	assert_int_equal(stats.resets_failed, 1);
	rig_put_objects(r);
	must(tp_intel_destroy(r->gpu));
	assert_int_equal(tp_gpu_info(r->m, "gpu0", &info), -ENODEV);
}

/* ---- the threads ----------------------------------------------------------------------------- */

static bool everybody_sleeps(struct tp_intel *gpu)
{
	bool sleeps = true;

	tp_intel_for_each_engine(engine, gpu) sleeps &= !tp_atomic_load(&engine->awake, TP_ACQUIRE);
	return sleeps;
}

/* The service retires, parks and takes apart without being asked by anybody but the device. */
static void the_service_does_it_alone(void **state)
{
	struct rig *r = *state;
	struct rig_config config = manual;
	struct tp_fence *fence;

	config.driver.service = true;
	config.driver.patience.park_ns = TP_MICROSECONDS(100);
	config.driver.patience.hang_ns = TP_SECONDS(1000); /* however late this thread runs it */
	must(rig_try_driver(r, &config));
	rig_make_objects(r);
	rig_make_store(r, 0, 0, 1);
	fence = rig_submit(r, TP_INTEL_RENDER, 0, 0, true);
	rig_put_objects(r); /* the request has the last references */
	while (tp_intel_model_run(r->model, 64))
		;
	rig_expect(fence, 0);
	while (!everybody_sleeps(r->gpu) || tp_atomic_load(&r->gpu->nr_vms, TP_ACQUIRE))
		tp_sleep_ns(TP_MICROSECONDS(100));
	must(tp_intel_destroy(r->gpu));
}

/* And it finds what hangs, whoever waits for it: here an unbind of its object. */
static void the_service_ends_what_hangs(void **state)
{
	struct rig *r = *state;
	struct rig_config config = manual;

	config.driver.service = true;
	must(rig_try_driver(r, &config));
	rig_make_objects(r);
	rig_make_store(r, 0, 0, 1);
	tp_intel_model_hang(r->model, 0);
	rig_wait(rig_submit(r, TP_INTEL_RENDER, 0, 0, true), -EIO);
	tp_intel_model_hang(r->model, 0);
	tp_fence_put(rig_submit(r, TP_INTEL_RENDER, 0, 0, true));
	rig_put_objects(r);
	must(tp_intel_destroy(r->gpu));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define DEVICE(test) cmocka_unit_test_setup_teardown(test, make_device, end_device)
		DEVICE(what_is_wrong_is_refused),
		DEVICE(names_are_taken_once),
		DEVICE(a_device_that_is_gone_is_no_gpu),
		DEVICE(nothing_is_left_of_what_failed),
		DEVICE(what_is_in_use_stays),
		DEVICE(who_stays_needs_his_threads),
		DEVICE(work_under_way_is_ended_first),
		DEVICE(a_wedged_gpu_is_let_go),
		DEVICE(it_is_shown_as_it_is),
		DEVICE(the_service_does_it_alone),
		DEVICE(the_service_ends_what_hangs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
