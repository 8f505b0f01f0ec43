/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_ihw_command - rings and batches: what each command does, and where an engine stops. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "ihw_engine.h"

/* Virtual addresses: pages of batches, two that follow each other, and of data. */
static const uint64_t batch_va = UINT64_C(9) << (TP_PAGE_SHIFT + TP_INTEL_PT_BITS),
		      data_va = UINT64_C(17) << (TP_PAGE_SHIFT + TP_INTEL_PT_BITS);
static const uint64_t batch_dma = 400 * TP_PAGE_SIZE;

enum { BATCHES = 2, DATA_PAGES = 4 };

static int begin(void **state)
{
	(void)state;
	begin_on(TP_INTEL_ICL);
	for (unsigned i = 0; i < BATCHES; i++) {
		map_io(batch_dma + i * PAGE, "batch");
		map_va(batch_va + i * PAGE, batch_dma + i * PAGE);
	}
	/* Neighbours in the address space, not in memory. */
	for (unsigned i = 0; i < DATA_PAGES; i++) {
		map_io(data_dma + 2 * i * PAGE, "data");
		map_va(data_va + i * PAGE, data_dma + 2 * i * PAGE);
	}
	return 0;
}

static uint32_t data(unsigned page, uint32_t offset)
{
	return word_at(data_dma + 2 * page * PAGE + offset);
}

static void set_data(unsigned page, uint32_t offset, uint32_t value)
{
	PUT(data_dma + 2 * page * PAGE + offset, value);
}

/* All that there is, which is so many commands; and the engine has stopped nowhere. */
static void expect_run(unsigned commands)
{
	assert_int_equal(run_engine(rig.e, 1000), commands);
	assert_false(rig.e->hung);
	assert_int_equal(rig.e->fault, 0);
}

/* It executes @commands and stops at the next, at this address. */
static void expect_stop(unsigned commands, uint64_t at)
{
	assert_int_equal(run_engine(rig.e, 1000), commands);
	assert_true(rig.e->hung);
	assert_int_equal(rig.e->fault,
			 (uint32_t)(at & ~(uint64_t)(PAGE - 1)) | TP_INTEL_RING_VALID);
	assert_int_equal(run_engine(rig.e, 1000), 0);
	assert_true(tp_ihw_engine_is_busy(rig.e));
}

static uint32_t reg(uint32_t offset)
{
	return tp_ihw_engine_read(rig.e, offset);
}

/* ---- words ----------------------------------------------------------------------------------- */

static void a_word_is_stored(tp_unused void **state)
{
	EMIT(TP_INTEL_MI_STORE_DWORD, LO_HI(data_va + PAGE + 8), 0x12345678);
	EMIT(TP_INTEL_MI_NOOP, TP_INTEL_MI_ARB_CHECK);
	assert_true(tp_ihw_engine_is_busy(rig.e));
	expect_run(3);
	assert_false(tp_ihw_engine_is_busy(rig.e));
	assert_int_equal(data(1, 8), 0x12345678);
	assert_int_equal(data(1, 4), 0);
	assert_int_equal(data(1, 12), 0);
	assert_int_equal(rig.e->stat.stores, 1);
	assert_int_equal(rig.e->stat.commands, 3);
}

static void the_global_gtt_is_meant_where_it_is_named(tp_unused void **state)
{
	EMIT(TP_INTEL_MI_STORE_DWORD | TP_INTEL_MI_GGTT, LO_HI(SLOT_GGTT + 4), 5);
	EMIT(TP_INTEL_MI_FLUSH | TP_INTEL_MI_FLUSH_STORE | TP_INTEL_MI_GGTT, LO_HI(SLOT_GGTT), 6);
	EMIT(TP_INTEL_MI_SEMAPHORE_WAIT | TP_INTEL_MI_GGTT, 6, LO_HI(SLOT_GGTT));
	expect_run(3);
	assert_int_equal(word_at(slot_dma), 6);
	assert_int_equal(word_at(slot_dma + 4), 5);
}

static void a_word_is_copied(tp_unused void **state)
{
	set_data(0, 4, 77);
	EMIT(TP_INTEL_MI_COPY_MEM, LO_HI(data_va + PAGE), LO_HI(data_va + 4));
	expect_run(1);
	assert_int_equal(data(1, 0), 77);
}

