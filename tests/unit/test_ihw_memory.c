/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_ihw_memory - the window to a device's memory holds writes back until they are let out. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <tidepool/fault.h>

#include "ihw_engine.h"

enum { COMBINE = 4, MEMORY = 8 * PAGE };

static const uint64_t va = UINT64_C(5) << (TP_PAGE_SHIFT + TP_INTEL_PT_BITS);

static void begin_combining(unsigned combine)
{
	begin_rig((struct tp_intel_model_config){ .platform = TP_INTEL_DG2,
						  .memory = MEMORY,
						  .combine = combine },
		  false);
}

static int begin(void **state)
{
	(void)state;
	begin_combining(COMBINE);
	return 0;
}

static uint64_t word(uint64_t offset)
{
	return *(uint64_t *)(void *)(rig.m->bus.memory + offset);
}

static void fill(uint64_t offset, uint64_t first, uint64_t step, size_t n)
{
	tp_ihw_window_fill(&rig.m->bus, offset, first, step, n);
}

static uint64_t read_back(uint64_t offset)
{
	uint64_t value;

	tp_ihw_window_read(&rig.m->bus, offset, &value, sizeof(value));
	return value;
}

/* ---- combining ------------------------------------------------------------------------------- */

static void writes_wait_until_they_are_let_out(tp_unused void **state)
{
	uint64_t words[2] = { 7, 8 };

	tp_ihw_window_write(&rig.m->bus, 16, words, sizeof(words));
	assert_int_equal(word(16), 0);
	assert_int_equal(word(24), 0);
	tp_model_window_flush(rig.m->window);
	assert_int_equal(word(16), 7);
	assert_int_equal(word(24), 8);
}

static void the_oldest_leave_first(tp_unused void **state)
{
	for (uint64_t i = 0; i < COMBINE; i++)
		fill(i * 8, i + 1, 0, 1);
	for (uint64_t i = 0; i < COMBINE; i++)
		assert_int_equal(word(i * 8), 0);
	fill(64, 9, 0, 1);
	assert_int_equal(word(0), 1);
	assert_int_equal(word(8), 0);
	fill(72, 9, 0, 2);
	assert_int_equal(word(8), 2);
	assert_int_equal(word(16), 3);
	assert_int_equal(word(24), 0);
}

static void of_a_long_run_the_last_ones_wait(tp_unused void **state)
{
	fill(512, 99, 0, 2);
	fill(0, 100, 10, 20);
	assert_int_equal(word(512), 99);
	assert_int_equal(word(520), 99);
	for (uint64_t i = 0; i < 20; i++)
		assert_int_equal(word(i * 8), i < 20 - COMBINE ? 100 + 10 * i : 0);
	tp_model_window_flush(rig.m->window);
	for (uint64_t i = 0; i < 20; i++)
		assert_int_equal(word(i * 8), 100 + 10 * i);
}

/* One word after the other, and more than a page of them. */
static void all_of_it_arrives(tp_unused void **state)
{
	enum { N = MEMORY / 8 };
	static uint64_t words[N], back[N];

	for (uint64_t i = 0; i < N; i++)
		words[i] = i * UINT64_C(0x9e3779b97f4a7c15);
	tp_ihw_window_write(&rig.m->bus, 0, words, sizeof(words));
	tp_ihw_window_read(&rig.m->bus, 0, back, sizeof(back));
	assert_memory_equal(words, back, sizeof(words));
	assert_memory_not_equal(words, rig.m->bus.memory, sizeof(words));
	tp_model_window_flush(rig.m->window);
	assert_memory_equal(words, rig.m->bus.memory, sizeof(words));
}

static void who_wrote_reads_it_back_newest_first(tp_unused void **state)
{
	fill(8, 1, 0, 1);
	fill(8, 2, 0, 1);
	assert_int_equal(read_back(8), 2);
	assert_int_equal(word(8), 0);
	tp_model_window_flush(rig.m->window);
	assert_int_equal(word(8), 2);
	assert_int_equal(read_back(8), 2);
}

static void a_window_without_buffers_holds_nothing_back(tp_unused void **state)
{
	begin_combining(0);
	fill(8, 1, 0, 1);
	assert_int_equal(word(8), 1);
	assert_int_equal(read_back(8), 1);
	tp_model_window_flush(rig.m->window);
}

