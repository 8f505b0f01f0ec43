/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_ahw_run - rings that execute when they are let, or by the device's own thread; interrupts;
 * everybody at the device at once.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "ahw_rig.h"

static int begin_thread(tp_unused void **state)
{
	begin((struct tp_amd_model_config){ .mode = TP_AMD_MODEL_THREAD });
	return 0;
}

static int begin_slow_thread(tp_unused void **state)
{
	begin((struct tp_amd_model_config){ .mode = TP_AMD_MODEL_THREAD,
					    .invalidate_ns = TP_MICROSECONDS(50),
					    .reset_ns = TP_MICROSECONDS(50) });
	return 0;
}

static int begin_function_thread(tp_unused void **state)
{
	begin((struct tp_amd_model_config){ .mode = TP_AMD_MODEL_THREAD,
					    .virtual_function = true,
					    .reset_ns = TP_MILLISECONDS(1) });
	return 0;
}

static void await(unsigned page, uint32_t value)
{
	while ((uint32_t)vram_get(page, 0) != value)
		tp_sleep_ns(20000);
}

static void await_interrupt(uint32_t vector)
{
	while (!(tp_atomic_load(&interrupts, TP_ACQUIRE) >> vector & 1))
		tp_sleep_ns(20000);
}

/* ---- manual ---------------------------------------------------------------------------------- */

static void a_ring_runs_as_far_as_it_is_let(tp_unused void **state)
{
	submit_store(TP_AMD_RING_SDMA0, FREE, 1);
	submit_store(TP_AMD_RING_SDMA0, FREE, 2);
	submit_store(TP_AMD_RING_SDMA1, FREE + 1, 3);
	assert_int_equal(vram_get(FREE, 0), 0);
	assert_true(tp_amd_model_run_ring(m, TP_AMD_RING_SDMA0, 1));
	assert_int_equal(vram_get(FREE, 0), 1);
	assert_false(is_idle(TP_AMD_RING_SDMA0));
	assert_true(tp_amd_model_run_ring(m, TP_AMD_RING_SDMA0, 100));
	assert_int_equal(vram_get(FREE, 0), 2);
	assert_true(is_idle(TP_AMD_RING_SDMA0));
	assert_int_equal(vram_get(FREE + 1, 0), 0);
	assert_true(tp_amd_model_run(m, 100));
	assert_int_equal(vram_get(FREE + 1, 0), 3);
	assert_false(tp_amd_model_run(m, 100));
	assert_int_equal(stat_of().ring[TP_AMD_RING_SDMA0].packets, 2);
	assert_int_equal(stat_of().ring[TP_AMD_RING_SDMA1].packets, 1);
}

static void each_ring_traps_by_a_vector_of_its_own(tp_unused void **state)
{
	for (unsigned i = 0; i < TP_AMD_NR_RINGS; i++) {
		SUBMIT((enum tp_amd_ring_id)i, TP_SDMA_TRAP, 0);
		assert_int_equal(interrupts_since(), 0);
		run_dry();
		assert_int_equal(interrupts_since(), 1u << (TP_AMD_VECTOR_RING + i));
	}
}

static void fault_at(unsigned n)
{
	submit_vm_store(TP_AMD_RING_SDMA0, 1, n, 1);
	run_dry();
}

static void a_fault_is_told_once_until_it_is_cleared(tp_unused void **state)
{
	for (unsigned i = 0; i < 2; i++) {
		fault_at(NR_DATA + 1);
		assert_int_equal(interrupts_since(), 1u << TP_AMD_VECTOR_FAULT);
		fault_at(NR_DATA + 2);
		assert_int_equal(interrupts_since(), 0);
		assert_int_equal(hub_rd(TP_AMD_MMHUB, TP_AMD_FAULT_ADDR), NR_DATA + 1);
		assert_true(hub_rd(TP_AMD_MMHUB, TP_AMD_FAULT_STATUS) & TP_AMD_FAULT_MORE);
		hub_wr(TP_AMD_MMHUB, TP_AMD_FAULT_CNTL, 1);
		assert_int_equal(hub_rd(TP_AMD_MMHUB, TP_AMD_FAULT_STATUS), 0);
		assert_int_equal(hub_rd(TP_AMD_GFXHUB, TP_AMD_FAULT_STATUS), 0);
	}
}

