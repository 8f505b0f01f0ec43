/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_dma_iommu - every access goes through the table, page by page, and what is refused is kept.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include <tidepool/fault.h>

#include "core/alloc.h"
#include "core/invariant.h"
#include "core/iommu.h"
#include "panic.h"

enum { PAGE = TP_IOMMU_PAGE, PAGES = 8, FIRST = 0x10 * PAGE };

static struct tp_iommu *iommu;
static unsigned char *memory; /* PAGES of them */

static int begin(void **state)
{
	(void)state;
	iommu = tp_zalloc_aligned(64, sizeof(*iommu));
	memory = tp_zalloc_aligned(PAGE, PAGES * PAGE);
	tp_iommu_init(iommu, "dev0");
	return 0;
}

static int end(void **state)
{
	(void)state;
	tp_fault_reset();
	tp_iommu_fini(iommu);
	tp_free(iommu);
	tp_free(memory);
	return 0;
}

static tp_dma_addr at(uint64_t offset)
{
	return (tp_dma_addr){ FIRST + offset };
}

static void set(unsigned page, unsigned perms, const char *tag)
{
	assert_int_equal(tp_iommu_set(iommu, at(page * PAGE), memory + page * PAGE, perms, tag), 0);
}

static void set_all(unsigned n, unsigned perms)
{
	for (unsigned i = 0; i < n; i++)
		set(i, perms, "ring");
}

static uint64_t nr_faults(void)
{
	return tp_quiet_load(&iommu->nr_faults);
}

/* ---- one page -------------------------------------------------------------------------------- */

static void an_address_is_where_it_was_mapped_to(void **state)
{
	(void)state;
	set(0, TP_IOMMU_READ, "ring");
	set(1, TP_IOMMU_PERMS, "ring");
	assert_ptr_equal(tp_iommu_at(iommu, at(0), TP_IOMMU_READ), memory);
	assert_ptr_equal(tp_iommu_at(iommu, at(PAGE - 1), TP_IOMMU_READ), memory + PAGE - 1);
	assert_ptr_equal(tp_iommu_at(iommu, at(PAGE), TP_IOMMU_WRITE), memory + PAGE);
	assert_int_equal(nr_faults(), 0);
}

static void must_be_fault(unsigned i, tp_dma_addr address, bool write, bool mapped,
			  const char *owner)
{
	const struct tp_dma_fault *fault = &iommu->faults[i];

	assert_int_equal(nr_faults(), i + 1);
	assert_true(fault->time_ns > 0);
	assert_int_equal(fault->address.v, address.v);
	assert_int_equal(fault->write, write);
	assert_int_equal(fault->mapped, mapped);
	assert_string_equal(fault->owner, owner);
}

static void only_what_is_allowed_is_done(void **state)
{
	(void)state;
	set(0, TP_IOMMU_READ, "reader");
	set(1, TP_IOMMU_WRITE, "writer");
	assert_null(tp_iommu_at(iommu, at(5), TP_IOMMU_WRITE));
	must_be_fault(0, at(5), true, true, "reader");
	assert_null(tp_iommu_at(iommu, at(PAGE + 6), TP_IOMMU_READ));
	must_be_fault(1, at(PAGE + 6), false, true, "writer");
}

static void what_was_never_mapped_is_nobodys(void **state)
{
	static const uint64_t nowhere[] = { 0, FIRST, (uint64_t)TP_IOMMU_PAGES * PAGE - 1,
					    (uint64_t)TP_IOMMU_PAGES * PAGE, UINT64_MAX };

	(void)state;
	set(1, TP_IOMMU_PERMS, "ring");
	for (unsigned i = 0; i < TP_ARRAY_SIZE(nowhere); i++) {
		assert_null(tp_iommu_at(iommu, (tp_dma_addr){ nowhere[i] }, TP_IOMMU_READ));
		must_be_fault(i, (tp_dma_addr){ nowhere[i] }, false, false, "");
	}
}

/* D3 */
static void the_last_owner_is_known_after_the_unmap(void **state)
{
	(void)state;
	set(0, TP_IOMMU_PERMS, "first");
	tp_iommu_clear(iommu, at(0));
	assert_null(tp_iommu_at(iommu, at(7), TP_IOMMU_WRITE));
	must_be_fault(0, at(7), true, false, "first");
	set(0, TP_IOMMU_PERMS, "second");
	tp_iommu_clear(iommu, at(0));
	assert_null(tp_iommu_at(iommu, at(8), TP_IOMMU_READ));
	must_be_fault(1, at(8), false, false, "second");
}