static void a_flush_stores_only_if_told_to(tp_unused void **state)
{
	EMIT(TP_INTEL_MI_FLUSH, LO_HI(data_va), 1);
	EMIT(TP_INTEL_MI_FLUSH | TP_INTEL_MI_FLUSH_STORE, LO_HI(data_va + 4), 1);
	expect_run(2);
	assert_int_equal(data(0, 0), 0);
	assert_int_equal(data(0, 4), 1);
}

static void a_flush_forgets_translations_if_told_to(tp_unused void **state)
{
	EMIT(TP_INTEL_MI_STORE_DWORD, LO_HI(data_va), 1);
	expect_run(1);
	map_va(data_va, data_dma + 2 * PAGE);
	EMIT(TP_INTEL_MI_FLUSH, 0, 0, 0);
	EMIT(TP_INTEL_MI_STORE_DWORD, LO_HI(data_va), 2);
	expect_run(2);
	EMIT(TP_INTEL_MI_FLUSH | TP_INTEL_MI_FLUSH_TLB, 0, 0, 0);
	EMIT(TP_INTEL_MI_STORE_DWORD, LO_HI(data_va), 3);
	expect_run(2);
	assert_int_equal(data(0, 0), 2);
	assert_int_equal(data(1, 0), 3);
	assert_int_equal(rig.e->stat.stale, 1);
}

static void an_interrupt_comes_after_what_is_before_it(tp_unused void **state)
{
	EMIT(TP_INTEL_MI_STORE_DWORD, LO_HI(data_va), 1);
	EMIT(TP_INTEL_MI_USER_INTERRUPT);
	assert_int_equal(run_engine(rig.e, 1), 1);
	assert_false(rig.irq);
	assert_int_equal(run_engine(rig.e, 1), 1);
	assert_true(rig.irq);
	assert_int_equal(data(0, 0), 1);
}

static void a_semaphore_waits_for_a_signed_difference(tp_unused void **state)
{
	EMIT(TP_INTEL_MI_SEMAPHORE_WAIT, 5, LO_HI(data_va));
	expect_run(0);
	set_data(0, 0, 4);
	expect_run(0);
	assert_true(tp_ihw_engine_is_busy(rig.e));
	/* 2^31 before it, and 2^31 - 1 behind it. */
	set_data(0, 0, 0x80000005u);
	expect_run(0);
	set_data(0, 0, 0x80000004u);
	expect_run(1);
	assert_int_equal(rig.e->stat.commands, 1);
}

static void a_ring_changes_the_address_space(tp_unused void **state)
{
	uint64_t other = new_table() | TP_INTEL_PTE_LM;

	EMIT(TP_INTEL_MI_LOAD_REGISTER, TP_INTEL_RING_PDP0_LO, (uint32_t)other);
	EMIT(TP_INTEL_MI_LOAD_REGISTER, TP_INTEL_RING_PDP0_HI, 0);
	EMIT(TP_INTEL_MI_LOAD_REGISTER, TP_INTEL_RING_ASID, 7);
	EMIT(TP_INTEL_MI_STORE_DWORD, LO_HI(data_va), 9);
	*entry_under(other & TP_INTEL_PTE_ADDRESS, data_va, 0) = (data_dma + 2 * PAGE) | RW;
	expect_run(4);
	assert_int_equal(reg(TP_INTEL_RING_PDP0_LO), (uint32_t)other);
	assert_int_equal(reg(TP_INTEL_RING_ASID), 7);
	assert_int_equal(data(1, 0), 9);
	assert_int_equal(data(0, 0), 0);
}

/* ---- batches --------------------------------------------------------------------------------- */

static void a_batch_returns_to_the_ring(tp_unused void **state)
{
	PUT(batch_dma + 64, TP_INTEL_MI_STORE_DWORD, LO_HI(data_va), 1, TP_INTEL_MI_BATCH_END);
	EMIT(TP_INTEL_MI_BATCH_START, LO_HI(batch_va + 64));
	EMIT(TP_INTEL_MI_STORE_DWORD, LO_HI(data_va + 4), 2);
	assert_int_equal(run_engine(rig.e, 2), 2);
	assert_int_equal(reg(TP_INTEL_RING_ACTHD), (uint32_t)batch_va + 64 + 16);
	expect_run(2);
	assert_int_equal(data(0, 0), 1);
	assert_int_equal(data(0, 4), 2);
	assert_int_equal(reg(TP_INTEL_RING_HEAD), rig.tail);
	assert_int_equal(reg(TP_INTEL_RING_ACTHD), RING_GGTT + rig.tail);
	assert_int_equal(rig.e->stat.batches, 1);
}

