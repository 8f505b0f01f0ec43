/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What drivers of GPUs take alike, memory, name and threads: refused, half taken, given back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>

#include <tidepool/fault.h>

#include "core/alloc.h"
#include "gpu/driver.h"
#include "gpu_dummy.h"
#include "mm_machine.h"

enum { MEMORY = 16 * TP_PAGE_SIZE };

static struct tp_machine *m;
static struct tp_bus_device bus;
static struct tp_bo_device bos;

static int begin(void **state)
{
	(void)state;
	m = make_machine(small_machine(4));
	tp_bus_init(&bus, &(const struct tp_bus_ops){ 0 }, "gpu0");
	bus.memory_size = MEMORY;
	bus.memory = tp_zalloc_aligned(TP_PAGE_SIZE, MEMORY);
	bos = (struct tp_bo_device){ .machine = m, .bus = &bus, .owner.name = "gpu0" };
	return 0;
}

static int end(void **state)
{
	(void)state;
	tp_free(bus.memory);
	end_machine(m);
	return 0;
}

static void names_and_devices_in_use_are_refused(void **state)
{
	struct tp_iommu others;

	(void)state;
	must(tp_gpu_check("gpu0", &bus));
	assert_int_equal(tp_gpu_check("", &bus), -EINVAL);
	must(tp_gpu_check("fifteen letters", &bus));
	assert_int_equal(tp_gpu_check("sixteen letters.", &bus), -EINVAL);
	bus.iommu = &others;
	assert_int_equal(tp_gpu_check("gpu0", &bus), -EBUSY);
}

/* ---- memory ---------------------------------------------------------------------------------- */

static void expect_nothing_taken(void)
{
	assert_null(bus.iommu);
	assert_null(bus.local);
	assert_null(bos.domain);
}

static void whatever_fails_nothing_is_left_of_memory(void **state)
{
	unsigned nth = 0;
	int err;

	(void)state;
	do {
		expect_nothing_taken();
		must(tp_fault_arm("core/alloc", ++nth, 1));
		err = tp_gpu_take_memory(&bos);
		tp_fault_reset();
		assert_true(!err || err == -ENOMEM);
	} while (err);
	assert_true(nth > 6); /* the domain, video memory and the table of objects take some */
	assert_ptr_equal(bus.iommu, tp_dma_iommu(bos.domain));
	assert_non_null(bus.local);
	tp_gpu_give_memory_back(&bos);
	expect_nothing_taken();
	tp_gpu_give_memory_back(&bos);
}

static void a_device_may_have_no_memory_of_its_own(void **state)
{
	(void)state;
	bus.memory_size = 0;
	must(tp_gpu_take_memory(&bos));
	assert_non_null(bus.iommu);
	assert_null(bus.local);
	assert_null(bos.vram);
	tp_gpu_give_memory_back(&bos);
	expect_nothing_taken();
}

/* ---- being seen ------------------------------------------------------------------------------ */

static uint64_t round_of_nothing(void *arg)
{
	(void)arg;
	return TP_WAIT_FOREVER;
}

static void nothing_is_seen_of_a_gpu_without_its_threads(void **state)
{
	struct tp_gpu gpu = { .name = "gpu1", .machine = m, .ops = &gpu_dummy_ops };
	static struct tp_gpu_threads threads;
	char name[TP_GPU_NAME];
	unsigned none = 0;

	(void)state;
	tp_gpu_worker_init(&threads.service, round_of_nothing, NULL);
	tp_gpu_worker_init(&threads.burier, round_of_nothing, NULL);
	for (unsigned nth = 1; nth <= 2; nth++) {
		must(tp_fault_arm("core/thread", nth, 1));
		assert_int_equal(tp_gpu_show(&gpu, &bos, &threads), -EAGAIN);
		tp_fault_reset();
		assert_false(tp_gpu_next(m, &none, name));
		assert_false(threads.service.runs || threads.burier.runs);
	}
	must(tp_gpu_show(&gpu, &bos, &threads));
	assert_true(threads.service.runs && threads.burier.runs);
	tp_gpu_threads_stop(&threads);
	assert_false(threads.service.runs || threads.burier.runs);
	tp_gpu_unregister(&gpu);
}

static void its_objects_know_its_number(void **state)
{
	struct tp_gpu gpus[2] = { { .name = "gpu0", .machine = m, .ops = &gpu_dummy_ops },
				  { .name = "gpu1", .machine = m, .ops = &gpu_dummy_ops } };
	unsigned number;

	(void)state;
	must(tp_gpu_show(&gpus[0], &bos, NULL));
	number = bos.gpu;
	must(tp_gpu_show(&gpus[1], &bos, NULL));
	assert_int_not_equal(bos.gpu, number);
	assert_int_equal(bos.gpu, gpus[1].entry.index);
	tp_gpu_unregister(&gpus[1]);
	tp_gpu_unregister(&gpus[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(names_and_devices_in_use_are_refused, begin, end),
		cmocka_unit_test_setup_teardown(whatever_fails_nothing_is_left_of_memory, begin,
						end),
		cmocka_unit_test_setup_teardown(a_device_may_have_no_memory_of_its_own, begin, end),
		cmocka_unit_test_setup_teardown(nothing_is_seen_of_a_gpu_without_its_threads, begin,
						end),
		cmocka_unit_test_setup_teardown(its_objects_know_its_number, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