static void a_long_name_is_cut(void **state)
{
	static const char name[] = "0123456789012345678901234567890123456789012345678901234567890";

	(void)state;
	set(0, TP_IOMMU_READ, name);
	assert_null(tp_iommu_at(iommu, at(0), TP_IOMMU_WRITE));
	assert_int_equal(strlen(iommu->faults[0].owner), TP_DMA_OWNER_TEXT - 1);
	assert_memory_equal(iommu->faults[0].owner, name, TP_DMA_OWNER_TEXT - 1);
}

static void the_first_faults_are_kept_and_all_are_counted(void **state)
{
	(void)state;
	for (unsigned i = 0; i < TP_IOMMU_FAULTS + 10; i++)
		assert_null(tp_iommu_at(iommu, at(i), TP_IOMMU_READ));
	assert_int_equal(nr_faults(), TP_IOMMU_FAULTS + 10);
	for (unsigned i = 0; i < TP_IOMMU_FAULTS; i++)
		assert_int_equal(iommu->faults[i].address.v, at(i).v);
}

/* ---- runs ------------------------------------------------------------------------------------ */

static void number_bytes(unsigned char *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		bytes[i] = (unsigned char)(i * 7 + i / PAGE);
}

static void runs_are_copied_across_pages(void **state)
{
	unsigned char out[2 * PAGE + 100], in[sizeof(out)];

	(void)state;
	set_all(4, TP_IOMMU_PERMS);
	number_bytes(out, sizeof(out));
	assert_true(tp_iommu_write(iommu, at(PAGE - 50), out, sizeof(out)));
	assert_memory_equal(memory + PAGE - 50, out, sizeof(out));
	assert_true(tp_iommu_read(iommu, at(PAGE - 50), in, sizeof(in)));
	assert_memory_equal(in, out, sizeof(out));
	assert_true(tp_iommu_read(iommu, at(100 * PAGE), in, 0));
	assert_int_equal(nr_faults(), 0);
}

/* Neighbours in I/O addresses need not be neighbours in memory (M1). */
static void each_page_of_a_run_has_an_entry_of_its_own(void **state)
{
	unsigned char in[3 * PAGE];

	(void)state;
	number_bytes(memory, PAGES * PAGE);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(tp_iommu_set(iommu, at(i * PAGE), memory + (7 - 2 * i) * PAGE,
					      TP_IOMMU_READ, "scattered"),
				 0);
	assert_true(tp_iommu_read(iommu, at(0), in, sizeof(in)));
	for (unsigned i = 0; i < 3; i++)
		assert_memory_equal(in + i * PAGE, memory + (7 - 2 * i) * PAGE, PAGE);
}

/* T24: a ring of 16 KiB is four pages, and taking away the third takes away the third alone. */
static void a_hole_in_a_ring_faults_exactly_there(void **state)
{
	unsigned char ring[4 * PAGE], before[4 * PAGE];
	bool reached;

	(void)state;
	number_bytes(memory, sizeof(ring));
	set_all(4, TP_IOMMU_PERMS);
	assert_true(tp_iommu_read(iommu, at(0), ring, sizeof(ring)));
	tp_iommu_clear(iommu, at(2 * PAGE));
	for (unsigned i = 0; i < 4 * PAGE; i += 16) {
		reached = tp_iommu_read(iommu, at(i), ring, 16);
		assert_int_equal(reached, i / PAGE != 2);
	}
	assert_int_equal(nr_faults(), PAGE / 16);
	memcpy(before, memory, sizeof(before));
	memset(ring, 0xee, sizeof(ring));
	assert_false(tp_iommu_write(iommu, at(PAGE), ring, 2 * PAGE));
	assert_memory_equal(memory + 2 * PAGE, before + 2 * PAGE, PAGE);
	assert_memory_equal(memory + PAGE, ring, PAGE);
}

/* ---- making the table ------------------------------------------------------------------------ */