static void a_command_may_lie_across_two_pages_of_a_batch(tp_unused void **state)
{
	map_va(batch_va + PAGE, data_dma + 2 * PAGE);
	PUT(batch_dma + PAGE - 8, TP_INTEL_MI_STORE_DWORD, (uint32_t)data_va);
	PUT(data_dma + 2 * PAGE, (uint32_t)(data_va >> 32), 8, TP_INTEL_MI_BATCH_END);
	EMIT(TP_INTEL_MI_BATCH_START, LO_HI(batch_va + PAGE - 8));
	expect_run(3);
	assert_int_equal(data(0, 0), 8);
}

static void a_batch_goes_on_in_another(tp_unused void **state)
{
	PUT(batch_dma, TP_INTEL_MI_BATCH_START, LO_HI(batch_va + PAGE), 0xffffffff);
	PUT(batch_dma + PAGE, TP_INTEL_MI_BATCH_END);
	EMIT(TP_INTEL_MI_BATCH_START, LO_HI(batch_va), TP_INTEL_MI_NOOP);
	expect_run(4);
}

static void a_second_level_comes_back(tp_unused void **state)
{
	PUT(batch_dma, TP_INTEL_MI_BATCH_START | TP_INTEL_MI_BATCH_SECOND, LO_HI(batch_va + PAGE),
	    TP_INTEL_MI_STORE_DWORD, LO_HI(data_va), 1, TP_INTEL_MI_BATCH_END);
	/* The second goes on elsewhere, and comes back from there. */
	PUT(batch_dma + PAGE, TP_INTEL_MI_BATCH_START, LO_HI(batch_va + PAGE + 64));
	PUT(batch_dma + PAGE + 64, TP_INTEL_MI_STORE_DWORD, LO_HI(data_va + 4), 2,
	    TP_INTEL_MI_BATCH_END);
	EMIT(TP_INTEL_MI_BATCH_START, LO_HI(batch_va));
	expect_run(7);
	assert_int_equal(data(0, 0), 1);
	assert_int_equal(data(0, 4), 2);
}

/* In a ring there is only one that comes back. */
static void a_ring_s_batch_is_the_first_level(tp_unused void **state)
{
	PUT(batch_dma, TP_INTEL_MI_BATCH_START | TP_INTEL_MI_BATCH_SECOND, LO_HI(batch_va + PAGE),
	    TP_INTEL_MI_BATCH_END);
	PUT(batch_dma + PAGE, TP_INTEL_MI_BATCH_END);
	EMIT(TP_INTEL_MI_BATCH_START | TP_INTEL_MI_BATCH_SECOND, LO_HI(batch_va));
	EMIT(TP_INTEL_MI_STORE_DWORD, LO_HI(data_va), 1);
	expect_run(5);
	assert_int_equal(data(0, 0), 1);
}

static void a_third_level_is_refused(tp_unused void **state)
{
	PUT(batch_dma, TP_INTEL_MI_BATCH_START | TP_INTEL_MI_BATCH_SECOND, LO_HI(batch_va + PAGE));
	PUT(batch_dma + PAGE, TP_INTEL_MI_BATCH_START | TP_INTEL_MI_BATCH_SECOND, LO_HI(batch_va));
	EMIT(TP_INTEL_MI_BATCH_START, LO_HI(batch_va));
	expect_stop(2, batch_va + PAGE);
}

/* The spinner of live tests: it loops until a word says something else. */
static void a_batch_ends_on_a_condition(tp_unused void **state)
{
	PUT(batch_dma, TP_INTEL_MI_CONDITIONAL_END, 0x1000, LO_HI(data_va), TP_INTEL_MI_BATCH_START,
	    LO_HI(batch_va));
	EMIT(TP_INTEL_MI_BATCH_START, LO_HI(batch_va));
	set_data(0, 0, 0x80000000u);
	assert_int_equal(run_engine(rig.e, 101), 101);
	set_data(0, 0, 0x1001);
	assert_int_equal(run_engine(rig.e, 100), 100);
	set_data(0, 0, 0x1000);
	expect_run(1);
	assert_int_equal(rig.e->stat.batches, 1);
}

static void a_condition_ends_one_level(tp_unused void **state)
{
	PUT(batch_dma, TP_INTEL_MI_BATCH_START | TP_INTEL_MI_BATCH_SECOND, LO_HI(batch_va + PAGE),
	    TP_INTEL_MI_STORE_DWORD, LO_HI(data_va + 4), 1, TP_INTEL_MI_BATCH_END);
	PUT(batch_dma + PAGE, TP_INTEL_MI_CONDITIONAL_END, 0, LO_HI(data_va), 0xffffffff);
	EMIT(TP_INTEL_MI_BATCH_START, LO_HI(batch_va));
	expect_run(5);
	assert_int_equal(data(0, 4), 1);
}