static void a_device_without_memory_has_no_window(tp_unused void **state)
{
	begin_on(TP_INTEL_SKL);
	assert_null(rig.m->window);
	tp_model_window_flush(rig.m->window);
}

static void a_window_that_finds_no_memory(tp_unused void **state)
{
	begin_on(TP_INTEL_DG2);
	rig.m->config.memory = MEMORY;
	for (unsigned nth = 1; nth <= 2; nth++) {
		tp_fault_arm("core/alloc", nth, 1);
		assert_int_equal(tp_model_window_create(&rig.m->bus, rig.m->config.memory,
							rig.m->config.combine, &rig.m->window),
				 -ENOMEM);
		tp_fault_reset();
		assert_null(rig.m->window);
		assert_null(rig.m->bus.memory);
	}
}

/* ---- threads --------------------------------------------------------------------------------- */

static void write_in_a_thread(tp_unused void *arg)
{
	fill(8, 5, 0, 1);
	assert_int_equal(read_back(8), 5);
}

static void flush_in_a_thread(tp_unused void *arg)
{
	tp_model_window_flush(rig.m->window);
}

static void in_a_thread(void (*fn)(void *))
{
	struct tp_thread thread;

	must(tp_thread_start(&thread, "writer", fn, NULL));
	tp_thread_join(&thread);
}

/* T12: whoever flushes lets out his own writes, nobody else's. */
static void a_thread_lets_out_its_own(tp_unused void **state)
{
	in_a_thread(write_in_a_thread);
	fill(16, 6, 0, 1);
	tp_model_window_flush(rig.m->window);
	assert_int_equal(word(16), 6);
	assert_int_equal(word(8), 0);
	assert_int_equal(read_back(8), 0);
	fill(24, 7, 0, 1);
	in_a_thread(flush_in_a_thread);
	assert_int_equal(word(24), 0);
}

static void write_by_number(tp_unused void *arg)
{
	fill(UINT64_C(8) * tp_thread_id() % (MEMORY - PAGE), 9, 0, 1);
}

/* There are not buffers for all threads there ever were. */
static void another_thread_makes_words_leave(tp_unused void **state)
{
	fill(MEMORY - 8, 5, 0, 1);
	for (unsigned i = 0; i < 128 && !word(MEMORY - 8); i++)
		in_a_thread(write_by_number);
	assert_int_equal(word(MEMORY - 8), 5);
	fill(MEMORY - 16, 6, 0, 1);
	assert_int_equal(word(MEMORY - 16), 0);
	assert_int_equal(read_back(MEMORY - 16), 6);
}

/* ---- engines --------------------------------------------------------------------------------- */

/*
 * T12: a translation is cut through the window, the caches are emptied, and the engine reads the
 * old one again, because the write has not left; once it has, emptying helps.
 */
static void an_entry_that_is_held_back_is_read_as_it_was(tp_unused void **state)
{
	map_local(PAGE, "tables");
	map_io(data_dma, "object");
	*entry_of(va, 1) = PAGE | RW | TP_INTEL_PTE_LM;
	fill(PAGE, data_dma | RW, 0, 1);
	tp_model_window_flush(rig.m->window);
	assert_ptr_equal(lead(va, true), io(data_dma));
	fill(PAGE, 0, 0, 1);
	tp_ihw_tlb_empty(rig.e);
	assert_ptr_equal(lead(va, true), io(data_dma));
	tp_model_window_flush(rig.m->window);
	assert_ptr_equal(lead(va, true), io(data_dma));
	assert_int_equal(rig.e->stat.stale, 1);
	tp_ihw_tlb_empty(rig.e);
	assert_null(lead(va, true));
}

int main(void)
{
#define WITH(test) cmocka_unit_test_setup_teardown(test, begin, end)
	const struct CMUnitTest tests[] = {
		WITH(writes_wait_until_they_are_let_out),
		WITH(the_oldest_leave_first),
		WITH(of_a_long_run_the_last_ones_wait),
		WITH(all_of_it_arrives),
		WITH(who_wrote_reads_it_back_newest_first),
		cmocka_unit_test_teardown(a_window_without_buffers_holds_nothing_back, end),
		cmocka_unit_test_teardown(a_device_without_memory_has_no_window, end),
		cmocka_unit_test_teardown(a_window_that_finds_no_memory, end),
		WITH(a_thread_lets_out_its_own),
		WITH(another_thread_makes_words_leave),
		WITH(an_entry_that_is_held_back_is_read_as_it_was),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
