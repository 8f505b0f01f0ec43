/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* AMD's GPU is taken, served and let go: with each step failing, in use, with work under way. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <tidepool/fault.h>

#include "gpu_amd_rig.h"

static const struct rig_config usual = {
	.blocks = TP_CONST_MAX(4, 1024 / (2 * TP_PAGEBLOCK_PAGES)),
	.model = { .memory = TP_MIB(2) },
	.driver = { .patience = { .hang_ns = TP_MILLISECONDS(20) } },
};

static struct rig rig;

static struct rig_config served(void)
{
	struct rig_config config = usual;

	config.driver.service = true;
	return config;
}

static int make_device(void **state)
{
	*state = &rig;
	rig_make_device(&rig, &usual);
	return 0;
}

static int make_function(void **state)
{
	struct rig_config config = usual;

	*state = &rig;
	config.model.virtual_function = true;
	rig_make_device(&rig, &config);
	return 0;
}

static int end_device(void **state)
{
	tp_fault_reset();
	rig_end_device(*state);
	return 0;
}

/* ---- creating -------------------------------------------------------------------------------- */

/* Or what has much would never be done with losing it. */
static void memory_makes_resets_longer(void **state)
{
	struct rig *r = *state;

	must(rig_try_driver(r, &usual));
	assert_int_equal(r->gpu->config.patience.reset_ns, TP_MILLISECONDS(500 + 2 * 10));
	must(tp_amd_destroy(r->gpu));
}

static void what_is_wrong_is_refused(void **state)
{
	struct rig *r = *state;
	struct tp_bus_device *bus = tp_amd_model_bus(r->model);
	struct tp_amd_config config = { .name = "", .machine = r->m, .bus = bus };
	const uint64_t memory = bus->memory_size;
	struct tp_amd *gpu;

	assert_int_equal(tp_amd_create(&config, &gpu), -EINVAL);
	config.name = "a name that is too long";
	assert_int_equal(tp_amd_create(&config, &gpu), -EINVAL);
	config.name = "gpu1";
	bus->memory_size = 0;
	assert_int_equal(tp_amd_create(&config, &gpu), -EINVAL);
	bus->memory_size = memory;
	must(rig_try_driver(r, &usual));
	assert_int_equal(tp_amd_create(&config, &gpu), -EBUSY);
	must(tp_amd_destroy(r->gpu));
	assert_null(bus->iommu);
}

static void names_are_taken_once(void **state)
{
	struct rig *r = *state, other = { .m = r->m };
	struct tp_amd_model_config model = usual.model;

	model.name = "gpu1";
	must(tp_amd_model_create(&model, &other.model));
	must(rig_try_driver(r, &usual));
	assert_int_equal(rig_try_driver(&other, &usual), -EEXIST);
	must(tp_amd_destroy(r->gpu));
	tp_amd_model_destroy(other.model);
}

static uint32_t read_nothing(tp_unused struct tp_bus_device *bus, tp_unused uint32_t offset)
{
	return ~0u;
}

static void a_device_that_is_gone_is_no_gpu(void **state)
{
	struct rig *r = *state;
	struct tp_bus_device *bus = tp_amd_model_bus(r->model);
	const struct tp_bus_ops *ops = bus->ops;
	struct tp_bus_ops gone = *ops;

	gone.read = read_nothing;
	bus->ops = &gone;
	assert_int_equal(rig_try_driver(r, &usual), -EIO);
	bus->ops = ops;
	assert_null(bus->iommu);
	must(rig_try_driver(r, &usual));
	must(tp_amd_destroy(r->gpu));
}

static bool is_expected(int err)
{
	return err == -ENOMEM || err == -ENOSPC || err == -EAGAIN || err == -ETIME;
}

/* The @nth hit of @site; what is left of what failed is nothing. */
static int create_without(struct rig *r, const struct rig_config *config, const char *site,
			  unsigned nth)
{
	struct tp_bus_device *bus = tp_amd_model_bus(r->model);
	int err;

	must(tp_fault_arm(site, nth, 1));
	err = rig_try_driver(r, config);
	tp_fault_reset();
	assert_true(!err || is_expected(err));
	assert_true(err || nth > 1); /* there is such a step */
	if (err) {
		assert_int_equal(tp_atomic_load(&bus->power, TP_RELAXED), 0);
		assert_null(bus->iommu);
		assert_null(bus->local);
	}
	return err;
}