/* ---- areas ----------------------------------------------------------------------------------- */

static void expect_copied(uint32_t from, uint32_t to, uint32_t bytes)
{
	for (uint32_t i = 0; i < bytes; i += 4)
		assert_int_equal(data((to + i) / PAGE, (to + i) % PAGE),
				 data((from + i) / PAGE, (from + i) % PAGE));
}

static void an_area_is_copied_over_pages(tp_unused void **state)
{
	for (uint32_t i = 0; i < 2 * PAGE; i += 4)
		set_data(i / PAGE, i % PAGE, i * 2654435761u);
	EMIT(TP_INTEL_MEM_COPY, PAGE + 40, LO_HI(data_va + 2 * PAGE + 8), LO_HI(data_va + 12));
	assert_int_equal(run_engine(rig.e, 1), 1);
	/* A part of it. */
	assert_int_equal(reg(TP_INTEL_RING_HEAD), 0);
	assert_int_equal(data(3, 48), 0);
	while (run_engine(rig.e, 1))
		;
	assert_false(rig.e->hung);
	expect_copied(12, 2 * PAGE + 8, PAGE + 40);
	assert_int_equal(data(3, 48), 0);
	assert_int_equal(data(2, 4), 0);
	assert_int_equal(rig.e->stat.commands, 1);
	assert_int_equal(rig.e->stat.stores, (PAGE + 40) / 4);
}

static void an_area_is_filled_over_pages(tp_unused void **state)
{
	EMIT(TP_INTEL_MEM_FILL, PAGE, LO_HI(data_va + 16), 0xabcdef01);
	EMIT(TP_INTEL_MEM_FILL, 4, LO_HI(data_va + 2 * PAGE), 3);
	expect_run(3);
	for (uint32_t i = 0; i < 2 * PAGE; i += 4)
		assert_int_equal(data(i / PAGE, i % PAGE),
				 i >= 16 && i < PAGE + 16 ? 0xabcdef01 : 0);
	assert_int_equal(data(2, 0), 3);
	assert_int_equal(data(2, 4), 0);
}

static void no_bytes_are_no_work(tp_unused void **state)
{
	EMIT(TP_INTEL_MEM_FILL, 0, LO_HI(UINT64_MAX), 1);
	EMIT(TP_INTEL_MEM_COPY, 0, LO_HI(UINT64_MAX), LO_HI(3));
	expect_run(2);
}

static void an_area_stops_where_its_memory_ends(tp_unused void **state)
{
	EMIT(TP_INTEL_MEM_FILL, 2 * PAGE, LO_HI(data_va + (DATA_PAGES - 1) * PAGE), 1);
	expect_stop(1, data_va + DATA_PAGES * PAGE);
	assert_int_equal(data(DATA_PAGES - 1, PAGE - 4), 1);
}

/* ---- where it stops -------------------------------------------------------------------------- */

struct malformed {
	const char *what;
	uint32_t words[6];
	unsigned n;
	bool in_batch_only;
};

#define ODD (UINT64_C(0x2200000) + 2)