static void no_memory_for_the_table_is_an_error(void **state)
{
	static const char *const sites[] = { "core/iommu-leaf", "core/alloc" };

	(void)state;
	for (unsigned i = 0; i < TP_ARRAY_SIZE(sites); i++) {
		assert_int_equal(tp_fault_arm(sites[i], 1, 1), 0);
		assert_int_equal(tp_iommu_set(iommu, at(0), memory, TP_IOMMU_READ, "ring"),
				 -ENOMEM);
		assert_int_equal(tp_iommu_entry(iommu, at(0)), 0);
	}
	set(0, TP_IOMMU_READ, "ring");
}

static void set_twice(void *arg)
{
	(void)arg;
	set(0, TP_IOMMU_READ, "one");
	set(0, TP_IOMMU_READ, "two");
}

static void set_beyond(void *arg)
{
	(void)arg;
	tp_iommu_set(iommu, (tp_dma_addr){ (uint64_t)TP_IOMMU_PAGES * PAGE }, memory, TP_IOMMU_READ,
		     "far");
}

static void set_for_nothing(void *arg)
{
	(void)arg;
	tp_iommu_set(iommu, at(0), memory, 0, "useless");
}

static void set_askew(void *arg)
{
	(void)arg;
	tp_iommu_set(iommu, at(0), memory + 16, TP_IOMMU_READ, "askew");
}

static void enter_as_too_high_a_number(void *arg)
{
	(void)arg;
	tp_iommu_enter(iommu, TP_IOMMU_ENGINES);
}

static void end_in_a_burst(void *arg)
{
	(void)arg;
	tp_iommu_enter(iommu, 3);
	tp_iommu_fini(iommu);
}

static void mistakes_stop_the_program(void **state)
{
	(void)state;
	expect_panic(set_twice, NULL, "invariant broken");
	expect_panic(set_beyond, NULL, "invariant broken");
	expect_panic(set_for_nothing, NULL, "invariant broken");
	expect_panic(set_askew, NULL, "invariant broken");
	expect_panic(enter_as_too_high_a_number, NULL, "invariant broken");
	expect_panic(end_in_a_burst, NULL, "invariant broken");
}

struct setter {
	struct tp_thread thread;
	unsigned parity;
};

static void set_every_other(void *arg)
{
	const struct setter *s = arg;

	for (uint64_t page = s->parity; page < 64 * TP_IOMMU_LEAF; page += 2)
		TP_INVARIANT(!tp_iommu_set(iommu, (tp_dma_addr){ page * PAGE }, memory,
					   TP_IOMMU_READ, "page"));
}

/* Both come to every new part of the table at about the same time. */
static void two_threads_fill_one_table(void **state)
{
	struct setter setters[2] = { { .parity = 0 }, { .parity = 1 } };

	(void)state;
	for (unsigned i = 0; i < 2; i++)
		assert_int_equal(tp_thread_start(&setters[i].thread, "setter", set_every_other,
						 &setters[i]),
				 0);
	for (unsigned i = 0; i < 2; i++)
		tp_thread_join(&setters[i].thread);
	for (uint64_t page = 0; page < 64 * TP_IOMMU_LEAF; page++)
		assert_non_null(tp_iommu_at(iommu, (tp_dma_addr){ page * PAGE }, TP_IOMMU_READ));
}

/* ---- bursts (D2) ----------------------------------------------------------------------------- */

struct syncer {
	struct tp_thread thread;
	tp_atomic_u32 begun, done;
};

static void sync_once(void *arg)
{
	struct syncer *s = arg;

	tp_atomic_store(&s->begun, 1, TP_RELEASE);
	tp_iommu_sync(iommu);
	tp_atomic_store(&s->done, 1, TP_RELEASE);
}

static void start_sync(struct syncer *s)
{
	*s = (struct syncer){ 0 };
	assert_int_equal(tp_thread_start(&s->thread, "sync", sync_once, s), 0);
	while (!tp_atomic_load(&s->begun, TP_ACQUIRE))
		tp_yield();
}

static void a_sync_waits_for_a_burst_that_runs(void **state)
{
	struct syncer s;

	(void)state;
	tp_iommu_enter(iommu, 5);
	start_sync(&s);
	/* It cannot be proved that it waits for ever; it had every chance to go on. */
	for (unsigned i = 0; i < 2000; i++) {
		tp_yield();
		assert_int_equal(tp_atomic_load(&s.done, TP_ACQUIRE), 0);
	}
	tp_iommu_leave(iommu, 5);
	tp_thread_join(&s.thread);
	assert_int_equal(tp_atomic_load(&s.done, TP_ACQUIRE), 1);
}

