/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_view_gpu - GPUs as i915's files, in sysfs and in debugfs, and what tidepool/gpu has. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>

#include "gpu_dummy.h"
#include "view_machine.h"

#define CLASS "sys/class/drm/"
#define CARD  "sys/devices/virtual/drm/card0/"
#define DEBUG "sys/kernel/debug/dri/0/"
#define OWN   "tidepool/gpu/gpu0/"

static struct tp_machine *m;
static struct gpu_dummy gpu;

static int begin(void **state)
{
	int err = setup_view(state);

	m = *state;
	gpu_dummy_add(&gpu, m, "gpu0");
	return err;
}

static int end(void **state)
{
	tp_gpu_unregister(&gpu.gpu);
	return teardown_view(state);
}

/* ---- names ----------------------------------------------------------------------------------- */

static void the_class_has_a_link_to_each_card(tp_unused void **state)
{
	struct gpu_dummy other;

	gpu_dummy_add(&other, m, "b.1");
	assert_string_equal(listed(CLASS), " card0 card1");
	assert_string_equal(listed("sys/devices/virtual/drm"), " card0 card1");
	assert_string_equal(listed("sys/kernel/debug/dri"), " 0 1");
	assert_string_equal(listed("tidepool/gpu"), " gpu0 b.1");
	expect_shown(CLASS "card1", "../../devices/virtual/drm/card1");
	expect_shown(CARD "subsystem", "../../../../class/drm");
	expect_shown("tidepool/gpu/b.1/card", "card1\n");
	tp_gpu_unregister(&other.gpu);
	assert_string_equal(listed(CLASS), " card0");
}

static void a_machine_without_gpus_has_no_cards(tp_unused void **state)
{
	tp_gpu_unregister(&gpu.gpu);
	assert_string_equal(listed(CLASS), "");
	assert_string_equal(listed("sys/kernel/debug/dri"), "");
	assert_string_equal(listed("tidepool/gpu"), "");
	gpu_dummy_add(&gpu, m, "gpu0");
}

static void a_name_nobody_has_is_not_there(tp_unused void **state)
{
	static const char *const paths[] = {
		CLASS "card1",
		CLASS "card00",
		CLASS "card",
		CLASS "card4294967295",
		CARD "gt/gt2",
		CARD "engine/rcs1",
		CARD "engine/gsc0", /* Linux hides it too */
		DEBUG "gt2/stats",
		"sys/kernel/debug/dri/1/name",
		"tidepool/gpu/gpu1/stats",
		"tidepool/gpu/%s",
	};

	for (unsigned i = 0; i < TP_ARRAY_SIZE(paths); i++)
		if (is_there(paths[i]))
			fail_msg("%s is there", paths[i]);
}

/* Somebody holds files open while the GPU goes; the next of that name is another card. */
static void files_of_a_gpu_that_went_are_gone(tp_unused void **state)
{
	tp_view_ino wedged = ino_at(DEBUG "i915_wedged"), stats = ino_at(DEBUG "gt0/stats");
	tp_view_ino dir = ino_at(CARD), class = ino_at(CLASS "card0");
	struct tp_text text = { 0 };
	char target[TP_VIEW_NAME];
	struct tp_view_stat stat;

	tp_gpu_unregister(&gpu.gpu);
	for (unsigned again = 0; again < 2; again++) {
		assert_int_equal(tp_view_show(view, stats, &text, NULL), -ENOENT);
		assert_int_equal(tp_view_store(view, wedged, "1", 1, NULL), -ENOENT);
		assert_int_equal(tp_view_readlink(view, class, target), -ENOENT);
		assert_int_equal(tp_view_stat(view, dir, &stat), -ENOENT);
		if (!again)
			gpu_dummy_add(&gpu, m, "gpu0");
	}
	assert_int_equal(gpu.resets, 0);
	assert_string_equal(listed(CLASS), " card1");
	expect_shown(OWN "card", "card1\n");
	tp_text_fini(&text);
}

/* Looked up while it had them. */
static void engines_and_gts_that_went_are_gone(tp_unused void **state)
{
	tp_view_ino name = ino_at(CARD "engine/vecs0/name"), id = ino_at(CARD "gt/gt1/id");
	struct tp_text text = { 0 };

	gpu.info.nr_engines = 3;
	gpu.info.nr_gts = 1;
	assert_int_equal(tp_view_show(view, name, &text, NULL), -ENOENT);
	assert_int_equal(tp_view_show(view, id, &text, NULL), -ENOENT);
	assert_string_equal(listed(CARD "engine"), " rcs0 bcs0 vcs2");
	gpu.info.nr_gts = 2;
	gpu.stats.nr_gts = 1;
	assert_int_equal(show_error(DEBUG "gt1/stats"), -ENOENT);
	assert_int_equal(show_error(DEBUG "gt1/tlb_inval_latency"), -ENOENT);
}