static const struct malformed malformed[] = {
	{ "no command", { 0x3f << 23 }, 1, false },
	{ "another client", { 0x60000000 }, 1, false },
	{ "all ones", { 0xffffffff }, 1, false },
	{ "a length too small", { TP_INTEL_MI_STORE_DWORD - 1, 0, 0, 0 }, 4, false },
	{ "a length too large", { TP_INTEL_MI_STORE_DWORD + 1, 0, 0, 0, 0 }, 5, false },
	{ "an option it has not", { TP_INTEL_MI_STORE_DWORD | 1 << 10, 0, 0, 0 }, 4, false },
	{ "an area too short", { TP_INTEL_MEM_FILL - 1, 0, 0, 0, 0 }, 5, false },
	{ "an odd address", { TP_INTEL_MI_STORE_DWORD, LO_HI(ODD), 0 }, 4, false },
	{ "an odd word to wait for", { TP_INTEL_MI_SEMAPHORE_WAIT, 0, LO_HI(ODD) }, 4, false },
	{ "an odd batch", { TP_INTEL_MI_BATCH_START, LO_HI(ODD) }, 3, false },
	{ "an odd area", { TP_INTEL_MEM_FILL, 8, LO_HI(ODD), 0 }, 5, false },
	{ "odd bytes", { TP_INTEL_MEM_FILL, 6, 0, 0, 0 }, 5, false },
	{ "odd bytes to copy", { TP_INTEL_MEM_COPY, 7, 0, 0, 0, 0 }, 6, false },
	{ "a batch's end outside", { TP_INTEL_MI_BATCH_END }, 1, false },
	{ "a condition outside", { TP_INTEL_MI_CONDITIONAL_END, 0, 0, 0 }, 4, false },
	{ "another register", { TP_INTEL_MI_LOAD_REGISTER, TP_INTEL_RING_TAIL, 0 }, 3, false },
	{ "a global GTT beyond",
	  { TP_INTEL_MI_STORE_DWORD | TP_INTEL_MI_GGTT, SLOT_GGTT, 1, 0 },
	  4,
	  false },
	{ "a global GTT, odd",
	  { TP_INTEL_MI_STORE_DWORD | TP_INTEL_MI_GGTT, SLOT_GGTT + 1, 0, 0 },
	  4,
	  false },
	{ "the global GTT from a batch",
	  { TP_INTEL_MI_STORE_DWORD | TP_INTEL_MI_GGTT, SLOT_GGTT, 0, 0 },
	  4,
	  true },
	{ "an address space from a batch",
	  { TP_INTEL_MI_LOAD_REGISTER, TP_INTEL_RING_PDP0_LO, 0 },
	  3,
	  true },
};

static void try_in_ring(const struct malformed *bad)
{
	EMIT(TP_INTEL_MI_NOOP);
	emit_words(bad->words, bad->n);
	EMIT(TP_INTEL_MI_NOOP);
	print_message("%s\n", bad->what);
	expect_stop(1, RING_GGTT);
	assert_int_equal(reg(TP_INTEL_RING_ACTHD), RING_GGTT + 4);
}

static void try_in_batch(const struct malformed *bad)
{
	put_words(batch_dma + 4, bad->words, bad->n);
	EMIT(TP_INTEL_MI_BATCH_START, LO_HI(batch_va));
	print_message("%s\n", bad->what);
	expect_stop(2, batch_va);
	assert_int_equal(reg(TP_INTEL_RING_ACTHD), (uint32_t)batch_va + 4);
}

static void what_is_no_command_stops_the_engine(void **state)
{
	for (unsigned i = 0; i < TP_ARRAY_SIZE(malformed); i++) {
		begin(state);
		(malformed[i].in_batch_only ? try_in_batch : try_in_ring)(&malformed[i]);
		end_rig();
	}
}

static void an_address_that_is_not_bound_stops_the_engine(tp_unused void **state)
{
	EMIT(TP_INTEL_MI_STORE_DWORD, LO_HI(data_va + DATA_PAGES * PAGE + 4), 1);
	expect_stop(0, data_va + DATA_PAGES * PAGE);
	assert_int_equal(reg(TP_INTEL_RING_HEAD), 0);
	assert_int_equal(reg(TP_INTEL_RING_MI_MODE) & TP_INTEL_RING_IDLE, 0);
	tp_ihw_engine_write(rig.e, TP_INTEL_RING_FAULT, 0);
	/* Until a reset. */
	assert_int_equal(run_engine(rig.e, 1), 0);
	tp_ihw_engine_reset(rig.e);
	assert_int_equal(reg(TP_INTEL_RING_FAULT), 0);
	start_engine(rig.e);
	EMIT(TP_INTEL_MI_STORE_DWORD, LO_HI(data_va), 1);
	expect_run(1);
}

static void a_batch_that_runs_off_its_memory_stops(tp_unused void **state)
{
	EMIT(TP_INTEL_MI_BATCH_START, LO_HI(batch_va + 2 * PAGE - 8));
	expect_stop(3, batch_va + 2 * PAGE);
}

static void a_batch_at_the_end_of_all_addresses(tp_unused void **state)
{
	EMIT(TP_INTEL_MI_BATCH_START, LO_HI(UINT64_MAX - 3));
	expect_stop(1, UINT64_MAX);
}

