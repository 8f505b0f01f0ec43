/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_ahw_reset - what resets stop and forget, and what video memory holds after a loss. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "ahw_rig.h"

enum { VMID1 = 1 << 1, MODE1 = TP_AMD_PSP_MODE1_RESET };

static const enum tp_amd_hub_id gfx = TP_AMD_GFXHUB, mm = TP_AMD_MMHUB;

static bool soft_is_over(void)
{
	return !(rd(TP_AMD_SOFT_RESET) & 1);
}

static bool mode1_is_over(void)
{
	return rd(TP_AMD_PSP_ANSWER) & TP_AMD_PSP_DONE;
}

static bool knows_nothing(void)
{
	const struct tp_amd_model_stat stat = stat_of();

	return !stat.hub[gfx].entries && !stat.hub[mm].entries;
}

static void use_all(void)
{
	use(TP_AMD_RING_GFX, 1, 0);
	use(TP_AMD_RING_SDMA0, 1, 0);
	use(TP_AMD_RING_SDMA1, 2, 0);
}

static uint64_t sum_of_memory(void)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < VRAM_PAGES * (PAGE / 8); i++)
		sum = sum * 31 + vram_get(0, i);
	return sum;
}

/* Nothing runs, nothing is translated and nothing is remembered. */
static void check_stopped(void)
{
	assert_true(knows_nothing());
	assert_false(tp_amd_model_run(m, 100));
	for (unsigned i = 0; i < TP_AMD_NR_RINGS; i++) {
		assert_true(is_idle((enum tp_amd_ring_id)i));
		assert_int_equal(wptr_of((enum tp_amd_ring_id)i), 0);
	}
	for (unsigned vmid = 0; vmid < TP_AMD_NR_VMIDS; vmid++) {
		assert_int_equal(hub_rd(gfx, TP_AMD_CONTEXT0_CNTL + vmid), 0);
		assert_int_equal(hub_rd(mm, TP_AMD_CONTEXT0_PT_BASE + 2 * vmid), 0);
	}
}

/* ---- soft ------------------------------------------------------------------------------------ */

/* Y5 */
static void a_soft_reset_stops_all_and_keeps_memory(tp_unused void **state)
{
	uint64_t sum;

	use_all();
	submit_store(TP_AMD_RING_SDMA0, FREE, 1); /* nobody let it run */
	sum = sum_of_memory();
	wr(TP_AMD_SOFT_RESET, 1);
	assert_false(soft_is_over());
	check_stopped();
	resets_are_due();
	assert_true(soft_is_over());
	check_stopped();
	assert_int_equal(sum_of_memory(), sum);
	assert_int_equal(stat_of().soft_resets, 1);
	assert_int_equal(stat_of().losses, 0);
}

/* What is set up too early is gone when the reset is over. */
static void what_was_started_meanwhile_does_not_run(tp_unused void **state)
{
	wr(TP_AMD_SOFT_RESET, 1);
	start_all();
	submit_store(TP_AMD_RING_SDMA0, FREE, 1);
	resets_are_due();
	check_stopped();
	assert_int_equal(vram_get(FREE, 0), 0);
}

static void a_ring_runs_again_after_it(tp_unused void **state)
{
	wr(TP_AMD_SOFT_RESET, 1);
	assert_true(soft_is_over());
	start_all();
	use_all();
	assert_int_equal(get(DATA, 0), 1);
}

static void other_bits_reset_nothing(tp_unused void **state)
{
	use_all();
	wr(TP_AMD_SOFT_RESET, ~1u);
	wr(TP_AMD_PSP_COMMAND, MODE1 ^ 0x10000);
	assert_true(soft_is_over());
	assert_false(mode1_is_over());
	assert_false(knows_nothing());
}

/* T9: a request that was under way is answered by none, and its engine is as new. */
static void an_invalidation_ends_with_a_reset(tp_unused void **state)
{
	assert_int_equal(hub_rd(mm, TP_AMD_INV_ENG0_SEM + CPU_ENGINE), 1);
	invalidate(mm, CPU_ENGINE, TP_AMD_INV_ALL | VMID1);
	tp_amd_model_stick(m, mm, true);
	wr(TP_AMD_SOFT_RESET, 1);
	resets_are_due();
	caches_are_due();
	assert_int_equal(ack_of(mm, CPU_ENGINE), 0);
	assert_int_equal(hub_rd(mm, TP_AMD_INV_ENG0_REQ + CPU_ENGINE), 0);
	assert_int_equal(hub_rd(mm, TP_AMD_INV_ENG0_SEM + CPU_ENGINE), 1); /* free again */
	invalidate(mm, CPU_ENGINE, TP_AMD_INV_ALL | VMID1);
	caches_are_due();
	assert_int_equal(ack_of(mm, CPU_ENGINE), VMID1); /* and not stuck */
	assert_int_equal(stat_of().hub[mm].invalidations, 1);
}