/* ---- sysfs ----------------------------------------------------------------------------------- */

static void a_card_is_what_its_device_is(tp_unused void **state)
{
	assert_string_equal(listed(CARD), " dev device engine gt subsystem uevent");
	expect_shown(CARD "dev", "226:0\n");
	expect_shown(CARD "uevent", "MAJOR=226\nMINOR=0\nDEVNAME=dri/card0\nDEVTYPE=drm_minor\n");
	expect_shown(CARD "device/vendor", "0x8086\n");
	expect_shown(CARD "device/device", "0x7d55\n");
	expect_shown(CARD "device/class", "0x030000\n");
	expect_shown(CARD "device/uevent", "DRIVER=dummy\nPCI_CLASS=30000\nPCI_ID=8086:7D55\n");
	expect_shown(CARD "device/mem_info_vram_total", "16777216\n");
	expect_shown(CARD "device/mem_info_vram_used", "1048576\n");
	expect_shown(CARD "device/mem_info_gtt_used", "12582912\n");
}

static void engines_have_linux_s_classes(tp_unused void **state)
{
	static const char *const names[] = { "rcs0", "bcs0", "vcs2", "vecs0", "ccs3" };
	static const char *const classes[] = { "0\n", "1\n", "2\n", "3\n", "4\n" };
	static const char *const instances[] = { "0\n", "0\n", "2\n", "0\n", "3\n" };
	char path[128], name[16];

	assert_string_equal(listed(CARD "engine"), " rcs0 bcs0 vcs2 vecs0 ccs3");
	for (unsigned i = 0; i < TP_ARRAY_SIZE(names); i++) {
		snprintf(path, sizeof(path), CARD "engine/%s/class", names[i]);
		expect_shown(path, classes[i]);
		snprintf(path, sizeof(path), CARD "engine/%s/instance", names[i]);
		expect_shown(path, instances[i]);
		snprintf(path, sizeof(path), CARD "engine/%s/name", names[i]);
		snprintf(name, sizeof(name), "%s\n", names[i]);
		expect_shown(path, name);
	}
}

static void there_is_a_directory_for_each_gt(tp_unused void **state)
{
	assert_string_equal(listed(CARD "gt"), " gt0 gt1");
	expect_shown(CARD "gt/gt1/id", "1\n");
	assert_string_equal(listed(DEBUG), " gt0 gt1 i915_engine_info i915_gem_objects"
					   " i915_wedged name");
	gpu.info.nr_gts = 1;
	assert_string_equal(listed(CARD "gt"), " gt0");
}

static void expect_begins(const char *text, const char *begin)
{
	if (strncmp(text, begin, strlen(begin)))
		fail_msg("'%s' does not begin with '%s'", text, begin);
}

/* ---- debugfs --------------------------------------------------------------------------------- */

static void translation_caches_have_a_line_for_each_counter(tp_unused void **state)
{
	expect_shown(DEBUG "gt0/stats", "tlb_inval_requested: 100\ntlb_inval_elided: 60\n"
					"tlb_inval_asleep: 10\ntlb_inval_full: 25\n"
					"tlb_inval_range: 5\ntlb_inval_timeouts: 3\n");
	expect_begins(shown(DEBUG "gt1/stats"), "tlb_inval_requested: 18446744073709551615\n");
	expect_begins(shown(DEBUG "gt0/tlb_inval_latency"), "1 0\n2 0\n4 0\n8 0\n");
	assert_non_null(strstr(shown(DEBUG "gt0/tlb_inval_latency"), "\n64 20\n128 0\n"));
	assert_non_null(strstr(shown(DEBUG "gt0/tlb_inval_latency"), "\n16384 0\ninf 1\n"));
}

static void engines_are_told_of_all_and_of_each_gt(tp_unused void **state)
{
	const char *text = shown(DEBUG "i915_engine_info");

	expect_begins(text, "rcs0\n\tAwake? 1\n\tSubmitted: 30\n\tCompleted: 20\n");
	assert_non_null(strstr(text, "\nvcs2\n\tAwake? 0\n"));
	assert_non_null(strstr(text, "\nbcs0\n"));
	text = shown(DEBUG "gt1/engines");
	expect_begins(text, "vcs2\n");
	assert_null(strstr(text, "bcs0"));
	assert_non_null(strstr(text, "gsc0"));
}

static void objects_are_counted_as_i915_does(tp_unused void **state)
{
	expect_shown(DEBUG "i915_gem_objects", "40 shrinkable [0 free] objects, 12582912 bytes\n"
					       "local0: total 16777216, used 1048576 bytes\n"
					       "bound: 33\nquarantined: 4096 bytes\n");
	expect_shown(DEBUG "name", "dummy dev=gpu0 unique=gpu0\n");
}

