/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_lab_gpu_harms - what is told of what a GPU did, also when the device has forgotten most. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "lab/gpu.h"
#include "lab/lab_machine.h"
#include "lab/run.h"

static uint64_t done; /* by a device that only counts */

/* The first ones have a number; nothing is said of the others. */
static uint64_t harms(struct tp_lab_gpu *gpu, struct tp_model_harm *to, size_t max)
{
	(void)gpu;
	for (uint64_t i = 0; i < done && i < TP_MODEL_HARMS && i < max; i++)
		to[i] = (struct tp_model_harm){ .engine = "rcs0", .va = i };
	return done;
}

static const struct tp_lab_gpu_kind kind = { .harms = harms };
static struct tp_lab_machine lm;
static struct tp_lab_gpu gpu;
static struct tp_findings findings;

static int set_up(void **state)
{
	(void)state;
	done = 0;
	gpu = (struct tp_lab_gpu){ .kind = &kind, .name = "gpu0" };
	tp_findings_init(&findings);
	tp_list_init(&lm.gpus);
	tp_list_add_before(&lm.gpus, &gpu.link);
	return 0;
}

static void expect(uint64_t nr, size_t wanted, uint64_t first)
{
	struct tp_model_harm told[TP_MODEL_HARMS];
	size_t n;

	assert_int_equal(tp_lab_gpu_take_harms(&gpu, told, 4, &n), nr);
	assert_int_equal(n, wanted);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(told[i].va, first + i);
}

static void each_is_told_once(void **state)
{
	(void)state;
	expect(0, 0, 0);
	done = 3;
	expect(3, 3, 0);
	done = 9;
	expect(6, 4, 3);
	expect(0, 0, 0);
}

static void what_the_device_does_not_remember_is_counted(void **state)
{
	(void)state;
	done = TP_MODEL_HARMS - 2;
	expect(done, 4, 0);
	done += 10;
	expect(10, 2, TP_MODEL_HARMS - 2);
	done += 5;
	expect(5, 0, 0);
}

static void findings_are_of_what_is_known(void **state)
{
	(void)state;
	gpu.harms_known = done = TP_MODEL_HARMS - 1;
	done += 3;
	tp_lab_gpus_verify(&lm, &findings);
	assert_int_equal(tp_findings_count(&findings), 2);
	assert_non_null(strstr(findings.text, "gpu0: rcs0 read 0x1f by a stale translation"));
	assert_non_null(strstr(findings.text, "gpu0: and 2 more by stale translations"));
}

#define TEST(name) cmocka_unit_test_setup(name, set_up)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(each_is_told_once),
		TEST(what_the_device_does_not_remember_is_counted),
		TEST(findings_are_of_what_is_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