/* ---- hangs ----------------------------------------------------------------------------------- */

static bool runs(enum tp_amd_ring_id ring)
{
	vram_put(FREE, 0, 0);
	start_ring(ring);
	submit_store(ring, FREE, 9);
	run_dry();
	return vram_get(FREE, 0) == 9;
}

static void reset_at_once(uint32_t reg, uint32_t value)
{
	wr(reg, value);
	rd(reg);
}

static void a_ring_hangs_until_a_reset(tp_unused void **state)
{
	tp_amd_model_hang(m, TP_AMD_RING_SDMA1, false);
	assert_false(runs(TP_AMD_RING_SDMA1));
	assert_true(runs(TP_AMD_RING_SDMA0));
	reset_at_once(TP_AMD_SOFT_RESET, 1);
	assert_true(runs(TP_AMD_RING_SDMA1));
}

static void some_hang_through_a_soft_one(tp_unused void **state)
{
	tp_amd_model_hang(m, TP_AMD_RING_GFX, true);
	for (unsigned i = 0; i < 2; i++) {
		reset_at_once(TP_AMD_SOFT_RESET, 1);
		assert_false(runs(TP_AMD_RING_GFX));
		assert_true(runs(TP_AMD_RING_SDMA0));
	}
	reset_at_once(TP_AMD_PSP_COMMAND, MODE1);
	assert_true(runs(TP_AMD_RING_GFX));
}

/* ---- mode 1 ---------------------------------------------------------------------------------- */

static void mode_1_loses_memory_when_it_is_over(tp_unused void **state)
{
	uint64_t sum;

	use_all();
	sum = sum_of_memory();
	wr(TP_AMD_PSP_COMMAND, MODE1);
	check_stopped();
	assert_false(mode1_is_over());
	assert_int_equal(sum_of_memory(), sum);
	start_all(); /* too early */
	submit_store(TP_AMD_RING_SDMA0, FREE, 1);
	resets_are_due();
	assert_true(mode1_is_over());
	check_stopped();
	assert_int_not_equal(sum_of_memory(), sum);
	assert_int_equal(stat_of().mode1_resets, 1);
	assert_int_equal(stat_of().losses, 1);
	assert_int_equal(get(DATA, 0), 1); /* the machine's is the machine's */
}

static void mode_1_ends_a_soft_one(tp_unused void **state)
{
	tp_amd_model_refuse_resets(m, 1);
	wr(TP_AMD_SOFT_RESET, 1);
	resets_are_due();
	assert_false(soft_is_over());
	wr(TP_AMD_PSP_COMMAND, MODE1);
	assert_true(soft_is_over());
	resets_are_due();
	assert_true(mode1_is_over());
}

static void a_second_one_is_over_for_itself(tp_unused void **state)
{
	for (unsigned i = 0; i < 2; i++) {
		wr(TP_AMD_PSP_COMMAND, MODE1);
		assert_false(mode1_is_over());
		resets_are_due();
		assert_true(mode1_is_over());
	}
	assert_int_equal(stat_of().losses, 2);
}

static void refused_resets_never_end(tp_unused void **state)
{
	tp_amd_model_refuse_resets(m, 2);
	for (unsigned i = 0; i < 3; i++) {
		wr(TP_AMD_PSP_COMMAND, MODE1);
		assert_int_equal(mode1_is_over(), i == 2);
	}
	assert_int_equal(stat_of().losses, 1);
}

/* Whoever unbinds needs no answer from it; memory is as it was. */
static void the_bus_resets_at_once(tp_unused void **state)
{
	uint64_t sum;

	use_all();
	sum = sum_of_memory();
	wr(TP_AMD_PSP_COMMAND, MODE1);
	bus->ops->reset(bus);
	resets_are_due();
	assert_false(mode1_is_over());
	check_stopped();
	assert_int_equal(sum_of_memory(), sum);
}

/* ---- losses ---------------------------------------------------------------------------------- */

