/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_gpu_amd_info - what a driver says of its memory is what happened to its objects; those that
 * are pinned stay where they are, and a driver that is in use is not destroyed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "gpu_amd_rig.h"

enum { PAGES = 4 };

static struct rig rig;
static struct tp_amd_object *object; /* in video memory, if it can be had */

static int make(void **state)
{
	static const char content[PAGES * TP_PAGE_SIZE] = "content";

	(void)state;
	rig_make_driver(&rig, &(struct rig_config){ 0 });
	must(tp_amd_object_create(rig.gpu, sizeof(content), TP_BO_VRAM, NULL, "object", &object));
	must(tp_amd_object_write(object, 0, content, sizeof(content)));
	return 0;
}

static int unmake(void **state)
{
	(void)state;
	tp_amd_object_put(object);
	rig_end(&rig);
	return 0;
}

static struct tp_gpu_stats stats_of(void)
{
	struct tp_gpu_stats stats;

	must(tp_gpu_stats(rig.m, "gpu0", &stats));
	return stats;
}

static struct tp_gpu_info info_of(void)
{
	struct tp_gpu_info info;

	must(tp_gpu_info(rig.m, "gpu0", &info));
	return info;
}

static enum tp_bo_place place_of(void)
{
	return tp_amd_object_bo(object)->place;
}

static void what_leaves_the_devices_reach_is_counted(void **state)
{
	(void)state;
	assert_int_equal(stats_of().swapped, 0);
	must(tp_amd_object_swap_out(object));
	assert_int_equal(stats_of().swapped, PAGES);
	must(tp_amd_object_swap_out(object)); /* it is out already */
	assert_int_equal(stats_of().swapped, PAGES);
}

static void what_leaves_video_memory_is_counted(void **state)
{
	const struct tp_gpu_info before = info_of();

	(void)state;
	assert_int_equal(before.objects, 1);
	assert_int_equal(before.vram_total, TP_MIB(16));
	must(tp_amd_object_evict(object));
	assert_int_equal(stats_of().evictions, 1);
	assert_int_equal(info_of().vram_bytes, before.vram_bytes - PAGES * TP_PAGE_SIZE);
	assert_int_equal(info_of().system_bytes, before.system_bytes + PAGES * TP_PAGE_SIZE);
}

static void what_is_pinned_stays(void **state)
{
	(void)state;
	must(tp_amd_object_pin(object));
	must(tp_amd_object_pin(object));
	assert_int_equal(tp_amd_object_evict(object), -EBUSY);
	tp_amd_object_unpin(object);
	assert_int_equal(tp_amd_object_swap_out(object), -EBUSY);
	assert_int_equal(place_of(), TP_BO_VRAM);
	tp_amd_object_unpin(object);
	must(tp_amd_object_evict(object));
	assert_int_equal(place_of(), TP_BO_SYSTEM);
}

static void expect_refused(const char *why)
{
	char text[128];

	assert_int_equal(tp_amd_destroy(rig.gpu), -EBUSY);
	tp_error_format(tp_last_error(), text, sizeof(text));
	assert_non_null(strstr(text, why));
}

static void one_in_use_is_not_destroyed(void **state)
{
	struct tp_amd_vm *vm;

	(void)state;
	expect_refused("0 address spaces, 0 contexts and 1 objects");
	must(tp_amd_vm_create(rig.gpu, NULL, &vm));
	expect_refused("1 address spaces, 0 contexts and 1 objects"); /* tables are none */
	tp_amd_vm_put(vm);
	assert_int_equal(info_of().vms, 0);
}

#define EACH(test) cmocka_unit_test_setup_teardown(test, make, unmake)

int main(void)
{
	const struct CMUnitTest tests[] = {
		EACH(what_leaves_the_devices_reach_is_counted),
		EACH(what_leaves_video_memory_is_counted),
		EACH(what_is_pinned_stays),
		EACH(one_in_use_is_not_destroyed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