static void create_with_each_failing(struct rig *r, bool virtual_function, const char *const *sites,
				     unsigned n)
{
	struct rig_config config = served();

	config.model.virtual_function = virtual_function;
	for (unsigned i = 0; i < n; i++) {
		unsigned nth = 1;

		while (create_without(r, &config, sites[i], nth))
			nth++;
		must(tp_amd_destroy(r->gpu));
	}
}

static void nothing_is_left_of_what_failed(void **state)
{
	static const char *const sites[] = { "core/alloc",   "core/iommu-leaf", "dma/coherent",
					     "gpu/amd-gart", "gpu/vram",	"core/thread" };

	create_with_each_failing(*state, false, sites, TP_ARRAY_SIZE(sites));
}

static void nor_of_a_virtual_function_without_a_host(void **state)
{
	static const char *const sites[] = { "gpu/amd-mailbox", "gpu/vram" };

	create_with_each_failing(*state, true, sites, TP_ARRAY_SIZE(sites));
}

/* ---- letting go ------------------------------------------------------------------------------ */

static void expect_store(struct rig *r, uint32_t value)
{
	rig_wait(r, rig_submit_store(r, TP_AMD_RING_GFX, 0, 0, value), 0);
	assert_int_equal(rig_read(r, 0), value);
}

static void what_is_in_use_stays_and_goes_on(void **state)
{
	const struct rig_config config = served();
	struct rig *r = *state;

	must(rig_try_driver(r, &config));
	rig_make_objects(r);
	assert_int_equal(tp_amd_destroy(r->gpu), -EBUSY);
	expect_store(r, 1);
	/* No thread for the service: it is there all the same, and the next call tries again. */
	for (unsigned nth = 1; nth <= 2; nth++) {
		must(tp_fault_arm("core/thread", nth, 1));
		assert_int_equal(tp_amd_destroy(r->gpu), -EAGAIN);
		tp_fault_reset();
		expect_store(r, 1 + nth);
	}
	assert_int_equal(tp_amd_destroy(r->gpu), -EBUSY);
	expect_store(r, 4);
	rig_put_objects(r);
	must(tp_amd_destroy(r->gpu));
}

/* Nobody has the address space and the objects any more but the work, which does not end; and what
 * waits for it, which goes on after the reset. */
static void destroy_busy(struct rig *r, const struct rig_config *config)
{
	struct rig_words words[2] = { { .page = 0 }, { .page = 1 } };
	struct tp_fence *hung, *waiting;

	must(rig_try_driver(r, config));
	rig_make_objects(r);
	for (unsigned i = 0; i < 2; i++) {
		rig_store(&words[i], RIG_DATA_VA, i);
		rig_finish(r, &words[i]);
	}
	tp_amd_model_hang(r->model, TP_AMD_RING_GFX, false);
	hung = rig_submit(r, TP_AMD_RING_GFX, &words[0], true);
	waiting = rig_submit(r, TP_AMD_RING_SDMA1, &words[1], true); /* both write data */
	rig_put_objects(r);
	must(tp_amd_destroy(r->gpu));
	/* Their timelines went with the GPU; what still runs then has an error. */
	assert_int_not_equal(tp_fence_error(hung), 0); /* whoever came first */
	assert_int_equal(tp_fence_error(waiting), 0);
	tp_fence_put(hung);
	tp_fence_put(waiting);
}

static void work_under_way_is_ended_first(void **state)
{
	destroy_busy(*state, &usual);
}

static void so_it_is_with_a_service(void **state)
{
	const struct rig_config config = served();

	destroy_busy(*state, &config);
}