static uint64_t lose_as(enum tp_amd_model_loss loss)
{
	tp_amd_model_lose_as(m, loss);
	tp_amd_model_lose(m);
	return sum_of_memory();
}

static void a_loss_leaves_what_it_was_told_to(tp_unused void **state)
{
	const uint64_t before = sum_of_memory();
	uint64_t noise;

	assert_int_equal(lose_as(TP_AMD_LOSS_NOTHING), before);
	assert_int_equal(stat_of().losses, 0);
	noise = lose_as(TP_AMD_LOSS_NOISE);
	assert_int_not_equal(noise, before);
	assert_int_not_equal(lose_as(TP_AMD_LOSS_NOISE), noise);
	assert_int_equal(lose_as(TP_AMD_LOSS_ZEROES), 0);
	assert_int_not_equal(lose_as(TP_AMD_LOSS_GARBAGE), 0);
	assert_int_equal(stat_of().losses, 4);
}

/* Or it would come to light in memory that was lost. */
static void what_the_window_held_back_is_lost_too(tp_unused void **state)
{
	tp_bus_memory_fill(bus, (uint64_t)FREE * PAGE, 0x77, 0, 1);
	lose_as(TP_AMD_LOSS_ZEROES);
	wr(TP_AMD_HDP_FLUSH, 0);
	assert_int_equal(vram_get(FREE, 0), 0);
}

/* Whether an entry says where a page is that exists. */
static bool exists(uint64_t entry)
{
	const uint64_t address = tp_amd_pte_address(entry);

	if (entry & TP_AMD_PTE_SYSTEM)
		return address < (uint64_t)PAGES * PAGE;
	return address - ((uint64_t)m->config.fb_offset << 24) < m->config.memory;
}

/* T20 */
static void garbage_is_valid_and_leads_somewhere(tp_unused void **state)
{
	unsigned leaves = 0, system = 0;
	const unsigned n = VRAM_PAGES * (PAGE / 8);

	lose_as(TP_AMD_LOSS_GARBAGE);
	for (unsigned i = 0; i < n; i++) {
		const uint64_t entry = vram_get(0, i);

		assert_true(entry & TP_AMD_PTE_VALID && entry & TP_AMD_PTE_WRITEABLE);
		assert_true(exists(entry));
		leaves += !!(entry & TP_AMD_PDE_PTE);
		system += !!(entry & TP_AMD_PTE_SYSTEM);
	}
	assert_in_range(leaves, n / 4, 3 * n / 4);
	assert_in_range(system, n / 8, 7 * n / 8);
}

/* T20: by tables that were not built again, almost every address leads to somebody's memory. */
static void through_garbage_anything_translates(tp_unused void **state)
{
	unsigned found = 0;

	lose_as(TP_AMD_LOSS_GARBAGE);
	for (unsigned i = 0; i < 400; i++) {
		uint64_t address, flags;
		bool where;

		found += tp_amd_model_probe(m, gfx, 1, (uint64_t)i << 38 | VA(i), &where, &address,
					    &flags);
	}
	assert_in_range(found, 250, 400);
}

/* Y8: what is written before all of it is lost is written to nothing. */
static void a_reset_takes_no_registers_while_memory_is_lost(tp_unused void **state)
{
	const uint32_t cntl = tp_amd_ring_reg(TP_AMD_RING_SDMA0, TP_AMD_SDMA_RB_CNTL);

	wr(TP_AMD_PSP_COMMAND, MODE1);
	m->is_losing = true; /* as if another thread did it */
	resets_are_due();
	start_all();
	wr(TP_AMD_SOFT_RESET, 1);
	wr(TP_AMD_HDP_REQUEST, 5);
	check_stopped();
	assert_false(mode1_is_over());
	assert_int_equal(rd(cntl), 0);
	assert_int_equal(hub_rd(gfx, TP_AMD_CONTEXT0_CNTL + 1), 0);
	assert_int_equal(rd(TP_AMD_HDP_DONE), 5);
	assert_int_equal(stat_of().soft_resets, 0);
	assert_int_equal(stat_of().losses, 0);
	m->is_losing = false;
	assert_true(mode1_is_over());
	assert_int_equal(stat_of().losses, 1);
	start_all();
	assert_int_not_equal(rd(cntl), 0);
}

/* ---- who waits ------------------------------------------------------------------------------- */

static void lose_it(tp_unused void *arg)
{
	tp_amd_model_lose(m);
}

static tp_atomic_u64 *last_word(void)
{
	return vram_word(0, (unsigned)(m->config.memory / 8) - 1);
}

