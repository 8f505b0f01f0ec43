/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_lab_gpu - what scripts may do with GPUs and work on them, and what they are told when they
 * may not.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "core/compiler.h"
#include "lab_script.h"

#define GPU_OF(...)  MACHINE "local g = assert(m:gpu { " __VA_ARGS__ " }) "
#define WORK_OF(...) "local w = assert(m:gpu_work { gpu = 'gpu0', size = '16K'" __VA_ARGS__ " }) "

#define GPU	 GPU_OF("")
#define TGL	 GPU_OF("platform = 'tgl'")
#define MTL	 GPU_OF("platform = 'mtl'")
#define DG1	 GPU_OF("name = 'card', platform = 'dg1', vram = '4M', node = 0")
#define DG2	 GPU_OF("platform = 'dg2', vram = '4M'")
#define WORK	 WORK_OF("")
#define TWO	 WORK_OF(", threads = 2, objects = 4")
#define MIXED	 WORK_OF(", vram = 50, threads = 2, objects = 8, trespass = true")
#define TRESPASS WORK_OF(", name = 'tex', threads = 1, objects = 8, trespass = true")
#define BEGUN	 UNTIL("w:stats().batches > 10")
#define GOES_ON	 "local n = w:stats().batches " UNTIL("w:stats().batches > n + 10")
#define SEEN \
	UNTIL("w:stats().trespasses > 100 and w:stats().clients > 0 and g:stats().requested > 20")
#define LOSE	     "g:lose_invalidations { n = 1000000 } "
#define LOSE_KNOWING "g:lose_invalidations { n = 1000000, expected = true } "

/* ---- GPUs ------------------------------------------------------------------------------------ */

static void a_gpu_is_as_it_was_asked_for(tp_unused void **state)
{
	expect_held(MTL "local i = g:info() assert(tostring(g) == 'gpu0' and i.name == 'gpu0') "
			"assert(i.platform == 'mtl' and i.gts == 2 and i.state == 'running') "
			"assert(i.engines[1].name == 'rcs0' and i.vram_total == 0)");
	expect_held(DG1 "local i = g:info() assert(i.name == 'card' and i.vram_total == 4 << 20)");
}

static void gpus_that_cannot_be_are_refused(tp_unused void **state)
{
	expect_wrong(MACHINE "m:gpu { platform = 'voodoo' }", "platform must be one of bdw, skl");
	expect_wrong(MACHINE "m:gpu { vram = '5G' }", "vram");
	expect_wrong(MACHINE "m:gpu { name = 'sixteen-letters!' }", "1 to 15 bytes");
	expect_wrong(MACHINE "m:gpu { name = 'a/b' }", "needs a name");
	expect_wrong(GPU "m:gpu { name = 'gpu0' }", "there is a GPU gpu0 already");
	expect_wrong(MACHINE "m:gpu { node = 2 }", "node 2 is not one of 2");
}

static void mishaps_want_what_is_there(tp_unused void **state)
{
	expect_wrong(GPU "g:hang {}", "option \"engine\" is missing");
	expect_wrong(GPU "g:hang { engine = 'xcs9' }", "gpu0 has no engine \"xcs9\"");
	expect_wrong(GPU "g:lose_invalidations { n = 0 }", "n must be a number from 1");
	expect_wrong(GPU "g:stick { n = 1 }", "unknown option \"n\"");
}

static void a_handle_ends_with_its_gpu(tp_unused void **state)
{
	expect_wrong(GPU "assert(g:unplug()) g:info()", "gpu0 is not there any more");
	expect_wrong(GPU WORK "g:unplug()", "a load still works on it");
	expect_held(GPU WORK "assert(w:stop()) assert(g:unplug())");
}

/* ---- work ------------------------------------------------------------------------------------ */

static void work_runs_and_is_checked(tp_unused void **state)
{
	expect_held(DG2 MIXED SEEN "m:check() assert(w:stats().lost == 0)");
}

static void work_that_cannot_be_is_refused(tp_unused void **state)
{
	expect_wrong(MACHINE "m:gpu_work { gpu = 'gpu0' }", "there is no GPU \"gpu0\"");
	expect_wrong(GPU "m:gpu_work {}", "option \"gpu\" is missing");
	expect_wrong(GPU "m:gpu_work { gpu = 'gpu0', objects = 1 }", "objects");
	expect_wrong(GPU "m:gpu_work { gpu = 'gpu0', vram = 101 }", "vram");
}

static void a_reset_ends_what_runs_and_no_more(tp_unused void **state)
{
	expect_held(TGL TWO BEGUN "assert(g:reset()) " GOES_ON "assert(g:stats().resets == 1)");
}

/* The memory under it goes meanwhile. */
static void work_goes_on_while_memory_goes(tp_unused void **state)
{
	expect_held(MACHINE PLUG
		    "assert(m:gpu { platform = 'mtl', node = 1 }) " TWO BEGUN UNPLUG GOES_ON);
}

/* ---- what is found --------------------------------------------------------------------------- */

/* Once released pages are met again the check says so, and where. */
static void a_lost_invalidation_is_a_finding(tp_unused void **state)
{
	expect_finding(TGL TRESPASS LOSE UNTIL("g:stats().faults > 0") "m:check()",
		       "by a stale translation");
}

/* The text names both owners. */
static void who_asks_what_harm_was_done_knows(tp_unused void **state)
{
	expect_held(TGL TRESPASS LOSE_KNOWING
		    "local h repeat tp.sleep '1ms' h = g:harms() until h.count > 0 "
		    "assert(h[1]:find('tex', 1, true), h[1]) w:stop()");
}

/* However many checks come first, the script is the one that is told. */
static void harm_that_is_expected_is_no_finding(tp_unused void **state)
{
	expect_held(TGL TRESPASS LOSE_KNOWING UNTIL(
		"g:stats().faults > 0") "m:check() assert(g:harms().count > 0) w:stop()");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_gpu_is_as_it_was_asked_for),
		cmocka_unit_test(gpus_that_cannot_be_are_refused),
		cmocka_unit_test(mishaps_want_what_is_there),
		cmocka_unit_test(a_handle_ends_with_its_gpu),
		cmocka_unit_test(work_runs_and_is_checked),
		cmocka_unit_test(work_that_cannot_be_is_refused),
		cmocka_unit_test(a_reset_ends_what_runs_and_no_more),
		cmocka_unit_test(work_goes_on_while_memory_goes),
		cmocka_unit_test(a_lost_invalidation_is_a_finding),
		cmocka_unit_test(who_asks_what_harm_was_done_knows),
		cmocka_unit_test(harm_that_is_expected_is_no_finding),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
