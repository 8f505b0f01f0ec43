/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_lab_gpu_amd - scripts on AMD's graphics: work under resets, losses and memory that goes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "core/compiler.h"
#include "lab_script.h"

#define GPU_OF(...) \
	MACHINE "local g = assert(m:gpu { platform = 'vega10', vram = '4M', " __VA_ARGS__ " }) "

/* Patient, for work takes its time under a sanitizer; impatient, where something hangs. */
#define SDMA	  GPU_OF("hang_timeout = '30s'")
#define CPU	  GPU_OF("updates = 'cpu', hang_timeout = '30s'")
#define IMPATIENT GPU_OF("hang_timeout = '300ms'")
#define WORK_OF(...)                                                               \
	"local w = assert(m:gpu_work { name = 'tex', gpu = 'gpu0', size = '16K', " \
	"threads = 2, objects = 6, vram = 50" __VA_ARGS__ " }) "
#define WORK	 WORK_OF("")
#define TRESPASS WORK_OF(", trespass = true")
#define GOES_ON	 "local n = w:stats().batches " UNTIL("w:stats().batches > n + 20")
#define LOSE	 "assert(g:lose_vram { leaves = 'garbage' }) assert(g:reset { method = 'mode1' }) "
/* Again, if all programs were just beginning and so had nothing to be told. */
#define TOLD_OF(...) \
	"repeat " __VA_ARGS__ GOES_ON "until w:stats().cut_off > 0 and g:stats().rebuilds > 0 "

static void work_runs_and_is_checked(tp_unused void **state)
{
	expect_held(SDMA TRESPASS GOES_ON
		    "m:check() assert(w:stats().lost == 0 and w:stats().strays == 0)"
		    "assert(g:info().table_bytes > 0 and g:stats().table_jobs > 0)");
	expect_held(CPU WORK GOES_ON "m:check() assert(g:stats().table_jobs == 0)");
}

static void work_goes_on_while_memory_goes(tp_unused void **state)
{
	expect_held(MACHINE PLUG
		    "assert(m:gpu { platform = 'vega10', vram = '4M', node = 1 }) " WORK GOES_ON
			    UNPLUG GOES_ON);
}

/* Objects and memory of the programs themselves, where both work in turn. */
static void work_goes_on_in_programs_memory(tp_unused void **state)
{
	expect_held(MACHINE PLUG
		    "local g = assert(m:gpu { platform = 'vega10', vram = '4M' }) " WORK_OF(
			    ", user = 60, node = 1, trespass = true")
			    GOES_ON UNPLUG GOES_ON LOSE GOES_ON
		    "m:check() assert(g:stats().moved > 0) w:stop()");
	expect_held(MACHINE "assert(m:gpu { platform = 'dg2' }) "
			    "local w, why = m:gpu_work { gpu = 'gpu0', user = 1 } "
			    "assert(not w and why:find('no objects in users'))");
}

/* The narrowest reset helps: nothing is lost. */
static void a_hang_costs_no_memory(tp_unused void **state)
{
	expect_held(IMPATIENT WORK GOES_ON "assert(g:hang { engine = 'sdma1' }) " UNTIL(
		"g:stats().resets > 0 and g:info().state == 'running'") GOES_ON
		    "assert(g:stats().vram_losses == 0)");
}

static void a_loss_is_told_and_rebuilt(tp_unused void **state)
{
	expect_held(SDMA WORK GOES_ON TOLD_OF(LOSE) "m:check() assert(g:stats().vram_losses > 0)");
	expect_held(CPU WORK GOES_ON TOLD_OF(LOSE) "m:check()");
}

/* A hang that only a wide reset ends is found out, step by step. */
static void a_deep_hang_loses_memory(tp_unused void **state)
{
	expect_held(IMPATIENT WORK GOES_ON
		    "assert(g:lose_vram { leaves = 'noise' }) "
		    "assert(g:hang { engine = 'gfx', through = true }) " UNTIL(
			    "g:stats().vram_losses > 0 and g:info().state == 'running'") GOES_ON);
}

#define HOST_FLR                                                  \
	"local r = g:stats().resets assert(g:host_flr()) " UNTIL( \
		"g:stats().resets > r and g:info().state == 'running'")

static void the_host_resets_a_function(tp_unused void **state)
{
	expect_held(GPU_OF("virtual_function = true") WORK GOES_ON TOLD_OF(HOST_FLR) "m:check()");
	expect_held(GPU_OF("virtual_function = true, flr_keeps_vram = true")
			    WORK GOES_ON HOST_FLR GOES_ON "assert(g:stats().vram_losses == 0)");
}

#define LOSE_INVALIDATIONS(...) \
	"assert(g:lose_invalidations { n = 1000000" __VA_ARGS__ " }) " GOES_ON "m:check() "

static void invalidations_are_lost_after_some(tp_unused void **state)
{
	expect_held(SDMA TRESPASS LOSE_INVALIDATIONS(", skip = 1000000"));
	expect_finding(SDMA TRESPASS "repeat " LOSE_INVALIDATIONS("") "until false",
		       "by a stale translation");
}

/* T20: as Linux leaves the holes of tables, and what comes of it; not of every garbage. */
static void holes_that_are_kept_lead_astray(tp_unused void **state)
{
	expect_held(GPU_OF("keep_holes = true")
			    WORK_OF(", trespass = true, strays = true, objects = 64, vram = 100")
				    GOES_ON "assert(w:stats().strays == 0) "
					    "repeat " LOSE GOES_ON
					    "until w:stats().strays > 0 w:stop()");
}

static void what_cannot_befall_it_is_refused(tp_unused void **state)
{
	expect_held(SDMA "local ok, why = g:mute {} assert(not ok)");
	expect_held(MACHINE "local g = assert(m:gpu { platform = 'dg1', vram = '4M' }) "
			    "assert(not g:lose_vram {}) assert(not g:reset { method = 'mode1' })");
	expect_wrong(SDMA "g:lose_vram { leaves = 'love' }", "leaves must be one of noise");
	expect_wrong(SDMA "g:hang { engine = 'rcs0' }", "gpu0 has no engine \"rcs0\"");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(work_runs_and_is_checked),
		cmocka_unit_test(work_goes_on_while_memory_goes),
		cmocka_unit_test(work_goes_on_in_programs_memory),
		cmocka_unit_test(a_hang_costs_no_memory),
		cmocka_unit_test(a_loss_is_told_and_rebuilt),
		cmocka_unit_test(a_deep_hang_loses_memory),
		cmocka_unit_test(the_host_resets_a_function),
		cmocka_unit_test(invalidations_are_lost_after_some),
		cmocka_unit_test(holes_that_are_kept_lead_astray),
		cmocka_unit_test(what_cannot_befall_it_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