static void who_writes_engines_that_hang_resets(tp_unused void **state)
{
	static const char *const files[] = { DEBUG "i915_wedged", DEBUG "gt1/reset" };

	for (unsigned i = 0; i < TP_ARRAY_SIZE(files); i++) {
		gpu.resets = 0;
		gpu.reset_answer = 0;
		gpu.info.state = TP_GPU_RUNNING;
		expect_shown(files[i], "0\n");
		expect_store(files[i], "1\n", 0);
		expect_store(files[i], "0xffff", 0);
		expect_store(files[i], "0", 0); /* none hangs */
		expect_store(files[i], "-1", -EINVAL);
		expect_store(files[i], "all", -EINVAL);
		assert_int_equal(gpu.resets, 2);
		gpu.reset_answer = -EIO;
		gpu.info.state = TP_GPU_WEDGED;
		expect_store(files[i], "1", -EIO);
		expect_shown(files[i], "1\n");
	}
}

static void nothing_else_can_be_written(tp_unused void **state)
{
	static const char *const files[] = { CARD "dev", CARD "device/vendor", DEBUG "name",
					     DEBUG "gt0/stats", OWN "stats" };

	for (unsigned i = 0; i < TP_ARRAY_SIZE(files); i++)
		expect_store(files[i], "1", -EACCES);
}

/* ---- our own --------------------------------------------------------------------------------- */

static void our_own_files_say_what_is_left(tp_unused void **state)
{
	assert_string_equal(listed(OWN), " card platform state stats");
	expect_shown(OWN "platform", "mtl\n");
	expect_shown(OWN "state", "running\n");
	expect_shown(OWN "stats", "resets 1\nresets_failed 2\nbytes_quarantined 8192\n"
				  "bytes_released 4096\nevictions 5\nshrunk 6\npages_moved 7\n"
				  "faults 8\nswapped 9\nvram_losses 10\ncanceled 11\n"
				  "rebuilds 12\ntable_entries 13\ntable_jobs 14\n");
	gpu.info.state = TP_GPU_WEDGED;
	expect_shown(OWN "state", "wedged\n");
}

/* ---- while GPUs come and go ------------------------------------------------------------------ */

static void look_at_everything(void *arg)
{
	tp_atomic_u32 *stop = arg;
	struct tp_text text = { 0 };
	struct tp_view_stat stat;

	while (!tp_atomic_load(stop, TP_ACQUIRE)) {
		char name[TP_VIEW_NAME];
		uint64_t position = 0;

		must(tp_view_find(view, CLASS, &stat));
		while (tp_view_list(view, stat.ino, &position, name, &stat))
			assert_memory_equal(name, "card", 4);
		tp_text_clear(&text);
		if (!tp_view_find(view, "tidepool/gpu/flap/platform", &stat) &&
		    !tp_view_show(view, stat.ino, &text, NULL))
			assert_string_equal(text.bytes, "mtl\n");
	}
	tp_text_fini(&text);
}

static void files_can_be_read_while_gpus_come_and_go(tp_unused void **state)
{
	tp_atomic_u32 stop = { 0 };
	struct tp_thread thread;
	struct gpu_dummy flap;

	must(tp_thread_start(&thread, "look", look_at_everything, &stop));
	for (unsigned i = 0; i < 500; i++) {
		gpu_dummy_add(&flap, m, "flap");
		tp_gpu_unregister(&flap.gpu);
	}
	tp_atomic_store(&stop, 1, TP_RELEASE);
	tp_thread_join(&thread);
}

#undef VIEW_TEST
#define VIEW_TEST(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		VIEW_TEST(the_class_has_a_link_to_each_card),
		VIEW_TEST(a_machine_without_gpus_has_no_cards),
		VIEW_TEST(a_name_nobody_has_is_not_there),
		VIEW_TEST(files_of_a_gpu_that_went_are_gone),
		VIEW_TEST(engines_and_gts_that_went_are_gone),
		VIEW_TEST(a_card_is_what_its_device_is),
		VIEW_TEST(engines_have_linux_s_classes),
		VIEW_TEST(there_is_a_directory_for_each_gt),
		VIEW_TEST(translation_caches_have_a_line_for_each_counter),
		VIEW_TEST(engines_are_told_of_all_and_of_each_gt),
		VIEW_TEST(objects_are_counted_as_i915_does),
		VIEW_TEST(who_writes_engines_that_hang_resets),
		VIEW_TEST(nothing_else_can_be_written),
		VIEW_TEST(our_own_files_say_what_is_left),
		VIEW_TEST(files_can_be_read_while_gpus_come_and_go),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