static void a_wedged_gpu_is_let_go(void **state)
{
	struct rig *r = *state;
	struct tp_fence *fence;

	must(rig_try_driver(r, &usual));
	rig_make_objects(r);
	tp_amd_model_hang(r->model, TP_AMD_RING_GFX, false);
	fence = rig_submit_store(r, TP_AMD_RING_GFX, 0, 0, 1);
	must(tp_fault_arm("gpu/amd-reset", 1, 100));
	assert_int_equal(tp_amd_reset(r->gpu, TP_AMD_RESET_AUTO), -EIO);
	tp_fault_reset();
	rig_expect(fence, -ECANCELED);
	rig_put_objects(r);
	must(tp_amd_destroy(r->gpu));
}

/* ---- the threads ----------------------------------------------------------------------------- */

/* By nobody but the service: nobody asks for anything meanwhile. */
static void wait_until_gone(struct rig *r)
{
	while (tp_atomic_load(&r->gpu->nr_vms, TP_ACQUIRE) ||
	       tp_atomic_load(&r->gpu->nr_objects, TP_ACQUIRE))
		tp_sleep_ns(TP_MICROSECONDS(100));
}

/* It is retired, and what it had is given back, which takes an address space apart. */
static void the_service_retires_and_buries_alone(void **state)
{
	const struct rig_config config = served();
	struct rig *r = *state;
	struct tp_fence *fence;

	must(rig_try_driver(r, &config));
	rig_make_objects(r);
	fence = rig_submit_store(r, TP_AMD_RING_GFX, 0, 0, 1);
	rig_put_objects(r); /* the job has the last references */
	wait_until_gone(r);
	rig_expect(fence, 0);
	must(tp_amd_destroy(r->gpu));
}

static void so_it_does_with_what_hangs(void **state)
{
	const struct rig_config config = served();
	struct rig *r = *state;
	struct tp_fence *fence;

	must(rig_try_driver(r, &config));
	rig_make_objects(r);
	tp_amd_model_hang(r->model, TP_AMD_RING_GFX, false);
	fence = rig_submit_store(r, TP_AMD_RING_GFX, 0, 0, 1);
	rig_put_objects(r);
	wait_until_gone(r);
	rig_expect(fence, -ETIME);
	while (!tp_quiet_load(&r->gpu->resets_ok)) /* it may be gone before that has ended */
		tp_sleep_ns(TP_MICROSECONDS(100));
	must(tp_amd_destroy(r->gpu));
}

/* Without a service its user does both, a round at a time. */
static void a_round_buries_where_there_are_no_threads(void **state)
{
	struct rig *r = *state;
	struct tp_fence *fence;

	must(rig_try_driver(r, &usual));
	rig_make_objects(r);
	fence = rig_submit_store(r, TP_AMD_RING_GFX, 0, 0, 1);
	rig_put_objects(r);
	while (!tp_fence_is_signaled(fence))
		tp_sleep_ns(TP_MICROSECONDS(100));
	assert_int_equal(tp_atomic_load(&r->gpu->nr_vms, TP_ACQUIRE), 1);
	tp_amd_service(r->gpu);
	assert_int_equal(tp_atomic_load(&r->gpu->nr_vms, TP_ACQUIRE), 0);
	rig_expect(fence, 0);
	must(tp_amd_destroy(r->gpu));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define DEVICE(test) cmocka_unit_test_setup_teardown(test, make_device, end_device)
		DEVICE(memory_makes_resets_longer),
		DEVICE(what_is_wrong_is_refused),
		DEVICE(names_are_taken_once),
		DEVICE(a_device_that_is_gone_is_no_gpu),
		DEVICE(nothing_is_left_of_what_failed),
		cmocka_unit_test_setup_teardown(nor_of_a_virtual_function_without_a_host,
						make_function, end_device),
		DEVICE(what_is_in_use_stays_and_goes_on),
		DEVICE(work_under_way_is_ended_first),
		DEVICE(so_it_is_with_a_service),
		DEVICE(a_wedged_gpu_is_let_go),
		DEVICE(the_service_retires_and_buries_alone),
		DEVICE(so_it_does_with_what_hangs),
		DEVICE(a_round_buries_where_there_are_no_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