/* ---- its own thread -------------------------------------------------------------------------- */

static void its_thread_runs_what_is_written(tp_unused void **state)
{
	for (uint32_t i = 1; i <= 20; i++) {
		submit_store((enum tp_amd_ring_id)(i % TP_AMD_NR_RINGS), FREE, i);
		await(FREE, i);
	}
}

/* Nobody writes a register when the word changes: it is looked at again. */
static void it_looks_again_at_what_a_ring_waits_for(tp_unused void **state)
{
	SUBMIT(TP_AMD_RING_GFX,
	       TP_SDMA_POLL_REGMEM | TP_SDMA_COMPARE_EQUAL << 28 | UINT32_C(1) << 31,
	       (uint32_t)VRAM(FREE + 1), (uint32_t)(VRAM(FREE + 1) >> 32), 7, ~0u,
	       0xfffu << 16 | 10);
	SUBMIT(TP_AMD_RING_GFX, TP_SDMA_TRAP, 0);
	submit_store(TP_AMD_RING_SDMA0, FREE, 1);
	await(FREE, 1);
	assert_int_equal(interrupts_since(), 0);
	vram_put(FREE + 1, 0, 7);
	await_interrupt(TP_AMD_VECTOR_RING + TP_AMD_RING_GFX);
}

/* Without a look at the device, which would end what is due. */
static bool is_reset(void)
{
	bool is;

	tp_spin_lock(&m->lock);
	is = m->stat.flrs;
	tp_spin_unlock(&m->lock);
	return is;
}

static void it_ends_what_nobody_looks_at(tp_unused void **state)
{
	tp_amd_model_host_flr(m);
	await_interrupt(TP_AMD_VECTOR_MAILBOX);
	interrupts_since();
	while (!is_reset())
		tp_sleep_ns(20000);
	assert_int_equal(rd(TP_AMD_MAILBOX_IN), TP_AMD_EVENT_FLR);
	wr(TP_AMD_MAILBOX_CNTL, TP_AMD_MAILBOX_IN_ACK);
	await_interrupt(TP_AMD_VECTOR_MAILBOX);
	assert_int_equal(rd(TP_AMD_MAILBOX_IN), TP_AMD_EVENT_FLR_DONE);
}

/* Whoever looks at the reset finds it not over, and waits for nothing else. */
static void it_loses_memory(tp_unused void **state)
{
	vram_put(FREE, 0, 0x1234);
	tp_amd_model_lose_as(m, TP_AMD_LOSS_ZEROES);
	for (unsigned i = 1; i <= 5; i++) {
		wr(TP_AMD_PSP_COMMAND, TP_AMD_PSP_MODE1_RESET);
		while (!(rd(TP_AMD_PSP_ANSWER) & TP_AMD_PSP_DONE))
			tp_cpu_relax();
		assert_int_equal(stat_of().losses, i);
		assert_int_equal(vram_get(FREE, 0), 0);
		start_all();
		submit_store(TP_AMD_RING_SDMA1, FREE, i);
		await(FREE, i);
	}
}

static void it_ends_while_a_ring_waits(tp_unused void **state)
{
	SUBMIT(TP_AMD_RING_GFX,
	       TP_SDMA_POLL_REGMEM | TP_SDMA_COMPARE_EQUAL << 28 | UINT32_C(1) << 31,
	       (uint32_t)VRAM(FREE), (uint32_t)(VRAM(FREE) >> 32), 7, ~0u, 0xfffu << 16 | 10);
}

/* ---- all at once ----------------------------------------------------------------------------- */

enum { ROUNDS = 60 };

static void submit_and_invalidate(tp_unused void *arg)
{
	for (uint32_t i = 1; i <= ROUNDS; i++) {
		const uint32_t req = TP_AMD_INV_ALL | 1u << 1;

		submit_vm_store(TP_AMD_RING_SDMA0, 1, i % 4, i);
		while (!hub_rd(TP_AMD_MMHUB, TP_AMD_INV_ENG0_SEM + CPU_ENGINE))
			tp_cpu_relax();
		invalidate(TP_AMD_MMHUB, CPU_ENGINE, req);
		while (!(ack_of(TP_AMD_MMHUB, CPU_ENGINE) & 2))
			tp_cpu_relax();
		hub_wr(TP_AMD_MMHUB, TP_AMD_INV_ENG0_SEM + CPU_ENGINE, 0);
		while (!is_idle(TP_AMD_RING_SDMA0))
			tp_cpu_relax();
	}
}