/* Whichever of its addresses it is. */
static void every_address_of_a_command_is_looked_at(tp_unused void **state)
{
	const uint64_t nowhere = data_va + DATA_PAGES * PAGE;
	const uint32_t commands[][6] = {
		{ TP_INTEL_MI_COPY_MEM, LO_HI(data_va), LO_HI(nowhere), TP_INTEL_MI_NOOP },
		{ TP_INTEL_MI_COPY_MEM, LO_HI(nowhere), LO_HI(data_va), TP_INTEL_MI_NOOP },
		{ TP_INTEL_MI_SEMAPHORE_WAIT, 0, LO_HI(nowhere), TP_INTEL_MI_NOOP },
		{ TP_INTEL_MI_FLUSH | TP_INTEL_MI_FLUSH_STORE, LO_HI(nowhere), 0 },
		{ TP_INTEL_MEM_COPY, 4, LO_HI(data_va), LO_HI(nowhere) },
		{ TP_INTEL_MEM_COPY, 4, LO_HI(nowhere), LO_HI(data_va) },
	};

	for (unsigned i = 0; i < TP_ARRAY_SIZE(commands); i++) {
		tp_ihw_engine_reset(rig.e);
		start_engine(rig.e);
		emit_words(commands[i], 6);
		expect_stop(0, nowhere);
	}
	tp_ihw_engine_reset(rig.e);
	start_engine(rig.e);
	PUT(batch_dma, TP_INTEL_MI_CONDITIONAL_END, 0, LO_HI(nowhere));
	EMIT(TP_INTEL_MI_BATCH_START, LO_HI(batch_va));
	expect_stop(1, nowhere);
}

/* ---- the ring -------------------------------------------------------------------------------- */

static void a_command_may_lie_across_the_end_of_the_ring(tp_unused void **state)
{
	for (unsigned left = 1; left < 4; left++) {
		while (rig.tail != RING_BYTES - 4 * left)
			EMIT(TP_INTEL_MI_NOOP);
		run_engine(rig.e, RING_BYTES);
		EMIT(TP_INTEL_MI_STORE_DWORD, LO_HI(data_va), left);
		expect_run(1);
		assert_int_equal(data(0, 0), left);
		assert_int_equal(reg(TP_INTEL_RING_HEAD), 16 - 4 * left);
	}
}

static void a_command_that_goes_beyond_the_tail_stops_the_engine(tp_unused void **state)
{
	EMIT(TP_INTEL_MI_STORE_DWORD, LO_HI(data_va));
	expect_stop(0, RING_GGTT);
	assert_int_equal(data(0, 0), 0);
}

static void expect_bad_ring(uint32_t offset, uint32_t value)
{
	begin(NULL);
	EMIT(TP_INTEL_MI_NOOP);
	tp_ihw_engine_write(rig.e, offset, value);
	assert_int_equal(run_engine(rig.e, 1000), 0);
	assert_true(rig.e->hung);
	end_rig();
}

static void a_ring_that_cannot_be_stops_the_engine(tp_unused void **state)
{
	expect_bad_ring(TP_INTEL_RING_TAIL, 6);
	expect_bad_ring(TP_INTEL_RING_TAIL, RING_BYTES);
	expect_bad_ring(TP_INTEL_RING_TAIL, UINT32_MAX - 3);
	expect_bad_ring(TP_INTEL_RING_HEAD, 1);
	expect_bad_ring(TP_INTEL_RING_HEAD, RING_BYTES);
	expect_bad_ring(TP_INTEL_RING_START, RING_GGTT + 4);
	/* Nowhere in the global GTT, and beyond it. */
	expect_bad_ring(TP_INTEL_RING_START, RING_GGTT + 3 * PAGE);
	expect_bad_ring(TP_INTEL_RING_START, UINT32_MAX - PAGE + 1);
}

/* A ring larger than what its start leaves of the global GTT's addresses. */
static void a_ring_may_be_said_to_be_huge(tp_unused void **state)
{
	tp_ihw_engine_write(rig.e, TP_INTEL_RING_CTL, UINT32_MAX);
	tp_ihw_engine_write(rig.e, TP_INTEL_RING_HEAD, UINT32_MAX - 3);
	tp_ihw_engine_write(rig.e, TP_INTEL_RING_TAIL, 4);
	assert_int_equal(run_engine(rig.e, 10), 0);
	assert_true(rig.e->hung);
}

/* What lies beyond the last address is not what lies at the first. */
static void the_global_gtt_does_not_wrap(tp_unused void **state)
{
	tp_atomic_store(&rig.m->ggtt[0], slot_dma | TP_INTEL_PTE_PRESENT, TP_RELAXED);
	tp_ihw_engine_write(rig.e, TP_INTEL_RING_START, UINT32_MAX - PAGE + 1);
	tp_ihw_engine_write(rig.e, TP_INTEL_RING_HEAD, PAGE);
	tp_ihw_engine_write(rig.e, TP_INTEL_RING_TAIL, PAGE + 4);
	assert_int_equal(run_engine(rig.e, 10), 0);
	assert_true(rig.e->hung);
}