static void a_sync_waits_for_no_burst_that_begins_later(void **state)
{
	struct syncer s;

	(void)state;
	tp_iommu_enter(iommu, 5);
	start_sync(&s);
	/* Never idle for longer than it takes to begin again. */
	while (!tp_atomic_load(&s.done, TP_ACQUIRE)) {
		tp_iommu_leave(iommu, 5);
		tp_iommu_enter(iommu, 5);
		for (unsigned i = 0; i < 100 && !tp_atomic_load(&s.done, TP_ACQUIRE); i++)
			tp_yield();
	}
	tp_iommu_leave(iommu, 5);
	tp_thread_join(&s.thread);
}

static void a_sync_without_bursts_does_not_wait(void **state)
{
	(void)state;
	tp_iommu_sync(iommu);
	tp_iommu_enter(iommu, 0);
	tp_iommu_leave(iommu, 0);
	tp_iommu_sync(iommu);
}

struct engine {
	struct tp_thread thread;
	unsigned number;
	tp_atomic_u32 stop, met;
};

enum { VALID = 0x5a, GONE = 0x11, SWAPS = 3000 };

/* A device that reads what it may, again and again within one burst. */
static void read_in_bursts(void *arg)
{
	struct engine *e = arg;

	while (!tp_atomic_load(&e->stop, TP_ACQUIRE)) {
		const volatile unsigned char *p;

		tp_iommu_enter(iommu, e->number);
		p = tp_iommu_at(iommu, at(0), TP_IOMMU_READ);
		for (unsigned i = 0; p && i < 20; i++)
			TP_INVARIANT(p[i] == VALID);
		if (p)
			tp_atomic_add(&e->met, 1, TP_RELAXED);
		tp_iommu_leave(iommu, e->number);
	}
}

static void map_and_unmap(void)
{
	memset(memory, VALID, 64);
	set(0, TP_IOMMU_READ, "page");
	tp_yield();
	tp_iommu_clear(iommu, at(0));
	tp_iommu_sync(iommu);
	memset(memory, GONE, 64); /* it is somebody else's now */
}

static void no_device_sees_what_became_of_memory_that_went(void **state)
{
	struct engine engines[2] = { { .number = 0 }, { .number = 70 } };

	(void)state;
	for (unsigned i = 0; i < 2; i++)
		assert_int_equal(tp_thread_start(&engines[i].thread, "engine", read_in_bursts,
						 &engines[i]),
				 0);
	for (unsigned n = 0; n < SWAPS || !tp_atomic_load(&engines[0].met, TP_RELAXED) ||
			     !tp_atomic_load(&engines[1].met, TP_RELAXED);
	     n++)
		map_and_unmap();
	for (unsigned i = 0; i < 2; i++) {
		tp_atomic_store(&engines[i].stop, 1, TP_RELEASE);
		tp_thread_join(&engines[i].thread);
	}
}

#define IOMMU_TEST(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IOMMU_TEST(an_address_is_where_it_was_mapped_to),
		IOMMU_TEST(only_what_is_allowed_is_done),
		IOMMU_TEST(what_was_never_mapped_is_nobodys),
		IOMMU_TEST(the_last_owner_is_known_after_the_unmap),
		IOMMU_TEST(a_long_name_is_cut),
		IOMMU_TEST(the_first_faults_are_kept_and_all_are_counted),
		IOMMU_TEST(runs_are_copied_across_pages),
		IOMMU_TEST(each_page_of_a_run_has_an_entry_of_its_own),
		IOMMU_TEST(a_hole_in_a_ring_faults_exactly_there),
		IOMMU_TEST(no_memory_for_the_table_is_an_error),
		IOMMU_TEST(mistakes_stop_the_program),
		IOMMU_TEST(two_threads_fill_one_table),
		IOMMU_TEST(a_sync_waits_for_a_burst_that_runs),
		IOMMU_TEST(a_sync_waits_for_no_burst_that_begins_later),
		IOMMU_TEST(a_sync_without_bursts_does_not_wait),
		IOMMU_TEST(no_device_sees_what_became_of_memory_that_went),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