/* With the lock: memory is lost to the end all the same. */
static bool is_seen_losing(void)
{
	bool seen;

	tp_spin_lock(&m->lock);
	seen = m->is_losing;
	while (seen && !tp_atomic_load(last_word(), TP_ACQUIRE))
		tp_cpu_relax();
	tp_spin_unlock(&m->lock);
	return seen;
}

/* Y8: the lock is free while it happens; here it is even held.  A look may come too late. */
static void nobody_waits_for_a_loss(tp_unused void **state)
{
	struct tp_thread thread;
	uint64_t losses = 0;
	bool seen = false;

	tp_amd_model_lose_as(m, TP_AMD_LOSS_NOISE);
	while (!seen && losses < 200) {
		tp_atomic_store(last_word(), 0, TP_RELEASE);
		must(tp_thread_start(&thread, "test", lose_it, NULL));
		losses++;
		while (!seen && stat_of().losses < losses)
			seen = is_seen_losing();
		seen |= is_seen_losing();
		tp_thread_join(&thread);
	}
	assert_true(seen);
	assert_int_equal(stat_of().losses, losses);
	assert_false(m->is_losing);
}

static int begin_large(tp_unused void **state)
{
	begin((struct tp_amd_model_config){ .mode = TP_AMD_MODEL_MANUAL, .memory = TP_MIB(16) });
	return 0;
}

/* A second loss, and the bus's reset, come after the first. */
static void losses_happen_one_by_one(tp_unused void **state)
{
	struct tp_thread threads[3];

	for (unsigned i = 0; i < TP_ARRAY_SIZE(threads); i++)
		must(tp_thread_start(&threads[i], "test", lose_it, NULL));
	bus->ops->reset(bus);
	for (unsigned i = 0; i < TP_ARRAY_SIZE(threads); i++)
		tp_thread_join(&threads[i]);
	assert_int_equal(stat_of().losses, TP_ARRAY_SIZE(threads));
	assert_false(m->is_losing);
}

static int begin_far(tp_unused void **state)
{
	begin((struct tp_amd_model_config){ .mode = TP_AMD_MODEL_MANUAL, .fb_offset = 0x200 });
	return 0;
}

static int begin_alone(tp_unused void **state)
{
	begin_manual(state);
	free_front(bus->iommu);
	bus->iommu = NULL;
	return 0;
}

static int end_alone(tp_unused void **state)
{
	bus->iommu = iommu = make_front(memory, PAGES, "test");
	return end(state);
}

static void garbage_of_a_device_without_the_machine(tp_unused void **state)
{
	lose_as(TP_AMD_LOSS_GARBAGE);
	for (unsigned i = 0; i < VRAM_PAGES * (PAGE / 8); i++)
		assert_false(vram_get(0, i) & TP_AMD_PTE_SYSTEM);
}

#define MANUAL(name) cmocka_unit_test_setup_teardown(name, begin_manual, end)
#define SLOW(name)   cmocka_unit_test_setup_teardown(name, begin_slow, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		SLOW(a_soft_reset_stops_all_and_keeps_memory),
		SLOW(what_was_started_meanwhile_does_not_run),
		MANUAL(a_ring_runs_again_after_it),
		MANUAL(other_bits_reset_nothing),
		SLOW(an_invalidation_ends_with_a_reset),
		MANUAL(a_ring_hangs_until_a_reset),
		MANUAL(some_hang_through_a_soft_one),
		SLOW(mode_1_loses_memory_when_it_is_over),
		SLOW(mode_1_ends_a_soft_one),
		SLOW(a_second_one_is_over_for_itself),
		MANUAL(refused_resets_never_end),
		SLOW(the_bus_resets_at_once),
		MANUAL(a_loss_leaves_what_it_was_told_to),
		MANUAL(what_the_window_held_back_is_lost_too),
		SLOW(a_reset_takes_no_registers_while_memory_is_lost),
		cmocka_unit_test_setup_teardown(nobody_waits_for_a_loss, begin_large, end),
		cmocka_unit_test_setup_teardown(losses_happen_one_by_one, begin_large, end),
		MANUAL(garbage_is_valid_and_leads_somewhere),
		cmocka_unit_test_setup_teardown(garbage_is_valid_and_leads_somewhere, begin_far,
						end),
		MANUAL(through_garbage_anything_translates),
		cmocka_unit_test_setup_teardown(garbage_of_a_device_without_the_machine,
						begin_alone, end_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