static void an_absent_entry_of_the_global_gtt_leads_nowhere(tp_unused void **state)
{
	tp_atomic_store(&rig.m->ggtt[SLOT_GGTT / PAGE], slot_dma, TP_RELAXED);
	EMIT(TP_INTEL_MI_STORE_DWORD | TP_INTEL_MI_GGTT, LO_HI(SLOT_GGTT), 1);
	expect_stop(0, SLOT_GGTT);
	assert_int_equal(word_at(slot_dma), 0);
	assert_int_equal(nr_faults(), 0);
}

static void registers_read_back(tp_unused void **state)
{
	static const uint32_t offsets[] = { TP_INTEL_RING_TAIL,	   TP_INTEL_RING_HEAD,
					    TP_INTEL_RING_START,   TP_INTEL_RING_CTL,
					    TP_INTEL_RING_PDP0_LO, TP_INTEL_RING_PDP0_HI,
					    TP_INTEL_RING_ASID };

	for (uint32_t i = 0; i < TP_ARRAY_SIZE(offsets); i++)
		tp_ihw_engine_write(rig.e, offsets[i], 0x1010 * (i + 1));
	for (uint32_t i = 0; i < TP_ARRAY_SIZE(offsets); i++)
		assert_int_equal(reg(offsets[i]), 0x1010 * (i + 1));
	assert_int_equal(rig.e->root, UINT64_C(0x606000005050));
	/* Those that can only be read, and none at all. */
	tp_ihw_engine_write(rig.e, TP_INTEL_RING_ACTHD, 1);
	tp_ihw_engine_write(rig.e, 0x20, 1);
	assert_int_equal(reg(TP_INTEL_RING_ACTHD), 0x3030 + 0x2020);
	assert_int_equal(reg(0x20), 0);
}

static void a_ring_that_is_not_valid_does_nothing(tp_unused void **state)
{
	EMIT(TP_INTEL_MI_STORE_DWORD, LO_HI(data_va), 1);
	tp_ihw_engine_write(rig.e, TP_INTEL_RING_CTL, 0);
	expect_run(0);
	assert_false(tp_ihw_engine_is_busy(rig.e));
}

static void a_ring_whose_page_is_taken_away_stops(tp_unused void **state)
{
	EMIT(TP_INTEL_MI_NOOP);
	unmap_io(ring_dma);
	expect_stop(0, RING_GGTT);
	assert_int_equal(nr_faults(), 1);
}

/* ---- stopping -------------------------------------------------------------------------------- */

static void an_engine_stops_between_commands(tp_unused void **state)
{
	EMIT(TP_INTEL_MI_NOOP, TP_INTEL_MI_NOOP);
	assert_int_equal(run_engine(rig.e, 1), 1);
	assert_int_equal(reg(TP_INTEL_RING_MI_MODE), 0);
	/* Without its mask the bit does nothing. */
	tp_ihw_engine_write(rig.e, TP_INTEL_RING_MI_MODE, TP_INTEL_RING_STOP);
	assert_int_equal(reg(TP_INTEL_RING_MI_MODE), 0);
	tp_ihw_engine_write(rig.e, TP_INTEL_RING_MI_MODE, TP_INTEL_MASKED(TP_INTEL_RING_STOP));
	assert_int_equal(reg(TP_INTEL_RING_MI_MODE), TP_INTEL_RING_STOP | TP_INTEL_RING_IDLE);
	assert_int_equal(run_engine(rig.e, 1), 0);
	assert_false(tp_ihw_engine_is_busy(rig.e));
	tp_ihw_engine_write(rig.e, TP_INTEL_RING_MI_MODE,
			    TP_INTEL_MASKED_CLEAR(TP_INTEL_RING_STOP));
	expect_run(1);
	assert_int_equal(reg(TP_INTEL_RING_MI_MODE), TP_INTEL_RING_IDLE);
}