static void look_at_all(tp_unused void *arg)
{
	for (unsigned i = 0; i < ROUNDS; i++) {
		struct tp_amd_model_access accesses[8];
		uint64_t address, flags;
		bool system;

		stat_of();
		tp_amd_model_accesses(m, accesses, TP_ARRAY_SIZE(accesses));
		tp_amd_model_probe(m, TP_AMD_MMHUB, 1, VA(1), &system, &address, &flags);
		tp_bus_memory_fill(bus, (uint64_t)FREE * PAGE, i, 0, 8);
		tp_bus_memory_flush(bus);
	}
}

static void everybody_at_once(tp_unused void **state)
{
	static void (*const fns[])(void *) = { submit_and_invalidate, look_at_all };
	struct tp_thread threads[TP_ARRAY_SIZE(fns)];
	struct tp_amd_model_stat stat;

	for (unsigned i = 0; i < TP_ARRAY_SIZE(fns); i++)
		must(tp_thread_start(&threads[i], "test", fns[i], NULL));
	for (unsigned i = 0; i < TP_ARRAY_SIZE(fns); i++)
		tp_thread_join(&threads[i]);
	stat = stat_of();
	assert_int_equal(stat.ring[TP_AMD_RING_SDMA0].ibs, ROUNDS);
	assert_int_equal(stat.ring[TP_AMD_RING_SDMA0].stores, 4 * ROUNDS);
	assert_int_equal(stat.ring[TP_AMD_RING_SDMA0].bad, 0);
	assert_int_equal(stat.hub[TP_AMD_MMHUB].invalidations, ROUNDS);
	assert_int_equal(stat.hub[TP_AMD_MMHUB].unguarded, 0);
	assert_int_equal(stat.hub[TP_AMD_MMHUB].faults, 0);
	assert_int_equal(stat.hub[TP_AMD_MMHUB].stale, 0);
	assert_int_equal(get(DATA + ROUNDS % 4, 0), ROUNDS);
}

/* Rings, their registers, resets and losses; whatever came through, nothing is harmed. */
static void resets_under_work(tp_unused void **state)
{
	for (unsigned i = 0; i < 20; i++) {
		for (unsigned ring = 0; ring < TP_AMD_NR_RINGS; ring++)
			submit_vm_store((enum tp_amd_ring_id)ring, 1 + ring % 2, ring, i + 1);
		wr(TP_AMD_SOFT_RESET, 1);
		while (rd(TP_AMD_SOFT_RESET) & 1)
			tp_cpu_relax();
		assert_int_equal(stat_of().hub[0].entries + stat_of().hub[1].entries, 0);
		if (i % 4 == 3)
			tp_amd_model_lose(m);
		start_all();
	}
	submit_store(TP_AMD_RING_SDMA1, FREE, 99);
	await(FREE, 99);
	assert_int_equal(stat_of().soft_resets, 20);
	assert_int_equal(stat_of().losses, 5);
}

#define MANUAL(name) cmocka_unit_test_setup_teardown(name, begin_manual, end)
#define THREAD(name) cmocka_unit_test_setup_teardown(name, begin_thread, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		MANUAL(a_ring_runs_as_far_as_it_is_let),
		MANUAL(each_ring_traps_by_a_vector_of_its_own),
		MANUAL(a_fault_is_told_once_until_it_is_cleared),
		THREAD(its_thread_runs_what_is_written),
		THREAD(it_looks_again_at_what_a_ring_waits_for),
		cmocka_unit_test_setup_teardown(it_ends_what_nobody_looks_at, begin_function_thread,
						end),
		THREAD(it_loses_memory),
		cmocka_unit_test_setup_teardown(it_loses_memory, begin_slow_thread, end),
		THREAD(it_ends_while_a_ring_waits),
		cmocka_unit_test_setup_teardown(everybody_at_once, begin_slow_thread, end),
		cmocka_unit_test_setup_teardown(resets_under_work, begin_slow_thread, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