static void an_engine_that_hangs_does_not_listen(tp_unused void **state)
{
	EMIT(TP_INTEL_MI_NOOP);
	rig.e->hung = true;
	tp_ihw_engine_write(rig.e, TP_INTEL_RING_MI_MODE, TP_INTEL_MASKED(TP_INTEL_RING_STOP));
	assert_int_equal(reg(TP_INTEL_RING_MI_MODE), TP_INTEL_RING_STOP);
	assert_int_equal(run_engine(rig.e, 1), 0);
	assert_int_equal(reg(TP_INTEL_RING_ACTHD), RING_GGTT);
	tp_ihw_engine_reset(rig.e);
	assert_int_equal(reg(TP_INTEL_RING_MI_MODE), TP_INTEL_RING_IDLE);
}

/* In the middle of a batch and of an area: nothing of it is executed later. */
static void after_a_reset_nothing_of_before_is_executed(tp_unused void **state)
{
	PUT(batch_dma, TP_INTEL_MEM_FILL, 2 * PAGE, LO_HI(data_va), 1);
	EMIT(TP_INTEL_MI_BATCH_START, LO_HI(batch_va));
	assert_int_equal(run_engine(rig.e, 2), 2);
	tp_ihw_engine_reset(rig.e);
	assert_int_equal(run_engine(rig.e, 100), 0);
	start_engine(rig.e);
	assert_int_equal(run_engine(rig.e, 100), 0);
	EMIT(TP_INTEL_MEM_FILL, 4, LO_HI(data_va + PAGE), 5);
	expect_run(1);
	assert_int_equal(data(1, 0), 5);
	assert_int_equal(data(1, 4), 0);
}

/* ---- two engines ----------------------------------------------------------------------------- */

static void one_engine_waits_for_another(tp_unused void **state)
{
	struct tp_ihw_engine *other = &rig.m->engines[1];

	EMIT(TP_INTEL_MI_SEMAPHORE_WAIT, 3, LO_HI(data_va));
	EMIT(TP_INTEL_MI_STORE_DWORD, LO_HI(data_va + 4), 1);
	expect_run(0);
	other->start = SLOT_GGTT;
	other->ctl = TP_INTEL_RING_VALID;
	other->root = rig.e->root;
	PUT(slot_dma, TP_INTEL_MI_STORE_DWORD, LO_HI(data_va), 3);
	other->tail = 16;
	assert_int_equal(run_engine(other, 10), 1);
	expect_run(2);
	assert_int_equal(data(0, 4), 1);
}

int main(void)
{
#define WITH(test) cmocka_unit_test_setup_teardown(test, begin, end)
	const struct CMUnitTest tests[] = {
		WITH(a_word_is_stored),
		WITH(the_global_gtt_is_meant_where_it_is_named),
		WITH(a_word_is_copied),
		WITH(a_flush_stores_only_if_told_to),
		WITH(a_flush_forgets_translations_if_told_to),
		WITH(an_interrupt_comes_after_what_is_before_it),
		WITH(a_semaphore_waits_for_a_signed_difference),
		WITH(a_ring_changes_the_address_space),
		WITH(a_batch_returns_to_the_ring),
		WITH(a_command_may_lie_across_two_pages_of_a_batch),
		WITH(a_batch_goes_on_in_another),
		WITH(a_second_level_comes_back),
		WITH(a_ring_s_batch_is_the_first_level),
		WITH(a_third_level_is_refused),
		WITH(a_batch_ends_on_a_condition),
		WITH(a_condition_ends_one_level),
		WITH(an_area_is_copied_over_pages),
		WITH(an_area_is_filled_over_pages),
		WITH(no_bytes_are_no_work),
		WITH(an_area_stops_where_its_memory_ends),
		cmocka_unit_test(what_is_no_command_stops_the_engine),
		WITH(an_address_that_is_not_bound_stops_the_engine),
		WITH(a_batch_that_runs_off_its_memory_stops),
		WITH(a_batch_at_the_end_of_all_addresses),
		WITH(every_address_of_a_command_is_looked_at),
		WITH(a_command_may_lie_across_the_end_of_the_ring),
		WITH(a_command_that_goes_beyond_the_tail_stops_the_engine),
		cmocka_unit_test(a_ring_that_cannot_be_stops_the_engine),
		WITH(a_ring_may_be_said_to_be_huge),
		WITH(the_global_gtt_does_not_wrap),
		WITH(an_absent_entry_of_the_global_gtt_leads_nowhere),
		WITH(registers_read_back),
		WITH(a_ring_that_is_not_valid_does_nothing),
		WITH(a_ring_whose_page_is_taken_away_stops),
		WITH(an_engine_stops_between_commands),
		WITH(an_engine_that_hangs_does_not_listen),
		WITH(after_a_reset_nothing_of_before_is_executed),
		WITH(one_engine_waits_for_another),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
